public import Base

/// Tells when a loop was held up, so that nobody is blamed for what it has not read yet.
///
/// A loop reads what came before its timers fire again: after one late tick, the next one may
/// judge, however late it is. A loop on a busy machine is late at every tick, and its requests must
/// not wait for ever for servers that are dead.
public struct LateTicks: Sendable {
  private let lateMilliseconds: UInt64
  private var last: Instant?
  private var wasLate = false

  /// For ticks that are late when more than `lateMilliseconds` passed since the one before.
  public init(lateMilliseconds: UInt64) { self.lateMilliseconds = lateMilliseconds }

  /// A tick fires at `now`: whether silence until now may be the loop's own fault.
  public mutating func ticked(at now: Instant) -> Bool {
    let isLate = last.map { now.milliseconds(since: $0) > lateMilliseconds } ?? true
    last = now
    defer { wasLate = isLate && !wasLate }
    return isLate && !wasLate
  }
}

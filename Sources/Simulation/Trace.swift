internal import Base

/// What happened, as one number and, on demand, as lines that people read.
///
/// The number is fed with every event, so that two runs of one seed are the same only if all of it
/// is. The lines are made only when somebody will read them.
final class Trace {
  /// FNV-1a over the events.
  private(set) var hash: UInt64 = 0xCBF2_9CE4_8422_2325
  /// How many events were noted.
  private(set) var count = 0
  /// The lines, oldest first; empty unless they are kept.
  private(set) var lines: [String] = []
  private let keepsLines: Bool

  /// Makes an empty trace.
  init(keepsLines: Bool) { self.keepsLines = keepsLines }

  /// Notes an event: what happened, to whom, and one number more.
  func note(
    _ what: StaticString, _ subject: Int, _ value: UInt64 = 0, at now: Instant,
    _ line: @autoclosure () -> String = ""
  ) {
    count += 1
    mix(UInt64(what.utf8CodeUnitCount))
    mix(UInt64(truncatingIfNeeded: subject))
    mix(value)
    mix(now.nanoseconds)
    guard keepsLines else { return }
    let time = now.milliseconds(since: World.start)
    let detail = line()
    lines.append("\(time) ms: \(what) \(subject)" + (detail.isEmpty ? "" : ": \(detail)"))
  }

  private func mix(_ word: UInt64) {
    hash = (hash ^ word) &* 0x100_0000_01B3
    hash ^= hash >> 29
  }
}

public import Base

/// How many retries a loop may add to its origins' work: a share of its requests of the last ten
/// seconds, and a floor (Finagle's RetryBudget). It keeps a failing origin from being buried.
///
/// Retries that never reached an origin cost nothing here. Owned by one loop.
public struct RetryBudget: Sendable {
  private struct Second {
    var requests: UInt64 = 0
    var retries: UInt64 = 0
  }

  private static let secondCount = 10
  private var seconds = [Second](repeating: Second(), count: secondCount)
  private var total = Second()
  private var current: UInt64 = 0
  private let percent: UInt64
  private let reserve: UInt64

  /// Makes a full budget.
  public init(limits: OriginLimits, at now: Instant) {
    percent = limits.retryPercentMax
    reserve = limits.retryFloorPerSecond * UInt64(Self.secondCount)
    current = now.nanoseconds / 1_000_000_000
  }

  /// A request came; its retries are not requests.
  public mutating func requestStarted(at now: Instant) {
    advance(to: now)
    seconds[Int(current % UInt64(Self.secondCount))].requests += 1
    total.requests += 1
  }

  /// Takes one retry out of the budget; false when it is used up.
  public mutating func withdraw(at now: Instant) -> Bool {
    advance(to: now)
    guard total.retries * 100 < reserve * 100 + total.requests * percent else { return false }
    seconds[Int(current % UInt64(Self.secondCount))].retries += 1
    total.retries += 1
    return true
  }

  /// Forgets the seconds that left the window. Time that stands still or goes back changes nothing.
  private mutating func advance(to now: Instant) {
    let second = now.nanoseconds / 1_000_000_000
    guard second > current else { return }
    for step in 1...min(second - current, UInt64(Self.secondCount)) {
      let index = Int((current + step) % UInt64(Self.secondCount))
      total.requests -= seconds[index].requests
      total.retries -= seconds[index].retries
      seconds[index] = Second()
    }
    current = second
  }
}

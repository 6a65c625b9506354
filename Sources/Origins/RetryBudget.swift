public import Base

/// How many retries a loop may add to its origins' work: a share of its requests of the last ten
/// seconds, and a floor (Finagle's RetryBudget). It keeps a failing origin from being buried.
///
/// Retries that never reached an origin cost nothing here. Owned by one loop.
public struct RetryBudget: Sendable {
  /// Requests first, retries second.
  private var counts: SlidingCounts
  private let percent: UInt64
  private let reserve: UInt64

  /// Makes a full budget.
  public init(limits: OriginLimits, at now: Instant) {
    percent = limits.retryPercentMax
    reserve = limits.retryFloorPerSecond * UInt64(SlidingCounts.secondCount)
    counts = SlidingCounts(at: now)
  }

  /// A request came; its retries are not requests.
  public mutating func requestStarted(at now: Instant) { counts.add(first: 1, at: now) }

  /// Requests of the last ten seconds.
  public mutating func requestCount(at now: Instant) -> UInt64 {
    counts.advance(to: now)
    return counts.first
  }

  /// Takes one retry out of the budget; false when it is used up.
  public mutating func withdraw(at now: Instant) -> Bool {
    counts.advance(to: now)
    guard counts.second * 100 < reserve * 100 + counts.first * percent else { return false }
    counts.add(second: 1, at: now)
    return true
  }
}

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
    self.init(percent: limits.retryPercentMax, floorPerSecond: limits.retryFloorPerSecond, at: now)
  }

  /// Makes a full budget of `percent` of the requests, and of so many a second at any rate.
  init(percent: UInt64, floorPerSecond: UInt64, at now: Instant) {
    self.percent = percent
    reserve = floorPerSecond * UInt64(SlidingCounts.secondCount)
    counts = SlidingCounts(at: now)
  }

  /// A request came; its retries are not requests.
  public mutating func requestStarted(at now: Instant) { counts.add(first: 1, at: now) }

  /// Takes one retry out of the budget; false when it is used up.
  public mutating func withdraw(at now: Instant) -> Bool {
    counts.advance(to: now)
    guard counts.second * 100 < reserve * 100 + counts.first * percent else { return false }
    counts.add(second: 1, at: now)
    return true
  }
}

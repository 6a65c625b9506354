public import Base

/// How many requests a loop may send twice: a small share of those of the last ten seconds, and
/// none at any rate. Owned by one loop.
public struct HedgeBudget: Sendable {
  private var counts: SlidingCounts
  private let percent: UInt64

  /// Makes the budget of a loop that has seen nothing.
  public init(limits: OriginLimits, at now: Instant) {
    counts = SlidingCounts(at: now)
    percent = limits.hedgePercentMax
  }

  /// Takes one out of the budget, with so many requests in the last ten seconds; false when it is
  /// used up.
  public mutating func withdraw(requestCount: UInt64, at now: Instant) -> Bool {
    counts.advance(to: now)
    guard (counts.first + 1) * 100 <= requestCount * percent else { return false }
    counts.add(first: 1, at: now)
    return true
  }
}

internal import Base

/// What requests say about one endpoint, and how often and how long it was ejected for that. Owned
/// by its health machine.
struct RequestFailures: Sendable {
  /// Failed requests since the last successful one.
  private(set) var inRowCount: UInt8 = 0
  /// Good answers first, failures second.
  private var counts: SlidingCounts
  /// Ejections that are still remembered; the exponent of the next one's time.
  private var ejectionCount: UInt64 = 0
  /// When the last ejection ends, or ended.
  private(set) var ejectedUntil = Instant(nanoseconds: 0)
  /// Whether real requests have not yet shown that it is well since it was ejected.
  private(set) var owesProof = false

  /// Makes the account of an endpoint that was asked nothing yet.
  init(at now: Instant) { counts = SlidingCounts(at: now) }

  /// So many requests were answered well.
  mutating func succeeded(_ count: UInt64, at now: Instant) {
    inRowCount = 0
    counts.add(first: count, at: now)
  }

  /// A request failed.
  mutating func failed(at now: Instant) {
    inRowCount = inRowCount == .max ? .max : inRowCount + 1
    counts.add(second: 1, at: now)
  }

  /// Whether so many failed that it should be ejected.
  func areTooMany(_ limits: OriginLimits) -> Bool {
    let total = counts.first + counts.second
    return inRowCount >= limits.ejectionFailureCount
      || (total >= limits.successRequestCountMin
        && counts.first * 100 < total * limits.successPercentMin)
  }

  /// Begins an ejection, twice as long as the one before.
  mutating func eject(
    at now: Instant, limits: OriginLimits, using random: inout SplitMix64
  ) {
    let forgetAt = ejectedUntil.adding(milliseconds: limits.ejectionMemoryMilliseconds)
    if ejectionCount > 0, now >= forgetAt { ejectionCount = 0 }
    let factor = UInt64(1) << min(ejectionCount, 16)
    let time = min(limits.ejectionMilliseconds * factor, limits.ejectionMillisecondsMax)
    let jitter = UInt64.random(in: 0...limits.ejectionJitterPercentMax, using: &random)
    ejectedUntil = now.adding(milliseconds: time + time * jitter / 100)
    ejectionCount += 1
    owesProof = true
    forget()
  }

  /// Real requests showed that it is well.
  mutating func proved() {
    owesProof = false
    forget()
  }

  /// What was counted belongs to a time that is over.
  mutating func forget() {
    inRowCount = 0
    counts.removeAll()
  }
}

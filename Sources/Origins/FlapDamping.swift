internal import Base

/// How much an endpoint's comings and goings are held against it (in the shape of RFC 2439).
///
/// Each fall adds to a penalty that halves with time; above one bound the endpoint is suppressed
/// until the penalty is below a lower one, or long enough. Owned by one health machine.
struct FlapDamping: Sendable {
  private var penalty: UInt64 = 0
  private var penaltyAt = Instant(nanoseconds: 0)
  private var suppressedAt: Instant?

  /// Whether it serves only where nobody else may.
  var isSuppressed: Bool { suppressedAt != nil }

  /// The endpoint went down.
  mutating func fell(at now: Instant, limits: OriginLimits) {
    penalty = min(
      current(at: now, limits) + limits.flapPenalty, limits.flapSuppressPenalty * 4)
    penaltyAt = now
    if suppressedAt == nil, penalty >= limits.flapSuppressPenalty { suppressedAt = now }
  }

  /// Lets time pass; true when the endpoint is suppressed no longer.
  mutating func release(at now: Instant, limits: OriginLimits) -> Bool {
    guard let since = suppressedAt,
      current(at: now, limits) <= limits.flapReusePenalty
        || now.milliseconds(since: since) >= limits.flapSuppressedMillisecondsMax
    else { return false }
    suppressedAt = nil
    return true
  }

  /// The penalty at `now`: halved for each half-life, and in a straight line between, which is at
  /// most six percent above the exponential and needs no C library.
  func current(at now: Instant, _ limits: OriginLimits) -> UInt64 {
    let elapsed = now.milliseconds(since: penaltyAt)
    let halfLife = max(1, limits.flapHalfLifeMilliseconds)
    let halvings = elapsed / halfLife
    guard halvings < 64 else { return 0 }
    let whole = penalty >> halvings
    return whole - whole * (elapsed % halfLife) / (2 * halfLife)
  }
}

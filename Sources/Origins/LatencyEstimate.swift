public import Base

/// How long an endpoint takes to answer: a peak-sensitive moving average (Finagle's Peak EWMA).
///
/// A slower sample counts at once, a faster one with the weight of the time since the last; without
/// samples the estimate sinks, so that a once slow endpoint is tried again, and one that was never
/// asked is not passed over for ever beside a quick one. The decay is
/// `tau / (tau + elapsed)`: its shape is close enough to an exponential and needs no C library.
public struct LatencyEstimate: Sendable {
  private var microseconds: UInt64
  private var sampledAt: Instant
  /// Whether an endpoint has answered at all.
  public private(set) var hasSample = false

  /// Makes the estimate of an endpoint that never answered.
  public init(initialMicroseconds: UInt64, at now: Instant) {
    microseconds = initialMicroseconds
    sampledAt = now
  }

  /// Takes one answer's time to first byte.
  public mutating func observe(
    microseconds sample: UInt64, at now: Instant, decayMilliseconds: UInt64
  ) {
    let sample = min(sample, Self.microsecondsMax)
    if !hasSample || sample >= microseconds {
      microseconds = sample
    } else {
      let faded = Self.fade(
        microseconds - sample, elapsed: now.milliseconds(since: sampledAt), tau: decayMilliseconds)
      microseconds = sample + faded
    }
    hasSample = true
    sampledAt = max(sampledAt, now)
  }

  /// The estimate at `now`, microseconds.
  public func microseconds(at now: Instant, decayMilliseconds: UInt64) -> UInt64 {
    Self.fade(
      microseconds, elapsed: now.milliseconds(since: sampledAt), tau: decayMilliseconds)
  }

  /// An hour: longer answers say nothing more, and products stay within 64 bits.
  private static let microsecondsMax: UInt64 = 3_600_000_000

  private static func fade(_ value: UInt64, elapsed: UInt64, tau: UInt64) -> UInt64 {
    value * tau / max(1, tau + min(elapsed, 1 << 32))
  }
}

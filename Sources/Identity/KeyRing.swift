public import Base

/// Something that is read again and again, and stays good for a grace period when that fails.
///
/// A pure machine: reading is the driver's. A source that fails must not stop a hospital at once;
/// one that fails for long must not keep a stolen key alive.
public struct KeyRing<Value: Sendable>: Sendable {
  /// What was read last.
  public private(set) var value: Value
  /// When it was last read, or found unchanged.
  private var goodAt: Instant
  /// Whether the last attempt failed.
  public private(set) var isFailing = false

  /// Takes what was read at `now`.
  public init(_ value: Value, at now: Instant) {
    self.value = value
    goodAt = now
  }

  /// A new value was read.
  public mutating func read(_ value: Value, at now: Instant) {
    self.value = value
    confirmed(at: now)
  }

  /// The source was found as it was.
  public mutating func confirmed(at now: Instant) {
    goodAt = now
    isFailing = false
  }

  /// The source could not be read, or what it holds is wrong. Says whether that is news.
  public mutating func failed() -> Bool {
    defer { isFailing = true }
    return !isFailing
  }

  /// Whether the value is too old to be used.
  public func isStale(at now: Instant, graceMilliseconds: UInt64) -> Bool {
    isFailing && now.milliseconds(since: goodAt) >= graceMilliseconds
  }
}

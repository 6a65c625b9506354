/// A point on the monotonic clock, in nanoseconds since an arbitrary start.
///
/// Pure targets never read a clock: the loop reads it once a turn and hands it in.
public struct Instant: Hashable, Comparable, Sendable {
  /// Nanoseconds since the clock's own start.
  public var nanoseconds: UInt64

  /// Makes an instant at `nanoseconds` of the monotonic clock.
  public init(nanoseconds: UInt64) { self.nanoseconds = nanoseconds }

  /// Later than every instant that will be met: a deadline that is not set.
  public static let never = Instant(nanoseconds: .max)

  /// Orders by time.
  public static func < (left: Instant, right: Instant) -> Bool {
    left.nanoseconds < right.nanoseconds
  }

  /// The instant `milliseconds` later; saturates at `never`.
  public func adding(milliseconds: UInt64) -> Instant {
    let (product, overflow) = milliseconds.multipliedReportingOverflow(by: 1_000_000)
    let (sum, carry) = nanoseconds.addingReportingOverflow(product)
    return overflow || carry ? .never : Instant(nanoseconds: sum)
  }

  /// Whole milliseconds from `earlier` to this instant; zero when `earlier` is later.
  public func milliseconds(since earlier: Instant) -> UInt64 {
    microseconds(since: earlier) / 1000
  }

  /// Whole microseconds from `earlier` to this instant; zero when `earlier` is later.
  public func microseconds(since earlier: Instant) -> UInt64 {
    nanoseconds > earlier.nanoseconds ? (nanoseconds - earlier.nanoseconds) / 1000 : 0
  }
}

/// A point on the wall clock, in microseconds since 1970-01-01T00:00:00Z.
public struct WallTime: Hashable, Comparable, Sendable {
  /// Microseconds since the Unix epoch.
  public var microseconds: UInt64

  /// Makes a wall time from microseconds since the Unix epoch.
  public init(microseconds: UInt64) { self.microseconds = microseconds }

  /// Orders by time.
  public static func < (left: WallTime, right: WallTime) -> Bool {
    left.microseconds < right.microseconds
  }
}

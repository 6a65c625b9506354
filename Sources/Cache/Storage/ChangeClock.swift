public import Base
internal import Synchronization

/// When the edge last knew of a change of something that may be stored.
///
/// A copy that lags may answer without the change, and a stored answer would hold that for long: so
/// answers of copies are not stored until they must have caught up. Any thread.
public final class ChangeClock: Sendable {
  /// Nanoseconds of the newest change's end; 0 when there was none.
  private let newest = Atomic<UInt64>(0)

  /// Makes a clock that knows of no change.
  init() {}

  /// A change was answered, or may have happened, at `now`.
  public func changed(at now: Instant) {
    _ = newest.max(now.nanoseconds, ordering: .releasing)
  }

  /// Whether a server that was `lag` milliseconds behind at `seen` may lack a change that is known
  /// by now; nil: nobody knows how far it is behind. What is asked for later than `seen` is no
  /// newer for that: the server may have stood still since.
  public func mayLackChange(lagMilliseconds lag: UInt64?, seen: Instant) -> Bool {
    let newest = newest.load(ordering: .acquiring)
    guard newest > 0 else { return false }
    guard let lag else { return true }
    return seen.milliseconds(since: Instant(nanoseconds: newest)) <= lag + Self.marginMilliseconds
  }

  /// What a measured lag may miss: clocks are read in milliseconds, and twice.
  private static let marginMilliseconds: UInt64 = 10
}

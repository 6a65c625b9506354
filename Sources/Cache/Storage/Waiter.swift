/// A request that waits for another one's answer; the driver finds it again by this.
public struct Waiter: Hashable, Sendable {
  /// The loop that it belongs to.
  public var loop: UInt32
  /// The loop's own name for it.
  public var token: UInt64

  /// Names a request of a loop.
  public init(loop: UInt32, token: UInt64) {
    self.loop = loop
    self.token = token
  }
}

/// Tells a waiting request what to do now. Drivers fetch these with `CacheStore.takeReleases` and
/// post each to its loop.
public struct Release: Sendable, Equatable {
  /// What a released request does.
  public enum Next: Sendable {
    /// Look up again: the answer is stored, or somebody must fetch it anew.
    case lookUp
    /// Look up again: the answer was read from disk, or is not there any more.
    case loaded
    /// Ask an origin by itself: the answer is not for sharing.
    case fetch
  }

  /// Who waited.
  public let waiter: Waiter
  /// What it does now.
  public let next: Next
}

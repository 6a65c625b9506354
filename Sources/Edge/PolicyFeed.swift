public import Policy
internal import Reactor

/// Where a running edge learns that another version of its policy is in force.
public protocol PolicyFeed: AnyObject, Sendable {
  /// Other policies than the last that were given, the shadowed one included, or nil. Called a few
  /// times a second on a thread of its own: reading and compiling a large policy must not hold up
  /// the prober.
  func next() -> PolicyPair?
  /// The edge decides by `policy` from now on. Called on the control loop; must not wait.
  func adopted(_ policy: Policy)
  /// The edge cannot decide by `policy` and goes on as before. Called on the control loop; must not
  /// wait.
  func refused(_ policy: Policy, _ reason: String)
  /// The edge evaluates `policy` beside the one that decides from now on; nil: no longer. Called on
  /// the control loop; must not wait.
  func shadows(_ policy: Policy?)
  /// Where versions differ, a line for each way, with counts since the activation: `lines` for the
  /// version in force and the one before, `shadow` for the one that is shadowed and was asked about
  /// `comparedCount` requests. Called on the control loop, once a second at most for each loop;
  /// must not wait.
  func differ(_ lines: [String], shadow: [String], comparedCount: UInt64)
}

extension PolicyFeed {
  /// Time between two questions: an activation is in force within a second, loading included.
  private static var intervalMilliseconds: UInt64 { 200 }

  /// Starts a thread that asks until it is stopped, and tells what is new there.
  func watch(
    stop: Mailbox<WatchStop>, tell: @escaping @Sendable (PolicyPair) -> Void
  ) throws(SystemError) -> Thread {
    try FeedWatch.start(
      name: "homeward-policy", intervalMilliseconds: Self.intervalMilliseconds, stop: stop,
      next: { self.next() }, tell: tell)
  }
}

internal import Base
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

/// Asks a feed for news, on a thread of its own.
///
/// Born on its thread and confined to it; reached from outside by `Stop` only.
final class PolicyWatch: TimerTarget {
  /// The only thing that a watch is told.
  struct Stop: Sendable {}

  /// Time between two questions: an activation is in force within a second, loading included.
  private static let intervalMilliseconds: UInt64 = 200

  private let loop: EventLoop
  private let feed: any PolicyFeed
  private let tell: (PolicyPair) -> Void

  private init(_ feed: any PolicyFeed, _ tell: @escaping (PolicyPair) -> Void) throws(SystemError) {
    loop = try EventLoop()
    self.feed = feed
    self.tell = tell
  }

  /// Starts a thread that asks `feed` until it is stopped, and calls `tell` there with its news.
  static func start(
    _ feed: any PolicyFeed, stop: Mailbox<Stop>, tell: @escaping @Sendable (PolicyPair) -> Void
  ) throws(SystemError) -> Thread {
    try Thread(name: "homeward-policy") {
      do throws(SystemError) {
        let watch = try PolicyWatch(feed, tell)
        try stop.attach(to: watch.loop) { [unowned watch] _ in watch.loop.stop() }
        watch.timerFired(token: 0)
        watch.loop.run()
      } catch {
        // No descriptor is left at the start: the edge goes on with its policy, and its listeners
        // will say what is the matter.
        return
      }
    }
  }

  func timerFired(token: Int) {
    if let pair = feed.next() { tell(pair) }
    let next = Clock.monotonic().adding(milliseconds: Self.intervalMilliseconds)
    loop.schedule(at: next, self)
  }
}

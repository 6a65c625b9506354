internal import Base
internal import Reactor

/// Asks a feed for news, on a thread of its own.
///
/// Born on its thread and confined to it; reached from outside by `Stop` only.
final class FeedWatch<News>: TimerTarget {
  private let loop: EventLoop
  private let intervalMilliseconds: UInt64
  private let next: () -> News?
  private let tell: (News) -> Void

  private init(
    _ intervalMilliseconds: UInt64, _ next: @escaping () -> News?,
    _ tell: @escaping (News) -> Void
  ) throws(SystemError) {
    loop = try EventLoop()
    self.intervalMilliseconds = intervalMilliseconds
    self.next = next
    self.tell = tell
  }

  /// Starts a thread that asks `next` so often until it is stopped, and calls `tell` there with
  /// what is new.
  static func start(
    name: String, intervalMilliseconds: UInt64, stop: Mailbox<WatchStop>,
    next: @escaping @Sendable () -> News?, tell: @escaping @Sendable (News) -> Void
  ) throws(SystemError) -> Thread {
    try Thread(name: name) {
      do throws(SystemError) {
        let watch = try FeedWatch(intervalMilliseconds, next, tell)
        try stop.attach(to: watch.loop) { [unowned watch] _ in watch.loop.stop() }
        watch.timerFired(token: 0)
        watch.loop.run()
      } catch {
        // No descriptor is left at the start: the edge goes on with what it has, and its listeners
        // will say what is the matter.
        return
      }
    }
  }

  func timerFired(token: Int) {
    if let news = next() { tell(news) }
    let due = Clock.monotonic().adding(milliseconds: intervalMilliseconds)
    loop.schedule(at: due, self)
  }
}

/// The only thing that a watch is told.
struct WatchStop: Sendable {}

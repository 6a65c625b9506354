internal import Base
internal import Cache
internal import Reactor

/// Looks after the store on the control loop: frees what is of no use any more.
final class CacheKeeper: TimerTarget {
  private let context: LoopContext
  private let store: CacheStore

  /// How often: what ended keeps its memory no longer than a few passes over all entries.
  private static let tickMilliseconds: UInt64 = 1_000

  init(context: LoopContext, store: CacheStore) {
    self.context = context
    self.store = store
  }

  /// Starts, and goes on until the loop ends.
  func run() { timerFired(token: 0) }

  func timerFired(token: Int) {
    store.sweep(at: context.loop.now)
    context.loop.schedule(
      at: context.loop.now.adding(milliseconds: Self.tickMilliseconds), self)
  }
}

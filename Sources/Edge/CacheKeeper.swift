internal import Base
internal import Cache
internal import Native
internal import Origins
internal import Proxy
internal import Reactor

/// Looks after the store on the control loop: ends what another authority or policy makes useless,
/// and frees what is of no use any more.
final class CacheKeeper: TimerTarget {
  private let context: LoopContext
  let store: CacheStore
  /// The write authority's epoch of each region, as far as it was heard of.
  private var epochs: [String: UInt64] = [:]

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

  /// What came from a region whose authority changed may lack what the new one has, or hold what it
  /// never had.
  func sees(_ health: HealthSnapshot) {
    for (index, epoch) in health.epochs.enumerated() {
      guard let epoch else { continue }
      let name = health.topology.regionNames[index]
      let before = epochs.updateValue(epoch, forKey: name)
      guard let before, before != epoch, let region = store.names.region(name) else { continue }
      store.generations.bumpFailover(region)
    }
  }

  /// The loops have another snapshot: entries of rows that say something else now are of no use.
  /// Look-ups pass them by already.
  func adopted(_ snapshot: Snapshot) {
    store.keepOnly(rows: Set(snapshot.cacheRowFingerprints))
  }
}

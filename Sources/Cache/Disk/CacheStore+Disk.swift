internal import Base
internal import Native
internal import Synchronization

/// What the disk's worker does in the store. Every change of a shard is under that shard's lock,
/// like any other: a purge in between wins.
extension CacheStore {
  /// Whether an entry may still be served, as far as can be known before it is looked up.
  func mayArrive(_ entry: Entry) -> Bool {
    entry.facts.tags.number >= generations.floor && entry.isCurrent(in: generations)
      && !entry.isShredded
  }

  /// Lets an entry be found that was written to disk, unless something ended it on its way:
  /// INVARIANT (fence), INVARIANT (on its way).
  func publish(_ entry: Entry, _ tier: DiskTier) {
    change(entry.facts.key) { shard in
      // Whatever ends it from here on finds it in its shard, or is seen by each hit's own check.
      guard tier.arrives(entry), mayArrive(entry), !isPurged(entry.facts) else { return }
      shard.insertOnDisk(entry)
    }
  }

  /// An entry that was to be written is not.
  func dropOffer(_ entry: Entry, _ tier: DiskTier) {
    cell(entry.facts.key).state.withLock { _ in _ = tier.arrives(entry) }
  }

  /// Puts an entry that was read in place of the one on disk, if that still stands.
  func loaded(_ entry: Entry) {
    change(entry.facts.key) { $0.loaded(entry) }
  }

  /// What lies before this position is about to be written over.
  func displace(below floor: UInt64) {
    guard floor > 0 else { return }
    forEachShard { $0.displace(below: floor) }
  }

  /// The disk failed: what lay there is gone, and those who wait for it look elsewhere.
  func diskFailed(_ tier: DiskTier) {
    let loads = tier.turnOff()
    forEachShard { _ = $0.removeAll(where: \.isOnDisk) }
    for load in loads { endFill(load.entry.facts.key, load.number, .loaded) }
  }

  /// Has an entry read for a request that waits as `waiter`.
  func load(_ entry: Entry, _ number: UInt64, _ waiter: Waiter, at now: Instant) -> Lookup {
    let key = entry.facts.key
    if let disk, disk.load(DiskTier.Load(entry: entry, number: number), at: now) {
      disk.wake()
      return .wait
    }
    leave(key, waiter)
    endFill(key, number, .fetch)
    return .fetch(nil)
  }

  /// Changes the shard of a key; what it evicts meanwhile is offered to the disk.
  func change<Result>(_ key: CacheKey, _ body: (inout Shard) -> Result) -> Result {
    guard let disk else { return cell(key).state.withLock { body(&$0) } }
    var isDue = false
    let result = cell(key).state.withLock { shard in
      let result = body(&shard)
      isDue = disk.offer(shard.takeEvicted())
      return result
    }
    if isDue { disk.wake() }
    return result
  }
}

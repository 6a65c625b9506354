public import Base

/// A file of fixed size, as the disk's worker uses it. One thread.
public protocol DiskStorage {
  /// What goes wrong with it.
  associatedtype Failure: Error
  /// Bytes of the file, all of which can be written.
  var byteCount: Int { get }
  /// Writes all of `bytes` at an offset.
  func write(_ bytes: [UInt8], at offset: Int) throws(Failure)
  /// Reads exactly `byteCount` bytes from an offset on.
  func read(byteCount: Int, at offset: Int) throws(Failure) -> [UInt8]
}

/// Writes what the store's memory has no room for, and reads it back when somebody asks.
///
/// Confined to its thread, which alone knows the ring. What lies on disk is sealed, bound to its
/// entry, and useless without keys that are never written down: a file that is changed, or read by
/// others, gives nobody anything. Nothing is synced, for nothing outlives the process.
public final class DiskWorker<Storage: DiskStorage> {
  /// What a step came to.
  public enum Step {
    /// Something was done; there may be more.
    case worked
    /// There is nothing to do until the tier's `wake` is called.
    case idle
    /// The disk failed: nothing lies there any more, and nothing comes there. Tell it once.
    case failed(Storage.Failure)
  }

  private let store: CacheStore
  private let tier: DiskTier
  private let storage: Storage
  private var ring: DiskRing

  /// Works for a store that has a tier on disk.
  public init(_ store: CacheStore, _ tier: DiskTier, _ storage: Storage) {
    self.store = store
    self.tier = tier
    self.storage = storage
    ring = DiskRing(byteCountMax: min(storage.byteCount, tier.byteCountMax))
  }

  /// Does one piece of work. Then give the store's releases to those who wait.
  public func step(at now: Instant) -> Step {
    guard let work = tier.next(at: now) else { return .idle }
    do throws(Storage.Failure) {
      switch work {
      case .load(let load):
        // Whatever comes of it, nobody waits on: not even when the disk fails.
        defer { store.endFill(load.entry.facts.key, load.number, .loaded) }
        try read(load.entry)
      case .store(let entry): try write(entry, at: now)
      }
      return .worked
    } catch {
      store.diskFailed(tier)
      return .failed(error)
    }
  }

  /// Writes an entry that was evicted, unless it is of no use any more.
  private func write(_ entry: Entry, at now: Instant) throws(Storage.Failure) {
    guard case .sealed(let key, let head, let parts) = entry.answer,
      entry.facts.freshness.ageMilliseconds(at: now) < entry.facts.freshness.uselessMilliseconds,
      store.mayArrive(entry)
    else { return store.dropOffer(entry, tier) }
    if let extent = entry.extent, ring.holds(extent.position) {
      return store.publish(Entry(entry, onDisk: extent, key), tier)
    }
    let byteCount = parts.reduce(head.bytes.count) { $0 + $1.bytes.count }
    guard let position = ring.place(byteCount: byteCount) else {
      return store.dropOffer(entry, tier)
    }
    // Before the first byte: what lay there is found by nobody any more.
    store.displace(below: ring.floor)
    var offset = ring.offset(of: position)
    for part in [head] + parts {
      try storage.write(part.bytes, at: offset)
      offset += part.bytes.count
    }
    let extent = DiskExtent(position: position, head: head, parts: parts)
    store.publish(Entry(entry, onDisk: extent, key), tier)
  }

  /// Reads an entry back into memory. One that ended meanwhile stays away.
  private func read(_ entry: Entry) throws(Storage.Failure) {
    guard case .onDisk(let key, let extent) = entry.answer, ring.holds(extent.position),
      !entry.isShredded
    else { return store.takeOut(entry.facts.key, number: entry.facts.number) }
    var offset = ring.offset(of: extent.position)
    var parts: [SealedPart] = []
    for part in [extent.head] + extent.parts {
      let bytes = try storage.read(byteCount: part.byteCount, at: offset)
      parts.append(SealedPart(counter: part.counter, bytes: bytes))
      offset += part.byteCount
    }
    let head = parts.removeFirst()
    store.loaded(Entry(entry, readBack: .sealed(key, head: head, parts: parts), from: extent))
  }
}

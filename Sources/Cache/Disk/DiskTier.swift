internal import Base
internal import Native
internal import Synchronization

/// The way between the store and a disk: what is to be written there, and what is wanted back.
///
/// Any thread; a short lock, which may be taken under a shard's and takes none itself. The work is
/// done by a `DiskWorker` on a thread of its own: no loop ever waits for a disk.
///
/// INVARIANT (on its way): an entry that is evicted stands in no table until it is written. Whoever
/// begins to fetch its key anew meanwhile, or learns that what was stored there has ended, ends it
/// (`forget`), under the lock of its shard: an older answer never comes back behind a newer one.
public final class DiskTier: Sendable {
  /// One answer that somebody waits for.
  struct Load {
    /// The entry on disk.
    let entry: Entry
    /// The fill's number.
    let number: UInt64
  }

  /// What the worker does next.
  enum Work {
    case load(Load)
    case store(Entry)
  }

  private struct State {
    var offers: [Entry] = []
    var offeredByteCount = 0
    /// Entries that are offered and not written yet: their numbers.
    var arriving: [SHA256Digest: UInt64] = [:]
    var loads: [Load] = []
    var wake: (@Sendable () -> Void)?
    var isAwake = false
    var isOff = false
    /// Since when the worker does what it does; nil while it does nothing.
    var busySince: Instant?
  }

  /// Bytes that answers may take on disk.
  public let byteCountMax: Int
  private let state = Mutex(State())

  /// Makes a way to a disk of so many bytes; nobody is at its end yet.
  public init(byteCountMax: Int) { self.byteCountMax = byteCountMax }

  /// Has `wake` called, on any thread, when there is work for a worker that found none.
  public func attach(wake: @escaping @Sendable () -> Void) {
    let isDue = state.withLock { state in
      state.wake = wake
      return !state.offers.isEmpty
    }
    if isDue { wake() }
  }

  /// Wakes the worker. Not under a shard's lock.
  func wake() {
    let wake = state.withLock { state in
      defer { state.isAwake = true }
      return state.isAwake ? nil : state.wake
    }
    wake?()
  }

  // MARK: The store's side

  /// Takes what was evicted, as far as there is room for it; whether the worker is to be woken.
  /// Under the lock of the entries' shard.
  func offer(_ entries: [Entry]) -> Bool {
    guard !entries.isEmpty else { return false }
    return state.withLock { state in
      guard !state.isOff else { return false }
      for entry in entries
      where state.offeredByteCount + entry.cost <= CacheLimits.offeredByteCountMax {
        state.offers.append(entry)
        state.offeredByteCount += entry.cost
        state.arriving[entry.facts.key.digest] = entry.facts.number
      }
      return !state.isAwake
    }
  }

  /// What is on its way for this key does not arrive. Under the lock of its shard.
  func forget(_ digest: SHA256Digest) {
    state.withLock { state in
      if !state.arriving.isEmpty { state.arriving[digest] = nil }
    }
  }

  /// Whether an entry that was written may be found from now on. Under the lock of its shard.
  func arrives(_ entry: Entry) -> Bool {
    state.withLock { state in
      guard state.arriving[entry.facts.key.digest] == entry.facts.number else { return false }
      state.arriving[entry.facts.key.digest] = nil
      return true
    }
  }

  /// Has an entry read; false when that would take too long, or there is no disk any more.
  func load(_ load: Load, at now: Instant) -> Bool {
    state.withLock { state in
      guard !state.isOff, state.loads.count < CacheLimits.diskLoadCountMax else { return false }
      if let since = state.busySince,
        now.milliseconds(since: since) >= CacheLimits.diskPatienceMilliseconds
      {
        return false
      }
      state.loads.append(load)
      return true
    }
  }

  // MARK: The worker's side

  /// The next piece of work, and the end of the one before; nil: rest until woken. Whoever waits
  /// for a client comes first.
  func next(at now: Instant) -> Work? {
    state.withLock { state in
      state.busySince = now
      if !state.loads.isEmpty { return .load(state.loads.removeFirst()) }
      guard !state.offers.isEmpty else {
        state.busySince = nil
        state.isAwake = false
        return nil
      }
      let entry = state.offers.removeFirst()
      state.offeredByteCount -= entry.cost
      return .store(entry)
    }
  }

  /// Takes no more, and gives those who wait.
  func turnOff() -> [Load] {
    state.withLock { state in
      defer {
        state.loads = []
        state.offers = []
        state.offeredByteCount = 0
        state.arriving = [:]
      }
      state.isOff = true
      return state.loads
    }
  }
}

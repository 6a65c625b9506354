public import Base
public import HTTP
internal import Native
internal import Synchronization

/// What a look-up comes to. A permit that is dropped lets those who wait try again.
public enum Lookup: ~Copyable {
  /// Serve this.
  case hit(ServableHit)
  /// Serve this, and fetch a new one behind the client's back.
  case refresh(ServableHit, FillPermit)
  /// Ask the origin whether the stored answer is still good (`FillPermit.addConditions`).
  case validate(FillPermit)
  /// Ask the origin; the answer may be stored.
  case fill(FillPermit)
  /// Wait for a `Release`; the driver bounds the time and calls `leave` when it is over.
  case wait
  /// Ask the origin; nothing is stored. The reason, if an entry was there.
  case fetch(CacheBypass?)
  /// The client wants nothing from an origin: 504.
  case unavailable
}

/// The store: shared by all loops, bounded by bytes; on disk lies what `disk` takes, sealed.
///
/// Any thread. Each shard has a lock that is held for one look-up or one change, never while bytes
/// are copied, sealed or sent.
public final class CacheStore: Sendable {
  /// One shard behind its lock.
  final class Cell: Sendable {
    let state: Mutex<Shard>
    init(_ limits: CacheLimits, hashMask: UInt64, hasDisk: Bool) {
      state = Mutex(Shard(limits, hashMask: hashMask, hasDisk: hasDisk))
    }
  }

  /// The numbers of tenants and regions.
  public let names: CacheNames
  /// When what was bumped.
  public let generations: Generations
  /// When something that may be stored was changed last.
  public let changes = ChangeClock()
  /// The keys of sealed entries; nil: rows that seal store nothing.
  public let keys: DataKeyRing?
  /// The way to the disk; nil: nothing lies there.
  public let disk: DiskTier?
  /// The limits.
  public let limits: CacheLimits
  private let cells: [Cell]
  /// Names entries in records.
  private let entryHash: SipHash24
  private let releases = Mutex<[Release]>([])
  private let hasReleases = Atomic<Bool>(false)
  private let fillNumber = Atomic<UInt64>(0)
  private let entryNumber = Atomic<UInt64>(0)
  private let filling = Atomic<Int>(0)
  private let purges = Mutex(PurgeLog())

  /// Makes an empty store. `tableKey` is random.
  public convenience init(
    limits: CacheLimits = CacheLimits(), keys: DataKeyRing?, tableKey: (UInt64, UInt64),
    disk: DiskTier? = nil
  ) {
    self.init(limits: limits, keys: keys, tableKey: tableKey, disk: disk, hashMask: .max)
  }

  /// Makes a store whose tables see only some bits of a key's hash; for tests of collisions.
  init(
    limits: CacheLimits, keys: DataKeyRing?, tableKey: (UInt64, UInt64), disk: DiskTier?,
    hashMask: UInt64
  ) {
    let shardCount = limits.shardCount
    precondition(shardCount > 0 && shardCount & (shardCount - 1) == 0, "a power of two")
    self.limits = limits
    self.keys = keys
    self.disk = disk
    names = CacheNames(limits: limits)
    generations = Generations(limits: limits, key: tableKey)
    entryHash = SipHash24(key0: ~tableKey.0, key1: ~tableKey.1)
    cells = (0..<shardCount).map { _ in
      Cell(limits, hashMask: hashMask, hasDisk: disk != nil)
    }
  }

  /// What names an entry in records: a keyed hash of its key, under a key of this process.
  public func recordName(of evidence: HitEvidence) -> (high: UInt64, low: UInt64) {
    unsafe evidence.keyDigest.withBytes { unsafe entryHash.hash128($0) }
  }

  /// The shard of a key: other bits than the shard's own table uses.
  @inline(__always)
  func cell(_ key: CacheKey) -> Cell {
    cells[Int(truncatingIfNeeded: key.word >> 48) & (cells.count - 1)]
  }

  /// What becomes of a request: the only way to a stored answer.
  ///
  /// `waiter` is nil for a request that must not wait again.
  public func lookUp(
    _ key: CacheKey, _ request: RequestFacts, _ ruling: Ruling, waiter: Waiter?, at now: Instant
  ) -> Lookup {
    let mayFetch = !request.directives.onlyIfCached
    guard ruling.mayServe || ruling.mayStore else {
      return mayFetch ? .fetch(.region) : .unavailable
    }
    let step = cell(key).state.withLock { shard in
      let step = shard.step(
        key, request, ruling, waiter: waiter,
        number: fillNumber.add(1, ordering: .relaxed).newValue, generations, at: now)
      // INVARIANT (on its way)
      if case .fill = step { disk?.forget(key.digest) }
      return step
    }
    switch step {
    case .hit(let hit): return .hit(hit)
    case .refresh(let hit, let number):
      return .refresh(hit, FillPermit(self, key, request, ruling, number, stale: hit.entry, .age))
    case .validate(let entry, let number, let reason):
      return .validate(FillPermit(self, key, request, ruling, number, stale: entry, reason))
    case .fill(let number, let reason):
      return .fill(FillPermit(self, key, request, ruling, number, stale: nil, reason))
    case .load(let entry, let number, let waiter):
      return load(entry, number, waiter, at: now)
    case .wait: return .wait
    case .fetch(let reason): return mayFetch ? .fetch(reason) : .unavailable
    case .unavailable: return .unavailable
    }
  }

  /// A hit of an entry that was not looked up just now.
  func authorise(_ entry: Entry, _ ruling: Ruling, at now: Instant) -> ServableHit? {
    Serve.authorise(entry, ruling, generations, at: now)
  }

  /// A stale answer was served, and no new one could be had: that is not tried again at once.
  public func refreshFailed(_ key: CacheKey, at now: Instant) {
    cell(key).state.withLock { $0.markFailing(key, at: now) }
  }

  /// A request that waited for `key` waits no longer.
  public func leave(_ key: CacheKey, _ waiter: Waiter) {
    cell(key).state.withLock { $0.leave(key.digest, waiter) }
  }

  /// Who waits no longer, since the last call. Call once a turn: one atomic load when there is
  /// nobody.
  public func takeReleases() -> [Release] {
    guard hasReleases.load(ordering: .acquiring) else { return [] }
    return releases.withLock { releases in
      hasReleases.store(false, ordering: .releasing)
      defer { releases = [] }
      return releases
    }
  }

  /// Ends a fill; those who waited hear what to do now.
  func endFill(_ key: CacheKey, _ number: UInt64, _ next: Release.Next) {
    let waiters = cell(key).state.withLock { $0.endFill(key.digest, number) }
    guard !waiters.isEmpty else { return }
    releases.withLock { releases in
      releases += waiters.map { Release(waiter: $0, next: next) }
      hasReleases.store(true, ordering: .releasing)
    }
  }

  /// The next entry's number.
  func nextEntryNumber() -> UInt64 { entryNumber.add(1, ordering: .relaxed).newValue }

  /// Takes room for bytes that are being received; false when there is none.
  func reserve(_ byteCount: Int) -> Bool {
    let sum = filling.add(byteCount, ordering: .relaxed).newValue
    guard sum > limits.fillingByteCountMax else { return true }
    filling.subtract(byteCount, ordering: .relaxed)
    return false
  }

  /// Gives room back.
  func unreserve(_ byteCount: Int) { filling.subtract(byteCount, ordering: .relaxed) }

  /// Publishes an entry, unless something ended it while it was made: INVARIANT (fence). What is
  /// bumped after this check is seen by the check of each hit.
  func publish(_ entry: Entry) -> NotStored? {
    let facts = entry.facts
    guard facts.tags.number >= generations.floor, entry.isCurrent(in: generations) else {
      return .fenced
    }
    if entry.isShredded { return .shredded }
    return change(facts.key) { shard in
      // Under the lock of the shard that a purge by prefix walks: one of both sees the other.
      if isPurged(facts) { return .fenced }
      // INVARIANT (on its way)
      disk?.forget(facts.key.digest)
      return shard.insert(entry)
    }
  }

  /// Whether a purge by prefix means an entry that its walk may have missed.
  func isPurged(_ facts: EntryFacts) -> Bool { purges.withLock { $0.covers(facts) } }

  /// Takes out an entry that did not open, and counts it unless its key was dropped. A security
  /// event for the log when this is true.
  @discardableResult
  public func reject(_ hit: ServableHit) -> Bool {
    let isBroken = !hit.entry.isShredded
    let facts = hit.entry.facts
    takeOut(facts.key, number: facts.number, isBroken: isBroken)
    return isBroken
  }

  /// Takes out an entry, wherever it stands or is on its way to: INVARIANT (on its way).
  func takeOut(_ key: CacheKey, number: UInt64, isBroken: Bool = false) {
    cell(key).state.withLock { shard in
      disk?.forget(key.digest)
      shard.reject(key, number: number, isBroken: isBroken)
    }
  }

  /// An origin answered a HEAD: what is stored of the same target ends if it is another version
  /// (RFC 9111 section 4.3.5).
  public func headAnswered(_ key: CacheKey, _ head: borrowing ResponseHead, _ wall: WallTime) {
    let response = ResponseFacts(head, at: wall)
    cell(key).state.withLock { shard in
      guard let node = shard.find(key), let facts = shard.entries[node]?.facts else {
        disk?.forget(key.digest)
        return
      }
      let verdict = HeadVerdict(
        response, etag: facts.etag, lastModifiedSeconds: facts.lastModifiedSeconds,
        bodyByteCount: facts.bodyByteCount)
      if verdict == .outdates { shard.remove(node) }
    }
  }

  /// Runs `body` on each shard, one lock at a time.
  func forEachShard(_ body: (inout Shard) -> Void) {
    for cell in cells { cell.state.withLock { body(&$0) } }
  }

  /// Notes a purge by prefix before the shards are walked.
  func notePurge(_ purge: PurgeLog.Purge) {
    purges.withLock { $0.note(purge) }
  }
}

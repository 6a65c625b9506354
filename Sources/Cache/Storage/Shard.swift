internal import Base
internal import HTTP
internal import Native

/// One part of the store: its entries, its queues, the fills under way. Kept behind its lock.
struct Shard {
  /// What a look-up comes to.
  enum Step {
    case hit(ServableHit)
    /// Serve it and fetch a new one under this number.
    case refresh(ServableHit, UInt64)
    /// Fetch under this number, asking whether the entry is still good; why it does not do.
    case validate(Entry, UInt64, CacheBypass?)
    /// Fetch under this number; why what is there does not do.
    case fill(UInt64, CacheBypass?)
    /// Have the entry read from disk under this number; the request waits so.
    case load(Entry, UInt64, Waiter)
    case wait
    case fetch(CacheBypass?)
    case unavailable
  }

  /// A fill under way.
  struct Fill {
    var number: UInt64
    var view: UInt64?
    var startedAt: Instant
    var waiters: [Waiter] = []
    /// Whether the answer comes from disk.
    var isLoad = false
  }

  private var table = SlotTable()
  private(set) var entries: [Entry?] = []
  private var free: [Int] = []
  private var queues: S3FIFO
  /// Each node stands in its tenant's chain, or among those on disk.
  private var orders = Links()
  private var tenants: [TenantNumber: Chain] = [:]
  /// Entries on disk, in the order of their arrival, with what is kept of them here.
  private var disk = Chain()
  /// Bytes of those, on disk.
  private(set) var diskByteCount = 0
  /// What went to make room, and may lie on disk.
  private var evicted: [Entry] = []
  private let hasDisk: Bool
  private(set) var fills: [SHA256Digest: Fill] = [:]
  private var uncacheable: MarkTable
  private var failing: MarkTable
  private(set) var counts = Array(repeating: CacheCounts(), count: DataClass.allCases.count)
  private(set) var evictedCount: UInt64 = 0
  private var sweepNode = 0
  private let byteCountMax: Int
  private let tenantByteCountMax: Int
  private let limits: CacheLimits
  /// All ones; fewer in tests that want collisions.
  private let hashMask: UInt64

  /// Makes an empty shard with its part of the limits.
  init(_ limits: CacheLimits, hashMask: UInt64, hasDisk: Bool) {
    self.limits = limits
    self.hasDisk = hasDisk
    self.hashMask = hashMask
    byteCountMax = limits.byteCountMax / limits.shardCount
    tenantByteCountMax = byteCountMax / 100 * limits.tenantPercentMax
    queues = S3FIFO(
      byteCountMax: byteCountMax, ghostCount: min(max(byteCountMax / 4096, 64), 1 << 16))
    uncacheable = MarkTable(count: limits.markedKeysPerShard)
    failing = MarkTable(count: limits.markedKeysPerShard)
  }

  /// Bytes of all entries, in memory.
  var byteCount: Int { queues.byteCount + disk.byteCount }
  /// How many entries there are in memory.
  var entryCount: Int { queues.count }
  /// How many lie on disk.
  var diskEntryCount: Int { disk.count }
  /// What each tenant takes.
  var shares: [TenantNumber: Chain] { tenants }

  private func hash(_ key: CacheKey) -> UInt64 { key.word & hashMask }

  /// The node of a key. Comparing the whole key: INVARIANT (full key).
  @inline(__always)
  func find(_ key: CacheKey) -> Int? {
    table.find(hash(key)) { entries[$0]?.facts.key == key }
  }

  /// What a request for `key` does; `number` names the fill that it may begin.
  mutating func step(
    _ key: CacheKey, _ request: RequestFacts, _ ruling: Ruling, waiter: Waiter?,
    number: @autoclosure () -> UInt64, _ generations: Generations, at now: Instant
  ) -> Step {
    let place = Int(ordinal(ruling.dataClass))
    var stale: Entry?
    var reason = CacheBypass.age
    if let node = find(key), let entry = entries[node] {
      switch Serve.judge(entry, ruling, generations, at: now) {
      case .dead:
        counts[place].deadCount += 1
        remove(node)
      case .withheld(.staleness):
        if entry.isOnDisk {
          return load(entry, request, ruling, waiter: waiter, number: number(), at: now)
        }
        // Too old for this plan, though fresh for others: a newer answer serves them all.
        stale = entry
      case .withheld(let reason):
        counts[place].withheldCount += 1
        return .fetch(reason)
      case .allowed(let hit):
        if entry.isOnDisk {
          return load(entry, request, ruling, waiter: waiter, number: number(), at: now)
        }
        switch entry.facts.freshness.use(
          at: now, for: request.directives, honoursNoCache: ruling.row.rules.honoursNoCache)
        {
        case .fresh:
          queues.touch(node)
          counts[place].hitCount += 1
          return .hit(hit)
        case .staleWhileRevalidating:
          queues.touch(node)
          counts[place].staleHitCount += 1
          let mayRefresh =
            ruling.mayStore && request.method == .get && request.mayBeStored
            && !failing.contains(hash(key), at: now)
          guard mayRefresh, let begun = begin(key, ruling, number(), at: now) else {
            return .hit(hit)
          }
          return .refresh(hit, begun)
        case .validate:
          if failing.contains(hash(key), at: now),
            entry.facts.freshness.mayReplaceError(at: now, for: request.directives)
          {
            counts[place].staleHitCount += 1
            return .hit(hit)
          }
          stale = entry
          if entry.facts.freshness.isFresh(at: now) { reason = .requestDirective }
        }
      }
    }
    if request.directives.onlyIfCached { return .unavailable }
    return miss(
      key, request, ruling, waiter: waiter, number: number(), stale, stale == nil ? nil : reason,
      at: now)
  }

  /// What a request does that no entry answers; `reason` is why the one that is there does not.
  private mutating func miss(
    _ key: CacheKey, _ request: RequestFacts, _ ruling: Ruling, waiter: Waiter?,
    number: @autoclosure () -> UInt64, _ stale: Entry?, _ reason: CacheBypass?, at now: Instant
  ) -> Step {
    let place = Int(ordinal(ruling.dataClass))
    if stale == nil { counts[place].missCount += 1 } else { counts[place].validationCount += 1 }
    // What the origin answers to these is not a whole answer; they are served from one if it is
    // here.
    let isWhole =
      request.method == .get && request.range == nil
      && (stale != nil || (request.ifNoneMatch == nil && request.ifModifiedSince == nil))
    guard ruling.mayStore, isWhole, request.mayBeStored else {
      return .fetch(reason)
    }
    if let fill = fills[key.digest] {
      // Who asks for something newer than he would find gains nothing by waiting.
      guard let waiter, ruling.row.rules.collapse == .withinView, ruling.view != nil,
        !request.directives.wantsNewer,
        ruling.view == fill.view, fill.waiters.count < limits.waitersPerFillMax,
        now.milliseconds(since: fill.startedAt) < limits.fillPatienceMilliseconds
      else { return .fetch(reason) }
      fills[key.digest]?.waiters.append(waiter)
      counts[place].collapsedCount += 1
      return .wait
    }
    // A key that is known to be for nobody else makes nobody wait, but may turn out otherwise.
    let begun = uncacheable.contains(hash(key), at: now) ? 0 : begin(key, ruling, number(), at: now)
    guard let begun else { return .fetch(reason) }
    if let stale, stale.facts.etag != nil || stale.facts.lastModifiedSeconds != nil {
      return .validate(stale, begun, reason)
    }
    return .fill(begun, reason)
  }

  /// What a request does whose answer lies on disk: it waits until that is read, and looks again.
  /// Who must not wait asks an origin, and nothing is stored.
  private mutating func load(
    _ entry: Entry, _ request: RequestFacts, _ ruling: Ruling, waiter: Waiter?, number: UInt64,
    at now: Instant
  ) -> Step {
    let digest = entry.facts.key.digest
    if let waiter {
      if let fill = fills[digest] {
        if fill.isLoad, fill.waiters.count < limits.waitersPerFillMax,
          now.milliseconds(since: fill.startedAt) < CacheLimits.diskPatienceMilliseconds
        {
          fills[digest]?.waiters.append(waiter)
          return .wait
        }
      } else if fills.count < limits.fillsPerShardMax {
        fills[digest] = Fill(
          number: number, view: nil, startedAt: now, waiters: [waiter], isLoad: true)
        return .load(entry, number, waiter)
      }
    }
    counts[Int(ordinal(ruling.dataClass))].missCount += 1
    return request.directives.onlyIfCached ? .unavailable : .fetch(nil)
  }

  /// Notes a fill; nil when one is under way, or there are too many.
  private mutating func begin(
    _ key: CacheKey, _ ruling: Ruling, _ number: UInt64, at now: Instant
  ) -> UInt64? {
    guard fills[key.digest] == nil, fills.count < limits.fillsPerShardMax else { return nil }
    fills[key.digest] = Fill(number: number, view: ruling.view, startedAt: now)
    return number
  }

  /// Ends a fill and gives those who waited for it.
  mutating func endFill(_ digest: SHA256Digest, _ number: UInt64) -> [Waiter] {
    guard number != 0, let fill = fills[digest], fill.number == number else { return [] }
    fills[digest] = nil
    return fill.waiters
  }

  /// A request waits no longer.
  mutating func leave(_ digest: SHA256Digest, _ waiter: Waiter) {
    fills[digest]?.waiters.removeAll { $0 == waiter }
  }

  /// Remembers that answers to this key are not stored.
  mutating func markUncacheable(_ key: CacheKey, at now: Instant) {
    uncacheable.insert(
      hash(key), until: now.adding(milliseconds: limits.uncacheableMilliseconds))
  }

  /// Remembers that no origin answers for this key.
  mutating func markFailing(_ key: CacheKey, at now: Instant) {
    failing.insert(hash(key), until: now.adding(milliseconds: CacheLimits.failureMilliseconds))
  }

  /// Adds an entry in place of the one with its key, and makes room for it.
  mutating func insert(_ entry: Entry) -> NotStored? {
    if let reason = place(entry) { return reason }
    // Whoever asks for it next may wait for its successor.
    uncacheable.remove(hash(entry.facts.key))
    counts[Int(ordinal(entry.facts.dataClass))].storedCount += 1
    return nil
  }

  private mutating func place(_ entry: Entry) -> NotStored? {
    let key = entry.facts.key
    if let node = find(key) { remove(node) }
    guard entry.cost <= byteCountMax / 4 + limits.headByteCountMax else { return .overCapacity }
    let tenant = entry.facts.tenant
    while tenants.count > 1, let chain = tenants[tenant],
      chain.byteCount + entry.cost > tenantByteCountMax
    {
      // His oldest goes, so that a tenant who floods the store pushes out himself.
      queues.remove(Int(chain.oldest))
      evict(Int(chain.oldest))
    }
    makeRoom(entry.cost)
    let node = addNode(entry)
    queues.insert(node, hash: key.word, cost: entry.cost)
    orders.append(node, cost: entry.cost, to: &tenants[tenant, default: Chain()])
    return nil
  }

  private mutating func makeRoom(_ cost: Int) {
    while byteCount + cost > byteCountMax, let node = queues.evict() { evict(node) }
  }

  /// Forgets an entry to make room; the disk may have it.
  private mutating func evict(_ node: Int) {
    if hasDisk, let entry = entries[node], entry.facts.row.rules.mayLieOnDisk,
      entry.dataKey != nil
    {
      evicted.append(entry)
    }
    forget(node)
    evictedCount += 1
  }

  private mutating func addNode(_ entry: Entry) -> Int {
    let node = free.popLast() ?? entries.count
    if node == entries.count { entries.append(nil) }
    entries[node] = entry
    table.insert(hash(entry.facts.key), node)
    orders.reserve(node)
    return node
  }

  /// What went to make room since the last call, and may lie on disk.
  mutating func takeEvicted() -> [Entry] {
    guard !evicted.isEmpty else { return [] }
    defer { evicted = [] }
    return evicted
  }

  /// Adds an entry that lies on disk, unless another one has its key. The oldest there go first.
  mutating func insertOnDisk(_ entry: Entry) {
    let room = byteCountMax / CacheLimits.diskShareOfMemory
    guard find(entry.facts.key) == nil, entry.cost <= room else { return }
    while disk.byteCount + entry.cost > room { remove(Int(disk.oldest)) }
    makeRoom(entry.cost)
    let node = addNode(entry)
    orders.append(node, cost: entry.cost, to: &disk)
    diskByteCount += entry.extent?.byteCount ?? 0
  }

  /// Puts an entry that was read in place of the same one on disk; nothing if that went meanwhile.
  mutating func loaded(_ entry: Entry) {
    guard let node = find(entry.facts.key), let there = entries[node], there.isOnDisk,
      there.facts.number == entry.facts.number
    else { return }
    counts[Int(ordinal(entry.facts.dataClass))].diskReadCount += 1
    _ = place(entry)
  }

  /// Takes out the oldest entries on disk as far as they lie before this position.
  mutating func displace(below floor: UInt64) {
    while disk.oldest >= 0, let extent = entries[Int(disk.oldest)]?.extent,
      extent.position < floor
    { remove(Int(disk.oldest)) }
  }

  /// Takes an entry out.
  mutating func remove(_ node: Int) {
    if entries[node]?.isOnDisk == false { queues.remove(node) }
    forget(node)
  }

  /// Forgets an entry that is in no queue any more.
  private mutating func forget(_ node: Int) {
    guard let entry = entries[node] else { preconditionFailure("a node without an entry") }
    table.remove(hash(entry.facts.key), node)
    if entry.isOnDisk {
      orders.remove(node, cost: entry.cost, from: &disk)
      diskByteCount -= entry.extent?.byteCount ?? 0
    } else {
      let tenant = entry.facts.tenant
      orders.remove(node, cost: entry.cost, from: &tenants[tenant, default: Chain()])
      if tenants[tenant]?.count == 0 { tenants[tenant] = nil }
    }
    entries[node] = nil
    free.append(node)
  }

  /// Counts an entry that did not open, and takes it out if it is still there.
  mutating func reject(_ key: CacheKey, number: UInt64, isBroken: Bool) {
    guard let node = find(key), let entry = entries[node], entry.facts.number == number else {
      return
    }
    if isBroken { counts[Int(ordinal(entry.facts.dataClass))].brokenSealCount += 1 }
    remove(node)
  }

  /// Takes out every entry for which `isMeant` holds; gives how many.
  mutating func removeAll(where isMeant: (Entry) -> Bool) -> Int {
    var count = 0
    for node in entries.indices {
      if let entry = entries[node], isMeant(entry) {
        remove(node)
        count += 1
      }
    }
    return count
  }

  /// Looks at the next `count` nodes and takes out what is of no use any more.
  mutating func sweep(_ count: Int, _ generations: Generations, at now: Instant) {
    for _ in 0..<min(count, entries.count) {
      if sweepNode >= entries.count { sweepNode = 0 }
      if let entry = entries[sweepNode] {
        let facts = entry.facts
        let age = facts.freshness.ageMilliseconds(at: now)
        let isValidatable = facts.etag != nil || facts.lastModifiedSeconds != nil
        // What can be validated is kept for as long again; then nobody wants it.
        let end = facts.freshness.uselessMilliseconds * (isValidatable ? 2 : 1)
        if age > end || entry.isShredded || facts.tags.number < generations.floor
          || !entry.isCurrent(in: generations)
        {
          remove(sweepNode)
        }
      }
      sweepNode += 1
    }
  }
}

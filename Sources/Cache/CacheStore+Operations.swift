public import Base
public import Native
internal import Synchronization

/// Purges by prefix that fills under way must be held against: bounded; what is older counts for
/// all.
struct PurgeLog {
  /// One purge.
  struct Purge: Sendable {
    var number: UInt64
    var authority: [UInt8]
    var path: [UInt8]
  }

  private var purges: [Purge] = []
  /// The newest purge that was forgotten.
  private var forgotten: UInt64 = 0

  /// Remembers a purge.
  mutating func note(_ purge: Purge) {
    purges.append(purge)
    if purges.count > CacheLimits.recentPurgeCount {
      forgotten = max(forgotten, purges.removeFirst().number)
    }
  }

  /// Whether an entry's request left before a purge that means it.
  func covers(_ facts: EntryFacts) -> Bool {
    if facts.tags.number < forgotten { return true }
    return purges.contains {
      facts.tags.number < $0.number
        && facts.key.isBelow(authority: $0.authority, path: $0.path)
    }
  }
}

extension CacheKey {
  /// Whether the key's target lies on `authority`, which is canonical, and its path begins with
  /// `path`.
  func isBelow(authority: [UInt8], path: [UInt8]) -> Bool {
    let authority = OriginName.withoutDefaultPort(
      authority, isSecure: text[KeyBuilder.schemeOffset] == 1)
    var offset = KeyBuilder.fixedByteCount
    func part() -> ArraySlice<UInt8> {
      let count = text[offset..<offset + 4].reduce(0) { $0 << 8 | Int($1) }
      defer { offset += 4 + count }
      return text[(offset + 4)..<(offset + 4 + count)]
    }
    return part().elementsEqual(authority) && part().starts(with: path)
  }
}

/// What an operator asks of the store. Each ends what is stored and what is being fetched.
extension CacheStore {
  /// Ends everything.
  public func purgeAll() {
    generations.bumpAll()
    forEachShard { _ = $0.removeAll { _ in true } }
  }

  /// Ends everything of a tenant; with its keys, so that not even memory tells.
  public func purge(tenant: TenantNumber) {
    generations.bump(CacheTag(.tenant, tenant: tenant))
    keys?.drop(tenant: tenant)
  }

  /// Ends everything with a tag.
  public func purge(_ tag: CacheTag) { generations.bump(tag) }

  /// Ends everything on `authority` whose path begins with `path`; gives how many entries that
  /// were.
  @discardableResult
  public func purge(authority: [UInt8], pathPrefix path: [UInt8]) -> Int {
    // A number of its own, so that requests that leave later are not meant.
    generations.bump(CacheTag(.named, id: Array("purge".utf8)))
    notePurge(PurgeLog.Purge(number: generations.now, authority: authority, path: path))
    var count = 0
    forEachShard { shard in
      count += shard.removeAll { $0.facts.key.isBelow(authority: authority, path: path) }
    }
    return count
  }

  /// Takes out every entry of a row that says something else than these: no policy in force would
  /// serve it. Gives how many entries that were.
  @discardableResult
  public func keepOnly(rows: Set<SHA256Digest>) -> Int {
    var count = 0
    forEachShard { shard in
      count += shard.removeAll { !rows.contains($0.facts.row.fingerprint) }
    }
    return count
  }

  /// Frees what is of no use any more, a few entries at a time; lets keys rest. About once a
  /// second.
  public func sweep(entriesPerShard: Int = 256, at now: Instant) {
    forEachShard { $0.sweep(entriesPerShard, generations, at: now) }
    keys?.rest(at: now)
  }

  /// The store at this moment.
  public func statistics() -> CacheStatistics {
    var statistics = CacheStatistics()
    forEachShard { shard in
      for (place, counts) in shard.counts.enumerated() { statistics.classes[place].add(counts) }
      for (tenant, chain) in shard.shares {
        statistics.tenants[tenant, default: .init()].entryCount += chain.count
        statistics.tenants[tenant, default: .init()].byteCount += chain.byteCount
      }
      statistics.entryCount += shard.entryCount
      statistics.byteCount += shard.byteCount
      statistics.diskEntryCount += shard.diskEntryCount
      statistics.diskByteCount += shard.diskByteCount
      statistics.fillCount += shard.fills.count { !$0.value.isLoad }
      statistics.evictedCount += shard.evictedCount
    }
    statistics.dataKeyCount = keys?.count ?? 0
    return statistics
  }

  /// What a look-up would come to, without a trace of it: nothing is counted, begun or taken out.
  public func explain(
    _ key: CacheKey, _ request: RequestFacts, _ ruling: Ruling, at now: Instant
  ) -> CacheExplanation {
    guard ruling.mayServe || ruling.mayStore else { return .bypass(.region) }
    let found: (Entry?, Bool) = cell(key).state.withLock { shard in
      (
        shard.find(key).flatMap { shard.entries[$0] },
        shard.fills[key.digest].map { !$0.isLoad } ?? false
      )
    }
    guard let entry = found.0 else { return found.1 ? .filling : .miss }
    let hit: ServableHit
    switch Serve.judge(entry, ruling, generations, at: now) {
    case .dead(let reason): return .dead(reason)
    case .withheld(let reason): return .bypass(reason)
    case .allowed(let allowed): hit = allowed
    }
    switch entry.facts.freshness.use(
      at: now, for: request.directives, honoursNoCache: ruling.row.rules.honoursNoCache)
    {
    case .fresh: return .hit(hit.evidence)
    case .staleWhileRevalidating: return .staleHit(hit.evidence)
    case .validate: return .validate(hit.evidence)
    }
  }
}

/// What `homeward cache explain` tells of a request.
public enum CacheExplanation: Sendable, Equatable {
  /// Nothing is stored.
  case miss
  /// Nothing is stored; an origin is being asked.
  case filling
  /// The cache is not asked, or must not give what it has.
  case bypass(CacheBypass)
  /// What is stored has ended.
  case dead(CacheBypass)
  /// It would be served.
  case hit(HitEvidence)
  /// It would be served stale, and fetched anew.
  case staleHit(HitEvidence)
  /// The origin would be asked whether it is still good.
  case validate(HitEvidence)
}

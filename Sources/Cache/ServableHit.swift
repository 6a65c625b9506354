public import Base
public import Native

/// What the second authorisation says of an entry that was found.
enum Verdict {
  /// It may be served to this request.
  case allowed(ServableHit)
  /// Nobody may be served it any more.
  case dead(CacheBypass)
  /// Others may.
  case withheld(CacheBypass)
}

/// Decides for every hit anew whether the entry may be served: storing it was another decision.
enum Serve {
  /// Compares the entry with what the policy allows now.
  ///
  /// The key held most of it at the look-up; here it is compared again, so that no mistake in a key
  /// discloses anything by itself.
  @inline(__always)
  static func judge(
    _ entry: Entry, _ ruling: Ruling, _ generations: Generations, at now: Instant
  ) -> Verdict {
    // Fields one by one: a copy of all of them would cost more than the comparison.
    let events = ruling.row.rules.invalidations
    // A row that says something else ends what it said before.
    guard entry.facts.row === ruling.row || entry.facts.row.fingerprint == ruling.row.fingerprint
    else {
      return .dead(.row)
    }
    if events.contains(.policy) && entry.facts.policy != ruling.policy {
      return .dead(.policy)
    }
    guard entry.facts.tags.number >= generations.floor, entry.isCurrent(in: generations)
    else {
      return .dead(.invalidated)
    }
    if events.contains(.failover),
      !generations.isCurrent(entry.facts.sourceRegion, since: entry.facts.tags.number)
    {
      return .dead(.invalidated)
    }
    guard entry.facts.tenant == ruling.tenant else { return .withheld(.tenant) }
    guard entry.facts.region == ruling.region else { return .withheld(.region) }
    guard entry.facts.dataClass == ruling.dataClass, entry.facts.sensitivity == ruling.sensitivity
    else {
      return .withheld(.classOfRow)
    }
    guard ruling.mayServe else { return .withheld(.region) }
    guard ruling.sourceRegions.contains(entry.facts.sourceRegion) else {
      return .withheld(.sourceRegion)
    }
    if let reason = ruling.bypass() { return .withheld(reason) }
    guard entry.facts.freshness.ageMilliseconds(at: now) <= ruling.stalenessMillisecondsMax else {
      return .withheld(.staleness)
    }
    return .allowed(ServableHit(entry, ruling, at: now))
  }

  /// A hit, if the entry may be served.
  static func authorise(
    _ entry: Entry, _ ruling: Ruling, _ generations: Generations, at now: Instant
  ) -> ServableHit? {
    guard case .allowed(let hit) = judge(entry, ruling, generations, at: now) else { return nil }
    return hit
  }
}

/// An answer that may be served to one request, now. Only the second authorisation makes one.
public struct ServableHit: Sendable {
  /// The entry; nothing of it is public but through this.
  let entry: Entry
  /// Its age, in milliseconds.
  public let ageMilliseconds: UInt64
  /// How long it stays fresh, in milliseconds; negative for how long it is stale.
  public let remainingMilliseconds: Int64
  private let policy: SHA256Digest
  /// When it was authorised.
  let now: Instant

  /// Authorised by `Serve` alone.
  fileprivate init(_ entry: Entry, _ ruling: Ruling, at now: Instant) {
    self.entry = entry
    let freshness = entry.facts.freshness
    ageMilliseconds = freshness.ageMilliseconds(at: now)
    remainingMilliseconds = Int64(freshness.lifetimeMilliseconds) - Int64(ageMilliseconds)
    policy = ruling.policy
    self.now = now
  }

  /// Where the answer came from.
  public var sourceRegion: RegionNumber { entry.facts.sourceRegion }

  /// How many bytes the whole body has.
  public var bodyByteCount: UInt64 { entry.facts.bodyByteCount }

  /// What the client gets: the whole, a part, or the news that his copy is good.
  public func answer(to request: RequestFacts, at wall: WallTime) -> HitAnswer {
    // Most requests ask for the whole.
    guard entry.facts.status == 200,
      request.ifNoneMatch != nil || request.ifModifiedSince != nil || request.range != nil
    else { return .whole }
    let facts = entry.facts
    if Preconditions.isNotModified(
      request, etag: facts.etag, lastModifiedSeconds: facts.lastModifiedSeconds,
      dateSeconds: facts.dateSeconds, at: wall)
    {
      return .notModified
    }
    switch RangeAnswer(
      request, length: facts.bodyByteCount, etag: facts.etag,
      lastModifiedSeconds: facts.lastModifiedSeconds, dateSeconds: facts.dateSeconds, at: wall)
    {
    case .whole: return .whole
    case .part(let range): return .part(range)
    case .unsatisfiable: return .unsatisfiable
    }
  }

  /// Fields and the body's beginning; nil when a sealed entry does not open: give it to
  /// `CacheStore.reject` and ask the origin. A plain one is not copied.
  public func open() -> OpenedHit? {
    entry.open(at: now).map { OpenedHit(hit: self, answer: $0) }
  }

  /// What the record of this hit says.
  public var evidence: HitEvidence {
    let facts = entry.facts
    return HitEvidence(
      rowNumber: facts.row.number, rowFingerprint: facts.row.fingerprint,
      policyAtStore: facts.policy, policyAtHit: policy, dataKeyNumber: entry.dataKey?.number,
      keyDigest: facts.key.digest, ageMilliseconds: ageMilliseconds,
      remainingMilliseconds: remainingMilliseconds, validator: facts.etag,
      sourceRegion: facts.sourceRegion, storedByDecision: facts.decision,
      storedWall: facts.storedWall, dataClass: facts.dataClass, tenant: facts.tenant)
  }

  /// `Cache-Status` of this hit.
  public var status: CacheStatus { .hit(ttlMilliseconds: remainingMilliseconds) }
}

/// What a client gets of a stored answer.
public enum HitAnswer: Sendable, Equatable {
  /// All of it, with the stored status.
  case whole
  /// 304.
  case notModified
  /// 206 with these bytes.
  case part(Range<UInt64>)
  /// 416.
  case unsatisfiable
}

/// Why an answer could be served from the cache, for the audit log. Holds no key and no identifier
/// of a patient; `keyDigest` goes through the log's own HMAC before it is written.
public struct HitEvidence: Sendable, Equatable {
  /// The row of the matrix.
  public let rowNumber: UInt16
  /// What the row says.
  public let rowFingerprint: SHA256Digest
  /// The policy version that let it be stored.
  public let policyAtStore: SHA256Digest
  /// The policy version that let it be served.
  public let policyAtHit: SHA256Digest
  /// The data key; nil for an entry that is not sealed.
  public let dataKeyNumber: UInt64?
  /// The hash of the key.
  public let keyDigest: SHA256Digest
  /// The age, in milliseconds.
  public let ageMilliseconds: UInt64
  /// How long it stays fresh, in milliseconds.
  public let remainingMilliseconds: Int64
  /// The entity tag.
  public let validator: EntityTag?
  /// Where the answer came from.
  public let sourceRegion: RegionNumber
  /// The decision that caused the store.
  public let storedByDecision: UInt128
  /// When it was stored.
  public let storedWall: WallTime
  /// What kind of data it is.
  public let dataClass: DataClass
  /// Whose it is.
  public let tenant: TenantNumber
}

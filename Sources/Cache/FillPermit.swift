public import Base
public import HTTP
internal import Native
internal import Synchronization

/// The right, and the duty, to fetch an answer for a key. One loop holds it; it cannot be copied,
/// and dropping it lets those who wait try again.
public struct FillPermit: ~Copyable {
  private let claim: FillClaim
  private let request: RequestFacts
  private var ruling: Ruling
  /// Why the stored answer does not do; nil when there is none.
  private let reason: CacheBypass?
  private var tags = WatchedTags()
  private var requestTime: Instant?
  /// Whom the request asks, as clients name him.
  private var origin: (authority: [UInt8], isSecure: Bool) = ([], false)
  private let stale: Entry?

  /// Begun by a look-up alone.
  init(
    _ store: CacheStore, _ key: CacheKey, _ request: RequestFacts, _ ruling: Ruling,
    _ number: UInt64, stale: Entry?, _ reason: CacheBypass?
  ) {
    claim = FillClaim(store: store, key: key, number: number)
    self.request = request
    self.ruling = ruling
    self.stale = stale
    self.reason = reason
    watch(CacheTag(.tenant, tenant: ruling.tenant))
  }

  /// Makes the answer end with this tag. Before `depart` only: what is bumped from then on counts.
  public mutating func watch(_ tag: CacheTag) {
    precondition(requestTime == nil, "a tag that is watched after the request left")
    tags.add(claim.store.generations.watch(tag), tag.kind)
  }

  /// The client's request leaves for an origin now. Again for each attempt.
  public mutating func depart(_ head: borrowing RequestHead, at now: Instant) {
    if requestTime == nil {
      origin = (head.authority, head.isSecure)
      watch(.target(AffectedTarget(head)))
    }
    requestTime = now
    tags.number = claim.store.generations.now
  }

  /// The origin is asked, but what it answers is for nobody else: those who wait ask by themselves,
  /// for the next of them would fare no better.
  public consuming func decline() { claim.settle(.fetch) }

  /// Whether the origin is asked if a stored answer is still good.
  public var isValidation: Bool { stale != nil }

  /// What `Cache-Status` says of the fetch (RFC 9211 section 2.2).
  public var forwardReason: ForwardReason { ForwardReason(reason) }

  /// Another decision asks in place of the one that looked up, on the same facts.
  public mutating func hand(to decision: UInt128) { ruling.decision = decision }

  /// Replaces the client's conditions by ours, and takes the range away: the answer is for all.
  public func addConditions(to fields: inout Fields) {
    var conditions: [(StaticString, [UInt8])] = []
    if let etag = stale?.facts.etag { conditions.append(("if-none-match", etag.text)) }
    if stale?.facts.etag == nil, let seconds = stale?.facts.lastModifiedSeconds {
      var date: [UInt8] = []
      date.append(byteCountMax: ByteWriter.httpDateByteCount) {
        $0.append(httpDate: WallTime(microseconds: seconds * 1_000_000))
      }
      conditions.append(("if-modified-since", date))
    }
    let old = fields
    fields.removeLines { line in
      switch CacheField(line, of: old) {
      case .ifNoneMatch, .ifModifiedSince, .ifRange, .range: true
      default: false
      }
    }
    for (name, value) in conditions {
      fields.append(name, byteCountMax: value.count) { $0.append(value) }
    }
  }

  /// The first decision: may this answer be stored? `head` is the origin's, made fit for clients;
  /// its body follows by `StorableResponse.append`.
  public consuming func admit(
    _ head: borrowing ResponseHead, from source: RegionNumber, at now: Instant, wall: WallTime
  ) -> Admission {
    guard let requestTime else { preconditionFailure("an answer to a request that never left") }
    let response = ResponseFacts(head, at: wall)
    let rules = ruling.row.rules
    let freshness = Freshness(
      response, rules, requestTime: requestTime, responseTime: now, wall: wall,
      chance: claim.key.word >> 20)
    var groups: [UInt32] = []
    let reason =
      Storability.judge(request, response, rules)
      ?? (Storability.isMisplaced(response, in: ruling.dataClass) ? .mediaType : nil)
      ?? joinGroups(of: head, &groups)
      ?? Self.tagReason(tags, rules)
      ?? Self.lifetimeReason(freshness, response, rules)
      ?? (ruling.sourceRegions.contains(source) ? nil : .region)
    let fields = StoredFields.select(head.fields, rules.fields)
    if let reason = reason
      ?? (fields.bytes.count > CacheLimits().headByteCountMax ? .headTooLarge : nil)
      ?? (head.contentLength ?? 0 > bodyByteCountMax ? .tooLarge : nil)
      ?? (claim.store.canSeal(ruling, at: now) ? nil : .noKey)
    {
      let isError = Freshness.saysNothing(status: head.status)
      // The origin has another answer by now: the stored one must not come back in its windows.
      if let stale, !isError { claim.takeOut(stale.facts.number) }
      // A fence says nothing of the next answer, nor does a key that cannot be had now.
      claim.refuse(at: now, isLasting: !isError && reason != .fenced && reason != .noKey)
      return .refused(reason)
    }
    let facts = EntryFacts(
      key: claim.key, number: claim.store.nextEntryNumber(), status: head.status,
      freshness: freshness, etag: response.etag,
      lastModifiedSeconds: response.lastModifiedSeconds, dateSeconds: response.dateSeconds,
      bodyByteCount: 0, tags: tags, row: ruling.row, policy: ruling.policy,
      dataClass: ruling.dataClass, sensitivity: ruling.sensitivity, tenant: ruling.tenant,
      region: ruling.region, sourceRegion: source, decision: ruling.decision, storedAt: now,
      storedWall: wall)
    return .storable(
      StorableResponse(
        claim, facts, fields, ruling, groups: groups, declaredByteCount: head.contentLength))
  }

  /// Bytes that the body may have.
  private var bodyByteCountMax: UInt64 {
    UInt64(min(ruling.row.rules.bodyByteCountMax, claim.store.limits.bodyByteCountMax))
  }

  /// The origin says with a 304 that the stored answer is good: what it says is merged, judged
  /// anew, and served. `ask again` without conditions when the 304 is about something else, or the
  /// answer ended meanwhile.
  public consuming func validated(
    by head: borrowing ResponseHead, from source: RegionNumber, at now: Instant, wall: WallTime
  ) -> Validation {
    guard let requestTime, let stale else { preconditionFailure("nothing was to be validated") }
    let update = ResponseFacts(head, at: wall)
    let old = stale.facts
    guard
      ValidatorMatch(update, etag: old.etag, lastModifiedSeconds: old.lastModifiedSeconds) == .same,
      let answer = stale.openWhole(at: now)
    else {
      claim.dropEntry(old.number)
      return .askAgain
    }
    let rules = ruling.row.rules
    var merged = ResponseHead(status: old.status)
    merged.fields = StoredFields.merge(answer.fields, head.fields, rules.fields)
    let response = ResponseFacts(Self.judged(merged, head), at: wall)
    let freshness = Freshness(
      response, rules, requestTime: requestTime, responseTime: now, wall: wall,
      chance: claim.key.word >> 20)
    // What is not said anew stays as it was: a 304 updates what it names.
    let isRegrouped = CacheGroups.areNamed(in: head)
    var groups = isRegrouped ? [] : stale.groups
    // The client's own condition is about his copy; the stored answer is judged as if he had none.
    if Storability.judge(request, response, rules) != nil
      || Storability.isMisplaced(response, in: ruling.dataClass)
      || (isRegrouped && joinGroups(of: head, &groups) != nil)
      || Self.tagReason(tags, rules) != nil || !ruling.sourceRegions.contains(source)
    {
      claim.dropEntry(old.number)
      return .askAgain
    }
    var facts = old
    facts.number = claim.store.nextEntryNumber()
    facts.freshness = freshness
    facts.etag = response.etag ?? old.etag
    facts.lastModifiedSeconds = response.lastModifiedSeconds ?? old.lastModifiedSeconds
    facts.dateSeconds = response.dateSeconds
    facts.tags = tags
    facts.policy = ruling.policy
    facts.row = ruling.row
    facts.sourceRegion = source
    facts.decision = ruling.decision
    guard
      let entry = claim.store.seal(
        facts, merged.fields, answer.parts, ruling, groups: groups, at: now),
      claim.store.publish(entry) == nil,
      let hit = claim.store.authorise(entry, ruling, at: now)
    else {
      claim.dropEntry(old.number)
      return .askAgain
    }
    claim.settle(.lookUp)
    return .updated(hit)
  }

  /// What stands in for an origin that failed (no connection, or a status for which
  /// `Freshness.isError` holds); nil when nothing may. Others who ask are served it for a moment
  /// without asking the origin.
  public func standIn(at now: Instant) -> ServableHit? {
    guard let stale, stale.facts.freshness.mayReplaceError(at: now, for: request.directives),
      let hit = claim.store.authorise(stale, ruling, at: now)
    else { return nil }
    claim.store.cell(claim.key).state.withLock { $0.markFailing(claim.key, at: now) }
    return hit
  }

  /// A merged head with what the 304 says that is never stored: it may forbid storing.
  private static func judged(
    _ merged: ResponseHead, _ update: borrowing ResponseHead
  ) -> ResponseHead {
    var judged = merged
    for index in 0..<update.fields.lines.count {
      let line = update.fields.lines[index]
      let isTold =
        line.known == .setCookie || line.known == .age
        || CacheField(line, of: update.fields) == .clearSiteData
      if isTold { judged.fields.append(line, of: update.fields) }
    }
    return judged
  }

  /// Makes an answer end with its groups. They are known only now: one that ended while the answer
  /// was on its way may have been meant, so INVARIANT (fence) asks that none did.
  private borrowing func joinGroups(
    of head: borrowing ResponseHead, _ places: inout [UInt32]
  ) -> NotStored? {
    guard
      let groups = CacheGroups.tags(
        of: head, authority: origin.authority, isSecure: origin.isSecure)
    else { return .tooManyTags }
    guard !groups.isEmpty else { return nil }
    let generations = claim.store.generations
    places = groups.map { generations.watch($0) }
    return generations.hasGroupEnded(since: tags.number) ? .fenced : nil
  }

  /// Whether every event that ends the row's entries has a tag.
  private static func tagReason(_ tags: WatchedTags, _ rules: RowRules) -> NotStored? {
    if tags.hasOverflowed { return .tooManyTags }
    let events = rules.invalidations
    if events.contains(.write) && !tags.contains(.resource) && !tags.contains(.type) {
      return .untagged
    }
    if events.contains(.patientWrite) && !tags.contains(.patient) { return .untagged }
    if events.contains(.consent) && !tags.contains(.consent) { return .untagged }
    return nil
  }

  /// Whether it would ever be served.
  private static func lifetimeReason(
    _ freshness: Freshness, _ response: ResponseFacts, _ rules: RowRules
  ) -> NotStored? {
    if freshness.lifetimeMilliseconds < UInt64(rules.lifetimeMillisecondsMin) { return .noLifetime }
    let isUseful =
      response.hasValidator
      || (!freshness.alwaysValidates
        && freshness.uselessMilliseconds > freshness.initialAgeMilliseconds)
    return isUseful ? nil : .noLifetime
  }
}

/// What the first decision says.
public enum Admission: ~Copyable {
  /// Append the body.
  case storable(StorableResponse)
  /// Pass it on; those who waited ask by themselves.
  case refused(NotStored)
}

/// What a 304 comes to.
public enum Validation: ~Copyable {
  /// Serve this.
  case updated(ServableHit)
  /// Ask without conditions; nothing is stored then.
  case askAgain
}

/// The claim of one fill on its key, until it is settled; going away settles it.
final class FillClaim {
  let store: CacheStore
  let key: CacheKey
  private let number: UInt64
  private var isSettled = false

  /// Claims a key under a number; zero claims nothing, so that nobody waits.
  init(store: CacheStore, key: CacheKey, number: UInt64) {
    self.store = store
    self.key = key
    self.number = number
  }

  deinit { settle(.lookUp) }

  /// Ends the fill.
  func settle(_ next: Release.Next) {
    guard !isSettled else { return }
    isSettled = true
    store.endFill(key, number, next)
  }

  /// The answer is not stored: those who wait ask by themselves, and nobody waits for the next one.
  func refuse(at now: Instant, isLasting: Bool) {
    if isLasting { store.cell(key).state.withLock { $0.markUncacheable(key, at: now) } }
    settle(.fetch)
  }

  /// The stored answer is good for nobody; those who waited try again.
  func dropEntry(_ entryNumber: UInt64) {
    takeOut(entryNumber)
    settle(.lookUp)
  }

  /// Takes the stored answer out, if it is still that one.
  func takeOut(_ entryNumber: UInt64) {
    store.takeOut(key, number: entryNumber)
  }
}

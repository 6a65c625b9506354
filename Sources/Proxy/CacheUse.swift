public import Base
public import Cache
public import HTTP

/// One request's dealings with the cache: key and ruling, then the right to fetch, the answer that
/// is being stored, or the stored answer that is being served.
///
/// An object, so that requests without such dealings carry a nil; its memory is used again.
/// Confined to the loop of its exchange.
public final class CacheUse {
  /// What the request asks of caches, as the client asked it.
  public private(set) var facts: RequestFacts?
  /// What the policy allows.
  public private(set) var ruling: Ruling?
  /// Under what the answer is kept; nil for a request that passes the cache by.
  public private(set) var key: CacheKey?
  /// What `Cache-Status` says.
  public var status = CacheStatus()
  /// The right to fetch; nil when nothing may be stored.
  public var permit: FillPermit?
  /// The answer that is being stored.
  private var storable: StorableResponse?
  /// The stored answer that is served.
  private var opened: OpenedHit?
  private var answer = HitAnswer.whole
  private var cursor: BodyCursor?
  /// Why the stored answer may be served; nil when none is.
  public private(set) var evidence: HitEvidence?
  /// What happened so far.
  public private(set) var verdict = Outcome.CacheVerdict.passed
  /// Whether it fetches in place of a stale answer that a client has already.
  public private(set) var isRefresh = false

  /// Makes a place for one request after the other.
  public init() {}

  /// Forgets the request: a permit goes back, an answer that is not whole is dropped.
  public func removeAll() {
    facts = nil
    ruling = nil
    key = nil
    status = CacheStatus()
    permit = nil
    storable = nil
    opened = nil
    cursor = nil
    evidence = nil
    verdict = .passed
    isRefresh = false
  }

  /// What the record of the exchange says of the cache.
  public var outcome: Outcome.CacheOutcome {
    Outcome.CacheOutcome(
      verdict: isRefresh ? (isRefreshed ? .refreshed : .notRefreshed) : verdict,
      detail: status.detail, bypass: status.bypass, evidence: evidence)
  }

  /// Whether a new answer is stored, or the old one was found good.
  public var isRefreshed: Bool { verdict == .stored || verdict == .confirmed }

  /// The answer that this fetches goes to nobody.
  public func becomeRefresh() { isRefresh = true }

  /// Begins with a request whose head is fit for an origin; false when it passes the cache by.
  public func begin(
    _ request: borrowing JudgedRequest, _ ruling: Ruling, hasBody: Bool,
    _ builder: inout KeyBuilder
  ) -> Bool {
    let facts = RequestFacts(request.head, hasBody: hasBody)
    self.ruling = ruling
    self.facts = facts
    status = .forwarded(.bypass)
    if request.hasUnkeyedField {
      status.bypass = .unkeyedField
      return false
    }
    switch builder.key(request.head, facts, ruling) {
    case .key(let key):
      self.key = key
      return true
    case .bypass(let reason):
      status.bypass = reason
      return false
    }
  }

  // MARK: Fetching

  /// The answer may be stored, if it says so itself.
  public func fetches(_ permit: consuming FillPermit, _ request: inout JudgedRequest) {
    var permit = permit
    guard let ruling else { return }
    request.watchTags(&permit, ruling)
    let rules = ruling.row.rules
    request.askForAll(permit, isOneUsers: rules.keyParts.contains(.user) || rules.seal == .user)
    status = .forwarded(permit.forwardReason)
    self.permit = consume permit
  }

  /// The request leaves for an origin. One that may lack a change of which the edge knows is asked,
  /// but its answer is not stored.
  public func departs(_ request: inout JudgedRequest, mayLag: Bool, at now: Instant) {
    guard permit != nil else { return }
    if mayLag {
      status.detail = .lagging
      if isValidating { request.askUnconditionally() }
      permit = nil
      return
    }
    permit?.depart(request.head, at: now)
  }

  /// Whether a 304 is an answer to our own question.
  public var isValidating: Bool { permit?.isValidation ?? false }

  /// The origin's head, made fit for clients, is the answer: whether it may be stored.
  public func admit(
    _ head: borrowing ResponseHead, from source: RegionNumber?, at now: Instant, wall: WallTime
  ) {
    guard let permit = permit.take() else { return }
    guard let source else {
      status.detail = .region
      return
    }
    switch permit.admit(head, from: source, at: now, wall: wall) {
    case .storable(let response):
      storable = consume response
      status.isStored = true
    case .refused(let reason): status.detail = reason
    }
  }

  /// Whether the answer on its way is being stored.
  public var isStoring: Bool { storable != nil }

  /// A piece of the body passes.
  public func append(_ bytes: UnsafeRawBufferPointer, at now: Instant) {
    if unsafe storable?.append(bytes, at: now) == false { storable = nil }
  }

  /// The answer was whole: it is stored, or it is noted why not.
  public func finish(hasTrailers: Bool, at now: Instant) {
    guard let response = storable.take() else { return }
    status.detail = response.finish(hasTrailers: hasTrailers, at: now)
    if status.detail == nil { verdict = .stored }
  }

  /// The origin confirmed the stored answer with `head`: whether that may be served.
  public func isConfirmed(
    by head: borrowing ResponseHead, from source: RegionNumber?, at now: Instant, wall: WallTime
  ) -> Bool {
    guard let permit = permit.take(), let source else { return false }
    guard case .updated(let hit) = permit.validated(by: head, from: source, at: now, wall: wall)
    else { return false }
    guard found(hit, at: wall) else { return false }
    status = .forwarded(.stale)
    status.forwardStatus = 304
    verdict = .confirmed
    status.ttlSeconds = hit.remainingMilliseconds / 1000
    status.isStored = true
    return true
  }

  /// Whether a stored answer stands in for an origin that failed.
  public func standsIn(at now: Instant, wall: WallTime, failedStatus: UInt16?) -> Bool {
    guard let hit = permit?.standIn(at: now), found(hit, at: wall) else { return false }
    permit = nil
    verdict = .stoodIn
    status.forwardStatus = failedStatus
    status.ttlSeconds = hit.remainingMilliseconds / 1000
    return true
  }

  // MARK: Serving

  /// A stored answer may be served; false when it does not open, which `CacheStore.reject` is told.
  public func found(_ hit: ServableHit, at wall: WallTime) -> Bool {
    guard let facts, let opened = hit.open() else { return false }
    answer = hit.answer(to: facts, at: wall)
    evidence = hit.evidence
    status = hit.status
    verdict = hit.remainingMilliseconds < 0 ? .staleHit : .hit
    self.opened = opened
    // What finds an entry may use its memory for the next one.
    key = nil
    return true
  }

  /// Writes the stored answer's head.
  public func write(to head: inout ResponseHead, isHead: Bool) {
    guard let opened = opened.take() else { preconditionFailure("no stored answer to serve") }
    opened.write(answer, to: &head)
    if !isHead { cursor = opened.body(answer) }
  }

  /// Bytes of the stored answer's body that are left.
  public var remainingByteCount: Int { cursor?.remainingByteCount ?? 0 }

  /// Hands up to `byteCountMax` of the next bytes to `body`.
  public func withNext(byteCountMax: Int, _ body: (UnsafeRawBufferPointer) -> Void) {
    unsafe _ = cursor?.withNext(byteCountMax: byteCountMax, body)
  }
}

extension JudgedRequest {
  /// Asks for the answer that everybody gets: the client's own conditions and range are met from
  /// what comes.
  mutating func askForAll(_ permit: borrowing FillPermit, isOneUsers: Bool) {
    dropUnkeyedFields(isOneUsers: isOneUsers)
    changeFields { permit.addConditions(to: &$0) }
  }

  /// Asks without any condition.
  public mutating func askUnconditionally() {
    for name in ["if-none-match", "if-modified-since"] as [StaticString] {
      changeFields { fields in
        let old = fields
        fields.removeLines { old.isNamed($0, name) }
      }
    }
  }
}

public import Base
public import Cache
public import HTTP

/// One request's dealings with the cache: key and ruling, then the right to fetch, the answer that
/// is being stored, or the stored answer that is being served.
///
/// Who forgets it gives a permit back and drops an answer that is not whole. Confined to the loop
/// of its exchange.
public struct CacheUse: ~Copyable {
  /// What the request asks of caches, as the client asked it.
  public let facts: RequestFacts
  /// What the policy allows.
  public let ruling: Ruling
  /// Under what the answer is kept; nil for a request that passes the cache by.
  public private(set) var key: CacheKey?
  /// What `Cache-Status` says.
  public private(set) var status = CacheStatus.forwarded(.bypass)
  /// The right to fetch, or the answer that is being stored; nil when nothing may be.
  private var fill: Fill?
  /// The stored answer that is served, and what of it.
  private var hit: ServableHit?
  private var opened: OpenedHit?
  private var answer = HitAnswer.whole
  private var cursor: BodyCursor?
  /// What happened so far.
  private var verdict = Outcome.CacheVerdict.passed
  /// Whether it fetches in place of a stale answer that a client has already.
  public private(set) var isRefresh = false

  /// Begins with a request whose head is fit for an origin; `key` is nil when it passes the cache
  /// by.
  public init(
    _ request: borrowing JudgedRequest, _ ruling: consuming Ruling, hasBody: Bool,
    _ builder: inout KeyBuilder
  ) {
    facts = RequestFacts(request.head, hasBody: hasBody)
    self.ruling = consume ruling
    if request.hasUnkeyedField {
      status.bypass = .unkeyedField
      return
    }
    switch builder.key(request.head, facts, self.ruling) {
    case .key(let key): self.key = key
    case .bypass(let reason): status.bypass = reason
    }
  }

  /// The answer that this fetches goes to nobody.
  public mutating func becomeRefresh() { isRefresh = true }

  // MARK: Looking up

  /// What becomes of the request; nil when it passes the cache by. See `CacheStore.lookUp`.
  public func lookUp(in store: CacheStore, waiter: Waiter?, at now: Instant) -> Lookup? {
    guard let key else { return nil }
    return store.lookUp(key, facts, ruling, waiter: waiter, at: now)
  }

  /// Another request fetched the answer meanwhile, or gave up.
  public mutating func waited(isAnswered: Bool) { status.isCollapsed = isAnswered }

  /// Nothing is served, nor stored; `reason` if there was an entry.
  public mutating func passes(for reason: CacheBypass?) {
    status = .forwarded(ForwardReason(reason))
    if status.forward == .miss { status.bypass = reason }
  }

  /// What was found does not open.
  public mutating func isBroken() {
    status = .forwarded(.miss)
    status.bypass = .sealed
  }

  // MARK: Fetching

  /// The answer may be stored, if it says so itself.
  public mutating func fetches(_ permit: consuming FillPermit, _ request: inout JudgedRequest) {
    var permit = permit
    request.watchTags(&permit, ruling)
    let rules = ruling.row.rules
    request.askForAll(permit, isOneUsers: rules.keyParts.contains(.user) || rules.seal == .user)
    tell(.forwarded(permit.forwardReason))
    fill = Fill(permit)
  }

  /// The request leaves for an origin. One that is in `doubt` (`JudgedRequest.cacheDoubt`) is
  /// asked, but its answer is not stored.
  public mutating func departs(_ request: inout JudgedRequest, doubt: NotStored?, at now: Instant) {
    guard let fill, fill.mayFetch else { return }
    if let doubt {
      status.detail = doubt
      if isValidating { request.askUnconditionally() }
      fill.permit.take()?.decline()
      self.fill = nil
      return
    }
    fill.permit?.depart(request.head, at: now)
  }

  /// Whether the answer is to be stored.
  public var isFetching: Bool { fill?.mayFetch == true }

  /// Whether a 304 is an answer to our own question.
  public var isValidating: Bool { fill?.isValidation == true }

  /// The origin's head, made fit for clients, is the answer: whether it may be stored.
  public mutating func admit(
    _ head: borrowing ResponseHead, from source: RegionNumber?, at now: Instant, wall: WallTime
  ) {
    guard let fill, let permit = fill.permit.take() else { return }
    guard let source else {
      status.detail = .region
      return
    }
    switch permit.admit(head, from: source, at: now, wall: wall) {
    case .storable(let response):
      fill.response = consume response
      status.isStored = true
    case .refused(let reason): status.detail = reason
    }
  }

  /// Whether the answer on its way is being stored.
  public var isStoring: Bool { fill?.hasResponse == true }

  /// A piece of the body passes.
  public mutating func append(_ bytes: UnsafeRawBufferPointer, at now: Instant) {
    if unsafe fill?.response?.append(bytes, at: now) == false { fill = nil }
  }

  /// The answer was whole: it is stored, or it is noted why not.
  public mutating func finish(hasTrailers: Bool, at now: Instant) {
    guard let response = fill?.response.take() else { return }
    status.detail = response.finish(hasTrailers: hasTrailers, at: now)
    if status.detail == nil { verdict = .stored }
  }

  /// The origin confirmed the stored answer with `head`: whether that may be served.
  public mutating func isConfirmed(
    by head: borrowing ResponseHead, from source: RegionNumber?, at now: Instant, wall: WallTime
  ) -> Bool {
    guard let permit = fill?.permit.take(), let source else { return false }
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
  public mutating func standsIn(at now: Instant, wall: WallTime, failedStatus: UInt16?) -> Bool {
    guard let hit = fill?.permit?.standIn(at: now), found(hit, at: wall) else { return false }
    fill = nil
    verdict = .stoodIn
    status.isCollapsed = false
    status.forwardStatus = failedStatus
    status.ttlSeconds = hit.remainingMilliseconds / 1000
    return true
  }

  // MARK: Serving

  /// A stored answer may be served; false when it does not open, which `CacheStore.reject` is told.
  public mutating func found(_ hit: ServableHit, at wall: WallTime) -> Bool {
    guard let opened = hit.open() else { return false }
    answer = hit.answer(to: facts, at: wall)
    self.hit = hit
    tell(hit.status)
    verdict = hit.remainingMilliseconds < 0 ? .staleHit : .hit
    self.opened = opened
    // What finds an entry may use its memory for the next one.
    key = nil
    return true
  }

  /// Writes the stored answer's head, and says where it comes from; whether no body follows.
  public mutating func serve(
    to head: inout ResponseHead, of request: borrowing JudgedRequest, _ snapshot: Snapshot
  ) -> Bool {
    guard let opened = opened.take(), let hit else {
      preconditionFailure("no stored answer to serve")
    }
    opened.write(answer, to: &head)
    if request.head.method != .head { cursor = opened.body(answer) }
    request.describeHit(&head, hit, snapshot)
    status.append(to: &head.fields)
    return remainingByteCount == 0
  }

  /// Bytes of the stored answer's body that are left.
  public var remainingByteCount: Int { cursor?.remainingByteCount ?? 0 }

  /// Whether the stored answer does not open any further: what was sent must not look whole.
  public var isTorn: Bool { cursor?.isTorn == true }

  /// Hands up to `byteCountMax` of the next bytes to `body`; how many.
  public mutating func send(
    byteCountMax: Int, _ body: (UnsafeRawBufferPointer) -> Void
  ) -> Int {
    let before = remainingByteCount
    var left = byteCountMax
    while left > 0, remainingByteCount > 0 {
      let count = remainingByteCount
      guard unsafe cursor?.withNext(byteCountMax: left, body) == true else { break }
      left -= count - remainingByteCount
    }
    return before - remainingByteCount
  }

  // MARK: Telling

  /// What the record of the exchange says of the cache.
  public var outcome: Outcome.CacheOutcome {
    Outcome.CacheOutcome(
      verdict: isRefresh ? (isRefreshed ? .refreshed : .notRefreshed) : verdict,
      detail: status.detail, bypass: status.bypass, hit: hit)
  }

  /// Whether a new answer is stored, or the old one was found good.
  public var isRefreshed: Bool { verdict == .stored || verdict == .confirmed }

  /// Says another thing, but not that the request waited for none.
  private mutating func tell(_ other: CacheStatus) {
    let isCollapsed = status.isCollapsed
    status = other
    status.isCollapsed = isCollapsed
  }
}

/// What a fetch for others holds: first the right to it, then the answer. Apart from `CacheUse`, so
/// that hits do not move its bytes.
private final class Fill {
  var permit: FillPermit?
  var response: StorableResponse?

  init(_ permit: consuming FillPermit) { self.permit = consume permit }

  var mayFetch: Bool { permit != nil }
  var hasResponse: Bool { response != nil }

  var isValidation: Bool {
    switch permit {
    case .some(let permit): permit.isValidation
    case nil: false
    }
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

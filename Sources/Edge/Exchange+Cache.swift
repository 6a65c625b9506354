internal import Base
internal import Cache
internal import HTTP
internal import Origins
internal import Proxy

/// What a request has to do with the cache: looking up, waiting for another one's answer, storing,
/// serving; and what a change ends.
extension Exchange {
  /// Whether the cache is asked for the answer.
  func usesCache() -> Bool {
    guard request.decision.cacheStep != nil, let port = worker.cache,
      let ruling = request.cacheRuling(snapshot)
    else { return false }
    let use = port.makeUse()
    cacheUse = use
    return port.begin(use, request, ruling, hasBody: hasRequestBody)
  }

  /// Asks the store; see `CacheStore.lookUp`.
  func lookUp() {
    guard let use = cacheUse, let port = worker.cache, let key = use.key, let facts = use.facts,
      let ruling = use.ruling
    else { return perform(machine.cacheMissed(mayStandIn: false)) }
    let mayWait = cachePatience.map { now < $0 } ?? true
    let waiter = mayWait ? port.makeWaiter() : nil
    switch port.store.lookUp(key, facts, ruling, waiter: waiter, at: now) {
    case .hit(let hit): found(hit, use)
    case .refresh(let hit, let permit):
      refresh(permit)
      found(hit, use)
    case .validate(let permit): fetch(permit, use)
    case .fill(let permit): fetch(permit, use)
    case .fetch(let reason):
      use.status = .forwarded(ForwardReason(reason))
      if use.status.forward == .miss { use.status.bypass = reason }
      perform(machine.cacheMissed(mayStandIn: false))
    case .unavailable: answer(.notStored)
    case .wait:
      let end = cachePatience ?? now.adding(milliseconds: CachePort.patienceMilliseconds)
      if let waiter { port.wait(waiter, self) }
      cacheWaiter = waiter
      cachePatience = end
      deadline = end
      perform(machine.cacheWaits())
    }
  }

  /// A stored answer was found, and may be served if it opens.
  private func found(_ hit: ServableHit, _ use: CacheUse) {
    let isCollapsed = use.status.isCollapsed
    guard use.found(hit, at: context.wallTime) else {
      reject(hit)
      use.status = .forwarded(.miss)
      use.status.bypass = .sealed
      return perform(machine.cacheMissed(mayStandIn: false))
    }
    use.status.isCollapsed = isCollapsed
    perform(machine.cacheHit())
  }

  /// A stored answer does not open: it goes, and the log hears of it unless its key was dropped.
  private func reject(_ hit: ServableHit) {
    if worker.cache?.store.reject(hit) == true { worker.log.sealBroken() }
  }

  /// The request fetches the answer for others, too.
  private func fetch(_ permit: consuming FillPermit, _ use: CacheUse) {
    let isValidation = permit.isValidation
    let isCollapsed = use.status.isCollapsed
    use.fetches(permit, &request)
    use.status.isCollapsed = isCollapsed
    perform(machine.cacheMissed(mayStandIn: isValidation))
  }

  // MARK: Waiting

  /// The answer that this request waited for is there, or will not be.
  func cacheReleased(_ next: Release.Next) {
    guard !isOver, cacheWaiter != nil else { return }
    cacheWaiter = nil
    deadline = .never
    cacheUse?.status.isCollapsed = next == .lookUp
    perform(machine.cacheReleased(looksUp: next == .lookUp))
  }

  /// Stops waiting.
  func leaveCache() {
    guard let waiter = cacheWaiter.take() else { return }
    worker.cache?.leave(waiter, cacheUse?.key)
  }

  // MARK: Fetching

  /// The request leaves for the origin of the machine's choice.
  func cacheDeparts() {
    if let use = cacheUse, use.permit != nil {
      let choice = request.decision.narrowed.choices[machine.choice]
      let isCopy = snapshot.topology.tier(of: choice.endpoint) != .primary
      let mayLag =
        isCopy
        && worker.cache?.store.changes.mayLackChange(
          lagMilliseconds: choice.lagMilliseconds, at: now) != false
      use.departs(&request, mayLag: mayLag, at: now)
    }
    if worker.cache != nil, request.mayChange { beginChange() }
  }

  /// Where the answer at hand comes from, as the store numbers it.
  private var cacheSource: RegionNumber? {
    outcome.endpoint.flatMap { snapshot.cacheRegion(of: snapshot.topology.region(of: $0)) }
  }

  /// Whether the origin's head answers our own question about a stored answer, so that it goes to
  /// nobody.
  func isConfirmation() -> Bool {
    guard heldHead.status == 304, let use = cacheUse, use.isValidating else { return false }
    if !hasOriginEnded { releaseOrigin(.succeeded) }
    request.forwardResponse(&heldHead)
    let isConfirmed = use.isConfirmed(
      by: heldHead, from: cacheSource, at: now, wall: context.wallTime)
    isHeadHeld = false
    hasOriginEnded = false
    if isConfirmed {
      perform(machine.cacheHit())
    } else {
      request.askUnconditionally()
      outcome.status = 0
      perform(machine.asksAgain())
    }
    return true
  }

  /// The origin's head, made fit for the client, is the answer: begins to store it, if it may be.
  func admitAnswer() {
    guard let use = cacheUse else { return }
    if request.head.method == .head {
      if let key = use.key { worker.cache?.store.headAnswered(key, heldHead, context.wallTime) }
      return
    }
    use.admit(
      heldHead, from: cacheSource, at: outcome.answeredAt ?? now, wall: context.wallTime)
  }

  /// Says what the cache had to do with an origin's answer.
  func appendCacheStatus() {
    if let cacheUse {
      cacheUse.status.append(to: &heldHead.fields)
    } else if snapshot.cacheSetting != nil {
      if request.mayBeStored {
        heldHead.fields.append("cache-status", "homeward; fwd=bypass")
      } else {
        heldHead.fields.append("cache-status", "homeward; fwd=method")
      }
    }
  }

  /// A stored answer for an origin that failed.
  func standIn() {
    let failedStatus = isHeadHeld ? heldHead.status : nil
    guard let use = cacheUse,
      use.standsIn(at: now, wall: context.wallTime, failedStatus: failedStatus)
    else { return perform(machine.cacheCannotStandIn()) }
    releaseOrigin(.failed)
    perform(machine.cacheHit())
  }

  /// The answer was sent, and is whole.
  func storeAnswer() {
    cacheUse?.finish(hasTrailers: heldTrailers != nil, at: now)
  }

  // MARK: Serving

  /// Sends the stored answer.
  func serveHit() {
    guard let use = cacheUse, let evidence = use.evidence else {
      preconditionFailure("no stored answer to serve")
    }
    let isHead = request.head.method == .head
    use.write(to: &heldHead, isHead: isHead)
    request.describeHit(&heldHead, evidence, snapshot)
    use.status.append(to: &heldHead.fields)
    outcome.status = heldHead.status
    outcome.answeredAt = now
    isResponding = true
    dropBody()
    let isEnd = use.remainingByteCount == 0
    clientCodec.sendResponse(clientStream, heldHead, isEnd: isEnd)
    context.flushLater(client)
    if isEnd { return finish(.complete) }
    sendHit(use)
  }

  /// Sends as much of the stored body as the client's queue takes.
  func sendHit(_ use: CacheUse) {
    let mark = snapshot.limits.http.sendHighMarkBytes
    let codec = clientCodec
    let stream = clientStream
    var queued = codec.queuedByteCount(stream)
    while use.remainingByteCount > 0, queued < mark {
      let before = use.remainingByteCount
      unsafe use.withNext(byteCountMax: mark - queued) { unsafe codec.send(stream, $0) }
      queued += before - use.remainingByteCount
      outcome.responseBytes += UInt64(before - use.remainingByteCount)
    }
    context.flushLater(client)
    guard use.remainingByteCount == 0 else {
      return touch(snapshot.timeouts.clientStallMilliseconds)
    }
    codec.finish(stream, trailers: nil)
    finish(.complete)
  }

  // MARK: Changes

  /// A request that may change something leaves: what it may change is served to nobody from here
  /// on, on any loop.
  private func beginChange() {
    if changedTags.isEmpty { changedTags = request.changedTags(snapshot) }
    bumpChangedTags()
  }

  /// The change was answered, or nobody knows what became of it: whatever was fetched meanwhile may
  /// lack it. Before the client hears.
  func endChange() {
    guard !changedTags.isEmpty, let store = worker.cache?.store else { return }
    bumpChangedTags()
    if request.changesKept(snapshot) { store.changes.changed(at: now) }
  }

  /// The origin answered a change.
  func changeAnswered() {
    guard !changedTags.isEmpty else { return }
    changedTags += request.changedTargets(heldHead)
    endChange()
  }

  private func bumpChangedTags() {
    guard let generations = worker.cache?.store.generations else { return }
    for tag in changedTags { generations.bump(tag) }
  }

  // MARK: The end

  /// The exchange is over, or its answer is another one: nothing of the cache is left.
  func forgetCache() {
    if !changedTags.isEmpty {
      endChange()
      changedTags = []
    }
    leaveCache()
    cachePatience = nil
    guard let use = cacheUse.take() else { return }
    outcome.cache = use.outcome
    if use.isRefresh { refreshEnded(use) }
    worker.cache?.reuse(use)
  }
}

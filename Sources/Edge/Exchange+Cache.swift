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
    cacheUse = port.begin(request, ruling, hasBody: upload.hasBody)
    return cacheUse?.key != nil
  }

  /// Asks the store; see `CacheStore.lookUp`.
  func lookUp() {
    let mayWait = cachePatience.map { now < $0 } ?? true
    let waiter = mayWait ? worker.cache?.makeWaiter() : nil
    guard let port = worker.cache,
      let found = cacheUse?.lookUp(in: port.store, waiter: waiter, at: now)
    else { return perform(machine.cacheMissed(mayStandIn: false)) }
    switch consume found {
    case .hit(let hit): self.found(hit)
    case .refresh(let hit, let permit):
      refresh(permit)
      self.found(hit)
    case .validate(let permit): fetch(permit)
    case .fill(let permit): fetch(permit)
    case .fetch(let reason):
      cacheUse?.passes(for: reason)
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
  private func found(_ hit: ServableHit) {
    guard cacheUse?.found(hit, at: context.wallTime) == true else {
      reject(hit)
      cacheUse?.isBroken()
      return perform(machine.cacheMissed(mayStandIn: false))
    }
    perform(machine.cacheHit())
  }

  /// A stored answer does not open: it goes, and the log hears of it unless its key was dropped.
  private func reject(_ hit: ServableHit) {
    if worker.cache?.store.reject(hit) == true { worker.log.sealBroken() }
  }

  /// The request fetches the answer for others, too.
  private func fetch(_ permit: consuming FillPermit) {
    let isValidation = permit.isValidation
    cacheUse?.fetches(permit, &request)
    perform(machine.cacheMissed(mayStandIn: isValidation))
  }

  // MARK: Waiting

  /// The answer that this request waited for is there, or will not be.
  func cacheReleased(_ next: Release.Next) {
    guard !isOver, cacheWaiter != nil else { return }
    cacheWaiter = nil
    deadline = .never
    // Whoever waited for the disk waited for no other request.
    if next != .loaded { cacheUse?.waited(isAnswered: next == .lookUp) }
    perform(machine.cacheReleased(looksUp: next != .fetch))
  }

  /// Stops waiting.
  func leaveCache() {
    guard let waiter = cacheWaiter.take() else { return }
    worker.cache?.leave(waiter, cacheUse?.key)
  }

  // MARK: Fetching

  /// The request leaves for the origin of the machine's choice.
  func cacheDeparts() {
    if cacheUse?.isFetching == true {
      let doubt = request.cacheDoubt(choice: machine.choice, snapshot)
      cacheUse?.departs(&request, doubt: doubt, at: now)
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
    guard held.head.status == 304, cacheUse?.isValidating == true else { return false }
    if !held.isComplete { releaseOrigin(.succeeded) }
    request.forwardResponse(&held.head)
    let isConfirmed = cacheUse?.isConfirmed(
      by: held.head, from: cacheSource, at: now, wall: context.wallTime)
    held.hasHead = false
    held.isComplete = false
    if isConfirmed == true {
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
    if request.head.method == .head {
      guard let key = cacheUse?.key else { return }
      worker.cache?.store.headAnswered(key, held.head, context.wallTime)
      return
    }
    cacheUse?.admit(
      held.head, from: cacheSource, at: outcome.answeredAt ?? now, wall: context.wallTime)
  }

  /// Says what the cache had to do with an origin's answer.
  func appendCacheStatus() {
    if let status = cacheUse?.status {
      status.append(to: &held.head.fields)
    } else if snapshot.cacheSetting != nil {
      if request.mayBeStored {
        held.head.fields.append("cache-status", "homeward; fwd=bypass")
      } else {
        held.head.fields.append("cache-status", "homeward; fwd=method")
      }
    }
  }

  /// A stored answer for an origin that failed.
  func standIn() {
    let failedStatus = held.hasHead ? held.head.status : nil
    guard
      cacheUse?.standsIn(at: now, wall: context.wallTime, failedStatus: failedStatus) == true
    else { return perform(machine.cacheCannotStandIn()) }
    releaseOrigin(.failed)
    perform(machine.cacheHit())
  }

  /// The answer was sent, and is whole.
  func storeAnswer() {
    cacheUse?.finish(hasTrailers: held.trailers != nil, at: now)
  }

  // MARK: Serving

  /// Sends the stored answer.
  func serveHit() {
    // A refresh is over when it is confirmed: nobody drains what nobody is sent.
    let isEnd = cacheUse?.serve(to: &held.head, of: request, snapshot) != false || isRefresh
    outcome.status = held.head.status
    outcome.answeredAt = now
    isResponding = true
    dropBody()
    clientCodec.sendResponse(clientStream, held.head, isEnd: isEnd)
    context.flushLater(client)
    if isEnd { finish(.complete) } else { sendHit() }
  }

  /// Sends as much of the stored body as the client's queue takes.
  func sendHit() {
    let codec = clientCodec
    let stream = clientStream
    let room = snapshot.limits.http.sendHighMarkBytes - codec.queuedByteCount(stream)
    let sent = unsafe cacheUse?.send(byteCountMax: room) { unsafe codec.send(stream, $0) }
    outcome.responseBytes += UInt64(sent ?? 0)
    if cacheUse?.isTorn == true { return tearHit() }
    context.flushLater(client)
    guard !isSendingHit else { return touch(snapshot.timeouts.clientStallMilliseconds) }
    codec.finish(stream, trailers: nil)
    finish(.complete)
  }

  /// The rest of the stored answer does not open: what the client has must not look complete.
  private func tearHit() {
    if let hit = cacheUse?.outcome.hit { reject(hit) }
    context.resetLater(client, clientStream)
    finish(.originAborted)
  }

  /// Whether a part of the stored body is still to be sent.
  var isSendingHit: Bool { (cacheUse?.remainingByteCount ?? 0) > 0 }

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
    // First: who decides behind the bump sees how new the change is.
    if request.changesKept(snapshot) { store.changes.changed(at: now) }
    bumpChangedTags()
  }

  /// The origin answered a change.
  func changeAnswered() {
    guard !changedTags.isEmpty else { return }
    changedTags += request.changedTargets(held.head)
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
    guard cacheUse != nil else { return }
    outcome.cache = cacheUse?.outcome
    if cacheUse?.isRefresh == true { refreshEnded() }
    cacheUse = nil
  }
}

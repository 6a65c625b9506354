internal import Base
internal import HTTP
internal import Origins
internal import Proxy

/// Reads that are sent to a second server because the first one takes longer than it usually does.
///
/// The first good head wins, and the other copy is cancelled before a byte of it moves on:
/// INVARIANT (one answer). A copy goes to another server of the plan's same step only: the same
/// region, the same tier, the same bound of staleness. So a write, or a read that must go to the
/// primary, never has one.
extension Exchange {
  /// The request is whole at the origin: from when on it may be sent to another one, too.
  func planHedge() {
    hedgeAt = .never
    guard hedge == nil, !isFilling, request.head.method.isSafe,
      outcome.requestBytes == 0, let latency = machine.tryClass, latency != .bulk,
      request.decision.hasPeer(ofChoice: machine.choice), let endpoint = outcome.endpoint,
      let delay = generation.loads.hedgeMicroseconds(endpoint)
    else { return }
    hedgeAt = Instant(nanoseconds: now.nanoseconds + delay * 1000)
  }

  /// Whether the answer is to be stored: its age is reckoned by the server that was asked first.
  private var isFilling: Bool { cacheUse?.isFetching ?? false }

  /// The first server takes longer than it usually does: asks the next one, if that is well and the
  /// budget lasts.
  func sendHedge() {
    hedgeAt = .never
    guard !isOver, hedge == nil, origin != nil, !held.hasHead, machine.tryClass != nil,
      request.decision.hasPeer(ofChoice: machine.choice)
    else { return }
    let choice = machine.choice + 1
    let endpoint = request.decision.endpoint(ofChoice: choice)
    guard !generation.loads.isAvoided(endpoint, at: now),
      generation.health.statuses[Int(endpoint.index)].reach.isFit, worker.mayHedge(),
      generation.loads.take(endpoint, machine.latency)
    else { return }
    let hedge = Hedge(
      choice: choice, endpoint: endpoint, pool: generation.pools[Int(endpoint.index)])
    self.hedge = hedge
    outcome.isHedged = true
    outcome.attemptCount += 1
    hedge.pool.acquire(self, requiresFresh: false)
  }

  /// A connection is ready for the second copy.
  func hedgeAcquired(_ hedge: Hedge, _ connection: OriginConnection) {
    guard let stream = connection.open(self, isEnd: true) else { return forgetHedge(hedge) }
    hedge.connection = connection
    hedge.stream = stream
    hedge.sentAt = now
    generation.loads.started(hedge.endpoint)
  }

  /// The second server answered: its answer is the one, unless it says that it cannot.
  func hedgeAnswered(_ hedge: Hedge, _ codec: any ClientCodec, isEnd: Bool) {
    var head = codec.takeResponse(hedge.stream)
    if Self.isOtherWanted(head.status) {
      guard isEnd, let connection = hedge.connection else { return dropHedge(.failed) }
      generation.loads.failed(hedge.endpoint, at: now)
      connection.complete(hedge.stream)
      return forgetHedge(hedge)
    }
    releaseFirst(.overtaken)
    adopt(hedge)
    swap(&held.head, &head)
    answered(isEnd: isEnd)
  }

  /// The first server answered while a second copy is on its way. True when the second one is what
  /// is left, for the answer says that another server may do better.
  func prefersHedge(isEnd: Bool) -> Bool {
    guard hedge?.connection != nil, Self.isOtherWanted(held.head.status) else {
      dropHedge(.abandoned)
      return false
    }
    outcome.status = held.head.status
    if noteOverload() == nil, isGatewayFault, let endpoint = outcome.endpoint {
      worker.requestFailed(snapshot.topology[endpoint], .gatewayStatus)
    }
    if isEnd { detachOrigin() }
    return hedgeTakesOver(.failed)
  }

  /// Whether a status says that another server may do better.
  private static func isOtherWanted(_ status: UInt16) -> Bool {
    status == 429 || (502...504).contains(status)
  }

  /// The first server failed or is too slow: the second copy is what is left. False when there is
  /// none on its way.
  func hedgeTakesOver(_ verdict: LoadVerdict) -> Bool {
    guard let hedge, hedge.connection != nil else {
      dropHedge(.abandoned)
      return false
    }
    releaseFirst(verdict)
    adopt(hedge)
    awaitAnswer()
    return true
  }

  /// The second copy's stream ended early; the first one goes on.
  private func hedgeFailed(_ hedge: Hedge, _ fault: StreamFault) {
    generation.loads.failed(hedge.endpoint, at: now)
    if fault != .neverProcessed, fault != .refused {
      worker.requestFailed(snapshot.topology[hedge.endpoint], .reset)
    }
    forgetHedge(hedge)
  }

  /// A stream of this exchange on `connection` ended early.
  func originFailed(_ fault: StreamFault, on connection: OriginConnection) {
    if let hedge, hedge.connection === connection {
      hedgeFailed(hedge, fault)
    } else {
      originFailed(fault)
    }
  }

  /// Cancels the second copy, wherever it is.
  func dropHedge(_ verdict: LoadVerdict) {
    hedgeAt = .never
    guard let hedge else { return }
    self.hedge = nil
    generation.loads.giveBack(hedge.endpoint, machine.latency)
    guard let connection = hedge.connection else { return hedge.pool.cancel(self) }
    switch verdict {
    case .failed: generation.loads.failed(hedge.endpoint, at: now)
    case .succeeded, .abandoned, .overtaken: generation.loads.abandoned(hedge.endpoint)
    }
    connection.abandon(hedge.stream)
  }

  /// There is no second copy any more, and nothing of it to cancel.
  func forgetHedge(_ hedge: Hedge) {
    self.hedge = nil
    generation.loads.giveBack(hedge.endpoint, machine.latency)
  }

  /// Lets go of the first copy.
  private func releaseFirst(_ verdict: LoadVerdict) {
    held.forget()
    givePlaceBack()
    guard let origin else { return }
    self.origin = nil
    settleLoad(verdict)
    origin.abandon(originStream)
  }

  /// The second copy is the request from here on.
  private func adopt(_ hedge: Hedge) {
    self.hedge = nil
    machine.moved(to: hedge.choice)
    origin = hedge.connection
    originStream = hedge.stream
    place = hedge.endpoint
    isOverloaded = false
    outcome.endpoint = hedge.endpoint
    outcome.connectedAt = hedge.sentAt
  }
}

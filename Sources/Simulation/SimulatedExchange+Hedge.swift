internal import Base
internal import HTTP
internal import Origins
internal import Proxy

/// A second copy of a read, on its way to another server of the same step.
final class SimulatedHedge {
  /// The choice that it asks, and its place among the choices.
  let choice: Choice
  let index: Int
  let pool: SimulatedPool
  /// The connection that carries it, its stream there, and when it was sent.
  var wire: Wire?
  var stream = 0
  var sentAt = Instant(nanoseconds: 0)

  /// A copy that waits for a connection.
  init(_ choice: Choice, index: Int, pool: SimulatedPool) {
    self.choice = choice
    self.index = index
    self.pool = pool
  }
}

/// Reads that are sent to a second server because the first one takes longer than it usually does:
/// stands for `Edge/Exchange+Hedge`.
extension SimulatedExchange {
  /// The request is at the origin: from when on it may be sent to another one, too.
  func planHedge() {
    hedgeAt = .never
    if mutant == .hedgesWrites, request.kind == .update, hedge == nil { hedgeAt = now }
    guard hedge == nil, request.head.method.isSafe, let latency = machine.tryClass,
      latency != .bulk, decision.hasPeer(ofChoice: machine.choice), let endpoint,
      let delay = edge.loads.hedgeMicroseconds(endpoint)
    else { return }
    hedgeAt = Instant(nanoseconds: now.nanoseconds + delay * 1000)
  }

  /// The first server takes longer than it usually does: asks the next one, if that is well and
  /// the budget lasts.
  func sendHedge() {
    hedgeAt = .never
    let isWrong = mutant == .hedgesWrites && request.kind == .update
    guard !isOver, hedge == nil, wire != nil, heldAnswer == nil,
      isWrong || machine.tryClass != nil && decision.hasPeer(ofChoice: machine.choice)
    else { return }
    let index = isWrong ? machine.choice : machine.choice + 1
    let choice = edge.hedged(choices[index])
    guard !edge.loads.isAvoided(choice.endpoint, at: now),
      edge.health[choice.endpoint].reach.isFit, edge.mayHedge(),
      edge.loads.take(choice.endpoint, machine.latency)
    else { return }
    edge.world.checker.hedged(request, choices[machine.choice], choice, at: edge)
    let hedge = SimulatedHedge(
      choice, index: index, pool: edge.pools[Int(choice.endpoint.index)])
    self.hedge = hedge
    hedge.pool.acquire(self, requiresFresh: false)
  }

  /// A connection is ready for the second copy.
  func hedgeAcquired(_ hedge: SimulatedHedge, _ wire: Wire) {
    guard wire.isOpen, !wire.isGoingAway else {
      forgetHedge(hedge)
      return edge.release(wire)
    }
    hedge.wire = wire
    hedge.sentAt = now
    edge.loads.started(hedge.choice.endpoint)
    hedge.stream = send(hedge.choice, on: wire)
  }

  /// The second server answered: its answer is the one, unless it says that it cannot.
  func hedgeAnswered(_ hedge: SimulatedHedge, _ answer: Answer, isEnd: Bool) {
    if Self.isOtherWanted(answer.status) {
      guard isEnd else { return dropHedge(.failed) }
      edge.loads.failed(hedge.choice.endpoint, at: now)
      return forgetHedge(hedge)
    }
    if mutant == .answersTwice {
      edge.world.clients.receive(request, answer, isMarkedStale: false, token: nil)
      return dropHedge(.abandoned)
    }
    releaseFirst(.overtaken)
    adopt(hedge)
    answered(answer, isEnd: isEnd)
  }

  /// The first server answered while a second copy is on its way. True when the second one is what
  /// is left, for the answer says that another server may do better.
  func prefersHedge(_ answer: Answer, isEnd: Bool) -> Bool {
    guard hedge?.wire != nil, Self.isOtherWanted(answer.status) else {
      dropHedge(.abandoned)
      return false
    }
    status = answer.status
    if noteOverload(answer) == nil, isGatewayFault, let endpoint {
      edge.requestFailed(endpoint, .gatewayStatus)
    }
    if isEnd { detachOrigin() }
    return hedgeTakesOver(.failed)
  }

  private static func isOtherWanted(_ status: UInt16) -> Bool {
    status == 429 || (502...504).contains(status)
  }

  /// The first server failed or is too slow: the second copy is what is left. False when there is
  /// none on its way.
  func hedgeTakesOver(_ verdict: Verdict) -> Bool {
    guard let hedge, hedge.wire != nil else {
      dropHedge(.abandoned)
      return false
    }
    releaseFirst(verdict)
    adopt(hedge)
    awaitAnswer()
    return true
  }

  /// The second copy's stream ended early; the first one goes on.
  func hedgeFailed(_ hedge: SimulatedHedge, _ fault: StreamFault) {
    edge.loads.failed(hedge.choice.endpoint, at: now)
    if fault != .neverProcessed, fault != .refused {
      edge.requestFailed(hedge.choice.endpoint, .reset)
    }
    forgetHedge(hedge)
  }

  /// Cancels the second copy, wherever it is.
  func dropHedge(_ verdict: Verdict) {
    hedgeAt = .never
    guard let hedge else { return }
    self.hedge = nil
    edge.loads.giveBack(hedge.choice.endpoint, machine.latency)
    guard let wire = hedge.wire else { return hedge.pool.cancel(self) }
    if verdict == .failed {
      edge.loads.failed(hedge.choice.endpoint, at: now)
    } else {
      edge.loads.abandoned(hedge.choice.endpoint)
    }
    abandon(wire, hedge.stream)
  }

  /// There is no second copy any more, and nothing of it to cancel.
  func forgetHedge(_ hedge: SimulatedHedge) {
    self.hedge = nil
    edge.loads.giveBack(hedge.choice.endpoint, machine.latency)
  }

  private func releaseFirst(_ verdict: Verdict) {
    heldAnswer = nil
    heldParts = []
    hasOriginEnded = false
    if mutant == .forgetsLosers {
      wire = nil
      return
    }
    givePlaceBack()
    guard let wire else { return }
    self.wire = nil
    settleLoad(verdict)
    abandon(wire, stream)
  }

  /// The second copy is the request from here on.
  private func adopt(_ hedge: SimulatedHedge) {
    self.hedge = nil
    machine.moved(to: hedge.index)
    wire = hedge.wire
    stream = hedge.stream
    place = hedge.choice.endpoint
    isOverloaded = false
    endpoint = hedge.choice.endpoint
    connectedAt = hedge.sentAt
  }
}

extension SimulatedEdge {
  /// Whether a read may be sent twice now; see `Worker.mayHedge`.
  func mayHedge() -> Bool {
    if world.options.mutant == .hedgesFreely { return true }
    return hedges.withdraw(requestCount: judge.budget.requestCount(at: now), at: now)
  }
}

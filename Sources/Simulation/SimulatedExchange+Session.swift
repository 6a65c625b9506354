internal import Base
internal import HTTP
internal import Native
internal import Origins
internal import Proxy

/// What a client's session has seen: stands for `Edge/Exchange+Session`.
extension SimulatedExchange {
  /// How long a read waits, once, for a newer sample of copies that are behind its session.
  private static let sampleMilliseconds: UInt64 = 50

  /// Waits for newer health where all copies are behind and no primary may serve.
  func awaitsSample() -> Bool {
    guard decision.session.isBehind, decision.refusal == .unavailable, !write.hasAwaitedSample
    else { return false }
    edge.sampleWaiters.append(self)
    write.isHeld = true
    write.awaitsSample = true
    touch(Self.sampleMilliseconds)
    return true
  }

  /// Newer health is there, or did not come in time.
  func sampleCame(isNew: Bool) {
    guard write.awaitsSample, !isOver else { return }
    write.isHeld = false
    write.awaitsSample = false
    write.hasAwaitedSample = true
    deadline = .never
    if isNew { judgeAgain() }
    start()
  }

  /// Refuses to hand on an answer that is older than what its session has seen.
  func refusesOlderAnswer(_ answer: Answer) -> Bool {
    guard let judged = judged(answer),
      judged.isBehindSession(
        told(answer).toldMark, choice: machine.choice, edge.health, edge.snapshot)
    else { return false }
    releaseOrigin(.succeeded)
    self.answer(.unavailable)
    return true
  }

  /// The request as the edge's own code knows it; nil where a mutant's choices are not the
  /// decision's.
  private func judged(_ answer: Answer) -> JudgedRequest? {
    guard request.session != nil, machine.choice < decision.narrowed.choices.count else {
      return nil
    }
    var judged = JudgedRequest(head: request.head, client: request.client)
    judged.decision = decision
    return judged
  }

  /// What the origin's head says of its log.
  private func told(_ answer: Answer) -> ResponseHead {
    var head = ResponseHead()
    head.status = answer.status
    head.fields.append("ehr-epoch", String(answer.epoch))
    head.fields.append("ehr-position", String(answer.position))
    return head
  }

  /// The token that the client gets with an answer, made by the edge's own code; nil for none.
  func sessionToken(_ answer: Answer) -> String? {
    guard let sealer = edge.decider.sessions, let judged = judged(answer),
      judged.takesPartInSession(answer.status)
    else { return nil }
    var head = told(answer)
    judged.appendSession(
      head.toldMark, to: &head, choice: machine.choice, sealer, nonce: edge.world.nextNonce(),
      at: edge.wallTime, edge.snapshot)
    return head.fields.value(named: "ehr-session")
  }
}

extension SimulatedEdge {
  /// Newer health is there; see `Worker.releaseSampleWaiters`.
  func releaseSampleWaiters() {
    guard !sampleWaiters.isEmpty else { return }
    let waiters = sampleWaiters
    sampleWaiters = []
    for exchange in waiters { exchange.sampleCame(isNew: true) }
  }
}

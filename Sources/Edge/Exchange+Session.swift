internal import Base
internal import HTTP
internal import Native
internal import Origins
internal import Proxy

/// What a client's session has seen: reads that wait for a copy to catch up, and the token of an
/// answer.
extension Exchange {
  /// How long a read waits, once, for a newer sample of copies that are behind its session.
  private static let sampleMilliseconds: UInt64 = 50

  /// Waits for newer health where all copies are behind and no primary may serve; false when there
  /// is no reason to, or no more time.
  func awaitsSample() -> Bool {
    guard request.decision.session.isBehind, request.decision.refusal == .unavailable,
      !write.hasAwaitedSample, worker.awaitsSample(self)
    else { return false }
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
    if isNew { worker.decideAgain(self) }
    start(hasRoom: true)
  }

  /// Refuses to hand on an answer that is older than what its session has seen; false when it is
  /// not. Nobody is told that it is the record as it stands: the next look at the servers decides.
  func refusesOlderAnswer() -> Bool {
    guard
      request.isBehindSession(
        held.head.toldMark, choice: machine.choice, generation.health, snapshot)
    else { return false }
    releaseOrigin(.succeeded)
    answer(.unavailable)
    return true
  }

  /// What the origin's head, as it came, tells a session; nil when nobody asks.
  var toldMark: SessionMark? {
    guard worker.sessions != nil, request.takesPartInSession(held.head.status) else { return nil }
    return held.head.toldMark
  }

  /// Gives the client a token with its answer.
  func tellSession(_ told: SessionMark?) {
    guard let sealer = worker.sessions, request.takesPartInSession(held.head.status) else { return }
    request.appendSession(
      told, to: &held.head, choice: machine.choice, sealer, nonce: .random(), at: context.wallTime,
      snapshot)
  }
}

extension Worker {
  /// Reads that wait for newer health at once: more is an overload, and they are told so.
  private static let sampleWaitersMax = 1_000

  /// Lets a read wait for newer health; false when too many do.
  func awaitsSample(_ exchange: Exchange) -> Bool {
    guard sampleWaiters.count < Self.sampleWaitersMax else { return false }
    sampleWaiters.append(exchange)
    return true
  }

  /// Newer health is there.
  func releaseSampleWaiters() {
    guard !sampleWaiters.isEmpty else { return }
    let waiters = sampleWaiters
    sampleWaiters = []
    for exchange in waiters { exchange.sampleCame(isNew: true) }
  }

  /// Says how often session tokens were taken for none.
  func reportSessionFaults() {
    guard let faults = sessions?.takeFaults() else { return }
    log.sessionsIgnored(faults.map { ($0.0.rawValue, $0.1) })
  }
}

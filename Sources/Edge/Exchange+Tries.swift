internal import Base
internal import Origins
internal import Proxy

/// Attempts that end because another choice may answer sooner.
///
/// Only reads are tried elsewhere, only when the request can be sent again, and only while the
/// retry budget lasts: whoever is asked last has the whole time, so that nothing is refused that
/// would have been answered late.
extension Exchange {
  /// Whether the next bytes of the request are the client's to send: no origin is to blame then.
  var isClientsTurn: Bool { !upload.isEnded && upload.debt == 0 }

  /// Sets the deadline of whoever's turn it is while the request is on its way.
  func awaitNext() {
    if write.isHeld {
      // A write that waits has its own deadline.
    } else if isClientsTurn {
      touch(snapshot.timeouts.clientStallMilliseconds)
    } else if upload.debt > 0 {
      touch(snapshot.timeouts.originStallMilliseconds)
    } else {
      awaitAnswer()
    }
  }

  /// The request is whole at the origin: sets the time for the first byte of the answer.
  func awaitAnswer() {
    planHedge()
    let timeouts = snapshot.timeouts
    guard !held.hasHead, let patience = machine.tryClass.map(timeouts.tryMilliseconds),
      patience < timeouts.firstByteMilliseconds,
      request.decision.isNextAsGood(afterChoice: machine.choice)
    else { return touch(timeouts.firstByteMilliseconds) }
    touch(patience)
    isTrying = true
  }

  /// The attempt's time is over: another choice is asked, or the origin has the rest of the
  /// ordinary time.
  func attemptTimedOut() {
    leaveSilentConnection()
    if hedgeTakesOver(.failed) { return }
    let timeouts = snapshot.timeouts
    let spent = machine.tryClass.map(timeouts.tryMilliseconds) ?? 0
    touch(timeouts.firstByteMilliseconds - min(spent, timeouts.firstByteMilliseconds))
    moveOn(.slow)
  }

  /// Health changed: a read that waits for an endpoint which is dead is asked for elsewhere.
  func healthChanged() {
    guard !isOver, origin != nil, !held.hasHead, let endpoint = outcome.endpoint,
      generation.health.statuses[Int(endpoint.index)].reach == .down
    else { return }
    if !hedgeTakesOver(.failed) { moveOn(nil) }
  }

  /// Whether an endpoint is known to be dead, and nobody ordered it in: what was decided before it
  /// died, and waited, need not find that out once more.
  func isDead(_ endpoint: EndpointID) -> Bool {
    generation.health.isDead(endpoint)
  }

  /// Nothing came on the connection since the request left: it may be open on our side only, and
  /// takes no other request. What else is under way there goes on.
  func leaveSilentConnection() {
    guard let origin, let since = outcome.connectedAt, origin.receivedAt <= since else { return }
    origin.pool.goAway(origin)
  }

  /// Asks the next choice, if the machine grants it; tells the prober why.
  private func moveOn(_ failure: RequestFailure?) {
    let action = machine.tryTimedOut(isReplayable: isReplayable, judge: &worker.judge, at: now)
    guard let action else { return }
    if let failure, let endpoint = outcome.endpoint {
      worker.requestFailed(snapshot.topology[endpoint], failure)
    }
    perform(action)
  }
}

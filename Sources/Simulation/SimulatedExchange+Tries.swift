internal import Base
internal import Origins
internal import Proxy

/// Attempts that end because another choice may answer sooner: stands for `Edge/Exchange+Tries`.
extension SimulatedExchange {
  /// The request is at the origin: sets the time for the first byte of the answer.
  func awaitAnswer() {
    planHedge()
    let timeouts = edge.snapshot.timeouts
    guard heldAnswer == nil, let patience = machine.tryClass.map(timeouts.tryMilliseconds),
      patience < timeouts.firstByteMilliseconds,
      decision.isNextAsGood(afterChoice: machine.choice)
    else { return touch(timeouts.firstByteMilliseconds) }
    touch(patience)
    isTrying = true
  }

  /// The attempt's time is over: another choice is asked, or the origin has the rest.
  func attemptTimedOut() {
    if hedgeTakesOver(.failed) { return }
    let timeouts = edge.snapshot.timeouts
    let spent = machine.tryClass.map(timeouts.tryMilliseconds) ?? 0
    touch(timeouts.firstByteMilliseconds - min(spent, timeouts.firstByteMilliseconds))
    moveOn(.slow)
  }

  /// Health changed: a read that waits for an endpoint which is dead is asked for elsewhere.
  func healthChanged() {
    guard !isOver, wire != nil, heldAnswer == nil, let endpoint,
      edge.health[endpoint].reach == .down
    else { return }
    if !hedgeTakesOver(.failed) { moveOn(nil) }
  }

  private func moveOn(_ failure: RequestFailure?) {
    let action = machine.tryTimedOut(isReplayable: true, judge: &edge.judge, at: now)
    guard let action else { return }
    if let failure, let endpoint { edge.requestFailed(endpoint, failure) }
    perform(action)
  }
}

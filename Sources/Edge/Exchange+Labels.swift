internal import Base
internal import HTTP
internal import Proxy

/// An answer that is read for its labels before it goes to the client.
extension Exchange {
  /// How often one request may be asked anew, for its answers say more and more.
  static let reconsiderationsMax = 3

  /// Begins to read the answer whose head is held; false when it may go as it comes.
  func readsAnswer() -> Bool {
    guard held.hasHead, !(held.isComplete && held.body.isEmpty),
      let gate = request.labelGate(held.head, snapshot)
    else { return false }
    held.gate = gate
    let step = unsafe held.body.withReadable { bytes in unsafe read(bytes, by: gate) }
    follow(step, by: gate)
    if held.isComplete, held.gate === gate, !isOver { answerEnded(by: gate) }
    return true
  }

  /// The next piece of an answer that is held back; it stands in `held.body` already.
  func answerReceived(_ bytes: UnsafeRawBufferPointer, by gate: LabelGate) {
    follow(unsafe read(bytes, by: gate), by: gate)
  }

  /// The next piece of an answer that is on its way to the client: whether it may follow.
  func passes(_ bytes: UnsafeRawBufferPointer, by gate: LabelGate) -> Bool {
    let step = unsafe read(bytes, by: gate)
    outcome.finding = gate.finding
    if step != .stop { return true }
    stopAnswer()
    return false
  }

  /// The answer is complete.
  func answerEnded(by gate: LabelGate) {
    let step = gate.ended { request.permits($0, choice: machine.choice, snapshot) }
    guard isResponding else { return follow(step, by: gate) }
    outcome.finding = gate.finding
    if step == .stop { stopAnswer() } else { finishResponse() }
  }

  private func read(_ bytes: UnsafeRawBufferPointer, by gate: LabelGate) -> LabelGate.Step {
    unsafe gate.received(bytes) { request.permits($0, choice: machine.choice, snapshot) }
  }

  /// Does what the gate says about what is held.
  private func follow(_ step: LabelGate.Step, by gate: LabelGate) {
    outcome.finding = gate.finding
    switch step {
    case .pass: releaseHead()
    case .stop: withhold(gate.finding)
    case .hold:
      guard held.debt > 0, let origin, let codec = origin.codec else { return }
      guard worker.hold(held.debt) else {
        gate.release()
        return releaseHead()
      }
      codec.consumed(originStream, byteCount: held.debt)
      held.creditedByteCount += held.debt
      held.debt = 0
      context.pumpLater(origin)
    }
  }

  /// Nothing of the answer is held any more.
  func letGoAnswer() {
    guard held.creditedByteCount > 0 else { return }
    worker.letGo(held.creditedByteCount)
    held.creditedByteCount = 0
  }

  /// The client has some of the answer, and may have no more: it must not look complete.
  private func stopAnswer() {
    releaseOrigin(.abandoned)
    context.resetLater(client, clientStream)
    finish(.withheld)
  }

  /// None of the answer has left the edge. The policy decides once more, by what was found: a read
  /// may be asked for elsewhere. Both decisions are recorded, and the first one's end.
  private func withhold(_ finding: LabelFinding?) {
    guard let finding else { return }
    let mayAskAgain =
      request.machineRequest.method.isSafe && isReplayable
      && reconsiderationCount < Self.reconsiderationsMax
    outcome.end = .withheld
    outcome.endedAt = now
    outcome.status = 0
    outcome.responseBytes = 0
    worker.recordOutcome(of: self)
    releaseOrigin(.abandoned)
    reconsiderationCount += 1
    outcome = outcome.next(at: now)
    outcome.finding = finding
    worker.reconsider(self, finding, mayAskAgain: mayAskAgain)
    write.isRecorded = false
    machine = ExchangeMachine()
    if mayAskAgain, awaitsAuthority() { return }
    start(hasRoom: true)
  }
}

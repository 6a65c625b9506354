internal import Audit
internal import Base
internal import HTTP
internal import Origins
internal import Policy
internal import Proxy

/// One request under way: stands for `Edge/Exchange` and `Edge/Exchange+Origin`, without bodies of
/// requests, labels and backpressure. Does what the real `ExchangeMachine` says.
final class SimulatedExchange {
  let edge: SimulatedEdge
  let request: ClientRequest
  var decision: Decision
  var machine = ExchangeMachine()
  private var recordSequence: UInt64?
  /// The connection in use, and the stream on it.
  var wire: Wire?
  var stream = 0
  private(set) var waitingIn: SimulatedPool?
  /// A second copy of a read on its way, and from when on there may be one.
  var hedge: SimulatedHedge?
  var hedgeAt = Instant.never
  var endpoint: EndpointID?
  private(set) var choices: [Choice] = []
  /// What there is to know of a write.
  var write = Write()
  /// The endpoint where it has a place; see `EndpointLoads.take`.
  var place: EndpointID?
  /// Whether the endpoint said that it has too much to do.
  var isOverloaded = false
  /// The origin's last status.
  var status: UInt16 = 0
  var connectedAt: Instant?
  var heldAnswer: Answer?
  var heldParts: [(Answer, Int)] = []
  var hasOriginEnded = false
  private var isResponding = false
  private(set) var isOver = false
  /// When to give up waiting for the next event.
  var deadline = Instant.never
  /// Whether that is the end of an attempt that another one may follow.
  var isTrying = false

  /// An exchange that has not begun.
  init(_ request: ClientRequest, edge: SimulatedEdge) {
    self.request = request
    self.edge = edge
    decision = Decision(client: request.client)
  }

  var now: Instant { edge.now }
  var mutant: Mutant? { edge.world.options.mutant }

  // MARK: The decision; see `Exchange.decide`

  /// Decides, and starts unless the write has to wait.
  func begin() {
    edge.decider.decide(
      mutant == .ignoresSessions ? request.plainHead : request.head, snapshot: edge.snapshot,
      health: edge.health, loads: edge.loads, now: now, time: edge.wallTime, into: &decision)
    if mutant == .hidesLostTails, decision.refusal == .lostTail {
      decision = Decision(client: request.client)
      edge.decider.decide(
        request.plainHead, snapshot: edge.snapshot, health: edge.health, loads: edge.loads,
        now: now, time: edge.wallTime, into: &decision)
    }
    decided()
    if !awaitsAuthority(), !awaitsSample() { start() }
  }

  /// Decides once more, since the authority is where it shall be.
  func decideAgain() {
    judgeAgain()
    if awaitsAuthority() { return }
    machine = ExchangeMachine()
    start()
  }

  /// Decides with what is known now.
  func judgeAgain() {
    edge.decider.decideAgain(
      request.head, snapshot: edge.snapshot, health: edge.health, loads: edge.loads, now: now,
      time: edge.wallTime, into: &decision)
    decided()
  }

  private func decided() {
    edge.world.trace.note(
      "decide", request.number, decision.id.low, at: now,
      "\(request) at edge \(edge.index): " + (decision.refusal?.rawValue ?? choiceNames))
    choices = edge.choices(of: decision)
    edge.world.checker.decided(request, &choices, at: edge)
  }

  /// Queues the record of what was decided and starts.
  func start() {
    record()
    guard recordSequence != nil || decision.mayGoUnrecorded else {
      return answer(.auditUnavailable)
    }
    if let refusal = decision.refusal { return answer(refusal) }
    var machineRequest = decision.machineRequest(request.head)
    machineRequest.choiceCount = choices.count
    machineRequest.isKeyed = request.isKeyed
    perform(machine.begin(machineRequest))
  }

  /// Queues the decision's record.
  func record() {
    recordSequence = edge.audit.append(decision, request)
    write.isRecorded = true
  }

  private var choiceNames: String {
    decision.narrowed.choices.map { edge.snapshot.topology[$0.endpoint].name }
      .joined(separator: ", ")
  }

  func perform(_ action: ExchangeMachine.Action) {
    switch action {
    case .none: break
    case .awaitRecord:
      touch(edge.snapshot.timeouts.auditMilliseconds)
      if mutant == .disclosesEarly { return recordDurable() }
      edge.audit.await(recordSequence, self)
    case .acquire(let choice, let requiresFresh): acquire(choice, requiresFresh: requiresFresh)
    case .pause(let milliseconds):
      releaseOrigin(.failed)
      touch(UInt64.random(in: 0...milliseconds, using: &edge.random))
    case .lookUp, .serveHit, .standIn: preconditionFailure("simulated edges keep no answers")
    case .sendRequest: sendRequest()
    case .forwardHead: forwardHead()
    case .answer(let refusal):
      releaseOrigin(.abandoned)
      answer(refusal)
    case .resetClient:
      releaseOrigin(.abandoned)
      edge.world.clients.reset(request)
      finish()
    case .abandon:
      releaseOrigin(.abandoned)
      finish()
    }
  }

  private func acquire(_ choice: Int, requiresFresh: Bool) {
    releaseOrigin(.failed)
    let endpoint = choices[choice].endpoint
    self.endpoint = endpoint
    if machine.mayPassBy, edge.health.isDead(endpoint) {
      return perform(machine.acquireFailed(.originConnect, judge: &edge.judge, at: now))
    }
    guard edge.loads.take(endpoint, machine.latency) else {
      return perform(machine.acquireFailed(.classLimit, judge: &edge.judge, at: now))
    }
    place = endpoint
    isOverloaded = false
    if choices[choice].isProbation { edge.loads.beginProbation(endpoint, at: now) }
    touch(edge.snapshot.timeouts.acquireMilliseconds)
    let pool = edge.pools[Int(endpoint.index)]
    waitingIn = pool
    pool.acquire(self, requiresFresh: requiresFresh || !request.head.method.isIdempotent)
  }

  func touch(_ milliseconds: UInt64) {
    deadline = now.adding(milliseconds: milliseconds)
    isTrying = false
  }

  /// The decision's record is on disk.
  func recordDurable() {
    guard !isOver else { return }
    perform(machine.recordDurable())
  }

  /// The decision's record will never be on disk.
  func recordFailed() {
    guard !isOver else { return }
    perform(machine.recordFailed())
  }

  /// The client went away.
  func clientGone() {
    guard !isOver else { return }
    recordLostWrite()
    perform(machine.clientGone())
  }

  /// The deadline passed.
  func timedOut() {
    guard !isOver else { return }
    if isTrying { return attemptTimedOut() }
    deadline = .never
    if write.awaitsSample { return sampleCame(isNew: false) }
    if write.isHeld { return endHold(.authorityMoving) }
    if wire != nil, !isResponding, let endpoint { edge.requestFailed(endpoint, .timeout) }
    perform(machine.timedOut(isReplayable: true, judge: &edge.judge, at: now))
  }

  // MARK: The origin's side; see `Exchange+Origin`

  /// A connection is ready for the request.
  func acquired(_ wire: Wire) {
    if let hedge, waitingIn == nil { return hedgeAcquired(hedge, wire) }
    waitingIn = nil
    self.wire = wire
    perform(machine.acquired(isReused: wire.requestCount > 0))
  }

  /// No connection could be had.
  func acquireFailed(_ reason: PoolRefusal) {
    if let hedge, waitingIn == nil { return forgetHedge(hedge) }
    waitingIn = nil
    givePlaceBack()
    let refusal: Refusal = reason == .queueFull ? .overloaded : .originConnect
    perform(machine.acquireFailed(refusal, judge: &edge.judge, at: now))
  }

  private func sendRequest() {
    if keepsWriteBack() { return }
    guard let wire, let endpoint else { return }
    guard wire.isOpen, !wire.isGoingAway else {
      self.wire = nil
      endWrite()
      edge.release(wire)
      return perform(
        machine.originFailed(.neverProcessed, isReplayable: true, judge: &edge.judge, at: now))
    }
    connectedAt = now
    edge.loads.started(endpoint)
    awaitAnswer()
    stream = send(choices[machine.choice], on: wire)
  }

  /// Sends the request to the server of a choice; the stream that carries it.
  func send(_ choice: Choice, on wire: Wire) -> Int {
    let stream = edge.nextStream()
    wire.requestCount += 1
    wire.exchanges[stream] = self
    let epoch = write.epoch
    edge.world.checker.sent(request, decision.id, epoch: epoch, to: wire.server, from: edge)
    let arrival = Arrival(
      request: request, edge: edge.index, attempt: edge.world.nextWireNumber(), stream: stream,
      epoch: epoch, isLawful: choice.isLawful)
    let server = wire.server
    wire.send { server.receive(arrival, on: wire) }
    return stream
  }

  /// The origin's final head came.
  func originAnswered(_ answer: Answer, isEnd: Bool, on wire: Wire) {
    guard !isOver else { return }
    if let hedge, hedge.wire === wire { return hedgeAnswered(hedge, answer, isEnd: isEnd) }
    guard wire === self.wire else { return }
    if hedge != nil, prefersHedge(answer, isEnd: isEnd) { return }
    answered(answer, isEnd: isEnd)
  }

  /// This head is the answer, unless another try is granted.
  func answered(_ answer: Answer, isEnd: Bool) {
    hedgeAt = .never
    heldAnswer = answer
    status = answer.status
    touch(edge.snapshot.timeouts.originStallMilliseconds)
    if status == 412, holdsStaleWrite(answer, isEnd: isEnd) { return }
    let overload = noteOverload(answer)
    if isGatewayFault, overload == nil, let endpoint {
      edge.requestFailed(endpoint, .gatewayStatus)
    }
    if isEnd { detachOrigin() }
    perform(
      machine.originAnswered(
        status: answer.status, overload: overload, isReplayable: true, judge: &edge.judge, at: now))
  }

  /// A piece of the origin's body came.
  func originSent(_ answer: Answer, _ part: Int, on wire: Wire) {
    guard !isOver, wire === self.wire else { return }
    touch(edge.snapshot.timeouts.originStallMilliseconds)
    guard isResponding else { return heldParts.append((answer, part)) }
    edge.world.clients.receive(request, answer, part)
  }

  /// The origin's message is complete.
  func originEnded(on wire: Wire) {
    guard !isOver, wire === self.wire else { return }
    detachOrigin()
    if isResponding { finishResponse() }
  }

  func detachOrigin() {
    hasOriginEnded = true
    endWrite()
    guard wire != nil else { return }
    wire = nil
    settleLoad(isGatewayFault ? .failed : .succeeded)
    givePlaceBack()
  }

  /// The origin's side ended before its message was complete.
  func originFailed(_ fault: StreamFault, on wire: Wire) {
    guard !isOver else { return }
    if let hedge, hedge.wire === wire { return hedgeFailed(hedge, fault) }
    guard wire === self.wire else { return }
    endWrite()
    self.wire = nil
    settleLoad(.failed)
    givePlaceBack()
    if fault != .neverProcessed, fault != .refused, let endpoint {
      edge.requestFailed(endpoint, .reset)
    }
    if hedge != nil, hedgeTakesOver(.failed) { return }
    if mutant == .splices, isResponding { return splice() }
    let judged: StreamFault = mutant == .resendsWrites ? .neverProcessed : fault
    perform(machine.originFailed(judged, isReplayable: true, judge: &edge.judge, at: now))
  }

  // MARK: The answer

  private func forwardHead() {
    guard let answer = heldAnswer else { return }
    if refusesOlderAnswer(answer) { return }
    heldAnswer = nil
    isResponding = true
    touch(edge.snapshot.timeouts.originStallMilliseconds)
    let choice = choices[machine.choice]
    edge.world.checker.disclosed(request, decision.id, choice, answer, at: edge)
    edge.world.clients.receive(
      request, answer, isMarkedStale: choice.isMarkedStale, token: sessionToken(answer))
    let parts = heldParts
    heldParts = []
    for (answer, part) in parts { edge.world.clients.receive(request, answer, part) }
    if hasOriginEnded { finishResponse() }
  }

  func finishResponse() {
    edge.world.clients.completed(request)
    finish()
  }

  /// Answers in the origin's place.
  func answer(_ refusal: Refusal) {
    isResponding = true
    edge.world.clients.refused(request, refusal)
    finish()
  }

  func releaseOrigin(_ verdict: Verdict) {
    dropHedge(.abandoned)
    waitingIn?.cancel(self)
    waitingIn = nil
    heldAnswer = nil
    heldParts = []
    hasOriginEnded = false
    endWrite()
    givePlaceBack()
    guard let wire else { return }
    self.wire = nil
    settleLoad(verdict)
    abandon(wire, stream)
  }

  /// The origin is told to stop; see `OriginConnection.abandon`.
  func abandon(_ wire: Wire, _ stream: Int) {
    guard wire.exchanges.removeValue(forKey: stream) != nil else { return }
    if wire.isMultiplexed {
      edge.release(wire)
    } else {
      wire.close()
      edge.wireLost(wire)
    }
  }

  var isGatewayFault: Bool { (502...504).contains(status) }

  /// What an attempt says about its endpoint.
  enum Verdict { case succeeded, failed, abandoned, overtaken }

  private func finish() {
    guard !isOver else { return }
    isOver = true
    deadline = .never
    dropHedge(.abandoned)
    endWrite()
    givePlaceBack()
    edge.audit.appendOutcome(of: decision)
    edge.ended(self)
  }
}

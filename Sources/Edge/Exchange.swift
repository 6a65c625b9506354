internal import Base
internal import HTTP
internal import Origins
internal import Proxy
internal import Reactor

/// One request under way: moves heads and bytes between a client's stream and an origin's, and does
/// what its `ExchangeMachine` says.
///
/// Backpressure is credit: bytes count as consumed on one side only once the other side's queue has
/// room. Owned by its connections; confined to their loop.
final class Exchange {
  let client: ClientConnection
  let clientCodec: any ServerCodec
  let clientStream: StreamID
  let worker: Worker
  /// The snapshot, pools and loads that this exchange is bound to from start to end.
  let generation: Generation
  /// The place in the worker's list; the worker keeps it true.
  var index = 0
  private(set) var head: RequestHead
  var decision: Decision
  private var machine = ExchangeMachine()
  private(set) var outcome = Outcome()
  /// The number of the decision's record; nil when the log did not take it.
  private(set) var recordSequence: UInt64?

  private var origin: OriginConnection?
  private var originStream = StreamID(0)
  /// The pool that this exchange waits in for a connection.
  private(set) var waitingIn: OriginPool?

  // The request's body on its way to the origin.
  private var requestBody = ByteQueue()
  private var requestDebt = 0
  private var requestTrailers: Fields?
  private var isRequestEnded: Bool
  private var swallowedByteCount = 0
  private var awaitsContinue = false

  // The response on its way to the client.
  private var heldHead: ResponseHead?
  private var heldBody = ByteQueue()
  private var heldTrailers: Fields?
  private var responseDebt = 0
  private var hasOriginEnded = false
  private var isResponding = false
  private(set) var isOver = false

  /// When to give up waiting for the next event.
  private(set) var deadline = Instant.never

  init(
    client: ClientConnection, codec: any ServerCodec, stream: StreamID,
    head: consuming RequestHead, isEnd: Bool
  ) {
    self.client = client
    clientCodec = codec
    clientStream = stream
    worker = client.worker
    generation = client.worker.generation
    self.head = head
    isRequestEnded = isEnd
    decision = Decision(client: client.facts(head))
    outcome.startedAt = client.worker.context.loop.now
  }

  private var snapshot: Snapshot { generation.snapshot }
  private var now: Instant { worker.context.loop.now }

  /// Decides, queues the record and starts.
  func begin() {
    guard worker.began(self) else { return answer(.overloaded) }
    worker.decide(self)
    recordSequence = worker.audit.append(decision, head, snapshot)
    guard recordSequence != nil else { return answer(.auditUnavailable) }
    if decision.isDurable { worker.audit.wantCommit() }
    if let refusal = decision.refusal ?? client.prepare(&head, for: decision) {
      answer(refusal)
    } else {
      perform(machine.begin(decision.machineRequest(head)))
    }
  }

  private func perform(_ action: ExchangeMachine.Action) {
    switch action {
    case .none: break
    case .awaitRecord:
      touch(snapshot.timeouts.auditMilliseconds)
      worker.audit.await(self)
    case .acquire(let choice, let requiresFresh): acquire(choice, requiresFresh: requiresFresh)
    case .sendRequest: sendRequest()
    case .forwardHead: forwardHead()
    case .answer(let refusal):
      releaseOrigin(.abandoned)
      answer(refusal)
    case .resetClient:
      releaseOrigin(.abandoned)
      context.resetLater(client, clientStream)
      finish(.originAborted)
    case .abandon:
      releaseOrigin(.abandoned)
      finish(.clientAborted)
    }
  }

  private func acquire(_ choice: Int, requiresFresh: Bool) {
    releaseOrigin(.failed)
    let endpoint = decision.endpoint(ofChoice: choice)
    outcome.attemptCount += 1
    outcome.endpoint = endpoint
    touch(snapshot.timeouts.acquireMilliseconds)
    let pool = generation.pools[Int(endpoint.index)]
    waitingIn = pool
    pool.acquire(self, requiresFresh: requiresFresh || !head.method.isIdempotent)
  }

  private var context: LoopContext { worker.context }

  private func touch(_ milliseconds: UInt64) {
    deadline = now.adding(milliseconds: milliseconds)
  }

  // MARK: The record

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

  // MARK: The client's side

  func clientExpectsContinue() {
    awaitsContinue = true
    if origin != nil { sendContinue() }
  }

  /// The origin is there: the client may send its body.
  private func sendContinue() {
    guard awaitsContinue else { return }
    awaitsContinue = false
    clientCodec.sendInformational(clientStream, ResponseHead(status: 100))
    context.flushLater(client)
  }

  func clientSent(_ bytes: UnsafeRawBufferPointer) {
    let count = bytes.count
    outcome.requestBytes += UInt64(count)
    guard !isOver else { return swallow(count) }
    guard let codec = origin?.codec else {
      unsafe requestBody.append(bytes)
      requestDebt += count
      return
    }
    unsafe codec.send(originStream, bytes)
    settleRequestDebt(codec, adding: count)
    awaitNext()
  }

  /// Whether the next bytes of the request are the client's to send: no origin is to blame then.
  private var isClientsTurn: Bool { !isRequestEnded && requestDebt == 0 }

  /// Sets the deadline of whoever's turn it is while the request is on its way.
  private func awaitNext() {
    if isClientsTurn {
      touch(snapshot.timeouts.clientStallMilliseconds)
    } else if requestDebt > 0 {
      touch(snapshot.timeouts.originStallMilliseconds)
    } else {
      touch(snapshot.timeouts.firstByteMilliseconds)
    }
  }

  /// The answer was complete before the request. A little more of the request is read and dropped,
  /// since many clients take an early reset for a failure; past that the rest is refused.
  private func swallow(_ byteCount: Int) {
    swallowedByteCount += byteCount
    if swallowedByteCount <= Self.swallowedByteCountMax {
      clientCodec.consumed(clientStream, byteCount: byteCount)
    } else {
      client.refuseRest(of: clientStream, byteCount: byteCount)
    }
  }

  private static let swallowedByteCountMax = 262_144

  func clientEnded(trailers: Fields?) {
    isRequestEnded = true
    requestTrailers = trailers
    guard !isOver, let origin, let codec = origin.codec else { return }
    codec.finish(originStream, trailers: trailers)
    awaitNext()
    context.flushLater(origin)
  }

  /// The client's stream or connection ended.
  func clientGone() {
    guard !isOver else { return }
    perform(machine.clientGone())
  }

  /// The client took most of what was queued: the origin may send more.
  func clientDrained() {
    guard responseDebt > 0, let origin, let codec = origin.codec else { return }
    codec.consumed(originStream, byteCount: responseDebt)
    responseDebt = 0
    touch(snapshot.timeouts.originStallMilliseconds)
    context.pumpLater(origin)
  }

  // MARK: The origin's side

  /// A connection is ready for the request.
  func acquired(_ connection: OriginConnection) {
    waitingIn = nil
    origin = connection
    perform(machine.acquired(isReused: connection.requestCount > 0))
  }

  /// No connection could be had.
  func acquireFailed(_ reason: PoolRefusal) {
    waitingIn = nil
    let refusal: Refusal = reason == .queueFull ? .overloaded : .originConnect
    perform(machine.acquireFailed(refusal, judge: &worker.judge, at: now))
  }

  private func sendRequest() {
    guard let origin else { return }
    let isEnd = isRequestEnded && requestBody.isEmpty && requestTrailers == nil
    guard let stream = origin.open(self, head, isEnd: isEnd), let codec = origin.codec else {
      self.origin = nil
      return perform(
        machine.originFailed(.neverProcessed, isReplayable: true, judge: &worker.judge, at: now))
    }
    originStream = stream
    outcome.connectedAt = now
    if let endpoint = outcome.endpoint { generation.loads.started(endpoint) }
    awaitNext()
    sendContinue()
    guard !isEnd else { return }
    let count = requestBody.count
    unsafe requestBody.withReadable { unsafe codec.send(stream, $0) }
    requestBody = ByteQueue()
    requestDebt -= count
    settleRequestDebt(codec, adding: count)
    awaitNext()
    if isRequestEnded { codec.finish(stream, trailers: requestTrailers) }
  }

  func originInformed(_ head: ResponseHead) {
    guard !isOver, !isResponding, head.status != 100, !decision.isDurable else { return }
    clientCodec.sendInformational(clientStream, head)
    context.flushLater(client)
  }

  func originAnswered(_ head: ResponseHead, isEnd: Bool) {
    guard !isOver else { return }
    outcome.answeredAt = now
    outcome.status = head.status
    touch(snapshot.timeouts.originStallMilliseconds)
    if isGatewayFault, let endpoint = outcome.endpoint {
      worker.requestFailed(snapshot.topology[endpoint], .gatewayStatus)
    }
    heldHead = head
    if isEnd { detachOrigin() }
    perform(
      machine.originAnswered(
        status: head.status, isReplayable: isReplayable, judge: &worker.judge, at: now))
  }

  func originSent(_ bytes: UnsafeRawBufferPointer) {
    guard !isOver, let codec = origin?.codec else { return }
    let count = bytes.count
    outcome.responseBytes += UInt64(count)
    touch(snapshot.timeouts.originStallMilliseconds)
    guard isResponding else {
      unsafe heldBody.append(bytes)
      responseDebt += count
      return
    }
    unsafe clientCodec.send(clientStream, bytes)
    if clientCodec.queuedByteCount(clientStream) < snapshot.limits.http.sendHighMarkBytes {
      codec.consumed(originStream, byteCount: count)
    } else {
      responseDebt += count
      touch(snapshot.timeouts.clientStallMilliseconds)
    }
    context.flushLater(client)
  }

  func originEnded(trailers: Fields?) {
    guard !isOver else { return }
    heldTrailers = trailers
    detachOrigin()
    if isResponding { finishResponse() }
  }

  /// The origin's message is complete: its connection may serve others, even while the head waits
  /// for the record.
  private func detachOrigin() {
    hasOriginEnded = true
    guard let origin else { return }
    self.origin = nil
    settleLoad(isGatewayFault ? .failed : .succeeded)
    if isRequestEnded { origin.complete(originStream) } else { origin.abandon(originStream) }
  }

  func originFailed(_ fault: StreamFault) {
    guard !isOver else { return }
    origin = nil
    settleLoad(.failed)
    if fault != .neverProcessed, let endpoint = outcome.endpoint {
      worker.requestFailed(snapshot.topology[endpoint], .reset)
    }
    perform(
      machine.originFailed(fault, isReplayable: isReplayable, judge: &worker.judge, at: now))
  }

  /// The origin took most of what was queued: the client may send more.
  func originDrained() {
    guard requestDebt > 0 else { return }
    clientCodec.consumed(clientStream, byteCount: requestDebt)
    requestDebt = 0
    if !isResponding { awaitNext() }
    context.pumpLater(client)
  }

  private func settleRequestDebt(_ codec: any ClientCodec, adding count: Int) {
    if codec.queuedByteCount(originStream) < snapshot.limits.http.sendHighMarkBytes {
      clientCodec.consumed(clientStream, byteCount: count + requestDebt)
      requestDebt = 0
      context.pumpLater(client)
    } else {
      requestDebt += count
    }
    if let origin { context.flushLater(origin) }
  }

  /// Whether the whole request could be sent again: nothing of a body has left our hands.
  private var isReplayable: Bool { isRequestEnded && outcome.requestBytes == 0 }

  // MARK: The answer

  private func forwardHead() {
    guard var head = heldHead else { return }
    heldHead = nil
    decision.prepareResponse(
      &head, choice: machine.choice, snapshot: snapshot, scratch: &context.scratch)
    isResponding = true
    // The time of the record is over; from here on the body has its own.
    touch(snapshot.timeouts.originStallMilliseconds)
    let isEnd = hasOriginEnded && heldBody.isEmpty && heldTrailers == nil
    clientCodec.sendResponse(clientStream, head, isEnd: isEnd)
    context.flushLater(client)
    if isEnd { return finish(.complete) }
    unsafe heldBody.withReadable { unsafe clientCodec.send(clientStream, $0) }
    heldBody = ByteQueue()
    if hasOriginEnded { finishResponse() } else { clientDrained() }
  }

  private func finishResponse() {
    clientCodec.finish(clientStream, trailers: heldTrailers)
    context.flushLater(client)
    finish(.complete)
  }

  /// Answers in the origin's place.
  private func answer(_ refusal: Refusal) {
    outcome.refusal = refusal
    outcome.status = refusal.status
    let answer = decision.localAnswer(refusal, head: head, snapshot: snapshot)
    isResponding = true
    let hasBody = head.method != .head && !answer.body.isEmpty
    clientCodec.sendResponse(clientStream, answer.head, isEnd: !hasBody)
    if hasBody {
      unsafe answer.body.withUnsafeBytes { unsafe clientCodec.send(clientStream, $0) }
      clientCodec.finish(clientStream, trailers: nil)
    }
    context.flushLater(client)
    finish(.refused)
  }

  /// Lets go of the origin side: a connection in use, or a place in a queue.
  private func releaseOrigin(_ verdict: LoadVerdict) {
    waitingIn?.cancel(self)
    waitingIn = nil
    heldHead = nil
    heldBody = ByteQueue()
    heldTrailers = nil
    hasOriginEnded = false
    responseDebt = 0
    guard let origin else { return }
    self.origin = nil
    settleLoad(verdict)
    origin.abandon(originStream)
  }

  /// Whether the origin says that it cannot serve: 502, 503 or 504.
  private var isGatewayFault: Bool { (502...504).contains(outcome.status) }

  /// What an attempt says about its endpoint.
  private enum LoadVerdict { case succeeded, failed, abandoned }

  private func settleLoad(_ verdict: LoadVerdict) {
    guard let endpoint = outcome.endpoint else { return }
    switch verdict {
    case .succeeded:
      let took = now.microseconds(since: outcome.connectedAt ?? now)
      if generation.loads.succeeded(endpoint, microseconds: took, at: now) {
        worker.requestSucceeded(snapshot.topology[endpoint])
      }
    case .failed: generation.loads.failed(endpoint, at: now)
    case .abandoned: generation.loads.abandoned(endpoint)
    }
  }

  private func finish(_ end: Outcome.End) {
    guard !isOver else { return }
    isOver = true
    deadline = .never
    swallow(requestDebt)
    requestDebt = 0
    outcome.end = end
    outcome.endedAt = now
    worker.ended(self)
  }

  // MARK: Time

  /// The deadline passed: the machine decides what that means.
  func timedOut() {
    guard !isOver else { return }
    deadline = .never
    if origin != nil, !isResponding, !isClientsTurn, let endpoint = outcome.endpoint {
      worker.requestFailed(snapshot.topology[endpoint], .timeout)
    }
    perform(machine.timedOut(isReplayable: isReplayable, judge: &worker.judge, at: now))
  }
}

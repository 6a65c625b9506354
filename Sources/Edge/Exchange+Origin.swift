internal import Base
internal import Cache
internal import HTTP
internal import Origins
internal import Proxy
internal import Reactor

/// What the origin says on an exchange, and how that becomes the client's answer.
extension Exchange {
  // MARK: The origin's side

  /// A connection is ready for the request.
  func acquired(_ connection: OriginConnection) {
    if let hedge, waitingIn == nil { return hedgeAcquired(hedge, connection) }
    waitingIn = nil
    origin = connection
    perform(machine.acquired(isReused: connection.requestCount > 0))
  }

  /// No connection could be had.
  func acquireFailed(_ reason: PoolRefusal) {
    if let hedge, waitingIn == nil { return forgetHedge(hedge) }
    waitingIn = nil
    givePlaceBack()
    let refusal: Refusal = reason == .queueFull ? .overloaded : .originConnect
    perform(machine.acquireFailed(refusal, judge: &worker.judge, at: now))
  }

  func sendRequest() {
    if keepsWriteBack() { return }
    guard let origin else { return }
    cacheDeparts()
    let isEnd = upload.isEnded && upload.queue.isEmpty && upload.trailers == nil
    guard let stream = origin.open(self, isEnd: isEnd), let codec = origin.codec else {
      self.origin = nil
      endWrite()
      return perform(
        machine.originFailed(.neverProcessed, isReplayable: true, judge: &worker.judge, at: now))
    }
    originStream = stream
    outcome.connectedAt = now
    if let endpoint = outcome.endpoint { generation.loads.started(endpoint) }
    awaitNext()
    sendContinue()
    guard !isEnd else { return }
    // The client may have been told to send on while the body was held.
    let count = upload.queue.count - upload.creditedByteCount
    unsafe upload.queue.withReadable { unsafe codec.send(stream, $0) }
    if isBodyKept { keepBody(count) } else { dropBody() }
    upload.debt -= count
    settleRequestDebt(codec, adding: count)
    awaitNext()
    if upload.isEnded { codec.finish(stream, trailers: upload.trailers) }
  }

  func originInformed(_ head: ResponseHead) {
    guard !isOver, !isResponding, head.status != 100, !request.decision.isDurable else { return }
    clientCodec.sendInformational(clientStream, head)
    context.flushLater(client)
  }

  func originAnswered(_ codec: any ClientCodec, isEnd: Bool) {
    guard !isOver else { return }
    codec.takeResponse(originStream, into: &held.head)
    if hedge != nil, prefersHedge(isEnd: isEnd) { return }
    answered(isEnd: isEnd)
  }

  /// The head at hand is the answer, unless another try is granted.
  func answered(isEnd: Bool) {
    hedgeAt = .never
    held.hasHead = true
    let status = held.head.status
    outcome.answeredAt = now
    outcome.status = status
    touch(snapshot.timeouts.originStallMilliseconds)
    if status == 412, holdsStaleWrite(isEnd: isEnd) { return }
    let overload = noteOverload()
    if isGatewayFault, overload == nil, let endpoint = outcome.endpoint {
      worker.requestFailed(snapshot.topology[endpoint], .gatewayStatus)
    }
    if isEnd { detachOrigin() }
    changeAnswered()
    if isConfirmation() { return }
    perform(
      machine.originAnswered(
        status: status, overload: overload, isReplayable: isReplayable, judge: &worker.judge,
        at: now))
  }

  func originSent(_ bytes: UnsafeRawBufferPointer) {
    guard !isOver, let codec = origin?.codec else { return }
    let count = bytes.count
    outcome.responseBytes += UInt64(count)
    touch(snapshot.timeouts.originStallMilliseconds)
    guard isResponding else {
      unsafe held.body.append(bytes)
      held.debt += count
      if let gate = held.gate { unsafe answerReceived(bytes, by: gate) }
      return
    }
    if let gate = held.gate, unsafe !passes(bytes, by: gate) { return }
    unsafe cacheUse?.append(bytes, at: now)
    unsafe clientCodec.send(clientStream, bytes)
    if clientCodec.queuedByteCount(clientStream) < snapshot.limits.http.sendHighMarkBytes {
      codec.consumed(originStream, byteCount: count)
    } else {
      held.debt += count
      touch(snapshot.timeouts.clientStallMilliseconds)
    }
    context.flushLater(client)
  }

  func originEnded(trailers: Fields?) {
    guard !isOver else { return }
    held.trailers = trailers
    detachOrigin()
    if let gate = held.gate { return answerEnded(by: gate) }
    if isResponding { finishResponse() }
  }

  /// The origin's message is complete: its connection may serve others, even while the head waits
  /// for the record.
  func detachOrigin() {
    held.isComplete = true
    guard let origin else { return }
    self.origin = nil
    settleLoad(isGatewayFault ? .failed : .succeeded)
    givePlaceBack()
    if upload.isEnded { origin.complete(originStream) } else { origin.abandon(originStream) }
  }

  func originFailed(_ fault: StreamFault) {
    guard !isOver else { return }
    origin = nil
    settleLoad(.failed)
    givePlaceBack()
    if fault != .neverProcessed, fault != .refused, let endpoint = outcome.endpoint {
      worker.requestFailed(snapshot.topology[endpoint], .reset)
    }
    if hedge != nil, hedgeTakesOver(.failed) { return }
    perform(
      machine.originFailed(fault, isReplayable: isReplayable, judge: &worker.judge, at: now))
  }

  /// The origin took most of what was queued: the client may send more.
  func originDrained() {
    guard upload.debt > 0 else { return }
    clientCodec.consumed(clientStream, byteCount: upload.debt)
    upload.debt = 0
    if !isResponding { awaitNext() }
    context.pumpLater(client)
  }

  func settleRequestDebt(_ codec: any ClientCodec, adding count: Int) {
    if codec.queuedByteCount(originStream) < snapshot.limits.http.sendHighMarkBytes {
      clientCodec.consumed(clientStream, byteCount: count + upload.debt)
      upload.debt = 0
      context.pumpLater(client)
    } else {
      upload.debt += count
    }
    if let origin { context.flushLater(origin) }
  }

  /// Whether the whole request could be sent again: nothing of a body has left our hands,
  /// or all of it is still in them.
  var isReplayable: Bool { upload.isEnded && (outcome.requestBytes == 0 || isBodyKept) }

  // MARK: The answer

  func forwardHead() {
    if request.decision.session.mark != nil, refusesOlderAnswer() { return }
    if request.decision.judgesAnswer, readsAnswer() { return }
    releaseHead()
  }

  /// Lets the held head go to the client, and what is held of the body.
  func releaseHead() {
    guard held.hasHead else { return }
    held.hasHead = false
    let mark = toldMark
    request.forwardResponse(&held.head)
    admitAnswer()
    request.describeResponse(&held.head, choice: machine.choice, snapshot: snapshot)
    tellSession(mark)
    appendCacheStatus()
    isResponding = true
    dropBody()
    // The time of the record is over; from here on the body has its own.
    touch(snapshot.timeouts.originStallMilliseconds)
    let isEnd = held.isComplete && held.body.isEmpty && held.trailers == nil
    clientCodec.sendResponse(clientStream, held.head, isEnd: isEnd)
    context.flushLater(client)
    if isEnd {
      storeAnswer()
      return finish(.complete)
    }
    unsafe held.body.withReadable { unsafe cacheUse?.append($0, at: now) }
    unsafe held.body.withReadable { unsafe clientCodec.send(clientStream, $0) }
    held.body = ByteQueue()
    letGoAnswer()
    if held.isComplete { finishResponse() } else { clientDrained() }
  }

  func finishResponse() {
    storeAnswer()
    clientCodec.finish(clientStream, trailers: held.trailers)
    context.flushLater(client)
    finish(.complete)
  }

  /// Answers in the origin's place.
  func answer(_ refusal: Refusal) {
    dropBody()
    outcome.refusal = refusal
    outcome.status = refusal.status
    let answer = request.decision.localAnswer(
      refusal, head: request.head, snapshot: snapshot, time: context.wallTime)
    isResponding = true
    let hasBody = request.head.method != .head && !answer.body.isEmpty
    clientCodec.sendResponse(clientStream, answer.head, isEnd: !hasBody)
    if hasBody {
      unsafe answer.body.withUnsafeBytes { unsafe clientCodec.send(clientStream, $0) }
      clientCodec.finish(clientStream, trailers: nil)
    }
    context.flushLater(client)
    finish(.refused)
    // The rest of such a request is of no use, or will never come.
    let isHopeless = request.decision.isUnread || refusal == .requestTimeout
    if isHopeless, !upload.isEnded { client.refuseRest(of: clientStream, byteCount: 0) }
  }

  /// Lets go of the origin side: a connection in use, or a place in a queue.
  func releaseOrigin(_ verdict: LoadVerdict) {
    dropHedge(.abandoned)
    waitingIn?.cancel(self)
    waitingIn = nil
    held.forget()
    letGoAnswer()
    givePlaceBack()
    guard let origin else { return }
    self.origin = nil
    settleLoad(verdict)
    origin.abandon(originStream)
  }

  /// Whether the origin says that it cannot serve: 502, 503 or 504.
  var isGatewayFault: Bool { (502...504).contains(outcome.status) }

  /// What an attempt says about its endpoint.
  enum LoadVerdict { case succeeded, failed, abandoned, overtaken }

  func settleLoad(_ verdict: LoadVerdict) {
    endWrite()
    guard let endpoint = outcome.endpoint else { return }
    // What it said of itself counts already.
    if isOverloaded { return generation.loads.abandoned(endpoint) }
    switch verdict {
    case .succeeded:
      let took = now.microseconds(since: outcome.connectedAt ?? now)
      let count = generation.loads.succeeded(endpoint, microseconds: took, at: now)
      if count > 0 { worker.requestSucceeded(snapshot.topology[endpoint], count: count) }
    case .failed: generation.loads.failed(endpoint, at: now)
    case .abandoned: generation.loads.abandoned(endpoint)
    case .overtaken:
      let took = now.microseconds(since: outcome.connectedAt ?? now)
      generation.loads.overtaken(endpoint, microseconds: took, at: now)
    }
  }

  func finish(_ end: Outcome.End) {
    guard !isOver else { return }
    isOver = true
    deadline = .never
    dropHedge(.abandoned)
    givePlaceBack()
    swallow(upload.debt)
    upload.debt = 0
    dropBody()
    letGoAnswer()
    upload.endReading()
    held.gate = nil
    forgetCache()
    outcome.end = end
    outcome.endedAt = now
    worker.ended(self)
  }
}

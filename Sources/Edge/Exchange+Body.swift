internal import Base
internal import HTTP
internal import Proxy

/// A request that is held back until its body tells what it is about.
extension Exchange {
  /// Begins to hold the request back; false when it can be decided at once.
  func holdsBody() -> Bool {
    guard let gate = request.holdBody(snapshot, isEnd: upload.isEnded) else { return false }
    upload.gate = gate
    // One deadline for the whole body: whoever sends a byte now and then does not stay for ever.
    touch(snapshot.timeouts.bodyMilliseconds)
    sendContinue()
    let step = unsafe upload.queue.withReadable { unsafe gate.received($0) }
    if upload.isEnded || step == .judge {
      judgeBody(by: gate)
    } else {
      creditHeldBody()
    }
    return true
  }

  /// The next piece of a held body; it stands in `upload.queue` already.
  func bodyReceived(_ bytes: UnsafeRawBufferPointer, by gate: BodyGate) {
    switch unsafe gate.received(bytes) {
    case .judge: judgeBody(by: gate)
    case .more: creditHeldBody()
    }
  }

  /// Lets the client send on, unless the loop holds too much already.
  private func creditHeldBody() {
    guard upload.debt > 0 else { return }
    guard worker.hold(upload.debt) else { return endBody(.overloaded) }
    clientCodec.consumed(clientStream, byteCount: upload.debt)
    upload.creditedByteCount += upload.debt
    upload.debt = 0
    context.pumpLater(client)
  }

  /// The body is complete, or nothing more can change the verdict.
  func judgeBody(by gate: BodyGate) {
    let body = gate.judged(snapshot)
    if gate.isProvisional {
      upload.check = gate
      upload.withheldByte = upload.queue.removeLast()
    }
    proceed(with: body)
  }

  /// The body will not be complete: the request is refused, and its record says why.
  func endBody(_ refusal: Refusal) {
    guard let gate = upload.gate else { return }
    proceed(with: gate.refused(refusal))
  }

  /// Decides a request whose body was looked at.
  private func proceed(with body: JudgedBody) {
    upload.gate = nil
    deadline = .never
    request.decision.body = body
    decide(nil, hasRoom: true)
  }

  // MARK: Long resources

  /// The next piece of a long body that was judged by its beginning: all but its last byte goes on.
  func checkRest(_ bytes: UnsafeRawBufferPointer, by gate: BodyGate) {
    guard unsafe gate.rest(bytes) else { return refuseRest() }
    guard let last = unsafe bytes.last else { return }
    sendWithheldByte()
    unsafe pass(UnsafeRawBufferPointer(rebasing: bytes.dropLast()), debt: bytes.count)
    upload.withheldByte = last
    awaitNext()
  }

  /// The body is complete: whether it agrees with its beginning.
  func confirmsRest(by gate: BodyGate) -> Bool {
    guard request.isConfirmed(by: gate, choice: machine.choice, snapshot) else {
      refuseRest()
      return false
    }
    upload.check = nil
    sendWithheldByte()
    return true
  }

  /// The rest contradicts the beginning: the origin must not have the whole.
  private func refuseRest() {
    upload.check = nil
    upload.withheldByte = nil
    perform(machine.clientFailed(.invalid))
  }

  private func sendWithheldByte() {
    guard let byte = upload.withheldByte.take() else { return }
    unsafe withUnsafeBytes(of: byte) { unsafe pass($0, debt: 0) }
  }

  /// Hands bytes on, or keeps them until there is an origin. `debt` bytes are the client's to get
  /// back.
  private func pass(_ bytes: UnsafeRawBufferPointer, debt: Int) {
    guard let codec = origin?.codec else {
      unsafe upload.queue.append(bytes)
      upload.debt += debt
      return
    }
    unsafe codec.send(originStream, bytes)
    settleRequestDebt(codec, adding: debt)
  }

  // MARK: Ends

  /// The client left while its body was held: nobody hears the answer, but every request leaves a
  /// decision.
  func recordLostBody() {
    guard let gate = upload.gate.take() else { return }
    request.decision.body = gate.refused(.bodyIncomplete)
    worker.decide(self, nil)
    record()
  }

  /// Whether what was sent of the body can be sent once more: all of it was held, to be judged or
  /// because a key lets it be sent again.
  var isBodyKept: Bool {
    upload.isEnded && (request.decision.body != nil || write.isKeyed) && !upload.queue.isEmpty
  }

  /// Keeps the body for another attempt; the last `uncreditedCount` bytes of it are the client's
  /// credit no longer.
  func keepBody(_ uncreditedCount: Int) {
    guard uncreditedCount > 0 else { return }
    guard worker.hold(uncreditedCount) else { return dropBody() }
    upload.creditedByteCount += uncreditedCount
  }

  /// Drops what is held of the body.
  func dropBody() {
    if !upload.queue.isEmpty { upload.queue = ByteQueue() }
    guard upload.creditedByteCount > 0 else { return }
    worker.letGo(upload.creditedByteCount)
    upload.creditedByteCount = 0
  }

  /// The answer was complete before the request. A little more of the request is read and dropped,
  /// since many clients take an early reset for a failure; past that the rest is refused.
  func swallow(_ byteCount: Int) {
    upload.swallowedByteCount += byteCount
    if upload.swallowedByteCount <= Self.swallowedByteCountMax {
      clientCodec.consumed(clientStream, byteCount: byteCount)
    } else {
      client.refuseRest(of: clientStream, byteCount: byteCount)
    }
  }

  static let swallowedByteCountMax = 262_144
}

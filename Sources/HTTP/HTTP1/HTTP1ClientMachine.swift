import Base

/// What `HTTP1ClientCodec` does, as a value: the codec enters it once for each call, and inside no
/// access is checked at run time any more.
struct HTTP1ClientMachine: ~Copyable {
  /// How far the response has come.
  private enum ResponsePlace { case statusLine, fields, body, complete }

  private let limits: HTTPLimits
  private var input = HTTP1Input()
  private var output = HTTP1Output()

  private var responsePlace = ResponsePlace.statusLine
  private var ending = HTTP1Ending.open
  /// The stream under way, or the last one.
  private var stream = StreamID(0)
  /// Whether the stream is not over.
  private var isActive = false
  /// A fault of the stream that is to be told.
  private var faultDue: StreamFault?
  /// Whether this side's message is complete.
  private var isRequestComplete = false
  /// Whether any byte of the request was produced.
  private var hasProduced = false
  /// Whether the connection survives the response under way.
  private var isPersistent = true
  /// Whether the peer sent its last byte.
  private var hasPeerEnded = false

  private var reader = HTTP1ResponseReader()
  private var body = HTTP1Body()
  private var isHeadRequest = false
  private var informationalCount = 0
  private var unconsumedByteCount = 0

  /// Whether a byte of the response under way, or of the last one, was received. A request on a
  /// reused connection that ends without any may be sent again if its method is idempotent.
  private(set) var receivedAnyResponseByte = false
  /// Seconds that the origin keeps an idle connection, as its last `Keep-Alive` said.
  var idleTimeoutSeconds: UInt32? { reader.idleTimeoutSeconds }

  /// Makes the codec of a new connection.
  init(limits: HTTPLimits) { self.limits = limits }

  // MARK: Sending

  /// Whether `open` may be called now.
  var canOpen: Bool { !isActive && isReusable && input.isEmpty }

  /// Starts a request; traps unless `canOpen`, and on a method, authority or target that would
  /// break the message (codecs and `CanonicalTarget` let none through).
  mutating func open(_ head: borrowing RequestHead, isEnd: Bool) -> StreamID {
    precondition(canOpen, "a request is under way or the connection is over")
    stream = StreamID(stream.number == .max ? 1 : stream.number + 1)
    isActive = true
    isRequestComplete = false
    hasProduced = false
    receivedAnyResponseByte = false
    responsePlace = .statusLine
    isHeadRequest = head.method == .head
    informationalCount = 0
    unconsumedByteCount = 0
    writeRequestLine(head)
    writeFraming(head, isEnd: isEnd)
    output.write(head.fields, isTrailers: false)
    if head.fields.first(.te) != nil { output.queue.append("connection: te\r\nte: trailers\r\n") }
    output.queue.append("\r\n")
    if isEnd { complete(trailers: nil) }
    return stream
  }

  /// Writes the request line and `host`.
  private mutating func writeRequestLine(_ head: borrowing RequestHead) {
    let method = head.methodName
    let isMethod = !method.isEmpty && method.utf8.allSatisfy { ByteSet.token.contains($0) }
    precondition(isMethod, "method is not a token")
    let isTarget = !head.target.isEmpty && head.target.allSatisfy { $0 > 0x20 && $0 < 0x7F }
    precondition(isTarget, "target is not canonical")
    precondition(head.authority.allSatisfy { $0 > 0x20 && $0 < 0x7F }, "authority is not valid")
    output.queue.append(method)
    output.queue.append(" ")
    output.queue.append(head.target)
    output.queue.append(" HTTP/1.1\r\nhost: ")
    output.queue.append(head.authority)
    output.queue.append("\r\n")
  }

  /// Chooses and writes the framing; RFC 9112 section 6.
  private mutating func writeFraming(_ head: borrowing RequestHead, isEnd: Bool) {
    if let length = head.contentLength {
      output.framing = .counted(length)
      output.write(contentLength: length)
    } else if !isEnd {
      output.framing = .chunked
      output.queue.append("transfer-encoding: chunked\r\n")
    } else {
      output.framing = .none
      // Methods that usually bring content say that there is none (RFC 9110 section 8.6).
      let method = head.method
      if method == .post || method == .put || method == .patch { output.write(contentLength: 0) }
    }
  }

  /// Queues body bytes in the framing that the head chose.
  mutating func send(_ stream: StreamID, _ bytes: UnsafeRawBufferPointer) {
    guard isActive && stream == self.stream && !isRequestComplete else { return }
    if unsafe !output.send(bytes, limits: limits) { truncate() }
  }

  /// Completes this side's message; a body shorter than declared ends the connection instead.
  mutating func finish(_ stream: StreamID, trailers: Fields?) {
    guard isActive && stream == self.stream && !isRequestComplete else { return }
    complete(trailers: trailers)
  }

  /// Ends the request.
  private mutating func complete(trailers: Fields?) {
    guard output.finish(trailers: trailers) else { return truncate() }
    isRequestComplete = true
  }

  /// Ends the stream and with it the connection, whatever the code.
  mutating func reset(_ stream: StreamID, code: UInt32) {
    guard isActive && stream == self.stream else { return }
    truncate()
  }

  /// Ends stream and connection, and sends nothing more.
  private mutating func truncate() {
    isActive = false
    output.endMessage()
    output.queue.removeAll()
    input.removeAll()
    ending = .due(.closed)
  }

  /// See `Codec`.
  mutating func produce(into output: inout ByteQueue, byteCountMax: Int) {
    guard !self.output.queue.isEmpty else { return }
    hasProduced = true
    self.output.produce(into: &output, byteCountMax: byteCountMax, limits: limits)
  }

  // MARK: Receiving

  /// See `Codec`; the bytes stay where they are until the events are drained.
  mutating func receive(_ bytes: UnsafeRawBufferPointer) {
    guard !isFinished, bytes.count > 0 else { return }
    if isActive { receivedAnyResponseByte = true }
    unsafe input.receive(bytes)
  }

  /// See `Codec`.
  mutating func receiveEnd() { hasPeerEnded = true }

  /// Parses up to the next event; see `Codec`.
  mutating func nextEvent() -> CodecEvent? {
    if output.isWritableDue {
      output.isWritableDue = false
      if isActive { return .writable(stream) }
    }
    if let fault = faultDue {
      faultDue = nil
      return .reset(stream, fault)
    }
    if isActive && responsePlace == .complete
      && (hasPeerEnded || (isRequestComplete && output.queue.isEmpty))
    {
      isActive = false
      isPersistent = isPersistent && !hasPeerEnded
      output.endMessage()
      if !isPersistent { ending = .due(input.isEmpty ? .closed : Self.bytesUnexpected) }
      return .closed(stream)
    }
    switch ending {
    case .open: break
    case .told: return nil
    case .due(let fault):
      ending = .told
      return .failed(fault)
    }
    return isActive ? parse() : checkIdle()
  }

  /// What stray bytes are reported as.
  private static var bytesUnexpected: ConnectionFault {
    .malformed(HTTP1Refusal.bytesUnexpected.rawValue)
  }

  /// Between requests nothing may come, and the connection may end.
  private mutating func checkIdle() -> CodecEvent? {
    if !input.isEmpty { return refuse(.bytesUnexpected) }
    guard hasPeerEnded else { return nil }
    ending = .due(.closed)
    return nextEvent()
  }

  /// Parses up to the next event.
  private mutating func parse() -> CodecEvent? {
    // An answer to a request that was not sent answers someone else.
    if !hasProduced && !input.isEmpty { return refuse(.bytesUnexpected) }
    while true {
      switch responsePlace {
      case .statusLine:
        switch input.takeLine(byteCountMax: limits.fieldBytesMax, .fieldsTooLarge) {
        case .needsMore: return endOfInput()
        case .refused(let refusal): return refuse(refusal)
        case .line(let line):
          responsePlace = .fields
          if let refusal = unsafe reader.begin(line) { return refuse(refusal) }
        }
      case .fields:
        switch input.takeLine(byteCountMax: limits.fieldBytesMax, .fieldsTooLarge) {
        case .needsMore: return endOfInput()
        case .refused(let refusal): return refuse(refusal)
        case .line(let line):
          if unsafe line.isEmpty { return endHead() }
          if let refusal = unsafe reader.read(line, limits: limits) { return refuse(refusal) }
        }
      case .body:
        switch body.next(&input, limits: limits, dropsForbidden: true) {
        case .needsMore: return endOfInput()
        case .refused(let refusal): return refuse(refusal)
        case .bytes(let bytes):
          unconsumedByteCount += bytes.count
          return unsafe .body(stream, bytes)
        case .end:
          responsePlace = .complete
          return .end(stream, hasTrailers: !body.trailers.isEmpty)
        }
      case .complete:
        if !input.isEmpty { return refuse(.bytesUnexpected) }
        return nil
      }
    }
  }

  /// Keeps what is left for later, and looks whether anything can come later.
  private mutating func endOfInput() -> CodecEvent? {
    input.stash()
    guard hasPeerEnded else { return nil }
    if responsePlace == .body && body.endsWithConnection {
      body.receiveEnd()
      return parse()
    }
    isActive = false
    faultDue = .connectionLost
    ending = .due(.closed)
    output.queue.removeAll()
    return nextEvent()
  }

  /// Ends the stream, if there is one, and the connection.
  private mutating func refuse(_ refusal: HTTP1Refusal) -> CodecEvent? {
    input.removeAll()
    output.queue.removeAll()
    ending = .due(.malformed(refusal.rawValue))
    if isActive {
      isActive = false
      faultDue = .malformed(refusal.rawValue)
    }
    return nextEvent()
  }

  /// Checks the head as a whole, chooses how the body ends (RFC 9112 section 6.3), announces it.
  private mutating func endHead() -> CodecEvent? {
    if let refusal = reader.end() { return refuse(refusal) }
    let status = reader.head.status
    let framing = reader.framing
    if status < 200 {
      informationalCount += 1
      if informationalCount > limits.informationalsMax { return refuse(.informationalsTooMany) }
      responsePlace = .statusLine
      return .informational(stream)
    }
    if framing.wantsClose || reader.isHTTP10 { isPersistent = false }
    let isBodiless = isHeadRequest || status == 204 || status == 304
    if isBodiless || framing.contentLength == 0 {
      body = HTTP1Body()
      responsePlace = .complete
      return .head(stream, isEnd: true)
    }
    if framing.isChunked {
      body = HTTP1Body(.chunked)
    } else if let length = framing.contentLength {
      body = HTTP1Body(.counted(length))
    } else {
      body = HTTP1Body(.untilClose)
      isPersistent = false
    }
    responsePlace = .body
    return .head(stream, isEnd: false)
  }

  /// The head that `head` or `informational` announced.
  mutating func takeResponse(into head: inout ResponseHead) { swap(&head, &reader.head) }

  /// The trailers of the message that `end` announced.
  mutating func takeTrailers(_ stream: StreamID) -> Fields {
    var taken = Fields()
    swap(&taken, &body.trailers)
    return taken
  }

  /// See `Codec`; bytes of a stream that is over do not count.
  mutating func consumed(_ stream: StreamID, byteCount: Int) {
    guard stream == self.stream else { return }
    unconsumedByteCount = max(0, unconsumedByteCount - byteCount)
  }

  // MARK: State

  /// Whether `produce` would give bytes now.
  var wantsToSend: Bool { !output.queue.isEmpty }

  /// Whether the driver should read.
  var wantsToReceive: Bool {
    !hasPeerEnded && !isFinished
      && (!isActive || unconsumedByteCount <= limits.receiveHighMarkBytes)
  }

  /// Whether the connection is over once `produce` is empty.
  var isFinished: Bool {
    if case .open = ending { false } else { true }
  }

  /// Whether the connection can carry another request after the one under way.
  var isReusable: Bool { isPersistent && !isFinished && !hasPeerEnded }

  /// Streams under way: none or one.
  var streamCount: Int { isActive ? 1 : 0 }

  /// Bytes queued, framing included, and not yet produced.
  public func queuedByteCount(_ stream: StreamID) -> Int {
    stream == self.stream ? output.queue.count : 0
  }

  /// Gives buffers back; for connections that have been idle for a while.
  mutating func releaseMemory() {
    input.releaseIfEmpty()
    output.queue.releaseIfEmpty()
  }
}

public import Base

/// The client side of one HTTP/1.1 connection to an origin; RFC 9112.
///
/// One request at a time, never pipelined. `nextEvent` does the parsing, so it is drained after
/// `receive`, after `receiveEnd`, and after `produce` (for `writable` and `closed`). Body pieces
/// point into the received bytes. `Content-Length` and `Transfer-Encoding` become fields of the head
/// and do not stand among its field lines. Calls that name a stream which is over do nothing. When
/// a head is announced with `isEnd`, no `end` follows.
///
/// A response that RFC 9112 forbids, bytes before a request and bytes behind a response end the
/// connection: what follows could belong to someone else's answer. Owned by one loop.
public final class HTTP1ClientCodec: ClientCodec {
  /// How far the response has come.
  private enum ResponsePlace { case statusLine, fields, body, complete }
  /// How far the connection's end has come.
  private enum Ending {
    case open
    /// `failed` is to be told.
    case due(ConnectionFault)
    case told
  }

  private let limits: HTTPLimits
  private var input = HTTP1Input()
  private var output = HTTP1Output()

  private var responsePlace = ResponsePlace.statusLine
  private var ending = Ending.open
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

  private var head = ResponseHead()
  private var section = HTTP1Section()
  private var framing = HTTP1Framing()
  private var body = HTTP1Body()
  private var isHTTP10 = false
  private var isHeadRequest = false
  private var informationalCount = 0
  private var unconsumedByteCount = 0

  /// Whether a byte of the response under way, or of the last one, was received. A request on a
  /// reused connection that ends without any may be sent again if its method is idempotent.
  public private(set) var receivedAnyResponseByte = false
  /// Seconds that the origin keeps an idle connection, as its last `Keep-Alive` said.
  public private(set) var idleTimeoutSeconds: UInt32?

  /// Makes the codec of a new connection.
  public init(limits: HTTPLimits = HTTPLimits()) { self.limits = limits }

  // MARK: Sending

  public var canOpen: Bool { !isActive && isReusable && input.isEmpty }

  /// Starts a request; traps unless `canOpen`, and on a method, authority or target that would
  /// break the message (codecs and `CanonicalTarget` let none through).
  public func open(_ head: borrowing RequestHead, isEnd: Bool) -> StreamID {
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
  private func writeRequestLine(_ head: borrowing RequestHead) {
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
  private func writeFraming(_ head: borrowing RequestHead, isEnd: Bool) {
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

  public func send(_ stream: StreamID, _ bytes: UnsafeRawBufferPointer) {
    guard isActive && stream == self.stream && !isRequestComplete else { return }
    if unsafe !output.send(bytes, limits: limits) { truncate() }
  }

  public func finish(_ stream: StreamID, trailers: Fields?) {
    guard isActive && stream == self.stream && !isRequestComplete else { return }
    complete(trailers: trailers)
  }

  /// Ends the request.
  private func complete(trailers: Fields?) {
    guard output.finish(trailers: trailers) else { return truncate() }
    isRequestComplete = true
  }

  public func reset(_ stream: StreamID, code: UInt32) {
    guard isActive && stream == self.stream else { return }
    truncate()
  }

  /// Ends stream and connection, and sends nothing more.
  private func truncate() {
    isActive = false
    output.endMessage()
    output.queue.removeAll()
    input.removeAll()
    ending = .due(.closed)
  }

  public func produce(into output: inout ByteQueue, byteCountMax: Int) {
    guard !self.output.queue.isEmpty else { return }
    hasProduced = true
    self.output.produce(into: &output, byteCountMax: byteCountMax, limits: limits)
  }

  // MARK: Receiving

  public func receive(_ bytes: UnsafeRawBufferPointer) {
    guard !isFinished, bytes.count > 0 else { return }
    if isActive { receivedAnyResponseByte = true }
    unsafe input.receive(bytes)
  }

  public func receiveEnd() { hasPeerEnded = true }

  public func nextEvent() -> CodecEvent? {
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
  private func checkIdle() -> CodecEvent? {
    if !input.isEmpty { return refuse(.bytesUnexpected) }
    guard hasPeerEnded else { return nil }
    ending = .due(.closed)
    return nextEvent()
  }

  /// Parses up to the next event.
  private func parse() -> CodecEvent? {
    // An answer to a request that was not sent answers someone else.
    if !hasProduced && !input.isEmpty { return refuse(.bytesUnexpected) }
    while true {
      switch responsePlace {
      case .statusLine:
        switch input.takeLine(byteCountMax: limits.fieldBytesMax) {
        case .needsMore: return endOfInput()
        case .tooLong: return refuse(.fieldsTooLarge)
        case .bareLineFeed: return refuse(.bareLineFeed)
        case .line(let line):
          if let refusal = unsafe beginResponse(line) { return refuse(refusal) }
        }
      case .fields:
        switch input.takeLine(byteCountMax: limits.fieldBytesMax) {
        case .needsMore: return endOfInput()
        case .tooLong: return refuse(.fieldsTooLarge)
        case .bareLineFeed: return refuse(.bareLineFeed)
        case .line(let line):
          if unsafe line.isEmpty { return endHead() }
          if let refusal = unsafe readField(line) { return refuse(refusal) }
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
  private func endOfInput() -> CodecEvent? {
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
  private func refuse(_ refusal: HTTP1Refusal) -> CodecEvent? {
    input.removeAll()
    output.queue.removeAll()
    ending = .due(.malformed(refusal.rawValue))
    if isActive {
      isActive = false
      faultDue = .malformed(refusal.rawValue)
    }
    return nextEvent()
  }

  /// Reads `HTTP/1.1 200 reason`; a missing reason, even without its space, is tolerated.
  private func beginResponse(_ line: UnsafeRawBufferPointer) -> HTTP1Refusal? {
    head = ResponseHead()
    head.fields.reserveCapacity(byteCount: 512, lineCount: 16)
    section = HTTP1Section()
    framing = HTTP1Framing()
    responsePlace = .fields
    let isWellFormed = unsafe line.count >= 12 && line[0] == 0x48 && line[1] == 0x54
      && line[2] == 0x54 && line[3] == 0x50 && line[4] == 0x2F
      && line[5] == 0x31 && line[6] == 0x2E && (line[7] == 0x30 || line[7] == 0x31)
      && line[8] == 0x20 && (line.count == 12 || line[12] == 0x20)
    guard isWellFormed, let status = unsafe ByteScan.decimal(ByteScan.slice(line, 9..<12)),
      unsafe ByteScan.firstControl(line, in: 12..<line.count) == nil
    else { return .statusLine }
    guard status >= 100 && status <= 599 else { return .statusInvalid }
    unsafe isHTTP10 = line[7] == 0x30
    head.status = UInt16(status)
    return nil
  }

  /// Reads a field line.
  private func readField(_ line: UnsafeRawBufferPointer) -> HTTP1Refusal? {
    switch unsafe section.read(line, into: &head.fields, limits: limits) {
    case .refused(let refusal): return refusal
    case .field(let known, let value):
      if known == .keepAlive { unsafe readKeepAlive(value) }
      return unsafe framing.note(known, value, in: &head.fields)
    }
  }

  /// Reads `timeout=5, max=100`; what does not read is ignored.
  private func readKeepAlive(_ value: UnsafeRawBufferPointer) {
    var members = unsafe ListMembers(value)
    while let member = members.next() {
      let text = unsafe ByteScan.slice(value, member)
      guard unsafe ByteScan.startsIgnoringCase(text, "timeout=") else { continue }
      if let seconds = unsafe ByteScan.decimal(ByteScan.slice(text, 8..<text.count)) {
        idleTimeoutSeconds = UInt32(clamping: seconds)
      }
    }
  }

  /// Checks the head as a whole, chooses how the body ends (RFC 9112 section 6.3), announces it.
  private func endHead() -> CodecEvent? {
    if let refusal = framing.refusal(isHTTP10: isHTTP10) { return refuse(refusal) }
    let status = head.status
    if status < 200 {
      if status == 101 { return refuse(.switchingProtocols) }
      if framing.isChunked || framing.contentLength != nil { return refuse(.informationalBody) }
      informationalCount += 1
      if informationalCount > limits.informationalsMax { return refuse(.informationalsTooMany) }
      responsePlace = .statusLine
      return .informational(stream)
    }
    if framing.wantsClose || isHTTP10 { isPersistent = false }
    let isBodiless = isHeadRequest || status == 204 || status == 304
    head.contentLength = status == 204 ? nil : framing.contentLength
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

  public func takeResponse(_ stream: StreamID) -> ResponseHead {
    var taken = ResponseHead()
    swap(&taken, &head)
    return taken
  }

  public func takeTrailers(_ stream: StreamID) -> Fields {
    var taken = Fields()
    swap(&taken, &body.trailers)
    return taken
  }

  public func consumed(_ stream: StreamID, byteCount: Int) {
    guard stream == self.stream else { return }
    unconsumedByteCount = max(0, unconsumedByteCount - byteCount)
  }

  // MARK: State

  public var wantsToSend: Bool { !output.queue.isEmpty }

  public var wantsToReceive: Bool {
    !hasPeerEnded && !isFinished
      && (!isActive || unconsumedByteCount <= limits.receiveHighMarkBytes)
  }

  public var isFinished: Bool {
    if case .open = ending { false } else { true }
  }

  public var isReusable: Bool { isPersistent && !isFinished && !hasPeerEnded }

  public var streamCount: Int { isActive ? 1 : 0 }

  public func queuedByteCount(_ stream: StreamID) -> Int {
    stream == self.stream ? output.queue.count : 0
  }

  /// Gives buffers back; for connections that have been idle for a while.
  public func releaseMemory() {
    input.releaseIfEmpty()
    output.queue.releaseIfEmpty()
  }
}

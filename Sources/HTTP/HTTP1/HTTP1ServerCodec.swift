public import Base

/// The server side of one HTTP/1.1 or HTTP/1.0 connection; RFC 9112.
///
/// One request at a time: a pipelined one is parsed when the answer before it is written out, and
/// until then nothing more is read. `nextEvent` does the parsing, so it is drained after `receive`,
/// after `receiveEnd`, and after `produce` (for `writable` and `closed`). Body pieces point into the
/// received bytes. `Content-Length`, `Transfer-Encoding` and `Host` become fields of the head and do
/// not stand among its field lines. Calls that name a stream which is over do nothing. When a head
/// is announced with `isEnd`, no `end` follows.
///
/// A message that RFC 9112 forbids, or that two implementations might read differently, is answered
/// with an error and ends the connection; a response that is cut short ends it without the final
/// chunk. Owned by one loop.
public final class HTTP1ServerCodec: ServerCodec {
  /// How far the request has come.
  private enum RequestPlace { case requestLine, fields, body, complete }
  /// How far the response has come.
  private enum ResponsePlace { case none, body, complete }
  /// How far the connection's end has come.
  private enum Ending {
    case open
    /// `failed` is to be told.
    case due(ConnectionFault)
    case told
  }

  private let limits: HTTPLimits
  private let isSecure: Bool
  private var input = HTTP1Input()
  private var output = HTTP1Output()

  private var requestPlace = RequestPlace.requestLine
  private var responsePlace = ResponsePlace.none
  private var ending = Ending.open
  /// The stream under way, or the last one.
  private var stream = StreamID(0)
  /// Whether a head was announced and the stream is not over.
  private var isActive = false
  /// A fault of the stream that is to be told.
  private var faultDue: StreamFault?
  /// Whether the connection ends after the response under way.
  private var isClosing = false
  /// Whether new requests are refused.
  private var isShutDown = false
  /// Whether the peer sent its last byte.
  private var hasPeerEnded = false
  /// Whether the connection must end without a clean close; see `endsAbruptly`.
  private var isTruncated = false

  private var head = RequestHead()
  private var requestLine = HTTP1RequestLine()
  private var section = HTTP1Section()
  private var framing = HTTP1Framing()
  private var body = HTTP1Body()
  private var hasHost = false
  private var hasEmptyLine = false
  private var isHeadRequest = false
  private var expectsContinue = false
  private var isContinueDue = false
  private var unconsumedByteCount = 0

  /// Makes the codec of a new connection; `isSecure` tells whether it is inside TLS.
  public init(limits: HTTPLimits = HTTPLimits(), isSecure: Bool = true) {
    self.limits = limits
    self.isSecure = isSecure
  }

  // MARK: Receiving

  public func receive(_ bytes: UnsafeRawBufferPointer) {
    if isFinished || isDiscarding { return }
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
    if isActive && responsePlace == .complete && output.queue.isEmpty
      && (requestPlace == .complete || isClosing)
    {
      endExchange()
      return .closed(stream)
    }
    switch ending {
    case .open: break
    case .told: return nil
    case .due(let fault):
      ending = .told
      return .failed(fault)
    }
    if isDiscarding {
      input.removeAll()
      return nil
    }
    return parse()
  }

  /// Whether received bytes no longer matter: the last response is complete.
  private var isDiscarding: Bool { isClosing && isActive && responsePlace == .complete }

  /// Makes the slot free for the next request.
  private func endExchange() {
    isActive = false
    output.endMessage()
    requestPlace = .requestLine
    responsePlace = .none
    hasEmptyLine = false
    if isClosing || isShutDown {
      ending = .due(.closed)
      input.removeAll()
    }
  }

  /// Parses up to the next event.
  private func parse() -> CodecEvent? {
    while true {
      switch requestPlace {
      case .requestLine:
        switch input.takeLine(byteCountMax: HTTP1RequestLine.byteCountMax(limits)) {
        case .needsMore: return endOfInput()
        case .tooLong: return refuse(.requestLineTooLong)
        case .bareLineFeed: return refuse(.bareLineFeed)
        case .line(let line):
          if let refusal = unsafe beginRequest(line) { return refuse(refusal) }
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
        if isContinueDue {
          isContinueDue = false
          return .expectsContinue(stream)
        }
        switch body.next(&input, limits: limits, dropsForbidden: false) {
        case .needsMore: return endOfInput()
        case .refused(let refusal): return refuse(refusal)
        case .bytes(let bytes):
          unconsumedByteCount += bytes.count
          return unsafe .body(stream, bytes)
        case .end:
          requestPlace = .complete
          return .end(stream, hasTrailers: !body.trailers.isEmpty)
        }
      case .complete:
        return endOfInput()
      }
    }
  }

  /// Keeps what is left for later, and looks whether anything can come later.
  private func endOfInput() -> CodecEvent? {
    input.stash()
    guard hasPeerEnded else { return nil }
    switch requestPlace {
    case .requestLine where input.isEmpty: ending = .due(.closed)
    case .requestLine, .fields:
      ending = .due(.malformed("connection ended inside a message head"))
    case .body:
      isActive = false
      isTruncated = responsePlace != .none
      faultDue = .connectionLost
      ending = .due(.closed)
    case .complete:
      // The client may have shut down its half only; the response still goes out.
      guard input.isEmpty && !isClosing else { return nil }
      isClosing = true
      return nil
    }
    return nextEvent()
  }

  /// Answers with an error where that is still possible, and ends the connection.
  private func refuse(_ refusal: HTTP1Refusal) -> CodecEvent? {
    input.removeAll()
    if responsePlace == .none {
      output.writeStatusLine(refusal.status)
      if refusal == .connect { output.queue.append("allow: GET, HEAD, POST, PUT, PATCH, DELETE\r\n") }
      output.queue.append("connection: close\r\ncontent-length: 0\r\n\r\n")
    } else {
      isTruncated = responsePlace == .body
    }
    ending = .due(.malformed(refusal.rawValue))
    if isActive {
      isActive = false
      faultDue = .malformed(refusal.rawValue)
    }
    return nextEvent()
  }

  // MARK: The request head

  /// Reads the request line, or tolerates one empty line before it (RFC 9112 section 2.2).
  private func beginRequest(_ line: UnsafeRawBufferPointer) -> HTTP1Refusal? {
    if unsafe line.isEmpty {
      guard !hasEmptyLine else { return .emptyLines }
      hasEmptyLine = true
      return nil
    }
    head = RequestHead()
    head.isSecure = isSecure
    head.fields.reserveCapacity(byteCount: 512, lineCount: 16)
    requestLine = HTTP1RequestLine()
    section = HTTP1Section()
    framing = HTTP1Framing()
    hasHost = false
    expectsContinue = false
    requestPlace = .fields
    return unsafe requestLine.read(line, into: &head, limits: limits)
  }

  /// Reads a field line.
  private func readField(_ line: UnsafeRawBufferPointer) -> HTTP1Refusal? {
    switch unsafe section.read(line, into: &head.fields, limits: limits) {
    case .refused(let refusal): return refusal
    case .field(let known, let value):
      switch known {
      case .host: return unsafe readHost(value)
      case .expect:
        guard !requestLine.isHTTP10 else { return nil }
        guard unsafe ByteScan.equalsIgnoringCase(value, "100-continue") else {
          return .expectation
        }
        expectsContinue = true
        return nil
      default: return unsafe framing.note(known, value, in: &head.fields)
      }
    }
  }

  /// Takes the authority from `Host`, or compares it with the target's (RFC 9112 section 3.2).
  private func readHost(_ value: UnsafeRawBufferPointer) -> HTTP1Refusal? {
    head.fields.removeLast()
    guard !hasHost else { return .hostDuplicate }
    hasHost = true
    if requestLine.hasAuthority {
      var authority: [UInt8] = []
      guard unsafe CanonicalAuthority.canonicalize(value, into: &authority) else {
        return .hostInvalid
      }
      return authority == head.authority ? nil : .hostMismatch
    }
    return unsafe CanonicalAuthority.canonicalize(value, into: &head.authority)
      ? nil : .hostInvalid
  }

  /// Checks the head as a whole and announces it.
  private func endHead() -> CodecEvent? {
    if let refusal = framing.refusal(isHTTP10: requestLine.isHTTP10) { return refuse(refusal) }
    guard hasHost || requestLine.isHTTP10 else { return refuse(.hostMissing) }
    head.contentLength = framing.contentLength
    isClosing = isClosing || framing.wantsClose || requestLine.isHTTP10
    isHeadRequest = head.method == .head
    let hasBody = framing.isChunked || (framing.contentLength ?? 0) > 0
    body = HTTP1Body(
      framing.isChunked ? .chunked : framing.contentLength.map { .counted($0) } ?? .none)
    requestPlace = hasBody ? .body : .complete
    expectsContinue = expectsContinue && hasBody
    isContinueDue = expectsContinue
    unconsumedByteCount = 0
    stream = StreamID(stream.number == .max ? 1 : stream.number + 1)
    isActive = true
    responsePlace = .none
    return .head(stream, isEnd: !hasBody)
  }

  public func takeRequest(_ stream: StreamID) -> RequestHead {
    var taken = RequestHead()
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

  // MARK: Sending

  /// Whether `stream` is under way and its response has come to `place`.
  private func isAt(_ place: ResponsePlace, _ stream: StreamID) -> Bool {
    isActive && stream == self.stream && responsePlace == place
  }

  public func sendInformational(_ stream: StreamID, _ head: borrowing ResponseHead) {
    let status = head.status
    precondition(status >= 100 && status < 200 && status != 101, "not an interim status")
    guard isAt(.none, stream) && !requestLine.isHTTP10 else { return }
    if status == 100 { expectsContinue = false }
    output.writeStatusLine(status)
    output.write(head.fields, isTrailers: false)
    output.queue.append("\r\n")
  }

  public func sendResponse(_ stream: StreamID, _ head: borrowing ResponseHead, isEnd: Bool) {
    let status = head.status
    precondition(status >= 200, "not a final status")
    guard isAt(.none, stream) else { return }
    let isReceived = requestPlace == .complete || body.isRead
    // A client that still waits for 100 may or may not send its body: only closing is unambiguous.
    if !isReceived && (isEnd || expectsContinue) { isClosing = true }
    let isBodiless = isHeadRequest || status == 204 || status == 304
    output.writeStatusLine(status)
    output.write(head.fields, isTrailers: false)
    if isBodiless {
      output.framing = .none
      if let length = head.contentLength, status != 204 { output.write(contentLength: length) }
    } else if let length = head.contentLength ?? (isEnd ? 0 : nil) {
      output.framing = .counted(length)
      output.write(contentLength: length)
    } else if requestLine.isHTTP10 {
      output.framing = .untilClose
      isClosing = true
    } else {
      output.framing = .chunked
      output.queue.append("transfer-encoding: chunked\r\n")
    }
    if isClosing { output.queue.append("connection: close\r\n") }
    output.queue.append("\r\n")
    responsePlace = .body
    if isEnd { complete(trailers: nil) }
  }

  public func send(_ stream: StreamID, _ bytes: UnsafeRawBufferPointer) {
    guard isAt(.body, stream) else { return }
    if unsafe !output.send(bytes, limits: limits) { truncate() }
  }

  public func finish(_ stream: StreamID, trailers: Fields?) {
    guard isAt(.body, stream) else { return }
    complete(trailers: trailers)
  }

  /// Ends the response; the connection with it when the request will not be read to its end.
  private func complete(trailers: Fields?) {
    guard output.finish(trailers: trailers) else { return truncate() }
    responsePlace = .complete
    if requestPlace != .complete && !body.isRead { isClosing = true }
  }

  public func reset(_ stream: StreamID, code: UInt32) {
    guard isActive && stream == self.stream else { return }
    truncate()
  }

  /// Ends stream and connection without completing the response.
  private func truncate() {
    isActive = false
    isTruncated = responsePlace != .complete
    output.endMessage()
    input.removeAll()
    ending = .due(.closed)
  }

  public func produce(into output: inout ByteQueue, byteCountMax: Int) {
    self.output.produce(into: &output, byteCountMax: byteCountMax, limits: limits)
  }

  // MARK: State

  public var wantsToSend: Bool { !output.queue.isEmpty }

  public var wantsToReceive: Bool {
    guard !hasPeerEnded && !isFinished && !isDiscarding else { return false }
    switch requestPlace {
    case .requestLine, .fields: return true
    case .body: return unconsumedByteCount <= limits.receiveHighMarkBytes
    // Reading on shows that the client left; a request that comes early stops it.
    case .complete: return input.isEmpty
    }
  }

  public var isFinished: Bool {
    if case .open = ending { false } else { true }
  }

  /// Whether the response was cut short, so that the driver must not close in order (no TLS
  /// close_notify; a TCP reset): HTTP/1.0 clients take an orderly end for the body's end.
  public var endsAbruptly: Bool { isTruncated }

  public var streamCount: Int { isActive ? 1 : 0 }

  public func queuedByteCount(_ stream: StreamID) -> Int {
    stream == self.stream ? output.queue.count : 0
  }

  /// Gives buffers back; for connections that have been idle for a while.
  public func releaseMemory() {
    input.releaseIfEmpty()
    output.queue.releaseIfEmpty()
  }

  // MARK: Ending

  public func announceShutdown() {
    isClosing = true
    // A connection that never carried a request gets its first one served.
    if isIdle && stream.number > 0 { ending = .due(.closed) }
  }

  public func shutdown() {
    isClosing = true
    isShutDown = true
    if !isActive && !isFinished { ending = .due(.closed) }
  }

  /// Whether no request is under way, not even in part.
  private var isIdle: Bool {
    !isActive && !isFinished && requestPlace == .requestLine && input.isEmpty
  }
}

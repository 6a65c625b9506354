public import Base

/// The server side of one HTTP/1.1 or HTTP/1.0 connection; RFC 9112.
///
/// One request at a time: a pipelined one is parsed when the answer before it is written out, and
/// until then nothing more is read. `nextEvent` does the parsing, so it is drained after `receive`,
/// after `receiveEnd`, and after `produce` (for `writable` and `closed`). Body pieces point into
/// the received bytes. `Content-Length`, `Transfer-Encoding` and `Host` become properties of the
/// head and do not stand among its field lines. Calls that name a stream which is over do nothing.
/// When a head is announced with `isEnd`, no `end` follows.
///
/// A message that RFC 9112 forbids, or that two implementations might read differently, is reported
/// as `refused`, and the answer ends the connection: nothing behind it is read. A response that is
/// cut short ends it without the final chunk. Owned by one loop.
public final class HTTP1ServerCodec: ServerCodec {
  /// How far the request has come.
  private enum RequestPlace { case requestLine, fields, body, complete }
  /// How far the response has come.
  private enum ResponsePlace { case none, body, complete }

  private let limits: HTTPLimits
  private let isSecure: Bool
  private var input = HTTP1Input()
  private var output = HTTP1Output()

  private var requestPlace = RequestPlace.requestLine
  private var responsePlace = ResponsePlace.none
  private var ending = HTTP1Ending.open
  /// The stream under way, or the last one.
  private var stream = StreamID(0)
  /// Whether a head was announced and the stream is not over.
  private var isActive = false
  /// A fault of the stream that is to be told.
  private var faultDue: StreamFault?
  /// Why the request under way was refused; nothing more is read then.
  private var refusal: HTTP1Refusal?
  /// Whether the connection ends after the response under way.
  private var isClosing = false
  /// Whether the peer sent its last byte.
  private var hasPeerEnded = false
  /// Whether the connection must end without a clean close; see `endsAbruptly`.
  private var isTruncated = false

  private var reader = HTTP1RequestReader()
  private var body = HTTP1Body()
  private var hasEmptyLine = false
  private var isHTTP10 = false
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

  /// See `Codec`; the bytes stay where they are until the events are drained.
  public func receive(_ bytes: UnsafeRawBufferPointer) {
    if isFinished || isDiscarding { return }
    unsafe input.receive(bytes)
  }

  /// See `Codec`.
  public func receiveEnd() { hasPeerEnded = true }

  /// Parses up to the next event; see `Codec`.
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

  /// Whether received bytes no longer matter: the last response is complete, or the first refusal.
  private var isDiscarding: Bool {
    refusal != nil || (isClosing && isActive && responsePlace == .complete)
  }

  /// Makes the slot free for the next request.
  private func endExchange() {
    isActive = false
    output.endMessage()
    requestPlace = .requestLine
    responsePlace = .none
    hasEmptyLine = false
    if isClosing {
      ending = .due(refusal.map { .malformed($0.rawValue) } ?? .closed)
      input.removeAll()
    }
  }

  /// Parses up to the next event.
  private func parse() -> CodecEvent? {
    while true {
      switch requestPlace {
      case .requestLine:
        let byteCountMax = HTTP1RequestLine.byteCountMax(limits)
        switch input.takeLine(byteCountMax: byteCountMax, .requestLineTooLong) {
        case .needsMore: return endOfInput()
        case .refused(let refusal): return refuse(refusal)
        case .line(let line):
          // One empty line is tolerated before a request; RFC 9112 section 2.2.
          if unsafe line.isEmpty {
            if hasEmptyLine { return refuse(.emptyLines) }
            hasEmptyLine = true
            continue
          }
          requestPlace = .fields
          if let refusal = unsafe reader.begin(line, isSecure: isSecure, limits: limits) {
            return refuse(refusal)
          }
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
      case .complete: return endOfInput()
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

  /// Lets the owner answer where that is still possible, and ends the connection behind it.
  private func refuse(_ refusal: HTTP1Refusal) -> CodecEvent? {
    input.removeAll()
    guard responsePlace == .none else {
      isTruncated = responsePlace == .body
      ending = .due(.malformed(refusal.rawValue))
      isActive = false
      faultDue = .malformed(refusal.rawValue)
      return nextEvent()
    }
    self.refusal = refusal
    isClosing = true
    if !isActive {
      if requestPlace == .requestLine { reader = HTTP1RequestReader() }
      reader.head = reader.head.refused()
      beginExchange()
    }
    requestPlace = .complete
    return .refused(stream, refusal.fault)
  }

  // MARK: The request head

  /// Checks the head as a whole and announces it.
  private func endHead() -> CodecEvent? {
    if let refusal = reader.end() { return refuse(refusal) }
    beginExchange()
    isClosing = isClosing || reader.framing.wantsClose || isHTTP10
    let hasBody = reader.framing.isChunked || (reader.framing.contentLength ?? 0) > 0
    body = HTTP1Body(
      reader.framing.isChunked
        ? .chunked : reader.framing.contentLength.map { .counted($0) } ?? .none)
    requestPlace = hasBody ? .body : .complete
    expectsContinue = reader.expectsContinue && hasBody
    isContinueDue = expectsContinue
    return .head(stream, isEnd: !hasBody)
  }

  /// Gives the request that was read, as far as it was, the next number.
  private func beginExchange() {
    isHTTP10 = reader.isHTTP10
    isHeadRequest = reader.head.method == .head
    expectsContinue = false
    unconsumedByteCount = 0
    stream = StreamID(stream.number == .max ? 1 : stream.number + 1)
    isActive = true
    responsePlace = .none
  }

  /// The head that `head` announced.
  public func takeRequest(_ stream: StreamID, into head: inout RequestHead) {
    swap(&head, &reader.head)
  }

  /// The trailers of the message that `end` announced.
  public func takeTrailers(_ stream: StreamID) -> Fields {
    var taken = Fields()
    swap(&taken, &body.trailers)
    return taken
  }

  /// See `Codec`; bytes of a stream that is over do not count.
  public func consumed(_ stream: StreamID, byteCount: Int) {
    guard stream == self.stream else { return }
    unconsumedByteCount = max(0, unconsumedByteCount - byteCount)
  }

  // MARK: Sending

  /// Whether `stream` is under way and its response has come to `place`.
  private func isAt(_ place: ResponsePlace, _ stream: StreamID) -> Bool {
    isActive && stream == self.stream && responsePlace == place
  }

  /// Sends an interim response; HTTP/1.0 clients get none.
  public func sendInformational(_ stream: StreamID, _ head: borrowing ResponseHead) {
    let status = head.status
    precondition(status >= 100 && status < 200 && status != 101, "not an interim status")
    guard isAt(.none, stream) && !isHTTP10 else { return }
    if status == 100 { expectsContinue = false }
    output.writeStatusLine(status)
    output.write(head.fields, isTrailers: false)
    output.queue.append("\r\n")
  }

  /// Sends the final head and chooses the framing: declared length, chunked, or the end.
  public func sendResponse(_ stream: StreamID, _ head: borrowing ResponseHead, isEnd: Bool) {
    let status = head.status
    precondition(status >= 200, "not a final status")
    guard isAt(.none, stream) else { return }
    let isReceived = requestPlace == .complete || body.isRead
    // A client that still waits for 100 may or may not send its body: only closing is unambiguous.
    // RFC 9110 section 15.5.9 wants the end announced to one that held its body back.
    if !isReceived && (isEnd || expectsContinue || status == 408) { isClosing = true }
    let isBodiless = isHeadRequest || status == 204 || status == 304
    output.writeStatusLine(status)
    output.write(head.fields, isTrailers: false)
    if isBodiless {
      output.framing = .none
      if let length = head.contentLength, status != 204 { output.write(contentLength: length) }
    } else if let length = head.contentLength ?? (isEnd ? 0 : nil) {
      output.framing = .counted(length)
      output.write(contentLength: length)
    } else if isHTTP10 {
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

  /// Queues body bytes in the framing that the head chose.
  public func send(_ stream: StreamID, _ bytes: UnsafeRawBufferPointer) {
    guard isAt(.body, stream) else { return }
    if unsafe !output.send(bytes, limits: limits) { truncate() }
  }

  /// Completes this side's message; a body shorter than declared ends the connection instead.
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

  /// Ends the stream and with it the connection, whatever the code.
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

  /// See `Codec`.
  public func produce(into output: inout ByteQueue, byteCountMax: Int) {
    self.output.produce(into: &output, byteCountMax: byteCountMax, limits: limits)
  }

  // MARK: State

  /// Whether `produce` would give bytes now.
  public var wantsToSend: Bool { !output.queue.isEmpty }
  /// Whether the driver should read.
  public var wantsToReceive: Bool {
    guard !hasPeerEnded && !isFinished && !isDiscarding else { return false }
    switch requestPlace {
    case .requestLine, .fields: return true
    case .body: return unconsumedByteCount <= limits.receiveHighMarkBytes
    // Reading on shows that the client left; a request that comes early stops it.
    case .complete: return input.isEmpty
    }
  }
  /// Whether a request's head has begun to come and is not complete.
  public var isInHead: Bool {
    requestPlace == .fields || (requestPlace == .requestLine && !input.isEmpty)
  }
  /// Whether the connection is over once `produce` is empty.
  public var isFinished: Bool {
    if case .open = ending { false } else { true }
  }
  /// Whether the response was cut short, so that the driver must not close in order (no TLS
  /// close_notify; a TCP reset): HTTP/1.0 clients take an orderly end for the body's end.
  public var endsAbruptly: Bool { isTruncated }
  /// Streams under way: none or one.
  public var streamCount: Int { isActive ? 1 : 0 }
  /// Bytes queued, framing included, and not yet produced.
  public func queuedByteCount(_ stream: StreamID) -> Int {
    stream == self.stream ? output.queue.count : 0
  }
  /// Gives buffers back; for connections that have been idle for a while.
  public func releaseMemory() {
    input.releaseIfEmpty()
    output.queue.releaseIfEmpty()
  }

  // MARK: Ending

  /// Tells clients with the next response; idle connections that served one finish at once.
  public func announceShutdown() {
    isClosing = true
    // A connection that never carried a request gets its first one served.
    if isIdle && stream.number > 0 { ending = .due(.closed) }
  }

  /// Finishes at once, or after the response under way.
  public func shutdown() {
    isClosing = true
    if !isActive && !isFinished { ending = .due(.closed) }
  }

  /// Whether no request is under way, not even in part.
  private var isIdle: Bool {
    !isActive && !isFinished && requestPlace == .requestLine && input.isEmpty
  }
}

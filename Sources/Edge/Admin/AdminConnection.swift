internal import Admin
internal import Base
internal import HTTP
internal import Native
internal import Reactor

/// A connection of an operator: requests are read whole, within bounds, and answered at once.
final class AdminConnection: ServingConnection {
  /// A request whose body is not complete.
  private struct Pending {
    var request: AdminRequest
    var authorization: String?
  }

  private unowned let thread: AdminThread
  private let peer: SocketAddress
  private var pending: [StreamID: Pending] = [:]
  /// Streams that follow events, with the number of the next.
  private var followers: [StreamID: Int] = [:]
  /// Streams whose answer is being made on another thread, and whether it has a body.
  private var waiting: [StreamID: Bool] = [:]
  private lazy var certificate = peerCertificate
  /// Bytes of bodies that nobody will read.
  private var swallowedByteCount = 0
  /// Since when no request has become complete.
  private var waitingSince: Instant
  /// Whether a request here proved who sends it.
  private(set) var isKnown = false

  /// Milliseconds for TLS to be agreed, and for the peer's end after ours.
  private static let handshakeMilliseconds: UInt64 = 5_000
  private static let lingerMilliseconds: UInt64 = 1_000
  /// Milliseconds without a byte moved after which a client that follows is gone.
  private static let silenceMilliseconds: UInt64 = 60_000
  /// Bytes of refused bodies that are read, so that the refusal arrives.
  private static let swallowedByteCountMax = 1 << 20

  init(
    thread: AdminThread, socket: consuming Socket, peer: SocketAddress, tls: consuming TLSSession
  ) {
    self.thread = thread
    self.peer = peer
    waitingSince = thread.context.loop.now
    super.init(context: thread.context, socket: socket, tls: tls, isConnecting: false)
  }

  private static var limits: HTTPLimits {
    var limits = HTTPLimits()
    limits.fieldBytesMax = AdminLimits.fieldsByteCountMax
    limits.targetBytesMax = AdminLimits.targetByteCountMax
    limits.fieldCountMax = 64
    limits.concurrentStreamsMax = AdminLimits.streamCountMax
    return limits
  }

  /// Streams that follow events.
  var followerCount: Int { followers.count }

  override func established() {
    speak(Self.limits, isSecure: true)
    waitingSince = context.loop.now
    context.flushLater(self)
  }

  override func broke(_ reason: TransportFault) {
    thread.log.adminClientBroke("\(peer)", reason.description)
    thread.forget(self)
  }

  override func close(resets: Bool = false) {
    guard !isClosed else { return }
    super.close(resets: resets)
    thread.forget(self)
  }

  override func drain() {
    guard let codec else { return }
    while !isClosed, let event = codec.nextEvent() {
      context.flushLater(self)
      switch event {
      case .head(let stream, let isEnd): begin(stream, codec, isEnd: isEnd)
      case .refused(let stream, let fault):
        _ = codec.takeRequest(stream)
        pending[stream] = nil
        send(Problem(fault).answer, on: stream, codec)
      case .expectsContinue(let stream):
        if pending[stream] != nil { codec.sendInformational(stream, ResponseHead(status: 100)) }
      case .body(let stream, let piece):
        let count = piece.count
        unsafe take(piece, of: stream, codec)
        codec.consumed(stream, byteCount: count)
      case .end(let stream, let hasTrailers):
        if hasTrailers { _ = codec.takeTrailers(stream) }
        if let whole = pending.removeValue(forKey: stream) { answer(whole, on: stream, codec) }
      case .reset(let stream, _), .closed(let stream):
        pending[stream] = nil
        followers[stream] = nil
        waiting[stream] = nil
        waitingSince = context.loop.now
      case .informational, .goAway, .writable: break
      case .failed(let fault): thread.log.clientFault(fault)
      }
    }
  }

  private func begin(_ stream: StreamID, _ codec: any ServerCodec, isEnd: Bool) {
    let head = codec.takeRequest(stream)
    var request = AdminRequest(
      method: head.methodName, target: String(decoding: head.target, as: UTF8.self))
    for name in AdminRequest.fieldNames { request.fields[name] = head.fields.value(named: name) }
    let whole = Pending(
      request: request, authorization: head.fields.value(named: "authorization"))
    if isEnd { return answer(whole, on: stream, codec) }
    guard head.contentLength ?? 0 <= UInt64(AdminLimits.bodyByteCountMax) else {
      return send(Problem.tooLong.answer, on: stream, codec)
    }
    pending[stream] = whole
  }

  private func take(
    _ piece: UnsafeRawBufferPointer, of stream: StreamID, _ codec: any ServerCodec
  ) {
    guard let byteCount = pending[stream]?.request.body.count else {
      swallowedByteCount += piece.count
      if swallowedByteCount > Self.swallowedByteCountMax { close(resets: true) }
      return
    }
    guard byteCount + piece.count <= AdminLimits.bodyByteCountMax else {
      pending[stream] = nil
      return send(Problem.tooLong.answer, on: stream, codec)
    }
    unsafe pending[stream]?.request.body.append(contentsOf: piece)
  }

  // MARK: Answers

  private func answer(_ whole: Pending, on stream: StreamID, _ codec: any ServerCodec) {
    waitingSince = context.loop.now
    let reply = thread.reply(
      to: whole.request,
      Credentials(certificate: certificate, authorization: whole.authorization), from: peer)
    isKnown = isKnown || reply.isKnown
    send(reply.answer, on: stream, codec, hasBody: whole.request.method != "HEAD")
  }

  private func send(
    _ answer: AdminAnswer, on stream: StreamID, _ codec: any ServerCodec, hasBody: Bool = true
  ) {
    if case .later(let work) = answer.body {
      guard thread.begin(work, for: self, stream) else {
        return send(Problem.busy.answer, on: stream, codec, hasBody: hasBody)
      }
      waiting[stream] = hasBody
      return
    }
    var head = ResponseHead(status: answer.status)
    head.fields.append("cache-control", "no-store")
    head.fields.append("date", byteCountMax: ByteWriter.httpDateByteCount) {
      $0.append(httpDate: context.wallTime)
    }
    for field in answer.fields { head.fields.append(field.name, field.value) }
    switch answer.body {
    case .document(let type, let bytes):
      head.fields.append("content-type", type)
      if hasBody { head.contentLength = UInt64(bytes.count) }
      codec.sendResponse(stream, head, isEnd: !hasBody)
      guard hasBody else { return }
      unsafe bytes.withUnsafeBytes { unsafe codec.send(stream, $0) }
      codec.finish(stream, trailers: nil)
    case .none, .later: codec.sendResponse(stream, head, isEnd: true)
    case .events(let number, let isComplete):
      guard thread.canFollow else { return send(Problem.crowded.answer, on: stream, codec) }
      head.fields.append("content-type", "text/event-stream")
      codec.sendResponse(stream, head, isEnd: false)
      followers[stream] = number
      push(EventLog.opening(isComplete: isComplete), stream, codec)
      push()
    }
    context.flushLater(self)
  }

  /// Sends an answer that took a while, if anybody waits for it still.
  func finish(_ stream: StreamID, with answer: AdminAnswer) {
    guard !isClosed, let codec, let hasBody = waiting.removeValue(forKey: stream) else { return }
    waitingSince = context.loop.now
    send(answer, on: stream, codec, hasBody: hasBody)
  }

  // MARK: Events

  /// Sends what has happened to those who follow. Who does not read is cut: nothing waits for him,
  /// and he may come back with the last event that he saw.
  func push() {
    guard let codec, !followers.isEmpty else { return }
    let events = thread.desk.events
    for (stream, next) in followers {
      var number = next
      while number < events.end, followers[stream] != nil {
        guard let text = events.text(number) else {
          cut(stream, codec)
          break
        }
        push(text, stream, codec)
        number += 1
      }
      if followers[stream] != nil { followers[stream] = number }
    }
  }

  /// A sign of life to those who follow.
  func beat() {
    guard let codec else { return }
    for stream in followers.keys { push(EventLog.heartbeat, stream, codec) }
  }

  private func push(_ bytes: [UInt8], _ stream: StreamID, _ codec: any ServerCodec) {
    guard codec.queuedByteCount(stream) + bytes.count <= AdminLimits.followerByteCountMax else {
      return cut(stream, codec)
    }
    unsafe bytes.withUnsafeBytes { unsafe codec.send(stream, $0) }
    context.flushLater(self)
  }

  private func cut(_ stream: StreamID, _ codec: any ServerCodec) {
    followers[stream] = nil
    codec.reset(stream, code: ErrorCode.cancel)
    context.flushLater(self)
  }

  // MARK: Time

  /// Closes what has waited too long.
  func checkDeadlines(_ now: Instant) {
    func isOver(_ start: Instant, _ milliseconds: UInt64) -> Bool {
      now >= start.adding(milliseconds: milliseconds)
    }
    if let lingerStarted {
      if isOver(lingerStarted, Self.lingerMilliseconds) { close() }
    } else if codec == nil {
      if isOver(waitingSince, Self.handshakeMilliseconds) { close() }
    } else if followers.isEmpty, waiting.isEmpty {
      codec?.advance(to: now)
      if isOver(waitingSince, AdminLimits.requestMillisecondsMax) { close(resets: true) }
    } else if isOver(lastActivity, Self.silenceMilliseconds) {
      close(resets: true)
    }
  }
}

extension Problem {
  /// The body passes the bound.
  fileprivate static let tooLong = Problem(
    413, "body-too-long", "a body may have \(AdminLimits.bodyByteCountMax) bytes")
  /// Too many answers take a while.
  fileprivate static let busy = Problem(
    503, "busy", "\(AdminLimits.workCountMax) such calls are being answered already; try again",
    retryAfterSeconds: 1)
  /// Too many follow events.
  fileprivate static let crowded = Problem(
    503, "too-many-followers", "\(AdminLimits.followerCountMax) clients follow already",
    retryAfterSeconds: 10)

  /// A request that could not be read.
  fileprivate init(_ fault: RequestFault) {
    switch fault {
    case .targetTooLong:
      self.init(
        414, "target-too-long", "a target may have \(AdminLimits.targetByteCountMax) bytes")
    case .fieldsTooLarge:
      self.init(
        431, "fields-too-large", "all fields may have \(AdminLimits.fieldsByteCountMax) bytes")
    case .method, .connect, .coding: self.init(501, "not-implemented", "nothing here does that")
    case .expectation: self.init(417, "expectation", "only `100-continue` is known here")
    case .version: self.init(505, "http-version", "HTTP/1.1 and HTTP/2 are spoken here")
    case .malformed, .target:
      self.init(400, "malformed-request", "the request is not valid HTTP")
    }
  }
}

import Base
import HTTP
import Testing

/// The server role: what good requests become, and how answers are framed.
struct HTTP1ServerTests {
  static let get = "GET / HTTP/1.1\r\nHost: a.example\r\n\r\n"
  static let ok = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
  static let okClose = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok"

  /// Good messages: what is sent, the events, the answers.
  static let good: [(String, [String], String)] = [
    (get, ["head 1 GET a.example / 1 .", "closed 1"], ok),
    ("\r\n" + get, ["head 1 GET a.example / 1 .", "closed 1"], ok),
    (
      "GET /a//%41?b HTTP/1.1\r\nhOsT: A.Example:80\r\nACCEPT:\t x, y \t\r\nEmpty:\r\n\r\n",
      ["head 1 GET a.example:80 /a/A?b 4 | accept=x, y | empty= .", "closed 1"], ok
    ),
    (
      "GET http://A.example?q HTTP/1.1\r\nHost: a.Example\r\n\r\n",
      ["head 1 GET a.example /?q 1 .", "closed 1"], ok
    ),
    (
      "OPTIONS * HTTP/1.1\r\nHost: a.example\r\n\r\n",
      ["head 1 OPTIONS a.example * 1 .", "closed 1"], ok
    ),
    (
      "SEARCH / HTTP/1.1\r\nHost: a.example\r\nA: \u{E9}\t\u{FF}\r\n\r\n",
      ["head 1 SEARCH a.example / 1 | a=\u{E9}\t\u{FF} .", "closed 1"], ok
    ),
    (
      "POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 5\r\n\r\nhello",
      ["head 1 POST a.example / 1 length=5", "body 1 hello", "end 1", "closed 1"], ok
    ),
    (
      "POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 0\r\n\r\n",
      ["head 1 POST a.example / 1 length=0 .", "closed 1"], ok
    ),
    (
      "POST / HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: Chunked\r\n\r\n"
        + "5;a=\"b\"\r\nhello\r\n00A\r\n, worlds\r\n\r\n0;x\r\nX-Sum: 7\r\n\r\n",
      [
        "head 1 POST a.example / 1", "body 1 hello, worlds\r\n", "end 1 | x-sum=7", "closed 1",
      ], ok
    ),
    (
      get + get + "HEAD /b HTTP/1.1\r\nHost: a.example\r\n\r\n",
      [
        "head 1 GET a.example / 1 .", "closed 1", "head 2 GET a.example / 1 .", "closed 2",
        "head 3 HEAD a.example /b 2 .", "closed 3",
      ], ok + ok + "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n"
    ),
    (
      "POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 2\r\n\r\nhi\r\n" + get,
      [
        "head 1 POST a.example / 1 length=2", "body 1 hi", "end 1", "closed 1",
        "head 2 GET a.example / 1 .", "closed 2",
      ], ok + ok
    ),
    (
      "GET / HTTP/1.1\r\nHost: a.example\r\nConnection: x, Close\r\n\r\n" + get,
      ["head 1 GET a.example / 1 | connection=x, Close .", "closed 1", "failed closed"], okClose
    ),
    (
      "GET / HTTP/1.0\r\n\r\n" + get, ["head 1 GET  / 1 .", "closed 1", "failed closed"], okClose
    ),
    (
      "GET / HTTP/1.0\r\nHost: a.example\r\nConnection: keep-alive\r\nExpect: y\r\n\r\n",
      [
        "head 1 GET a.example / 1 | connection=keep-alive | expect=y .", "closed 1",
        "failed closed",
      ], okClose
    ),
    (
      "GET / HTTP/1.1\r\nHost: a.example\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\n",
      ["head 1 GET a.example / 1 | upgrade=h2c | connection=upgrade .", "closed 1"], ok
    ),
    (
      "PUT / HTTP/1.1\r\nHost: a.example\r\nExpect: 100-Continue\r\nContent-Length: 1\r\n\r\nx",
      [
        "head 1 PUT a.example / 1 length=1 | expect=100-Continue", "expects 1", "body 1 x", "end 1",
        "closed 1",
      ], ok
    ),
  ]

  @Test(arguments: good.indices)
  func reads(index: Int) {
    let (message, events, output) = Self.good[index]
    let whole = serve([wire(message)])
    #expect(whole == Transcript(events: events, output: output))
    #expect(serve(cut(wire(message), seed: 0)) == whole)
    for seed: UInt64 in 1...16 { #expect(serve(cut(wire(message), seed: seed)) == whole) }
  }

  @Test(arguments: [
    ("", ["failed closed"]), (get, ["head 1 GET a.example / 1 .", "closed 1", "failed closed"]),
    ("GET /", ["failed malformed(\"connection ended inside a message head\")"]),
    (
      "POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 9\r\n\r\nhi",
      [
        "head 1 POST a.example / 1 length=9", "body 1 hi", "reset 1 connectionLost",
        "failed closed",
      ]
    ),
    (
      "POST / HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n",
      ["head 1 POST a.example / 1", "body 1 hi", "reset 1 connectionLost", "failed closed"]
    ),
  ])
  func endsWithThePeer(message: String, events: [String]) {
    #expect(serve([wire(message)], ends: true).events == events)
  }

  /// A codec with one request under way.
  static func codec(_ request: String = get) throws -> (HTTP1ServerCodec, StreamID) {
    let codec = HTTP1ServerCodec()
    var stream: StreamID?
    feed(codec, wire(request)) {
      while let event = codec.nextEvent() {
        if case .head(let started, _) = event { stream = started }
      }
    }
    return (codec, try #require(stream))
  }

  static func send(_ codec: some Codec, _ stream: StreamID, _ body: String) {
    unsafe wire(body).withUnsafeBytes { unsafe codec.send(stream, $0) }
  }

  @Test(
    arguments: [
      (get, 200, nil, "transfer-encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nx-sum: 1\r\n\r\n", false),
      (get, 200, 2, "content-length: 2\r\n\r\nhi", false),
      ("HEAD" + get.dropFirst(3), 200, 9, "content-length: 9\r\n\r\n", false),
      ("HEAD" + get.dropFirst(3), 200, nil, "\r\n", false),
      (get, 204, nil, "\r\n", false), (get, 204, 2, "\r\n", false),
      (get, 304, 7, "content-length: 7\r\n\r\n", false), (get, 304, nil, "\r\n", false),
      ("GET / HTTP/1.0\r\n\r\n", 200, nil, "connection: close\r\n\r\nhi", true),
      ("GET / HTTP/1.0\r\n\r\n", 200, 2, "content-length: 2\r\nconnection: close\r\n\r\nhi", true),
    ] as [(String, UInt16, UInt64?, String, Bool)])
  func framesAnswers(
    request: String, status: UInt16, length: UInt64?, expected: String, closes: Bool
  ) throws {
    let (codec, stream) = try Self.codec(request)
    var head = ResponseHead(status: status)
    head.contentLength = length
    head.fields.append("connection", "upgrade")
    head.fields.append("transfer-encoding", "gzip")
    codec.sendResponse(stream, head, isEnd: false)
    Self.send(codec, stream, "hi")
    Self.send(codec, stream, "")
    var trailers = Fields()
    trailers.append("x-sum", "1")
    trailers.append("content-length", "9")
    codec.finish(stream, trailers: trailers)
    let output = text(drainOutput(codec, portion: 7))
    #expect(output.drop { $0 != "\r\n" }.dropFirst() == Substring(expected))
    #expect(!codec.endsAbruptly)
    guard case .closed(stream)? = codec.nextEvent() else {
      Issue.record("not closed")
      return
    }
    #expect(codec.isFinished == closes)
    #expect(codec.streamCount == 0)
  }

  @Test func endedAnswersHaveLengthZero() throws {
    let (codec, stream) = try Self.codec()
    codec.sendResponse(stream, ResponseHead(status: 599), isEnd: true)
    #expect(text(drainOutput(codec)) == "HTTP/1.1 599 \r\ncontent-length: 0\r\n\r\n")
  }

  /// Each way to cut a response short: the final chunk never appears, the end is not orderly.
  @Test(arguments: ["reset", "short", "long", "end"])
  func truncates(way: String) throws {
    let (codec, stream) = try Self.codec()
    var head = ResponseHead()
    head.contentLength = way == "reset" ? nil : 5
    codec.sendResponse(stream, head, isEnd: way == "end")
    Self.send(codec, stream, "hi")
    switch way {
    case "reset": codec.reset(stream, code: ErrorCode.internalError)
    case "long": Self.send(codec, stream, "hello")
    default: codec.finish(stream, trailers: nil)
    }
    codec.finish(stream, trailers: nil)
    Self.send(codec, stream, "more")
    #expect(codec.isFinished && codec.endsAbruptly && codec.streamCount == 0)
    guard case .failed(.closed)? = codec.nextEvent() else {
      Issue.record("not failed")
      return
    }
    #expect(codec.nextEvent() == nil)
    let output = text(drainOutput(codec))
    #expect(output.hasSuffix(way == "reset" ? "2\r\nhi\r\n" : way == "end" ? "\r\n\r\n" : "hi"))
  }

  @Test func continues() throws {
    let request =
      "PUT / HTTP/1.1\r\nHost: a.example\r\nExpect: 100-continue\r\n"
      + "Content-Length: 2\r\n\r\n"
    let (codec, stream) = try Self.codec(request)
    codec.sendInformational(stream, ResponseHead(status: 100))
    #expect(text(drainOutput(codec)) == "HTTP/1.1 100 Continue\r\n\r\n")
    codec.sendResponse(stream, ResponseHead(), isEnd: false)
    #expect(!text(drainOutput(codec)).contains("close"))
    // Answered without 100: whether the body comes is unknown, so the connection ends.
    let (refusing, second) = try Self.codec(request)
    refusing.sendResponse(second, ResponseHead(status: 403), isEnd: false)
    #expect(text(drainOutput(refusing)).contains("connection: close\r\n"))
    // Interim answers do not go to HTTP/1.0 clients.
    let (old, third) = try Self.codec("GET / HTTP/1.0\r\n\r\n")
    old.sendInformational(third, ResponseHead(status: 103))
    #expect(!old.wantsToSend)
  }

  @Test func earlyAnswersCloseTheConnection() throws {
    let (codec, stream) = try Self.codec(
      "POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 100\r\n\r\nhi")
    codec.sendResponse(stream, ResponseHead(status: 413), isEnd: true)
    #expect(!codec.wantsToReceive)
    #expect(text(drainOutput(codec)).contains("connection: close\r\n"))
    feed(codec, wire(String(repeating: "x", count: 98) + Self.get)) {}
    var events: [String] = []
    while let event = codec.nextEvent() {
      switch event {
      case .closed: events.append("closed")
      case .failed(.closed): events.append("failed")
      default: events.append("other")
      }
    }
    #expect(events == ["closed", "failed"])
    #expect(!codec.endsAbruptly)
  }

  @Test func pipelinedRequestsWait() throws {
    let codec = HTTP1ServerCodec()
    var heads = 0
    func drain() {
      while let event = codec.nextEvent() { if case .head = event { heads += 1 } }
    }
    feed(codec, wire(Self.get), drain: drain)
    #expect(heads == 1 && codec.wantsToReceive)
    feed(codec, wire(Self.get), drain: drain)
    #expect(heads == 1 && !codec.wantsToReceive)
    codec.sendResponse(StreamID(1), ResponseHead(), isEnd: true)
    drain()
    #expect(heads == 1)
    _ = drainOutput(codec)
    drain()
    #expect(heads == 2 && codec.wantsToReceive && codec.streamCount == 1)
  }

  @Test func backpressureStopsReading() throws {
    var limits = HTTPLimits()
    limits.receiveHighMarkBytes = 10
    let codec = HTTP1ServerCodec(limits: limits)
    let head = "POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 100\r\n\r\n"
    feed(codec, wire(head + "0123456789")) { while codec.nextEvent() != nil {} }
    #expect(codec.wantsToReceive)
    feed(codec, wire("0")) { while codec.nextEvent() != nil {} }
    #expect(!codec.wantsToReceive)
    codec.consumed(StreamID(1), byteCount: 1)
    #expect(codec.wantsToReceive)
  }

  @Test func reportsWritable() throws {
    let (codec, stream) = try Self.codec()
    codec.sendResponse(stream, ResponseHead(), isEnd: false)
    Self.send(codec, stream, String(repeating: "x", count: 140_000))
    #expect(codec.queuedByteCount(stream) > 140_000)
    var queue = ByteQueue()
    codec.produce(into: &queue, byteCountMax: 100_000)
    #expect(queue.count == 100_000)
    #expect(codec.nextEvent() == nil)
    queue.removeAll()
    codec.produce(into: &queue, byteCountMax: 10_000)
    guard case .writable(stream)? = codec.nextEvent() else {
      Issue.record("not writable")
      return
    }
    #expect(codec.nextEvent() == nil)
  }

  @Test func shutsDown() throws {
    // Fresh: the first request is still served.
    let fresh = HTTP1ServerCodec()
    fresh.announceShutdown()
    #expect(!fresh.isFinished)
    feed(fresh, wire(Self.get)) { while fresh.nextEvent() != nil {} }
    fresh.sendResponse(StreamID(1), ResponseHead(), isEnd: true)
    #expect(text(drainOutput(fresh)).contains("connection: close\r\n"))
    while fresh.nextEvent() != nil {}
    #expect(fresh.isFinished)
    // Idle after a request: over at once.
    let (idle, stream) = try Self.codec()
    idle.sendResponse(stream, ResponseHead(), isEnd: true)
    _ = drainOutput(idle)
    while idle.nextEvent() != nil {}
    idle.announceShutdown()
    #expect(idle.isFinished)
    // Busy: over after the answer, and the pipelined request is not served.
    let (busy, second) = try Self.codec()
    feed(busy, wire(Self.get)) { while busy.nextEvent() != nil {} }
    busy.shutdown()
    #expect(!busy.isFinished)
    busy.sendResponse(second, ResponseHead(), isEnd: true)
    #expect(text(drainOutput(busy)).contains("connection: close\r\n"))
    while let event = busy.nextEvent() {
      if case .head = event { Issue.record("a request after shutdown") }
    }
    #expect(busy.isFinished)
    let unused = HTTP1ServerCodec()
    unused.shutdown()
    #expect(unused.isFinished)
  }
}

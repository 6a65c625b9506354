import Base
import HTTP
import Testing

/// The client role: how requests are written and what answers become.
struct HTTP1ClientTests {
  static func request(_ method: Method = .get) -> RequestHead {
    var head = RequestHead()
    head.method = method
    head.methodName = method.rawValue
    head.authority = wire("ehr.example:8080")
    head.target = wire("/Patient/1?x=y")
    head.pathCount = 10
    return head
  }

  static func output(_ head: RequestHead, body: String?) -> String {
    let codec = HTTP1ClientCodec()
    let stream = codec.open(head, isEnd: body == nil)
    if let body {
      HTTP1ServerTests.send(codec, stream, body)
      codec.finish(stream, trailers: nil)
    }
    return text(drainOutput(codec, portion: 11))
  }

  @Test func writesRequests() {
    let start = " /Patient/1?x=y HTTP/1.1\r\nhost: ehr.example:8080\r\n"
    var head = Self.request()
    head.fields.append("accept", "x")
    head.fields.append("connection", "upgrade")
    head.fields.append("host", "evil.example")
    head.fields.append("te", "trailers")
    #expect(
      Self.output(head, body: nil)
        == "GET" + start + "accept: x\r\nconnection: te\r\nte: trailers\r\n\r\n")
    #expect(
      Self.output(Self.request(.post), body: nil) == "POST" + start + "content-length: 0\r\n\r\n")
    #expect(
      Self.output(Self.request(.put), body: "hello, hello, hello")
        == "PUT" + start
        + "transfer-encoding: chunked\r\n\r\n13\r\nhello, hello, hello\r\n0\r\n\r\n")
    var counted = Self.request(.patch)
    counted.contentLength = 2
    #expect(
      Self.output(counted, body: "hi") == "PATCH" + start + "content-length: 2\r\n\r\nhi")
    // A body that is shorter than declared is not sent as if it were complete.
    #expect(Self.output(counted, body: "h") == "")
  }

  /// Good answers: method, bytes, whether the origin then ends, events, whether reusable.
  static let good: [(Method, String, Bool, [String], Bool)] = [
    (
      .get, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nA: b\r\n\r\nhi", false,
      ["head 1 200 length=2 | a=b", "body 1 hi", "end 1", "closed 1"], true
    ),
    (
      .get,
      "HTTP/1.1 200\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nDate: x\r\nS: 1\r\n\r\n",
      false, ["head 1 200", "body 1 hi", "end 1 | s=1", "closed 1"], true
    ),
    (
      .get, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", false,
      ["head 1 200 length=0 .", "closed 1"], true
    ),
    (
      .head, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", false,
      ["head 1 200 length=9 .", "closed 1"], true
    ),
    (
      .head, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", false,
      ["head 1 200 .", "closed 1"], true
    ),
    (
      .get, "HTTP/1.1 204 \r\nContent-Length: 0\r\n\r\n", false, ["head 1 204 .", "closed 1"], true
    ),
    (
      .get, "HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n", false,
      ["head 1 304 length=7 .", "closed 1"], true
    ),
    (
      .get,
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n"
        + "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx", false,
      [
        "interim 1 100", "interim 1 103 | link=a", "head 1 200 length=1", "body 1 x", "end 1",
        "closed 1",
      ], true
    ),
    (
      .get, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx", false,
      ["head 1 200 length=1 | connection=close", "body 1 x", "end 1", "closed 1", "failed closed"],
      false
    ),
    (
      .get, "HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx", false,
      ["head 1 200 length=1", "body 1 x", "end 1", "closed 1", "failed closed"], false
    ),
    (
      .get, "HTTP/1.1 200 OK\r\n\r\nall the rest", true,
      ["head 1 200", "body 1 all the rest", "end 1", "closed 1", "failed closed"], false
    ),
    (.get, "HTTP/1.1 200 OK\r\n\r\nall", false, ["head 1 200", "body 1 all"], false),
    (
      .get, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhi", true,
      ["head 1 200 length=9", "body 1 hi", "reset 1 connectionLost", "failed closed"], false
    ),
    (
      .get, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n", true,
      ["head 1 200", "body 1 hi", "reset 1 connectionLost", "failed closed"], false
    ),
    (
      .get, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n", true,
      ["head 1 200", "body 1 hi", "reset 1 connectionLost", "failed closed"], false
    ),
    (.get, "HTTP/1.1 200 OK\r\nCont", true, ["reset 1 connectionLost", "failed closed"], false),
    (.get, "", true, ["reset 1 connectionLost", "failed closed"], false),
    (
      .get, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nxHTTP/1.1 200 OK\r\n", false,
      [
        "head 1 200 length=1", "body 1 x", "end 1", "closed 1",
        "failed malformed(\"bytes outside a response\")",
      ], false
    ),
    (
      .head, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx", false,
      [
        "head 1 200 length=1 .", "closed 1", "failed malformed(\"bytes outside a response\")",
      ], false
    ),
  ]

  @Test(arguments: good.indices)
  func reads(index: Int) {
    let (method, message, ends, events, isReusable) = Self.good[index]
    let whole = fetch([wire(message)], method: method, ends: ends)
    #expect(whole.events == events)
    #expect((whole.output == "reusable") == isReusable)
    #expect(fetch(cut(wire(message), seed: 0), method: method, ends: ends) == whole)
    for seed: UInt64 in 1...16 {
      #expect(fetch(cut(wire(message), seed: seed), method: method, ends: ends) == whole)
    }
  }

  @Test func bytesBeforeARequestEndTheConnection() {
    let idle = HTTP1ClientCodec()
    feed(idle, wire("HTTP/1.1 200 OK\r\n")) {
      #expect(!idle.canOpen)
      guard case .failed(.malformed)? = idle.nextEvent() else {
        Issue.record("not failed")
        return
      }
    }
    #expect(idle.isFinished && !idle.isReusable)
    // An answer that comes before the request left is not its answer.
    let early = HTTP1ClientCodec()
    let stream = early.open(Self.request(), isEnd: true)
    feed(early, wire("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")) {
      guard case .reset(stream, .malformed)? = early.nextEvent(),
        case .failed(.malformed)? = early.nextEvent()
      else {
        Issue.record("not refused")
        return
      }
    }
    #expect(!early.wantsToSend)
  }

  @Test func tellsWhetherARetryIsSafe() {
    let codec = HTTP1ClientCodec()
    _ = codec.open(Self.request(), isEnd: true)
    _ = drainOutput(codec)
    #expect(!codec.receivedAnyResponseByte)
    feed(codec, wire("H")) { #expect(codec.nextEvent() == nil) }
    #expect(codec.receivedAnyResponseByte)
  }

  @Test func reusesTheConnection() {
    let codec = HTTP1ClientCodec()
    for number: Int32 in 1...3 {
      #expect(codec.canOpen)
      let stream = codec.open(Self.request(), isEnd: true)
      #expect(stream == StreamID(number) && !codec.canOpen && !codec.receivedAnyResponseByte)
      _ = drainOutput(codec)
      feed(codec, wire("HTTP/1.1 200 OK\r\nKeep-Alive: max=9, timeout=1\(number)\r\n")) {
        #expect(codec.nextEvent() == nil)
      }
      feed(codec, wire("Content-Length: 0\r\n\r\n")) { while codec.nextEvent() != nil {} }
      #expect(codec.idleTimeoutSeconds == UInt32(10 + number))
    }
    codec.receiveEnd()
    #expect(!codec.canOpen)
    guard case .failed(.closed)? = codec.nextEvent() else {
      Issue.record("not closed")
      return
    }
  }

  @Test func answersMayComeBeforeTheRequestEnds() {
    let codec = HTTP1ClientCodec()
    let stream = codec.open(Self.request(.post), isEnd: false)
    HTTP1ServerTests.send(codec, stream, "hi")
    _ = drainOutput(codec)
    var count = 0
    feed(codec, wire("HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n")) {
      while codec.nextEvent() != nil { count += 1 }
    }
    #expect(count == 1 && !codec.canOpen && codec.streamCount == 1)
    codec.finish(stream, trailers: nil)
    _ = drainOutput(codec)
    guard case .closed(stream)? = codec.nextEvent() else {
      Issue.record("not closed")
      return
    }
    #expect(codec.canOpen)
    let next = codec.open(Self.request(), isEnd: true)
    codec.reset(next, code: ErrorCode.cancel)
    #expect(codec.isFinished && !codec.wantsToSend && codec.streamCount == 0)
  }
}

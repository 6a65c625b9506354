import Base
import HTTP
import Testing

/// Server against client in memory: what one sends, the other gets.
struct HTTP2ExchangeTests {
  @Test(arguments: [1, 2, 7, 9, 10, 1_000, Int.max])
  func requestAndResponseArriveWhole(chunk: Int) {
    let pipe = Pipe()
    pipe.chunk = chunk
    let id = pipe.open(request(fields: [("accept", "application/fhir+json"), ("te", "trailers")]))
    #expect(pipe.serverEvents == [.head(1, isEnd: true)])
    guard let head = pipe.atServer.requests[1] else {
      Issue.record("no head")
      return
    }
    #expect(head.method == .get && head.methodName == "GET" && head.isSecure)
    #expect(String(decoding: head.authority, as: UTF8.self) == "ehr.example")
    #expect(String(decoding: head.target, as: UTF8.self) == "/Patient/1?a=b")
    #expect(head.pathCount == 10)
    #expect(head.fields.value(named: "accept") == "application/fhir+json")
    #expect(head.fields.value(named: "te") == "trailers")
    #expect(head.fields.lines.count == 2)

    pipe.server.sendResponse(id, response(length: 5), isEnd: false)
    send(pipe.server, id, Array("hello".utf8))
    pipe.server.finish(id, trailers: nil)
    pipe.run()
    #expect(pipe.clientEvents.first == .head(1, isEnd: false))
    let answer = pipe.atClient.responses[1]
    #expect(answer?.status == 200 && answer?.contentLength == 5)
    #expect(Pipe.body(pipe.clientEvents, id) == Array("hello".utf8))
    #expect(Array(pipe.clientEvents.suffix(2)) == [.end(1, hasTrailers: false), .closed(1)])
    #expect(pipe.serverEvents.last == .closed(1))
    #expect(pipe.server.streamCount == 0 && pipe.client.streamCount == 0)
  }

  @Test func targetAndAuthorityAreCanonical() {
    let pipe = Pipe()
    var head = request("GET", "/a/../Patient//%31?q=/../x")
    head.authority = Array("EHR.Example:8443".utf8)
    _ = pipe.open(head)
    let seen = pipe.atServer.requests[1]
    #expect(seen.map { String(decoding: $0.target, as: UTF8.self) } == "/Patient/1?q=/../x")
    #expect(seen?.pathCount == 10)
    #expect(seen.map { String(decoding: $0.authority, as: UTF8.self) } == "ehr.example:8443")
  }

  @Test func forbiddenFieldsStayBehind() {
    let pipe = Pipe()
    var head = request(
      fields: [
        ("connection", "close"), ("keep-alive", "1"), ("te", "gzip"),
        ("transfer-encoding", "chunked"),
        ("host", "other"), ("content-length", "9"), ("x-kept", "1"),
      ])
    head.contentLength = nil
    _ = pipe.open(head)
    let fields = pipe.atServer.requests[1]?.fields
    #expect(fields?.lines.count == 1 && fields?.value(named: "x-kept") == "1")
  }

  @Test(arguments: [UInt16(200), 204, 304])
  func bodilessResponseIsOneFrame(status: UInt16) {
    let pipe = Pipe()
    let id = pipe.open(request("HEAD"))
    pipe.server.sendResponse(id, response(status, length: status == 200 ? 700 : nil), isEnd: true)
    let frames = ParsedFrame.parse(output(pipe.server))
    #expect(frames.map(\.type) == [1] && frames.map(\.flags) == [5])
    feedClient(pipe, frames)
    #expect(pipe.clientEvents == [.head(1, isEnd: true), .closed(1)])
  }

  /// Hands parsed frames to the client again.
  private func feedClient(_ pipe: Pipe, _ frames: [ParsedFrame]) {
    var again = Frames()
    for frame in frames { again.frame(frame.type, frame.flags, frame.stream, frame.payload) }
    feed(pipe.client, again.bytes, into: &pipe.clientEvents)
  }

  @Test func interimHeadsComeBeforeTheFinalOne() {
    let pipe = Pipe()
    let id = pipe.open(request("POST", fields: [("expect", "100-Continue")]), isEnd: false)
    #expect(pipe.serverEvents == [.head(1, isEnd: false), .expectsContinue(1)])
    pipe.server.sendInformational(id, response(100))
    pipe.server.sendInformational(id, response(103))
    pipe.run()
    #expect(
      pipe.clientEvents == [.informational(1, status: 100), .informational(1, status: 103)])
    send(pipe.client, id, [1, 2, 3])
    pipe.client.finish(id, trailers: nil)
    pipe.run()
    #expect(Pipe.body(pipe.serverEvents, id) == [1, 2, 3])
    #expect(pipe.serverEvents.last == .end(1, hasTrailers: false))
    pipe.server.sendResponse(id, response(204), isEnd: true)
    pipe.run()
    #expect(Array(pipe.clientEvents.suffix(2)) == [.head(1, isEnd: true), .closed(1)])
    #expect(pipe.atClient.responses[1]?.status == 204)
  }

  @Test(arguments: [65_534, 65_535, 65_536, 65_537], [true, false])
  func trailersFollowBodiesAtTheWindowsEdge(count: Int, isLate: Bool) {
    var limits = HTTPLimits()
    limits.streamWindowBytes = 65_535
    let pipe = Pipe(limits)
    let bytes = pattern(count)
    var trailers = Fields()
    trailers.append("grpc-status", "0")
    let id = pipe.open(request("POST"), isEnd: false)
    send(pipe.client, id, bytes)
    if isLate { pipe.run() }
    pipe.client.finish(id, trailers: trailers)
    pipe.run()
    #expect(Pipe.body(pipe.serverEvents, id) == bytes)
    #expect(pipe.serverEvents.last == .end(1, hasTrailers: true))
    #expect(pipe.atServer.trailers[1]?.value(named: "grpc-status") == "0")

    pipe.server.sendResponse(id, response(), isEnd: false)
    send(pipe.server, id, bytes)
    if isLate { pipe.run() }
    pipe.server.finish(id, trailers: trailers)
    pipe.run()
    #expect(Pipe.body(pipe.clientEvents, id) == bytes)
    #expect(Array(pipe.clientEvents.suffix(2)) == [.end(1, hasTrailers: true), .closed(1)])
    #expect(pipe.atClient.trailers[1]?.value(named: "grpc-status") == "0")
    #expect(pipe.server.streamCount == 0 && pipe.client.streamCount == 0)
  }

  @Test func trailersNeedNoWindow() {
    var limits = HTTPLimits()
    limits.streamWindowBytes = 65_535
    let pipe = Pipe(limits)
    pipe.consumesAtClient = false
    let id = pipe.open()
    pipe.server.sendResponse(id, response(), isEnd: false)
    send(pipe.server, id, pattern(65_535))
    pipe.run()
    var trailers = Fields()
    trailers.append("grpc-status", "0")
    pipe.server.finish(id, trailers: trailers)
    pipe.run()
    #expect(Array(pipe.clientEvents.suffix(2)) == [.end(1, hasTrailers: true), .closed(1)])
  }

  @Test func trailersComeRightAfterTheLastData() {
    let pipe = Pipe()
    let id = pipe.open()
    pipe.server.sendResponse(id, response(), isEnd: false)
    send(pipe.server, id, [1])
    var trailers = Fields()
    trailers.append("x-a", "b")
    pipe.server.finish(id, trailers: trailers)
    let frames = ParsedFrame.parse(output(pipe.server))
    #expect(frames.map(\.type) == [1, 0, 1])
    #expect(frames.map(\.flags) == [4, 0, 5])
  }

  @Test(arguments: [1 << 20, 1 << 20 + 1])
  func largeBodiesWaitForTheReader(count: Int) {
    let pipe = Pipe()
    pipe.consumesAtServer = false
    pipe.consumesAtClient = false
    let id = pipe.open(request("PUT"), isEnd: false)
    pipe.server.sendResponse(id, response(), isEnd: false)
    let (up, down) = (pattern(count, seed: 1), pattern(count, seed: 2))
    send(pipe.client, id, up)
    send(pipe.server, id, down)
    pipe.client.finish(id, trailers: nil)
    pipe.server.finish(id, trailers: nil)
    var (upSeen, downSeen) = (0, 0)
    var rounds = 0
    while upSeen < count || downSeen < count {
      pipe.run()
      let (upNow, downNow) = (
        Pipe.body(pipe.serverEvents, id).count, Pipe.body(pipe.clientEvents, id).count
      )
      // Nothing passes the window that was not given back.
      #expect(upNow - upSeen <= 65_536 && downNow - downSeen <= 65_536)
      guard upNow > upSeen || downNow > downSeen else { break }
      pipe.server.consumed(id, byteCount: upNow - upSeen)
      pipe.client.consumed(id, byteCount: downNow - downSeen)
      (upSeen, downSeen) = (upNow, downNow)
      rounds += 1
    }
    pipe.run()
    #expect(rounds >= count / 65_536)
    #expect(Pipe.body(pipe.serverEvents, id) == up)
    #expect(Pipe.body(pipe.clientEvents, id) == down)
    #expect(pipe.server.streamCount == 0 && pipe.client.streamCount == 0)
  }

  @Test func writableComesWhenTheQueueFalls() {
    let pipe = Pipe()
    pipe.consumesAtClient = false
    let id = pipe.open()
    pipe.server.sendResponse(id, response(), isEnd: false)
    send(pipe.server, id, pattern(90_000))
    #expect(pipe.server.queuedByteCount(id) == 90_000)
    pipe.run()
    // The peer's window took 65,536; 24,464 wait, which is below the mark of 32,768.
    #expect(pipe.server.queuedByteCount(id) == 24_464)
    #expect(pipe.serverEvents.filter { $0 == .writable(1) }.count == 1)
    send(pipe.server, id, pattern(1_000))
    pipe.run()
    #expect(pipe.serverEvents.filter { $0 == .writable(1) }.count == 1)
    pipe.server.reset(id, code: ErrorCode.internalError)
    #expect(pipe.server.queuedByteCount(id) == 0)
  }

  @Test func produceStopsNearItsBound() {
    let pipe = Pipe()
    let id = pipe.open()
    pipe.server.sendResponse(id, response(), isEnd: false)
    send(pipe.server, id, pattern(60_000))
    let piece = output(pipe.server, limit: 4_096)
    #expect(piece.count >= 4_096 && piece.count <= 4_096 + 16_384 + 9)
    #expect(pipe.server.wantsToSend)
  }

  @Test func cookieCrumbsAreJoined() {
    let pipe = Pipe()
    _ = pipe.open(request(fields: [("cookie", "a=1"), ("x-b", "2"), ("cookie", "c=3")]))
    let fields = pipe.atServer.requests[1]?.fields
    #expect(fields?.value(named: "cookie") == "a=1; c=3")
    #expect(fields?.lines.count == 2)
    #expect(fields?.first(.cookie)?.isSensitive == true)
  }
}

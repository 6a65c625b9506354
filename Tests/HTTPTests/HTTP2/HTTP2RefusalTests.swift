import HTTP
import Testing

/// Requests that the codec hands to its owner only to be refused.
struct HTTP2RefusalTests {
  /// Heads that nghttp2 accepts and the codec does not hand on.
  static let refused: [([UInt8], RequestFault, String)] = [
    (Frames.pseudo() + Frames.literal("x_tenant", "1"), .malformed, "underscore"),
    (Frames.pseudo() + Frames.literal("host", "other.example"), .malformed, "host differs"),
    (Frames.pseudo(scheme: "gopher"), .malformed, "scheme"),
    (Frames.pseudo(authority: "user@ehr.example"), .malformed, "userinfo"),
    (Frames.pseudo(method: "CONNECT", scheme: nil, path: nil), .connect, "connect"),
    (Frames.pseudo(path: "/a#b"), .target, "fragment"),
    (Frames.pseudo(path: "/a%2Fb"), .target, "encoded slash"),
    (Frames.pseudo(authority: "ehr.example:0"), .malformed, "port"),
    (Frames.pseudo(path: "/" + String(repeating: "a", count: 16_384)), .targetTooLong, "long"),
    (Frames.pseudo(method: String(repeating: "A", count: 25)), .method, "method"),
    (
      Frames.pseudo() + (0..<129).flatMap { _ in Frames.literal("x", "b") }, .fieldsTooLarge,
      "too many fields"
    ),
  ]

  @Test(arguments: refused)
  func refusedByTheCodec(block: [UInt8], fault: RequestFault, name: String) {
    var frames = Frames.client()
    let first = Array(block.prefix(16_000))
    frames.frame(1, first.count == block.count ? 4 : 0, 1, first)
    if first.count < block.count { frames.frame(9, 4, 1, Array(block.dropFirst(16_000))) }
    let outcome = HTTP2AbuseTests().attack(frames)
    #expect(outcome.events == [.refused(1, fault)], "\(name)")
    #expect(outcome.frames.allSatisfy { $0.stream != 1 }, "\(name): the answer is the owner's")
    #expect(outcome.codec.streamCount == 1, "\(name)")
    var head = response(400)
    head.contentLength = 2
    outcome.codec.sendResponse(StreamID(1), head, isEnd: false)
    send(outcome.codec, StreamID(1), [1, 2])
    outcome.codec.finish(StreamID(1), trailers: nil)
    outcome.codec.reset(StreamID(1), code: ErrorCode.noError)
    let ours = ParsedFrame.parse(output(outcome.codec)).filter { $0.stream == 1 }
    #expect(ours.map(\.type) == [1, 0, 3], "\(name): the body that may follow is refused")
    #expect(ours.last?.number(at: 0) == ErrorCode.noError, "\(name)")
    #expect(outcome.codec.streamCount == 0, "\(name)")
  }

  /// nghttp2 lets any three digits pass.
  @Test(arguments: ["000", "099", "600", "999"])
  func anOriginsStatusThatMeansNothingEndsItsStreamOnly(status: String) {
    let codec = HTTP2ClientCodec(limits: HTTPLimits())
    let streams = [codec.open(request(), isEnd: true), codec.open(request(), isEnd: true)]
    _ = output(codec)
    var frames = Frames()
    frames.frame(4, 0, 0, [])
    frames.headers(streams[0].number, Frames.literal(":status", status), isEnd: false)
    frames.headers(streams[1].number, Frames.literal(":status", "599"))
    var events: [Seen] = []
    feed(codec, frames.bytes, into: &events)
    #expect(events.first == .reset(streams[0].number, .malformed("status")))
    #expect(events.count > 1 && !codec.isFinished, "\(events)")
    let resets = ParsedFrame.parse(output(codec)).filter { $0.type == 3 }
    #expect(resets.map(\.stream) == [streams[0].number])
  }

  @Test func aRefusedHeadKeepsItsMethodAndNothingElse() throws {
    var frames = Frames.client()
    frames.headers(
      1,
      Frames.pseudo(method: "PUT", path: "/a%2Fb") + Frames.literal("accept", "text/html")
        + Frames.literal("x-forwarded-for", "1.2.3.4"))
    frames.headers(3, Frames.pseudo() + (0..<129).flatMap { _ in Frames.literal("x", "b") })
    let taken = Taken()
    var events: [Seen] = []
    feed(HTTP2ServerCodec(limits: HTTPLimits()), frames.bytes, into: &events, taken)
    #expect(events == [.refused(1, .target), .refused(3, .fieldsTooLarge)])
    let head = try #require(taken.requests[1])
    #expect(head.method == .put && head.methodName == "PUT")
    #expect(head.target.isEmpty && head.authority.isEmpty)
    #expect(describe(head.fields) == " | accept=text/html")
    #expect(taken.requests[3]?.method == .other && taken.requests[3]?.methodName == "")
  }

  /// Refused requests cost what resets cost, though each is answered in good order.
  @Test func aFloodOfRefusalsEndsTheConnection() {
    let codec = HTTP2ServerCodec(limits: HTTPLimits())
    var (events, frames, answerCount) = ([Seen](), Frames.client(), 0)
    for stream in stride(from: Int32(1), to: 2_001, by: 2) {
      frames.headers(stream, Frames.pseudo(path: "/a%2Fb"))
      feed(codec, frames.bytes, into: &events)
      if events.last == .refused(stream, .target) {
        answerCount += 1
        codec.sendResponse(StreamID(stream), response(400, length: 0), isEnd: true)
      }
      frames = Frames()
      _ = output(codec)
      drain(codec, into: &events)
    }
    #expect(events.last == .failed(.abuse("too many resets or refused requests")))
    #expect(answerCount == 201 && codec.isFinished)
  }
}

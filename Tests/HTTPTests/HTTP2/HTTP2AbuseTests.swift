import Base
import HTTP
import Testing

/// Hand-made frames against the server: every attack of the threat list that the codec meets.
struct HTTP2AbuseTests {
  /// What a server made of some bytes.
  struct Outcome {
    let codec: HTTP2ServerCodec
    var events: [Seen] = []
    var frames: [ParsedFrame] = []

    /// The error code of the GOAWAY that was sent, if any.
    var goAwayCode: UInt32? { frames.last { $0.type == 7 }?.number(at: 4) }
    /// The codes of the RST_STREAM frames that were sent, by stream.
    func resetCode(_ stream: Int32) -> UInt32? {
      frames.last { $0.type == 3 && $0.stream == stream }?.number(at: 0)
    }
    /// Why the connection failed, if it did.
    var fault: ConnectionFault? {
      for case .failed(let fault) in events { return fault }
      return nil
    }
    /// Heads that reached the owner.
    var headCount: Int {
      events.filter { if case .head = $0 { true } else { false } }.count
    }
  }

  /// Feeds bytes in pieces, writing out after each when `isReading`.
  func attack(
    _ frames: Frames, _ limits: HTTPLimits = HTTPLimits(), isReading: Bool = true,
    pieceByteCount: Int = 16_384
  ) -> Outcome {
    var outcome = Outcome(codec: HTTP2ServerCodec(limits: limits))
    var start = 0
    while start < frames.bytes.count {
      let end = min(start + pieceByteCount, frames.bytes.count)
      feed(outcome.codec, Array(frames.bytes[start..<end]), into: &outcome.events)
      if isReading { outcome.frames += ParsedFrame.parse(output(outcome.codec)) }
      drain(outcome.codec, into: &outcome.events)
      start = end
    }
    outcome.frames += ParsedFrame.parse(output(outcome.codec, limit: 1 << 24))
    drain(outcome.codec, into: &outcome.events)
    return outcome
  }

  @Test func rapidResetEndsTheConnection() {
    var frames = Frames.client()
    for stream in stride(from: Int32(1), to: 2_001, by: 2) {
      frames.headers(stream)
      frames.reset(stream)
    }
    let outcome = attack(frames)
    #expect(outcome.fault == .abuse("too many resets or refused requests"))
    #expect(outcome.goAwayCode == ErrorCode.enhanceYourCalm)
    #expect(outcome.headCount == 0, "a request that was reset at once costs no routing")
    #expect(outcome.codec.isFinished && outcome.codec.streamCount == 0)
  }

  @Test func slotsCountUntilTheOwnerHasSeenTheReset() {
    var limits = HTTPLimits()
    limits.concurrentStreamsMax = 2
    let codec = HTTP2ServerCodec(limits: limits)
    var frames = Frames.client()
    for stream in [1, 3, 5] as [Int32] {
      frames.headers(stream)
      frames.reset(stream)
    }
    // Nobody drains between the resets: the third stream meets two held slots.
    unsafe frames.bytes.withUnsafeBytes { unsafe codec.receive($0) }
    #expect(codec.streamCount == 2)
    var events: [Seen] = []
    drain(codec, into: &events)
    #expect(codec.streamCount == 0)
    let sent = ParsedFrame.parse(output(codec))
    #expect(events.isEmpty)
    #expect(!sent.contains { $0.type == 7 })
  }

  @Test func excessStreamsAreRefused() {
    var limits = HTTPLimits()
    limits.concurrentStreamsMax = 2
    var frames = Frames.client()
    for stream in [1, 3, 5] as [Int32] { frames.headers(stream) }
    let outcome = attack(frames, limits)
    #expect(outcome.headCount == 2)
    #expect(outcome.resetCode(5) == ErrorCode.refusedStream)
    #expect(outcome.fault == nil)
  }

  @Test func madeYouResetCountsLikeReset() {
    var frames = Frames.client()
    for stream in stride(from: Int32(1), to: 2_001, by: 2) {
      frames.headers(stream)
      frames.window(stream, 0x7FFF_FFFF)
    }
    let outcome = attack(frames)
    #expect(outcome.fault == .abuse("too many resets or refused requests"))
    #expect(outcome.goAwayCode == ErrorCode.enhanceYourCalm)
  }

  @Test(
    arguments: [
      (2, "PRIORITY"), (4, "SETTINGS"), (6, "PING"), (8, "WINDOW_UPDATE"), (0, "empty DATA"),
      (7, "GOAWAY"),
    ] as [(UInt8, String)])
  func cheapFramesRunOut(type: UInt8, name: String) {
    var frames = Frames.client()
    frames.headers(1, isEnd: false)
    for _ in 0..<600 {
      switch type {
      case 2: frames.frame(2, 0, 1, [0, 0, 0, 0, 1])
      case 4: frames.frame(4, 0, 0, [])
      case 6: frames.frame(6, 0, 0, [UInt8](repeating: 0, count: 8))
      case 7: frames.frame(7, 0, 0, Frames.number(0) + Frames.number(0))
      case 8: frames.window(0, 1)
      default: frames.data(1, [])
      }
    }
    // Small pieces, so that the peer has read every acknowledgement.
    let outcome = attack(frames, pieceByteCount: 128)
    #expect(outcome.fault == .abuse("too many \(name) frames"))
    #expect(outcome.goAwayCode == ErrorCode.enhanceYourCalm)
    #expect(outcome.events.contains(.reset(1, .connectionLost)))
    #expect(outcome.codec.streamCount == 0)
  }

  @Test func timeForgives() {
    let codec = HTTP2ServerCodec(limits: HTTPLimits())
    var events: [Seen] = []
    feed(codec, Frames.client().bytes, into: &events)
    for second in 1...100 as ClosedRange<UInt64> {
      codec.advance(to: Instant(nanoseconds: second * 1_000_000_000))
      var frames = Frames()
      for _ in 0..<5 { frames.frame(6, 0, 0, [UInt8](repeating: 0, count: 8)) }
      feed(codec, frames.bytes, into: &events)
      _ = output(codec)
    }
    #expect(events.isEmpty && !codec.isFinished)
  }

  @Test func unreadAnswersEndTheConnection() {
    var limits = HTTPLimits()
    limits.outboundFramesMax = 50
    limits.concurrentStreamsMax = 1
    var frames = Frames.client()
    for stream in stride(from: Int32(1), to: 301, by: 2) { frames.headers(stream) }
    let outcome = attack(frames, limits, isReading: false)
    #expect(outcome.fault == .abuse("too many frames wait for a peer that does not read"))
  }

  @Test func continuationFloodEndsTheConnection() {
    var frames = Frames.client()
    frames.frame(1, 1, 1, Frames.pseudo())
    for _ in 0..<9 { frames.frame(9, 0, 1, Frames.literal("x-a", "b")) }
    let outcome = attack(frames)
    #expect(outcome.fault == .abuse("too many CONTINUATION frames"))
    #expect(outcome.goAwayCode == ErrorCode.enhanceYourCalm)
  }

  @Test func headerBombIsNotKept() {
    // One literal enters the table, then 16,000 one-byte references repeat it.
    var frames = Frames.client()
    let block =
      Frames.pseudo() + [0x40, 3] + Array("x-a".utf8) + [1, 0x62]
      + [UInt8](repeating: 0xBE, count: 16_000)
    frames.headers(1, block)
    frames.headers(3)
    let outcome = attack(frames)
    #expect(outcome.resetCode(1) != nil)
    #expect(outcome.headCount == 1, "the next stream is served")
    #expect(outcome.events == [.head(3, isEnd: true)])
    #expect(outcome.codec.streamCount == 1)
  }

  @Test(arguments: [(128, true), (129, false)])
  func fieldCountLimit(count: Int, isServed: Bool) {
    var block = Frames.pseudo()
    for _ in 0..<count { block += Frames.literal("x-a", "b") }
    var frames = Frames.client()
    frames.headers(1, block)
    let outcome = attack(frames)
    #expect(outcome.headCount == (isServed ? 1 : 0))
    #expect(outcome.events == [isServed ? .head(1, isEnd: true) : .refused(1, .fieldsTooLarge)])
  }

  @Test func fieldBytesCountThirtyTwoPerLine() {
    var limits = HTTPLimits()
    limits.fieldBytesMax = 400
    // Pseudo-header fields: 46 bytes of text and 4 times 32; each line 1 + 1 + 32.
    for (count, isServed) in [(6, true), (7, false)] {
      var block = Frames.pseudo()
      for _ in 0..<count { block += Frames.literal("x", "b") }
      var frames = Frames.client()
      frames.headers(1, block)
      #expect(attack(frames, limits).headCount == (isServed ? 1 : 0), "\(count) lines")
    }
  }

  @Test func trailersCountTogetherWithTheHead() {
    var limits = HTTPLimits()
    limits.fieldCountMax = 4
    var frames = Frames.client()
    frames.headers(1, Frames.pseudo() + Frames.literal("x", "1"), isEnd: false)
    frames.headers(1, (0..<4).flatMap { _ in Frames.literal("x", "1") })
    let outcome = attack(frames, limits)
    #expect(
      outcome.events == [.head(1, isEnd: false), .reset(1, .malformed("fields above the limit"))])
    #expect(outcome.codec.streamCount == 0)
  }

  /// Heads that nghttp2 resets.
  static let malformed: [([UInt8], String)] = [
    (Frames.pseudo() + Frames.literal("connection", "close"), "connection"),
    (Frames.pseudo() + Frames.literal("transfer-encoding", "chunked"), "transfer-encoding"),
    (Frames.pseudo() + Frames.literal("X-Upper", "1"), "upper case"),
    (Frames.pseudo() + Frames.literal("x-a", "b\r\nx-c: d"), "CRLF"),
    (Frames.pseudo() + Frames.literal("te", "gzip"), "te"),
    (Frames.pseudo(path: nil), "no path"),
    (Frames.pseudo(path: "*"), "asterisk without OPTIONS"),
    (Frames.pseudo(authority: nil), "no authority"),
    (Frames.pseudo() + Frames.literal(":path", "/b"), "two paths"),
    (Frames.pseudo() + Frames.literal("content-length", "1, 1"), "length"),
    (Frames.pseudo(method: "CONNECT") + Frames.literal(":protocol", "websocket"), "websocket"),
  ]

  @Test(arguments: malformed)
  func malformedHeadsAreReset(block: [UInt8], name: String) {
    var frames = Frames.client()
    frames.headers(1, block)
    frames.headers(3)
    let outcome = attack(frames)
    #expect(outcome.resetCode(1) != nil, "\(name)")
    #expect(outcome.events == [.head(3, isEnd: true)], "\(name)")
    #expect(outcome.codec.streamCount == 1, "\(name)")
  }

  @Test(arguments: [("5", 6, false), ("5", 4, true), ("0", 1, true)])
  func bodyBeyondItsLengthNeverEnds(declared: String, sent: Int, isEnd: Bool) {
    var frames = Frames.client()
    frames.headers(
      1, Frames.pseudo(method: "POST") + Frames.literal("content-length", declared), isEnd: false)
    frames.data(1, pattern(sent), isEnd: isEnd)
    let outcome = attack(frames)
    #expect(outcome.events.first == .head(1, isEnd: false))
    #expect(outcome.events.last == .reset(1, .malformed("message breaks the protocol")))
    #expect(!outcome.events.contains(.end(1, hasTrailers: false)))
    #expect(outcome.resetCode(1) == ErrorCode.protocolError)
    #expect(outcome.codec.streamCount == 0)
  }

  /// Frames that end the connection, and the code that says so.
  static let fatal: [(String, UInt32)] = [
    ("window +0", 1), ("data on idle stream", 1), ("priority length", 6), ("data after end", 5),
    ("settings length", 6), ("bad preface", 1), ("push", 1),
  ]

  @Test(arguments: fatal)
  func brokenFramesEndTheConnection(name: String, code: UInt32) {
    var frames = Frames.client()
    switch name {
    case "window +0": frames.window(0, 0)
    case "data on idle stream": frames.data(1, [1])
    case "priority length": frames.frame(2, 0, 1, [0, 0, 0, 1])
    case "data after end":
      frames.headers(1)
      frames.data(1, [1])
    case "settings length": frames.frame(4, 0, 0, [1])
    case "push": frames.frame(5, 4, 1, Frames.number(2) + Frames.pseudo())
    default: frames.bytes = Array("GET / HTTP/1.1\r\nhost: a\r\n\r\n".utf8)
    }
    let outcome = attack(frames)
    guard case .malformed = outcome.fault else {
      Issue.record("\(name): \(String(describing: outcome.fault))")
      return
    }
    #expect(outcome.goAwayCode == code, "\(name)")
    #expect(outcome.codec.isFinished && outcome.codec.streamCount == 0)
  }

  @Test func asteriskIsForOptions() {
    var frames = Frames.client()
    frames.headers(1, Frames.pseudo(method: "OPTIONS", path: "*"))
    #expect(attack(frames).events == [.head(1, isEnd: true)])
  }

  @Test func trailersThatFrameAreDropped() {
    var frames = Frames.client()
    frames.headers(1, isEnd: false)
    frames.headers(1, Frames.literal("authorization", "x") + Frames.literal("expires", "0"))
    frames.headers(3, isEnd: false)
    frames.headers(3, Frames.literal("authorization", "x"))
    let outcome = attack(frames)
    #expect(
      outcome.events == [
        .head(1, isEnd: false), .end(1, hasTrailers: true),
        .head(3, isEnd: false), .end(3, hasTrailers: false),
      ])
  }

  @Test func dataWithoutWindowIsReset() {
    var frames = Frames.client()
    frames.headers(1, isEnd: false)
    for _ in 0..<5 { frames.data(1, [UInt8](repeating: 0, count: 16_384)) }
    let outcome = attack(frames)
    #expect(outcome.resetCode(1) == 3)
    #expect(outcome.events.last == .reset(1, .malformed("message breaks the protocol")))
    #expect(Pipe.body(outcome.events, StreamID(1)).count == 65_536)
    #expect(outcome.codec.streamCount == 0)
  }

  @Test func unreadPingsEndTheConnection() {
    var limits = HTTPLimits()
    limits.outboundAcksMax = 20
    var frames = Frames.client()
    for _ in 0..<60 { frames.frame(6, 0, 0, [UInt8](repeating: 0, count: 8)) }
    let outcome = attack(frames, limits)
    #expect(
      outcome.fault == .abuse("too many acknowledgements wait for a peer that does not read"))
    #expect(outcome.goAwayCode == ErrorCode.enhanceYourCalm)
  }

  @Test func unconsumedBodiesStayWithinTheConnectionWindow() {
    var limits = HTTPLimits()
    limits.connectionWindowBytes = 100_000
    let pipe = Pipe(limits)
    pipe.consumesAtServer = false
    for _ in 0..<4 {
      let id = pipe.open(request("POST"), isEnd: false)
      send(pipe.client, id, pattern(60_000))
    }
    pipe.run()
    var held = 0
    for case .body(_, let bytes) in pipe.serverEvents { held += bytes.count }
    #expect(held == 100_000)
    // Letting go of streams gives the window back.
    for stream in [1, 3] as [Int32] {
      pipe.server.reset(StreamID(stream), code: ErrorCode.cancel)
    }
    pipe.run()
    var all = 0
    for case .body(_, let bytes) in pipe.serverEvents { all += bytes.count }
    #expect(all > held)
  }
}

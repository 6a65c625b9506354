import Base
import HTTP
import Testing

/// Both roles against each other, and against noise.
struct HTTP1RoundTripTests {
  /// A client and a server joined by two wires that carry a few bytes at a time.
  final class Link {
    let client: HTTP1ClientCodec
    let server: HTTP1ServerCodec
    var random: SplitMix64
    let pieceByteCountMax: Int
    var requestBody: [UInt8] = []
    var responseBody: [UInt8] = []
    var requestTrailers = ""
    var responseTrailers = ""
    var status: UInt16 = 0
    var requestIsComplete = false
    var responseIsComplete = false
    var closedCount = 0
    var serverStream: StreamID?
    var faults: [String] = []
    private var toServer = ByteQueue()
    private var toClient = ByteQueue()

    init(seed: UInt64, pieceByteCountMax: Int) {
      var limits = HTTPLimits()
      limits.sendHighMarkBytes = 20_000
      limits.sendLowMarkBytes = 5_000
      limits.receiveHighMarkBytes = 10_000
      client = HTTP1ClientCodec(limits: limits)
      server = HTTP1ServerCodec(limits: limits)
      random = SplitMix64(seed: seed)
      self.pieceByteCountMax = pieceByteCountMax
    }

    /// Carries a piece each way; false when nothing moved.
    func step() -> Bool {
      client.produce(into: &toServer, byteCountMax: 16_384)
      drainClient()
      server.produce(into: &toClient, byteCountMax: 16_384)
      drainServer()
      var hasMoved = false
      if server.wantsToReceive && !toServer.isEmpty {
        let piece = take(&toServer)
        feed(server, piece, drain: drainServer)
        hasMoved = true
      }
      if client.wantsToReceive && !toClient.isEmpty {
        let piece = take(&toClient)
        feed(client, piece, drain: drainClient)
        hasMoved = true
      }
      return hasMoved || client.wantsToSend || server.wantsToSend
    }

    private func take(_ queue: inout ByteQueue) -> [UInt8] {
      let count = min(queue.count, Int.random(in: 1...pieceByteCountMax, using: &random))
      let piece = Array(queue.copyToArray()[..<count])
      queue.consume(count)
      return piece
    }

    private func drainServer() {
      while let event = server.nextEvent() {
        switch event {
        case .head(let stream, let isEnd):
          serverStream = stream
          _ = server.takeRequest(stream)
          requestIsComplete = isEnd
        case .body(let stream, let bytes):
          unsafe requestBody += bytes
          server.consumed(stream, byteCount: bytes.count)
        case .end(let stream, let hasTrailers):
          if hasTrailers { requestTrailers = describe(server.takeTrailers(stream)) }
          requestIsComplete = true
        case .closed: closedCount += 1
        case .writable: break
        default: faults.append("\(event)")
        }
      }
    }

    private func drainClient() {
      while let event = client.nextEvent() {
        switch event {
        case .head(let stream, let isEnd):
          status = client.takeResponse(stream).status
          responseIsComplete = isEnd
        case .body(let stream, let bytes):
          unsafe responseBody += bytes
          client.consumed(stream, byteCount: bytes.count)
        case .end(let stream, let hasTrailers):
          if hasTrailers { responseTrailers = describe(client.takeTrailers(stream)) }
          responseIsComplete = true
        case .closed: closedCount += 1
        case .writable: break
        default: faults.append("\(event)")
        }
      }
    }
  }

  static func noise(_ byteCount: Int, seed: UInt64) -> [UInt8] {
    var random = SplitMix64(seed: seed)
    return (0..<byteCount).map { _ in UInt8.random(in: 0...255, using: &random) }
  }

  /// Sends `body` within the codec's bound: as much as fits below the high mark.
  static func pump(_ codec: some Codec, _ stream: StreamID, _ body: [UInt8], from start: Int) -> Int
  {
    var sent = start
    while sent < body.count && codec.queuedByteCount(stream) < 20_000 {
      let end = min(body.count, sent + 3_333)
      unsafe body[sent..<end].withUnsafeBytes { unsafe codec.send(stream, $0) }
      sent = end
    }
    return sent
  }

  @Test(arguments: [
    (0, 1, false), (1, 7, true), (3_000, 1, false), (3_000, 1, true), (65_535, 333, true),
    (65_536, 4_000, false), (65_537, 64, false), (1_000_000, 9_000, true),
    (1_000_000, 16_384, false), (1_000_000, 20_000, true),
  ])
  func carriesBodies(byteCount: Int, pieceByteCountMax: Int, isChunked: Bool) throws {
    let up = Self.noise(byteCount, seed: 1)
    let down = Self.noise(byteCount, seed: 2)
    let link = Link(seed: UInt64(byteCount) + 9, pieceByteCountMax: pieceByteCountMax)
    var trailers = Fields()
    trailers.append("x-digest", "abc")
    for round in 1...2 {
      link.requestBody = []
      link.responseBody = []
      link.serverStream = nil
      var head = HTTP1ClientTests.request(.post)
      head.contentLength = isChunked ? nil : UInt64(byteCount)
      let stream = link.client.open(head, isEnd: false)
      var (sentUp, sentDown) = (0, 0)
      var (isUpDone, isDownDone) = (false, false)
      while true {
        if !isUpDone {
          sentUp = Self.pump(link.client, stream, up, from: sentUp)
          if sentUp == up.count {
            link.client.finish(stream, trailers: isChunked ? trailers : nil)
            isUpDone = true
          }
        }
        if let serverStream = link.serverStream, link.requestIsComplete, !isDownDone {
          if sentDown == 0 {
            var answer = ResponseHead(status: 201)
            answer.contentLength = isChunked ? nil : UInt64(byteCount)
            link.server.sendResponse(serverStream, answer, isEnd: false)
          }
          sentDown = Self.pump(link.server, serverStream, down, from: sentDown)
          if sentDown == down.count {
            link.server.finish(serverStream, trailers: isChunked ? trailers : nil)
            isDownDone = true
          }
        }
        let limit = 20_000 + 8_192
        #expect(link.client.queuedByteCount(stream) < limit)
        if !link.step() && isUpDone && isDownDone { break }
      }
      #expect(link.faults.isEmpty)
      #expect(link.requestBody == up)
      #expect(link.responseBody == down)
      #expect(link.status == 201 && link.responseIsComplete)
      #expect(link.closedCount == 2 * round)
      #expect(link.client.canOpen && link.server.streamCount == 0)
      #expect(link.requestTrailers == (isChunked ? " | x-digest=abc" : ""))
      #expect(link.responseTrailers == link.requestTrailers)
    }
  }

  /// Noise, and good messages with a few bytes changed: no trap, one `failed` at most, nothing
  /// after it, and the same events however the bytes are cut.
  @Test func noiseNeverTraps() {
    var random = SplitMix64(seed: 0xF0)
    let seeds = HTTP1ServerTests.good.map(\.0) + HTTP1RefusalTests.framing.map(\.message)
    let alphabet = wire("\r\n\r\n \t:;,/%0123abcGETHTTP1.chunked\u{0}\u{7F}\u{80}")
    var acceptedCount = 0
    for round in 0..<2_000 {
      var bytes =
        round % 4 == 0
        ? (0..<Int.random(in: 0...200, using: &random)).map { _ in
          UInt8.random(in: 0...255, using: &random)
        } : wire(seeds.randomElement(using: &random) ?? "")
      for _ in 0..<Int.random(in: 0...3, using: &random) where !bytes.isEmpty {
        let index = Int.random(in: 0..<bytes.count, using: &random)
        let byte = alphabet.randomElement(using: &random) ?? 0
        switch Int.random(in: 0...2, using: &random) {
        case 0: bytes[index] = byte
        case 1: bytes.insert(byte, at: index)
        default: bytes.remove(at: index)
        }
      }
      let whole = serve([bytes], ends: true)
      #expect(whole == serve(cut(bytes, seed: UInt64(round + 1)), ends: true))
      #expect(whole.events.count { $0.hasPrefix("failed") } == 1)
      #expect(whole.events.last?.hasPrefix("failed") == true)
      #expect(!whole.events.contains("impossible"))
      acceptedCount += whole.events.contains { $0.hasPrefix("closed") } ? 1 : 0
    }
    #expect(acceptedCount > 100)
  }

  @Test func noiseFromOriginsNeverTraps() {
    var random = SplitMix64(seed: 0xF1)
    let seeds = HTTP1ClientTests.good.map(\.1) + HTTP1RefusalTests.answers.map(\.message)
    let alphabet = wire("\r\n\r\n \t:;,0123HTTP1.chunked\u{0}\u{FF}")
    for round in 0..<2_000 {
      var bytes = wire(seeds.randomElement(using: &random) ?? "")
      for _ in 0..<Int.random(in: 0...3, using: &random) where !bytes.isEmpty {
        let index = Int.random(in: 0..<bytes.count, using: &random)
        let byte = alphabet.randomElement(using: &random) ?? 0
        if Bool.random(using: &random) {
          bytes[index] = byte
        } else {
          bytes.insert(byte, at: index)
        }
      }
      let whole = fetch([bytes], ends: true)
      #expect(whole == fetch(cut(bytes, seed: UInt64(round + 1)), ends: true))
      #expect(whole.events.last?.hasPrefix("failed") == true)
      #expect(whole.output == "not reusable")
    }
  }
}

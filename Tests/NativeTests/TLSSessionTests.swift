import Base
import Testing

@testable import Native

/// Handshakes and data between a client and a server session in memory.
struct TLSSessionTests {
  @Test func agreesOnTheBest() throws {
    var pair = try Pair(clientContext(), serverContext())
    let result = pair.handshake()
    #expect(result.client == .complete && result.server == .complete)
    #expect(pair.client.version == "TLSv1.3" && pair.server.version == "TLSv1.3")
    #expect(pair.client.alpn == .http2 && pair.server.alpn == .http2)
    #expect(pair.server.serverName == "edge.test")
    #expect(pair.server.cipher == "TLS_AES_128_GCM_SHA256")
    #expect(pair.client.peerCertificate?.subject == "CN=server,O=Ward")
    #expect(pair.server.peerCertificate == nil)
    #expect(pair.client.isResumed == false)
  }

  @Test(arguments: [
    ([ALPN.http1, .http2], [ALPN.http2, .http1], ALPN?.some(.http2)),
    ([.http1], [.http2, .http1], .some(.http1)),
    ([.http2, .http1], [.http1], .some(.http1)),
    ([], [.http2, .http1], nil),
  ])
  func selectsTheServersFavourite(client: [ALPN], server: [ALPN], agreed: ALPN?) throws {
    var pair = try Pair(
      clientContext { $0.alpn = client }, serverContext { $0.alpn = server })
    #expect(pair.handshake().client == .complete)
    #expect(pair.client.alpn == agreed && pair.server.alpn == agreed)
  }

  @Test func refusesForeignProtocols() throws {
    var pair = try Pair(
      clientContext { $0.alpn = [.http1] }, serverContext { $0.alpn = [.http2] })
    let result = pair.handshake()
    #expect(reason(result.server) == "no shared application protocol")
    #expect(reason(result.client) == "peer alert: no application protocol")
  }

  @Test func speaksTLS12WhenAllowed() throws {
    let client = try clientContext { $0.versionMax = .tls12 }
    var pair = try Pair(client, serverContext())
    let result = pair.handshake()
    #expect(result.client == .complete && result.server == .complete)
    #expect(pair.server.version == "TLSv1.2" && pair.server.alpn == .http2)
    #expect(pair.server.cipher == "ECDHE-ECDSA-AES128-GCM-SHA256")
    _ = write([4, 5], to: &pair.client)
    #expect(pair.receiveAtServer() == ([4, 5], .wantsMore))

    var strict = try Pair(client, serverContext { $0.versionMin = .tls13 })
    let refusal = strict.handshake()
    #expect(reason(refusal.server) == "no shared TLS version")
    #expect(reason(refusal.client) == "peer alert: protocol version")
  }

  @Test(arguments: [1, 7, 1021, 16_389, 100_003])
  func carriesAMegabyteEachWay(chunkByteCount: Int) throws {
    var generator = SplitMix64(seed: UInt64(chunkByteCount))
    let length = chunkByteCount == 1 ? 70_001 : 1 << 20
    let up = (0..<length).map { _ in UInt8.random(in: 0...255, using: &generator) }
    let down = [UInt8](up.reversed())
    var pair = try Pair(clientContext(), serverContext())
    pair.chunkByteCount = chunkByteCount
    let result = pair.handshake()
    #expect(result.client == .complete && result.server == .complete)
    #expect(write(up, to: &pair.client) == .written)
    #expect(write(down, to: &pair.server) == .written)
    #expect(pair.receiveAtServer() == (up, .wantsMore))
    #expect(pair.receiveAtClient() == (down, .wantsMore))
    pair.client.releaseIdleMemory()
    pair.server.releaseIdleMemory()
    #expect(write(down, to: &pair.client) == .written)
    #expect(pair.receiveAtServer().bytes == down)
  }

  @Test func keepsWhatTheOwnerDidNotRead() throws {
    var pair = try Pair(clientContext(), serverContext())
    _ = pair.handshake()
    let bytes = [UInt8](repeating: 7, count: 50_000)
    _ = write(bytes, to: &pair.client)
    move(&pair.client, &pair.server) { _ in }
    #expect(pair.server.hasUnreadInput == true)
    var received: [UInt8] = []
    #expect(readAll(&pair.server, into: &received) == .wantsMore)
    #expect(received == bytes)
    #expect(pair.server.hasUnreadInput == false)
  }

  @Test func boundsWhatTheOwnerDoesNotRead() throws {
    var pair = try Pair(clientContext(), serverContext())
    _ = pair.handshake()
    _ = write([UInt8](repeating: 7, count: TLSLimits.pendingByteCountMax + 1), to: &pair.client)
    move(&pair.client, &pair.server, 16_384) { _ in }
    var received: [UInt8] = []
    #expect(reason(readAll(&pair.server, into: &received)) == "too much unread input")
  }

  @Test func tellsCloseFromTruncation() throws {
    var pair = try Pair(clientContext(), serverContext())
    _ = pair.handshake()
    _ = write([1, 2, 3], to: &pair.client)
    pair.client.close()
    #expect(pair.receiveAtServer() == ([1, 2, 3], .closed))

    var cut = try Pair(clientContext(), serverContext())
    _ = cut.handshake()
    _ = write([1, 2, 3], to: &cut.client)
    #expect(cut.receiveAtServer() == ([1, 2, 3], .wantsMore))
    cut.server.endInput()
    var bytes: [UInt8] = []
    let end = readAll(&cut.server, into: &bytes)
    #expect(reason(end) == "peer closed without close_notify")
    #expect(readAll(&cut.server, into: &bytes) == end)

    var early = try TLSSession(server: serverContext())
    #expect(early.handshake() == .inProgress)
    early.endInput()
    #expect(reason(early.handshake()) == "peer closed during handshake")
  }

  @Test(arguments: [
    ("GET / HTTP/1.1\r\nHost: edge.test\r\n\r\n", "plain HTTP on a TLS port"),
    ("CONNECT edge.test:443 HTTP/1.1\r\n\r\n", "plain HTTP on a TLS port"),
    ("SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n", "not TLS"),
  ])
  func namesForeignProtocols(text: String, expected: String) throws {
    var session = try TLSSession(server: serverContext())
    var result = TLSSession.HandshakeResult.inProgress
    lend(Array(text.utf8), to: &session) { result = $0.handshake() }
    #expect(reason(result) == expected)
  }

  @Test func boundsKeyUpdates() throws {
    var pair = try Pair(clientContext(), serverContext())
    _ = pair.handshake()
    var count: UInt64 = 0
    var end = TLSSession.ReadResult.wantsMore
    while end == .wantsMore, count < 100 {
      pair.client.testsOnlyUpdateKeys()
      end = pair.receiveAtServer().end
      count += 1
    }
    #expect(reason(end) == "too many key updates")
    #expect(count == TLSLimits.keyUpdateCountMax + 1)
  }

  @Test func dataEarnsKeyUpdates() throws {
    var pair = try Pair(clientContext(), serverContext())
    _ = pair.handshake()
    let bytes = [UInt8](repeating: 1, count: Int(TLSLimits.byteCountPerKeyUpdate))
    for _ in 0..<(2 * TLSLimits.keyUpdateCountMax) {
      pair.client.testsOnlyUpdateKeys()
      _ = write(bytes, to: &pair.client)
      #expect(pair.receiveAtServer().end == .wantsMore)
    }
  }

  @Test func refusesRenegotiation() throws {
    var pair = try Pair(clientContext { $0.versionMax = .tls12 }, serverContext())
    _ = pair.handshake()
    pair.client.testsOnlyRenegotiate()
    #expect(pair.client.outputByteCount > 0)
    #expect(reason(pair.receiveAtServer().end) == "peer asked for renegotiation")
  }

  @Test(arguments: 0..<200) func survivesFlippedBytes(seed: Int) throws {
    var generator = SplitMix64(seed: UInt64(seed))
    var pair = try Pair(clientContext(), serverContext())
    let early = Bool.random(using: &generator)
    if !early { _ = pair.handshake() } else { _ = pair.client.handshake() }
    if !early { _ = write([UInt8](repeating: 1, count: 300), to: &pair.client) }
    var bytes = takeOutput(&pair.client)
    let index = Int.random(in: 5..<bytes.count, using: &generator)
    bytes[index] ^= UInt8.random(in: 1...255, using: &generator)
    var received: [UInt8] = []
    lend(bytes, to: &pair.server, Int.random(in: 1...64, using: &generator)) { session in
      if !session.isHandshakeComplete {
        _ = session.handshake()
      } else {
        _ = readAll(&session, into: &received)
      }
    }
    // Whatever happened, no forged byte came through.
    #expect(received.isEmpty)
    #expect(early || reason(readAll(&pair.server, into: &received)) != nil)
  }
}

/// The reason of a failed handshake.
func reason(_ result: TLSSession.HandshakeResult) -> String? {
  guard case .failed(let fault) = result else { return nil }
  return fault.reason
}

/// The reason of a failed read.
func reason(_ result: TLSSession.ReadResult) -> String? {
  guard case .failed(let fault) = result else { return nil }
  return fault.reason
}

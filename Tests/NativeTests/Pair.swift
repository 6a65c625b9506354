import Native

/// A client and a server session joined in memory, in one thread and without time.
struct Pair: ~Copyable {
  var client: TLSSession
  var server: TLSSession
  /// Bytes of ciphertext handed over at once.
  var chunkByteCount = Int.max

  init(
    _ client: TLSContext, _ server: TLSContext, name: String = "edge.test"
  ) throws {
    // A noncopyable value cannot be half made: everything that throws comes first.
    let clientEnd = try TLSSession(client: client, serverName: name)
    let serverEnd = try TLSSession(server: server)
    self.client = clientEnd
    self.server = serverEnd
  }

  /// Runs both handshakes until neither has anything to say.
  mutating func handshake() -> (
    client: TLSSession.HandshakeResult, server: TLSSession.HandshakeResult
  ) {
    var result = (client: client.handshake(), server: server.handshake())
    while client.outputByteCount + server.outputByteCount > 0 {
      move(&client, &server, chunkByteCount) { result.server = $0.handshake() }
      move(&server, &client, chunkByteCount) { result.client = $0.handshake() }
    }
    return result
  }

  /// Sends the client's output to the server and returns the plaintext and how reading ended.
  mutating func receiveAtServer() -> (bytes: [UInt8], end: TLSSession.ReadResult) {
    receive(&client, &server, chunkByteCount)
  }

  /// Sends the server's output to the client and returns the plaintext and how reading ended.
  mutating func receiveAtClient() -> (bytes: [UInt8], end: TLSSession.ReadResult) {
    receive(&server, &client, chunkByteCount)
  }
}

/// Takes all output of a session.
func takeOutput(_ session: inout TLSSession) -> [UInt8] {
  let bytes = unsafe session.withOutput { unsafe [UInt8]($0) }
  session.consumeOutput(bytes.count)
  return bytes
}

/// Lends `bytes` to `session` in chunks and calls `turn` for each.
func lend(
  _ bytes: [UInt8], to session: inout TLSSession, _ chunkByteCount: Int = .max,
  _ turn: (inout TLSSession) -> Void
) {
  var start = 0
  while start < bytes.count {
    let end = chunkByteCount < bytes.count - start ? start + chunkByteCount : bytes.count
    unsafe bytes.withUnsafeBytes { all in
      unsafe session.feed(UnsafeRawBufferPointer(rebasing: all[start..<end]))
      turn(&session)
      session.endFeed()
    }
    start = end
  }
}

/// Moves the output of one session to the input of the other.
func move(
  _ source: inout TLSSession, _ target: inout TLSSession, _ chunkByteCount: Int = .max,
  _ turn: (inout TLSSession) -> Void
) {
  lend(takeOutput(&source), to: &target, chunkByteCount, turn)
}

/// Reads until there is no more; returns how it ended.
func readAll(_ session: inout TLSSession, into bytes: inout [UInt8]) -> TLSSession.ReadResult {
  unsafe withUnsafeTemporaryAllocation(byteCount: 5000, alignment: 16) { room in
    while true {
      guard let start = room.baseAddress else { return .wantsMore }
      let result = unsafe session.read(into: start, byteCountMax: room.count)
      guard case .bytes(let count) = result else { return result }
      unsafe bytes.append(contentsOf: UnsafeRawBufferPointer(rebasing: room[..<count]))
    }
  }
}

/// Moves everything and reads it.
func receive(
  _ source: inout TLSSession, _ target: inout TLSSession, _ chunkByteCount: Int = .max
) -> (bytes: [UInt8], end: TLSSession.ReadResult) {
  var bytes: [UInt8] = []
  move(&source, &target, chunkByteCount) { _ = readAll(&$0, into: &bytes) }
  // Also what came along with the end of the handshake, when nothing new was moved.
  let end = readAll(&target, into: &bytes)
  return (bytes, end)
}

/// Writes an array.
func write(_ bytes: [UInt8], to session: inout TLSSession) -> TLSSession.WriteResult {
  unsafe bytes.withUnsafeBytes { unsafe session.write($0) }
}

extension Certificates {
  /// A pair of files by the name that they share.
  static func pair(_ name: String) -> CertificatePair {
    CertificatePair(chainPath: path(name + ".pem"), keyPath: path(name + ".key"))
  }
}

/// A server context for `edge.test` with the changes of `change`.
func serverContext(
  _ pairs: [String] = ["server"], _ change: (inout ServerTLSOptions) -> Void = { _ in }
) throws -> TLSContext {
  var options = ServerTLSOptions(certificates: pairs.map { Certificates.pair($0) })
  options.versionMin = .tls12
  change(&options)
  return try TLSContext.server(options)
}

/// A client context that trusts the test authority, with the changes of `change`.
func clientContext(
  _ change: (inout ClientTLSOptions) -> Void = { _ in }
) throws -> TLSContext {
  var options = ClientTLSOptions()
  options.authoritiesPath = Certificates.path("authority.pem")
  change(&options)
  return try TLSContext.client(options)
}

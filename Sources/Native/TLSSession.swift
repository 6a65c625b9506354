internal import Base
internal import COpenSSL

/// One end of a TLS connection, as a machine without I/O: ciphertext is lent to it, ciphertext is
/// drained from it, and plaintext goes the other way.
///
/// A turn of the loop is `feed`, then `handshake` or `read` until it wants more, then `endFeed`;
/// after that, and after every `write`, drain the output. It owns its SSL handle and its two byte
/// streams, and belongs to one thread. After a failure the output still holds the alert for the
/// peer; every later call returns the same fault. Once the handshake is complete, `feed`, `read`
/// and `write` allocate nothing but room in the output.
@safe
public struct TLSSession: ~Copyable {
  /// How far a handshake got.
  public enum HandshakeResult: Sendable, Equatable {
    /// Plaintext may be read and written.
    case complete
    /// Drain the output, and call again when more input has come.
    case inProgress
    /// The session is of no further use.
    case failed(TLSFault)
  }

  /// What a read gave.
  public enum ReadResult: Sendable, Equatable {
    /// So many bytes, at least one.
    case bytes(Int)
    /// All input was used; feed more.
    case wantsMore
    /// The peer said that it sends no more (close_notify): nothing is missing.
    case closed
    /// The session is of no further use.
    case failed(TLSFault)
  }

  /// What became of a write.
  public enum WriteResult: Sendable, Equatable {
    /// All bytes are in the output, encrypted.
    case written
    /// Nothing may be sent any more.
    case failed(TLSFault)
  }

  /// The handle; its BIO points to `transport`.
  private let ssl: OpaquePointer
  /// Both byte streams, at an address that OpenSSL's callbacks know.
  private let transport: UnsafeMutablePointer<TLSTransport>
  /// Keeps what the context's callbacks point to alive, and receives resumable sessions.
  private let context: TLSContext
  /// The server's name (client role): what sessions are remembered under.
  private let clientServerName: String
  /// The first failure; it stays.
  private var fault: TLSFault?
  /// Whether the handshake is complete.
  public private(set) var isHandshakeComplete = false

  /// Makes the server's end. Throws when memory runs out.
  public init(server context: TLSContext) throws(TLSError) {
    precondition(context.isServer, "a server session needs a server context")
    let (ssl, transport) = try unsafe Self.makeHandle(context)
    unsafe SSL_set_accept_state(ssl)
    unsafe self.ssl = unsafe ssl
    unsafe self.transport = unsafe transport
    self.context = context
    clientServerName = ""
  }

  /// Makes the client's end, which accepts only a certificate for `serverName`: a DNS name or an
  /// IP address in text (IPv6 without brackets). Throws when the name is neither.
  public init(client context: TLSContext, serverName: String) throws(TLSError) {
    precondition(!context.isServer, "a client session needs a client context")
    let (ssl, transport) = try unsafe Self.makeHandle(context)
    do throws(TLSError) {
      try unsafe Self.expect(serverName, of: ssl)
    } catch {
      unsafe Self.free(ssl, transport)
      throw error
    }
    unsafe context.withRememberedSession(serverName) { session in
      // A refusal costs a full handshake, nothing else.
      _ = unsafe SSL_set_session(ssl, session)
    }
    unsafe SSL_set_connect_state(ssl)
    unsafe self.ssl = unsafe ssl
    unsafe self.transport = unsafe transport
    self.context = context
    clientServerName = serverName
  }

  deinit {
    // OpenSSL marks the session of a handle that is freed without close_notify both ways as not
    // resumable. That rule is from before TLS 1.1 (RFC 5246 section 7.2.1 drops it); a session
    // that failed still may not be resumed.
    if fault == nil { unsafe SSL_set_shutdown(ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN) }
    unsafe Self.free(ssl, transport)
  }

  // MARK: Input

  /// Lends ciphertext from the peer until `endFeed`; the memory must stay unchanged meanwhile.
  public mutating func feed(_ ciphertext: UnsafeRawBufferPointer) {
    unsafe precondition(transport.pointee.lent.count == 0, "feed before endFeed")
    unsafe transport.pointee.lent = unsafe ciphertext
  }

  /// Ends the loan. What was not taken is copied, so that the owner may stop reading at any time;
  /// an owner that feeds on and never reads fails the session at `pendingByteCountMax`.
  public mutating func endFeed() {
    let rest = unsafe transport.pointee.lent
    unsafe transport.pointee.lent = UnsafeRawBufferPointer(start: nil, count: 0)
    guard rest.count > 0, fault == nil else { return }
    if unsafe transport.pointee.pending.count + rest.count > TLSLimits.pendingByteCountMax {
      fault = TLSFault(.unreadInput)
      return
    }
    unsafe transport.pointee.pending.append(rest)
  }

  /// Tells that the peer's stream ended (TCP FIN); reading then tells `closed` from `truncated`.
  public mutating func endInput() { unsafe transport.pointee.isInputEnded = true }

  /// Whether `read` may give bytes without further input; false once it said `wantsMore` and every
  /// record is whole.
  public var hasUnreadInput: Bool {
    unsafe transport.pointee.hasInput || SSL_has_pending(ssl) == 1
  }

  // MARK: Handshake and data

  /// Goes on with the handshake as far as the input allows.
  public mutating func handshake() -> HandshakeResult {
    if let fault { return .failed(fault) }
    if isHandshakeComplete { return .complete }
    ErrorQueue.clear()
    let result = unsafe SSL_do_handshake(ssl)
    if result == 1 {
      isHandshakeComplete = true
      keepNewSession()
      return .complete
    }
    switch unsafe SSL_get_error(ssl, result) {
    case SSL_ERROR_WANT_READ: return .inProgress
    default: return .failed(fail())
    }
  }

  /// Decrypts up to `byteCountMax` bytes, at most one record, into `target`.
  public mutating func read(
    into target: UnsafeMutableRawPointer, byteCountMax: Int
  ) -> ReadResult {
    precondition(isHandshakeComplete || fault != nil, "read before the handshake is complete")
    if let fault { return .failed(fault) }
    ErrorQueue.clear()
    var byteCount = 0
    let result = unsafe SSL_read_ex(ssl, target, byteCountMax, &byteCount)
    if unsafe transport.pointee.newSession != nil { keepNewSession() }
    if result == 1 {
      unsafe transport.pointee.plaintextByteCount &+= UInt64(byteCount)
      return .bytes(byteCount)
    }
    switch unsafe SSL_get_error(ssl, result) {
    case SSL_ERROR_WANT_READ: return .wantsMore
    case SSL_ERROR_ZERO_RETURN: return .closed
    default: return .failed(fail())
    }
  }

  /// Encrypts all of `plaintext` into the output.
  public mutating func write(_ plaintext: UnsafeRawBufferPointer) -> WriteResult {
    precondition(isHandshakeComplete || fault != nil, "write before the handshake is complete")
    if let fault { return .failed(fault) }
    if plaintext.count == 0 { return .written }
    ErrorQueue.clear()
    var byteCount = 0
    let result = unsafe SSL_write_ex(ssl, plaintext.baseAddress, plaintext.count, &byteCount)
    // The output takes everything, and partial writes are off: a success is a whole one.
    return result == 1 ? .written : .failed(fail())
  }

  /// Queues close_notify: the peer may then tell a complete stream from a cut one.
  public mutating func close() {
    guard fault == nil, isHandshakeComplete else { return }
    ErrorQueue.clear()
    _ = unsafe SSL_shutdown(ssl)
    ErrorQueue.clear()
  }

  // MARK: Output

  /// Ciphertext bytes that wait to be sent.
  public var outputByteCount: Int { unsafe transport.pointee.output.count }

  /// Hands the ciphertext for the peer to `body`; the pointer is valid inside `body` only.
  @inline(__always)
  public func withOutput<R, E: Error>(
    _ body: (UnsafeRawBufferPointer) throws(E) -> R
  ) throws(E) -> R {
    try unsafe transport.pointee.output.withReadable(body)
  }

  /// Drops the first `byteCount` bytes of the output, once they were sent.
  public mutating func consumeOutput(_ byteCount: Int) {
    unsafe transport.pointee.output.consume(byteCount)
  }

  /// Gives back the memory of empty buffers; call it when the connection goes idle.
  public mutating func releaseIdleMemory() {
    unsafe transport.pointee.output.releaseIfEmpty()
    unsafe transport.pointee.pending.releaseIfEmpty()
    _ = unsafe SSL_free_buffers(ssl)
  }

  // MARK: Facts

  /// Runs `body` with the handle, which must not leave it. For the files of this target.
  func withHandle<R>(_ body: (OpaquePointer) -> R) -> R { unsafe body(ssl) }
}

// MARK: Making, freeing, failing

extension TLSSession {
  /// Makes a handle whose BIO reads and writes a new transport.
  private static func makeHandle(
    _ context: TLSContext
  ) throws(TLSError) -> (OpaquePointer, UnsafeMutablePointer<TLSTransport>) {
    ErrorQueue.clear()
    guard let ssl = unsafe SSL_new(context.handle) else {
      ErrorQueue.clear()
      throw .outOfMemory
    }
    let transport = UnsafeMutablePointer<TLSTransport>.allocate(capacity: 1)
    unsafe transport.initialize(to: TLSTransport())
    guard let bio = unsafe TLSTransportBIO.make(over: transport) else {
      unsafe free(ssl, transport)
      ErrorQueue.clear()
      throw .outOfMemory
    }
    // One reference serves as both ends.
    unsafe SSL_set_bio(ssl, bio, bio)
    unsafe homeward_SSL_set_msg_callback_arg(ssl, transport)
    unsafe SSL_set_msg_callback(ssl) { isOutgoing, _, type, bytes, byteCount, _, argument in
      guard byteCount >= 1, let bytes = unsafe bytes, let argument = unsafe argument,
        type == SSL3_RT_HANDSHAKE || type == SSL3_RT_ALERT
      else { return }
      // OpenSSL hands `byteCount` readable bytes; the argument is the transport set above.
      let message = unsafe UnsafeRawBufferPointer(start: bytes, count: byteCount)
      unsafe argument.assumingMemoryBound(to: TLSTransport.self).pointee.notice(
        isOutgoing: isOutgoing == 1, contentType: type, first: message[0],
        second: byteCount > 1 ? message[1] : 0)
    }
    return unsafe (ssl, transport)
  }

  /// Frees the handle first: its BIO points to the transport.
  private static func free(_ ssl: OpaquePointer, _ transport: UnsafeMutablePointer<TLSTransport>) {
    unsafe SSL_free(ssl)
    unsafe transport.deinitialize(count: 1)
    unsafe transport.deallocate()
  }

  /// Makes `ssl` ask for `serverName` and accept no certificate for another.
  private static func expect(_ serverName: String, of ssl: OpaquePointer) throws(TLSError) {
    ErrorQueue.clear()
    defer { ErrorQueue.clear() }
    let parameters = unsafe SSL_get0_param(ssl)
    // An address is checked against the certificate's addresses; RFC 6066 forbids it as SNI.
    if unsafe X509_VERIFY_PARAM_set1_ip_asc(parameters, serverName) == 1 { return }
    guard isHostName(serverName) else { throw .invalidServerName(serverName) }
    unsafe X509_VERIFY_PARAM_set_hostflags(
      parameters, UInt32(X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS))
    guard unsafe SSL_set1_host(ssl, serverName) == 1,
      unsafe homeward_SSL_set_server_name(ssl, serverName) == 1
    else { throw .outOfMemory }
  }

  /// Whether `name` is a DNS name. OpenSSL would take an empty name for "any" and a leading dot
  /// for "any host below", so both must not pass.
  private static func isHostName(_ name: String) -> Bool {
    let bytes = name.utf8
    guard (1...253).contains(bytes.count), bytes.first != UInt8(ascii: ".") else { return false }
    return bytes.allSatisfy { byte in
      switch byte {
      case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F: true
      default: false
      }
    }
  }

  /// Translates the failure that just happened and remembers it.
  @inline(never)
  private mutating func fail() -> TLSFault {
    let verification = unsafe SSL_get_verify_result(ssl)
    var found = TLSFault.taking(
      verification: verification, isHandshakeComplete: isHandshakeComplete)
    if unsafe transport.pointee.isFlooded {
      let isRenegotiating = unsafe transport.pointee.isRenegotiating
      found = TLSFault(isRenegotiating ? .renegotiation : .tooManyKeyUpdates)
    }
    fault = found
    return found
  }

  /// Hands a session that the server let us keep to the context, for the next connection.
  private mutating func keepNewSession() {
    guard let session = unsafe transport.pointee.newSession else { return }
    unsafe transport.pointee.newSession = nil
    unsafe context.remember(session, for: clientServerName)
  }
}

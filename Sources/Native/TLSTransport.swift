internal import Base
internal import COpenSSL

/// The two byte streams under one TLS session, and what OpenSSL's callbacks noticed.
///
/// It lives in memory of its own because the BIO and the message callback hold its address. It is
/// owned by one `TLSSession`, touched by that session and by callbacks inside its calls, never both
/// at once: the session does not look while OpenSSL runs.
@safe
struct TLSTransport: ~Copyable {
  /// Ciphertext lent by `feed`, what is left of it. Empty between `endFeed` and `feed`.
  var lent = unsafe UnsafeRawBufferPointer(start: nil, count: 0)
  /// Ciphertext that was lent and not taken; read before `lent`.
  var pending = ByteQueue()
  /// Ciphertext for the peer.
  var output = ByteQueue()
  /// Whether no further byte will come.
  var isInputEnded = false
  /// Whether a bound was passed; OpenSSL is then given nothing more to read.
  var isFlooded = false
  /// KeyUpdate messages received.
  var keyUpdateCount: UInt64 = 0
  /// Whether the peer tried to renegotiate (TLS 1.2), which HTTP/2 makes a connection error (RFC
  /// 9113 section 9.2.1) and no HTTP/1.1 client needs.
  var isRenegotiating = false
  /// Plaintext bytes handed to the owner.
  var plaintextByteCount: UInt64 = 0
  /// The newest session a server let us keep (client role); owned until taken.
  var newSession: OpaquePointer?

  deinit {
    if let newSession = unsafe newSession { unsafe SSL_SESSION_free(newSession) }
  }

  /// Whether ciphertext waits to be read.
  var hasInput: Bool { unsafe !pending.isEmpty || lent.count > 0 }

  /// Copies up to `byteCountMax` bytes of input to `target` and returns how many.
  mutating func take(into target: UnsafeMutableRawPointer, byteCountMax: Int) -> Int {
    if isFlooded { return 0 }
    if !pending.isEmpty {
      let byteCount = min(byteCountMax, pending.count)
      // The queue's bytes and OpenSSL's buffer are different allocations; both hold `byteCount`.
      unsafe pending.withReadable { readable in
        if let source = readable.baseAddress {
          unsafe target.copyMemory(from: source, byteCount: byteCount)
        }
      }
      pending.consume(byteCount)
      return byteCount
    }
    guard let source = unsafe lent.baseAddress else { return 0 }
    let byteCount = unsafe min(byteCountMax, lent.count)
    unsafe target.copyMemory(from: source, byteCount: byteCount)
    unsafe lent = UnsafeRawBufferPointer(rebasing: lent[byteCount...])
    return byteCount
  }

  /// Counts a handshake message or alert that OpenSSL reports.
  mutating func notice(isOutgoing: Bool, contentType: Int32, first: UInt8, second: UInt8) {
    switch (contentType, isOutgoing) {
    case (SSL3_RT_HANDSHAKE, false) where Int32(first) == SSL3_MT_KEY_UPDATE:
      keyUpdateCount += 1
      let earned = plaintextByteCount / TLSLimits.byteCountPerKeyUpdate
      if keyUpdateCount > TLSLimits.keyUpdateCountMax + earned { isFlooded = true }
    case (SSL3_RT_ALERT, true) where Int32(second) == SSL_AD_NO_RENEGOTIATION:
      isRenegotiating = true
      isFlooded = true
    default: break
    }
  }
}

/// The BIO type that reads from and writes to a `TLSTransport`.
@safe
enum TLSTransportBIO {
  /// Where OpenSSL finds the transport of a BIO.
  typealias Address = UnsafeMutablePointer<TLSTransport>

  /// The method table, made once and never freed; nil when memory ran out.
  nonisolated(unsafe) private static let method: OpaquePointer? = unsafe makeMethod()

  /// Makes a BIO over the transport at `address`, which must outlive it.
  static func make(over address: Address) -> OpaquePointer? {
    guard let method = unsafe method, let bio = unsafe BIO_new(method) else { return nil }
    unsafe BIO_set_data(bio, address)
    unsafe BIO_set_init(bio, 1)
    return unsafe bio
  }

  private static func makeMethod() -> OpaquePointer? {
    let type = BIO_get_new_index() | BIO_TYPE_SOURCE_SINK
    guard let method = unsafe BIO_meth_new(type, "homeward") else { return nil }
    unsafe BIO_meth_set_read(method) { bio, target, byteCountMax in
      guard let target = unsafe target, byteCountMax > 0,
        let address = unsafe TLSTransportBIO.address(of: bio)
      else { return 0 }
      unsafe homeward_BIO_clear_retry_flags(bio)
      let byteCount = unsafe address.pointee.take(into: target, byteCountMax: Int(byteCountMax))
      if byteCount > 0 { return Int32(byteCount) }
      let isOver = unsafe address.pointee.isInputEnded || address.pointee.isFlooded
      if isOver { return 0 }
      unsafe homeward_BIO_set_retry_read(bio)
      return -1
    }
    unsafe BIO_meth_set_write(method) { bio, source, byteCount in
      guard byteCount > 0, let address = unsafe TLSTransportBIO.address(of: bio) else { return 0 }
      unsafe address.pointee.output.append(
        UnsafeRawBufferPointer(start: source, count: Int(byteCount)))
      return byteCount
    }
    unsafe BIO_meth_set_ctrl(method) { bio, command, _, _ in
      switch command {
      case BIO_CTRL_FLUSH: return 1
      case BIO_CTRL_EOF:
        guard let address = unsafe TLSTransportBIO.address(of: bio) else { return 1 }
        return unsafe address.pointee.isInputEnded && !address.pointee.hasInput ? 1 : 0
      default: return 0
      }
    }
    return unsafe method
  }

  /// The transport of `bio`: its data pointer was set by `make` to memory that outlives the BIO.
  @inline(__always)
  private static func address(of bio: OpaquePointer?) -> Address? {
    unsafe BIO_get_data(bio)?.assumingMemoryBound(to: TLSTransport.self)
  }
}

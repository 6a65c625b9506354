public import Base
internal import COpenSSL

/// The 12 bytes that must differ for every message sealed under one key.
///
/// Either drawn at random (then seal fewer than 2^32 messages under a key, NIST SP 800-38D section
/// 8.3) or made from a prefix and a counter that never repeats.
public struct AEADNonce: Hashable, Sendable {
  /// How many bytes a nonce has.
  public static let byteCount = 12

  // Three words in memory order, so that they lie as the bytes are stored.
  private let prefix: UInt32
  private let counterHigh: UInt32
  private let counterLow: UInt32

  /// The nonce of a message counter; `prefix` tells writers that share the key apart.
  public init(prefix: UInt32, counter: UInt64) {
    self.prefix = prefix.bigEndian
    counterHigh = UInt32(truncatingIfNeeded: counter >> 32).bigEndian
    counterLow = UInt32(truncatingIfNeeded: counter).bigEndian
  }

  /// Copies a stored nonce; nil unless there are exactly 12 bytes.
  public init?(_ bytes: UnsafeRawBufferPointer) {
    guard bytes.count == Self.byteCount else { return nil }
    prefix = unsafe bytes.loadUnaligned(as: UInt32.self)
    counterHigh = unsafe bytes.loadUnaligned(fromByteOffset: 4, as: UInt32.self)
    counterLow = unsafe bytes.loadUnaligned(fromByteOffset: 8, as: UInt32.self)
  }

  /// Draws a nonce at random.
  public static func random() -> AEADNonce {
    var prefix: UInt32 = 0
    var counter: UInt64 = 0
    unsafe withUnsafeMutableBytes(of: &prefix) { unsafe secureRandom(into: $0) }
    unsafe withUnsafeMutableBytes(of: &counter) { unsafe secureRandom(into: $0) }
    return AEADNonce(prefix: prefix, counter: counter)
  }

  /// Hands the 12 bytes, in the order they are stored, to `body`.
  @inlinable @inline(__always)
  public func withBytes<R>(_ body: (UnsafeRawBufferPointer) -> R) -> R {
    unsafe withUnsafePointer(to: self) { address in
      unsafe body(UnsafeRawBufferPointer(start: address, count: Self.byteCount))
    }
  }
}

/// A key for AES-256-GCM (NIST SP 800-38D): sealed bytes are ciphertext and a 16-byte tag.
///
/// The key schedule is computed once for each direction. Owns two OpenSSL contexts, which wipe the
/// key when freed; belongs to one thread.
@safe
public struct AEADKey: ~Copyable {
  /// Bytes of a key.
  public static let keyByteCount = 32
  /// Bytes that sealing adds.
  public static let tagByteCount = 16

  private let sealing: OpaquePointer
  private let opening: OpaquePointer

  /// Prepares a key of 32 bytes; the caller keeps, and wipes, its copy. Throws for another length.
  public init(key: UnsafeRawBufferPointer) throws(TLSError) {
    guard key.count == Self.keyByteCount else { throw .invalidKey }
    let (sealing, opening) = unsafe Self.makeContexts(key)
    unsafe self.sealing = unsafe sealing
    unsafe self.opening = unsafe opening
  }

  /// Prepares a key of 32 bytes; throws for another length.
  public init(key: borrowing [UInt8]) throws(TLSError) {
    guard key.count == Self.keyByteCount else { throw .invalidKey }
    let (sealing, opening) = unsafe key.withUnsafeBytes { unsafe Self.makeContexts($0) }
    unsafe self.sealing = unsafe sealing
    unsafe self.opening = unsafe opening
  }

  /// The contexts of both directions for the 32 bytes of `key`.
  private static func makeContexts(
    _ key: UnsafeRawBufferPointer
  ) -> (sealing: OpaquePointer, opening: OpaquePointer) {
    let sealing = unsafe Algorithms.required(EVP_CIPHER_CTX_new())
    let opening = unsafe Algorithms.required(EVP_CIPHER_CTX_new())
    let bytes = unsafe key.baseAddress?.assumingMemoryBound(to: UInt8.self)
    let isDone =
      unsafe EVP_EncryptInit_ex2(sealing, Algorithms.aes256GCM, bytes, nil, nil) == 1
      && EVP_DecryptInit_ex2(opening, Algorithms.aes256GCM, bytes, nil, nil) == 1
    precondition(isDone, "AES-256-GCM failed")
    return unsafe (sealing, opening)
  }

  /// Draws a key at random.
  public static func random() -> AEADKey {
    unsafe withUnsafeTemporaryAllocation(byteCount: keyByteCount, alignment: 16) { bytes in
      unsafe secureRandom(into: bytes)
      defer { unsafe OPENSSL_cleanse(bytes.baseAddress, keyByteCount) }
      guard let key = try? unsafe AEADKey(key: UnsafeRawBufferPointer(bytes)) else {
        preconditionFailure("32 bytes are a key")
      }
      return key
    }
  }

  deinit {
    unsafe EVP_CIPHER_CTX_free(sealing)
    unsafe EVP_CIPHER_CTX_free(opening)
  }

  /// Appends the sealed form of `plaintext` to `output`.
  ///
  /// INVARIANT (fresh nonce): no two messages under one key share a nonce; the caller sees to it.
  public mutating func seal(
    _ plaintext: UnsafeRawBufferPointer, nonce: AEADNonce,
    associatedData: UnsafeRawBufferPointer, into output: inout ByteQueue
  ) {
    precondition(plaintext.count <= Int32.max - 64, "message too long to seal")
    let sealedByteCount = plaintext.count + Self.tagByteCount
    let target = unsafe output.reserve(sealedByteCount).assumingMemoryBound(to: UInt8.self)
    var isDone = unsafe nonce.withBytes { unsafe Self.start(sealing, $0, true) }
    isDone = unsafe isDone && Self.add(associatedData, to: nil, sealing, EVP_EncryptUpdate)
    isDone = unsafe isDone && Self.add(plaintext, to: target, sealing, EVP_EncryptUpdate)
    var byteCount: Int32 = 0
    // GCM is a stream: the final call writes nothing, the tag comes by the control call.
    isDone =
      unsafe isDone && EVP_EncryptFinal_ex(sealing, target + plaintext.count, &byteCount) == 1
      && EVP_CIPHER_CTX_ctrl(
        sealing, homeward_EVP_CTRL_AEAD_GET_TAG(), Int32(Self.tagByteCount),
        target + plaintext.count) == 1
    precondition(isDone, "AES-256-GCM failed")
    output.advance(sealedByteCount)
  }

  /// Appends the plaintext of `sealed` to `output`; false, and nothing appended, when the bytes,
  /// the nonce, the associated data or the key are not the ones they were sealed with.
  public mutating func open(
    _ sealed: UnsafeRawBufferPointer, nonce: AEADNonce,
    associatedData: UnsafeRawBufferPointer, into output: inout ByteQueue
  ) -> Bool {
    guard let byteCount = unsafe Self.plaintextByteCount(sealed) else { return false }
    let target = unsafe output.reserve(byteCount + Self.blockByteCount)
    guard unsafe open(sealed, nonce, associatedData, target, byteCount) else { return false }
    output.advance(byteCount)
    return true
  }

  /// The plaintext of `sealed`; nil when something is not what it was sealed with.
  public mutating func open(
    _ sealed: UnsafeRawBufferPointer, nonce: AEADNonce, associatedData: UnsafeRawBufferPointer
  ) -> [UInt8]? {
    guard let byteCount = unsafe Self.plaintextByteCount(sealed) else { return nil }
    var isOpen = false
    let plain = unsafe [UInt8](unsafeUninitializedCapacity: byteCount + Self.blockByteCount) {
      target, count in
      guard let start = target.baseAddress else { return }
      isOpen = unsafe open(sealed, nonce, associatedData, UnsafeMutableRawPointer(start), byteCount)
      count = isOpen ? byteCount : 0
    }
    return isOpen ? plain : nil
  }

  /// Room for a whole block is asked for, so that the pointer is good for an empty message too.
  private static let blockByteCount = 16

  /// How long the plaintext is; nil when there can be none.
  private static func plaintextByteCount(_ sealed: UnsafeRawBufferPointer) -> Int? {
    guard sealed.count >= tagByteCount, sealed.count <= Int32.max - 64 else { return nil }
    return sealed.count - tagByteCount
  }

  /// Writes the plaintext, `byteCount` bytes, to `target`; false, and zeros, when it is not
  /// authentic.
  private mutating func open(
    _ sealed: UnsafeRawBufferPointer, _ nonce: AEADNonce,
    _ associatedData: UnsafeRawBufferPointer, _ room: UnsafeMutableRawPointer, _ byteCount: Int
  ) -> Bool {
    let target = unsafe room.assumingMemoryBound(to: UInt8.self)
    let ciphertext = unsafe UnsafeRawBufferPointer(rebasing: sealed[..<byteCount])
    let isOpen = unsafe withUnsafeTemporaryAllocation(byteCount: Self.tagByteCount, alignment: 16) {
      tag in
      unsafe tag.copyMemory(from: UnsafeRawBufferPointer(rebasing: sealed[byteCount...]))
      var isDone = unsafe nonce.withBytes { unsafe Self.start(opening, $0, false) }
      isDone = unsafe isDone && Self.add(associatedData, to: nil, opening, EVP_DecryptUpdate)
      isDone = unsafe isDone && Self.add(ciphertext, to: target, opening, EVP_DecryptUpdate)
      var rest: Int32 = 0
      return unsafe isDone
        && EVP_CIPHER_CTX_ctrl(
          opening, homeward_EVP_CTRL_AEAD_SET_TAG(), Int32(Self.tagByteCount), tag.baseAddress) == 1
        && EVP_DecryptFinal_ex(opening, target + byteCount, &rest) == 1
    }
    if isOpen { return true }
    // What was written is not authentic: nobody may read it.
    unsafe OPENSSL_cleanse(target, byteCount)
    ErrorQueue.clear()
    return false
  }

  /// Sets the nonce; the key schedule stays.
  private static func start(
    _ context: OpaquePointer, _ nonce: UnsafeRawBufferPointer, _ isSealing: Bool
  ) -> Bool {
    let bytes = unsafe nonce.baseAddress?.assumingMemoryBound(to: UInt8.self)
    return isSealing
      ? unsafe EVP_EncryptInit_ex2(context, nil, nil, bytes, nil) == 1
      : unsafe EVP_DecryptInit_ex2(context, nil, nil, bytes, nil) == 1
  }

  /// Runs `update` over `bytes`: associated data when `target` is nil.
  @inline(__always)
  private static func add(
    _ bytes: UnsafeRawBufferPointer, to target: UnsafeMutablePointer<UInt8>?,
    _ context: OpaquePointer,
    _ update: (
      OpaquePointer?, UnsafeMutablePointer<UInt8>?, UnsafeMutablePointer<Int32>?,
      UnsafePointer<UInt8>?, Int32
    ) -> Int32
  ) -> Bool {
    guard bytes.count > 0, let start = bytes.baseAddress else { return true }
    var byteCount: Int32 = 0
    return unsafe update(
      context, target, &byteCount, start.assumingMemoryBound(to: UInt8.self), Int32(bytes.count))
      == 1
  }
}

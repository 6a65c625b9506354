internal import Base
internal import COpenSSL

/// Secret bytes in OpenSSL's secure heap: locked in memory, left out of core dumps, between guard
/// pages, and wiped when they go.
///
/// Owns them. Where the heap cannot be had (the limit of locked memory is low) or is full, OpenSSL
/// takes ordinary memory, which is wiped as well; `isProtected` tells.
@safe
public struct SecretBytes: ~Copyable {
  /// Bytes of the heap: some thousand keys.
  private static let heapByteCount = 256 << 10
  /// Makes the heap, once for the process; false when its memory is not locked.
  private static let isHeapLocked = CRYPTO_secure_malloc_init(heapByteCount, 32) == 1

  private let start: UnsafeMutableRawPointer
  /// How many there are.
  public let count: Int
  /// Whether they are in locked memory that core dumps leave out.
  public let isProtected: Bool

  /// Makes `count` zero bytes.
  public init(count: Int) {
    precondition(count > 0, "a secret has bytes")
    let isLocked = Self.isHeapLocked
    // A full heap gives nothing; ordinary memory is wiped by the same call.
    var start = unsafe CRYPTO_secure_zalloc(count, #file, #line)
    if unsafe start == nil { unsafe start = unsafe CRYPTO_zalloc(count, #file, #line) }
    guard let start = unsafe start else { preconditionFailure("no memory for a secret") }
    isProtected = unsafe isLocked && CRYPTO_secure_allocated(start) == 1
    unsafe self.start = unsafe start
    self.count = count
  }

  /// Makes `count` random bytes.
  public static func random(count: Int) -> SecretBytes {
    var secret = SecretBytes(count: count)
    unsafe secret.withMutableBytes { unsafe secureRandom(into: $0) }
    return secret
  }

  /// Copies bytes; the caller keeps, and wipes, his.
  public init(copying bytes: UnsafeRawBufferPointer) {
    self.init(count: bytes.count)
    unsafe UnsafeMutableRawBufferPointer(start: start, count: count).copyMemory(from: bytes)
  }

  deinit { unsafe CRYPTO_secure_clear_free(start, count, #file, #line) }

  /// Hands the bytes to `body`; the pointer is valid inside `body` only.
  public borrowing func withBytes<R: ~Copyable>(_ body: (UnsafeRawBufferPointer) -> R) -> R {
    unsafe body(UnsafeRawBufferPointer(start: start, count: count))
  }

  /// Lets `body` write the bytes.
  public mutating func withMutableBytes<R>(_ body: (UnsafeMutableRawBufferPointer) -> R) -> R {
    unsafe body(UnsafeMutableRawBufferPointer(start: start, count: count))
  }
}

// The owner is the only one who knows the memory, and it cannot be copied.
extension SecretBytes: @unchecked Sendable {}

extension SecretBytes {
  /// Opens what `key` sealed; nil when the bytes, the nonce or the associated data are other ones.
  public static func open(
    _ sealed: ArraySlice<UInt8>, with key: inout AEADKey, nonce: AEADNonce,
    associatedData: [UInt8]
  ) -> SecretBytes? {
    var plain = ByteQueue()
    let isOpen = unsafe sealed.withUnsafeBytes { sealed in
      unsafe associatedData.withUnsafeBytes { data in
        unsafe key.open(sealed, nonce: nonce, associatedData: data, into: &plain)
      }
    }
    guard isOpen, !plain.isEmpty else { return nil }
    var secret = SecretBytes(count: plain.count)
    unsafe plain.withReadable { bytes in
      unsafe secret.withMutableBytes { unsafe $0.copyMemory(from: bytes) }
      // The queue's memory is ours alone, and goes back to the allocator after this.
      unsafe OPENSSL_cleanse(UnsafeMutableRawPointer(mutating: bytes.baseAddress), bytes.count)
    }
    return secret
  }
}

internal import COpenSSL

/// A key for HMAC-SHA-256 (RFC 2104).
///
/// Both keyed blocks are hashed once, here; a code for a short message then costs two copies of a
/// hash state and two compressions, and fetches nothing. Owns three OpenSSL contexts, which wipe
/// their state when freed. Belongs to one thread: `scratch` is shared by its calls.
@safe
public struct HMACSHA256: ~Copyable {
  /// SHA-256 after the key xor ipad.
  private let inner: OpaquePointer
  /// SHA-256 after the key xor opad.
  private let outer: OpaquePointer
  /// Where each code is computed.
  private let scratch: OpaquePointer

  /// SHA-256's block length in bytes.
  private static let blockByteCount = 64

  /// Prepares `key`, of any length; 32 random bytes are the right one. The caller keeps, and wipes,
  /// its copy.
  public init(key: UnsafeRawBufferPointer) {
    unsafe inner = unsafe Algorithms.required(EVP_MD_CTX_new())
    unsafe outer = unsafe Algorithms.required(EVP_MD_CTX_new())
    unsafe scratch = unsafe Algorithms.required(EVP_MD_CTX_new())
    unsafe Self.absorb(key, mask: 0x36, into: inner)
    unsafe Self.absorb(key, mask: 0x5C, into: outer)
  }

  /// Prepares `key`.
  public init(key: borrowing [UInt8]) {
    unsafe inner = unsafe Algorithms.required(EVP_MD_CTX_new())
    unsafe outer = unsafe Algorithms.required(EVP_MD_CTX_new())
    unsafe scratch = unsafe Algorithms.required(EVP_MD_CTX_new())
    unsafe key.withUnsafeBytes { key in
      unsafe Self.absorb(key, mask: 0x36, into: inner)
      unsafe Self.absorb(key, mask: 0x5C, into: outer)
    }
  }

  deinit {
    unsafe EVP_MD_CTX_free(inner)
    unsafe EVP_MD_CTX_free(outer)
    unsafe EVP_MD_CTX_free(scratch)
  }

  /// The code of `message`. Compare codes with `equalsInConstantTime`.
  public mutating func authenticationCode(
    for message: UnsafeRawBufferPointer
  ) -> SHA256Digest {
    let first = unsafe digest(after: inner, message)
    return unsafe first.withBytes { unsafe digest(after: outer, $0) }
  }

  /// The code of `message`.
  public mutating func authenticationCode(for message: borrowing [UInt8]) -> SHA256Digest {
    unsafe message.withUnsafeBytes { unsafe authenticationCode(for: $0) }
  }

  /// The hash of `bytes` after the state of `start`.
  private func digest(after start: OpaquePointer, _ bytes: UnsafeRawBufferPointer) -> SHA256Digest {
    let isDone =
      unsafe EVP_MD_CTX_copy_ex(scratch, start) == 1
      && EVP_DigestUpdate(scratch, bytes.baseAddress, bytes.count) == 1
    precondition(isDone, "HMAC failed")
    return unsafe finalDigest(of: scratch)
  }

  /// Hashes one block: the key, or its hash when it is longer than a block, xor `mask`.
  private static func absorb(
    _ key: UnsafeRawBufferPointer, mask: UInt8, into context: OpaquePointer
  ) {
    unsafe withUnsafeTemporaryAllocation(byteCount: blockByteCount, alignment: 16) { block in
      unsafe block.initializeMemory(as: UInt8.self, repeating: 0)
      if key.count > blockByteCount {
        unsafe SHA256.hash(key).withBytes { unsafe block.copyMemory(from: $0) }
      } else {
        unsafe block.copyMemory(from: key)
      }
      for index in 0..<blockByteCount { unsafe block[index] ^= mask }
      let isDone =
        unsafe EVP_DigestInit_ex2(context, Algorithms.sha256, nil) == 1
        && EVP_DigestUpdate(context, block.baseAddress, blockByteCount) == 1
      unsafe OPENSSL_cleanse(block.baseAddress, blockByteCount)
      precondition(isDone, "HMAC failed")
    }
  }
}

internal import COpenSSL

/// OpenSSL's algorithm objects, fetched once: a fetch takes locks that all threads share.
enum Algorithms {
  /// SHA-256.
  nonisolated(unsafe) static let sha256: OpaquePointer = unsafe required(
    EVP_MD_fetch(nil, "SHA256", nil))
  /// AES-256 in Galois/counter mode.
  nonisolated(unsafe) static let aes256GCM: OpaquePointer = unsafe required(
    EVP_CIPHER_fetch(nil, "AES-256-GCM", nil))

  /// Traps without the object: a build of OpenSSL that lacks these runs no TLS either.
  static func required(_ pointer: OpaquePointer?) -> OpaquePointer {
    guard let pointer = unsafe pointer else { preconditionFailure("OpenSSL gave no object") }
    return unsafe pointer
  }
}

/// Fills `target` from OpenSSL's generator; for keys, nonces and identifiers. Any thread.
public func secureRandom(into target: UnsafeMutableRawBufferPointer) {
  guard let start = target.baseAddress, target.count > 0 else { return }
  let bytes = unsafe start.assumingMemoryBound(to: UInt8.self)
  // Going on without entropy would be worse than stopping.
  precondition(target.count <= Int32.max, "too many random bytes at once")
  let result = unsafe RAND_bytes(bytes, Int32(target.count))
  precondition(result == 1, "the random generator failed")
}

internal import COpenSSL

/// A key for HMAC-SHA-256 (RFC 2104).
///
/// Both keyed blocks are hashed once, here; a code for a short message then costs two copies of a
/// hash state and two compressions, and allocates nothing. The states are wiped at the end.
@safe
public struct HMACSHA256: ~Copyable {
  /// SHA-256 after the key xor ipad, and after the key xor opad: memory of their own, so that no
  /// copy is left behind when this value moves.
  private let states: UnsafeMutablePointer<SHA256State>

  /// SHA-256's block length in bytes.
  private static let blockByteCount = 64

  /// Prepares `key`, of any length; 32 random bytes are the right one. The caller keeps, and wipes,
  /// its copy.
  public init(key: UnsafeRawBufferPointer) { unsafe states = unsafe Self.states(of: key) }

  /// Prepares `key`.
  public init(key: borrowing [UInt8]) {
    unsafe states = unsafe key.withUnsafeBytes { unsafe Self.states(of: $0) }
  }

  deinit {
    unsafe OPENSSL_cleanse(states, 2 * MemoryLayout<SHA256State>.stride)
    unsafe states.deallocate()
  }

  /// The code of `message`. Compare codes with `equalsInConstantTime`.
  public func authenticationCode(for message: UnsafeRawBufferPointer) -> SHA256Digest {
    let first = unsafe digest(after: states[0], message)
    return unsafe first.withBytes { unsafe digest(after: states[1], $0) }
  }

  /// The code of `message`.
  public func authenticationCode(for message: borrowing [UInt8]) -> SHA256Digest {
    unsafe message.withUnsafeBytes { unsafe authenticationCode(for: $0) }
  }

  /// The hash of `bytes` after the state of `start`.
  private func digest(after start: SHA256State, _ bytes: UnsafeRawBufferPointer) -> SHA256Digest {
    var state = start
    unsafe state.update(bytes)
    return state.finish()
  }

  private static func states(of key: UnsafeRawBufferPointer) -> UnsafeMutablePointer<SHA256State> {
    let states = UnsafeMutablePointer<SHA256State>.allocate(capacity: 2)
    unsafe states.initialize(to: absorb(key, mask: 0x36))
    unsafe (states + 1).initialize(to: absorb(key, mask: 0x5C))
    return unsafe states
  }

  /// Hashes one block: the key, or its hash when it is longer than a block, xor `mask`.
  private static func absorb(_ key: UnsafeRawBufferPointer, mask: UInt8) -> SHA256State {
    var state = SHA256State()
    unsafe withUnsafeTemporaryAllocation(byteCount: blockByteCount, alignment: 16) { block in
      unsafe block.initializeMemory(as: UInt8.self, repeating: 0)
      if key.count > blockByteCount {
        unsafe SHA256.hash(key).withBytes { unsafe block.copyMemory(from: $0) }
      } else {
        unsafe block.copyMemory(from: key)
      }
      for index in 0..<blockByteCount { unsafe block[index] ^= mask }
      unsafe state.update(UnsafeRawBufferPointer(block))
      unsafe OPENSSL_cleanse(block.baseAddress, blockByteCount)
    }
    return state
  }
}

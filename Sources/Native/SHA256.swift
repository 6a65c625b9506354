internal import COpenSSL

/// The 32 bytes of a SHA-256 hash or an HMAC over it; trivial to copy and compare.
@safe
public struct SHA256Digest: Hashable, Sendable {
  /// How many bytes a digest has.
  public static let byteCount = 32
  /// Thirty-two zero bytes.
  public static let zero = SHA256Digest()

  // Four words in memory order, so that comparison is synthesised and no array is needed.
  private var word0: UInt64 = 0
  private var word1: UInt64 = 0
  private var word2: UInt64 = 0
  private var word3: UInt64 = 0

  private init() {}

  /// Copies a digest from memory; nil unless there are exactly 32 bytes.
  public init?(_ bytes: UnsafeRawBufferPointer) {
    guard bytes.count == Self.byteCount else { return nil }
    unsafe withMutableBytes { unsafe $0.copyMemory(from: bytes) }
  }

  /// Hands the bytes to `body`; the pointer is valid inside `body` only.
  @inlinable @inline(__always)
  public func withBytes<R, E: Error>(
    _ body: (UnsafeRawBufferPointer) throws(E) -> R
  ) throws(E) -> R {
    try unsafe withUnsafePointer(to: self) { address throws(E) -> R in
      try unsafe body(UnsafeRawBufferPointer(start: address, count: Self.byteCount))
    }
  }

  /// Lets `body` write the bytes.
  @inline(__always)
  mutating func withMutableBytes(_ body: (UnsafeMutableRawBufferPointer) -> Void) {
    unsafe withUnsafeMutablePointer(to: &self) { address in
      unsafe body(UnsafeMutableRawBufferPointer(start: address, count: Self.byteCount))
    }
  }

  /// Whether both are equal, in a time that does not depend on where they differ; for MACs.
  public func equalsInConstantTime(_ other: SHA256Digest) -> Bool {
    let difference =
      (word0 ^ other.word0) | (word1 ^ other.word1) | (word2 ^ other.word2) | (word3 ^ other.word3)
    return difference == 0
  }
}

extension SHA256Digest: CustomStringConvertible {
  /// 64 lower-case hexadecimal digits.
  public var description: String {
    unsafe withBytes { unsafe hexadecimal($0) }
  }
}

extension SHA256Digest {
  /// Reads 64 hexadecimal digits; nil for anything else.
  public init?(hexadecimal text: String) {
    let digits = text.utf8.map { byte -> UInt8? in
      switch byte {
      case 0x30...0x39: byte - 0x30
      case 0x41...0x46, 0x61...0x66: (byte | 0x20) - 0x57
      default: nil
      }
    }
    let values = digits.compactMap { $0 }
    guard values.count == digits.count, values.count == 2 * Self.byteCount else { return nil }
    let bytes = stride(from: 0, to: values.count, by: 2).map { values[$0] << 4 | values[$0 + 1] }
    guard let digest = unsafe bytes.withUnsafeBytes({ unsafe SHA256Digest($0) }) else {
      return nil
    }
    self = digest
  }
}

/// The bytes in lower-case hexadecimal digits.
func hexadecimal(_ bytes: UnsafeRawBufferPointer) -> String {
  var text = ""
  for index in 0..<bytes.count {
    let byte = unsafe bytes[index]
    text += byte < 16 ? "0" + String(byte, radix: 16) : String(byte, radix: 16)
  }
  return text
}

/// A SHA-256 computation (FIPS 180-4) that can be reused: after `finish` it starts again.
///
/// Allocates nothing. Belongs to one thread.
@safe
public struct SHA256: ~Copyable {
  private var state = SHA256State()

  /// Starts a hash.
  public init() {}

  /// Adds bytes.
  public mutating func update(_ bytes: UnsafeRawBufferPointer) { unsafe state.update(bytes) }

  /// Adds bytes.
  public mutating func update(_ bytes: borrowing [UInt8]) {
    unsafe bytes.withUnsafeBytes { unsafe update($0) }
  }

  /// Adds one byte, such as the prefix of a Merkle tree's leaf.
  public mutating func update(_ byte: UInt8) {
    unsafe withUnsafeBytes(of: byte) { unsafe update($0) }
  }

  /// Adds a digest, as a Merkle tree's inner node does.
  public mutating func update(_ digest: SHA256Digest) {
    unsafe digest.withBytes { unsafe update($0) }
  }

  /// The hash of everything added since the start; then starts again.
  public mutating func finish() -> SHA256Digest {
    let digest = state.finish()
    state = SHA256State()
    return digest
  }

  /// The hash of `bytes`.
  public static func hash(_ bytes: UnsafeRawBufferPointer) -> SHA256Digest {
    var state = SHA256State()
    unsafe state.update(bytes)
    return state.finish()
  }

  /// The hash of `bytes`.
  public static func hash(_ bytes: borrowing [UInt8]) -> SHA256Digest {
    unsafe bytes.withUnsafeBytes { unsafe hash($0) }
  }
}

/// A SHA-256 computation at some point; a copy goes on by itself.
struct SHA256State {
  private var state = SHA256_CTX()

  /// The start.
  init() {
    let result = unsafe homeward_SHA256_Init(&state)
    precondition(result == 1, "SHA-256 failed")
  }

  /// Adds bytes.
  mutating func update(_ bytes: UnsafeRawBufferPointer) {
    let result = unsafe homeward_SHA256_Update(&state, bytes.baseAddress, bytes.count)
    precondition(result == 1, "SHA-256 failed")
  }

  /// The hash of what was added. Wipes what it kept of that; good for nothing afterwards.
  mutating func finish() -> SHA256Digest {
    var digest = SHA256Digest.zero
    unsafe digest.withMutableBytes { target in
      let start = unsafe target.baseAddress?.assumingMemoryBound(to: UInt8.self)
      // Writes exactly the 32 bytes of a digest.
      let result = unsafe homeward_SHA256_Final(start, &state)
      precondition(result == 1, "SHA-256 failed")
    }
    return digest
  }
}

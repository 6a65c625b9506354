/// SipHash-2-4: a short keyed hash, so that hostile input cannot choose its place in a table.
///
/// Aumasson and Bernstein, "SipHash: a fast short-input PRF" (2012). A value; any thread.
public struct SipHash24: Sendable {
  /// The first half of the key.
  private let key0: UInt64
  /// The second half of the key.
  private let key1: UInt64

  /// Makes the function with this 128-bit key; tables draw one at random for each process.
  public init(key0: UInt64, key1: UInt64) {
    self.key0 = key0
    self.key1 = key1
  }

  /// The hash of `bytes`.
  @inline(__always)
  public func hash(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
    var state = State(key0, key1)
    unsafe absorb(bytes, into: &state)
    return state.finish()
  }

  /// The 128-bit hash of `bytes` (SipHash-2-4-128): long enough to stand for them, as two
  /// little-endian words.
  @inline(__always)
  public func hash128(_ bytes: UnsafeRawBufferPointer) -> (UInt64, UInt64) {
    var state = State(key0, key1)
    state.v1 ^= 0xEE
    unsafe absorb(bytes, into: &state)
    return state.finish128()
  }

  /// Mixes the message and its length into `state`.
  @inline(__always)
  private func absorb(_ bytes: UnsafeRawBufferPointer, into state: inout State) {
    let wholeCount = bytes.count & ~7
    var offset = 0
    while offset < wholeCount {
      // In bounds: `offset` + 8 is at most `wholeCount`.
      state.absorb(
        UInt64(littleEndian: unsafe bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)))
      offset += 8
    }
    var last = UInt64(truncatingIfNeeded: bytes.count) << 56
    var shift: UInt64 = 0
    while offset < bytes.count {
      last |= UInt64(unsafe bytes[offset]) << shift
      shift += 8
      offset += 1
    }
    state.absorb(last)
  }

  /// The four words that the rounds mix.
  private struct State {
    var v0, v1, v2, v3: UInt64

    /// Mixes the key with the constants of the definition.
    @inline(__always)
    init(_ key0: UInt64, _ key1: UInt64) {
      v0 = key0 ^ 0x736F_6D65_7073_6575
      v1 = key1 ^ 0x646F_7261_6E64_6F6D
      v2 = key0 ^ 0x6C79_6765_6E65_7261
      v3 = key1 ^ 0x7465_6462_7974_6573
    }

    /// Two rounds around one message word.
    @inline(__always)
    mutating func absorb(_ word: UInt64) {
      v3 ^= word
      round()
      round()
      v0 ^= word
    }

    /// Four closing rounds.
    @inline(__always)
    mutating func finish() -> UInt64 {
      v2 ^= 0xFF
      for _ in 0..<4 { round() }
      return v0 ^ v1 ^ v2 ^ v3
    }

    /// Eight closing rounds, with a word after the first four and one after the last.
    @inline(__always)
    mutating func finish128() -> (UInt64, UInt64) {
      v2 ^= 0xEE
      for _ in 0..<4 { round() }
      let first = v0 ^ v1 ^ v2 ^ v3
      v1 ^= 0xDD
      for _ in 0..<4 { round() }
      return (first, v0 ^ v1 ^ v2 ^ v3)
    }

    /// SipRound.
    @inline(__always)
    private mutating func round() {
      v0 &+= v1
      v1 = Self.rotate(v1, 13) ^ v0
      v0 = Self.rotate(v0, 32)
      v2 &+= v3
      v3 = Self.rotate(v3, 16) ^ v2
      v0 &+= v3
      v3 = Self.rotate(v3, 21) ^ v0
      v2 &+= v1
      v1 = Self.rotate(v1, 17) ^ v2
      v2 = Self.rotate(v2, 32)
    }

    /// Rotates `word` left by `count` bits, 1 to 63.
    @inline(__always)
    private static func rotate(_ word: UInt64, _ count: UInt64) -> UInt64 {
      (word << count) | (word >> (64 &- count))
    }
  }
}

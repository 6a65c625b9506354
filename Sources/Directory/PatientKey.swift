internal import Base
internal import Native

/// A patient's id as files and tables hold it: 128 bits that only the key's holder can compute.
public struct PatientKey: Hashable, Comparable, Sendable {
  /// The first 64 bits; they place the patient in tables.
  let high: UInt64
  /// The other 64 bits.
  let low: UInt64

  /// Orders as snapshots are sorted.
  @inline(__always)
  public static func < (left: PatientKey, right: PatientKey) -> Bool {
    left.high == right.high ? left.low < right.low : left.high < right.high
  }
}

/// The keyed hash that turns ids into `PatientKey`s: SipHash-2-4 with 128 bits of key and result.
///
/// A value; any thread. Two ids of one directory collide with a chance below 2^-80 at 10 million
/// patients, and nobody without the key can aim at it or test a guess.
public struct PatientHash: Sendable {
  /// Tells keys apart without giving them away; zero for a key of this process.
  public let keyID: UInt64
  private let hash: SipHash24

  /// Derives the hash from the secret bytes of a key file.
  public init(secret: borrowing [UInt8]) {
    let derivation = HMACSHA256(key: secret)
    let key = derivation.authenticationCode(for: Array("homeward directory: patients".utf8))
    let name = derivation.authenticationCode(for: Array("homeward directory: key id".utf8))
    hash = unsafe key.withBytes { bytes in
      SipHash24(
        key0: unsafe bytes.loadUnaligned(fromByteOffset: 0, as: UInt64.self),
        key1: unsafe bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
    }
    keyID = unsafe name.withBytes { bytes in
      unsafe bytes.loadUnaligned(fromByteOffset: 0, as: UInt64.self)
    }
  }

  /// Makes the hash of a directory that never leaves this process.
  public init(key0: UInt64, key1: UInt64) {
    keyID = 0
    hash = SipHash24(key0: key0, key1: key1)
  }

  /// The key of `id`; nil unless it has the length of one.
  @inline(__always)
  public func key(of id: UnsafeRawBufferPointer) -> PatientKey? {
    guard id.count >= 1, id.count <= DirectoryLimits.idBytesMax else { return nil }
    let (high, low) = unsafe hash.hash128(id)
    return PatientKey(high: high, low: low)
  }

  /// The key of `id`; nil unless it has the length of one.
  public func key(of id: Span<UInt8>) -> PatientKey? {
    unsafe id.withUnsafeBytes { unsafe key(of: $0) }
  }

  /// The key of `id`; nil unless it has the length of one.
  public func key(of id: String) -> PatientKey? {
    unsafe Array(id.utf8).withUnsafeBytes { unsafe key(of: $0) }
  }
}

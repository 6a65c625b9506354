public import Base
public import Native

/// The beginning of a snapshot: what the file is, whose it is, and the hashes of its slots.
///
/// Little-endian, in this order: magic (8 bytes), format (4), length of the header (4), version
/// (8), built (8), last delta (8), key id (8), patients (8), slots (8), places (8), greatest
/// distance (4), homes (4), the homes' names (a length byte and the name each), a SHA-256 for each
/// MiB of slots, an Ed25519 signature (64) over all before it. Zeros fill up to a multiple of 4096;
/// there the slots begin, which are the rest of the file.
public struct SnapshotHeader: Equatable, Sendable {
  /// Counts the snapshots of one directory.
  public var version: UInt64 = 1
  /// When the snapshot was built.
  public var built = WallTime(microseconds: 0)
  /// The number of the last batch of deltas that the snapshot holds; 0 for none.
  public var lastDelta: UInt64 = 0
  /// The key that made patients' keys.
  public var keyID: UInt64 = 0
  /// How many patients there are.
  public var patientCount = 0
  /// How many slots.
  public var slotCount = 0
  /// How many places keys are scaled to.
  public var placeCount = 0
  /// The greatest distance of a patient from its place.
  public var distanceMax = 0
  /// The names of the home regions, in the order that entries number them.
  public var homeNames: [String] = []
  /// The hash of each chunk of the slots.
  public var chunkHashes: [SHA256Digest] = []

  /// The first bytes of every snapshot.
  static let magic = Array("hwpatdir".utf8)
  /// The format that this program writes and reads.
  static let format: UInt32 = 1
  /// Bytes before the names.
  static let fixedByteCount = 80
  /// Slots begin at a multiple of this.
  static let alignment = 4096
  /// What the signature covers before the header: it is good for nothing else.
  static let domain = Array("homeward directory snapshot v1\n".utf8)

  /// Bytes of the slots.
  var contentByteCount: Int { slotCount * SlotTable.byteCount }

  /// Where the slots of a header of `byteCount` bytes begin.
  static func contentStart(after byteCount: Int) -> Int {
    (byteCount + alignment - 1) / alignment * alignment
  }

  /// The header's bytes, signed, filled up to the first slot.
  func encoded(signer: borrowing SigningKey) -> [UInt8] {
    let names = homeNames.map { Array($0.utf8) }
    let count =
      Self.fixedByteCount + names.reduce(0) { $0 + 1 + $1.count }
      + chunkHashes.count * SHA256Digest.byteCount + VerifyingKey.signatureByteCount
    var bytes = Self.magic
    bytes.append(little: Self.format)
    bytes.append(little: UInt32(count))
    for word in [version, built.microseconds, lastDelta, keyID] { bytes.append(little: word) }
    for number in [patientCount, slotCount, placeCount] { bytes.append(little: UInt64(number)) }
    bytes.append(little: UInt32(distanceMax))
    bytes.append(little: UInt32(names.count))
    for name in names {
      bytes.append(UInt8(name.count))
      bytes += name
    }
    for hash in chunkHashes { unsafe hash.withBytes { unsafe bytes.append(contentsOf: $0) } }
    bytes += signer.sign(Self.domain + bytes)
    precondition(bytes.count == count, "the header's length is counted right")
    let padding = Self.contentStart(after: count) - count
    return bytes + [UInt8](repeating: 0, count: padding)
  }

  /// Reads and verifies the header of the snapshot in `file`; the content is not looked at.
  ///
  /// Nothing but magic, format and length is interpreted before the signature was found good.
  static func read(
    _ file: DirectoryBytes, signer: VerifyingKey
  ) throws(DirectoryFault) -> (header: SnapshotHeader, contentStart: Int) {
    try unsafe file.withBytes { raw throws(DirectoryFault) in
      guard raw.count >= fixedByteCount, unsafe raw.prefix(8).elementsEqual(magic) else {
        throw .notThisKind("directory snapshot")
      }
      let format = unsafe raw.little32(at: 8)
      guard format == Self.format else { throw .formatVersion(format) }
      let count = unsafe Int(raw.little32(at: 12))
      let signed = count - VerifyingKey.signatureByteCount
      guard signed >= fixedByteCount, count <= DirectoryLimits.headerBytesMax else {
        throw .malformed("the header's length")
      }
      guard raw.count >= contentStart(after: count) else {
        throw .length(expected: contentStart(after: count), found: raw.count)
      }
      let signature = unsafe Array(raw[signed..<count])
      guard unsafe signer.isValid(signature: signature, for: domain + Array(raw[..<signed])) else {
        throw .signature
      }
      let header = try unsafe SnapshotHeader(
        signed: UnsafeRawBufferPointer(rebasing: raw[..<signed]))
      let start = contentStart(after: count)
      guard unsafe raw[count..<start].allSatisfy({ $0 == 0 }) else {
        throw .malformed("bytes between header and content")
      }
      guard raw.count == start + header.contentByteCount else {
        throw .length(expected: start + header.contentByteCount, found: raw.count)
      }
      return (header, start)
    }
  }

  /// Reads bytes whose signature is good; still bounds everything.
  private init(signed raw: UnsafeRawBufferPointer) throws(DirectoryFault) {
    version = unsafe raw.little64(at: 16)
    built = unsafe WallTime(microseconds: raw.little64(at: 24))
    lastDelta = unsafe raw.little64(at: 32)
    keyID = unsafe raw.little64(at: 40)
    let numbers = unsafe (
      raw.little64(at: 48), raw.little64(at: 56), raw.little64(at: 64), raw.little32(at: 72)
    )
    let homeCount = unsafe raw.little32(at: 76)
    guard numbers.0 <= DirectoryLimits.patientsMax, numbers.1 <= 1 << 27, numbers.2 <= numbers.1,
      numbers.0 <= numbers.1, numbers.2 >= 1, homeCount <= DirectoryLimits.homesMax
    else { throw .malformed("its counts") }
    (patientCount, slotCount) = (Int(numbers.0), Int(numbers.1))
    (placeCount, distanceMax) = (Int(numbers.2), Int(numbers.3))
    var offset = Self.fixedByteCount
    for _ in 0..<homeCount {
      guard offset < raw.count else { throw .malformed("the names of homes") }
      let end = unsafe offset + 1 + Int(raw[offset])
      guard end <= raw.count else { throw .malformed("the names of homes") }
      let name = unsafe Array(raw[offset + 1..<end])
      guard isRegionName(name.span) else { throw .malformed("the names of homes") }
      homeNames.append(String(decoding: name, as: UTF8.self))
      offset = end
    }
    let chunkCount =
      (contentByteCount + DirectoryLimits.chunkByteCount - 1) / DirectoryLimits.chunkByteCount
    guard raw.count == offset + chunkCount * SHA256Digest.byteCount else {
      throw .malformed("the number of its hashes")
    }
    while offset < raw.count {
      let end = offset + SHA256Digest.byteCount
      guard let hash = unsafe SHA256Digest(UnsafeRawBufferPointer(rebasing: raw[offset..<end]))
      else { throw .malformed("its hashes") }
      chunkHashes.append(hash)
      offset = end
    }
  }

  /// Makes the header of nothing.
  init() {}
}

extension [UInt8] {
  /// Appends the bytes of a number, lowest first.
  mutating func append(little number: some FixedWidthInteger) {
    unsafe Swift.withUnsafeBytes(of: number.littleEndian) { unsafe append(contentsOf: $0) }
  }
}

extension UnsafeRawBufferPointer {
  /// The four bytes at `offset`, lowest first.
  func little32(at offset: Int) -> UInt32 {
    precondition(offset >= 0 && offset <= count - 4, "number outside the bytes")
    return UInt32(littleEndian: unsafe loadUnaligned(fromByteOffset: offset, as: UInt32.self))
  }

  /// The eight bytes at `offset`, lowest first.
  func little64(at offset: Int) -> UInt64 {
    precondition(offset >= 0 && offset <= count - 8, "number outside the bytes")
    return UInt64(littleEndian: unsafe loadUnaligned(fromByteOffset: offset, as: UInt64.self))
  }
}

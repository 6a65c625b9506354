internal import Base
public import Native

/// What stands in front of each group of entries in a segment: 64 bytes, integers little-endian.
///
/// Checksum of the other 60 bytes (4), checksum of the entries (4), magic (8), index of the first
/// entry (8), how many there are (4), their bytes (4), the tree's root after them (32). The
/// entries follow as a tlog-tiles bundle: two bytes of length, big-endian, and the entry.
/// One group is one frame, one write and one sync.
public struct FrameHeader: Equatable, Sendable {
  /// The index of the first entry in the log.
  public var firstIndex: UInt64
  /// How many entries follow.
  public var entryCount: UInt32
  /// How many bytes they have.
  public var bodyByteCount: UInt32
  /// CRC-32C of those bytes.
  public var bodyChecksum: UInt32
  /// The root of the tree that ends with them.
  public var root: SHA256Digest

  /// Bytes of a header.
  public static let byteCount = 64
  /// `HOMEFRM2`, as the bytes 8 to 16.
  static let magic: UInt64 = 0x324D_5246_454D_4F48

  /// The tree's size after the frame.
  public var size: UInt64 { firstIndex + UInt64(entryCount) }

  /// Makes a header.
  init(
    firstIndex: UInt64, entryCount: UInt32, bodyByteCount: UInt32, bodyChecksum: UInt32,
    root: SHA256Digest
  ) {
    self.firstIndex = firstIndex
    self.entryCount = entryCount
    self.bodyByteCount = bodyByteCount
    self.bodyChecksum = bodyChecksum
    self.root = root
  }

  /// Reads a header; nil when the bytes are none.
  init?(decoding bytes: UnsafeRawBufferPointer) {
    guard bytes.count >= Self.byteCount else { return nil }
    // In bounds by the guard.
    func word(_ offset: Int) -> UInt32 {
      UInt32(littleEndian: unsafe bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
    }
    func long(_ offset: Int) -> UInt64 {
      UInt64(littleEndian: unsafe bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }
    guard long(8) == Self.magic,
      unsafe CRC32C.checksum(UnsafeRawBufferPointer(rebasing: bytes[4..<Self.byteCount]))
        == word(0),
      let root = unsafe SHA256Digest(UnsafeRawBufferPointer(rebasing: bytes[32..<64])),
      !long(16).addingReportingOverflow(UInt64(word(24))).overflow
    else { return nil }
    self.init(
      firstIndex: long(16), entryCount: word(24), bodyByteCount: word(28), bodyChecksum: word(4),
      root: root)
  }

  /// Writes the 64 bytes.
  func encode(to room: UnsafeMutableRawPointer) {
    // The caller has reserved the 64 bytes.
    unsafe room.storeBytes(of: bodyChecksum.littleEndian, toByteOffset: 4, as: UInt32.self)
    unsafe room.storeBytes(of: Self.magic.littleEndian, toByteOffset: 8, as: UInt64.self)
    unsafe room.storeBytes(of: firstIndex.littleEndian, toByteOffset: 16, as: UInt64.self)
    unsafe room.storeBytes(of: entryCount.littleEndian, toByteOffset: 24, as: UInt32.self)
    unsafe room.storeBytes(of: bodyByteCount.littleEndian, toByteOffset: 28, as: UInt32.self)
    unsafe root.withBytes { root in
      unsafe UnsafeMutableRawBufferPointer(start: room + 32, count: 32).copyMemory(from: root)
    }
    let crc = unsafe CRC32C.checksum(
      UnsafeRawBufferPointer(start: room + 4, count: Self.byteCount - 4))
    unsafe room.storeBytes(of: crc.littleEndian, as: UInt32.self)
  }

  /// Hands each entry of a frame's body to `body`; false when the body is not what the header says.
  public func forEachEntry<E: Error>(
    in bytes: UnsafeRawBufferPointer,
    _ body: (_ index: UInt64, _ entry: UnsafeRawBufferPointer) throws(E) -> Void
  ) throws(E) -> Bool {
    var (index, offset) = (firstIndex, 0)
    while offset < bytes.count {
      guard offset + 2 <= bytes.count else { return false }
      let count = unsafe Int(bytes[offset]) << 8 | Int(bytes[offset + 1])
      offset += 2
      guard count <= bytes.count - offset, index < size else { return false }
      try unsafe body(index, UnsafeRawBufferPointer(rebasing: bytes[offset..<(offset + count)]))
      index += 1
      offset += count
    }
    return index == size
  }
}

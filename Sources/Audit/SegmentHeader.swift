public import Base
internal import Native

/// The first 4,096 bytes of a segment file: which log, from which entry on, and the tree's right
/// edge there, so that opening a log needs its last segment only.
public struct SegmentHeader: Equatable, Sendable {
  /// The log's origin.
  public var origin: String
  /// Its number in the log, from 0.
  public var number: UInt64
  /// When it was made.
  public var created: WallTime
  /// The tree before its first entry.
  public var frontier: MerkleFrontier

  /// The index of its first entry.
  public var firstIndex: UInt64 { frontier.size }

  /// Bytes of a header: a page, so that frames start on one.
  public static let byteCount = 4096
  /// `HOMEAUD2`, as the file's first eight bytes.
  static let magic: UInt64 = 0x3244_5541_454D_4F48
  /// The format that this program writes.
  static let version: UInt32 = 2
  /// Where the origin and the frontier's nodes start, and the checksum of all before it.
  private static let (originStart, nodesStart, checksumStart) = (64, 320, 4092)

  /// Makes a header.
  public init(origin: String, number: UInt64, created: WallTime, frontier: MerkleFrontier) {
    precondition(origin.utf8.count <= AuditLimits.nameBytesMax, "an origin is a short name")
    self.origin = origin
    self.number = number
    self.created = created
    self.frontier = frontier
  }

  /// Appends the bytes.
  public func encode(into queue: inout ByteQueue) {
    let room = unsafe queue.reserve(Self.byteCount)
    // All offsets below lie within the bytes reserved: an origin has at most 255 bytes, a frontier
    // at most 64 nodes.
    unsafe room.initializeMemory(as: UInt8.self, repeating: 0, count: Self.byteCount)
    func store(_ value: UInt64, _ offset: Int) {
      unsafe room.storeBytes(of: value.littleEndian, toByteOffset: offset, as: UInt64.self)
    }
    store(Self.magic, 0)
    store(UInt64(Self.version) | UInt64(Self.byteCount) << 32, 8)
    store(created.microseconds, 16)
    store(number, 24)
    store(frontier.size, 32)
    let name = Array(origin.utf8)
    unsafe room.storeBytes(of: UInt8(name.count), toByteOffset: 40, as: UInt8.self)
    for (index, byte) in name.enumerated() {
      unsafe room.storeBytes(of: byte, toByteOffset: Self.originStart + index, as: UInt8.self)
    }
    for (index, node) in frontier.nodes.enumerated() {
      unsafe node.withBytes { bytes in
        unsafe UnsafeMutableRawBufferPointer(
          start: room + Self.nodesStart + 32 * index, count: 32
        ).copyMemory(from: bytes)
      }
    }
    let crc = unsafe CRC32C.checksum(
      UnsafeRawBufferPointer(start: room, count: Self.checksumStart))
    unsafe room.storeBytes(
      of: crc.littleEndian, toByteOffset: Self.checksumStart, as: UInt32.self)
    queue.advance(Self.byteCount)
  }

  /// Reads and checks a header.
  public init(decoding bytes: ArraySlice<UInt8>) throws(SegmentFault) {
    func fault(_ kind: SegmentFault.Kind) -> SegmentFault {
      SegmentFault(kind: kind, offset: 0, index: 0)
    }
    let bytes = Array(bytes)
    guard bytes.count >= Self.byteCount else { throw fault(.notASegment) }
    func long(_ offset: Int) -> UInt64 {
      bytes[offset..<(offset + 8)].reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
    guard long(0) == Self.magic else { throw fault(.notASegment) }
    let crc = unsafe bytes.withUnsafeBytes {
      unsafe CRC32C.checksum(UnsafeRawBufferPointer(rebasing: $0[..<Self.checksumStart]))
    }
    guard long(Self.checksumStart - 4) >> 32 == UInt64(crc) else { throw fault(.damagedHeader) }
    let version = UInt32(truncatingIfNeeded: long(8))
    guard version == Self.version else { throw fault(.unsupportedVersion(version)) }
    let name = bytes[Self.originStart..<(Self.originStart + Int(bytes[40]))]
    let nodes = (0..<long(32).nonzeroBitCount).compactMap { index in
      let start = Self.nodesStart + 32 * index
      return unsafe bytes[start..<(start + 32)].withUnsafeBytes { unsafe SHA256Digest($0) }
    }
    guard let frontier = MerkleFrontier(size: long(32), nodes: nodes) else {
      throw fault(.damagedHeader)
    }
    self.init(
      origin: String(decoding: name, as: UTF8.self), number: long(24),
      created: WallTime(microseconds: long(16)), frontier: frontier)
  }
}

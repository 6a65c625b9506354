public import Base

/// One record in a segment file: checksum (4 bytes), payload length (4), sequence number (8),
/// kind (1), payload; integers little-endian. The checksum covers all that follows it.
public struct Frame: Equatable, Sendable {
  /// Position of the record in its log, without gaps.
  public var sequence: UInt64
  /// The stored kind; a later version's kind is kept as it is.
  public var kindCode: UInt8
  /// Where in the segment the frame starts.
  public var offset: Int
  /// Where in the segment the payload lies.
  public var payload: Range<Int>

  /// Bytes before the payload.
  public static let headerBytes = 17

  /// Appends `record` to `queue` as a frame, straight into its memory; returns the frame's bytes.
  @inline(__always)
  static func append(
    _ record: borrowing some EncodableRecord, sequence: UInt64, to queue: inout ByteQueue
  ) -> Int {
    // Two bytes of version and kind; eight of slack, for integers are stored whole.
    let bound = headerBytes + 2 + record.byteCountMax + 8
    let room = unsafe queue.reserve(bound)
    var writer = unsafe RecordWriter(base: room + headerBytes, capacity: bound - headerBytes)
    writer.byte(RecordReader.version)
    writer.byte(record.kind.rawValue)
    record.encode(to: &writer)
    let length = writer.count
    precondition(length <= AuditLimits.recordBytesMax, "record longer than an entry may be")
    // In bounds: the header's 17 bytes were reserved in front of the payload.
    unsafe room.storeBytes(of: UInt32(length).littleEndian, toByteOffset: 4, as: UInt32.self)
    unsafe room.storeBytes(of: sequence.littleEndian, toByteOffset: 8, as: UInt64.self)
    unsafe room.storeBytes(of: record.kind.rawValue, toByteOffset: 16, as: UInt8.self)
    let crc = unsafe CRC32C.checksum(
      UnsafeRawBufferPointer(start: room + 4, count: headerBytes - 4 + length))
    unsafe room.storeBytes(of: crc.littleEndian, toByteOffset: 0, as: UInt32.self)
    queue.advance(headerBytes + length)
    return headerBytes + length
  }
}

/// The first 128 bytes of a segment file.
public struct SegmentHeader: Equatable, Sendable {
  /// The edge that writes it.
  public var instance: AuditID
  /// The log that it belongs to.
  public var log: AuditID
  /// Its number in the log, from 0.
  public var number: UInt64
  /// The sequence number of its first frame.
  public var firstSequence: UInt64
  /// When it was made.
  public var created: WallTime
  /// SHA-256 of the segment before; zeros for the first one.
  public var previousHash = InlineArray<32, UInt8>(repeating: 0)

  /// Bytes of a header.
  public static let byteCount = 128
  /// `HOMEAUD1`, as the file's first eight bytes.
  static let magic: UInt64 = 0x3144_5541_454D_4F48
  /// The format that this program writes.
  static let version: UInt32 = 1

  /// Makes a header.
  public init(
    instance: AuditID, log: AuditID, number: UInt64, firstSequence: UInt64, created: WallTime
  ) {
    self.instance = instance
    self.log = log
    self.number = number
    self.firstSequence = firstSequence
    self.created = created
  }

  /// Appends the 128 bytes.
  public func encode(into queue: inout ByteQueue) {
    let room = unsafe queue.reserve(Self.byteCount)
    var writer = unsafe RecordWriter(base: room, capacity: Self.byteCount)
    writer.raw(Self.magic, byteCount: 8)
    writer.raw(UInt64(Self.version) | UInt64(Self.byteCount) << 32, byteCount: 8)
    for word in [instance.high, instance.low, log.high, log.low] {
      writer.raw(word.byteSwapped, byteCount: 8)
    }
    for word in [number, firstSequence, created.microseconds] { writer.raw(word, byteCount: 8) }
    for index in 0..<32 { writer.byte(previousHash[index]) }
    for _ in 0..<20 { writer.byte(0) }
    let crc = unsafe CRC32C.checksum(UnsafeRawBufferPointer(start: room, count: writer.count))
    for shift in stride(from: UInt32(0), to: 32, by: 8) {
      writer.byte(UInt8(truncatingIfNeeded: crc >> shift))
    }
    queue.advance(Self.byteCount)
  }

  /// Compares all fields; `InlineArray` has no `==` of its own.
  public static func == (left: SegmentHeader, right: SegmentHeader) -> Bool {
    var isSameHash = true
    for index in 0..<32 where left.previousHash[index] != right.previousHash[index] {
      isSameHash = false
    }
    return isSameHash && left.instance == right.instance && left.log == right.log
      && left.number == right.number && left.firstSequence == right.firstSequence
      && left.created == right.created
  }
}

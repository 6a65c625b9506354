public import Base

/// Records on their way to the committer: in memory, not yet as the log stores them.
///
/// Each is its length (2 bytes), where its private fields start (2 bytes, 0 when it has none), its
/// retention class (1 byte), and its fields. Private fields come last, so that `FrameBuilder` can seal them in one piece.
enum Pending {
  /// Bytes before the fields.
  static let headerByteCount = 5

  /// Appends `record`, straight into the queue's memory; returns the bytes used.
  @inline(__always)
  static func append(
    _ record: borrowing some EncodableRecord, in retention: Int = 0, to queue: inout ByteQueue
  ) -> Int {
    // Two bytes of version and kind; eight of slack, for integers are stored whole.
    let bound = headerByteCount + 2 + record.byteCountMax + 8
    let room = unsafe queue.reserve(bound)
    var writer = unsafe RecordWriter(
      base: room + headerByteCount, capacity: bound - headerByteCount)
    writer.byte(RecordReader.version)
    writer.byte(record.kind.rawValue)
    record.encode(to: &writer)
    precondition(writer.count <= AuditLimits.pendingRecordBytesMax, "record too long for an entry")
    // In bounds: the five bytes were reserved in front of the fields.
    unsafe room.storeBytes(of: UInt16(writer.count), as: UInt16.self)
    unsafe room.storeBytes(of: UInt16(writer.privateStart), toByteOffset: 2, as: UInt16.self)
    unsafe room.storeBytes(of: UInt8(retention), toByteOffset: 4, as: UInt8.self)
    queue.advance(headerByteCount + writer.count)
    return headerByteCount + writer.count
  }

  /// The bytes of each class's records.
  static func byteCounts(in queue: borrowing ByteQueue) -> PerClass<Int> {
    var counts = PerClass<Int>(repeating: 0)
    unsafe queue.withReadable { bytes in
      var offset = 0
      while offset < bytes.count {
        // In bounds: `append` wrote whole records only.
        let count = unsafe Int(bytes.loadUnaligned(fromByteOffset: offset, as: UInt16.self))
        counts[Int(unsafe bytes[offset + 4])] += headerByteCount + count
        offset += headerByteCount + count
      }
    }
    return counts
  }

  /// Hands the fields of each record of a class to `body`, with the place where the private ones
  /// start.
  @inline(__always)
  static func forEach(
    of retention: Int, in bytes: UnsafeRawBufferPointer,
    _ body: (_ fields: UnsafeRawBufferPointer, _ privateStart: Int) -> Void
  ) {
    var offset = 0
    while offset < bytes.count {
      // In bounds: `append` wrote whole records only.
      let count = unsafe Int(bytes.loadUnaligned(fromByteOffset: offset, as: UInt16.self))
      let start = unsafe Int(bytes.loadUnaligned(fromByteOffset: offset + 2, as: UInt16.self))
      let other = unsafe Int(bytes[offset + 4])
      offset += headerByteCount
      guard other == retention else {
        offset += count
        continue
      }
      unsafe body(UnsafeRawBufferPointer(rebasing: bytes[offset..<(offset + count)]), start)
      offset += count
    }
  }
}

/// How the records of a batch are spread over retention classes.
public struct BatchClasses: Sendable {
  private let byteCounts: PerClass<Int>

  /// Counts `batch`, which is what `GroupCommit.begin` gave.
  public init(_ batch: borrowing ByteQueue) { byteCounts = Pending.byteCounts(in: batch) }

  /// Bytes of a class's records; 0 when it has none.
  public subscript(retention: Int) -> Int { byteCounts[retention] }
}

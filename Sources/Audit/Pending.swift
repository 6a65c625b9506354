internal import Base

/// Records on their way to the committer: in memory, not yet as the log stores them.
///
/// Each is its length (2 bytes), where its private fields start (2 bytes, 0 when it has none), and
/// its fields. Private fields come last, so that `FrameBuilder` can seal them in one piece.
enum Pending {
  /// Bytes before the fields.
  static let headerByteCount = 4

  /// Appends `record`, straight into the queue's memory; returns the bytes used.
  @inline(__always)
  static func append(
    _ record: borrowing some EncodableRecord, to queue: inout ByteQueue
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
    // In bounds: the four bytes were reserved in front of the fields.
    unsafe room.storeBytes(of: UInt16(writer.count), as: UInt16.self)
    unsafe room.storeBytes(of: UInt16(writer.privateStart), toByteOffset: 2, as: UInt16.self)
    queue.advance(headerByteCount + writer.count)
    return headerByteCount + writer.count
  }

  /// Hands each record's fields to `body`, with the place where the private ones start.
  @inline(__always)
  static func forEach(
    in bytes: UnsafeRawBufferPointer,
    _ body: (_ fields: UnsafeRawBufferPointer, _ privateStart: Int) -> Void
  ) {
    var offset = 0
    while offset < bytes.count {
      // In bounds: `append` wrote whole records only.
      let count = unsafe Int(bytes.loadUnaligned(fromByteOffset: offset, as: UInt16.self))
      let start = unsafe Int(bytes.loadUnaligned(fromByteOffset: offset + 2, as: UInt16.self))
      offset += headerByteCount
      unsafe body(UnsafeRawBufferPointer(rebasing: bytes[offset..<(offset + count)]), start)
      offset += count
    }
  }
}

public import Base
public import Native

/// Turns waiting records into frames: seals private fields, adds search tokens, hashes each entry
/// into the tree. All costly work of the log happens here, on the committer's thread.
///
/// Owns the log's keys and the tree's right edge; belongs to one thread.
public struct FrameBuilder: ~Copyable {
  /// The tree so far, frames that are not yet durable included.
  public private(set) var frontier: MerkleFrontier
  /// Hashes for the level files that came since `tiles` was last emptied.
  public var tiles = TileTails()
  private var keys: LogKeys
  private var hasher = MerkleHasher()

  /// Goes on behind `frontier`.
  public init(frontier: MerkleFrontier, keys: consuming LogKeys) {
    self.frontier = frontier
    self.keys = keys
  }

  /// The tree's root as it stands.
  public mutating func root() -> SHA256Digest { frontier.root(&hasher) }

  /// Appends one frame with all records of `batch` that belong to the log's retention class, one at
  /// least, to `output`; `batch` is what `GroupCommit.begin` gave.
  public mutating func build(
    _ batch: borrowing ByteQueue, of retention: Int = 0, into output: inout ByteQueue
  ) {
    let start = output.count
    let firstIndex = frontier.size
    _ = unsafe output.reserve(FrameHeader.byteCount + batch.count)
    output.advance(FrameHeader.byteCount)
    unsafe batch.withReadable { bytes in
      unsafe Pending.forEach(of: retention, in: bytes) { fields, privateStart in
        unsafe add(fields, privateStart, to: &output)
      }
    }
    let root = frontier.root(&hasher)
    let bodyByteCount = output.count - start - FrameHeader.byteCount
    precondition(bodyByteCount <= AuditLimits.frameBytesMax, "a group longer than a frame may be")
    // Behind the last byte, and back to the frame's own first one.
    let frame = unsafe output.reserve(0) - (output.count - start)
    let body = unsafe UnsafeRawBufferPointer(
      start: frame + FrameHeader.byteCount, count: bodyByteCount)
    unsafe FrameHeader(
      firstIndex: firstIndex, entryCount: UInt32(frontier.size - firstIndex),
      bodyByteCount: UInt32(bodyByteCount), bodyChecksum: CRC32C.checksum(body), root: root
    ).encode(to: frame)
  }

  /// Appends one event of the log's own as a frame.
  public mutating func build(_ event: EventRecord, into output: inout ByteQueue) {
    var batch = ByteQueue()
    _ = Pending.append(event, to: &batch)
    build(batch, into: &output)
  }

  /// Appends one entry with its length, and its hash to the tree.
  @inline(__always)
  private mutating func add(
    _ fields: UnsafeRawBufferPointer, _ privateStart: Int, to output: inout ByteQueue
  ) {
    let bound = 2 + fields.count + LogKeys.overhead + LogKeys.tokensByteCount
    // What is appended below fits in here, so the memory does not move.
    let room = unsafe output.reserve(bound)
    let before = output.count
    let publicCount = privateStart == 0 ? fields.count : privateStart
    unsafe UnsafeMutableRawBufferPointer(start: room + 2, count: publicCount)
      .copyMemory(from: UnsafeRawBufferPointer(rebasing: fields[..<publicCount]))
    output.advance(2 + publicCount)
    if privateStart != 0, privateStart < fields.count {
      unsafe seal(
        UnsafeRawBufferPointer(rebasing: fields[privateStart...]), entry: room + 2, to: &output)
    }
    let count = output.count - before - 2
    unsafe room.storeBytes(of: UInt16(count).bigEndian, as: UInt16.self)
    let leaf = unsafe hasher.leaf(UnsafeRawBufferPointer(start: room + 2, count: count))
    frontier.append(leaf, &hasher, tiles: &tiles)
  }

  /// Appends the tokens and the sealed form of an entry's private fields; `entry` is where its
  /// public ones start.
  private mutating func seal(
    _ fields: UnsafeRawBufferPointer, entry: UnsafeMutableRawPointer, to output: inout ByteQueue
  ) {
    var reader = unsafe RecordReader(fields: fields, kind: .decision)
    while let field = try? reader.next() {
      switch field.tag {
      case DecisionRecord.patientTag:
        unsafe append(
          keys.token(.patient, field.raw), as: DecisionRecord.patientTokenTag, to: &output)
      case DecisionRecord.subjectTag:
        unsafe append(
          keys.token(subject: field.raw), as: DecisionRecord.subjectTokenTag, to: &output)
      default: break
      }
    }
    let end = unsafe output.reserve(0)
    let publicFields = unsafe UnsafeRawBufferPointer(start: entry, count: end - entry)
    let count = AEADNonce.byteCount + fields.count + AEADKey.tagByteCount
    output.append(DecisionRecord.sealedTag)
    output.append(UInt8(truncatingIfNeeded: count & 0x7F | 0x80))
    output.append(UInt8(truncatingIfNeeded: count >> 7))
    unsafe keys.seal(fields, index: frontier.size, associatedData: publicFields, into: &output)
  }

  /// Appends a token as a field.
  private func append(_ token: AuditID, as tag: UInt8, to output: inout ByteQueue) {
    output.append(tag)
    output.append(16)
    let words = (token.high.bigEndian, token.low.bigEndian)
    unsafe withUnsafeBytes(of: words) { unsafe output.append($0) }
  }
}

import Base

/// Why a segment must not be used as it is. Nothing but an operator can heal it.
public struct SegmentFault: Error, Equatable, Sendable, CustomStringConvertible {
  /// What was found.
  public enum Kind: Equatable, Sendable {
    /// The file does not start as a segment does.
    case notASegment
    /// The header's checksum does not fit.
    case damagedHeader
    /// A later version of the format.
    case unsupportedVersion(UInt32)
    /// A frame's checksum does not fit, and whole frames follow it.
    case damagedFrame
    /// A whole frame has another number than the one that was due.
    case sequenceBreak(found: UInt64)
    /// A segment that has a successor ends in the middle of a frame.
    case shortSegment
  }

  /// What was found.
  public var kind: Kind
  /// Where in the file, bytes from its start.
  public var offset: Int
  /// The number of the frame that was due there.
  public var sequence: UInt64

  /// Makes a fault.
  public init(kind: Kind, offset: Int, sequence: UInt64) {
    self.kind = kind
    self.offset = offset
    self.sequence = sequence
  }

  /// What is wrong and what to do.
  public var description: String {
    let found: String
    switch kind {
    case .notASegment: found = "the file is not an audit segment"
    case .damagedHeader: found = "the segment's header is damaged"
    case .unsupportedVersion(let version):
      return "the segment has format \(version), this program reads \(SegmentHeader.version);"
        + " use a newer program"
    case .damagedFrame:
      found = "the frame at byte \(offset) (record \(sequence)) is damaged and whole frames follow"
    case .sequenceBreak(let other):
      found = "record \(sequence) is due at byte \(offset), but record \(other) stands there"
    case .shortSegment:
      found =
        "the segment ends inside the frame at byte \(offset) (record \(sequence)),"
        + " and a later segment exists"
    }
    return found + "; the log was altered or the disk failed: keep the file as evidence, restore it"
      + " from a copy, or start a new log in an empty directory"
  }
}

/// What stands at one place of a segment.
public enum ScanStep: Equatable, Sendable {
  /// A whole frame.
  case frame(Frame)
  /// The log ends here: the file does, or only zeros of its preallocation follow.
  case end(offset: Int)
  /// The last write was torn: cut the file to `truncateTo` and record the bytes dropped.
  case torn(truncateTo: Int, droppedByteCount: Int)
  /// The segment must not be used.
  case corrupt(SegmentFault)
}

/// Judges the bytes of one segment, frame by frame.
///
/// A broken frame is a torn write only when no whole frame follows it: what was acknowledged was
/// synced, so nothing whole can stand behind a write that never finished. The bytes must outlive
/// the scanner. Pure; any thread.
@safe
public struct SegmentScanner {
  /// The segment's bytes.
  private let bytes: UnsafeRawBufferPointer
  /// Whether no later segment exists.
  private let isLast: Bool
  /// Where the next frame is due.
  private var offset = SegmentHeader.byteCount
  /// The number that it must have.
  public private(set) var nextSequence: UInt64
  /// The segment's header.
  public let header: SegmentHeader
  /// The last verdict, once it is final.
  private var verdict: ScanStep?

  /// Opens a segment; `isLast` tells that no later one exists, so that its end may be torn.
  public init(
    _ bytes: UnsafeRawBufferPointer, isLast: Bool = true
  ) throws(SegmentFault) {
    header = try unsafe SegmentHeader(decoding: bytes)
    unsafe self.bytes = unsafe bytes
    self.isLast = isLast
    nextSequence = header.firstSequence
  }

  /// Whether a file is the stump of a segment whose header was never whole: it holds no record and
  /// may be made anew. Only for the last file of a log.
  public static func isStump(_ bytes: UnsafeRawBufferPointer) -> Bool {
    if bytes.count < SegmentHeader.byteCount { return true }
    return unsafe bytes.allSatisfy { $0 == 0 }
  }

  /// The next step; the last one is repeated for ever.
  public mutating func next() -> ScanStep {
    if let verdict { return verdict }
    if let frame = frame(at: offset) {
      guard frame.sequence == nextSequence else {
        return conclude(.corrupt(fault(.sequenceBreak(found: frame.sequence))))
      }
      offset = frame.payload.upperBound
      nextSequence &+= 1
      return .frame(frame)
    }
    guard let last = lastNonZero() else { return conclude(.end(offset: offset)) }
    if wholeFrameFollows(upTo: last) { return conclude(.corrupt(fault(.damagedFrame))) }
    guard isLast else { return conclude(.corrupt(fault(.shortSegment))) }
    return conclude(.torn(truncateTo: offset, droppedByteCount: last + 1 - offset))
  }

  /// Reads the record of a frame that `next` gave.
  public func record(_ frame: Frame) throws(RecordFault) -> AuditRecord {
    try unsafe AuditRecord(decoding: UnsafeRawBufferPointer(rebasing: bytes[frame.payload]))
  }

  /// Remembers the final verdict.
  private mutating func conclude(_ step: ScanStep) -> ScanStep {
    verdict = step
    return step
  }

  /// The fault at the place under way.
  private func fault(_ kind: SegmentFault.Kind) -> SegmentFault {
    SegmentFault(kind: kind, offset: offset, sequence: nextSequence)
  }

  /// The frame at `start` when it is whole.
  private func frame(at start: Int) -> Frame? {
    guard unsafe bytes.count - start > Frame.headerBytes + 1 else { return nil }
    // In bounds by the guards above and below.
    let length = unsafe Int(
      UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: start + 4, as: UInt32.self)))
    guard length >= 2, length <= AuditLimits.recordBytesMax,
      unsafe length <= bytes.count - start - Frame.headerBytes
    else { return nil }
    let end = start + Frame.headerBytes + length
    let crc = unsafe UInt32(
      littleEndian: bytes.loadUnaligned(fromByteOffset: start, as: UInt32.self))
    guard unsafe CRC32C.checksum(UnsafeRawBufferPointer(rebasing: bytes[(start + 4)..<end])) == crc
    else { return nil }
    return Frame(
      sequence: sequence(at: start), kindCode: unsafe bytes[start + 16], offset: start,
      payload: (start + Frame.headerBytes)..<end)
  }

  /// The sequence number that a frame at `start` would have.
  private func sequence(at start: Int) -> UInt64 {
    unsafe UInt64(
      littleEndian: bytes.loadUnaligned(fromByteOffset: start + 8, as: UInt64.self))
  }

  /// Where the last byte stands that is not zero, from the place under way on.
  private func lastNonZero() -> Int? {
    unsafe bytes[offset...].lastIndex { $0 != 0 }
  }

  /// Whether a whole frame of this log stands anywhere behind the place under way.
  private func wholeFrameFollows(upTo last: Int) -> Bool {
    var start = offset + 1
    while start <= last, unsafe start + Frame.headerBytes < bytes.count {
      // Its number is in reach: no frame is shorter than its header, so this rules out nearly all
      // places before a checksum is computed.
      let ahead = sequence(at: start) &- nextSequence
      if ahead <= UInt64(start - offset), frame(at: start) != nil { return true }
      start += 1
    }
    return false
  }
}

extension SegmentHeader {
  /// Reads and checks the first bytes of a segment.
  init(decoding bytes: UnsafeRawBufferPointer) throws(SegmentFault) {
    func fault(_ kind: SegmentFault.Kind) -> SegmentFault {
      SegmentFault(kind: kind, offset: 0, sequence: 0)
    }
    /// A little-endian word; in bounds because the header's length was checked.
    func word(_ offset: Int) -> UInt64 {
      UInt64(littleEndian: unsafe bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }
    guard bytes.count >= Self.byteCount, word(0) == Self.magic else { throw fault(.notASegment) }
    let version = UInt32(truncatingIfNeeded: word(8))
    let stored = UInt32(truncatingIfNeeded: word(120) >> 32)
    guard unsafe CRC32C.checksum(UnsafeRawBufferPointer(rebasing: bytes[0..<124])) == stored else {
      throw fault(.damagedHeader)
    }
    guard version == Self.version else { throw fault(.unsupportedVersion(version)) }
    self.init(
      instance: AuditID(high: word(16).byteSwapped, low: word(24).byteSwapped),
      log: AuditID(high: word(32).byteSwapped, low: word(40).byteSwapped),
      number: word(48), firstSequence: word(56), created: WallTime(microseconds: word(64)))
    for index in 0..<32 { previousHash[index] = unsafe bytes[72 + index] }
  }
}

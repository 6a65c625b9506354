/// The bytes of one segment file, wherever they lie.
public protocol SegmentSource {
  /// How many there are.
  var byteCount: Int { get }
  /// The bytes from `offset` on, fewer than asked for only at the file's end. A disk that does not
  /// give them throws `unreadable`.
  mutating func read(at offset: Int, _ byteCount: Int) throws(SegmentFault) -> ArraySlice<UInt8>
  /// Forgets what was read: somebody may have written since.
  mutating func forget()
}

/// One whole frame of a segment.
public struct ScannedFrame: Equatable, Sendable {
  /// What it says of itself.
  public var header: FrameHeader
  /// Where it starts in the file.
  public var offset: Int
  /// Its entries.
  public var body: ArraySlice<UInt8>

  /// Where the next frame starts.
  public var end: Int { offset + FrameHeader.byteCount + Int(header.bodyByteCount) }
}

/// What stands at one place of a segment.
public enum ScanStep: Equatable, Sendable {
  /// A whole frame.
  case frame(ScannedFrame)
  /// The log ends here: the file does, or only zeros of its preallocation follow.
  case end(offset: Int)
  /// The last write was torn: cut the file to `truncateTo` and record the bytes dropped.
  case torn(truncateTo: Int, droppedByteCount: Int)
  /// The segment must not be used.
  case corrupt(SegmentFault)
}

/// Judges the bytes of one segment, frame by frame. Pure; any thread.
///
/// INVARIANT (torn): a broken frame is a torn write only when no whole frame follows it and some
/// sector of it was never written, which shows as zeros of the preallocation or as the file's end.
/// What was acknowledged was synced, so nothing whole can stand behind a write that never finished;
/// and a write whose sectors all came down is not torn, but was changed afterwards.
public struct SegmentScanner<Source: SegmentSource> {
  private var source: Source
  /// Whether no later segment exists.
  private let isLast: Bool
  /// Where the next frame is due.
  public private(set) var offset = SegmentHeader.byteCount
  /// The index that it must start with.
  public private(set) var nextIndex: UInt64
  /// The segment's header.
  public let header: SegmentHeader
  /// The last verdict, once it is final.
  private var verdict: ScanStep?

  /// Bytes that a disk writes whole or not at all.
  static var sectorByteCount: Int { 512 }

  /// Bytes of the file.
  public var byteCount: Int { source.byteCount }

  /// Opens a segment; `isLast` tells that no later one exists, so that its end may be torn.
  public init(_ source: Source, isLast: Bool = true) throws(SegmentFault) {
    self.source = source
    self.isLast = isLast
    header = try SegmentHeader(decoding: self.source.read(at: 0, SegmentHeader.byteCount))
    nextIndex = header.firstIndex
  }

  /// Goes on at a frame that an earlier scanner of the same segment stopped before.
  public init(_ source: Source, header: SegmentHeader, at offset: Int, index: UInt64) {
    self.source = source
    self.header = header
    self.offset = offset
    isLast = true
    nextIndex = index
  }

  /// Whether a file is the stump of a segment whose header was never whole: it holds no entry and
  /// may be made anew. Only for the last file of a log.
  public static func isStump(_ source: Source) throws(SegmentFault) -> Bool {
    if source.byteCount < SegmentHeader.byteCount { return true }
    var source = source
    let head = try source.read(at: 0, SegmentHeader.byteCount)
    // A sector of the header that was never written, where a written one holds the checksum.
    return head.suffix(Self.sectorByteCount).allSatisfy { $0 == 0 }
      || head.prefix(Self.sectorByteCount).allSatisfy { $0 == 0 }
  }

  /// The next step; the last one is repeated for ever.
  public mutating func next() -> ScanStep {
    if let verdict { return verdict }
    do throws(SegmentFault) {
      var found = try frame(at: offset)
      if found == nil {
        let end = try judgeEnd()
        if case .corrupt = end { found = try frameAfterAll() }
        if found == nil { return conclude(end) }
      }
      guard let frame = found else { return conclude(.end(offset: offset)) }
      guard frame.header.firstIndex == nextIndex else {
        return conclude(.corrupt(fault(.indexBreak(found: frame.header.firstIndex))))
      }
      offset = frame.end
      nextIndex = frame.header.size
      return .frame(frame)
    } catch {
      return conclude(.corrupt(error))
    }
  }

  /// Remembers the final verdict.
  private mutating func conclude(_ step: ScanStep) -> ScanStep {
    verdict = step
    return step
  }

  /// The fault at the place under way.
  private func fault(_ kind: SegmentFault.Kind) -> SegmentFault {
    SegmentFault(kind: kind, offset: offset, index: nextIndex)
  }

  /// The header at `start`; nil when none stands there.
  private mutating func frameHeader(at start: Int) throws(SegmentFault) -> FrameHeader? {
    let bytes = try source.read(at: start, FrameHeader.byteCount)
    return unsafe bytes.withUnsafeBytes { unsafe FrameHeader(decoding: $0) }
  }

  /// The frame at `start` when it is whole.
  private mutating func frame(at start: Int) throws(SegmentFault) -> ScannedFrame? {
    guard let header = try frameHeader(at: start), header.entryCount > 0 else { return nil }
    let count = Int(header.bodyByteCount)
    guard count <= source.byteCount - start - FrameHeader.byteCount else { return nil }
    let body = try source.read(at: start + FrameHeader.byteCount, count)
    let isWhole = unsafe body.withUnsafeBytes { raw in
      unsafe raw.count == count && CRC32C.checksum(raw) == header.bodyChecksum
    }
    return isWhole ? ScannedFrame(header: header, offset: start, body: body) : nil
  }

  /// The frame under way, if it becomes whole while we look: a log that is read while it is written
  /// shows frames in the middle of their write, whose sectors all hold something already.
  private mutating func frameAfterAll() throws(SegmentFault) -> ScannedFrame? {
    for _ in 0..<Self.lookCount {
      source.forget()
      if let frame = try frame(at: offset) { return frame }
    }
    return nil
  }

  /// Looks at a broken frame: longer in all than a write takes, and nothing for a damaged log.
  private static var lookCount: Int { 200 }

  /// Says what it means that no whole frame stands at the place under way.
  private mutating func judgeEnd() throws(SegmentFault) -> ScanStep {
    let (last, isFollowed) = try searchRest()
    guard let last else { return .end(offset: offset) }
    if isFollowed { return .corrupt(fault(.damagedFrame)) }
    guard isLast else { return .corrupt(fault(.shortSegment)) }
    guard try hasUnwrittenSector() else { return .corrupt(fault(.damagedFrame)) }
    return .torn(truncateTo: offset, droppedByteCount: last + 1 - offset)
  }

  /// Where the last byte stands that is not zero, from the place under way on, and whether the
  /// header of a later frame stands anywhere behind that place.
  private mutating func searchRest() throws(SegmentFault) -> (last: Int?, isFollowed: Bool) {
    let (window, overlap) = (1 << 20, FrameHeader.byteCount - 1)
    let magic = UInt8(truncatingIfNeeded: FrameHeader.magic)
    var start = offset
    var last: Int?
    while start < source.byteCount {
      let bytes = try source.read(at: start, window + overlap)
      if let index = bytes.lastIndex(where: { $0 != 0 }) {
        last = start + (index - bytes.startIndex)
        let isFollowed = unsafe bytes.withUnsafeBytes { raw in
          var place = start == offset ? 1 : 0
          while place + FrameHeader.byteCount <= raw.count {
            // The magic's first byte rules out nearly all places before a checksum is computed.
            if unsafe raw[place + 8] == magic,
              let header = unsafe FrameHeader(
                decoding: UnsafeRawBufferPointer(rebasing: raw[place...])),
              header.firstIndex >= nextIndex
            {
              return true
            }
            place += 1
          }
          return false
        }
        if isFollowed { return (last, true) }
      }
      start += window
    }
    return (last, false)
  }

  /// Whether the broken frame under way has a sector of which no byte was written.
  private mutating func hasUnwrittenSector() throws(SegmentFault) -> Bool {
    let header = try frameHeader(at: offset)
    let end = offset + FrameHeader.byteCount + Int(header?.bodyByteCount ?? 0)
    guard end <= source.byteCount else { return true }
    var start = offset
    while start < end {
      let next = min((start / Self.sectorByteCount + 1) * Self.sectorByteCount, end)
      if try source.read(at: start, next - start).allSatisfy({ $0 == 0 }) { return true }
      start = next
    }
    return false
  }
}

/// A segment in memory.
public struct MemorySource: SegmentSource {
  private let bytes: [UInt8]

  /// Takes the file's bytes.
  public init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// How many there are.
  public var byteCount: Int { bytes.count }

  /// Nobody writes to it.
  public mutating func forget() {}

  /// The bytes from `offset` on.
  public mutating func read(
    at offset: Int, _ byteCount: Int
  ) throws(SegmentFault) -> ArraySlice<UInt8> {
    bytes[min(offset, bytes.count)..<min(offset + byteCount, bytes.count)]
  }
}

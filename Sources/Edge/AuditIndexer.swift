internal import Audit
internal import Base
internal import Reactor

/// Makes the search index of one log, a block at a time.
///
/// INVARIANT (checkpointed): only entries that the log's checkpoint covers are indexed. What it
/// does not cover a crash may take away, and other entries take its place.
/// Asks nothing of whoever writes the log. Where blocks end follows from the entries alone, so that
/// a block that was lost is made again as it was. Used by one thread at a time.
final class AuditIndexer {
  /// What a step did.
  enum Step: Equatable {
    /// It made a block; there may be more to do.
    case madeBlock
    /// Everything up to the checkpoint is in a block, or in memory until there is enough for one.
    case caughtUp
  }

  private let path: String
  private let disk: any AuditDisk
  private let files: AuditIndexFiles
  /// Whether blocks that are there are read as a whole before they are believed.
  private let isThorough: Bool
  private let shape: SearchBlockShape
  /// Blocks that are there, by their first index: where each ends, and where its first frame is.
  private var present: [UInt64: (end: UInt64, frame: FramePlace)] = [:]
  private var isLoaded = false
  /// The segment under way, and where to read on.
  private var segment: String?
  private var place = FramePlace(offset: SegmentHeader.byteCount, index: 0)
  private var builder = SearchBlockBuilder(firstIndex: 0)

  /// Entries that were put into blocks.
  private(set) var indexedCount: UInt64 = 0
  /// Blocks that were damaged, or not of this log, and were removed.
  private(set) var removedCount = 0

  init(
    _ path: String, isThorough: Bool, disk: any AuditDisk = SystemDisk(),
    shape: SearchBlockShape = SearchBlockShape()
  ) {
    self.shape = shape
    self.path = path
    self.disk = disk
    self.isThorough = isThorough
    files = AuditIndexFiles(disk: disk, folder: path)
  }

  /// Makes the next block that is missing. `isClosed` tells that nothing will be appended to the
  /// log, so that its end gets a block too. After an error it begins anew.
  func step(isClosed: Bool) throws(AuditReadError) -> Step {
    do throws(AuditReadError) {
      let folder = try AuditReadError.reading(path) { () throws(SystemError) in
        try AuditFolder(path, disk: disk)
      }
      let size = try folder.checkpoint()?.value.size ?? 0
      if !isLoaded { try load(folder, size: size) }
      isLoaded = true
      return try make(folder, size: size, isClosed: isClosed)
    } catch {
      isLoaded = false
      throw error
    }
  }

  /// Looks at the blocks that are there, and removes those that are not of this log as it stands.
  private func load(_ folder: AuditFolder, size: UInt64) throws(AuditReadError) {
    present = [:]
    segment = nil
    let starts = folder.segments.compactMap { AuditPaths.firstIndex(ofSegment: $0) }
    for first in try files.firstIndexes() {
      var isGood = false
      if let number = starts.lastIndex(where: { $0 <= first }),
        case .whole(let block) = try files.state(of: first, segment: folder.segments[number]),
        block.endIndex <= (number + 1 < starts.count ? starts[number + 1] : size)
      {
        isGood = true
        if isThorough { isGood = try files.isWhole(block) }
        let frame = FramePlace(offset: block.frameOffset, index: block.frameFirstIndex)
        if isGood { present[first] = (block.endIndex, frame) }
      }
      if isGood { continue }
      try files.remove(first)
      removedCount += 1
    }
  }

  private func make(
    _ folder: AuditFolder, size: UInt64, isClosed: Bool
  ) throws(AuditReadError) -> Step {
    let names = folder.segments
    while true {
      guard let number = segment.map({ names.firstIndex(of: $0) }) ?? 0, number < names.count,
        let first = AuditPaths.firstIndex(ofSegment: names[number])
      else { return .caughtUp }
      if segment == nil { begin(names[number], at: first) }
      let end = number + 1 < names.count ? AuditPaths.firstIndex(ofSegment: names[number + 1]) : nil
      if builder.isEmpty { passOver() }
      let limit = min(end ?? size, size)
      if builder.endIndex < limit, try read(folder, names[number], through: limit) {
        try finishBlock()
        return .madeBlock
      }
      let isWhole = builder.endIndex == end || (end == nil && isClosed && builder.endIndex == size)
      if isWhole, !builder.isEmpty {
        try finishBlock()
        return .madeBlock
      }
      guard let end, builder.endIndex >= end else { return .caughtUp }
      begin(names[number + 1], at: end)
    }
  }

  private func begin(_ name: String, at first: UInt64) {
    segment = name
    place = FramePlace(offset: SegmentHeader.byteCount, index: first)
    builder = SearchBlockBuilder(firstIndex: first, shape: shape)
  }

  /// Goes on behind the blocks that are there.
  private func passOver() {
    while let (end, frame) = present[builder.endIndex] {
      builder = SearchBlockBuilder(firstIndex: end, shape: shape)
      if frame.index > place.index { place = frame }
    }
  }

  private func finishBlock() throws(AuditReadError) {
    let (first, end) = (builder.firstIndex, builder.endIndex)
    try files.write(builder.finish(), firstIndex: first)
    // The builder goes on behind it, and the reader where it was.
    present[first] = (end, place)
    indexedCount += end - first
  }

  /// Reads frames of a segment up to an entry that is there; true when the block got full.
  private func read(
    _ folder: AuditFolder, _ name: String, through limit: UInt64
  ) throws(AuditReadError) -> Bool {
    guard var scanner = try folder.scanner(name, isLast: true, from: place) else { return false }
    while scanner.nextIndex < limit {
      switch scanner.next() {
      case .end, .torn:
        throw AuditReadError(
          path: "\(path)/\(name)",
          finding: "it ends before entry \(limit); `homeward audit verify` says more")
      case .corrupt(let fault):
        throw AuditReadError(path: "\(path)/\(name)", finding: fault.finding)
      case .frame(let frame):
        // Checkpoints stand between frames; one that does not covers the frame in part.
        guard frame.header.size <= limit else { return false }
        if add(frame) { return true }
        place = FramePlace(offset: frame.end, index: frame.header.size)
      }
    }
    return false
  }

  /// Adds the entries of a frame that are due; true when the block is full before its end.
  private func add(_ frame: ScannedFrame) -> Bool {
    var isFull = false
    let at = SearchBlockBuilder.Frame(frame.header, offset: frame.offset)
    unsafe frame.body.withUnsafeBytes { body in
      var offset = frame.offset + FrameHeader.byteCount
      // Whether the body is what the header says is for `verify`; its checksum holds.
      _ = unsafe frame.header.forEachEntry(in: body) { index, entry in
        if !isFull, index == builder.endIndex {
          isFull = unsafe !builder.add(entry, at: offset, frame: at)
        }
        offset += 2 + entry.count
      }
    }
    if isFull { place = FramePlace(offset: frame.offset, index: frame.header.firstIndex) }
    return isFull
  }
}

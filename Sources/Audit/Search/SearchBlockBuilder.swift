internal import Base
internal import Native

/// Makes one block of the search index from entries in the order of the log. Belongs to one thread.
public struct SearchBlockBuilder: ~Copyable {
  /// Index of the first entry.
  public private(set) var firstIndex: UInt64
  private var entriesOffset = 0
  /// The frames with the first and the last entry.
  private var frames: (first: Frame, last: Frame)?
  /// Where each entry's length stands, counted from the first one.
  private var starts: [UInt32] = []
  /// Fingerprint and number, in the order of the entries: `fingerprint << 16 | number`.
  private var postings: [UInt64] = []
  private var spare: [UInt64] = []
  private var times: ClosedRange<WallTime>?
  private var endTime = WallTime(microseconds: 0)

  private let shape: SearchBlockShape

  /// Starts a block whose first entry is the one with this index.
  public init(firstIndex: UInt64, shape: SearchBlockShape = SearchBlockShape()) {
    precondition(
      (1...SearchBlock.entryCountMax).contains(shape.entryCountMax), "numbers have 16 bits")
    self.firstIndex = firstIndex
    self.shape = shape
  }

  /// How many entries the block holds so far.
  public var entryCount: Int { starts.count }

  /// Index behind the last entry.
  public var endIndex: UInt64 { firstIndex + UInt64(starts.count) }

  /// Whether the block holds nothing yet.
  public var isEmpty: Bool { starts.isEmpty }

  /// A frame of the segment: its first entry, where it starts, and the tree's root after it.
  public struct Frame {
    var firstIndex: UInt64
    var offset: Int
    var root: SHA256Digest

    /// Describes a frame.
    public init(_ header: FrameHeader, offset: Int) {
      firstIndex = header.firstIndex
      root = header.root
      self.offset = offset
    }
  }

  /// Adds the next entry, whose length stands at `offset` of the segment. False when it does not
  /// fit: the block is to be finished first.
  public mutating func add(
    _ entry: UnsafeRawBufferPointer, at offset: Int, frame: Frame
  ) -> Bool {
    if starts.isEmpty { entriesOffset = offset }
    guard starts.count < shape.entryCountMax,
      let start = UInt32(exactly: offset - entriesOffset)
    else { return false }
    let number = UInt64(starts.count)
    starts.append(start)
    let limit = postings.count + SearchBlock.termsPerEntryMax
    let facts = unsafe SearchFacts(entry) { term in
      // No record of ours has more, and the head has room for no more.
      if postings.count < limit { postings.append(UInt64(term.fingerprint) << 16 | number) }
    }
    if facts.isFound {
      times =
        times.map { min($0.lowerBound, facts.time)...max($0.upperBound, facts.time) }
        ?? facts.time...facts.time
    }
    endTime = facts.time
    frames = (frames?.first ?? frame, frame)
    return true
  }

  /// The block's file, head first. Starts the next block behind it.
  public mutating func finish() -> [UInt8] {
    guard let frames else { preconditionFailure("a block without entries") }
    sort()
    let common = removeCommon()
    let fences = stride(from: 0, to: postings.count, by: SearchBlock.postingsPerPage).map {
      UInt32(truncatingIfNeeded: postings[$0] >> 16)
    }
    let head = SearchBlock(
      firstIndex: firstIndex, entryCount: starts.count, entriesOffset: entriesOffset,
      frameOffset: frames.first.offset, frameFirstIndex: frames.first.firstIndex,
      lastFrameOffset: frames.last.offset, root: frames.last.root, endTime: endTime, times: times,
      postingCount: postings.count, fences: fences, common: common)
    var file = head.encode()
    file.reserveCapacity(head.pageCount * SearchBlock.pageByteCount)
    appendPages(postings.count, SearchBlock.postingsPerPage, to: &file) { page, place in
      page.word(UInt32(truncatingIfNeeded: postings[place] >> 16))
      page.half(UInt16(truncatingIfNeeded: postings[place]))
    }
    appendPages(starts.count, SearchBlock.startsPerPage, to: &file) { page, place in
      page.word(starts[place])
    }
    firstIndex = head.endIndex
    starts.removeAll(keepingCapacity: true)
    postings.removeAll(keepingCapacity: true)
    times = nil
    self.frames = nil
    return file
  }

  private func appendPages(
    _ count: Int, _ perPage: Int, to file: inout [UInt8],
    _ write: (inout PageWriter, Int) -> Void
  ) {
    for start in stride(from: 0, to: count, by: perPage) {
      var page = PageWriter()
      for place in start..<min(start + perPage, count) { write(&page, place) }
      file.append(contentsOf: page.finish())
    }
  }

  /// Sorts postings by fingerprint; three stable passes of 11 bits keep the order of numbers.
  private mutating func sort() {
    spare.removeAll(keepingCapacity: true)
    spare.append(contentsOf: postings)
    for shift in [16, 27, 38] as [UInt64] {
      var places = [Int](repeating: 0, count: 2_049)
      for posting in postings { places[Int(posting >> shift & 0x7FF) + 1] += 1 }
      for digit in 1..<2_049 { places[digit] += places[digit - 1] }
      for posting in postings {
        let digit = Int(posting >> shift & 0x7FF)
        spare[places[digit]] = posting
        places[digit] += 1
      }
      swap(&postings, &spare)
    }
  }

  /// Takes out the postings of common terms, and gives those in order.
  private mutating func removeCommon() -> [UInt32] {
    var common: [UInt32] = []
    var (read, kept) = (0, 0)
    while read < postings.count {
      let fingerprint = postings[read] >> 16
      var end = read
      while end < postings.count, postings[end] >> 16 == fingerprint { end += 1 }
      if end - read > shape.termPostingsMax {
        common.append(UInt32(truncatingIfNeeded: fingerprint))
      } else {
        for place in read..<end {
          postings[kept] = postings[place]
          kept += 1
        }
      }
      read = end
    }
    postings.removeLast(postings.count - kept)
    return common
  }
}

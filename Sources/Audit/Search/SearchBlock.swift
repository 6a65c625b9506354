public import Base
internal import Native

/// How blocks are cut; tests make smaller ones.
public struct SearchBlockShape: Sendable {
  /// Entries of a block.
  public var entryCountMax = SearchBlock.entryCountMax
  /// Postings of one term in a block, beyond which it is common.
  public var termPostingsMax = 4_096

  /// The usual shape.
  public init() {}
}

/// One block of the search index: where the terms of up to 65,536 entries of one segment stand.
///
/// A file of pages of 4,096 bytes, each with the CRC-32C of its rest in front: one head (this
/// type), then postings (term and number within the block, sorted), then where each entry starts.
/// A term that more than one entry in sixteen shares has no postings: the head names it as common,
/// and reading the entries in order is faster then. The head ends with the first term of each page
/// of postings, so that a look-up reads two pages. Integers are little-endian.
///
/// A block is derived, never trusted: `root` ties it to the history that it was made of, what it
/// leads to is read in the log and compared, and a block that is damaged or lost is made again.
public struct SearchBlock: Equatable, Sendable {
  /// Index of the first entry.
  public var firstIndex: UInt64
  /// How many entries.
  public var entryCount: Int
  /// Where the first entry's length stands in the segment.
  public var entriesOffset: Int
  /// Where the frame with the first entry starts, and the first index of that frame.
  public var frameOffset: Int
  /// See `frameOffset`.
  public var frameFirstIndex: UInt64
  /// Where the frame with the last entry starts.
  public var lastFrameOffset: Int
  /// The tree's root after that frame.
  var root: SHA256Digest
  /// When the last entry was recorded.
  public var endTime: WallTime
  /// The earliest and latest time of a decision or outcome; nil when there is none.
  public var times: ClosedRange<WallTime>?
  /// How many postings.
  var postingCount: Int
  /// The first fingerprint of each page of postings.
  var fences: [UInt32]
  /// The fingerprints without postings, sorted.
  var common: [UInt32]

  /// Index behind the last entry.
  public var endIndex: UInt64 { firstIndex + UInt64(entryCount) }

  /// Bytes of a page.
  public static let pageByteCount = 4_096
  /// Entries of a block at most: their numbers have 16 bits.
  static let entryCountMax = 65_536
  /// Terms of one entry at most: a refused decision's.
  static let termsPerEntryMax = 8
  /// Postings and starts in a page.
  static let (postingsPerPage, startsPerPage) = (682, 1_023)
  /// `HOMEIDX1`.
  private static let magic: UInt64 = 0x3158_4449_454D_4F48
  /// Bytes of the head before its lists.
  private static let fixedByteCount = 128

  /// Pages of the whole file.
  public var pageCount: Int { 1 + fences.count + startPageCount }
  private var startPageCount: Int { Self.pages(entryCount, Self.startsPerPage) }

  private static func pages(_ count: Int, _ perPage: Int) -> Int { (count + perPage - 1) / perPage }

  /// Makes a head; `SearchBlockBuilder` does.
  init(
    firstIndex: UInt64, entryCount: Int, entriesOffset: Int, frameOffset: Int,
    frameFirstIndex: UInt64, lastFrameOffset: Int, root: SHA256Digest, endTime: WallTime,
    times: ClosedRange<WallTime>?, postingCount: Int, fences: [UInt32], common: [UInt32]
  ) {
    self.firstIndex = firstIndex
    self.entryCount = entryCount
    self.entriesOffset = entriesOffset
    self.frameOffset = frameOffset
    self.frameFirstIndex = frameFirstIndex
    self.lastFrameOffset = lastFrameOffset
    self.root = root
    self.endTime = endTime
    self.times = times
    self.postingCount = postingCount
    self.fences = fences
    self.common = common
  }

  /// Reads a head; nil when the page is none, or is not that of a file of so many bytes.
  public init?(decoding page: [UInt8], fileByteCount: Int) {
    guard let page = Page(checking: page), page.long(4) == Self.magic else { return nil }
    let counts = (page.word(24), page.word(28), page.word(32))
    guard (1...Self.entryCountMax).contains(counts.0),
      counts.1 <= Self.entryCountMax * Self.termsPerEntryMax
    else { return nil }
    let fenceCount = Self.pages(counts.1, Self.postingsPerPage)
    let listsEnd = Self.fixedByteCount + 4 * (fenceCount + counts.2)
    let places = (page.long(12), page.long(40), page.long(48), page.long(56))
    guard listsEnd <= Self.pageByteCount, places.1 < 1 << 62, places.2 <= places.1,
      places.3 <= places.0, page.long(112) < 1 << 62,
      !places.0.addingReportingOverflow(UInt64(counts.0)).overflow,
      let root = page.digest(80)
    else { return nil }
    let (earliest, latest) = (
      WallTime(microseconds: page.long(64)), WallTime(microseconds: page.long(72))
    )
    self.init(
      firstIndex: places.0, entryCount: counts.0, entriesOffset: Int(places.1),
      frameOffset: Int(places.2), frameFirstIndex: places.3,
      lastFrameOffset: Int(page.long(112)), root: root,
      endTime: WallTime(microseconds: page.long(120)),
      times: earliest <= latest ? earliest...latest : nil, postingCount: counts.1,
      fences: (0..<fenceCount).map { UInt32(page.word(Self.fixedByteCount + 4 * $0)) },
      common: (0..<counts.2).map {
        UInt32(page.word(Self.fixedByteCount + 4 * (fenceCount + $0)))
      })
    guard fileByteCount == pageCount * Self.pageByteCount else { return nil }
  }

  /// The head's page.
  func encode() -> [UInt8] {
    var page = PageWriter(at: 4)
    page.long(Self.magic)
    page.long(firstIndex)
    page.skip(4)
    page.word(UInt32(entryCount))
    page.word(UInt32(postingCount))
    page.word(UInt32(common.count))
    page.skip(4)
    page.long(UInt64(entriesOffset))
    page.long(UInt64(frameOffset))
    page.long(frameFirstIndex)
    page.long(times?.lowerBound.microseconds ?? 1)
    page.long(times?.upperBound.microseconds ?? 0)
    page.digest(root)
    page.long(UInt64(lastFrameOffset))
    page.long(endTime.microseconds)
    for fence in fences { page.word(fence) }
    for fingerprint in common { page.word(fingerprint) }
    return page.finish()
  }

  /// Whether these bytes, which stand at `lastFrameOffset`, are the head of the frame with the last
  /// entry, in the history that the block was made of.
  public func ends(inFrame bytes: [UInt8]) -> Bool {
    guard let header = unsafe bytes.withUnsafeBytes({ unsafe FrameHeader(decoding: $0) }) else {
      return false
    }
    return header.root == root && header.firstIndex < endIndex && endIndex <= header.size
  }

  // MARK: Looking up

  /// What a block knows of a term.
  public enum Lookup: Equatable, Sendable {
    /// Too many entries have it to list them.
    case common
    /// These pages hold its postings, if there are any.
    case pages(Range<Int>)
  }

  /// Where to look for a term.
  public func lookup(_ term: SearchTerm) -> Lookup {
    let wanted = term.fingerprint
    if common.contains(wanted) { return .common }
    // A run may begin in the page before the first one that starts with the term.
    let first = max(0, (fences.firstIndex { $0 >= wanted } ?? fences.count) - 1)
    let end = fences.firstIndex { $0 > wanted } ?? fences.count
    return .pages((1 + first)..<(1 + max(first, end)))
  }

  /// The numbers of a term's entries within the block that a page of postings holds, in order; nil
  /// when the page is damaged.
  public func ordinals(of term: SearchTerm, inPage number: Int, _ bytes: [UInt8]) -> [Int]? {
    guard let page = Page(checking: bytes) else { return nil }
    let count = min(
      Self.postingsPerPage, postingCount - (number - 1) * Self.postingsPerPage)
    var (low, high) = (0, count)
    while low < high {
      let middle = (low + high) / 2
      if page.word(4 + 6 * middle) < Int(term.fingerprint) {
        low = middle + 1
      } else {
        high = middle
      }
    }
    var found: [Int] = []
    while low < count, page.word(4 + 6 * low) == Int(term.fingerprint) {
      let ordinal = page.half(8 + 6 * low)
      guard ordinal < entryCount else { return nil }
      found.append(ordinal)
      low += 1
    }
    return found
  }

  /// The page that says where an entry starts.
  public func startPage(of ordinal: Int) -> Int { 1 + fences.count + ordinal / Self.startsPerPage }

  /// Where an entry's length stands in the segment; nil when the page is damaged.
  public func start(of ordinal: Int, inPage bytes: [UInt8]) -> Int? {
    guard let page = Page(checking: bytes) else { return nil }
    return entriesOffset + page.word(4 + 4 * (ordinal % Self.startsPerPage))
  }

  /// Whether a page is as it was written.
  public static func isWhole(page: [UInt8]) -> Bool { Page(checking: page) != nil }
}

/// A page that was checked.
private struct Page {
  private let bytes: [UInt8]

  /// Takes a page; nil when it is not whole.
  init?(checking bytes: [UInt8]) {
    guard bytes.count == SearchBlock.pageByteCount else { return nil }
    self.bytes = bytes
    let checksum = unsafe bytes.withUnsafeBytes {
      unsafe CRC32C.checksum(UnsafeRawBufferPointer(rebasing: $0[4...]))
    }
    guard Int(checksum) == word(0) else { return nil }
  }

  /// The 16-bit number at a place.
  func half(_ offset: Int) -> Int { Int(bytes[offset]) | Int(bytes[offset + 1]) << 8 }

  /// The 32-bit number at a place.
  func word(_ offset: Int) -> Int { half(offset) | half(offset + 2) << 16 }

  /// The 64-bit number at a place.
  func long(_ offset: Int) -> UInt64 {
    UInt64(truncatingIfNeeded: word(offset)) | UInt64(truncatingIfNeeded: word(offset + 4)) << 32
  }

  /// The hash at a place.
  func digest(_ offset: Int) -> SHA256Digest? {
    unsafe bytes.withUnsafeBytes {
      unsafe SHA256Digest(UnsafeRawBufferPointer(rebasing: $0[offset..<(offset + 32)]))
    }
  }
}

/// Fills a page from its start on.
struct PageWriter {
  private var bytes: [UInt8]

  /// Starts a page, behind its checksum.
  init(at offset: Int = 4) {
    bytes = []
    bytes.reserveCapacity(SearchBlock.pageByteCount)
    skip(offset)
  }

  /// Appends zeros.
  mutating func skip(_ count: Int) { for _ in 0..<count { bytes.append(0) } }

  /// Appends a 16-bit number.
  mutating func half(_ value: UInt16) {
    bytes.append(UInt8(truncatingIfNeeded: value))
    bytes.append(UInt8(truncatingIfNeeded: value >> 8))
  }

  /// Appends a 32-bit number.
  mutating func word(_ value: UInt32) {
    half(UInt16(truncatingIfNeeded: value))
    half(UInt16(truncatingIfNeeded: value >> 16))
  }

  /// Appends a 64-bit number.
  mutating func long(_ value: UInt64) {
    word(UInt32(truncatingIfNeeded: value))
    word(UInt32(truncatingIfNeeded: value >> 32))
  }

  /// Appends a hash.
  mutating func digest(_ value: SHA256Digest) {
    unsafe value.withBytes { unsafe bytes.append(contentsOf: $0) }
  }

  /// The whole page, with its checksum in front.
  mutating func finish() -> [UInt8] {
    precondition(bytes.count <= SearchBlock.pageByteCount, "a page longer than a page")
    skip(SearchBlock.pageByteCount - bytes.count)
    let checksum = unsafe bytes.withUnsafeBytes {
      unsafe CRC32C.checksum(UnsafeRawBufferPointer(rebasing: $0[4...]))
    }
    for place in 0..<4 { bytes[place] = UInt8(truncatingIfNeeded: checksum >> (8 * UInt32(place))) }
    return bytes
  }
}

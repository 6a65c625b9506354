public import Audit
public import Base
internal import Native
internal import Reactor

/// Looks for records in one log: by its index as far as that goes, and by reading where it does
/// not.
///
/// The index only says where to look. What it leads to is read in the log, held against the tree's
/// hash of it and compared with the query; a block that is damaged, or not of this log, is read
/// past. Changes nothing; any thread.
public struct AuditSearch {
  /// A record that answers the query.
  public struct Hit {
    /// Its index in the log.
    public let index: UInt64
    /// As the log stores it.
    public let entry: [UInt8]
    /// As it was read, opened if there were keys.
    public let record: AuditRecord
  }

  /// How far an answer goes.
  public struct Coverage: Equatable, Sendable {
    /// All entries before this one were considered.
    public fileprivate(set) var endIndex: UInt64 = 0
    /// When the last of them was recorded.
    public fileprivate(set) var endTime: WallTime?
    /// Entries that the index answered for.
    public fileprivate(set) var indexedCount: UInt64 = 0
    /// Entries that were read.
    public fileprivate(set) var scannedCount: UInt64 = 0
    /// Records that answer the query.
    public fileprivate(set) var hitCount: UInt64 = 0
    /// The first indexes of blocks that were read past because they are damaged.
    public fileprivate(set) var damagedBlocks: [UInt64] = []
    /// Whether the caller wanted no more.
    public fileprivate(set) var isCutShort = false
  }

  private let folder: AuditFolder
  private let files: AuditIndexFiles
  private let usesIndex: Bool
  private var coverage = Coverage()
  private var blockStarts: [UInt64] = []
  private let query: LogQuery
  /// Decisions that answer the query if their outcomes, which follow, say so.
  private var open: [AuditID: Hit] = [:]

  /// Above so many candidates a block is read in order.
  private static let candidatesMax = 1_024

  /// Runs a query over a log; hits are handed to `body` in order until it says false. `keys` open
  /// what is sealed. Nil when the query needs keys and there are none.
  public static func run(
    _ query: SearchQuery, in folder: AuditFolder, keys: inout LogKeys?, usesIndex: Bool = true,
    _ body: (Hit) throws(AuditReadError) -> Bool
  ) throws(AuditReadError) -> Coverage? {
    guard let query = query.bound(to: &keys) else { return nil }
    var search = AuditSearch(folder, query, usesIndex: usesIndex)
    try search.run(&keys, body)
    return search.coverage
  }

  private init(_ folder: AuditFolder, _ query: LogQuery, usesIndex: Bool) {
    self.folder = folder
    self.query = query
    self.usesIndex = usesIndex
    files = AuditIndexFiles(disk: folder.disk, folder: folder.path)
  }

  private mutating func run(
    _ keys: inout LogKeys?, _ body: (Hit) throws(AuditReadError) -> Bool
  ) throws(AuditReadError) {
    if usesIndex { blockStarts = try files.firstIndexes() }
    for (number, name) in folder.segments.enumerated() {
      guard let first = AuditPaths.firstIndex(ofSegment: name) else { continue }
      let isLast = number == folder.segments.count - 1
      let end = isLast ? nil : AuditPaths.firstIndex(ofSegment: folder.segments[number + 1])
      try search(segment: name, first..<(end ?? .max), &keys, body)
      if coverage.isCutShort { return }
      guard let end, coverage.endIndex != end else { continue }
      throw AuditReadError(
        path: "\(folder.path)/\(name)",
        finding: "it ends with entry \(coverage.endIndex), but entry \(end) is the next one there;"
          + " `homeward audit verify` says more")
    }
  }

  /// Searches one segment, which ends before `range` does if it is the last one.
  private mutating func search(
    segment: String, _ range: Range<UInt64>, _ keys: inout LogKeys?,
    _ body: (Hit) throws(AuditReadError) -> Bool
  ) throws(AuditReadError) {
    var place = FramePlace(offset: SegmentHeader.byteCount, index: range.lowerBound)
    coverage.endIndex = range.lowerBound
    while coverage.endIndex < range.upperBound, !coverage.isCutShort {
      let next = coverage.endIndex
      var stop = blockStarts.first { $0 > next && $0 < range.upperBound } ?? range.upperBound
      if blockStarts.contains(next) {
        switch try files.state(of: next, segment: segment) {
        case .whole(let block) where block.endIndex <= range.upperBound:
          place = FramePlace(offset: block.frameOffset, index: block.frameFirstIndex)
          if try search(block, segment, &keys, body) {
            if coverage.isCutShort { return }
            coverage.endIndex = block.endIndex
            coverage.endTime = block.endTime
            continue
          }
          stop = min(stop, block.endIndex)
        case .whole, .damaged: coverage.damagedBlocks.append(next)
        case .unfinished: break
        }
      }
      guard !coverage.isCutShort else { return }
      try scan(segment, from: &place, next..<stop, &keys, body)
      // The log's end, for now.
      if coverage.endIndex < stop { return }
    }
  }

  /// Searches a block; false when it takes to read its entries in order.
  private mutating func search(
    _ block: SearchBlock, _ segment: String, _ keys: inout LogKeys?,
    _ body: (Hit) throws(AuditReadError) -> Bool
  ) throws(AuditReadError) -> Bool {
    // Everything is read before anything is told: a page that proves damaged tells nothing twice.
    let openBefore = open
    var hits: [Hit] = []
    var isAnswered = true
    if let times = block.times, query.concerns(times) {
      isAnswered = try look(for: query.terms, in: block, segment, &keys, &hits)
    }
    if open.count > Self.candidatesMax { isAnswered = false }
    for id in isAnswered ? Array(open.keys) : [] where isAnswered {
      isAnswered = try look(for: [SearchTerm(outcomeOf: id)], in: block, segment, &keys, &hits)
    }
    guard isAnswered else {
      open = openBefore
      return false
    }
    coverage.indexedCount += UInt64(block.entryCount)
    hits.sort { $0.index < $1.index }
    for hit in hits where !coverage.isCutShort { try tell(hit, body) }
    return true
  }

  /// Reads the entries of a block that have some terms; false when it takes to read all of them.
  private mutating func look(
    for terms: [SearchTerm], in block: SearchBlock, _ segment: String, _ keys: inout LogKeys?,
    _ hits: inout [Hit]
  ) throws(AuditReadError) -> Bool {
    let ordinals: [Int]
    switch try files.candidates(terms, in: block) {
    case .entries(let found) where found.count <= Self.candidatesMax: ordinals = found
    case .entries, .all: return false
    case .damaged:
      coverage.damagedBlocks.append(block.firstIndex)
      return false
    }
    var hasher = MerkleHasher()
    for ordinal in ordinals {
      let index = block.firstIndex + UInt64(ordinal)
      // A log whose hashes were lost is read in order: frames have checksums.
      guard let leaf = try? folder.hash(level: 0, index: index) else { return false }
      guard let entry = try files.entry(ordinal, of: block, segment: segment),
        hasher.leaf(entry) == leaf
      else {
        coverage.damagedBlocks.append(block.firstIndex)
        return false
      }
      take(index, entry, &keys, &hits)
    }
    return true
  }

  /// Reads entries in order.
  private mutating func scan(
    _ segment: String, from place: inout FramePlace, _ range: Range<UInt64>,
    _ keys: inout LogKeys?, _ body: (Hit) throws(AuditReadError) -> Bool
  ) throws(AuditReadError) {
    guard var scanner = try folder.scanner(segment, isLast: true, from: place) else { return }
    while scanner.nextIndex < range.upperBound, !coverage.isCutShort {
      let frame: ScannedFrame
      switch scanner.next() {
      case .end, .torn: return
      case .corrupt(let fault):
        throw AuditReadError(path: "\(folder.path)/\(segment)", finding: fault.finding)
      case .frame(let found): frame = found
      }
      place = FramePlace(offset: frame.offset, index: frame.header.firstIndex)
      var found: [Hit] = []
      _ = unsafe frame.body.withUnsafeBytes { raw in
        unsafe frame.header.forEachEntry(in: raw) { index, entry in
          guard range.contains(index) else { return }
          let (time, mayMatch) = unsafe query.examine(entry)
          coverage.endTime = time
          coverage.scannedCount += 1
          coverage.endIndex = index + 1
          let mayClose = unsafe !open.isEmpty && AccountCheck.kind(of: entry) == .outcome
          if mayMatch || mayClose { take(index, unsafe [UInt8](entry), &keys, &found) }
        }
      }
      for hit in found where !coverage.isCutShort { try tell(hit, body) }
    }
  }

  /// Adds an entry's record if it answers the query, and the decision that it is the outcome of.
  private mutating func take(
    _ index: UInt64, _ entry: [UInt8], _ keys: inout LogKeys?, _ hits: inout [Hit]
  ) {
    let record = unsafe entry.withUnsafeBytes { raw in
      let opened = unsafe keys?.open(raw) ?? []
      return try? unsafe AuditRecord(decoding: raw, opened: opened)
    }
    guard let record else { return }
    let hit = Hit(index: index, entry: entry, record: record)
    switch query.answer(record) {
    case .yes: hits.append(hit)
    case .byOutcome(let id): open[id] = hit
    case .no:
      if case .outcome(let outcome) = record, let decision = open.removeValue(forKey: outcome.id),
        query.isServed(outcome)
      {
        hits += [decision, hit]
      }
    }
  }

  private mutating func tell(
    _ hit: Hit, _ body: (Hit) throws(AuditReadError) -> Bool
  ) throws(AuditReadError) {
    coverage.hitCount += 1
    if try !body(hit) {
      coverage.isCutShort = true
      coverage.endIndex = hit.index + 1
    }
  }
}

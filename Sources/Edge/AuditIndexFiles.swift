internal import Audit
internal import Reactor

/// The blocks of one log's search index, which lie beside its segments as `<first index>.index`.
///
/// A block is written without a sync, its head last: it can be made again, and a page that a crash
/// left unwritten fails its checksum. Any thread; holds nothing but where the files are.
struct AuditIndexFiles {
  let disk: any AuditDisk
  let folder: String

  /// What stands under a block's name.
  enum State {
    /// A block of this log's history, so far as its head tells.
    case whole(SearchBlock)
    /// Nothing, or its head was not written yet.
    case unfinished
    /// Anything else.
    case damaged
  }

  /// What a block answers.
  enum Candidates {
    /// These entries may have all the terms.
    case entries([Int])
    /// All terms are common: it takes to read every entry.
    case all
    /// A page is damaged.
    case damaged
  }

  /// The first indexes of all blocks, in order.
  func firstIndexes() throws(AuditReadError) -> [UInt64] {
    try AuditReadError.reading(folder) { () throws(SystemError) in try disk.names(in: folder) }
      .compactMap { AuditPaths.firstIndex(ofBlock: $0) }.sorted()
  }

  /// A block's file.
  func path(_ firstIndex: UInt64) -> String { "\(folder)/\(AuditPaths.block(firstIndex))" }

  private func read(
    _ path: String, at offset: Int, _ byteCount: Int
  ) throws(AuditReadError) -> [UInt8] {
    try AuditReadError.reading(path) { () throws(SystemError) in
      try disk.read(path, at: offset, byteCount)
    }
  }

  private func page(_ number: Int, of firstIndex: UInt64) throws(AuditReadError) -> [UInt8] {
    try read(
      path(firstIndex), at: number * SearchBlock.pageByteCount, SearchBlock.pageByteCount)
  }

  /// Reads the head of a block, and compares the tree's root at its end with that in `segment`.
  func state(of firstIndex: UInt64, segment: String) throws(AuditReadError) -> State {
    let path = path(firstIndex)
    let count = try AuditReadError.reading(path) { () throws(SystemError) in
      try disk.byteCount(of: path)
    }
    guard let count else { return .unfinished }
    let head = try page(0, of: firstIndex)
    if head.allSatisfy({ $0 == 0 }) { return .unfinished }
    guard let block = SearchBlock(decoding: head, fileByteCount: count),
      block.firstIndex == firstIndex
    else { return .damaged }
    let frame = try read(
      "\(folder)/\(segment)", at: block.lastFrameOffset, FrameHeader.byteCount)
    return block.ends(inFrame: frame) ? .whole(block) : .damaged
  }

  /// Whether every page of a block is as it was written.
  func isWhole(_ block: SearchBlock) throws(AuditReadError) -> Bool {
    for number in 0..<block.pageCount {
      guard SearchBlock.isWhole(page: try page(number, of: block.firstIndex)) else { return false }
    }
    return true
  }

  /// The numbers of the entries that may have all of some terms.
  func candidates(
    _ terms: [SearchTerm], in block: SearchBlock
  ) throws(AuditReadError) -> Candidates {
    var candidates: [Int]?
    for term in terms {
      guard case .pages(let pages) = block.lookup(term) else { continue }
      var found: [Int] = []
      for number in pages {
        let bytes = try page(number, of: block.firstIndex)
        guard let part = block.ordinals(of: term, inPage: number, bytes) else { return .damaged }
        found += part
      }
      if let others = candidates {
        let others = Set(others)
        found.removeAll { !others.contains($0) }
      }
      if found.isEmpty { return .entries([]) }
      candidates = found
    }
    return candidates.map { .entries($0) } ?? .all
  }

  /// Reads an entry of a block in its segment; nil when the block is damaged or not of this log.
  func entry(
    _ ordinal: Int, of block: SearchBlock, segment: String
  ) throws(AuditReadError) -> [UInt8]? {
    let starts = try page(block.startPage(of: ordinal), of: block.firstIndex)
    guard let start = block.start(of: ordinal, inPage: starts) else { return nil }
    let file = "\(folder)/\(segment)"
    let head = try read(file, at: start, Self.usualByteCount)
    guard head.count >= 2 else { return nil }
    let end = 2 + (Int(head[0]) << 8 | Int(head[1]))
    let bytes = head.count >= end ? head : try read(file, at: start, end)
    return bytes.count >= end ? Array(bytes[2..<end]) : nil
  }

  /// Enough for most entries.
  private static let usualByteCount = 1_024

  /// Writes a block. A crash on the way leaves a file without a head, or with pages that fail their
  /// checksums; whoever makes the index removes it.
  func write(_ file: [UInt8], firstIndex: UInt64) throws(AuditReadError) {
    let path = path(firstIndex)
    try AuditReadError.reading(path) { () throws(SystemError) in
      let block = try disk.open(path, isNew: true)
      let failure = unsafe file.withUnsafeBytes { raw -> SystemError? in
        let head = SearchBlock.pageByteCount
        do throws(SystemError) {
          try unsafe block.write(UnsafeRawBufferPointer(rebasing: raw[head...]), at: head)
          try unsafe block.write(UnsafeRawBufferPointer(rebasing: raw[..<head]), at: 0)
          return nil
        } catch {
          return error
        }
      }
      if let failure {
        // Gives the space back to the log; what cannot be removed is without a head.
        try? disk.remove(path)
        throw failure
      }
    }
  }

  /// Removes a block.
  func remove(_ firstIndex: UInt64) throws(AuditReadError) {
    let path = path(firstIndex)
    try AuditReadError.reading(path) { () throws(SystemError) in try disk.remove(path) }
  }
}

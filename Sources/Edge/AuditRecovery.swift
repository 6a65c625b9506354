internal import Audit
internal import Base
internal import Native
internal import Reactor

/// A log's folder, opened for writing behind its last whole frame.
struct OpenedLog {
  /// The tree.
  var frontier: MerkleFrontier
  /// The files of tile hashes, level with the tree.
  var levels: AuditLevels
  /// The last segment.
  var segment: any AuditFile
  /// Its number in the log.
  var number: UInt64
  /// Where its last frame ends.
  var end: Int
  /// Bytes of a torn write that were cut off.
  var droppedByteCount = 0
  /// The last signed checkpoint.
  var signed: Checkpoint?
  /// The key that signed it, when that is the one before ours.
  var formerKey: NoteKey?
}

/// Opens a log that was left behind, in whatever state: repairs what a crash can leave, and refuses
/// everything else.
///
/// INVARIANT (no rollback): a log goes on only when the tree that it holds contains the last
/// checkpoint that was signed over it.
struct AuditRecovery {
  let disk: any AuditDisk
  let folder: String
  let name: LogName
  let key: NoteKey
  /// The key before that one, which may have signed, too.
  var retiringKey: NoteKey?

  /// Whether the folder holds a log that was never whole: nothing was acknowledged or signed.
  static func isUnborn(_ disk: any AuditDisk, folder: String) throws -> Bool {
    let names = try disk.names(in: folder)
    if names.contains(AuditPaths.checkpoint) { return false }
    let segments = names.filter { AuditPaths.firstIndex(ofSegment: $0) != nil }
    guard let only = segments.first, segments.count == 1 else { return segments.isEmpty }
    let source = try DiskSource(disk, "\(folder)/\(only)")
    if try SegmentScanner.isStump(source) { return true }
    var scanner = try SegmentScanner(source)
    // Its first frame is written and synced before anything else may be recorded.
    switch scanner.next() {
    case .end, .torn: return true
    case .frame, .corrupt: return false
    }
  }

  /// Opens the log.
  func open() throws -> OpenedLog {
    let signed = try signedCheckpoint()
    let segments = try segmentNames()
    guard let last = segments.last else {
      throw refusal("its segments are missing; restore the folder from a copy")
    }
    var log = try open(last, number: UInt64(segments.count - 1), signed?.value)
    log.formerKey = signed?.isOurs == false ? retiringKey : nil
    return log
  }

  private func refusal(_ reason: String, at file: String? = nil) -> AuditOpenError {
    AuditOpenError(path: file.map { "\(folder)/\($0)" } ?? folder, reason: reason)
  }

  /// The checkpoint, which only our key, or the one before, may have signed.
  private func signedCheckpoint() throws -> (value: Checkpoint, isOurs: Bool)? {
    let path = AuditPaths.checkpoint
    guard let bytes = try disk.readSmall("\(folder)/\(path)") else { return nil }
    guard let note = SignedNote(parsing: String(decoding: bytes, as: UTF8.self)),
      let checkpoint = Checkpoint(text: note.text)
    else { throw refusal("it is no checkpoint; restore it from a copy", at: path) }
    let isOurs = note.isSigned(by: key)
    guard checkpoint.origin == name.origin,
      isOurs || retiringKey.map(note.isSigned) ?? false
    else {
      throw refusal(
        "another key signed it; name that key as `audit.signing_key` (or, while keys change, as"
          + " `audit.retiring_signing_key`), or move the log away so that a new one begins",
        at: path)
    }
    return (checkpoint, isOurs)
  }

  /// The segments in order, after removing the stump of a segment that was just being begun.
  private func segmentNames() throws -> [String] {
    var names = try disk.names(in: folder).filter { AuditPaths.firstIndex(ofSegment: $0) != nil }
    if let last = names.last, names.count > 1,
      try SegmentScanner.isStump(DiskSource(disk, "\(folder)/\(last)"))
    {
      // A crash while it was begun: the one before it was whole on disk by then.
      try disk.remove("\(folder)/\(last)")
      names.removeLast()
    }
    for (number, name) in names.enumerated() {
      let header: SegmentHeader
      do throws(SegmentFault) {
        var source = try source(of: name)
        header = try SegmentHeader(decoding: source.read(at: 0, SegmentHeader.byteCount))
      } catch {
        throw refusal("\(error)", at: name)
      }
      guard header.origin == self.name.origin else {
        throw refusal("it belongs to the log `\(header.origin)`; put it back there", at: name)
      }
      guard header.number == UInt64(number),
        header.firstIndex == AuditPaths.firstIndex(ofSegment: name)
      else {
        throw refusal(
          "it is segment \(header.number) from entry \(header.firstIndex) on, where segment"
            + " \(number) is due: a segment is missing or renamed; restore the folder from a copy",
          at: name)
      }
    }
    return names
  }

  private func source(of name: String) throws(SegmentFault) -> DiskSource {
    do throws(SystemError) {
      return try DiskSource(disk, "\(folder)/\(name)")
    } catch {
      throw SegmentFault(kind: .unreadable("\(error)"), offset: 0, index: 0)
    }
  }

  /// Reads the last segment again, checks it against the checkpoint, and makes it durable.
  private func open(_ name: String, number: UInt64, _ signed: Checkpoint?) throws -> OpenedLog {
    let file = try disk.open("\(folder)/\(name)", isNew: false)
    guard try file.isIntact() else {
      throw refusal("it has a second name (a hard link); remove that, then start again", at: name)
    }
    var found: Found
    do throws(SegmentFault) {
      let first = try SegmentScanner(source(of: name))
      found = Found(first.header)
      try scan(first, signed?.size, &found)
    } catch {
      throw refusal("\(error)", at: name)
    }
    try check(found, signed)
    // Nothing was changed up to here: what is refused stays as it was found.
    var levels = try levels(size: found.firstIndex)
    try levels.append(found.tails)
    if found.fileByteCount > found.end { try file.truncate(byteCount: found.end) }
    try rewrite(file, name, 0..<SegmentHeader.byteCount)
    try rewrite(file, name, found.unsignedStart..<found.end)
    // A crash up to here leaves the same frames, and this is done again.
    try file.synchronize()
    // The segment's name too may never have reached the disk.
    try disk.synchronizeFolder(folder)
    return OpenedLog(
      frontier: found.frontier, levels: levels, segment: file, number: number, end: found.end,
      droppedByteCount: found.droppedByteCount, signed: signed)
  }

  /// What the last segment held.
  private struct Found {
    var frontier: MerkleFrontier
    /// The tree's size at its start.
    let firstIndex: UInt64
    /// Hashes for the level files from there on.
    var tails = TileTails()
    var end = SegmentHeader.byteCount
    var fileByteCount = 0
    var droppedByteCount = 0
    /// Where the frames start that no checkpoint covers.
    var unsignedStart = SegmentHeader.byteCount
    /// The root at the checkpoint's size; nil while that was not met.
    var signedRoot: SHA256Digest?

    init(_ header: SegmentHeader) {
      frontier = header.frontier
      firstIndex = header.firstIndex
    }
  }

  /// Hashes the frames of the last segment into the tree.
  private func scan(
    _ opened: SegmentScanner<DiskSource>, _ signed: UInt64?, _ found: inout Found
  ) throws(SegmentFault) {
    var scanner = opened
    var hasher = MerkleHasher()
    if found.frontier.size == signed { found.signedRoot = found.frontier.root(&hasher) }
    while true {
      switch scanner.next() {
      case .frame(let frame):
        let isWhole = unsafe frame.body.withUnsafeBytes { body in
          unsafe frame.header.forEachEntry(in: body) { _, entry in
            found.frontier.append(unsafe hasher.leaf(entry), &hasher, tiles: &found.tails)
          }
        }
        let fault = SegmentFault(
          kind: .wrongRoot, offset: frame.offset, index: frame.header.firstIndex)
        guard isWhole, found.frontier.root(&hasher) == frame.header.root else { throw fault }
        found.end = frame.end
        if found.frontier.size == signed { found.signedRoot = frame.header.root }
        if let signed, found.frontier.size <= signed { found.unsignedStart = frame.end }
      case .end(let offset):
        found.end = offset
        found.fileByteCount = max(offset, scanner.byteCount)
        return
      case .torn(let offset, let byteCount):
        found.end = offset
        found.fileByteCount = scanner.byteCount
        found.droppedByteCount = byteCount
        return
      case .corrupt(let fault): throw fault
      }
    }
  }

  /// Refuses a tree that is not an extension of the signed one.
  private func check(_ found: Found, _ signed: Checkpoint?) throws {
    guard let signed else { return }
    guard signed.size <= found.frontier.size else {
      throw refusal(
        "its checkpoint covers \(signed.size) entries, but only \(found.frontier.size) are there:"
          + " the end was removed, or the disk lost what it had acknowledged; restore the folder"
          + " from a copy, or move it away as evidence so that a new log begins")
    }
    let root = try found.signedRoot ?? rootFromLevels(signed.size)
    guard root == signed.root else {
      throw refusal(
        "the entries are not the ones that its checkpoint signs (\(signed.size) entries): the log"
          + " was altered; keep the folder as evidence, restore it from a copy, or move it away so"
          + " that a new log begins")
    }
  }

  /// The root over the first `size` entries, all of them in earlier segments.
  private func rootFromLevels(_ size: UInt64) throws -> SHA256Digest {
    var hasher = MerkleHasher()
    return try MerkleProofs.root(0..<size, &hasher) { height, index throws in
      try Tiles.subtree(height: height, index: index) { level, index throws in
        guard
          let hash = try AuditLevels.hash(disk, folder: folder, level: level, index: index)
        else { throw refusal("it is too short", at: AuditPaths.level(level)) }
        return hash
      }
    }
  }

  /// Writes once more what no checkpoint covers: bytes that were read may stand in memory only, if
  /// the last sync of them failed, and a second sync would not write them.
  private func rewrite(_ file: any AuditFile, _ name: String, _ range: Range<Int>) throws {
    var start = range.lowerBound
    while start < range.upperBound {
      let bytes = try disk.read(
        "\(folder)/\(name)", at: start, min(1 << 20, range.upperBound - start))
      let failure = unsafe bytes.withUnsafeBytes { raw -> SystemError? in
        do throws(SystemError) {
          try unsafe file.write(raw, at: start)
          return nil
        } catch {
          return error
        }
      }
      if let failure { throw failure }
      start += bytes.count
    }
  }

  /// The level files up to the last segment, made anew from all segments when they are too short.
  private func levels(size: UInt64) throws(SegmentFault) -> AuditLevels {
    do throws(SystemError) {
      if let levels = try AuditLevels(disk, folder: folder, size: size) { return levels }
      for level in 0..<TileTails.levelCount {
        let path = "\(folder)/\(AuditPaths.level(level))"
        if try disk.byteCount(of: path) != nil { try disk.remove(path) }
      }
      guard var levels = try AuditLevels(disk, folder: folder, size: 0) else {
        preconditionFailure("an empty tree needs no files")
      }
      try rebuild(&levels, upTo: size)
      return levels
    } catch {
      throw SegmentFault(kind: .unreadable("\(error)"), offset: 0, index: 0)
    }
  }

  /// Hashes all segments before the last one.
  private func rebuild(_ levels: inout AuditLevels, upTo size: UInt64) throws(SystemError) {
    var frontier = MerkleFrontier()
    var hasher = MerkleHasher()
    for name in try disk.names(in: folder) {
      guard let first = AuditPaths.firstIndex(ofSegment: name), first < size else { continue }
      guard var scanner = try? SegmentScanner(source(of: name), isLast: false) else { continue }
      while case .frame(let frame) = scanner.next() {
        var tails = TileTails()
        _ = unsafe frame.body.withUnsafeBytes { body in
          unsafe frame.header.forEachEntry(in: body) { _, entry in
            frontier.append(unsafe hasher.leaf(entry), &hasher, tiles: &tails)
          }
        }
        try levels.append(tails)
      }
    }
    try levels.synchronize()
  }
}

public import Audit
internal import Base
internal import Native
internal import Reactor

/// Recomputes a log from its entries: frames, tree, level files, signatures, accounts.
///
/// Believes nothing but the key that it is given. Reads a running log too: what lies behind the
/// checkpoint that it read first is checked, but not demanded.
public struct AuditVerification {
  /// What was found right.
  public struct Report: Equatable {
    /// The log.
    public var origin = ""
    /// Entries in all.
    public var entryCount: UInt64 = 0
    /// Entries that the checkpoint covers.
    public var signedCount: UInt64 = 0
    /// Decisions among all entries.
    public var decisionCount: UInt64 = 0
    /// Heartbeats among them.
    public var heartbeatCount: UInt64 = 0
    /// Segments.
    public var segmentCount = 0
    /// Bytes behind the last whole frame: a write under way or torn.
    public var tornByteCount = 0
    /// Whether the key was the reader's own, and not the one that the log publishes.
    public var isKeyTrusted = false
  }

  private let folder: AuditFolder
  private let keys: [NoteKey]
  private let note: SignedNote
  private let checkpoint: Checkpoint
  /// Other checkpoints of the log that must lie on its way.
  private var earlier: [(path: String, value: Checkpoint)] = []
  private var report = Report()
  private var frontier = MerkleFrontier()
  private var account = AccountCheck()
  /// What the logs of one edge say together.
  private var totals = TotalCheck()

  /// Prepares the check of one log. `keys` gives the reader's own keys by origin, one of which must
  /// have signed; nil takes the one that the log publishes.
  public init(
    _ folder: AuditFolder, keys: ((_ origin: String) -> [NoteKey])?
  ) throws(AuditReadError) {
    self.folder = folder
    let path = "\(folder.path)/\(AuditPaths.checkpoint)"
    guard let (note, checkpoint) = try folder.checkpoint() else {
      throw AuditReadError(path: path, finding: "there is none: nothing of the log is signed")
    }
    let published = try folder.publishedKey()
    let trusted = keys.map { $0(checkpoint.origin) } ?? published.map { [$0] } ?? []
    guard let first = trusted.first else {
      throw AuditReadError(path: path, finding: "there is no key to check it with; give one")
    }
    guard trusted.contains(where: note.isSigned) else {
      throw AuditReadError(path: path, finding: "it is not signed by the key `\(first.text)`")
    }
    self.note = note
    self.checkpoint = checkpoint
    self.keys = trusted
    report.origin = checkpoint.origin
  }

  /// Demands that the log also contains the tree of an older checkpoint, wherever that was kept.
  /// False when it is of another log.
  public mutating func demand(
    _ note: SignedNote, _ checkpoint: Checkpoint, path: String
  ) throws(AuditReadError) -> Bool {
    guard checkpoint.origin == self.checkpoint.origin else { return false }
    guard keys.contains(where: note.isSigned) else {
      throw AuditReadError(
        path: path, finding: "it is not signed by the key `\(keys.first?.text ?? "")`")
    }
    earlier.append((path, checkpoint))
    return true
  }

  /// Reads and recomputes everything; throws the first fault. `totals` takes what the log says
  /// about all logs of its edge.
  public mutating func run(
    isKeyTrusted: Bool, totals: inout TotalCheck
  ) throws(AuditReadError) -> Report {
    swap(&self.totals, &totals)
    defer { swap(&self.totals, &totals) }
    return try run(isKeyTrusted: isKeyTrusted)
  }

  /// The same for a log by itself.
  public mutating func run(isKeyTrusted: Bool) throws(AuditReadError) -> Report {
    report.isKeyTrusted = isKeyTrusted
    earlier.append(("\(folder.path)/\(AuditPaths.checkpoint)", checkpoint))
    earlier.sort { $0.value.size < $1.value.size }
    var levels = try LevelComparison(folder)
    for (number, name) in folder.segments.enumerated() {
      try check(name, number, &levels)
      report.segmentCount += 1
    }
    report.entryCount = frontier.size
    report.signedCount = checkpoint.size
    if let missing = earlier.first(where: { $0.value.size > frontier.size }) {
      throw AuditReadError(
        path: folder.path,
        finding: "\(frontier.size) entries are there, but the checkpoint `\(missing.path)` covers"
          + " \(missing.value.size): the end is missing")
    }
    try levels.finish(signedSize: checkpoint.size)
    return report
  }

  /// Checks one segment.
  private mutating func check(
    _ name: String, _ number: Int, _ levels: inout LevelComparison
  ) throws(AuditReadError) {
    let path = "\(folder.path)/\(name)"
    let isLast = number == folder.segments.count - 1
    guard var scanner = try folder.scanner(name, isLast: isLast) else { return }
    let header = scanner.header
    guard header.origin == checkpoint.origin else {
      throw AuditReadError(path: path, finding: "it belongs to the log `\(header.origin)`")
    }
    guard header.number == UInt64(number), header.firstIndex == frontier.size,
      AuditPaths.segment(header.firstIndex) == name
    else {
      throw AuditReadError(
        path: path,
        finding: "it starts with entry \(header.firstIndex) as segment \(header.number), but entry"
          + " \(frontier.size) and segment \(number) are due: entries are missing before it")
    }
    guard header.frontier == frontier else {
      throw AuditReadError(
        path: path, finding: "the tree that it starts from is not that of the segments before it")
    }
    var hasher = MerkleHasher()
    checkRoots(at: frontier.root(&hasher))
    while true {
      switch scanner.next() {
      case .end: return
      case .torn(_, let byteCount):
        report.tornByteCount = byteCount
        return
      case .corrupt(let fault): throw AuditReadError(path: path, finding: fault.finding)
      case .frame(let frame): try check(frame, path, &hasher, &levels)
      }
      if let failure { throw failure }
    }
  }

  /// The first checkpoint that does not hold.
  private var failure: AuditReadError?

  /// Compares the root at the current size with the checkpoints of that size.
  private mutating func checkRoots(at root: SHA256Digest) {
    for (path, value) in earlier where value.size == frontier.size && value.root != root {
      failure = AuditReadError(
        path: folder.path,
        finding: "the first \(value.size) entries are not the ones that the checkpoint `\(path)`"
          + " signs: the history was forked or rewritten before entry \(value.size)")
    }
  }

  /// Checks one frame.
  private mutating func check(
    _ frame: ScannedFrame, _ path: String, _ hasher: inout MerkleHasher,
    _ levels: inout LevelComparison
  ) throws(AuditReadError) {
    var tails = TileTails()
    var fault: (index: UInt64, finding: String)?
    // Checkpoints are signed between frames; one of another size is checked at its entry.
    let sizes = earlier.map(\.value.size)
    let isWhole = unsafe frame.body.withUnsafeBytes { body in
      unsafe frame.header.forEachEntry(in: body) { index, entry in
        frontier.append(unsafe hasher.leaf(entry), &hasher, tiles: &tails)
        switch unsafe AccountCheck.kind(of: entry) {
        case .decision?: report.decisionCount += 1
        case .heartbeat?: report.heartbeatCount += 1
        default: break
        }
        unsafe totals.take(entry)
        if let finding = unsafe account.take(entry), fault == nil { fault = (index, finding) }
        if sizes.contains(frontier.size) { checkRoots(at: frontier.root(&hasher)) }
      }
    }
    let place = SegmentFault(
      kind: .wrongRoot, offset: frame.offset, index: frame.header.firstIndex)
    guard isWhole, frontier.root(&hasher) == frame.header.root else {
      throw AuditReadError(path: path, finding: place.finding)
    }
    try levels.compare(tails)
    if let fault {
      throw AuditReadError(
        path: path,
        finding: "entry \(fault.index) (frame at byte \(frame.offset)): \(fault.finding)"
      )
    }
  }
}

/// Compares the level files with what the entries give.
struct LevelComparison {
  private let folder: AuditFolder
  private var offsets = Array(repeating: 0, count: TileTails.levelCount)

  init(_ folder: AuditFolder) throws(AuditReadError) { self.folder = folder }

  /// Compares the next hashes of each level.
  mutating func compare(_ tails: TileTails) throws(AuditReadError) {
    for level in tails.levels.indices where !tails.levels[level].isEmpty && !missing[level] {
      let expected = tails.levels[level]
      let path = "\(folder.path)/\(AuditPaths.level(level))"
      let stored: [UInt8]
      do throws(SystemError) {
        stored = try folder.disk.read(path, at: offsets[level], expected.count)
      } catch {
        throw AuditReadError(path: path, finding: "\(error)")
      }
      let shared = min(stored.count, expected.count)
      if let place = (0..<shared).first(where: { stored[$0] != expected[$0] }) {
        throw AuditReadError(
          path: path,
          finding: "hash \((offsets[level] + place) / 32) is not that of the entries")
      }
      offsets[level] += shared
      // A running edge may be about to write the rest; `finish` says whether it was needed.
      if shared < expected.count { missing[level] = true }
    }
  }

  private var missing = Array(repeating: false, count: TileTails.levelCount)

  /// Demands every hash that the signed tree has.
  func finish(signedSize: UInt64) throws(AuditReadError) {
    for level in 0..<TileTails.levelCount where missing[level] {
      let due = Tiles.hashCount(level: level, size: signedSize)
      if UInt64(offsets[level] / 32) < due {
        throw AuditReadError(
          path: "\(folder.path)/\(AuditPaths.level(level))",
          finding: "it ends before hash \(offsets[level] / 32) of \(due)")
      }
    }
  }
}

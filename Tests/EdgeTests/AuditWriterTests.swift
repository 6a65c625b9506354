import Audit
import Base
import Native
import Reactor
import Testing

@testable import Edge

/// A log on a disk in memory, written as the committer writes it.
struct LogWriter: ~Copyable {
  let writer: AuditWriter
  private var group: GroupCommit

  /// The tests' signing key.
  static func signer(_ byte: UInt8 = 5, retiring: UInt8? = nil) throws -> AuditSigner {
    let key = try SigningKey(rawBytes: [UInt8](repeating: byte, count: 32))
    guard let retiring else { return AuditSigner(key) }
    return AuditSigner(key, retiring: try signer(retiring))
  }

  init(
    _ disk: FaultyDisk, segmentByteCountMax: Int = 1 << 20, signer: UInt8 = 5,
    retiring: UInt8? = nil, retention: RetentionClasses = .standard, at time: WallTime = auditTime
  ) throws {
    var options = auditOptions("audit", segmentByteCountMax)
    options.retention = retention
    group = GroupCommit(firstSequence: 1, classCount: retention.count)
    writer = try AuditWriter(
      options, disk: disk, signer: Self.signer(signer, retiring: retiring), lock: nil, at: time)
  }

  /// Appends an event to each class that is named, as one batch, and puts them on disk.
  mutating func write(_ events: [(retention: Int, detail: String)]) throws {
    for (retention, detail) in events {
      var event = EventRecord(kind: .operatorAction, time: auditTime)
      event.detail = .text(detail)
      _ = group.append(event, in: retention)
    }
    try commit()
  }

  /// Puts what waits on disk.
  private mutating func commit() throws {
    var batch = ByteQueue()
    #expect(group.begin(into: &batch) == .write)
    try writer.write(batch, at: auditTime)
    _ = group.wrote(byteCount: batch.count)
    #expect(try writer.synchronize())
    _ = group.synced()
  }

  /// Appends so many events as one batch and puts them on disk; the size of the log then.
  @discardableResult
  mutating func write(_ count: Int = 1, detail: String = "x") throws -> UInt64 {
    var event = EventRecord(kind: .operatorAction, time: auditTime)
    event.detail = .text(detail)
    return try write(Array(repeating: .event(event), count: count))
  }

  /// Appends records as one batch and puts them on disk; the size of the log then.
  @discardableResult
  mutating func write(_ records: [AuditRecord]) throws -> UInt64 {
    for record in records {
      switch record {
      case .decision(let decision): _ = group.append(decision)
      case .outcome(let outcome): _ = group.append(outcome)
      case .event(let event): _ = group.append(event)
      }
    }
    try commit()
    return writer.state(of: 0).size
  }
}

/// Two classes.
let twoClasses = RetentionClasses([
  RetentionClass(name: "clinical", keepDays: 30),
  RetentionClass(name: "part2", keepDays: 60, dataClasses: [.substanceUse]),
])

/// What a log on a disk holds, read without the writer.
struct LogContent {
  var details: [String] = []
  var entries: [[UInt8]] = []
  var checkpoint: Checkpoint?
  var segmentCount = 0

  init(_ disk: FaultyDisk, _ name: LogName) throws {
    let folder = "audit/\(name.folder)"
    for file in try disk.names(in: folder) {
      if file == "checkpoint" {
        let note = SignedNote(
          parsing: String(decoding: try disk.readSmall("\(folder)/\(file)") ?? [], as: UTF8.self))
        checkpoint = Checkpoint(text: try #require(note).text)
      }
      guard file.hasSuffix(".segment") else { continue }
      segmentCount += 1
      var scanner = try SegmentScanner(DiskSource(disk, "\(folder)/\(file)"))
      #expect(scanner.nextIndex == UInt64(entries.count))
      while case .frame(let frame) = scanner.next() {
        _ = try unsafe frame.body.withUnsafeBytes { body in
          try unsafe frame.header.forEachEntry(in: body) { _, entry throws(RecordFault) in
            entries.append(unsafe [UInt8](entry))
            if case .event(let event) = try unsafe AuditRecord(decoding: entry) {
              details.append(event.detail.string)
            }
          }
        }
      }
    }
  }

  /// The root over the first `size` entries.
  func root(_ size: UInt64) -> SHA256Digest {
    var frontier = MerkleFrontier()
    var tails = TileTails()
    var hasher = MerkleHasher()
    for entry in entries.prefix(Int(size)) {
      frontier.append(hasher.leaf(entry), &hasher, tiles: &tails)
    }
    return frontier.root(&hasher)
  }
}

@Suite struct AuditWriterTests {
  @Test func aNewLogOpensWithAnEntryAndACheckpoint() throws {
    let disk = FaultyDisk()
    var log = try LogWriter(disk)
    #expect(log.writer.state(of: 0).name.folder == "edge-test.clinical.20261122T050000Z")
    #expect(log.writer.recoveries.isEmpty)
    #expect(try log.write(3) == 4)
    #expect(try log.write(2) == 6)
    let name = log.writer.state(of: 0).name
    #expect(try LogContent(disk, name).checkpoint?.size == 1)
    try log.writer.publish()
    let content = try LogContent(disk, name)
    #expect(content.details == ["", "x", "x", "x", "x", "x"] && content.segmentCount == 1)
    #expect(content.checkpoint?.size == 6 && content.checkpoint?.root == content.root(6))
    #expect(content.checkpoint?.origin == name.origin)
  }

  @Test(arguments: [1 << 20, 4_500])
  func aReopenedLogGoesOn(segmentByteCountMax: Int) throws {
    let disk = FaultyDisk()
    var size: UInt64 = 1
    for _ in 0..<6 {
      var log = try LogWriter(disk, segmentByteCountMax: segmentByteCountMax)
      #expect(log.writer.state(of: 0).size == size && log.writer.recoveries.isEmpty)
      size = try log.write(3, detail: String(repeating: "d", count: 60))
      try log.writer.close()
    }
    let name = try LogWriter(disk).writer.state(of: 0).name
    let content = try LogContent(disk, name)
    #expect(content.entries.count == 19 && content.checkpoint?.size == 19)
    #expect(content.checkpoint?.root == content.root(19))
    #expect(content.segmentCount == (segmentByteCountMax == 1 << 20 ? 1 : 6))
  }

  /// Level files hold the hash of every entry, also after the files were lost.
  @Test func lostLevelFilesAreMadeAnew() throws {
    let disk = FaultyDisk()
    var log = try LogWriter(disk, segmentByteCountMax: 9_000)
    for _ in 0..<60 { try log.write(10) }
    try log.writer.close()
    let name = log.writer.state(of: 0).name
    let path = "audit/\(name.folder)/level-0"
    let (levels, above) = try (disk.readSmall(path), disk.readSmall("audit/\(name.folder)/level-1"))
    #expect(levels?.count == 601 * 32 && above?.count == 2 * 32)
    try disk.remove(path)
    _ = try LogWriter(disk, segmentByteCountMax: 9_000)
    #expect(try disk.readSmall(path) == levels)
    #expect(try disk.readSmall("audit/\(name.folder)/level-1") == above)
  }

  @Test func aMonthsEndBeginsALogThatNamesItsPredecessor() throws {
    let disk = FaultyDisk()
    var log = try LogWriter(disk)
    try log.write(2)
    let december = WallTime(microseconds: auditTime.microseconds + 10 * 86_400_000_000)
    try log.writer.rotate(at: auditTime) { _ in AuditCounters() }
    let first = log.writer.state(of: 0).name
    var counters = AuditCounters()
    counters.committed = 7
    try log.writer.rotate(at: december) { _ in counters }
    let second = log.writer.state(of: 0).name
    #expect(second != first && second.begin.hasPrefix("20261202T"))
    #expect(try log.write(1) == 2)
    let last = try #require(try LogContent(disk, first).checkpoint)
    #expect(last.size == 3)
    let opening = try #require(try LogContent(disk, second).entries.first)
    guard
      case .event(let event) = try unsafe opening.withUnsafeBytes({
        try unsafe AuditRecord(decoding: $0)
      })
    else { return }
    #expect(event.kind == .logOpen && event.counters == counters)
    let note = try #require(SignedNote(parsing: event.predecessor.string))
    #expect(Checkpoint(text: note.text) == last)
    #expect(note.isSigned(by: try LogWriter.signer().noteKey(first.origin)))
    // A clock that was set back does not bring the old log back.
    #expect(try LogWriter(disk).writer.state(of: 0).name == second)
  }

  /// Whatever happened to the files, the log says so and what to do, and changes nothing.
  @Test(
    arguments: [
      ("a flipped byte", "altered or the disk failed"), ("a removed end", "the end was removed"),
      ("another history", "are not the ones that its checkpoint signs"),
      ("a missing segment", "a segment is missing or renamed"),
      ("no segments", "its segments are missing"),
      ("another log's segment", "it belongs to the log"),
      ("another signer", "another key signed it"), ("no keys", "the log's keys are missing"),
      ("another operator", "does not open the log's keys"),
      ("a replaced checkpoint", "it is no checkpoint"),
      ("a hard link", "a second name"),
    ])
  func damageIsRefusedWithAdvice(damage: String, advice: String) throws {
    let disk = FaultyDisk()
    var log = try LogWriter(disk, segmentByteCountMax: 4_500)
    for _ in 0..<4 { try log.write(3, detail: String(repeating: "d", count: 60)) }
    try log.writer.close()
    let name = log.writer.state(of: 0).name
    let folder = "audit/\(name.folder)"
    let segments = try disk.names(in: folder).filter { $0.hasSuffix(".segment") }
    #expect(segments.count == 4)
    let last = "\(folder)/\(segments[3])"
    var options = auditOptions("audit", 4_500)
    var signer: UInt8 = 5
    switch damage {
    case "a flipped byte": disk.alter(last) { $0[SegmentHeader.byteCount + 100] ^= 1 }
    case "a removed end": disk.alter(last) { $0.removeLast($0.count - SegmentHeader.byteCount) }
    case "another history":
      let other = FaultyDisk()
      var fork = try LogWriter(other, segmentByteCountMax: 4_500)
      for _ in 0..<4 { try fork.write(3, detail: String(repeating: "e", count: 60)) }
      try fork.writer.close()
      for name in segments {
        let bytes = try #require(try other.readSmall("\(folder)/\(name)"))
        disk.alter("\(folder)/\(name)") { $0 = bytes }
      }
    case "a missing segment": try disk.remove("\(folder)/\(segments[1])")
    case "no segments": for name in segments { try disk.remove("\(folder)/\(name)") }
    case "another log's segment":
      disk.alter(last) { bytes in
        var header = ByteQueue()
        SegmentHeader(
          origin: "other", number: 3, created: auditTime, frontier: MerkleFrontier()
        ).encode(into: &header)
        bytes.replaceSubrange(..<SegmentHeader.byteCount, with: header.copyToArray())
      }
    case "another signer": signer = 6
    case "no keys": try disk.remove("audit/keys/\(name.folder)")
    case "another operator": options.pseudonymKey[0] ^= 1
    case "a replaced checkpoint": disk.alter("\(folder)/checkpoint") { $0 = Array("x\n".utf8) }
    default: disk.files[last]?.linkCount = 2
    }
    let before = disk.files.mapValues(\.current)
    let error = #expect(throws: AuditOpenError.self) {
      _ = try AuditWriter(
        options, disk: disk, signer: try LogWriter.signer(signer), lock: nil, at: auditTime)
    }
    #expect(error?.description.contains(advice) == true, "\(error?.description ?? "none")")
    let isSame = disk.files.mapValues(\.current) == before
    #expect(isSame)
  }

  @Test func aReplacedFileIsNoticedAtTheNextSync() throws {
    let disk = FaultyDisk()
    var log = try LogWriter(disk)
    try log.write()
    let folder = "audit/\(log.writer.state(of: 0).name.folder)"
    let segment = try #require(try disk.names(in: folder).first { $0.hasSuffix(".segment") })
    disk.replaceBehindTheLog("\(folder)/\(segment)")
    var batch = ByteQueue()
    var group = GroupCommit(firstSequence: 1)
    _ = group.append(EventRecord(kind: .stop, time: auditTime))
    _ = group.begin(into: &batch)
    try log.writer.write(batch, at: auditTime)
    #expect(try !log.writer.synchronize())
  }

  @Test func oneProcessWritesALog() throws {
    let folder = try TemporaryFolder()
    try SigningKey().save(toPEMFile: folder.path + "/signing.key")
    do {
      let log = try AuditWriter(folder.options(), at: auditTime)
      #expect(log.state(of: 0).size == 1)
      let error = #expect(throws: AuditOpenError.self) {
        _ = try AuditWriter(folder.options(), at: auditTime)
      }
      #expect(
        error?.description
          == "audit log `\(folder.path)`: another process writes it; stop that first")
    }
    // The lock goes with its owner.
    #expect(try AuditWriter(folder.options(), at: auditTime).state(of: 0).size == 1)
  }

  @Test func theSigningKeyMustBeThereAndOursAlone() throws {
    let folder = try TemporaryFolder()
    let missing = #expect(throws: AuditOpenError.self) {
      _ = try AuditWriter(folder.options(), at: auditTime)
    }
    #expect(missing?.description.contains("`homeward audit keys ") == true)
    try folder.write("signing.key", Array("no key".utf8))
    let malformed = #expect(throws: AuditOpenError.self) {
      _ = try AuditWriter(folder.options(), at: auditTime)
    }
    #expect(malformed?.description.contains("signing.key") == true)
  }
}

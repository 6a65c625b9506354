import Audit
import Base
import Native
import Reactor
import Testing

@testable import Edge

private let first = "00000000.segment"
private let zeros = String(repeating: "0", count: 64)

@Suite struct AuditSegmentsTests {
  @Test func aNewLogBeginsWithItsFirstBatch() throws {
    let folder = try TemporaryFolder()
    var log = try LogWriter(folder.options())
    #expect(log.segments.nextSequence == 1 && log.segments.recovery == nil)
    #expect(try folder.segments() == [])
    try log.write(3)
    try log.write(2)
    #expect(try folder.segments() == [first])
    let content = try SegmentContent(try folder.read(first))
    #expect(content.sequences == [1, 2, 3, 4, 5])
    #expect(content.header.number == 0 && content.header.firstSequence == 1)
    #expect(content.header.created == auditTime && content.previousHash == zeros)
  }

  @Test func aReopenedLogContinuesItsSequence() throws {
    let folder = try TemporaryFolder()
    for (round, next) in [1, 4, 7, 10].enumerated() {
      var log = try LogWriter(folder.options())
      #expect(log.segments.nextSequence == UInt64(next))
      #expect(log.segments.recovery == nil)
      // A restart that writes nothing leaves nothing.
      if round < 3 { try log.write(3) }
    }
    #expect(try folder.segments() == [first])
    #expect(try SegmentContent(try folder.read(first)).sequences == Array(1...9))
  }

  /// Every way in which the last write can have been cut short.
  @Test func aTornTailIsCutOffAndRecorded() throws {
    let folder = try TemporaryFolder()
    do {
      var log = try LogWriter(folder.options())
      try log.write(2)
      try log.write(1, detail: "torn")
    }
    let whole = try folder.read(first)
    let kept = try #require(Self.frameEnds(whole).dropLast().last)
    for cut in (kept + 1)..<whole.count {
      try folder.write(first, Array(whole.prefix(cut)))
      var log = try LogWriter(folder.options())
      #expect(log.segments.nextSequence == 3, "cut at \(cut)")
      let event = try #require(log.segments.recovery, "cut at \(cut)")
      #expect(event.kind == .recovery && event.time == auditTime)
      #expect(event.bytesDropped > 0 && event.bytesDropped <= UInt64(cut - kept))
      #expect(try folder.read(first) == Array(whole.prefix(kept)))
      // The number of the lost record is given to the next one.
      try log.write(1)
      #expect(try SegmentContent(try folder.read(first)).sequences == [1, 2, 3])
    }
  }

  /// Where each frame of a segment ends.
  private static func frameEnds(_ bytes: [UInt8]) throws -> [Int] {
    try unsafe bytes.withUnsafeBytes { raw in
      var scanner = try unsafe SegmentScanner(raw)
      var ends: [Int] = []
      while case .frame(let frame) = scanner.next() { ends.append(frame.payload.upperBound) }
      return ends
    }
  }

  @Test func preallocatedZerosAreNoLoss() throws {
    let folder = try TemporaryFolder()
    do {
      var log = try LogWriter(folder.options())
      try log.write(2)
    }
    let whole = try folder.read(first)
    try folder.write(first, whole + [UInt8](repeating: 0, count: 300))
    let log = try LogWriter(folder.options())
    #expect(log.segments.nextSequence == 3 && log.segments.recovery == nil)
    #expect(try folder.read(first) == whole)
  }

  /// A damaged frame with whole ones behind it was not torn: somebody altered the log.
  @Test func aCorruptMiddleIsRefusedAndKept() throws {
    let folder = try TemporaryFolder()
    do {
      var log = try LogWriter(folder.options())
      try log.write(3)
    }
    var bytes = try folder.read(first)
    bytes[SegmentHeader.byteCount + 20] ^= 1
    try folder.write(first, bytes)
    let path = folder.path + "/" + first
    let error = #expect(throws: AuditOpenError.self) {
      _ = try LogWriter(folder.options())
    }
    #expect(
      error?.description == """
        audit log `\(path)`: the frame at byte 128 (record 1) is damaged and whole frames follow; \
        the log was altered or the disk failed: keep the file as evidence, restore it from a \
        copy, or start a new log in an empty directory
        """)
    #expect(try folder.read(first) == bytes)
  }

  @Test func aDamagedHeaderIsRefusedWithItsPath() throws {
    let folder = try TemporaryFolder()
    do {
      var log = try LogWriter(folder.options())
      try log.write(1)
    }
    var bytes = try folder.read(first)
    bytes[50] ^= 1
    try folder.write(first, bytes)
    let error = #expect(throws: AuditOpenError.self) {
      _ = try LogWriter(folder.options())
    }
    #expect(error?.path == folder.path + "/" + first)
    #expect(error?.reason.hasPrefix("the segment's header is damaged") == true)
  }

  @Test func oneProcessWritesALog() throws {
    let folder = try TemporaryFolder()
    do {
      let log = try LogWriter(folder.options())
      #expect(log.segments.nextSequence == 1)
      let error = #expect(throws: AuditOpenError.self) {
        _ = try LogWriter(folder.options())
      }
      #expect(
        error?.description
          == "audit log `\(folder.path)`: another process writes it; stop that first")
    }
    // The lock goes with its owner.
    #expect(try LogWriter(folder.options()).segments.nextSequence == 1)
  }

  @Test func aFullSegmentIsFollowedByOneThatNamesItsHash() throws {
    let folder = try TemporaryFolder()
    var log = try LogWriter(folder.options(segmentByteCountMax: 400))
    for _ in 0..<8 { try log.write(2, detail: String(repeating: "d", count: 40)) }
    let names = try folder.segments()
    #expect(names.count > 2)
    var sequences: [UInt64] = []
    var previous = zeros
    var ids: Set<AuditID> = []
    for (index, name) in names.enumerated() {
      let bytes = try folder.read(name)
      let content = try SegmentContent(bytes)
      #expect(bytes.count <= 400)
      #expect(content.header.number == UInt64(index))
      #expect(content.header.firstSequence == UInt64(sequences.count + 1))
      #expect(content.previousHash == previous)
      sequences += content.sequences
      previous = SHA256.hash(bytes).description
      ids.insert(content.header.log)
    }
    #expect(sequences == Array(1...16))
    #expect(ids.count == 1)
  }

  /// The chain of hashes and the log's name go on across restarts.
  @Test func theChainGoesOnAfterARestart() throws {
    let folder = try TemporaryFolder()
    let options = folder.options(segmentByteCountMax: 300)
    for _ in 0..<6 {
      var log = try LogWriter(options)
      try log.write(1, detail: String(repeating: "d", count: 60))
    }
    let contents = try folder.segments().map { try folder.read($0) }
    #expect(contents.count > 1)
    for index in 1..<contents.count {
      let content = try SegmentContent(contents[index])
      #expect(content.previousHash == SHA256.hash(contents[index - 1]).description)
      #expect(content.header.log == (try SegmentContent(contents[0])).header.log)
    }
    #expect(try contents.flatMap { try SegmentContent($0).sequences } == Array(1...6))
  }

  /// A crash while a segment is begun leaves a file without a whole header.
  @Test(arguments: [0, 1, 60, 127])
  func aStumpIsMadeAnew(_ byteCount: Int) throws {
    let folder = try TemporaryFolder()
    let options = folder.options(segmentByteCountMax: 300)
    do {
      var log = try LogWriter(options)
      try log.write(2)
    }
    let whole = try folder.read(first)
    try folder.write("00000001.segment", Array(whole.prefix(byteCount)))
    var log = try LogWriter(options)
    #expect(log.segments.nextSequence == 3)
    #expect(log.segments.recovery == nil)
    for _ in 0..<3 { try log.write(1, detail: String(repeating: "d", count: 100)) }
    let names = try folder.segments()
    #expect(names.prefix(2) == [first, "00000001.segment"])
    let contents = try names.map { try folder.read($0) }
    #expect(try contents.flatMap { try SegmentContent($0).sequences } == [1, 2, 3, 4, 5])
    let second = try SegmentContent(contents[1])
    #expect(second.previousHash == SHA256.hash(contents[0]).description)
  }

  /// The same in a new log, which holds nothing else.
  @Test func aStumpOfTheFirstSegmentIsMadeAnew() throws {
    let folder = try TemporaryFolder()
    try folder.write(first, [UInt8](repeating: 0, count: 4096))
    var log = try LogWriter(folder.options())
    #expect(log.segments.nextSequence == 1)
    try log.write(1)
    #expect(try SegmentContent(try folder.read(first)).sequences == [1])
  }

  /// Before a successor is begun the segment is whole on disk: somebody cut a torn one there.
  @Test func aTornSegmentBeforeAStumpIsRefused() throws {
    let folder = try TemporaryFolder()
    do {
      var log = try LogWriter(folder.options())
      try log.write(2)
    }
    let whole = try folder.read(first)
    try folder.write(first, Array(whole.dropLast(3)))
    try folder.write("00000001.segment", [])
    let error = #expect(throws: AuditOpenError.self) {
      _ = try LogWriter(folder.options())
    }
    #expect(error?.path == folder.path + "/" + first)
    #expect(error?.reason.hasPrefix("the segment ends inside the frame at byte") == true)
    #expect(try folder.segments().count == 2)
  }
}

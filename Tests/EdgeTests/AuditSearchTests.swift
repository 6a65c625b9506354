import Audit
import Base
import Native
import Reactor
import Testing

@testable import Edge

/// Searches answer what a slow referee answers, whatever became of the index.
@Suite struct AuditSearchTests {
  /// A log that grows while it is indexed and asked; not all of it under a checkpoint.
  @Test(arguments: 1...12 as ClosedRange<UInt64>)
  func aGrowingLogIsSearchedLikeTheRefereeDoes(seed: UInt64) throws {
    let log = try SearchedLog(seed: seed)
    var indexed: UInt64 = 0
    for _ in 0..<12 {
      let count = Int.random(in: 1...40, using: &log.random)
      try log.append(count, isSigned: Bool.random(using: &log.random))
      try log.index(stepsMax: Int.random(in: 0...4, using: &log.random))
      indexed += try log.expectRightAnswers(6)
    }
    #expect(indexed > 0)
    let query = log.query()
    let (found, _, coverage) = try log.search(query, usesIndex: false)
    #expect(found.sorted() == log.referee(query) && coverage.indexedCount == 0)
  }

  /// What no checkpoint covers may vanish in a crash; it is found all the same.
  @Test func onlyWhatACheckpointCoversIsIndexed() throws {
    let log = try SearchedLog(seed: 1)
    try log.append(40)
    try log.append(40, isSigned: false)
    try log.index(isClosed: true)
    let coverage = try log.search(SearchQuery(patient: "p1")).coverage
    #expect(coverage.indexedCount == 41 && coverage.scannedCount == 40)
    #expect(coverage.endIndex == 81)
  }

  /// Fails each operation of the indexer in turn, then loses power.
  @Test(arguments: FaultyDisk.Fault.allCases)
  func anInterruptedIndexGoesOn(fault: FaultyDisk.Fault) throws {
    var operation = 1
    while true {
      let log = try SearchedLog(seed: UInt64(operation))
      try log.append(70)
      log.disk.failing = (log.disk.operationCount + operation, fault)
      let isMade = (try? log.index()) != nil
      let hasFailed = log.disk.hasFailed
      #expect(isMade != hasFailed)
      log.disk.failing = nil
      try log.expectRightAnswers(4)
      log.disk.crash(&log.random)
      try log.expectRightAnswers(4)
      _ = try log.indexAnew()
      let indexed = try log.expectRightAnswers(4)
      let coverage = try log.search(SearchQuery(patient: "nobody")).coverage
      #expect(indexed > 0 && coverage.scannedCount < 16 && coverage.damagedBlocks.isEmpty)
      guard hasFailed else { break }
      operation += 1
    }
    #expect(operation > 8)
  }

  /// One flipped bit, anywhere: the answers stay, and the index is made again as it was.
  @Test(arguments: 1...6 as ClosedRange<UInt64>)
  func aFlippedBitChangesNoAnswer(seed: UInt64) throws {
    let log = try SearchedLog(seed: seed)
    try log.append(60)
    try log.index()
    let blocks = try log.blocks()
    #expect(blocks.count >= 3)
    for (name, bytes) in blocks {
      for _ in 0..<8 {
        // Most bytes of these small blocks are zeros of their pages.
        let place = Int.random(in: 0..<bytes.count, using: &log.random)
        let bit = UInt8(1) << UInt8.random(in: 0..<8, using: &log.random)
        log.disk.alter("\(log.path)/\(name)") { $0[place] ^= bit }
        try log.expectRightAnswers(3)
        #expect(try log.indexAnew().removedCount == 1)
        #expect(try log.blocks() == blocks)
      }
    }
  }

  /// A block that ends early, is empty, or is another one's.
  @Test func aBlockThatIsNoneIsMadeAgain() throws {
    let log = try SearchedLog(seed: 3)
    try log.append(100)
    try log.index()
    let blocks = try log.blocks()
    let names = blocks.keys.sorted()
    let victim = "\(log.path)/\(names[1])"
    let changes: [(inout [UInt8]) -> Void] = [
      { $0 = [] }, { $0.removeLast() }, { $0.removeLast(4_096) }, { $0 += [0] },
      { $0 = blocks[names[2]] ?? [] },
    ]
    for change in changes {
      log.disk.alter(victim, change)
      try log.expectRightAnswers()
      #expect(try log.search(SearchQuery(patient: "p1")).coverage.damagedBlocks.count <= 1)
      _ = try log.indexAnew()
      #expect(try log.blocks() == blocks)
    }
    try log.disk.remove(victim)
    try log.expectRightAnswers()
    #expect(try log.indexAnew().indexedCount == 16)
    #expect(try log.blocks() == blocks)
  }

  /// The index of another history of the log, whole in itself, answers nothing.
  @Test func theIndexOfAnotherLogIsNotBelieved() throws {
    let (log, other) = (
      try SearchedLog(seed: 4, segmentByteCountMax: 1 << 20),
      try SearchedLog(seed: 5, segmentByteCountMax: 1 << 20)
    )
    for one in [log, other] {
      try one.append(90)
      try one.index()
    }
    let strange = try other.blocks()
    #expect(try Set(strange.keys) == Set(log.blocks().keys) && strange.count == 5)
    for (name, bytes) in strange {
      log.disk.alter("\(log.path)/\(name)") { $0 = bytes }
    }
    #expect(try log.expectRightAnswers() == 0)
    #expect(try log.indexAnew().removedCount == strange.count)
    #expect(try log.expectRightAnswers() > 0)
  }

  /// A folder that was restored from an older copy, with the index of the newer one.
  @Test func anIndexBeyondTheLogsEndIsRemoved() throws {
    let (log, older) = (try SearchedLog(seed: 6), try SearchedLog(seed: 6))
    try older.append(30)
    try log.append(30)
    try log.append(60)
    try log.index()
    for (name, bytes) in try log.blocks() {
      _ = try older.disk.open("\(older.path)/\(name)", isNew: true)
      older.disk.alter("\(older.path)/\(name)") { $0 = bytes }
    }
    try older.expectRightAnswers()
    _ = try older.indexAnew()
    #expect(try older.blocks().count <= 2)
    try older.expectRightAnswers()
  }

  /// Hashes that were lost are no reason to find less.
  @Test func aLogWithoutItsHashesIsRead() throws {
    let log = try SearchedLog(seed: 7)
    try log.append(80)
    try log.index()
    try log.disk.remove("\(log.path)/level-0")
    try log.expectRightAnswers()
    #expect(try log.search(SearchQuery(patient: "p1")).coverage.damagedBlocks.isEmpty)
  }

  /// A changed record is not told as if nothing had happened.
  @Test func aChangedEntryIsNamed() throws {
    let log = try SearchedLog(seed: 8)
    try log.append(80)
    try log.index()
    let hit = try #require(try log.search(SearchQuery(patient: "p1")).entries.last)
    for name in try log.disk.names(in: log.path) where name.hasSuffix(".segment") {
      log.disk.alter("\(log.path)/\(name)") { bytes in
        let starts = bytes.indices.dropLast(hit.count)
        guard let start = starts.first(where: { bytes[$0..<($0 + hit.count)].elementsEqual(hit) })
        else { return }
        bytes[start + hit.count - 1] ^= 1
      }
    }
    #expect(throws: AuditReadError.self) { try log.search(SearchQuery(patient: "p1")) }
  }

  @Test func timesHaveAFirstInstantAndNoLast() throws {
    let log = try SearchedLog(seed: 9)
    try log.append(50)
    try log.index()
    let times = log.written.compactMap { index, record -> (UInt64, WallTime)? in
      if case .decision(let decision) = record { return (index, decision.time) }
      return nil
    }
    for (index, time) in times {
      let next = WallTime(microseconds: time.microseconds + 1)
      #expect(try log.search(SearchQuery(from: time, to: next)).found.contains(index))
      #expect(try !log.search(SearchQuery(to: time)).found.contains(index))
      #expect(try !log.search(SearchQuery(from: next)).found.contains(index))
    }
  }

  /// The log of a month that is over gets its last block; each month has its own keys.
  @Test func monthsAreIndexedToTheirEnds() throws {
    let log = try SearchedLog(seed: 10)
    try log.append(37)
    let first = log.path
    try log.rotate()
    let folder = try AuditFolder(first, disk: log.disk)
    #expect(folder.isClosed)
    let indexer = AuditIndexer(first, isThorough: true, disk: log.disk, shape: log.shape)
    while try indexer.step(isClosed: folder.isClosed) == .madeBlock {}
    var keys = try folder.keys(operatorKey: [UInt8](repeating: 7, count: 32))
    let old = try AuditSearch.run(SearchQuery(patient: "p1"), in: folder, keys: &keys) { _ in true }
    #expect(old?.scannedCount == 0 && old?.indexedCount == 38)
    try log.append(40)
    try log.index()
    #expect(try !AuditFolder(log.path, disk: log.disk).isClosed)
    #expect(try log.expectRightAnswers() > 0)
  }

  @Test func aShreddedLogHasNobodyInIt() throws {
    let log = try SearchedLog(seed: 11)
    try log.append(40)
    try log.index()
    let name = log.path.dropFirst("audit/".count)
    let wrong = try AuditFolder(log.path, disk: log.disk)
    #expect(throws: AuditReadError.self) {
      _ = try wrong.keys(operatorKey: [UInt8](repeating: 8, count: 32)) == nil
    }
    try log.disk.remove("audit/keys/\(name)")
    let folder = try AuditFolder(log.path, disk: log.disk)
    var keys = try folder.keys(operatorKey: [UInt8](repeating: 7, count: 32))
    let byPatient = try AuditSearch.run(SearchQuery(patient: "p1"), in: folder, keys: &keys) { _ in
      Issue.record("found somebody")
      return true
    }
    #expect(byPatient == nil)
    var query = SearchQuery()
    query.tenant = "mercy"
    var found: [UInt64] = []
    _ = try AuditSearch.run(query, in: folder, keys: &keys) {
      found.append($0.index)
      return true
    }
    #expect(found == log.referee(query) && !found.isEmpty)
  }

  @Test func aCallerMayStop() throws {
    let log = try SearchedLog(seed: 12)
    try log.append(60)
    try log.index()
    let folder = try AuditFolder(log.path, disk: log.disk)
    var (common, rare) = (SearchQuery(), SearchQuery())
    common.refusal = .any
    for record in log.written.values where log.referee(rare).count != 2 {
      if case .outcome(let outcome) = record { rare.decision = outcome.id }
    }
    for query in [common, rare] {
      var keys: LogKeys?
      var found: [UInt64] = []
      let coverage = try AuditSearch.run(query, in: folder, keys: &keys) {
        found.append($0.index)
        return false
      }
      #expect(coverage?.isCutShort == true && found == Array(log.referee(query).prefix(1)))
      #expect(coverage?.endIndex == found.last.map { $0 + 1 } && coverage?.hitCount == 1)
    }
  }
}

extension SearchQuery {
  /// A query for tests.
  init(patient: String? = nil, from: WallTime? = nil, to: WallTime? = nil) {
    self.init()
    (self.patient, self.from, self.to) = (patient, from, to)
  }
}

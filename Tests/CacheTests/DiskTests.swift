import Base
import HTTP
import Testing

@testable import Cache

/// What memory has no room for lies on disk, sealed, and comes back when it is asked for.
@Suite struct DiskTests {
  /// More than memory holds, of one part and of several.
  @Test(arguments: [9_000, 70_000])
  func whatIsEvictedIsReadBack(byteCount: Int) throws {
    let desk = try DiskBench(byteCountMax: 1 << 20)
    let count = byteCount > 65_536 ? 30 : 200
    try desk.fill(0..<count, byteCount: byteCount)
    desk.work()
    #expect(desk.statistics.diskEntryCount > count / 3)
    #expect(desk.statistics.diskByteCount > desk.statistics.diskEntryCount * byteCount)
    #expect(desk.statistics.byteCount <= 1 << 20)
    for number in try desk.onDisk(0..<count) {
      let found = try desk.ask(number)
      // What comes back may push out another one, and that is the whole point.
      #expect(found.hasSuffix("hit " + desk.body(number, byteCount: byteCount)), "\(number)")
    }
    #expect(desk.readCount > 10)
    // Nothing of it lies there as it came.
    let secret = Array("secret-".utf8)
    let bytes = desk.file.bytes
    let isThere = bytes.indices.dropLast(secret.count).contains {
      bytes[$0] == secret[0] && bytes[$0..<$0 + secret.count].elementsEqual(secret)
    }
    #expect(!isThere)
  }

  /// What a hit says is the same as before: head, age, evidence.
  @Test func aHitFromDiskIsTheSame() throws {
    let desk = try DiskBench()
    try desk.fill(0..<1)
    let before = try desk.bench.hit(desk.request(0)).evidence
    try desk.fill(1..<45)
    desk.work()
    #expect(try desk.onDisk(0..<1) == [0])
    #expect(try desk.ask(0) == "read hit " + desk.body(0))
    let hit = try desk.bench.hit(desk.request(0))
    #expect(hit.evidence == before)
    var head = ResponseHead()
    hit.open()?.write(.whole, to: &head)
    #expect(text(head.fields) == ["etag: \"0\"", "age: 0"])
  }

  @Test func whatMayNotLieThereDoesNot() throws {
    for rules in [
      DiskBench.rules { $0.mayLieOnDisk = false }, DiskBench.rules { $0.seal = .none },
    ] {
      let desk = try DiskBench(rules)
      try desk.fill(0..<60)
      desk.work()
      #expect(desk.statistics.evictedCount > 10)
      #expect(desk.statistics.diskEntryCount == 0 && desk.file.writeCount == 0)
    }
  }

  /// What is of no use any more is not written.
  @Test func whatIsStaleIsNotWritten() throws {
    let desk = try DiskBench()
    try desk.fill(0..<60)
    desk.bench.now = second(10_000)
    desk.work()
    #expect(desk.file.writeCount == 0 && desk.statistics.diskEntryCount == 0)
  }

  /// Entries that were read back and are evicted again are found where they still lie.
  @Test func nothingIsWrittenTwice() throws {
    let desk = try DiskBench()
    try desk.fill(0..<40)
    desk.work()
    for _ in 0..<3 {
      for number in 0..<40 { #expect(try desk.ask(number).hasSuffix(desk.body(number))) }
      desk.work()
    }
    #expect(desk.readCount > 40)
    #expect(desk.file.writeCount <= 40)
  }

  /// The ring comes round: the oldest are gone, and what is there is right.
  @Test func theOldestAreDisplaced() throws {
    let desk = try DiskBench(byteCountMax: 1 << 20, diskByteCount: 256 << 10)
    try desk.fill(0..<400)
    desk.work()
    let there = try desk.onDisk(0..<400)
    #expect(there.count > 20 && there.count <= 29)
    #expect(desk.statistics.diskByteCount <= 256 << 10)
    for number in there {
      let found = try desk.ask(number)
      #expect(found.hasSuffix("hit " + desk.body(number)) || found == "read fill", "\(number)")
    }
    #expect(try desk.ask(0) == "fill")
  }

  /// What is known of entries on disk takes an eighth of memory at most.
  @Test func bookkeepingIsBounded() throws {
    let desk = try DiskBench(byteCountMax: 256 << 10, diskByteCount: 64 << 20)
    try desk.fill(0..<300)
    desk.work()
    #expect((10...40).contains(desk.statistics.diskEntryCount))
    #expect(desk.statistics.byteCount <= 256 << 10)
  }

  /// A queue that is full drops what comes then; nothing waits for the disk.
  @Test func offersAreBounded() throws {
    let desk = try DiskBench(diskByteCount: 64 << 20)
    try desk.fill(0..<2300)
    var count = 0
    while case .worked = desk.worker.step(at: desk.bench.now) { count += 1 }
    #expect(count > 1000 && count * 9_000 < 17 << 20, "\(count)")
  }

  /// What is on its way is found by nobody, and ends with the first fetch for its key: an older
  /// answer never comes back behind a newer one.
  @Test func anOlderAnswerDoesNotComeBack() throws {
    let desk = try DiskBench(byteCountMax: 1 << 20)
    try desk.fill(0..<200)
    let other = request(.get, "/other")
    #expect(try desk.bench.fill(desk.request(0), body: "new", ["Cache-Control: max-age=1"]) == nil)
    // A HEAD shows that number 1 has changed, and number 2 turns out not to be for sharing.
    desk.store.headAnswered(
      try desk.bench.key(desk.request(1), desk.bench.ruling()),
      response(200, ["ETag: \"other\""]), noon)
    let refused = try desk.bench.fill(desk.request(2), body: "x", ["Cache-Control: no-store"])
    #expect(refused == .noStore)
    // Number 0 ends, and its memory goes to others.
    desk.bench.now = second(200)
    desk.store.sweep(entriesPerShard: 1000, at: desk.bench.now)
    try desk.bench.fill(other)
    desk.work()
    let there = try desk.onDisk(0..<200)
    #expect(there.contains(3) && there.contains(4))
    #expect(!there.contains(0) && !there.contains(1) && !there.contains(2))
  }

  /// Validation, stale windows and `only-if-cached` work on what is read back.
  @Test func whatIsReadBackMayBeValidated() throws {
    let desk = try DiskBench()
    try desk.fill(0..<60)
    desk.work()
    let number = try #require(try desk.onDisk(0..<60).last)
    desk.bench.now = second(3_610)
    #expect(try desk.ask(number) == "read refresh " + desk.body(number))
    let next = try #require(try desk.onDisk(0..<60).last)
    desk.bench.now = second(3_700)
    #expect(try desk.ask(next) == "read validate")
  }

  @Test func explanationsLeaveNoTrace() throws {
    let desk = try DiskBench()
    try desk.fill(0..<60)
    desk.work()
    let number = try #require(try desk.onDisk(0..<60).last)
    let ruling = desk.bench.ruling()
    let key = try desk.bench.key(desk.request(number), ruling)
    guard case .hit(let evidence) = desk.store.explain(key, asking(), ruling, at: desk.bench.now)
    else {
      Issue.record("no hit")
      return
    }
    #expect(evidence.dataKeyNumber == 1)
    #expect(desk.readCount == 0)
  }
}

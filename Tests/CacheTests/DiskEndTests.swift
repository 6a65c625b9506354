import Base
import HTTP
import Testing

@testable import Cache

/// Whatever ends an entry ends it on disk, on its way there, and on its way back; and a disk that
/// fails takes nobody with it.
@Suite struct DiskEndTests {
  private func waiter(_ token: UInt64) -> Waiter { Waiter(loop: 1, token: token) }

  /// An end, and which numbers it means.
  private static let ends: [(String, @Sendable (DiskBench) -> Void)] = [
    ("all", { $0.store.purgeAll() }),
    ("tenant", { $0.store.purge(tenant: $0.bench.north) }),
    ("tag", { $0.store.purge(CacheTag(.named, id: [7])) }),
    ("prefix", { $0.store.purge(authority: Array("ehr.example".utf8), pathPrefix: [0x2F]) }),
    (
      "rows",
      { desk in
        desk.store.keepOnly(rows: [])
        // Another policy is in force: rows say something else.
        desk.bench.row = MatrixRow(
          number: 3, DiskBench.rules { $0.ttlMilliseconds = 1_800_000 })
      }
    ),
    ("keys", { desk in desk.store.keys?.dropAll() }),
  ]

  /// Between each two steps: while it waits to be written, while it is written, on disk, while it
  /// waits to be read, and while it is read.
  @Test(arguments: ends.map(\.0), 0..<5)
  func whateverEndsItWins(name: String, moment: Int) throws {
    let desk = try DiskBench()
    let end = try #require(Self.ends.first { $0.0 == name }).1
    try desk.fill(0..<60, tags: [CacheTag(.named, id: [7])])
    var number = 3
    switch moment {
    case 0: end(desk)
    case 1:
      desk.file.onWrite = { if desk.file.writeCount == 4 { end(desk) } }
      desk.work()
    default:
      desk.work()
      number = try #require(try desk.onDisk(0..<60).last)
      let found = try desk.bench.outcome(desk.request(number), waiter: waiter(1))
      #expect(found == "wait")
      if moment == 2 {
        desk.work()
        end(desk)
      } else if moment == 3 {
        end(desk)
      } else {
        desk.file.onRead = { end(desk) }
      }
    }
    desk.work()
    if moment > 1 {
      #expect(desk.store.takeReleases() == [Release(waiter: waiter(1), next: .loaded)])
    }
    desk.file.onRead = {}
    for asked in [number, 3, 4, 20, 50, 59] {
      let found = try desk.ask(asked)
      // A dropped key's entry is met in memory once, and does not open.
      #expect(["fill", "read fill", "hit broken"].contains(found), "\(asked): \(found)")
    }
    desk.store.sweep(entriesPerShard: 1000, at: desk.bench.now)
    if name != "rows" { #expect(desk.statistics.diskEntryCount == 0) }
    #expect(desk.statistics.classes[0].brokenSealCount == 0)
  }

  /// What is filled behind an end is not hurt by what was under way before it.
  @Test func whatIsFilledBehindAnEndStays() throws {
    let desk = try DiskBench()
    try desk.fill(0..<60)
    desk.store.purgeAll()
    #expect(try desk.bench.fill(desk.request(3), body: "new") == nil)
    desk.work()
    #expect(try desk.ask(3) == "hit new")
  }

  /// Attack: somebody writes into the file. Nothing of it is served, and it is counted.
  @Test func changedBytesDoNotOpen() throws {
    let desk = try DiskBench()
    try desk.fill(0..<60)
    desk.work()
    for index in desk.file.bytes.indices where index % 100 == 0 { desk.file.bytes[index] ^= 1 }
    let there = try desk.onDisk(0..<60)
    var broken = 0
    for number in there {
      guard try desk.ask(number).hasSuffix("hit broken") else { continue }
      broken += 1
      #expect(desk.store.reject(try desk.bench.hit(desk.request(number))))
      #expect(try desk.ask(number) == "fill")
    }
    #expect(broken > 5)
    #expect(desk.statistics.classes[0].brokenSealCount == UInt64(broken))
  }

  /// Attack: entries change places on disk.
  @Test func swappedEntriesDoNotOpen() throws {
    let desk = try DiskBench()
    try desk.fill(0..<60)
    desk.work()
    let there = try desk.onDisk(0..<60)
    let last = try #require(try desk.entry(there[there.count - 1])?.extent)
    let first = try #require(try desk.entry(there[0])?.extent)
    let count = min(last.byteCount, first.byteCount)
    for index in 0..<count {
      desk.file.bytes.swapAt(Int(last.position) + index, Int(first.position) + index)
    }
    #expect(try desk.ask(there[there.count - 1]).hasSuffix("broken"))
  }

  /// A disk that fails, at a read or at a write: everybody who waits goes on, nothing is on disk
  /// any more, and the store serves from memory.
  @Test(arguments: [true, false])
  func aFailingDiskIsTurnedOff(atRead: Bool) throws {
    let desk = try DiskBench()
    try desk.fill(0..<60)
    desk.work()
    let there = try desk.onDisk(0..<60)
    for (token, number) in there.enumerated() {
      let head = desk.request(number)
      #expect(try desk.bench.outcome(head, waiter: waiter(UInt64(token))) == "wait")
      // A second one waits for the same.
      #expect(try desk.bench.outcome(head, waiter: waiter(UInt64(token + 1000))) == "wait")
    }
    if !atRead { try desk.fill(100..<120) }
    desk.file.callsLeft = atRead ? 1 : there.count + 2
    #expect(!desk.work())
    let released = desk.store.takeReleases()
    #expect(Set(released.map(\.waiter)).count == there.count * 2)
    #expect(released.allSatisfy { $0.next == .loaded })
    #expect(desk.statistics.diskEntryCount == 0 && desk.statistics.diskByteCount == 0)
    #expect(desk.work())
    try desk.fill(200..<260)
    #expect(desk.work())
    #expect(desk.statistics.diskEntryCount == 0)
    #expect(try desk.ask(259) == "hit " + desk.body(259))
    #expect(try desk.ask(there[0]).hasPrefix("fill"))
  }

  /// Who must not wait, asks an origin; nothing of what he gets is stored.
  @Test func whoCannotWaitFetches() throws {
    let desk = try DiskBench()
    try desk.fill(0..<60)
    desk.work()
    let number = try #require(try desk.onDisk(0..<60).last)
    #expect(try desk.bench.outcome(desk.request(number)) == "fetch")
    let only = request(
      .get, "/\(number)", authority: "ehr.example",
      [
        "Cache-Control: only-if-cached"
      ])
    #expect(try desk.bench.outcome(only) == "unavailable")
    #expect(try desk.bench.outcome(only, waiter: waiter(1)) == "wait")
    // A view of his own does not keep anybody from waiting: each is authorised for himself.
    let other = desk.bench.ruling { $0.view = 2 }
    #expect(try desk.bench.outcome(desk.request(number), other, waiter: waiter(2)) == "wait")
    // Another tenant has entries of his own.
    let south = desk.bench.ruling { $0.tenant = desk.bench.south }
    #expect(try desk.bench.outcome(desk.request(number), south, waiter: waiter(3)) == "fill")
    desk.work()
    let released = desk.store.takeReleases()
    #expect(Set(released.map(\.waiter.token)) == [1, 2])
  }

  /// A disk that stalls keeps nobody waiting who comes later.
  @Test func aStallingDiskIsPassedBy() throws {
    let desk = try DiskBench()
    try desk.fill(0..<60)
    desk.work()
    let there = try desk.onDisk(0..<60)
    let first = desk.request(there[0])
    #expect(try desk.bench.outcome(first, waiter: waiter(1)) == "wait")
    #expect(desk.tier.next(at: desk.bench.now) != nil)
    desk.bench.now = second(0.4)
    #expect(try desk.bench.outcome(first, waiter: waiter(2)) == "wait")
    #expect(try desk.bench.outcome(desk.request(there[1]), waiter: waiter(3)) == "wait")
    desk.bench.now = second(0.6)
    #expect(try desk.bench.outcome(first, waiter: waiter(4)) == "fetch")
    #expect(try desk.bench.outcome(desk.request(there[2]), waiter: waiter(5)) == "fetch")
    #expect(desk.store.takeReleases().isEmpty)
  }

  /// Loads are bounded; more ask an origin.
  @Test func loadsAreBounded() throws {
    let desk = try DiskBench()
    try desk.fill(0..<60)
    desk.work()
    let number = try #require(try desk.onDisk(0..<60).last)
    let entry = try #require(try desk.entry(number))
    while desk.tier.load(DiskTier.Load(entry: entry, number: 0), at: desk.bench.now) {}
    #expect(try desk.bench.outcome(desk.request(number), waiter: waiter(1)) == "fetch")
    #expect(desk.work())
    #expect(try desk.ask(number).hasSuffix("hit " + desk.body(number)))
  }

  /// The worker is woken once for what it does not know yet.
  @Test func theWorkerIsWoken() throws {
    let desk = try DiskBench()
    nonisolated(unsafe) var wakes = 0
    desk.tier.attach { unsafe wakes += 1 }
    try desk.fill(0..<60)
    #expect(unsafe wakes == 1)
    desk.work()
    try desk.fill(60..<90)
    #expect(unsafe wakes == 2)
    desk.work()
    let number = try #require(try desk.onDisk(0..<90).last)
    #expect(try desk.bench.outcome(desk.request(number), waiter: waiter(1)) == "wait")
    #expect(unsafe wakes == 3)
    // A tier whose worker comes late tells him of what is there.
    let late = try DiskBench()
    try late.fill(0..<60)
    late.tier.attach { unsafe wakes += 1 }
    #expect(unsafe wakes == 4)
  }
}

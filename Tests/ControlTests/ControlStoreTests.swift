import Base
import Native
import Reactor
import Testing

@testable import Control

@Suite struct ControlStoreTests {
  /// A store with a prefer order on each region but the last.
  private func make() throws -> (MemoryStorage, FileControlStore<MemoryStorage>) {
    let storage = MemoryStorage()
    let store = FileControlStore(OperatorFolder("ops"), storage)
    try act(store, Shift.order(.prefer, "west"), 0)
    try act(store, Shift.order(.prefer, "central"), 1)
    return (storage, store)
  }

  @discardableResult
  private func act(
    _ store: FileControlStore<MemoryStorage>, _ act: OperatorAct, _ seconds: Int
  ) throws -> OperatorLine? {
    try store.append(act, at: Shift.at(seconds), to: store.read())
  }

  private func regions(_ store: FileControlStore<MemoryStorage>) throws -> [String] {
    try store.read().books.state.overrides.map(\.scope.region)
  }

  @Test func whatWasWrittenIsReadAgain() throws {
    let (storage, store) = try make()
    try act(store, Shift.release(1), 2)
    let stored = try store.read()
    #expect(stored.warning == nil)
    #expect(stored.lines.map(\.number) == [1, 2, 3])
    #expect(stored.lines[0].act.warrant == Warrant(author: "Ana", reason: "a test", ticket: "T-1"))
    #expect(stored.books.state.overrides.map(\.id) == ["O-2"])
    #expect(stored.books.state.revision == 3)
    #expect(OperatorBooks(try #require(storage.files["ops/snapshot"])) == stored.books)
  }

  @Test func whoSawAnOlderStateIsToldSo() throws {
    let (_, store) = try make()
    let seen = try store.read()
    try act(store, Shift.order(.prefer, "east"), 2)
    #expect(try store.append(Shift.release(1), at: Shift.at(3), to: seen) == nil)
    #expect(try regions(store) == ["west", "central", "east"])
  }

  @Test func oneWriterAtATime() throws {
    let (storage, store) = try make()
    let lock = try #require(try storage.lock("ops/lock"))
    #expect(throws: StateFault.busy(path: "ops/lock")) { try act(store, Shift.release(1), 2) }
    withExtendedLifetime(lock) {}
  }

  @Test(
    "the power fails at each operation in turn",
    arguments: [
      MemoryStorage.Break.crashBefore, .crashTorn, .crashAfter, .fails(28), .failsAfterwards(5),
      .failsFromHere(28),
    ], [false, true])
  func crash(_ kind: MemoryStorage.Break, _ keepingUnsynced: Bool) throws {
    let (counted, store) = try make()
    let before = counted.operationCount
    try act(store, Shift.order(.prefer, "east"), 2)
    let count = counted.operationCount - before
    #expect(count >= 5)
    for operation in 0..<count {
      let (storage, store) = try make()
      storage.breakOperation(after: operation, kind)
      let isSaid = (try? act(store, Shift.order(.prefer, "east"), 2)) != nil
      storage.restart(keepingUnsynced: keepingUnsynced)
      let stored = try store.read()
      let isDone = stored.books.state.actCount == 3
      #expect(isDone || !isSaid, "\(operation): acknowledged and lost")
      // After a crash nobody knows; after an error it is not done.
      if !kind.isCrash, kind != .failsFromHere(28) { #expect(isDone == isSaid, "\(operation)") }
      #expect(stored.books.state.actCount >= 2, "\(operation)")
      #expect(stored.warning == nil, "\(operation): \(stored.warning.map { "\($0)" } ?? "")")
      if !isDone { try act(store, Shift.order(.prefer, "east"), 3) }
      #expect(try regions(store) == ["west", "central", "east"], "\(operation)")
      try act(store, Shift.release(1), 4)
      #expect(try store.read().books.state.overrides.map(\.number) == [2, 3])
    }
  }

  @Test func aDamagedHistoryFallsBackToTheSnapshot() throws {
    let (storage, store) = try make()
    let good = try #require(storage.files["ops/history"])
    for index in stride(from: 0, to: good.count, by: 7) {
      var bad = good
      bad[index] ^= 1
      storage.tamper("ops/history", bad)
      let stored = try store.read()
      // A damaged last line feed looks like a line that a crash cut short: the snapshot tells.
      guard case .snapshotUsed? = stored.warning else {
        Issue.record("byte \(index): \(stored)")
        continue
      }
      #expect(stored.books.state.overrides.count == 2)
    }
    // Shortened by whole lines.
    let end = try #require(good.firstIndex(of: 0x0A))
    storage.tamper("ops/history", Array(good[...end]))
    #expect(try store.read().warning == .snapshotUsed(path: "ops/history", line: 2))
    #expect(try regions(store) == ["west", "central"])
    // The next act begins a new history on it.
    try act(store, Shift.order(.prefer, "east"), 9)
    let stored = try store.read()
    #expect(stored.warning == nil)
    #expect(stored.books.state.overrides.map(\.number) == [1, 2, 3])
    #expect(stored.lines.map(\.number) == [3])
    #expect(storage.files["ops/history.damaged"] != nil)
    try act(store, Shift.release(3), 10)
    #expect(try store.read().lines.map(\.number) == [3, 4])
  }

  @Test func aDamagedSnapshotIsSaidAndTheHistoryCounts() throws {
    let (storage, store) = try make()
    storage.tamper("ops/snapshot", Array("nonsense\n".utf8))
    #expect(try store.read().warning == .snapshotDamaged(path: "ops/snapshot"))
    #expect(try regions(store) == ["west", "central"])
    // Both: what stands before the damage counts.
    var bad = try #require(storage.files["ops/history"])
    bad[bad.count - 3] ^= 1
    storage.tamper("ops/history", bad)
    #expect(try store.read().warning == .prefixUsed(path: "ops/history", line: 2))
    #expect(try regions(store) == ["west"])
    try act(store, Shift.order(.prefer, "east"), 20)
    #expect(try store.read().warning == nil)
    #expect(try regions(store) == ["west", "east"])
  }

  /// Books with counts of no world are none: nothing is counted on from there.
  @Test(arguments: ["9223372036854775807", "9007199254740993", "-1"])
  func booksWithoutAWorldAreNone(_ count: String) throws {
    let (storage, store) = try make()
    let text = String(decoding: try #require(storage.files["ops/snapshot"]), as: UTF8.self)
    let body = text.replacing("\t2\t2\t", with: "\t\(count)\t2\t").dropLast(65)
    #expect(!text.hasPrefix(body))
    storage.tamper("ops/base", Array((body + "\(SHA256.hash(Array(body.utf8)))\n").utf8))
    #expect(try regions(store) == ["west", "central"])
    try act(store, Shift.order(.prefer, "east"), 9)
    let seen = EdgeRegistration(
      edge: "a.1", Array("homeward-writer\ta.1\t\(count)\t1\t1\nend\n".utf8)).seen
    #expect(seen == nil)
  }

  /// Words that no line holds are cleaned, or the act is refused before anything is written.
  @Test func noActDamagesTheHistory() throws {
    let (storage, store) = try make()
    let roles = Rehearsal.terms(approvals: 1, roles: ["sre;lead"])
    let files = storage.files
    for terms in [roles, Rehearsal.terms(claims: ["a,b"]), Rehearsal.terms(claims: ["a\tb"])] {
      #expect(throws: StateFault.unreadableAct(path: "ops/history")) {
        try act(store, Rehearsal.act(.begin(Rehearsal.name, terms)), 2)
      }
      #expect(storage.files["ops/history"] == files["ops/history"])
      #expect(storage.files["ops/snapshot"] == files["ops/snapshot"])
    }
    try act(store, Rehearsal.act(.begin(Rehearsal.name, Rehearsal.terms(approvals: 1))), 3)
    try act(store, Rehearsal.act(.approve(Rehearsal.name, role: "on\tcall"), by: "Bo"), 4)
    try act(store, Rehearsal.act(.step(run: 3, index: 0, .begun, "cut it\nthen call Bo")), 5)
    try act(store, Rehearsal.act(.abort(run: 3)), 6)
    try act(store, Rehearsal.act(.step(run: 3, index: 0, .undone, "")), 7)
    try act(store, Rehearsal.act(.end(run: 3, .canceled, "no\tway")), 8)
    let stored = try store.read()
    #expect(stored.warning == nil && stored.books.state.actCount == 8)
    #expect(stored.books.state.plans.approvals.map(\.role) == ["on call"])
    let run = try #require(stored.books.state.plans.runs.first)
    #expect(run.marks.map(\.words) == ["cut it then call Bo", ""] && run.words == "no way")
    #expect(OperatorBooks(try #require(storage.files["ops/snapshot"])) == stored.books)
  }

  @Test(
    "a restart on a damaged history survives the power's failing",
    arguments: [MemoryStorage.Break.crashBefore, .crashTorn, .crashAfter])
  func crashWhileRestarting(_ kind: MemoryStorage.Break) throws {
    for operation in 0..<16 {
      let (storage, store) = try make()
      storage.tamper("ops/history", Array("nonsense\n".utf8))
      storage.breakOperation(after: operation, kind)
      _ = try? act(store, Shift.order(.prefer, "east"), 2)
      storage.restart(keepingUnsynced: operation.isMultiple(of: 2))
      #expect(try regions(store).starts(with: ["west", "central"]), "\(operation)")
      if try regions(store).count == 2 { try act(store, Shift.order(.prefer, "east"), 3) }
      #expect(try regions(store) == ["west", "central", "east"], "\(operation)")
      #expect(try store.read().warning == nil, "\(operation)")
    }
  }

  @Test(arguments: 0..<20 as Range<UInt64>)
  func booksSurviveTheirFile(_ seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    var books = OperatorBooks()
    for second in 1..<60 {
      let act =
        second % 5 == 0
        ? Shift.release(Int.random(in: 1...second, using: &random))
        : Shift.order(
          OverrideKind.allCases.randomElement(using: &random) ?? .drain,
          Shift.regions.randomElement(using: &random) ?? "west",
          until: second + Int.random(in: 1...30, using: &random), by: "Ä, \"ana\"\t\n")
      guard (try? books.state.applying(act, at: Shift.at(second))) != nil else { continue }
      let line = OperatorLine(act, at: Shift.at(second), after: books)
      #expect(OperatorLine(line.text[...], after: books) == line)
      let isTaken = books.take(line)
      #expect(isTaken)
      #expect(OperatorBooks(books.bytes) == books)
    }
    #expect(books.state.actCount > 5)
  }
}

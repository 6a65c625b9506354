import Reactor
import Testing

@testable import Control

/// What is interrupted in these tests.
enum Interrupted: String, CaseIterable, Sendable {
  /// The first activation of an edge.
  case first
  /// The activation of a second version.
  case second
  /// The return to the first version.
  case rollback

  /// An office just before the operation.
  func office() throws -> Office {
    let office = Office()
    let one = try office.write(1)
    try office.write(2, after: one)
    if self != .first { try office.activate(1) }
    if self == .rollback { try office.activate(2) }
    return office
  }

  /// The operation.
  func run(_ office: Office) throws {
    switch self {
    case .first: try office.activate(1)
    case .second: try office.activate(2)
    case .rollback: try office.rollback()
    }
  }

  /// The version before and after.
  var versions: (old: Int?, new: Int) {
    switch self {
    case .first: (nil, 1)
    case .second: (1, 2)
    case .rollback: (2, 1)
    }
  }

  /// How many storage operations it takes.
  func operationCount() throws -> Int {
    let office = try office()
    let before = office.storage.operationCount
    try run(office)
    return office.storage.operationCount - before
  }
}

@Suite struct CrashTests {
  /// The version in force is the old one or the new one, and whole.
  private func expectWhole(
    _ office: Office, _ what: Interrupted, _ context: String
  ) throws -> Bool {
    let active = try office.active()
    #expect(active == what.versions.old || active == what.versions.new, "\(context)")
    let books = try office.state.books(office.storage)
    #expect(books.history.pending != nil || active == books.history.inForce?.version, "\(context)")
    return active == what.versions.new
  }

  /// The next command leaves nothing open, and the operation can be done at last.
  private func expectResumed(_ office: Office, _ what: Interrupted, _ context: String) throws {
    let wasNew = try expectWhole(office, what, context)
    do { _ = try office.command() }
    let history = try office.state.history(office.storage)
    #expect(history.pending == nil, "\(context)")
    #expect(try office.active() == history.inForce?.version, "\(context)")
    #expect(try !wasNew || office.active() == what.versions.new, "\(context): went back")
    if try office.active() != what.versions.new { try what.run(office) }
    #expect(try office.active() == what.versions.new, "\(context)")
    let last = try #require(try office.events().last)
    #expect(last.hasSuffix(" \(what.versions.new)"), "\(context): \(last)")
  }

  @Test(
    "the power fails at each operation in turn",
    arguments: Interrupted.allCases,
    [MemoryStorage.Break.crashBefore, .crashTorn, .crashAfter])
  func crash(_ what: Interrupted, _ kind: MemoryStorage.Break) throws {
    let count = try what.operationCount()
    #expect(count >= 7)
    for operation in 0..<count {
      for keeping in [false, true] {
        let context = "operation \(operation) of \(count), unsynced kept: \(keeping)"
        let office = try what.office()
        office.storage.breakOperation(after: operation, kind)
        #expect(throws: LifecycleError.self, "\(context)") { try what.run(office) }
        office.storage.restart(keepingUnsynced: keeping)
        try expectResumed(office, what, context)
      }
    }
  }

  @Test("and again while the next command goes on", arguments: Interrupted.allCases)
  func crashTwice(_ what: Interrupted) throws {
    for operation in 0..<(try what.operationCount()) {
      var second = 0
      while true {
        let office = try what.office()
        office.storage.breakOperation(after: operation, .crashAfter)
        #expect(throws: LifecycleError.self) { try what.run(office) }
        office.storage.restart(keepingUnsynced: second.isMultiple(of: 2))
        office.storage.breakOperation(after: second / 2, .crashTorn)
        let isDone = (try? office.command()) != nil
        office.storage.restart(keepingUnsynced: second.isMultiple(of: 3))
        try expectResumed(office, what, "operation \(operation), then \(second)")
        if isDone { break }
        second += 1
      }
    }
  }

  @Test(
    "the disk refuses each operation in turn", arguments: Interrupted.allCases,
    [
      MemoryStorage.Break.fails(28), .fails(5), .failsAfterwards(5), .failsFromHere(28),
      .failsFromHere(5),
    ])
  func refusal(_ what: Interrupted, _ kind: MemoryStorage.Break) throws {
    let count = try what.operationCount()
    for operation in 0..<count {
      let context = "operation \(operation) of \(count)"
      let office = try what.office()
      office.storage.breakOperation(after: operation, kind)
      do throws(any Error) {
        try what.run(office)
        Issue.record("\(context): no error")
      } catch let error as LifecycleError {
        switch error {
        case .fault(.storage): #expect(try office.active() == what.versions.old, "\(context)")
        case .interrupted(.storage, let version): #expect(version == what.versions.new)
        default: Issue.record("\(context): \(error)")
        }
      }
      #expect(try office.active() == what.versions.old || office.active() == what.versions.new)
      office.storage.restart(keepingUnsynced: true)
      try expectResumed(office, what, context)
    }
  }

  @Test func whatIsResumedStandsInTheHistory() throws {
    let office = try Interrupted.second.office()
    // The pointer is renamed in the last operations: the one before the last sync.
    office.storage.breakOperation(
      after: try Interrupted.second.operationCount() - 3, .crashBefore)
    #expect(throws: LifecycleError.self) { try office.activate(2) }
    office.storage.restart(keepingUnsynced: false)
    #expect(try office.active() == 1)
    #expect(try office.state.history(office.storage).pending?.version == 2)
    do {
      let command = try office.command()
      #expect(command.resumed?.version == 2)
    }
    #expect(
      try office.events() == [
        "activating 1", "activated 1", "activating 2", "resumed 2", "activated 2",
      ])
    #expect(try office.active() == 2)
  }

  @Test func aResumptionAfterTheVersionsTimeIsRefused() throws {
    let office = Office()
    let one = try office.write(1)
    try office.activate(1)
    try office.write(2, after: one, effective: "effective: { until: 2026-11-23T00:00:00Z }")
    office.storage.breakOperation(
      after: try Interrupted.second.operationCount() - 3, .crashBefore)
    #expect(throws: LifecycleError.self) { try office.activate(2) }
    office.storage.restart(keepingUnsynced: false)
    let later = try #require(parseTime("2026-11-24T00:00:00Z"))
    do { _ = try office.command(at: later) }
    #expect(try office.active() == 1)
    #expect(try office.events().last == "refused 2")
    #expect(try office.state.history(office.storage).pending == nil)
  }
}

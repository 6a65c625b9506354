import Base
import Origins
import Testing

@testable import Control

/// Words for tests about write authority.
extension Shift {
  static func authority(
    _ change: AuthorityChange, _ domain: String = "west", expected: Int? = nil
  ) -> OperatorAct {
    OperatorAct(
      .authority(domain, change), Warrant(author: "Ana", reason: "a test", ticket: "T-1"),
      expected: expected)
  }

  /// The state after these changes of `west`.
  static func changed(_ changes: [AuthorityChange]) throws(OperatorRefusal) -> OperatorState {
    var state = OperatorState()
    for (second, change) in changes.enumerated() {
      state = try state.applying(authority(change), at: at(second))
    }
    return state
  }

  static let switchover: [AuthorityChange] = [
    .claim(endpoint: "p", epoch: 3), .fence(plan: "P-1"), .fenced(position: 70),
    .promote(endpoint: "r1", position: 68), .activate,
  ]
}

@Suite struct AuthorityTests {
  @Test func aSwitchoverGoesThroughAllStates() throws {
    let expected: [(AuthorityState, UInt64, String, UInt64, String?, UInt64?)] = [
      (.active, 3, "p", 3, nil, nil), (.fencing, 3, "p", 3, nil, nil),
      (.fenced, 3, "p", 3, nil, 70), (.promoting, 4, "p", 3, "r1", 68),
      (.active, 4, "r1", 4, nil, nil),
    ]
    for (index, row) in expected.enumerated() {
      let state = try Shift.changed(Array(Shift.switchover[...index]))
      let record = try #require(state.authority("west"))
      #expect(record.state == row.0)
      #expect(record.epoch == row.1)
      #expect(record.endpoint == row.2)
      #expect(record.holderEpoch == row.3)
      #expect(record.candidate == row.4)
      #expect(record.position == row.5)
      #expect(record.number == index + 1)
      #expect(record.since == Shift.at(index))
      #expect(record.plan == ((1...3).contains(index) ? "P-1" : ""))
    }
  }

  /// From each state the changes that are legal, and where they lead.
  @Test(
    arguments: [
      ([], "claim:active"),
      ([.claim(endpoint: "p", epoch: 3)], "fence:fencing orphan:orphan conflict:conflict"),
      (
        [.claim(endpoint: "p", epoch: 3), .fence(plan: "")],
        "fenced:fenced restore:active orphan:orphan conflict:conflict"
      ),
      (
        Array(Shift.switchover[...2]),
        "restore:active promote:promoting orphan:orphan conflict:conflict"
      ),
      (Array(Shift.switchover[...3]), "activate:active orphan:orphan conflict:conflict"),
      (
        [.claim(endpoint: "p", epoch: 3), .orphan], "fenced:fenced orphan:orphan conflict:conflict"
      ),
      (
        [.claim(endpoint: "p", epoch: 3), .conflict],
        "fenced:fenced orphan:orphan conflict:conflict"
      ),
      // An epoch was given in between: the old holder may not go on in its own.
      (
        Array(Shift.switchover[...3]) + [.orphan, .fenced(position: nil)],
        "promote:promoting orphan:orphan conflict:conflict"
      ),
    ] as [([AuthorityChange], String)])
  func onlyWhatFollowsIsLegal(_ before: [AuthorityChange], _ legal: String) throws {
    let changes: [AuthorityChange] = [
      .claim(endpoint: "p", epoch: 9), .fence(plan: "P-2"), .fenced(position: 5), .restore,
      .promote(endpoint: "r2", position: 5), .activate, .orphan, .conflict,
    ]
    let found = try changes.compactMap { change -> String? in
      let state = try Shift.changed(before)
      let next = try? state.applying(Shift.authority(change), at: Shift.at(100))
      return next?.authority("west").map { "\(change.word):\($0.state.rawValue)" }
    }
    #expect(found.joined(separator: " ") == legal)
  }

  /// Every way through the states, fourteen changes of one domain by two endpoints after a claim:
  /// epochs never decrease, none is ACTIVE for two endpoints, and none comes back.
  @Test func noTwoEndpointsAreEverActiveInOneEpoch() throws {
    let changes: [AuthorityChange] = [
      .fence(plan: ""), .fenced(position: nil), .fenced(position: 7), .restore,
      .promote(endpoint: "p", position: 7), .promote(endpoint: "r", position: nil), .activate,
      .orphan, .conflict,
    ]
    struct Path: Hashable {
      var state: OperatorState
      var holders: [UInt64: String]
    }
    let start = try Shift.changed([.claim(endpoint: "p", epoch: 1)])
    var paths: Set = [Path(state: start, holders: [1: "p"])]
    var count = 0
    for depth in 1...14 {
      var next: Set<Path> = []
      for path in paths {
        let before = try #require(path.state.authority("west"))
        for change in changes {
          guard let state = try? path.state.applying(Shift.authority(change), at: Shift.at(depth))
          else { continue }
          count += 1
          let after = try #require(state.authority("west"))
          var holders = path.holders
          #expect(after.epoch >= before.epoch && after.epoch <= before.epoch + 1)
          #expect(after.holderEpoch >= before.holderEpoch && after.holderEpoch <= after.epoch)
          #expect((after.candidate != nil) == (after.state == .promoting))
          if after.epoch > before.epoch { #expect(before.state == .fenced) }
          if after.state == .active {
            #expect(after.holderEpoch == after.epoch)
            #expect(holders[after.epoch, default: after.endpoint] == after.endpoint)
            #expect((holders.keys.max() ?? 0) <= after.epoch)
            holders[after.epoch] = after.endpoint
          }
          next.insert(Path(state: state, holders: holders))
        }
      }
      paths = next
    }
    #expect(count > 2_000)
  }

  @Test(
    arguments: [
      (3, 1_000, true), (4, 0, false), (2, 68, true), (2, 69, false), (1, 50, true),
      (1, 51, false), (0, 1, false),
    ] as [(UInt64, UInt64, Bool)])
  func positionsBehindAForkAreLost(_ epoch: UInt64, _ position: UInt64, _ isKept: Bool) throws {
    let state = try Shift.changed(
      [
        .claim(endpoint: "p", epoch: 1), .fence(plan: ""), .fenced(position: 50),
        .promote(endpoint: "r", position: 50), .activate, .fence(plan: ""), .fenced(position: 80),
        .promote(endpoint: "p", position: 68), .activate,
      ])
    #expect(state.authority("west")?.history.keeps(epoch: epoch, position: position) == isKept)
  }

  /// A log that never joined an epoch may go on, from where that began, with what was lost.
  @Test(
    arguments: [
      (3, 900, 900), (2, 60, 60), (2, 70, 68), (1, 40, 40), (1, 60, 50), (0, 9, nil),
    ] as [(UInt64, UInt64, UInt64?)])
  func aLogOfAnEarlierEpochHoldsNoMoreThanWhereALaterOneBegan(
    _ epoch: UInt64, _ position: UInt64, _ shared: UInt64?
  ) throws {
    let state = try Shift.changed([
      .claim(endpoint: "p", epoch: 1), .fence(plan: ""), .fenced(position: 50),
      .promote(endpoint: "r", position: 50), .activate, .fence(plan: ""), .fenced(position: 80),
      .promote(endpoint: "p", position: 68), .activate,
    ])
    let record = try #require(state.authority("west"))
    #expect(record.history.sharedPosition(epoch: epoch, position: position) == shared)
  }

  @Test func whatAForkedEpochHeldIsUnknownWithoutAPosition() throws {
    let state = try Shift.changed([
      .claim(endpoint: "p", epoch: 1), .fence(plan: ""), .fenced(position: nil),
      .promote(endpoint: "r", position: nil), .activate,
    ])
    #expect(state.authority("west")?.history.keeps(epoch: 1, position: 1) == false)
    // Nothing was seen of it, so nothing can be lost.
    #expect(state.authority("west")?.history.keeps(epoch: 1, position: 0) == true)
    #expect(state.authority("west")?.history.keeps(epoch: 2, position: 9) == true)
  }

  @Test func namesThatDoNotFitALineAreRefused() {
    for change in [
      AuthorityChange.claim(endpoint: "", epoch: 1), .claim(endpoint: "a\tb", epoch: 1),
      .claim(endpoint: String(repeating: "x", count: 201), epoch: 1),
      .claim(endpoint: "p", epoch: .max),
    ] {
      #expect(throws: OperatorRefusal.authority(.form)) {
        try OperatorState().applying(Shift.authority(change), at: Shift.at(0))
      }
    }
  }

  @Test func domainsAreApart() throws {
    let state = try Shift.changed(Shift.switchover)
      .applying(Shift.authority(.claim(endpoint: "q", epoch: 1), "east"), at: Shift.at(9))
    #expect(state.authorities.map(\.domain) == ["west", "east"])
    #expect(throws: OperatorRefusal.authority(.noRecord(domain: "central"))) {
      try state.applying(Shift.authority(.fence(plan: ""), "central"), at: Shift.at(9))
    }
    #expect(throws: OperatorRefusal.unknownRegion("nowhere", known: Shift.regions)) {
      try Safety(Shift.world).judge(
        Shift.authority(.claim(endpoint: "q", epoch: 1), "nowhere"), on: state, at: Shift.at(9))
    }
  }

  @Test func whoSawAnOlderRecordIsToldSo() throws {
    let state = try Shift.changed([.claim(endpoint: "p", epoch: 1)])
    #expect(throws: OperatorRefusal.changed(expected: 0, present: 1)) {
      try state.applying(Shift.authority(.fence(plan: ""), expected: 0), at: Shift.at(1))
    }
  }

  @Test(arguments: 0..<20 as Range<UInt64>)
  func recordsSurviveTheirFiles(_ seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    var books = OperatorBooks()
    for second in 1..<80 {
      let position = Bool.random(using: &random) ? UInt64.random(in: 0...9, using: &random) : nil
      let changes: [AuthorityChange] = [
        .claim(endpoint: "Ä p", epoch: 1), .fence(plan: position == nil ? "" : "P-1"),
        .fenced(position: position), .restore, .promote(endpoint: "r", position: position),
        .activate, .orphan, .conflict,
      ]
      guard let change = changes.randomElement(using: &random),
        let domain = Shift.regions.randomElement(using: &random)
      else { continue }
      let act = Shift.authority(change, domain)
      guard (try? books.state.applying(act, at: Shift.at(second))) != nil else { continue }
      let line = OperatorLine(act, at: Shift.at(second), after: books)
      #expect(OperatorLine(line.text[...], after: books) == line)
      let isTaken = books.take(line)
      #expect(isTaken)
      #expect(OperatorBooks(books.bytes) == books)
    }
    #expect(books.state.actCount > 5)
  }

  @Test func twoClaimsOfOneStateLeaveOneRecord() throws {
    let storage = MemoryStorage()
    let store = FileControlStore(OperatorFolder("ops"), storage)
    let seen = try store.read()
    let one = Shift.authority(.claim(endpoint: "p", epoch: 1))
    let other = Shift.authority(.claim(endpoint: "r", epoch: 1))
    #expect(try store.append(one, at: Shift.at(0), to: seen) != nil)
    #expect(try store.append(other, at: Shift.at(0), to: seen) == nil)
    #expect(try store.read().books.state.authority("west")?.endpoint == "p")
  }
}

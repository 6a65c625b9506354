import Base
import Policy
import Testing

@testable import Control

/// Words for tests about operators.
enum Shift {
  static let start = WallTime(microseconds: 1_795_323_600_000_000)
  static let regions = ["west", "central", "east"]

  static func at(_ seconds: Int) -> WallTime {
    WallTime(microseconds: start.microseconds + UInt64(seconds) * 1_000_000)
  }

  static func order(
    _ kind: OverrideKind, _ region: String, _ tiers: OverrideTiers = .all, until seconds: Int = 600,
    by author: String = "Ana", expected: Int? = nil
  ) -> OperatorAct {
    OperatorAct(
      .order(kind, OverrideScope(region, tiers), until: at(seconds)),
      Warrant(author: author, reason: "a test", ticket: "T-1"), expected: expected)
  }

  static func release(_ number: Int) -> OperatorAct {
    OperatorAct(.release(number), Warrant(author: "Bo", reason: "over"))
  }

  /// The ordinary chart is served by replicas anywhere and the home's primary; medications are the
  /// home primary's alone.
  static var rows: [ServiceRow] {
    (0..<3).flatMap { (home: UInt8) in
      let primary = UInt64(1) << UInt64(home)
      return [
        ServiceRow(
          home: RegionID(home), dataClass: .vitals, operation: .read,
          targets: [TargetSet(replicas: 0b111, primaries: primary)]),
        ServiceRow(
          home: RegionID(home), dataClass: .medications, operation: .read,
          targets: [TargetSet(primaries: primary)]),
      ]
    }
  }

  /// A world in which only the ordinary chart is served.
  static var chartOnly: ServingWorld {
    ServingWorld(regions.map { .init($0) }, rows: rows.filter { $0.dataClass == .vitals })
  }

  static var world: ServingWorld { ServingWorld(regions.map { .init($0) }, rows: rows) }
}

@Suite struct OperatorStateTests {
  @Test(arguments: OverrideKind.allCases, OverrideKind.allCases)
  func aSecondOrderOfOneLevelIsRefusedAndNamesTheFirst(
    _ first: OverrideKind, _ second: OverrideKind
  ) throws {
    let state = try OperatorState().applying(Shift.order(first, "west"), at: Shift.at(0))
    let act = Shift.order(second, "west", .replica, by: "Bo")
    do throws(OperatorRefusal) {
      let next = try state.applying(act, at: Shift.at(10))
      #expect(first.level != second.level)
      #expect(next.overrides.map(\.number) == [1, 2])
      #expect(next.revision == 2)
    } catch {
      switch error {
      case .taken(let other):
        #expect(first.level == second.level)
        #expect(other.warrant.author == "Ana")
        #expect(error.description.contains("by Ana"))
      case .frozen(let other):
        #expect(first == .freeze && second.level < .hard)
        #expect(other.number == 1)
      default: Issue.record("\(error)")
      }
    }
  }

  @Test func scopesThatShareNoServerDoNotMeet() throws {
    let state = try OperatorState()
      .applying(Shift.order(.drain, "west", .replica), at: Shift.at(0))
      .applying(Shift.order(.drain, "west", .primary), at: Shift.at(1))
      .applying(Shift.order(.drain, "east"), at: Shift.at(2))
    #expect(state.overrides.count == 3)
    #expect(state.effect("west", .primary).out?.number == 2)
    #expect(state.effect("central", .primary) == OverrideEffect([]))
  }

  /// Orders on one scope, and what they come to: out, forced in, frozen, preferred.
  @Test(
    arguments: [
      ([], "----"), ([.prefer], "---p"), ([.drain], "o---"), ([.holdOut, .prefer], "o--p"),
      ([.drain, .forceIn], "-f--"), ([.drain, .evacuate], "o---"), ([.drain, .freeze], "o-z-"),
      ([.prefer, .drain, .forceIn], "-f-p"), ([.evacuate], "o---"), ([.freeze], "--z-"),
    ] as [([OverrideKind], String)])
  func strongerOrdersWin(_ kinds: [OverrideKind], _ effect: String) throws {
    var state = OperatorState()
    for kind in kinds { state = try state.applying(Shift.order(kind, "west"), at: Shift.at(0)) }
    let found = state.effect("west", .replica)
    #expect(
      [
        (found.out != nil, "o"), (found.isForcedIn, "f"), (found.isFrozen, "z"),
        (found.isPreferred, "p"),
      ].map { $0 ? $1 : "-" }.joined() == effect)
    if kinds.contains(.evacuate) { #expect(found.out?.kind == .evacuate) }
  }

  @Test func precedenceIsATotalOrder() {
    let kinds = OverrideKind.allCases.sorted { $0.ordinal < $1.ordinal }
    #expect(Set(kinds.map(\.ordinal)).count == kinds.count)
    #expect(kinds == [.evacuate, .forceIn, .freeze, .drain, .holdOut, .prefer])
    #expect(zip(kinds, kinds.dropFirst()).allSatisfy { $0.level >= $1.level })
  }

  @Test(arguments: OverrideKind.allCases)
  func anOrderEndsByItself(_ kind: OverrideKind) throws {
    let state = try OperatorState().applying(
      Shift.order(kind, "west", until: 60), at: Shift.at(0))
    #expect(state.settled(at: Shift.at(59)).overrides == state.overrides)
    let later = state.settled(at: Shift.at(60))
    #expect(later.revision == 2)
    if kind == .evacuate {
      #expect(later.overrides.map(\.kind) == [.holdOut])
      #expect(later.overrides[0].until == nil)
      #expect(later.overrides[0].since == Shift.at(60))
      #expect(later.settled(at: Shift.at(1_000_000)).overrides == later.overrides)
      #expect(try later.applying(Shift.release(1), at: Shift.at(90)).overrides.isEmpty)
    } else {
      #expect(later.overrides.isEmpty)
    }
  }

  @Test func theHoldOutOfAnEvacuationReplacesWhatIsSofter() throws {
    let state = try OperatorState()
      .applying(Shift.order(.drain, "west", until: 300), at: Shift.at(0))
      .applying(Shift.order(.evacuate, "west", until: 60), at: Shift.at(0))
      .settled(at: Shift.at(500))
    #expect(state.overrides.map(\.kind) == [.holdOut])
    #expect(state.effect("west", .primary).out?.number == 2)
  }

  @Test func aFrozenRegionKeepsWhatItHas() throws {
    let state = try OperatorState()
      .applying(Shift.order(.drain, "west"), at: Shift.at(0))
      .applying(Shift.order(.freeze, "west", by: "Cy"), at: Shift.at(10))
    #expect(throws: OperatorRefusal.frozen(by: state.overrides[1])) {
      try state.applying(Shift.release(1), at: Shift.at(20))
    }
    #expect(throws: OperatorRefusal.frozen(by: state.overrides[1])) {
      try state.applying(Shift.order(.prefer, "west"), at: Shift.at(20))
    }
    #expect(try state.applying(Shift.release(2), at: Shift.at(20)).overrides.count == 1)
  }

  @Test func anActForAnotherRevisionIsRefused() throws {
    let state = try OperatorState().applying(
      Shift.order(.prefer, "west", until: 60, expected: 0), at: Shift.at(0))
    #expect(throws: OperatorRefusal.changed(expected: 0, present: 1)) {
      try state.applying(Shift.order(.drain, "east", expected: 0), at: Shift.at(1))
    }
    // Time counts, too.
    #expect(throws: OperatorRefusal.changed(expected: 1, present: 2)) {
      try state.applying(Shift.order(.drain, "east", expected: 1), at: Shift.at(60))
    }
  }

  @Test func formIsChecked() {
    let state = OperatorState()
    #expect(throws: OperatorRefusal.duration) {
      try state.applying(Shift.order(.drain, "west", until: 0), at: Shift.at(0))
    }
    #expect(throws: OperatorRefusal.duration) {
      try state.applying(Shift.order(.drain, "west", until: 7 * 86_400 + 1), at: Shift.at(0))
    }
    #expect(throws: OperatorRefusal.noSuchOrder(1)) {
      try state.applying(Shift.release(1), at: Shift.at(0))
    }
    for warrant in [
      Warrant(author: " ", reason: "x"), Warrant(author: "x", reason: "\n"),
      Warrant(author: "x", reason: String(repeating: "y", count: 201)),
    ] {
      #expect(throws: OperatorRefusal.warrant) {
        try state.applying(OperatorAct(.release(1), warrant), at: Shift.at(0))
      }
    }
  }
}

import Base
import Testing

@testable import Control

/// Words for tests about runs.
enum Rehearsal {
  static let name = PlanName(id: "move", version: 2, hash: String(repeating: "a", count: 64))

  static func act(_ deed: PlanDeed, by author: String = "Ana") -> OperatorAct {
    OperatorAct(.plan(deed), Warrant(author: author, reason: "a test", ticket: "T-1"))
  }

  static func terms(
    steps: Int = 3, approvals: Int = 0, roles: [String] = [], claims: [String] = ["west"]
  ) -> PlanTerms {
    PlanTerms(
      stepCount: steps, approvalCount: approvals, roles: roles, claims: claims, accepts: ["S3"])
  }

  /// A state in which a run has begun as act 1.
  static func begun(_ terms: PlanTerms = terms()) throws -> OperatorState {
    try OperatorState().applying(act(.begin(name, terms)), at: Shift.at(0))
  }
}

@Suite struct PlanBookTests {
  /// Acts about run 1 of three steps, and where they lead: status, step, phase; nil: refused.
  @Test(
    arguments: [
      ("", "in-progress 0 waiting"),
      ("b0", "in-progress 0 begun"),
      ("b0 d0", "in-progress 1 waiting"),
      ("b0 f0", "paused-by-failed-step 0 failed"),
      ("b0 f0 r", "in-progress 0 begun"),
      ("b0 p", "paused-by-operator 0 begun"),
      ("b0 p r d0", "in-progress 1 waiting"),
      ("b0 d0 b1 d1 b2 d2 E", "completed 3 waiting"),
      ("b0 d0 b1 d1 b2 o2 X", "completed-with-exceptions 3 waiting"),
      ("b0 d0 b1 a", "in-progress 1 waiting"),
      ("b0 d0 b1 a b1 u1 u0 C", "canceled -1 waiting"),
      ("b0 d0 a", "in-progress 0 waiting"),
      ("b0 d0 a u0 C", "canceled -1 waiting"),
      ("b0 f0 a u0 C", "canceled -1 waiting"),
      ("a", "canceled -1 waiting"),
      ("b0 f0 a f0", "paused-by-failed-step 0 failed"),
      ("F", "failed 0 waiting"), ("A", "failed 0 waiting"), ("b0 f0 A", "failed 0 failed"),
      ("b0 p A", "failed 0 begun"), ("b0 d0 g1 f1 A", "failed 1 failed"),
      ("b0 d0 b1 a f1 A", "failed 1 failed"), ("F A", nil), ("b0 A b0", nil), ("A A", nil),
      ("b0 g0", nil), ("d0", nil), ("b1", nil), ("b0 d1", nil), ("u0", nil), ("r", nil),
      ("b0 E", nil), ("b0 d0 F", nil), ("b0 d0 b1 d1 b2 o2 E", nil), ("p p", nil),
      ("g0 a", nil), ("b0 d0 g1 f1 a", nil), ("b0 d0 a g0", nil), ("b0 d0 a u0 E", nil),
      ("a C", nil), ("p b0", nil), ("b0 f0 b0", nil), ("b0 d0 b1 d1 b2 d2 b3", nil),
    ] as [(String, String?)])
  func aRunTakesOneStepAfterTheOther(_ acts: String, _ end: String?) throws {
    var state = try Rehearsal.begun()
    do throws(OperatorRefusal) {
      for (second, word) in acts.split(separator: " ").enumerated() {
        let index = Int(word.dropFirst()) ?? 0
        let deed: PlanDeed =
          switch word.first {
          case "b": .step(run: 1, index: index, .begun, "")
          case "g": .step(run: 1, index: index, .begunForGood, "")
          case "d": .step(run: 1, index: index, .done, "it is")
          case "o": .step(run: 1, index: index, .passedOver, "no matter")
          case "f": .step(run: 1, index: index, .failed, "it is not")
          case "u": .step(run: 1, index: index, .undone, "")
          case "p": .pause(run: 1)
          case "r": .resume(run: 1)
          case "a": .abort(run: 1)
          case "A": .abandon(run: 1)
          case "E": .end(run: 1, .completed, "")
          case "X": .end(run: 1, .completedWithExceptions, "")
          case "C": .end(run: 1, .canceled, "")
          default: .end(run: 1, .failed, "S4")
          }
        state = try state.applying(Rehearsal.act(deed), at: Shift.at(second + 1))
      }
      let run = state.plans.run(1)
      #expect(run.map { "\($0.status.rawValue) \($0.stepIndex) \($0.phase.rawValue)" } == end)
    } catch {
      #expect(end == nil, "\(error)")
    }
  }

  /// A run of too many marks stops, and turns back.
  @Test func aRunOfManyMarksStillEnds() throws {
    var state = try Rehearsal.begun()
    func take(_ deed: PlanDeed) throws {
      state = try state.applying(Rehearsal.act(deed), at: Shift.at(1))
    }
    try take(.step(run: 1, index: 0, .begun, ""))
    for _ in 0..<1_024 {
      try take(.step(run: 1, index: 0, .failed, "why"))
      try take(.resume(run: 1))
    }
    #expect(throws: OperatorRefusal.self) { try take(.step(run: 1, index: 0, .done, "")) }
    try take(.abort(run: 1))
    try take(.step(run: 1, index: 0, .undone, ""))
    try take(.end(run: 1, .canceled, ""))
    #expect(state.plans.active.isEmpty)
  }

  @Test func twoRunsOfOneDomainExcludeEachOther() throws {
    let state = try Rehearsal.begun()
    let other = Rehearsal.act(.begin(Rehearsal.name, Rehearsal.terms(claims: ["east", "west"])))
    #expect(throws: OperatorRefusal.plan(.busy(run: 1, plan: "move", claim: "west"))) {
      try state.applying(other, at: Shift.at(1))
    }
    let apart = Rehearsal.act(.begin(Rehearsal.name, Rehearsal.terms(claims: ["east"])))
    #expect(try state.applying(apart, at: Shift.at(1)).plans.active.count == 2)
    let over = try state.applying(Rehearsal.act(.end(run: 1, .failed, "")), at: Shift.at(1))
    #expect(try over.applying(other, at: Shift.at(2)).plans.active.map(\.number) == [3])
  }

  @Test func aRunWaitsForOtherPeople() throws {
    let terms = Rehearsal.terms(approvals: 2, roles: ["sre", "officer"])
    var state = try Rehearsal.begun(terms)
    #expect(state.plans.run(1)?.status == .pendingApproval)
    func approve(_ author: String, _ role: String = "sre") -> OperatorAct {
      Rehearsal.act(.approve(Rehearsal.name, role: role), by: author)
    }
    #expect(throws: OperatorRefusal.plan(.approvedAlready("Ana"))) {
      try state.applying(approve("Ana"), at: Shift.at(1))
    }
    #expect(throws: OperatorRefusal.plan(.role("auditor", wanted: ["sre", "officer"]))) {
      try state.applying(approve("Bo", "auditor"), at: Shift.at(1))
    }
    state = try state.applying(approve("Bo"), at: Shift.at(2))
    #expect(state.plans.run(1)?.status == .pendingApproval)
    #expect(throws: OperatorRefusal.plan(.approvedAlready("Bo"))) {
      try state.applying(approve("Bo", "officer"), at: Shift.at(3))
    }
    state = try state.applying(approve("Cy", "officer"), at: Shift.at(4))
    #expect(state.plans.run(1)?.status == .inProgress)
    // Agreements given before count for the next run of the same file, for a day.
    state = try state.applying(Rehearsal.act(.end(run: 1, .failed, "")), at: Shift.at(5))
    let soon = try state.applying(
      Rehearsal.act(.begin(Rehearsal.name, terms)), at: Shift.at(86_000))
    #expect(soon.plans.active.map(\.status) == [.inProgress])
    let later = try state.applying(
      Rehearsal.act(.begin(Rehearsal.name, terms)), at: Shift.at(86_405))
    #expect(later.plans.active.map(\.status) == [.pendingApproval])
    // Who agreed does not run it: one of two is left.
    let own = try state.applying(
      Rehearsal.act(.begin(Rehearsal.name, terms), by: "Bo"), at: Shift.at(10))
    #expect(own.plans.active.map(\.status) == [.pendingApproval])
  }

  @Test func rulesAreSetAsideByTwoForAnHour() throws {
    func ask(_ rules: [SafetyRule], until seconds: Int) -> OperatorAct {
      OperatorAct(
        .waive(rules, until: Shift.at(seconds)), Warrant(author: "Ana", reason: "a storm"))
    }
    func agree(_ number: Int, _ author: String) -> OperatorAct {
      OperatorAct(.agree(number), Warrant(author: author, reason: "seen"))
    }
    for rule in SafetyRule.allCases where !rule.isWaivable {
      #expect(throws: OperatorRefusal.firmRule(rule)) {
        try OperatorState().applying(ask([rule], until: 60), at: Shift.at(0))
      }
    }
    #expect(throws: OperatorRefusal.waiverDuration) {
      try OperatorState().applying(ask([.spacing], until: 3_601), at: Shift.at(0))
    }
    let asked = try OperatorState().applying(
      ask([.lawfulTarget, .spacing], until: 3_600), at: Shift.at(0))
    #expect(asked.waiver(of: .spacing) == nil)
    #expect(throws: OperatorRefusal.sameAuthor) {
      try asked.applying(agree(1, "Ana"), at: Shift.at(1))
    }
    #expect(throws: OperatorRefusal.noSuchWaiver(2)) {
      try asked.applying(agree(2, "Bo"), at: Shift.at(1))
    }
    let agreed = try asked.applying(agree(1, "Bo"), at: Shift.at(1))
    #expect(agreed.waiver(of: .lawfulTarget)?.second == "Bo")
    #expect(agreed.waiver(of: .regionsInService) == nil)
    let safety = Safety(Shift.world)
    _ = try safety.judge(Shift.order(.drain, "west"), on: agreed, at: Shift.at(10))
    #expect(throws: OperatorRefusal.self) {
      try safety.judge(Shift.order(.drain, "west"), on: agreed, at: Shift.at(3_600))
    }
    #expect(agreed.settled(at: Shift.at(3_600)).waivers.isEmpty)
  }

  @Test func aShareTakesThePlaceOfTheOneBefore() throws {
    func share(_ percent: Int, _ scope: OverrideScope, until seconds: Int = 600) -> OperatorAct {
      OperatorAct(
        .share(scope, percent: percent, until: Shift.at(seconds)),
        Warrant(author: "Ana", reason: "back"))
    }
    let west = OverrideScope("west", .replica)
    var state = try OperatorState().applying(share(1, west), at: Shift.at(0))
    state = try state.applying(share(25, west), at: Shift.at(1))
    state = try state.applying(share(5, OverrideScope("west", endpoint: "r2")), at: Shift.at(2))
    #expect(state.percent("west", .replica, "r1") == 25)
    #expect(state.percent("west", .replica, "r2") == 5)
    #expect(state.percent("west", .primary) == 100)
    #expect(try state.applying(share(100, west), at: Shift.at(3)).shares.count == 1)
    #expect(state.settled(at: Shift.at(600)).shares.isEmpty)
    #expect(throws: OperatorRefusal.duration) {
      try state.applying(share(0, west), at: Shift.at(3))
    }
  }

  @Test func anOrderAboutOneServerMeetsThoseAboutAll() throws {
    func drain(_ scope: OverrideScope) -> OperatorAct {
      OperatorAct(
        .order(.drain, scope, until: Shift.at(600)), Warrant(author: "Ana", reason: "a test"))
    }
    let one = OverrideScope("west", endpoint: "west-2")
    #expect(one.description == "west/west-2")
    let state = try OperatorState().applying(drain(one), at: Shift.at(0))
    #expect(state.effect("west", .replica, "west-2").out != nil)
    #expect(state.effect("west", .replica, "west-3").out == nil)
    #expect(state.effect("west", .replica).out == nil)
    #expect(throws: OperatorRefusal.taken(by: state.overrides[0])) {
      try state.applying(drain(OverrideScope("west", .replica)), at: Shift.at(10))
    }
    #expect(throws: OperatorRefusal.taken(by: state.overrides[0])) {
      try state.applying(drain(one), at: Shift.at(10))
    }
    let both = try state.applying(
      drain(OverrideScope("west", endpoint: "west-3")), at: Shift.at(10))
    #expect(both.overrides.count == 2)
    // One of two replicas may rest, the only primary may not.
    var world = Shift.world
    world.regions[0].servers.append(.init("west-3", .replica))
    let safety = Safety(world)
    _ = try safety.judge(
      drain(OverrideScope("west", endpoint: "west-3")), on: OperatorState(), at: Shift.at(0))
    #expect(throws: OperatorRefusal.self) {
      try safety.judge(
        drain(OverrideScope("west", endpoint: "west-primary")), on: OperatorState(),
        at: Shift.at(0))
    }
    #expect(
      throws: OperatorRefusal.unknownEndpoint(
        "west-9", region: "west", known: ["west-replica", "west-primary", "west-3"])
    ) {
      try safety.judge(
        drain(OverrideScope("west", endpoint: "west-9")), on: OperatorState(), at: Shift.at(0))
    }
  }

  /// Whatever was done is read again from a history's lines and from a snapshot.
  @Test(arguments: 0..<20 as Range<UInt64>)
  func actsSurviveTheirText(_ seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    var books = OperatorBooks()
    var taken: Set<String> = []
    for second in 1..<200 {
      let number = Int.random(in: 1...second, using: &random)
      let index = Int.random(in: 0...2, using: &random)
      let deeds: [OperatorDeed] = [
        .plan(.begin(Rehearsal.name, Rehearsal.terms(approvals: index % 2, claims: ["\(index)"]))),
        .plan(.approve(Rehearsal.name, role: "sre")),
        .plan(.step(run: number, index: index, .begun, "ä \"x\"")),
        .plan(.step(run: number, index: index, .done, "")),
        .plan(.step(run: number, index: index, .failed, "why")),
        .plan(.pause(run: number)), .plan(.resume(run: number)), .plan(.abort(run: number)),
        .plan(.abandon(run: number)),
        .plan(.step(run: number, index: index, .undone, "")),
        .plan(.end(run: number, .canceled, "over")),
        .waive([.spacing], until: Shift.at(second + 30)), .agree(number),
        .share(OverrideScope("west", endpoint: "w 2"), percent: 5, until: Shift.at(second + 9)),
        .order(.drain, OverrideScope("west", endpoint: "w-3"), until: Shift.at(second + 9)),
      ]
      guard let deed = deeds.randomElement(using: &random) else { continue }
      let author = ["Ana", "Bo\t", "Cy"][Int.random(in: 0...2, using: &random)]
      let act = OperatorAct(deed, Warrant(author: author, reason: "because"))
      guard (try? books.state.applying(act, at: Shift.at(second))) != nil else { continue }
      taken.insert(deed.fields[0])
      let line = OperatorLine(act, at: Shift.at(second), after: books)
      #expect(OperatorLine(line.text[...], after: books) == line)
      let isTaken = books.take(line)
      #expect(isTaken)
      #expect(OperatorBooks(books.bytes) == books)
    }
    #expect(taken.isSuperset(of: ["plan-begin", "waive", "share-5", "drain"]), "\(taken)")
  }
}

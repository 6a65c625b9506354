import Base
import Testing

@testable import Policy

@Suite struct PolicyPairTests {
  /// The earlier version: everything from home, with a copy in the east; other region numbers.
  private static let old = """
    policy: ward
    version: 1
    regions:
      south: { near: [] }
      east: { near: [US-NY] }
      west: { near: [US-CA] }
    routes:
      - id: O-1
        say: Everything from home, reads from the east too
        when: {}
        serve:
          - { region: home, tier: primary }
          - { region: [south, east], tier: replica, staleness: 10s }

    """

  /// The version in force.
  private static func new(_ phases: String) -> String {
    """
    policy: ward
    version: 2
    supersedes: sha256:\(String(repeating: "0", count: 64))
    phases: { \(phases) }
    regions:
      west: { near: [US-CA] }
      east: { near: [US-NY] }
    never:
      - id: N-1
        say: Nothing very restricted
        when: { sensitivity: [very-restricted] }
        refuse: true
      - id: N-2
        say: Californians' records stay in the west
        when: { residency: [US-CA] }
        serve: { region_not_in: [west] }
    deny:
      - id: D-1
        say: No billing roles
        when: { role: [billing] }
    routes:
      - id: R-1
        say: Reads from home
        when: { operation: [read] }
        serve: [{ region: home, tier: primary }]

    """
  }

  private func pair(_ phases: String) throws -> PolicyPair {
    func load(_ text: String) throws -> Policy {
      let (policy, complaints) = Policy.load(text: text, file: "ward.yaml", hash: "")
      return try #require(policy, "\(complaints)")
    }
    return PolicyPair(active: try load(Self.new(phases)), superseded: try load(Self.old))
  }

  /// `source verdict rule [candidates] (other)`, with the regions' names.
  private func text(_ pair: PolicyPair, _ facts: Facts) throws -> String {
    let decision = pair.decide(facts)
    let isOld = decision.source == .superseded
    let policy = isOld ? try #require(pair.superseded).policy : pair.active
    let other = isOld ? pair.active : pair.superseded?.policy ?? pair.active
    let rule = decision.plan.ruleIndex.map { policy.rules[$0].id } ?? "none"
    let names = decision.plan.candidates.map { "\(policy.regionName($0.region)) \($0.tier)" }
    let difference = decision.other.map { seen in
      " (\(seen.verdict.word) \(seen.ruleIndex.map { other.rules[$0].id } ?? "none"))"
    }
    return "\(isOld ? "old" : "new") \(decision.plan.verdict.word) \(rule)"
      + " [\(names.joined(separator: ", "))]" + (difference ?? "")
  }

  private func facts(
    _ operation: Operation = .read, home: UInt8 = 0, role: Role = .nurse,
    sensitivity: Sensitivity = .normal, residency: String = "US-NY"
  ) -> Facts {
    Facts(
      operation: operation, dataClass: .billing, sensitivity: sensitivity, home: RegionID(home),
      residency: Place(residency) ?? .unknown, role: role)
  }

  @Test func enforcedTheNewVersionDecides() throws {
    let pair = try pair("default: shadow, billing: enforce")
    #expect(try text(pair, facts()) == "new permit R-1 [west primary]")
    #expect(try text(pair, facts(.update)) == "new no-rule none []")
  }

  @Test func inTheShadowTheOldVersionDecides() throws {
    let pair = try pair("billing: shadow")
    // South is gone; home keeps its name, not its number.
    #expect(
      try text(pair, facts()) == "old permit O-1 [west primary, east replica] (permit R-1)")
    #expect(
      try text(pair, facts(home: 1))
        == "old permit O-1 [east primary, east replica] (permit R-1)")
    #expect(
      try text(pair, facts(.update))
        == "old permit O-1 [west primary, east replica] (no-rule none)")
    #expect(
      try text(pair, facts(role: .billing))
        == "old permit O-1 [west primary, east replica] (forbidden D-1)")
  }

  @Test func neverRulesHoldInTheShadow() throws {
    let pair = try pair("billing: shadow")
    #expect(
      try text(pair, facts(sensitivity: .veryRestricted)) == "new forbidden N-1 []")
    // What is left of the old plan is what the new one gives: no difference.
    #expect(try text(pair, facts(residency: "US-CA")) == "old permit O-1 [west primary]")
    #expect(try text(pair, facts(home: 1, residency: "US-CA")) == "new forbidden N-2 []")
  }

  @Test func observedOnlyRefusalsAreTheOldVersions() throws {
    let pair = try pair("billing: observe")
    #expect(try text(pair, facts()) == "new permit R-1 [west primary] (permit O-1)")
    #expect(
      try text(pair, facts(role: .billing))
        == "old permit O-1 [west primary, east replica] (forbidden D-1)")
    #expect(
      try text(pair, facts(.update))
        == "old permit O-1 [west primary, east replica] (no-rule none)")
    #expect(
      try text(pair, facts(.update, residency: "US-CA"))
        == "old permit O-1 [west primary] (no-rule none)")
    #expect(
      try text(pair, facts(.update, sensitivity: .veryRestricted)) == "new forbidden N-1 []")
  }

  @Test func aSuccessorIsAskedAndDecidesNothing() throws {
    let whole = try pair("billing: shadow")
    let old = try #require(whole.superseded).policy
    func difference(_ pair: PolicyPair, _ facts: Facts) -> String {
      let seen = pair.successorDifference(facts, from: pair.decide(facts))
      let rules = pair.successor?.policy.rules ?? []
      return seen.map { "\($0.verdict.word) \($0.ruleIndex.map { rules[$0].id } ?? "none")" }
        ?? "same"
    }
    // The newer one beside the older: its phases do not matter.
    let trial = PolicyPair(active: old, superseded: nil, successor: whole.active)
    // East and west by the old version's numbers.
    #expect(
      try text(trial, facts(home: 2))
        == "new permit O-1 [west primary, south replica, east replica]")
    #expect(difference(trial, facts(home: 2)) == "permit R-1")
    #expect(difference(trial, facts(.update, home: 1)) == "no-rule none")
    #expect(difference(trial, facts(home: 2, role: .billing)) == "forbidden D-1")
    // A home that the newer one does not know: only its refusals differ less.
    #expect(difference(trial, facts(home: 0)) == "unavailable R-1")
    // Beside itself, and beside a pair in which the same earlier version decides.
    #expect(
      difference(PolicyPair(active: old, superseded: nil, successor: old), facts(home: 1))
        == "same")
    #expect(difference(whole, facts()) == "same")
    let threefold = PolicyPair(active: whole.active, superseded: old, successor: old)
    #expect(threefold.decide(facts()).source == .superseded)
    // South, which the version in force does not have, is left out of what decides.
    #expect(difference(threefold, facts()) == "permit O-1")
    let again = PolicyPair(active: whole.active, superseded: old, successor: whole.active)
    #expect(difference(again, facts()) == "permit R-1")
    #expect(difference(again, facts(sensitivity: .veryRestricted)) == "same")
  }

  @Test func withoutTheOldVersionEverythingIsEnforced() throws {
    let whole = try pair("billing: shadow")
    let alone = PolicyPair(active: whole.active, superseded: nil)
    #expect(alone.decide(facts(.update)).plan.verdict == .refuse(.noRule))
  }

  @Test("what is called indifferent is decided alike, whatever the answer is", arguments: 0..<10)
  func indifferenceHolds(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    let text = PolicyGenerator.text(ruleCount: 40, seed: seed)
    let generated = try #require(Policy.load(text: text, file: "chance.yaml", hash: "").0)
    let alone = PolicyPair(active: generated, superseded: nil)
    for (pair, regionCount) in [(try pair("billing: shadow"), 2), (alone, 6)] {
      var found: Set<Bool> = []
      for _ in 0..<500 {
        let facts = randomFacts(regionCount: regionCount, &random)
        let classes = Array(DataClass.allCases.shuffled(using: &random).prefix(2))
        let levels = Array(Sensitivity.allCases.shuffled(using: &random).prefix(2))
        let isIndifferent = pair.isIndifferent(facts, classes: classes, sensitivities: levels)
        found.insert(isIndifferent)
        guard isIndifferent else { continue }
        let expected = withoutRow(pair.decide(facts).plan)
        for dataClass in classes + [facts.dataClass] {
          for level in levels {
            var asked = facts
            asked.dataClass = dataClass
            asked.sensitivity = level
            let other = withoutRow(pair.decide(asked).plan)
            #expect(other == expected, "seed \(seed), \(asked)")
          }
        }
      }
      #expect(found == [true, false])
    }
  }

  /// What indifference is about of a plan.
  private func withoutRow(_ plan: Plan) -> Interpreter.Result {
    Interpreter.Result(
      verdict: plan.verdict, ruleIndex: plan.ruleIndex, candidates: Array(plan.candidates),
      durability: plan.durability, obligations: plan.obligations, cacheRow: nil)
  }

  @Test("no candidate of either version passes a never rule", arguments: [UInt64](1...20))
  func neverHolds(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    let pairs = [try pair("default: shadow"), try pair("default: observe")]
    for _ in 0..<500 {
      let facts = randomFacts(regionCount: 2, &random)
      for pair in pairs {
        let decision = pair.decide(facts)
        guard decision.plan.verdict == .permit else { continue }
        #expect(facts.sensitivity != .veryRestricted)
        #expect(!decision.plan.candidates.isEmpty)
        guard facts.residency == Place("US-CA") else { continue }
        let policy = decision.source == .active ? pair.active : pair.superseded?.policy
        for candidate in decision.plan.candidates {
          #expect(policy?.regionName(candidate.region) == "west")
        }
      }
    }
  }
}

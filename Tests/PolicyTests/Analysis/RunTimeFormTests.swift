import Base
import Testing

@testable import Policy

/// A generated policy with its diagram.
private func generated(_ ruleCount: Int, _ seed: UInt64) throws -> (Policy, RulesDiagram) {
  let text = PolicyGenerator.text(ruleCount: ruleCount, seed: seed)
  let policy = try #require(Policy.load(text: text, file: "", hash: "").0)
  return (policy, try policy.diagram.get())
}

/// The diagram by which the run time decides, with its table.
private func reduced(
  _ policy: Policy, _ rules: RulesDiagram
) throws -> (OutcomeTable, DecisionDiagram) {
  var table = OutcomeTable()
  let parts = CompiledRules(policy.regions, policy.rules)
  let diagram = try table.reduce(rules, policy.rules, parts)
  return (table, diagram)
}

@Suite struct RunTimeFormTests {
  @Test(arguments: [1, 2] as [UInt64])
  func whatProvedInvariantsForbidCostsNoNodes(seed: UInt64) throws {
    let (policy, rules) = try generated(300, seed)
    let (table, diagram) = try reduced(policy, rules)
    // No route of a generated policy does what one of its invariants forbids.
    #expect(table.prohibitions.isEmpty)
    #expect(diagram.nodeCount < rules.diagram.nodeCount)
    // Whichever invariants hold beside it, a rule that decides has one outcome; the gap has one.
    #expect(table.outcomes.count <= policy.rules.count + 1)
    #expect(table.outcomes.count < rules.terminals.count)
  }

  @Test func whatAnInvariantTakesAwayStaysKnown() throws {
    let text = """
      policy: p
      version: 1
      regions:
        west: { backup: east }
        east: { backup: west }
      never:
        - id: N-1
          say: x
          when: { data_class: [vitals] }
          serve: { region_not_in: [home] }
        - id: N-2
          say: x
          when: { role: [nurse] }
          serve: { region_not_in: [home] }
        - id: N-3
          say: x
          when: { role: [nurse] }
          serve: { tier_in: [cache] }
      routes:
        - id: R-1
          say: x
          when: {}
          serve: [{ region: [home, backup-of-home], tier: replica, staleness: 10s }]
      """
    let policy = try #require(Policy.load(text: text, file: "", hash: "").0)
    let (table, _) = try reduced(policy, try policy.diagram.get())
    // N-1 and N-2 forbid alike, and N-3 nothing that the route does: two outcomes, one prohibition.
    #expect(table.outcomes.count == 2)
    #expect(table.prohibitions == [0])
    let plan = policy.plan(for: Facts(dataClass: .vitals, home: RegionID(0), role: .nurse))
    #expect(plan.candidates.map(\.region) == [RegionID(0)])
  }
}

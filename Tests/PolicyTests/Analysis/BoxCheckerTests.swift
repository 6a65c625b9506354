import Base
import StrictYAML
import Testing

@testable import Policy

/// A small policy made of chance, with few attributes so that boxes stay countable.
private func chancePolicy(_ random: inout SplitMix64) -> String {
  func pick(_ values: [String], _ count: ClosedRange<Int>) -> String {
    let count = Int.random(in: count, using: &random)
    return "[\(values.shuffled(using: &random).prefix(count).joined(separator: ", "))]"
  }
  func condition() -> String {
    let clauses: [String] = [
      "data_class: \(pick(["vitals", "notes", "billing", "unknown"], 1...3))",
      "home: \(pick(["us-west", "us-central", "us-east", "unknown"], 1...3))",
      "location: \(pick(["US-CA", "US-TX", "US", "GB", "unknown"], 1...3))",
      "user_in_home_region: \(pick(["true", "false", "unknown"], 1...2))",
      "hour: \(pick(["{ at_least: 7, below: 19 }", "{ below: 12 }", "unknown"], 1...2))",
    ]
    let count = Int.random(in: 0...3, using: &random)
    return "{ \(clauses.shuffled(using: &random).prefix(count).joined(separator: ", ")) }"
  }
  func unless() -> String {
    guard Int.random(in: 0..<3, using: &random) == 0 else { return "" }
    let place = pick(["US-CA", "GB", "unknown"], 1...2)
    return "\n    unless: { location: \(place) }"
  }
  func layer(_ prefix: String, _ count: Int, _ rest: (Int) -> String) -> String {
    (0..<count).map { index in
      "  - id: \(prefix)-\(index)\n    say: x\n    when: \(condition())\(unless())\n\(rest(index))"
    }.joined()
  }
  let never = layer("N", 3) { _ in
    let consequences = [
      "refuse: true", "serve: { region_not_in: [home] }", "serve: { region_in: [nearest] }",
      "serve: { tier_in: [replica] }", "serve: { region_not_in: [us-west, backup-of-home] }",
    ]
    return "    \(consequences[Int.random(in: consequences.indices, using: &random)])\n"
  }
  let deny = layer("D", 2) { _ in "" }
  let routes = layer("R", 5) { index in
    let regions = pick(["home", "nearest", "backup-of-home", "us-east"], 1...2)
    let lower = (0..<index).map { "R-\($0)" }.joined(separator: ", ")
    return "    serve: [{ region: \(regions), tier: primary }]\n    overrides: [\(lower)]\n"
  }
  return smallPolicy(never: never, deny: deny, routes: routes)
    .replacing("sets:\n  chart: { data_class: [vitals, problems, allergies] }\n", with: "")
}

/// Diagram and box subtraction are two ways to every verdict; they must agree on each.
@Test(arguments: 0..<20)
func boxSubtractionAgreesWithTheDiagram(seed: UInt64) throws {
  var random = SplitMix64(seed: seed)
  let policy = try loaded(chancePolicy(&random))
  let report = Analysis.report(policy)
  let checker = BoxChecker(policy)

  // Gaps: whether there are any, and how many requests.
  let gapCount = checker.gaps().reduce(UInt128(0)) { $0 + BoxChecker.pointCount($1) }
  #expect(gapCount == report.statistics?.uncoveredCount, "seed \(seed)")
  #expect(report.findings.contains { $0.code == .gap } == (gapCount > 0), "seed \(seed)")

  // Rules that never decide.
  let idle = Set(
    report.findings.filter { $0.code == .shadowed || $0.code == .unreachable }.map { $0.rules[0] })
  for (index, rule) in policy.rules.enumerated() {
    let isIdle =
      rule.layer == .never
      ? checker.points(of: index).isEmpty : checker.decidedPoints(of: index).isEmpty
    #expect(idle.contains(rule.id) == isIdle, "seed \(seed), \(rule.id)")
  }

  // Violated invariants, with the same routes.
  for index in policy.rules.indices where policy.rules[index].layer == .never {
    let id = policy.rules[index].id
    let found = report.findings.first { $0.code == .neverViolated && $0.rules[0] == id }
    let routes = checker.routesViolating(index).map { policy.rules[$0].id }
    #expect(Set(found?.rules.dropFirst() ?? []) == Set(routes), "seed \(seed), \(id)")
  }

  // Redundant rules: without one, what it decided is decided alike.
  for finding in report.findings where finding.code == .redundant {
    let index = try #require(policy.rules.firstIndex { $0.id == finding.rules[0] })
    var rules = policy.rules
    rules.remove(at: index)
    let without = Interpreter(
      regions: policy.regions, tenants: policy.tenants, cacheRows: [], rules: rules,
      nearness: policy.domains.nearness)
    for box in checker.decidedPoints(of: index) {
      for _ in 0..<20 {
        var codes = [Int](repeating: 0, count: Attribute.count)
        for (level, attribute) in RuleSpace.order.enumerated() {
          codes[attribute.rawValue] = any(of: box[level].values, &random)
        }
        let facts = policy.domains.facts(codes)
        let (with, other) = (policy.interpreter.decide(facts), without.decide(facts))
        #expect(with.ruleIndex == index, "seed \(seed)")
        #expect(with.verdict == other.verdict && with.candidates == other.candidates)
      }
    }
  }

  // Overlaps: pairs of routes that meet.
  let overlaps = Overlaps(policy.rules, policy.boxes, policy.domains)
  for one in policy.rules.indices {
    for other in 0..<one {
      let meets = overlaps.meeting(one).contains(other) && overlaps.example(one, other) != nil
      #expect(meets == checker.overlap(one, other), "seed \(seed), \(one), \(other)")
    }
  }
}

/// The order of the rules in the file changes neither the diagram nor the report.
@Test(arguments: 0..<10)
func orderOfTheFileChangesNoDiagram(seed: UInt64) throws {
  var random = SplitMix64(seed: seed)
  let text = PolicyGenerator.text(ruleCount: 100, seed: seed)
  let parts = text.split(separator: "routes:\n", maxSplits: 1).map(String.init)
  let blocks = ("\n" + parts[1]).split(separator: "\n  - id:").map(String.init)
  let shuffled =
    parts[0] + "routes:\n"
    + blocks.shuffled(using: &random).map { "  - id:\($0)\n" }.joined()
  let (one, other) = (try loaded(text), try loaded(shuffled))
  #expect(try one.diagram.get().diagram == other.diagram.get().diagram)
  #expect(try one.diagram.get().terminals == other.diagram.get().terminals)
  #expect(
    Analysis.report(one).statistics?.routedCount == Analysis.report(other).statistics?.routedCount)
}

/// When there are too many cases, the bit-vector decides and nothing counts as proved.
@Test func withoutADiagramNothingIsProved() throws {
  let text = PolicyGenerator.text(ruleCount: 100, seed: 1)
  let policy = try loaded(text)
  let conditions = zip(policy.rules, policy.boxes).map { DiagramRule($0, $1, policy.domains) }
  #expect(throws: DiagramError.tooManyNodes(max: 50)) {
    try RulesDiagram(conditions, policy.domains, nodeCountMax: 50)
  }
  let compiled = CompiledPolicy(
    policy.regions, policy.rules, policy.cacheRows, policy.domains, boxes: policy.boxes,
    diagram: nil)
  var random = SplitMix64(seed: 4)
  for _ in 0..<500 {
    let facts = randomFacts(regionCount: 6, &random)
    #expect(result(compiled.plan(facts)) == policy.interpreter.decide(facts))
  }
}

import Base
import Policy
import StrictYAML
import Testing

@Test func theWholePolicyPassesItsTests() {
  let report = wholePolicy.runTests()
  for result in report.results where !result.failures.isEmpty {
    Issue.record("line \(result.mark.line), \(result.say): \(result.failures)")
  }
  #expect(report.isPassed && report.results.count == 9)
  #expect(report.unexercised.isEmpty)
  let coverage = Dictionary(
    uniqueKeysWithValues: report.coverage.map {
      (wholePolicy.rules[$0.ruleIndex].id, [$0.exercisedCount, $0.decisiveCount])
    })
  // N-1 matches all requests for patient data, and takes away everything once.
  #expect(coverage["N-1"] == [7, 1])
  #expect(coverage["N-2"] == [1, 1])
  #expect(coverage["D-1"] == [2, 1])
  #expect(coverage["R-2"] == [2, 1])
  #expect(coverage["R-3"] == [3, 1])
}

/// A small policy with this test.
private func policy(_ test: String, role: String = "unknown") throws -> Policy {
  let text = """
    policy: p
    version: 1
    regions: { west: { near: [US-AZ], jurisdiction: US }, east: { near: [US-NY] } }
    never:
      - { id: N-1, say: x, when: { role: nurse }, serve: { region_in: [east] } }
    routes:
      - id: R-1
        say: x
        when: { data_class: [vitals] }
        serve: [{ region: [west, east], tier: replica, staleness: 10s }]
        obligations: [summarize]
    tests:
      - say: x
        given: { data_class: vitals, role: \(role) }
        expect: \(test)
    """
  let (policy, diagnostics) = Policy.load(text: text, file: "p", hash: "")
  return try #require(policy, "\(diagnostics)")
}

@Test(arguments: [
  ("{ decision: permit, rule: R-1 }", []),
  ("{ decision: permit, rule: R-1, candidates: [west replica 10s, east replica 10s] }", []),
  (
    "{ decision: permit, rule: R-1, candidates: [west replica 10000ms, east replica 10s] }", []
  ),
  ("{ decision: permit, rule: R-1, obligations: [summarize], audit: durable }", []),
  ("{ decision: forbidden, rule: R-1 }", ["decision is permit, not forbidden"]),
  (
    "{ decision: no-rule }", ["decision is permit, not no-rule", "rule is R-1, not none"]
  ),
  ("{ decision: permit, rule: N-1 }", ["rule is R-1, not N-1"]),
  (
    "{ decision: permit, rule: R-1, candidates: [east replica 10s, west replica 10s] }",
    [
      "candidates is [west replica 10s, east replica 10s],"
        + " not [east replica 10s, west replica 10s]"
    ]
  ),
  (
    "{ decision: permit, rule: R-1, obligations: [], audit: standard }",
    ["obligations is [summarize], not []", "audit is durable, not standard"]
  ),
])
func testsSayWhatDiffers(expectation: String, failures: [String]) throws {
  let report = try policy(expectation).runTests()
  #expect(report.results.map(\.failures) == [failures])
  #expect(report.isPassed == failures.isEmpty)
  // The rule about nurses is reached by nobody.
  #expect(report.coverage.map(\.exercisedCount) == [0, 1] && report.unexercised == [0])
}

@Test func aNeverRuleThatTakesACandidateAwayIsDecisive() throws {
  let report = try policy("{ decision: permit, rule: R-1 }", role: "nurse").runTests()
  #expect(report.isPassed)
  #expect(report.coverage.map(\.exercisedCount) == [1, 1])
  #expect(report.coverage.map(\.decisiveCount) == [1, 1])
}

@Test func guaranteesCountRegions() throws {
  let guarantee = try #require(wholePolicy.guarantees.first)
  let plan = wholePolicy.plan(for: Facts(dataClass: .reference))
  #expect(guarantee.isKept(by: plan))
  #expect(plan.candidates.filter { guarantee.counts($0) }.count == 6)
  #expect(!guarantee.isKept(by: wholePolicy.plan(for: Facts(dataClass: .orders))))
}

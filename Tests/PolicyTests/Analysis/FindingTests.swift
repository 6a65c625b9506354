import Base
import StrictYAML
import Testing

@testable import Policy

/// A small policy with three regions around a few rules.
func smallPolicy(never: String = "", deny: String = "", routes: String, always: String = "")
  -> String
{
  func layer(_ key: String, _ body: String) -> String { body.isEmpty ? "" : "\(key):\n\(body)\n" }
  return """
    policy: small
    version: 1
    regions:
      us-west: { near: [US-CA, US-AZ], backup: us-central, jurisdiction: US }
      us-central: { near: [US-TX], backup: us-west, jurisdiction: US }
      us-east: { near: [US-NY], jurisdiction: US }
    sets:
      chart: { data_class: [vitals, problems, allergies] }

    """ + layer("never", never) + layer("deny", deny) + layer("always", always)
      + layer("routes", routes)
}

/// The policy of a text that must be right.
func loaded(_ text: String) throws -> Policy {
  let (policy, diagnostics) = Policy.load(text: text, file: "p.yaml", hash: "")
  return try #require(policy, "\(diagnostics.map(\.description))")
}

private let invariantN3 = """
    - id: N-3
      say: A behavioral-health record of a California resident never leaves us-west
      when: { data_class: [behavioral-health], residency: [US-CA] }
      serve: { region_not_in: [us-west] }
  """

private func behavioralRoute(_ residency: String, _ region: String) -> String {
  """
    - id: R-1
      say: Behavioral health of Californians
      when: { data_class: [behavioral-health], residency: [\(residency)] }
      serve: [{ region: \(region), tier: primary }]
    - id: R-2
      say: The chart
      when: { data_class: [$chart] }
      serve: [{ region: [nearest, home], tier: replica, staleness: 5s }]
  """
}

/// The invariant of the design: proved while the rule is tight, violated with an example when it is
/// loosened.
@Test func theInvariantHoldsUntilARuleIsLoosened() throws {
  let tight = try loaded(
    smallPolicy(never: invariantN3, routes: behavioralRoute("US-CA", "us-west")))
  let good = Analysis.report(tight)
  #expect(!good.hasErrors)
  #expect(good.proved == ["N-3"])

  let loose = try loaded(
    smallPolicy(never: invariantN3, routes: behavioralRoute("US-CA, US-TX", "[us-west, home]")))
  let bad = Analysis.report(loose)
  let finding = try #require(bad.findings.first)
  #expect(finding.code == .neverViolated && bad.hasErrors && bad.proved.isEmpty)
  #expect(finding.rules == ["N-3", "R-1"])
  let example = try #require(finding.example)
  #expect(example.dataClass == .behavioralHealth && example.residency == Place("US-CA"))
  #expect(example.home != nil && example.home != loose.region(named: "us-west"))
  // The edge still refuses at run time what the route alone would have sent away.
  let regions = Set(loose.plan(for: example).candidates.map(\.region))
  #expect(regions == [RegionID(0)])
  // The text of the example can be pasted back.
  #expect(try RequestText.facts(finding.exampleText ?? "", for: loose) == example)
}

/// What each kind of mistake is called.
private struct Kind: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let text: String
  let code: AnalysisCode
  let rules: [String]
}

private let kinds = [
  Kind(
    testDescription: "a rule below others never decides",
    text: smallPolicy(
      deny: """
          - { id: D-1, say: x, when: { data_class: [vitals], operation: [read] } }
        """,
      routes: """
          - id: R-1
            say: x
            when: { data_class: [vitals], operation: [search] }
            overrides: [R-2]
            serve: [{ region: home, tier: primary }]
          - id: R-2
            say: x
            when: { data_class: [vitals], operation: [read, search] }
            serve: [{ region: nearest, tier: primary }]
        """), code: .shadowed, rules: ["R-2", "D-1", "R-1"]),
  Kind(
    testDescription: "a rule that nothing can match",
    text: smallPolicy(
      routes: """
          - id: R-1
            say: x
            when: { data_class: [vitals], home: [unknown], user_in_home_region: [true] }
            serve: [{ region: any, tier: primary }]
        """), code: .unreachable, rules: ["R-1"]),
  Kind(
    testDescription: "an invariant that nothing can match",
    text: smallPolicy(
      never: """
          - id: N-1
            say: x
            when: { location: [unknown], user_in_home_region: [true, false] }
            refuse: true
        """,
      routes: """
          - id: R-1
            say: x
            when: {}
            serve: [{ region: any, tier: primary }]
        """), code: .unreachable, rules: ["N-1"]),
  Kind(
    testDescription: "a refusal that a route contradicts",
    text: smallPolicy(
      never: """
          - { id: N-1, say: x, when: { break_glass: [unknown] }, refuse: true }
        """,
      routes: """
          - id: R-1
            say: x
            when: {}
            serve: [{ region: any, tier: primary }]
        """), code: .neverViolated, rules: ["N-1", "R-1"]),
  Kind(
    testDescription: "a rule that changes nothing",
    text: smallPolicy(
      routes: """
          - id: R-1
            say: x
            when: { data_class: [vitals] }
            serve: [{ region: home, tier: primary }]
          - id: R-2
            say: x
            when: { data_class: [$chart] }
            serve: [{ region: home, tier: primary }]
        """), code: .redundant, rules: ["R-1"]),
  Kind(
    testDescription: "an override of a route that says the same",
    text: smallPolicy(
      routes: """
          - id: R-1
            say: x
            when: { data_class: [vitals, notes] }
            overrides: [R-2]
            serve: [{ region: home, tier: primary }]
          - id: R-2
            say: x
            when: { data_class: [$chart] }
            serve: [{ region: home, tier: primary }]
        """), code: .needlessOverride, rules: ["R-1", "R-2"]),
  Kind(
    testDescription: "a promise that a region's loss breaks",
    text: smallPolicy(
      routes: """
          - id: R-1
            say: x
            when: { home: [us-west, us-central, us-east] }
            serve:
              - { region: [home, backup-of-home], tier: replica, staleness: 10s }
        """,
      always: """
          - id: A-1
            say: Charts survive the loss of any region
            when: { data_class: [$chart], home: [us-west, us-central, us-east] }
            serve: { regions_min: 2, staleness_max: 60s }
        """), code: .guaranteeBroken, rules: ["A-1", "R-1"]),
]

@Test(arguments: kinds)
private func findsWhatIsWrong(_ kind: Kind) throws {
  let report = Analysis.report(try loaded(kind.text))
  let found = report.findings.filter { $0.code == kind.code }
  #expect(found.map(\.rules) == [kind.rules], "\(report.text)")
  #expect(report.hasErrors == (kind.code.severity == .error))
  #expect(report.text.contains("[\(kind.code.rawValue)]"))
}

/// A broken promise holds once it asks for less.
@Test func aSmallerPromiseIsProved() throws {
  let text = try #require(kinds.last?.text.replacing("regions_min: 2", with: "regions_min: 1"))
  #expect(Analysis.report(try loaded(text)).proved == ["A-1"])
  let unsafe = text.replacing("staleness_max: 60s", with: "staleness_max: 5s")
  #expect(Analysis.report(try loaded(unsafe)).hasErrors)
}

/// Gaps are told in few boxes, with the officer's own sets.
@Test func gapsAreToldInTheOfficersWords() throws {
  let policy = try loaded(
    smallPolicy(
      deny: """
          - id: D-1
            say: Nobody else's business
            when: {}
            unless: { data_class: [$chart, notes] }
        """,
      routes: """
          - id: R-1
            say: x
            when: { data_class: [$chart], operation: [read, search] }
            serve: [{ region: home, tier: primary }]
          - id: R-2
            say: x
            when: { data_class: [notes], directory_age: [{ at_least: 10m, below: 1h }] }
            serve: [{ region: home, tier: primary }]
        """))
  let gaps = Analysis.report(policy).findings.filter { $0.code == .gap }
  #expect(
    gaps.map(\.message) == [
      "no rule covers the requests with data_class: [$chart], operation: all but [read, search]",
      "no rule covers the requests with data_class: [notes],"
        + " directory_age: all but [10m to below 1h]",
        // What no rule asks about both ways is in both boxes.
    ])
  for gap in gaps {
    let example = try #require(gap.example)
    #expect(policy.interpreter.decide(example).verdict == .refuse(.noRule))
  }
}

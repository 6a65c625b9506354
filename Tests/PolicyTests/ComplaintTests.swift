import Policy
import StrictYAML
import Testing

/// The one table, in two files.
private let mistakes = ruleMistakes + sectionMistakes

@Test(arguments: mistakes)
func complainsAboutTheMistake(_ mistake: Mistake) {
  let (policy, diagnostics) = Policy.load(text: mistake.text, file: "p.yaml", hash: "")
  let said = diagnostics.map { complaint in
    // The form on the terminal, without the source line and the caret.
    complaint.description.split(separator: "\n")
      .filter { !$0.hasPrefix("    ") || $0.hasPrefix("    did you mean") }
      .map { $0.drop { $0 == " " } }.joined(separator: "; ")
  }
  #expect(said == mistake.golden)
  #expect((policy == nil) == diagnostics.contains { $0.severity == .error })
}

@Test func everyMistakeIsAnother() {
  #expect(mistakes.count >= 90)
  #expect(Set(mistakes.map(\.name)).count == mistakes.count)
  #expect(Set(mistakes.map(\.text)).count == mistakes.count)
  #expect(mistakes.allSatisfy { !$0.golden.isEmpty })
}

@Test func overlapIsLegalWhereTheOutcomeIsTheSameOrCannotHappen() {
  // Arizona is near the West, so nobody is there and not in the home region West.
  let text = policy(
    routes: route("when: { location: US-AZ, home: west }\n\(primary)")
      + """
        - id: R-3
          say: x
          when: { home: west, user_in_home_region: false }
          serve: [{ region: east, tier: primary }]
        - id: R-4
          say: x
          when: { location: [US-AZ], home: [west, unknown] }
          unless: { role: nurse }
          \(primary)
      """)
  let (policy, diagnostics) = Policy.load(text: text, file: "p", hash: "")
  #expect(policy != nil && diagnostics.isEmpty, "\(diagnostics)")
}

/// Two routes with these conditions and extra keys, and the request in which they meet; nil when
/// there is none, or when both say the same.
private let meetings: [(first: String, second: String, meeting: String?)] = [
  (
    "when: { directory_age: { below: 2h } }\nobligations: [summarize]",
    "when: { directory_age: { at_least: 1h } }", "directory_age `1h to below 2h`"
  ),
  (
    "when: { directory_age: { below: 1h } }\nobligations: [summarize]",
    "when: { directory_age: { at_least: 1h } }", nil
  ),
  (
    "when: { hour: [{ below: 7 }, unknown] }\naudit: standard",
    "when: { hour: [{ at_least: 7 }, unknown] }", "hour `unknown`"
  ),
  (
    "when: {}\neffective: { from: 2026-06-01T00:00:00Z }\nobligations: [summarize]",
    "when: {}\neffective: { until: 2026-06-02T00:00:00Z }",
    "time `2026-06-01T00:00:00Z to below 2026-06-02T00:00:00Z`"
  ),
  (
    "when: {}\neffective: { from: 2026-06-01T00:00:00Z }\nobligations: [summarize]",
    "when: {}\neffective: { until: 2026-06-01T00:00:00Z }", nil
  ),
  (
    "when: { tenant: [a, other] }\naudit: standard", "when: { tenant: [b, other] }",
    "tenant `other`"
  ),
  ("when: { hour: { below: 8 } }", "when: { hour: { at_least: 7 } }", nil),
]

@Test(arguments: meetings)
func overlapsAreFoundInEveryKindOfAttribute(
  first: String, second: String, meeting: String?
) throws {
  let other = route("\(second)\n\(primary)").replacing("R-2", with: "R-3")
  let text = policy(head: "tenants: [a, b]", routes: route("\(first)\n\(primary)") + other)
  let (loaded, diagnostics) = Policy.load(text: text, file: "p", hash: "")
  guard let meeting else {
    #expect(loaded != nil && diagnostics.isEmpty, "\(diagnostics)")
    return
  }
  #expect(diagnostics.map(\.code) == ["E305"])
  #expect(diagnostics.first?.message.contains("both match \(meeting) and") == true)
}

@Test func aPolicyWithoutWarningsLoads() {
  let (loaded, diagnostics) = Policy.load(text: policy(), file: "p", hash: "h")
  #expect(loaded?.contentHash == "h" && diagnostics.isEmpty)
}

@Test func thereIsABoundOnRegions() {
  let many = (0..<40).map { "  r\($0): {}" }.joined(separator: "\n")
  let (loaded, diagnostics) = Policy.load(text: policy(regions: many), file: "p", hash: "")
  #expect(loaded == nil && diagnostics.map(\.code) == ["E314"])
}

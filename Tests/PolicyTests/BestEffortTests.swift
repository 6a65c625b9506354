import Base
import Policy
import StrictYAML
import Testing

/// A policy whose route `R-2` is recorded with best effort under these conditions.
private func text(_ conditions: String) -> String {
  policy(routes: route("\(conditions)\naudit: best-effort\n\(primary)"))
}

/// Records that may be left out: for reads that concern no patient, and nothing else.
@Suite struct BestEffortTests {
  /// Every class and every operation by itself.
  @Test(arguments: DataClass.allCases)
  func onlyReadsWithoutPatientsMayHaveIt(dataClass: DataClass) {
    for operation in Operation.allCases {
      let when = "when: { data_class: [\(dataClass.rawValue)], operation: [\(operation.rawValue)] }"
      let (policy, complaints) = Policy.load(text: text(when), file: "p.yaml", hash: "h")
      let expected = [dataClass.concernsNoPatient, operation.isSafe].filter { !$0 }.map { _ in
        "E338"
      }
      #expect(complaints.map(\.code) == expected, "\(when)")
      #expect((policy != nil) == expected.isEmpty)
    }
  }

  /// What a rule does not say, it does not leave out; another layer is no exception.
  @Test(
    arguments: [
      ("when: {}", 2), ("when: { data_class: [reference, asset] }", 1),
      ("when: { operation: [read, search] }", 1),
      ("when: { data_class: [reference, vitals], operation: [read] }", 1),
      ("when: { data_class: [reference], operation: [read, update] }", 1),
      ("when: { data_class: [reference, unknown], operation: [read] }", 1),
      ("when: { operation: [read] }\nunless: { data_class: [vitals, notes] }", 1),
      ("when: { data_class: [reference, asset], operation: [read, capabilities, asset] }", 0),
    ])
  func whatIsNotSaidIsNotLeftOut(when: String, count: Int) {
    let complaints = Policy.load(text: text(when), file: "p.yaml", hash: "h").1
    #expect(complaints.map(\.code) == Array(repeating: "E338", count: count))
    let deny = text(when).replacing("\(primary)", with: "").replacing("routes:", with: "deny:")
    let denied = Policy.load(text: deny, file: "p.yaml", hash: "h").1
    #expect(denied.filter { $0.code == "E338" }.count == count)
  }

  /// A decision, its tests, its explanation and the officer's page say it in the policy's word.
  @Test func itIsDecidedAndSaid() throws {
    let when = "when: { data_class: [reference], operation: [read] }"
    let tests = test(
      "{ data_class: reference, operation: read, home: west }",
      "{ decision: permit, rule: R-2, audit: best-effort }")
    let (loaded, complaints) = Policy.load(
      text: text(when) + "tests:\n\(tests)\n", file: "p.yaml", hash: "h")
    let policy = try #require(loaded, "\(complaints)")
    #expect(policy.runTests().isPassed)
    var facts = Facts()
    facts.operation = .read
    facts.dataClass = .reference
    facts.home = RegionID(0)
    #expect(
      policy.explain(facts).lines.last
        == "decision: permit by route R-2, audit best-effort: west primary")
  }
}

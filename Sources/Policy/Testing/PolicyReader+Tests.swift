import Base
import StrictYAML

extension PolicyReader {
  /// Reads `tests`. Rules and regions are known; `start` is the time that tests have by default.
  func readTests(_ reader: MappingReader, start: WallTime) -> [PolicyTest] {
    let tests = reader.mappings("tests", "a test", isRequired: false)
    if tests.count > Limits.ruleCountMax {
      error(
        .tooMany, at: reader.mark(of: "tests"),
        "at most \(Limits.ruleCountMax) tests are possible, not \(tests.count)")
      return []
    }
    return tests.map { test in
      let say = test.string("say")
      let facts = given(test, start: start)
      let expectation = expectation(test.mapping("expect", "`expect`"))
      test.finish()
      return PolicyTest(say: say, facts: facts, expectation: expectation, mark: test.mark)
    }
  }

  /// Reads `given`: one value for each attribute that it names.
  private func given(_ test: MappingReader, start: WallTime) -> Facts {
    var facts = Facts()
    facts.time = start
    let vocabulary = FactText(regions: regions.map(\.name), tenants: tenants)
    let given = test.mapping("given", "`given`")
    for attribute in Attribute.allCases {
      guard let scalar = given.scalar(attribute.key, isRequired: false) else { continue }
      do throws(FactFault) {
        try vocabulary.set(attribute.key, to: scalar.text, isNumber: false, in: &facts)
      } catch {
        self.error(.factValue, at: scalar.mark, error.message, suggestion: error.suggestion)
      }
    }
    given.finish()
    return facts
  }

  /// Reads `expect`.
  private func expectation(_ reader: MappingReader) -> PolicyTest.Expectation {
    let words: [(word: String, value: Verdict)] =
      ([.permit, .refuse(.forbidden), .refuse(.noRule), .refuse(.unavailable)] as [Verdict])
      .map { ($0.word, $0) }
    let decision = reader.scalar("decision").flatMap {
      diagnostics.word($0, "decision", among: words.map(\.word))
    }
    let verdict = words.first { $0.word == decision }?.value ?? .permit
    let rule = reader.scalar("rule", isRequired: decision != "no-rule")
    if let rule {
      if decision == "no-rule" {
        error(.unknownRule, at: rule.mark, "`no-rule` names no rule; leave `rule` out")
      } else if identifiers[rule.text] == nil {
        error(
          .unknownRule, at: rule.mark, "no rule is called `\(rule.text)`",
          suggestion: Spelling.nearest(to: rule.text, among: identifiers.keys.sorted()))
      }
    }
    let candidates = reader.node("candidates", isRequired: false).map { node in
      if case .sequence(let elements, _) = node, elements.isEmpty { return [String]() }
      return scalars(node, "candidates").compactMap { candidate($0) }
    }
    let obligations = reader.contains("obligations") ? self.obligations(reader) : nil
    let durability =
      reader.contains("audit") ? reader.enumeration("audit", of: Durability.self) : nil
    reader.finish()
    return PolicyTest.Expectation(
      verdict: verdict, rule: rule?.text, candidates: candidates, obligations: obligations,
      durability: durability)
  }

  /// A candidate such as `us-east replica 1m stale`, its bound written like `staleness`, in the
  /// words of decisions; nil after a complaint.
  private func candidate(_ scalar: Node.Scalar) -> String? {
    let words = scalar.text.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
    func complain(_ message: String, _ suggestion: String? = nil) -> String? {
      error(.candidateText, at: scalar.mark, message, suggestion: suggestion)
      return nil
    }
    guard words.count >= 2 else {
      return complain("a candidate is written as `us-west replica 10s` or `us-west primary`")
    }
    let names = regions.map(\.name)
    guard names.contains(words[0]) else {
      return complain(
        "no region is called `\(words[0])`", Spelling.nearest(to: words[0], among: names))
    }
    guard let tier = Tier(rawValue: words[1]) else {
      return complain(
        "unknown word `\(words[1])` for a tier",
        Spelling.nearest(to: words[1], among: Tier.allCases.map(\.rawValue)))
    }
    if tier == .primary {
      return words.count == 2 ? scalar.text : complain("a primary has no bound and no mark")
    }
    guard words.count == 3 || (words.count == 4 && words[3] == "stale"),
      let milliseconds = bound(words[2])
    else { return complain("a \(tier) has a bound, such as `\(words[0]) \(tier) 10s`") }
    return (words[..<2] + [boundText(milliseconds)] + words[3...]).joined(separator: " ")
  }

  /// Milliseconds of `10s`, `2m` or `1500ms`; nil when the word is no duration in range.
  private func bound(_ word: String) -> UInt32? {
    let units: [(name: String, factor: Int)] = [
      ("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000),
    ]
    let digits = word.prefix { $0.isASCII && $0.isNumber }
    guard let unit = units.first(where: { $0.name == word.dropFirst(digits.count) }),
      let count = Int(digits), count <= Limits.stalenessMillisecondsMax / unit.factor
    else { return nil }
    return UInt32(count * unit.factor)
  }
}

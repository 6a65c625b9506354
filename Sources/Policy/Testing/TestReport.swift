import Base
public import StrictYAML

/// What came of a policy's own tests.
public struct TestReport: Sendable {
  /// One test.
  public struct Result: Sendable {
    /// The officer's sentence.
    public let say: String
    /// Where the test stands.
    public let mark: Mark
    /// What differs from the expectation, one sentence each; empty: passed.
    public let failures: [String]
  }

  /// How far the tests reach one rule.
  public struct Coverage: Sendable {
    /// Index into `Policy.rules`.
    public let ruleIndex: Int
    /// How many tests' requests match the rule.
    public internal(set) var exercisedCount = 0
    /// In how many of them it decided: named by the decision, or a `never` rule that took a
    /// candidate away.
    public internal(set) var decisiveCount = 0
  }

  /// Every test, in the order of the file.
  public let results: [Result]
  /// Every rule, in the order of `Policy.rules`.
  public let coverage: [Coverage]

  /// Whether every test passed.
  public var isPassed: Bool { results.allSatisfy { $0.failures.isEmpty } }

  /// The rules that no test exercises.
  public var unexercised: [Int] {
    coverage.filter { $0.exercisedCount == 0 }.map(\.ruleIndex)
  }
}

extension Policy {
  /// Runs the file's tests and counts which rules they reach.
  public func runTests() -> TestReport {
    var coverage = rules.indices.map { TestReport.Coverage(ruleIndex: $0) }
    let results = tests.map { test in
      let trace = interpreter.trace(test.facts)
      for index in trace.matched { coverage[index].exercisedCount += 1 }
      var decisive = Set(trace.removals.map(\.ruleIndex))
      if let index = trace.result.ruleIndex { decisive.insert(index) }
      for index in decisive { coverage[index].decisiveCount += 1 }
      return TestReport.Result(say: test.say, mark: test.mark, failures: failures(test))
    }
    return TestReport(results: results, coverage: coverage)
  }

  /// What is wrong with a report, in the order of the file: failed tests, and rules that no test
  /// exercises when the file asks for full coverage. `source` holds the policy's text.
  public func complaints(about report: TestReport, in source: Diagnostics) -> [Diagnostic] {
    let diagnostics = Diagnostics(file: source.file, text: source.text)
    for result in report.results where !result.failures.isEmpty {
      diagnostics.error(
        Code.testFailed.rawValue, at: result.mark,
        "test `\(result.say)`: \(result.failures.joined(separator: "; "))")
    }
    for index in requiresFullCoverage ? report.unexercised : [] {
      diagnostics.error(
        Code.ruleUnexercised.rawValue, at: rules[index].mark,
        "no test exercises `\(rules[index].id)`; add one, or leave `coverage: full` out")
    }
    return diagnostics.sorted()
  }

  /// How the plan differs from what the test expects.
  private func failures(_ test: PolicyTest) -> [String] {
    let plan = plan(for: test.facts)
    let expected = test.expectation
    var failures: [String] = []
    func compare(_ name: String, _ expected: String, _ actual: String) {
      if expected != actual { failures.append("\(name) is \(actual), not \(expected)") }
    }
    compare("decision", expected.verdict.word, plan.verdict.word)
    compare("rule", expected.rule ?? "none", plan.ruleIndex.map { rules[$0].id } ?? "none")
    if let candidates = expected.candidates {
      compare("candidates", list(candidates), list(plan.candidates.map(text)))
    }
    if let obligations = expected.obligations {
      compare("obligations", list(obligations.words), list(plan.obligations.words))
    }
    if let durability = expected.durability {
      compare("audit", durability.rawValue, plan.durability.rawValue)
    }
    return failures
  }

  private func list(_ words: [String]) -> String { "[\(words.joined(separator: ", "))]" }
}

internal import ArgumentParser
internal import Base
internal import Policy
internal import Reactor
internal import StrictYAML

/// `homeward policy test`: what the file expects of itself.
struct PolicyTestCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "test",
    abstract: "Run the tests of a policy file and count the rules that they reach.",
    discussion: """
      A rule is exercised when a test's request matches it, decisive when it decided or, as a \
      `never` rule, took a candidate away. A file that says `coverage: full` fails when a rule is \
      never exercised.

      Examples:
        homeward policy test policies/clinical-routing/0001.yaml
        homeward policy test policies/clinical-routing/0001.yaml --coverage

      Exit status: 0 all passed, 1 a test failed or full coverage was not reached, 2 wrong usage \
      or a policy that cannot be used.
      """)

  @Argument(help: ArgumentHelp("The policy file.", valueName: "file"))
  var file: String

  @Flag(name: .long, help: "Print the result as JSON.")
  var json = false

  @Flag(name: .long, help: "Print for each rule how many tests exercise it and where it decided.")
  var coverage = false

  /// Runs the tests, reports, and exits with 1 when something is missing.
  func run() throws {
    let (policy, source) = try PolicyFile.usable(file)
    let result = PolicyTestResult(file: file, policy: policy, source: source)
    if json {
      StandardStream.output.write("\(result.json)\n")
    } else {
      StandardStream.error.write(result.diagnostics.map { "\($0)\n" }.joined())
      if coverage { StandardStream.output.write(result.table) }
      StandardStream.output.write(result.summary)
    }
    if result.isFailed { throw ExitCode(1) }
  }
}

/// What came of a file's tests, for people and programs.
struct PolicyTestResult {
  let file: String
  let policy: Policy
  let report: TestReport
  /// Failed tests, and missing coverage where the file asks for it.
  let diagnostics: [Diagnostic]

  /// Runs the tests of `policy`, which stands in `source`.
  init(file: String, policy: Policy, source: Diagnostics) {
    self.file = file
    self.policy = policy
    report = policy.runTests()
    diagnostics = policy.complaints(about: report, in: source)
  }

  /// Whether a test failed or asked-for coverage is missing.
  var isFailed: Bool { !diagnostics.isEmpty }

  /// The counts in one line.
  var summary: String {
    let failed = report.results.count { !$0.failures.isEmpty }
    let layers = Layer.allCases.map { layer in
      let rules = report.coverage.filter { policy.rules[$0.ruleIndex].layer == layer }
      return "\(layer) \(rules.count { $0.exercisedCount > 0 }) of \(rules.count)"
    }
    return "\(file): \(plural(report.results.count, "test")), \(failed) failed;"
      + " rules exercised: \(layers.joined(separator: ", "))\n"
  }

  /// One line for each rule.
  var table: String {
    let rows = report.coverage.map { coverage in
      let rule = policy.rules[coverage.ruleIndex]
      return [
        "\(rule.layer)", rule.id, String(coverage.exercisedCount), String(coverage.decisiveCount),
      ]
    }
    let lines = Table(rows: [["layer", "rule", "exercised", "decisive"]] + rows).lines
    return lines.map { "\($0)\n" }.joined()
  }

  /// Everything for programs.
  var json: JSONValue {
    .object([
      ("file", .text(file)), ("ok", .boolean(!isFailed)),
      (
        "tests",
        .list(
          report.results.map { result in
            .object([
              ("say", .text(result.say)), ("line", .number(result.mark.line)),
              ("passed", .boolean(result.failures.isEmpty)),
              ("failures", .list(result.failures.map { .text($0) })),
            ])
          })
      ),
      (
        "coverage",
        .list(
          report.coverage.map { coverage in
            let rule = policy.rules[coverage.ruleIndex]
            return .object([
              ("layer", .text("\(rule.layer)")), ("rule", .text(rule.id)),
              ("exercised", .number(coverage.exercisedCount)),
              ("decisive", .number(coverage.decisiveCount)),
            ])
          })
      ),
      ("full_coverage_required", .boolean(policy.requiresFullCoverage)),
      ("unexercised", .list(report.unexercised.map { .text(policy.rules[$0].id) })),
    ])
  }
}

internal import ArgumentParser
internal import Base
internal import Policy
internal import Reactor
internal import StrictYAML

/// `homeward policy check`: everything that can be said of policies without a request.
struct PolicyCheckCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check",
    abstract: "Check policy files and report every mistake.",
    discussion: """
      Prints every mistake as file:line:column with what was probably meant. A file with an error \
      can never come into force; warnings are worth a look.

      Examples:
        homeward policy check policies/clinical-routing/0001.yaml
        homeward policy check policies/*/*.yaml --json

      Exit status: 0 no errors, 1 a file has errors, 2 wrong usage or a file that cannot be read.
      """)

  @Argument(help: ArgumentHelp("The policy files.", valueName: "file"))
  var files: [String]

  @Flag(name: .long, help: "List every kind of request that no rule covers, not only the first.")
  var gaps = false

  @Flag(name: .long, help: "Print the result as JSON, complaints included.")
  var json = false

  /// Checks each file, reports, and exits with what was found.
  func run() throws {
    let reports = files.map {
      PolicyCheckReport(PolicyFile($0), gapCountMax: gaps || json ? .max : 1)
    }
    if json {
      let value = JSONValue.object([
        ("ok", .boolean(!reports.contains { $0.file.hasErrors })),
        ("files", .list(reports.map(\.json))),
      ])
      StandardStream.output.write("\(value)\n")
    } else {
      for report in reports {
        StandardStream.error.write(report.file.diagnostics.map { "\($0)\n" }.joined())
        StandardStream.output.write(report.summary)
      }
    }
    if reports.contains(where: { $0.file.source == nil }) { throw ExitCode(2) }
    if reports.contains(where: { $0.file.hasErrors }) { throw ExitCode(1) }
  }
}

/// What `policy check` says about one file.
struct PolicyCheckReport {
  /// The file with all findings.
  let file: PolicyFile

  /// Adds to what the reader found what the checks behind it find.
  init(_ file: PolicyFile, gapCountMax: Int = .max) {
    var file = file
    if let policy = file.policy, let source = file.source {
      // Errors here keep the policy out of force like those of the reader.
      file.diagnostics += ProofProgress.report(policy)
        .diagnostics(file: source.file, text: source.text, gapCountMax: gapCountMax)
    }
    self.file = file
  }

  /// The file in one line for people; nothing after errors, which speak for themselves.
  var summary: String {
    guard let policy = file.policy, !file.hasErrors else { return "" }
    return "\(file.path): ok, \(policy.name) version \(policy.version),"
      + " \(plural(policy.rules.count, "rule")) for \(plural(policy.regions.count, "region")),"
      + " \(plural(policy.guarantees.count, "guarantee")),"
      + " \(plural(policy.tests.count, "test")), sha256:\(policy.contentHash)\n"
  }

  /// The same for programs.
  var json: JSONValue {
    .object([
      ("file", .text(file.path)), ("ok", .boolean(!file.hasErrors)),
      ("diagnostics", .list(file.diagnostics.map(\.json))),
      (
        "policy",
        file.policy.map { policy in
          .object([
            ("name", .text(policy.name)), ("version", .number(policy.version)),
            ("hash", .text("sha256:\(policy.contentHash)")),
            ("supersedes", .optional(policy.supersedes)),
            ("rules", .number(policy.rules.count)),
            ("regions", .list(policy.regions.map { .text($0.name) })),
            ("guarantees", .number(policy.guarantees.count)),
            ("tests", .number(policy.tests.count)),
          ])
        } ?? .null
      ),
    ])
  }
}

internal import ArgumentParser
internal import Base
internal import Control
internal import Policy
internal import Reactor

/// `homeward plan show`.
struct PlanShowCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Show a plan's steps, what the rules say, and what would move.",
    discussion: """
      The dry run: nothing changes. Where each home's requests may be served now and afterwards is \
      counted over the past decisions of the audit log.

      Exit status: 0 the plan could be run, 1 it would be refused, 2 wrong usage or configuration.
      """)

  @Argument(help: ArgumentHelp("The plan's file.", valueName: "file"))
  var file: String

  @Option(name: .long, help: ArgumentHelp("The edge's configuration file.", valueName: "file"))
  var config: String

  @Flag(name: .long, help: "Show the plan's way back instead.")
  var back = false

  @Option(
    name: .long,
    help: ArgumentHelp("A rule whose answer nobody knows and that you accept.", valueName: "rule"))
  var accept: [String] = []

  @Flag(name: .long, help: "Print the result as JSON.")
  var json = false

  /// Shows it.
  func run() throws {
    let plan = try PlanFile.required(file, isBack: back).plan
    try PlanShow(plan, config, accept, json: json).print()
  }
}

/// A dry run of a plan.
struct PlanShow {
  private let plan: FailoverPlan
  private let findings: [PlanFinding]
  private let traffic: PastTraffic
  private let isJSON: Bool

  /// Judges a plan as things are now.
  init(_ plan: FailoverPlan, _ config: String, _ accepts: [String], json: Bool) throws {
    let settings = try RegionSettings.required(config)
    let complaints = PlanFile.check(plan, settings, file: "the plan")
    StandardStream.error.write(complaints.map { $0 + "\n" }.joined())
    if !complaints.isEmpty { throw ExitCode(1) }
    let office = PlanOffice(settings)
    let state: OperatorState
    do {
      state = try office.state()
      traffic = PastTraffic(settings, plan, state)
      findings = try office.findings(
        plan, accepts: accepts, peaks: plan.capacities.isEmpty ? nil : traffic.peaks)
    } catch { try PlanReport.fail(error, json: json) }
    self.plan = plan
    isJSON = json
  }

  /// Prints it; ends with 1 when the plan would be refused.
  func print() throws {
    StandardStream.output.write(isJSON ? "\(json)\n" : text)
    if findings.contains(where: { !$0.isKept }) { throw ExitCode(1) }
  }

  private var text: String {
    var lines = [
      "plan `\(plan.name.id)` version \(plan.name.version)\(plan.isBack ? ", the way back" : ""),"
        + " \(plan.mode.rawValue): \(plan.say)"
    ]
    lines += plan.steps.enumerated().map { "  \($0.offset + 1) \($0.element.work)" }
    if plan.approvalCount > 0 {
      let roles = plan.roles.isEmpty ? "" : " (\(plan.roles.joined(separator: " or ")))"
      lines.append("  asks for \(plan.approvalCount) more people\(roles)")
    }
    lines.append("")
    for finding in findings {
      switch finding.verdict {
      case .holds(let words): lines += Self.wrapped("\(finding.code) holds: \(words)")
      case .setAside(let words): lines += Self.wrapped("\(finding.code) set aside: \(words)")
      case .broken(let words, let wayOut), .unknown(let words, let wayOut):
        lines += Self.wrapped("\(finding.code) REFUSES: \(words); \(wayOut)")
      }
    }
    lines.append("")
    lines += traffic.lines
    let refusal = findings.first { !$0.isKept }
    lines.append(refusal.map { "would be refused by \($0.code)" } ?? "would be run")
    return lines.map { $0 + "\n" }.joined()
  }

  /// Lines of 80 columns, indented by two and then by six; longer only where a word is.
  private static func wrapped(_ text: String) -> [String] {
    var lines: [String] = []
    var line = " "
    for word in text.split(separator: " ") {
      if line.count + word.count >= 80, line.contains(where: { $0 != " " }) {
        lines.append(line)
        line = "     "
      }
      line += " \(word)"
    }
    return lines + [line]
  }

  private var json: JSONValue {
    .object([
      ("plan", .text(plan.name.id)), ("sha256", .text(plan.name.hash)),
      ("mode", .text(plan.mode.rawValue)), ("back", .boolean(plan.isBack)),
      ("ok", .boolean(!findings.contains { !$0.isKept })),
      ("steps", .list(plan.steps.map { .text("\($0.work)") })),
      (
        "rules",
        .list(
          findings.map { finding in
            .object([
              ("rule", .text(finding.code)), ("text", .text(finding.text)),
              ("holds", .boolean(finding.isKept)), ("words", .text(finding.complaint)),
            ])
          })
      ),
      ("requests", traffic.json),
    ])
  }
}

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

  @OptionGroup var options: AskOptions

  @Flag(name: .long, help: "Show the plan's way back instead.")
  var back = false

  @Option(
    name: .long,
    help: ArgumentHelp("A rule whose answer nobody knows and that you accept.", valueName: "rule"))
  var accept: [String] = []

  /// Shows it.
  func run() throws {
    try PlanShow(try PlanFile.required(file, isBack: back), accept, options).print()
  }
}

/// A dry run of a plan: the plan, and what `POST /v1/plans?dry-run=true` answered.
struct PlanShow {
  private let plan: FailoverPlan
  private let json: JSONValue
  private let options: AskOptions

  /// Rows of past requests that a person reads.
  private static let rowCountMax = 24

  /// Has a plan judged as things are now; ends with 1 when nobody can.
  init(_ file: PlanFile, _ accepts: [String], _ options: AskOptions) throws {
    let body = JSONValue.object(
      file.members + [
        ("accepts", .list(accepts.map { .text($0) })), ("reason", .text("a dry run")),
      ])
    let reply = try options.connection(acts: false).ask(
      "POST", "/v1/plans?dry-run=true", body: body, ifRevision: nil)
    guard reply.isDone else { try options.fail(reply) }
    plan = file.plan
    json = reply.json
    self.options = options
  }

  /// Prints it; ends with 1 when the plan would be refused.
  func print() throws {
    StandardStream.output.write(options.json ? "\(json)\n" : text)
    if json["ok"]?.boolean != true { throw ExitCode(1) }
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
    var refusal: String?
    for rule in json["rules"]?.items ?? [] {
      let code = rule["rule"]?.text ?? ""
      let words = rule["words"]?.text?.dropFirst("\(code): ".count) ?? ""
      if rule["holds"]?.boolean == true {
        let word = rule["set_aside"]?.boolean == true ? "set aside" : "holds"
        lines += wrapped("\(code) \(word): \(words)", first: 2, hanging: 6)
      } else {
        lines += wrapped("\(code) REFUSES: \(words)", first: 2, hanging: 6)
        refusal = refusal ?? code
      }
    }
    lines.append("")
    lines += Self.traffic(json["requests"] ?? .null)
    lines.append(refusal.map { "would be refused by \($0)" } ?? "would be run")
    return lines.map { $0 + "\n" }.joined()
  }

  /// What becomes of past requests; no line is longer than 80 columns unless names are.
  private static func traffic(_ requests: JSONValue) -> [String] {
    if let fault = requests["fault"]?.text { return ["no past decisions were counted: \(fault)"] }
    let count = requests["past"]?.number ?? 0
    let kinds = requests["kinds"]?.items ?? []
    guard !kinds.isEmpty else {
      return ["\(count) past decisions; none would be served by other kinds of servers"]
    }
    var table = [["HOME", "CLASS", "OPERATION", "PAST", "BEFORE", "AFTER"]]
    for kind in kinds.prefix(rowCountMax) {
      let after = kind["after"]?.items.compactMap(\.text) ?? []
      table.append([
        kind["home"]?.text ?? "-", kind["class"]?.text ?? "", kind["operation"]?.text ?? "",
        "\(kind["past"]?.number ?? 0)", "\(kind["before"]?.items.count ?? 0)",
        after.isEmpty ? "refused" : "\(after.count): \(after[0])",
      ])
    }
    var lines = Table(rows: table).lines
    if kinds.count > rowCountMax {
      lines.append("and \(kinds.count - rowCountMax) more kinds; --json has all")
    }
    return lines + [
      "\(requests["refused"]?.number ?? 0) of \(count) past decisions would be refused"
    ]
  }
}

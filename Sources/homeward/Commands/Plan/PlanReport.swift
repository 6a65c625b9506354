internal import ArgumentParser
internal import Base
internal import Control
internal import Reactor

/// A run for people and for programs.
struct PlanReport {
  private let run: PlanRun
  private let plan: FailoverPlan?

  /// Of a run, and of its plan if that is there still.
  init(_ run: PlanRun, _ plan: FailoverPlan?) {
    self.run = run
    self.plan = plan
  }

  /// A line about the run, one for each step, and why it stands.
  var text: String {
    var lines = [
      "\(run.id) \(run.plan.id) \(run.status.rawValue), by \(run.warrant.author) at"
        + " \(run.startedAt.text)"
    ]
    var rows: [[String]] = []
    for index in 0..<run.terms.stepCount {
      let marks = run.marks.filter { $0.index == index }
      let work = plan.map { "\($0.steps[index].work)" } ?? "step \(index + 1)"
      let words = marks.last { !$0.words.isEmpty }?.words ?? ""
      rows.append(
        ["  \(index + 1)", work, state(index, marks), took(marks), String(words.prefix(60))])
    }
    lines += Table(rows: rows).lines
    if !run.words.isEmpty { lines.append("  \(run.words)") }
    if run.status == .pausedByFailedStep {
      lines.append(
        "  mend it and `homeward plan resume \(run.id)`"
          + (run.isForGood ? "" : ", or `homeward plan abort \(run.id)`"))
    }
    if run.status == .pendingApproval {
      lines.append("  waits for the agreement of \(run.terms.approvalCount) more")
    }
    return lines.map { $0 + "\n" }.joined()
  }

  private func state(_ index: Int, _ marks: [PlanRun.Mark]) -> String {
    if let last = marks.last { return last.change.rawValue }
    return "-"
  }

  private func took(_ marks: [PlanRun.Mark]) -> String {
    guard let first = marks.first, let last = marks.last, last.time > first.time else { return "" }
    return "\((last.time.microseconds - first.time.microseconds) / 1_000) ms"
  }

  /// For programs.
  var json: JSONValue {
    .object([
      ("run", .text(run.id)), ("plan", .text(run.plan.id)), ("version", .number(run.plan.version)),
      ("sha256", .text(run.plan.hash)), ("status", .text(run.status.rawValue)),
      ("author", .text(run.warrant.author)), ("reason", .text(run.warrant.reason)),
      ("ticket", .text(run.warrant.ticket)), ("started", .text(run.startedAt.text)),
      ("changed", .text(run.changedAt.text)), ("step", .number(run.stepIndex)),
      ("phase", .text(run.phase.rawValue)), ("turned_back", .boolean(run.isTurnedBack)),
      ("for_good", .boolean(run.isForGood)), ("words", .text(run.words)),
      (
        "marks",
        .list(
          run.marks.map { mark in
            .object([
              ("step", .number(mark.index)),
              ("work", .optional(plan.map { "\($0.steps[mark.index].work)" })),
              ("change", .text(mark.change.rawValue)), ("time", .text(mark.time.text)),
              ("words", .text(mark.words)),
            ])
          })
      ),
    ])
  }

  /// Says why nothing was done, and ends with 1.
  static func fail(_ message: String, _ code: String, json: Bool) throws -> Never {
    if json {
      let result = JSONValue.object([
        ("ok", .boolean(false)), ("code", .text(code)), ("message", .text(message)),
      ])
      StandardStream.output.write("\(result)\n")
    } else {
      StandardStream.error.write("homeward: \(message) [\(code)]\n")
    }
    throw ExitCode(1)
  }

  /// The same for an error of the store or of the rules; others go on as they are.
  static func fail(_ error: any Error, json: Bool) throws -> Never {
    switch error {
    case let fault as PlanFault: try fail("\(fault)", fault.code, json: json)
    case let refusal as OperatorRefusal: try fail("\(refusal)", refusal.code, json: json)
    case let fault as StateFault: try fail("\(fault)", fault.code, json: json)
    default: throw error
    }
  }
}

/// `homeward plan status`.
struct PlanStatusCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status", abstract: "Show the runs of plans, or one of them step by step.",
    discussion: """
      Exit status: 0 shown, 1 what stands there cannot be read, 2 wrong usage or configuration.
      """)

  @Argument(help: "The run, such as R-12.", transform: runNumber)
  var number: Int?

  @Option(name: .long, help: ArgumentHelp("The edge's configuration file.", valueName: "file"))
  var config: String

  @Flag(name: .long, help: "Print the result as JSON.")
  var json = false

  /// Shows them.
  func run() throws {
    let office = PlanOffice(try RegionSettings.required(config))
    let state: OperatorState
    do { state = try office.state() } catch { try PlanReport.fail(error, json: json) }
    let runs = state.plans.runs.filter { number == nil || $0.number == number }
    if let number, runs.isEmpty {
      try PlanReport.fail("\(PlanRefusal.noSuchRun(number))", "no-such-run", json: json)
    }
    let reports = runs.map {
      PlanReport($0, try? PlanFile.kept($0.plan, in: office.settings.folder))
    }
    if json {
      StandardStream.output.write("\(JSONValue.list(reports.map(\.json)))\n")
    } else if number != nil {
      StandardStream.output.write(reports.map(\.text).joined())
    } else {
      let rows = runs.map { run in
        [
          run.id, run.plan.id, run.status.rawValue,
          "\(max(0, run.stepIndex))/\(run.terms.stepCount)",
          run.warrant.author, run.changedAt.text,
        ]
      }
      let table = Table(rows: [["RUN", "PLAN", "STATUS", "STEPS", "BY", "CHANGED"]] + rows)
      StandardStream.output.write(
        runs.isEmpty ? "no runs\n" : table.lines.map { $0 + "\n" }.joined())
    }
  }
}

internal import ArgumentParser
internal import Base
internal import Control
internal import Reactor

/// A run for people and for programs: what `GET /v1/plans/{id}` answers.
struct PlanReport {
  private let run: JSONValue
  private let works: [String?]

  /// Of a run.
  init(_ run: JSONValue) {
    self.run = run
    let count = run["steps"]?.number ?? 0
    let told = run["works"]?.items.map(\.text) ?? []
    works = told.count == count ? told : Array(repeating: nil, count: count)
  }

  private func text(_ name: String) -> String { run[name]?.text ?? "" }
  private func isSo(_ name: String) -> Bool { run[name]?.boolean == true }
  private var status: PlanStatus? { PlanStatus(rawValue: text("status")) }

  /// Whether all went well so far.
  var isGood: Bool {
    switch status {
    case .completed, .pendingApproval, .canceled: true
    // Somebody else takes it back.
    case .inProgress: isSo("turned_back")
    case .pausedByFailedStep, .pausedByOperator, .completedWithExceptions, .timedOut, .failed, nil:
      false
    }
  }

  /// A line about the run, one for each step, and why it stands.
  var text: String {
    let id = text("id")
    var lines = [
      "\(id) \(text("plan")) \(text("status")), by \(text("author")) at \(text("started"))"
    ]
    var rows: [[String]] = []
    for (index, work) in works.enumerated() {
      let marks = run["marks"]?.items.filter { $0["step"]?.number == index } ?? []
      let words = marks.compactMap { $0["words"]?.text }.last { !$0.isEmpty } ?? ""
      rows.append([
        "  \(index + 1)", work ?? "step \(index + 1)", marks.last?["change"]?.text ?? "-",
        Self.took(marks), String(words.prefix(60)),
      ])
    }
    lines += Table(rows: rows).lines
    if !text("words").isEmpty { lines.append("  \(text("words"))") }
    if status == .pausedByFailedStep {
      lines.append(
        "  mend it and `homeward plan resume \(id)`"
          + (isSo("for_good") || isSo("turned_back") ? "" : ", or `homeward plan abort \(id)`")
          + "; if neither leads anywhere, `homeward plan abandon \(id)`")
    }
    if status == .pendingApproval {
      let count = run["approvals_required"]?.number ?? 0
      lines.append("  waits for the agreement of \(count) more")
    }
    return lines.map { $0 + "\n" }.joined()
  }

  private static func took(_ marks: [JSONValue]) -> String {
    let times = marks.compactMap { $0["time"]?.text.flatMap { WallTime(text: $0) } }
    guard let first = times.first, let last = times.last, last > first else { return "" }
    return "\((last.microseconds - first.microseconds) / 1_000) ms"
  }

  /// For programs.
  var json: JSONValue {
    guard case .object(let members) = run else { return run }
    return .object(
      members.map { name, value in
        switch name {
        case "id": ("run", value)
        case "marks": (name, .list(value.items.map(mark)))
        default: (name, value)
        }
      })
  }

  private func mark(_ mark: JSONValue) -> JSONValue {
    guard case .object(let members) = mark, let index = mark["step"]?.number,
      works.indices.contains(index)
    else { return mark }
    return .object(members + [("work", .optional(works[index]))])
  }
}

/// `homeward plan status`.
struct PlanStatusCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status", abstract: "Show the runs of plans, or one of them step by step.",
    discussion: """
      Exit status: 0 shown, 1 what stands there cannot be read, 2 wrong usage or configuration.
      """)

  @Argument(help: "The run, such as R-12.", transform: runName)
  var name: String?

  @OptionGroup var options: AskOptions

  /// Shows them.
  func run() throws {
    let reply = try options.connection(acts: false).get("/v1/plans" + (name.map { "/\($0)" } ?? ""))
    guard reply.isDone else { try options.fail(reply) }
    let runs = name == nil ? reply.json["runs"]?.items ?? [] : [reply.json]
    if options.json {
      return StandardStream.output.write("\(JSONValue.list(runs.map { PlanReport($0).json }))\n")
    }
    if name != nil {
      return StandardStream.output.write(runs.map { PlanReport($0).text }.joined())
    }
    let rows = runs.map { run in
      func text(_ name: String) -> String { run[name]?.text ?? "" }
      return [
        text("id"), text("plan"), text("status"),
        "\(max(0, run["step"]?.number ?? 0))/\(run["steps"]?.number ?? 0)", text("author"),
        text("changed"),
      ]
    }
    let table = Table(rows: [["RUN", "PLAN", "STATUS", "STEPS", "BY", "CHANGED"]] + rows)
    StandardStream.output.write(
      runs.isEmpty ? "no runs\n" : table.lines.map { $0 + "\n" }.joined())
  }
}

internal import Base
internal import Control

/// What a drill came to, as report.md and report.json.
struct DrillReport {
  let began: WallTime
  let plan: FailoverPlan?
  let run: DrillRun?
  let faults: [String]
  let times: DrillTimes
  let measures: DrillMeasures
  let routes: LawfulRoutes
  let trouble: [String]

  /// What was missed; empty when all is well.
  var misses: [String] {
    var misses = measures.misses(
      rtoMilliseconds: plan?.rtoMilliseconds, rpoMilliseconds: plan?.rpoMilliseconds ?? 0)
    if measures.failedReadCount > 0 {
      misses.append("\(measures.failedReadCount) safe requests failed")
    }
    if !routes.unlawful.isEmpty {
      misses.append("\(routes.unlawful.count) answers came from where they may not")
    }
    if let run, run.status != PlanStatus.completed.rawValue {
      misses.append(
        "\(run.id) is \(run.status)\(run.words.isEmpty ? "" : ": \(run.words)")")
    }
    return misses + trouble
  }

  /// Whether nothing was missed.
  var isGood: Bool { misses.isEmpty }

  /// The named times in their order.
  private var moments: [(String, String, Double?)] {
    [
      ("t_fault", "the fault", times.fault), ("t_detect", "the edge saw it", times.detect),
      ("t_decide", "a run began", times.decide),
      ("t_fenced", "the old authority took no writes", times.fenced),
      ("t_promoted", "the new one was primary", times.promoted),
      ("t_active", "writes could go there", times.active),
      ("t_over", "the run was over", times.over),
      ("first_good_write", "the first write was done", measures.firstGoodWrite),
    ]
  }

  /// For people.
  var markdown: String {
    var text = "# Drill of \(began.text)\n\n"
    text += "- plan: \(plan.map { "\($0.name.id) version \($0.name.version)" } ?? "none")"
    text += run.map { ", \($0.id), \($0.status)\n" } ?? "\n"
    text += faults.isEmpty ? "- fault: none\n" : faults.map { "- fault: `\($0)`\n" }.joined()
    text += "- verdict: \(isGood ? "within the targets" : "not within the targets")\n"
    text += misses.map { "  - \($0)\n" }.joined()
    text += "\n## Times\n\n| | what | ms since the drill began | ms since the fault |\n"
    text += "| --- | --- | --- | --- |\n"
    for (name, what, time) in moments {
      guard let time else { continue }
      let since = (times.fault ?? times.decide).map { Self.whole(time - $0) } ?? "-"
      text += "| \(name) | \(what) | \(Self.whole(time)) | \(since) |\n"
    }
    text += "\n## Requests\n\n| class | sent | failed | held | longest ms | RTO ms | statuses |\n"
    text += "| --- | --- | --- | --- | --- | --- | --- |\n"
    for group in measures.groups {
      let statuses = group.statuses.sorted { $0.key < $1.key }
        .map { "\($0.value) x \($0.key == 0 ? "none" : "\($0.key)")" }.joined(separator: ", ")
      text +=
        "| \(group.name) | \(group.count) | \(group.failedCount) | \(group.heldCount)"
        + " | \(Self.whole(group.longest)) | \(group.outage.map(Self.whole) ?? "0")"
        + "\(group.hasRecovered ? "" : "+") | \(statuses) |\n"
    }
    text +=
      "\nHeld: done, and longer than \(Int(DrillMeasures.heldMilliseconds)) ms. RTO: from the first"
      + " failed or held request to the first success after the last.\n"
    text += "\n## Loss and law\n\n"
    text += "- acknowledged writes: \(measures.acknowledgedCount), lost: \(measures.lost.count)"
    if let loss = measures.lossMilliseconds {
      text += ", back to \(Self.whole(loss)) ms before the fault"
      text += " (canaries \(measures.lost.prefix(20).map { "\($0)" }.joined(separator: ", ")))"
    }
    text +=
      "\n- decisions in the record: \(routes.count), unlawful routes: \(routes.unlawful.count)\n"
    if let fault = routes.fault { text += "- the record could not be read: \(fault)\n" }
    if let run, let plan {
      text += "\n## Steps\n\n| | step | change | at | words |\n| --- | --- | --- | --- | --- |\n"
      for mark in run.marks {
        text +=
          "| \(mark.index + 1) | \(plan.steps[mark.index].work) | \(mark.change)"
          + " | \(mark.time.text) | \(mark.words) |\n"
      }
    }
    return text
  }

  private static func whole(_ value: Double) -> String { "\(Int(value.rounded()))" }

  /// For programs.
  var json: JSONValue {
    .object([
      ("began", .text(began.text)), ("ok", .boolean(isGood)),
      ("plan", .optional(plan?.name.id)), ("sha256", .optional(plan?.name.hash)),
      ("run", .optional(run?.id)), ("status", .optional(run?.status)),
      ("faults", .list(faults.map { .text($0) })),
      ("misses", .list(misses.map { .text($0) })),
      (
        "times",
        .object(moments.map { ($0.0, $0.2.map { .number(Int($0.rounded())) } ?? .null) })
      ),
      (
        "classes",
        .list(
          measures.groups.map { group in
            .object([
              ("name", .text(group.name)), ("sent", .number(group.count)),
              ("failed", .number(group.failedCount)), ("held", .number(group.heldCount)),
              ("longest_milliseconds", .number(Int(group.longest.rounded()))),
              (
                "rto_milliseconds",
                group.outage.map { .number(Int($0.rounded())) } ?? .number(0)
              ),
              ("recovered", .boolean(group.hasRecovered)),
              (
                "statuses",
                .object(
                  group.statuses.sorted { $0.key < $1.key }
                    .map { ("\($0.key)", .number($0.value)) })
              ),
            ])
          })
      ),
      ("acknowledged", .number(measures.acknowledgedCount)),
      ("lost", .list(measures.lost.map { .number($0) })),
      (
        "loss_milliseconds",
        measures.lossMilliseconds.map { .number(Int($0.rounded())) } ?? .null
      ),
      ("decisions", .number(routes.count)),
      ("unlawful", .list(routes.unlawful.prefix(100).map { .text($0) })),
    ])
  }
}

internal import Base
internal import Control

extension PlanApproval {
  /// What `json` holds.
  static let schema = Schema.object([
    .init("plan", .text), .init("sha256", .text), .init("author", .text), .init("role", .text),
    .init("time", .time),
  ])

  /// The agreement for programs.
  var json: JSONValue {
    .object([
      ("plan", .text(plan.id)), ("sha256", .text(plan.hash)), ("author", .text(author)),
      ("role", .text(role)), ("time", .text(time.text)),
    ])
  }
}

extension PlanRun {
  /// What `json` holds.
  static let schema = Schema.object([
    .init("id", .text, "such as R-12"), .init("plan", .text), .init("version", .integer),
    .init("sha256", .text), .init("status", .word(PlanStatus.allCases.map(\.rawValue))),
    .init("author", .text), .init("reason", .text), .init("ticket", .text),
    .init("started", .time), .init("changed", .time),
    .init("step", .integer, "the one at work or the next, from 0; -1: all are undone"),
    .init("steps", .integer, "how many there are"),
    .init("phase", .text, "how that step stands"),
    .init("approvals_required", .integer, "people beside who runs it"),
    .init("turned_back", .boolean), .init("for_good", .boolean, "whether there is no way back"),
    .init("words", .text, "why it stands or ended"),
    .init(
      "marks",
      .list(
        .object([
          .init("step", .integer), .init("change", .word(StepChange.allCases.map(\.rawValue))),
          .init("time", .time), .init("words", .text),
        ])), "what became of its steps"),
    .init("carried", .boolean, "whether this edge carries it now"),
    .init("works", .optional(.list(.text)), "what its steps do; null: not told here"),
  ])

  /// The run for programs, step by step.
  func json(isCarried: Bool, works: [String]? = nil) -> JSONValue {
    .object([
      ("id", .text(id)), ("plan", .text(plan.id)), ("version", .number(plan.version)),
      ("sha256", .text(plan.hash)), ("status", .text(status.rawValue)),
      ("author", .text(warrant.author)), ("reason", .text(warrant.reason)),
      ("ticket", .text(warrant.ticket)), ("started", .text(startedAt.text)),
      ("changed", .text(changedAt.text)), ("step", .number(stepIndex)),
      ("steps", .number(terms.stepCount)), ("phase", .text(phase.rawValue)),
      ("approvals_required", .number(terms.approvalCount)), ("turned_back", .boolean(isTurnedBack)),
      ("for_good", .boolean(isForGood)), ("words", .text(words)),
      (
        "marks",
        .list(
          marks.map { mark in
            .object([
              ("step", .number(mark.index)), ("change", .text(mark.change.rawValue)),
              ("time", .text(mark.time.text)), ("words", .text(mark.words)),
            ])
          })
      ),
      ("carried", .boolean(isCarried)),
      ("works", works.map { .list($0.map { .text($0) }) } ?? .null),
    ])
  }
}

/// What a dry run of a plan answers; made by its driver.
enum PlanPreview {
  /// What the document holds.
  static let schema = Schema.object([
    .init("plan", .text), .init("sha256", .text), .init("mode", .text), .init("back", .boolean),
    .init("ok", .boolean, "whether it would be run"), .init("steps", .list(.text)),
    .init(
      "rules",
      .list(
        .object([
          .init("rule", .text), .init("text", .text), .init("holds", .boolean),
          .init("set_aside", .boolean, "whether it holds because somebody set it aside"),
          .init("words", .text, "the rule, what it says here, and the way out"),
        ]))),
    .init(
      "requests",
      .object([
        .init("past", .integer, "decisions of the last day that were weighed"),
        .init("refused", .integer, "those that would be refused"),
        .init("fault", .optional(.text), "why none were counted"),
        .init(
          "kinds",
          .list(
            .object([
              .init("home", .optional(.text)), .init("class", .text), .init("operation", .text),
              .init("past", .integer), .init("before", .list(.text)), .init("after", .list(.text)),
            ])), "those whose servers change"),
      ])),
  ])
}

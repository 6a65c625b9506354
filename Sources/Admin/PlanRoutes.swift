internal import Base
internal import Control

/// The routes about failover plans: their runs, and what people say about them.
///
/// A run is driven by a command that reaches the servers and calls the hooks (`homeward plan run`
/// and `resume`), not by the edge: what is asked here are acts, which a driver at work follows at
/// once and any later one goes on from.
public struct PlanRoutes {
  private let acts: OperatorActs

  /// For what operators may ask for.
  public init(_ acts: OperatorActs) { self.acts = acts }

  /// All of them.
  public var all: [AdminRoute] {
    [
      runs, approve,
      act(
        "pause", "Let a run wait before its next act", { .pause(run: $0) }),
      act(
        "resume", "Let a run that waits go on: a driver carries it (`homeward plan resume`)",
        { .resume(run: $0) }),
      act(
        "abort", "Turn a run back; refused once a promotion has begun", { .abort(run: $0) }),
    ]
  }

  private var runs: AdminRoute {
    AdminRoute(
      .get, "/v1/plans", name: "getPlans", roles: .anybody,
      "The runs of failover plans, step by step, and who agreed to which plan",
      outcomes: [
        .init(
          200, "the runs, oldest first",
          .object([
            .init("revision", .integer), .init("runs", .list(.named("PlanRun"))),
            .init("approvals", .list(PlanApproval.schema), "those of the last day"),
          ]))
      ]
    ) { call throws(Problem) in
      let (state, _) = try self.acts.state(at: call.time)
      return .json(
        .object([
          ("revision", .number(state.revision)), ("runs", .list(state.plans.runs.map(\.json))),
          ("approvals", .list(state.plans.approvals.map(\.json))),
        ]), revision: state.revision)
    }
  }

  private var approve: AdminRoute {
    AdminRoute(
      .post, "/v1/plans/approvals", name: "approvePlan", roles: [.officer, .sre],
      "Agree to a plan that somebody else runs, as one of the caller's own roles",
      body: .object([
        .init("plan", .text, "its identifier"), .init("version", .count(1...1_000_000)),
        .init("sha256", .text, "of its file, as `homeward plan check` prints it"),
        .init("role", .word(AdminRole.allCases.map(\.rawValue))),
        .init("reason", .text, "stands in the record; no patient's data"),
      ]),
      outcomes: [.init(200, "it counts for a day", Self.done)], problems: Self.refusals
    ) { call throws(Problem) in
      guard let role = AdminRole(rawValue: call.text("role")), call.caller.roles.contains(role)
      else {
        throw Problem(409, "approver-role", "the caller does not have this role")
      }
      let hash = call.text("sha256")
      guard hash.utf8.count == 64, Digits.isHexadecimal(hash) else {
        throw Problem(422, "malformed-hash", "`sha256` is 64 hexadecimal digits in lower case")
      }
      let name = PlanName(id: call.text("plan"), version: call.number("version"), hash: hash)
      return try self.act(call, .approve(name, role: role.rawValue))
    }
  }

  /// An act about one run.
  private func act(
    _ word: String, _ summary: String, _ deed: @escaping (Int) -> PlanDeed
  ) -> AdminRoute {
    AdminRoute(
      .post, "/v1/plans/{id}/\(word)", name: "\(word)Plan", roles: [.sre], summary,
      parameters: [.init("id", in: .path, "the run, such as R-12", isRequired: true)],
      body: .object([.init("reason", .text, "stands in the record; no patient's data")]),
      outcomes: [.init(200, "it is done", Self.done)],
      problems: Self.refusals.merging([404: "no such run"]) { $1 }
    ) { call throws(Problem) in
      let number = try call.number("R-", "run")
      return try self.act(call, deed(number))
    }
  }

  private static let done = Schema.object([
    .init("ok", .boolean), .init("revision", .integer), .init("runs", .list(.named("PlanRun"))),
  ])

  private static let refusals: [UInt16: String] = [
    409: "the act does not fit the run, or the caller may not do it",
    422: "something is missing or malformed",
  ]

  /// Does an act about plans.
  private func act(_ call: AdminCall, _ deed: PlanDeed) throws(Problem) -> AdminAnswer {
    let after = try acts.act(call, plan: deed)
    return .json(
      .object([
        ("ok", .boolean(true)), ("revision", .number(after.revision)),
        ("runs", .list(after.plans.active.map(\.json))),
      ]), revision: after.revision)
  }

  /// The documents that these routes refer to by name.
  static let components: [(String, Schema)] = [("PlanRun", PlanRun.schema)]
}

/// What a hash may be made of.
private enum Digits {
  static func isHexadecimal(_ text: String) -> Bool {
    text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
  }
}

extension PlanApproval {
  /// What `json` holds.
  fileprivate static let schema = Schema.object([
    .init("plan", .text), .init("sha256", .text), .init("author", .text), .init("role", .text),
    .init("time", .time),
  ])

  /// The agreement for programs.
  fileprivate var json: JSONValue {
    .object([
      ("plan", .text(plan.id)), ("sha256", .text(plan.hash)), ("author", .text(author)),
      ("role", .text(role)), ("time", .text(time.text)),
    ])
  }
}

extension PlanRun {
  /// What `json` holds.
  fileprivate static let schema = Schema.object([
    .init("id", .text, "such as R-12"), .init("plan", .text), .init("version", .integer),
    .init("sha256", .text), .init("status", .word(PlanStatus.allCases.map(\.rawValue))),
    .init("author", .text), .init("reason", .text), .init("ticket", .text),
    .init("started", .time), .init("changed", .time),
    .init("step", .integer, "the one at work or the next, from 0; -1: all are undone"),
    .init("steps", .integer, "how many there are"),
    .init("turned_back", .boolean), .init("for_good", .boolean, "whether there is no way back"),
    .init("words", .text, "why it stands or ended"),
    .init(
      "marks",
      .list(
        .object([
          .init("step", .integer), .init("change", .word(StepChange.allCases.map(\.rawValue))),
          .init("time", .time), .init("words", .text),
        ])), "what became of its steps"),
  ])

  /// The run for programs, step by step.
  fileprivate var json: JSONValue {
    .object([
      ("id", .text(id)), ("plan", .text(plan.id)), ("version", .number(plan.version)),
      ("sha256", .text(plan.hash)), ("status", .text(status.rawValue)),
      ("author", .text(warrant.author)), ("reason", .text(warrant.reason)),
      ("ticket", .text(warrant.ticket)), ("started", .text(startedAt.text)),
      ("changed", .text(changedAt.text)), ("step", .number(stepIndex)),
      ("steps", .number(terms.stepCount)), ("turned_back", .boolean(isTurnedBack)),
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
    ])
  }
}

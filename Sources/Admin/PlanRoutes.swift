internal import Base
internal import Control

/// The routes about failover plans: their runs, which the edge carries, and what people say about
/// them.
public struct PlanRoutes {
  private let acts: OperatorActs
  private let driver: (any PlanDriver)?

  /// For what operators may ask for; nobody runs anything without a driver.
  public init(_ acts: OperatorActs, driver: (any PlanDriver)?) {
    self.acts = acts
    self.driver = driver
  }

  /// All of them.
  public var all: [AdminRoute] { [runs, run, begin, approve, pause, resume, abort, abandon] }

  private static let reason = Schema.Field(
    "reason", .text, "stands in the record; no patient's data")
  private static let ticket = Schema.Field("ticket", .text, "of the change", isRequired: false)
  private static let id = AdminRoute.Parameter(
    "id", in: .path, "the run, such as R-12", isRequired: true)

  private static let refusals: [UInt16: String] = [
    409: "the act does not fit the run, a rule is against it, the caller may not do it, or the plan"
      + " names a program that the edge does not run",
    422: "something is missing or malformed",
  ]
  private static let refusalsOfRuns = refusals.merging([404: "no such run"]) { $1 }

  // MARK: Looking

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
          ("revision", .number(state.revision)),
          ("runs", .list(state.plans.runs.map { self.document($0) })),
          ("approvals", .list(state.plans.approvals.map(\.json))),
        ]), revision: state.revision)
    }
  }

  private var run: AdminRoute {
    AdminRoute(
      .get, "/v1/plans/{id}", name: "getPlan", roles: .anybody,
      "One run, with what its steps do", parameters: [Self.id],
      outcomes: [.init(200, "the run", .named("PlanRun"))], problems: [404: "no such run"]
    ) { call throws(Problem) in
      let number = try call.number("R-", "run")
      guard let run = try self.acts.state(at: call.time).0.plans.run(number) else {
        throw Problem(OperatorRefusal.plan(.noSuchRun(number)))
      }
      return self.later { driver throws(Problem) in
        .json(run.json(isCarried: driver.carries(number), works: driver.works(of: run.plan)))
      }
    }
  }

  private func document(_ run: PlanRun) -> JSONValue {
    run.json(isCarried: driver?.carries(run.number) ?? false)
  }

  // MARK: Running

  private var begin: AdminRoute {
    AdminRoute(
      .post, "/v1/plans", name: "runPlan", roles: [.sre],
      "Run a plan: the edge carries it, whoever follows; or, with `dry-run`, tell what the rules"
        + " say of it and what would move",
      parameters: [.dryRun],
      body: .object([
        .init("text", .text, "the plan's file"),
        .init("back", .boolean, "its way back instead", isRequired: false),
        .init(
          "accepts", .list(.text), "rules whose answer nobody knows, such as S3; `data-loss`",
          isRequired: false),
        Self.reason, Self.ticket,
      ]),
      outcomes: [
        .init(201, "it is begun; follow `progress` after the event `after`", Self.begun),
        .init(200, "what it would do", .named("PlanPreview")),
      ], problems: Self.refusals
    ) { call throws(Problem) in
      let request = PlanRequest(
        text: Array(call.text("text").utf8), isBack: call.body["back"]?.boolean == true,
        accepts: call.body["accepts"]?.items.compactMap(\.text) ?? [],
        outline: self.acts.outline(), warrant: call.warrant)
      let (isDryRun, after) = (call.isDryRun, call.lastEventID)
      return self.later { driver throws(Problem) in
        if isDryRun { return .json(try driver.preview(request)) }
        return Self.begun(try driver.begin(request).json(isCarried: true), after, status: 201)
      }
    }
  }

  private var resume: AdminRoute {
    AdminRoute(
      .post, "/v1/plans/{id}/resume", name: "resumePlan", roles: [.sre],
      "Go on with a run that waits, or that nobody carries any more", parameters: [Self.id],
      body: .object([
        Self.reason, Self.ticket,
        .init(
          "confirm", .boolean, "what the step asks a person to do is done", isRequired: false),
      ]),
      outcomes: [.init(200, "the edge carries it", Self.begun)], problems: Self.refusalsOfRuns
    ) { call throws(Problem) in
      let number = try call.number("R-", "run")
      let (outline, warrant, after) = (self.acts.outline(), call.warrant, call.lastEventID)
      let isConfirmed = call.body["confirm"]?.boolean == true
      return self.later { driver throws(Problem) in
        let run = try driver.resume(number, outline, warrant, isConfirmed: isConfirmed)
        return Self.begun(run.json(isCarried: true), after, status: 200)
      }
    }
  }

  private var abort: AdminRoute {
    AdminRoute(
      .post, "/v1/plans/{id}/abort", name: "abortPlan", roles: [.sre],
      "Turn a run back; refused once a promotion has begun", parameters: [Self.id],
      body: .object([Self.reason, Self.ticket]),
      outcomes: [.init(200, "it turns back", Self.begun)], problems: Self.refusalsOfRuns
    ) { call throws(Problem) in
      let number = try call.number("R-", "run")
      let (outline, warrant, after) = (self.acts.outline(), call.warrant, call.lastEventID)
      return self.later { driver throws(Problem) in
        let (run, isCarried) = try driver.abort(number, outline, warrant)
        return Self.begun(run.json(isCarried: isCarried), after, status: 200)
      }
    }
  }

  private var abandon: AdminRoute {
    AdminRoute(
      .post, "/v1/plans/{id}/abandon", name: "abandonPlan", roles: [.sre],
      "Close a run that can go neither on nor back, where it stands: nothing is undone; refused"
        + " while somebody carries it, or while a write authority is under way by it",
      parameters: [Self.id], body: .object([Self.reason, Self.ticket]),
      outcomes: [.init(200, "it is over", Self.begun)], problems: Self.refusalsOfRuns
    ) { call throws(Problem) in
      let number = try call.number("R-", "run")
      let (warrant, after) = (call.warrant, call.lastEventID)
      return self.later { driver throws(Problem) in
        let run = try driver.abandon(number, warrant)
        return Self.begun(run.json(isCarried: false), after, status: 200)
      }
    }
  }

  private var pause: AdminRoute {
    AdminRoute(
      .post, "/v1/plans/{id}/pause", name: "pausePlan", roles: [.sre],
      "Let a run wait before its next act", parameters: [Self.id],
      body: .object([Self.reason, Self.ticket]),
      outcomes: [.init(200, "it waits", Self.begun)], problems: Self.refusalsOfRuns
    ) { call throws(Problem) in
      let number = try call.number("R-", "run")
      let state = try self.acts.act(call, plan: .pause(run: number))
      let run = state.plans.run(number).map { self.document($0) }
      return Self.begun(run ?? .null, call.lastEventID, status: 200)
    }
  }

  /// What acts on a run answer.
  private static let begun = Schema.object([
    .init("ok", .boolean), .init("run", .named("PlanRun")),
    .init("after", .text, "the last event before the act, for `Last-Event-ID`"),
  ])

  private static func begun(_ run: JSONValue, _ after: String, status: UInt16) -> AdminAnswer {
    .json(
      .object([("ok", .boolean(true)), ("run", run), ("after", .text(after))]), status: status)
  }

  /// What the driver does, on another thread.
  private func later(
    _ body: @escaping @Sendable (any PlanDriver) throws(Problem) -> AdminAnswer
  ) -> AdminAnswer {
    guard let driver else { return Problem.noOperators.answer }
    let work: @Sendable () -> AdminAnswer = {
      do throws(Problem) { return try body(driver) } catch { return error.answer }
    }
    return AdminAnswer(status: 200, .later(work))
  }

  // MARK: Agreeing

  private var approve: AdminRoute {
    AdminRoute(
      .post, "/v1/plans/approvals", name: "approvePlan", roles: [.officer, .sre],
      "Agree to a plan that somebody else runs, as one of the caller's own roles",
      body: .object([
        .init("plan", .text, "its identifier"), .init("version", .count(1...1_000_000)),
        .init("sha256", .text, "of its file, as `homeward plan check` prints it"),
        .init("role", .text, "one that the plan asks for and the caller has", isRequired: false),
        Self.reason, Self.ticket,
      ]),
      outcomes: [
        .init(
          200, "it counts for a day",
          .object([
            .init("ok", .boolean), .init("revision", .integer),
            .init("approvals", .list(PlanApproval.schema), "those of this plan"),
          ]))
      ], problems: Self.refusals
    ) { call throws(Problem) in
      let role = call.text("role")
      // Who works on the folder has all roles and none: the record says that nobody proved it.
      let isOwn = AdminRole(rawValue: role).map { call.caller.roles.contains($0) } ?? role.isEmpty
      guard isOwn || call.caller.proof == .local else {
        throw Problem(409, "approver-role", "the caller does not have this role")
      }
      let hash = call.text("sha256")
      guard hash.utf8.count == 64, Self.isHexadecimal(hash) else {
        throw Problem(422, "malformed-hash", "`sha256` is 64 hexadecimal digits in lower case")
      }
      let name = PlanName(id: call.text("plan"), version: call.number("version"), hash: hash)
      let state = try self.acts.act(call, plan: .approve(name, role: role))
      let approvals = state.plans.approvals.filter { $0.plan.hash == hash }
      return .json(
        .object([
          ("ok", .boolean(true)), ("revision", .number(state.revision)),
          ("approvals", .list(approvals.map(\.json))),
        ]), revision: state.revision)
    }
  }

  private static func isHexadecimal(_ text: String) -> Bool {
    text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
  }

  /// The documents that these routes refer to by name.
  static let components: [(String, Schema)] = [
    ("PlanRun", PlanRun.schema), ("PlanPreview", PlanPreview.schema),
  ]
}

extension AdminCall {
  /// Who calls, and why.
  var warrant: Warrant {
    Warrant(author: caller.name, reason: text("reason"), ticket: text("ticket"))
  }
}

import Base
import Origins
import Policy
import Testing

@testable import Control

@Suite struct PlanMachineTests {
  /// The plan of `Drawer`, with hooks that the stage understands.
  static func text(_ more: String = "step_timeout: 8s") -> String {
    """
    plan: west-move
    say: The writes of west move to west-2
    domains: [west]
    from: west-1
    to: west-2
    hooks:
      west-1: { fence: { http: "http://127.0.0.1:1/west-1/fence" },
        unfence: { http: "http://127.0.0.1:1/west-1/unfence" },
        promote: { http: "http://127.0.0.1:1/west-1/promote", body: "{epoch}" },
        retire: { http: "http://127.0.0.1:1/west-1/retire", body: "{epoch}" } }
      west-2: { fence: { http: "http://127.0.0.1:1/west-2/fence" },
        promote: { http: "http://127.0.0.1:1/west-2/promote", body: "{epoch}" } }
    \(more)
    """
  }

  func run(
    _ stage: PlanStage, _ plan: FailoverPlan, accepts: [String] = [], by author: String = "Ana"
  ) throws -> PlanRun {
    let runner = PlanRunner(StageStore(stage: stage), stage, author: author)
    let run = try runner.begin(
      plan, Warrant(author: author, reason: "a test"), accepts: accepts)
    return try runner.carry(plan, run: run.number)
  }

  @Test func aSwitchoverLosesNothing() throws {
    let stage = try PlanStage()
    let run = try run(stage, Drawer.plan(Self.text()))
    #expect(run.status == .completed, "\(run.words) \(stage.told)")
    let record = try #require(try stage.state.authority("west"))
    #expect(record.state == .active && record.endpoint == "west-2" && record.epoch == 8)
    #expect(record.forks.last == .init(epoch: 8, position: 120))
    #expect(stage.servers["west-2"]?.position == 120)
    #expect(stage.servers["west-1"]?.isPrimary == false)
    #expect(
      stage.calls == ["west-1 fence": 1, "west-2 promote": 1, "west-1 retire": 1])
    #expect(stage.harm.isEmpty)
    // And back again.
    let back = try #require(
      FailoverPlan.load(FailoverPlan.back(Array(Self.text().utf8)), file: "p").0)
    stage.servers["west-1"]?.isReadOnly = false
    let return_ = try self.run(stage, back)
    #expect(return_.status == .completedWithExceptions || return_.status == .completed)
    #expect(try stage.state.authority("west")?.endpoint == "west-1")
    #expect(try stage.state.authority("west")?.epoch == 9)
  }

  /// The process dies at each thing it does, before or after it; another one goes on.
  @Test(arguments: 0..<40, [false, true])
  func whoDiesIsFollowed(_ life: Int, _ isLastDone: Bool) throws {
    let stage = try PlanStage()
    let plan = try Drawer.plan(Self.text())
    stage.life = life
    stage.isLastDone = isLastDone
    let killed = try? run(stage, plan)
    stage.life = nil
    let runner = PlanRunner(StageStore(stage: stage), stage, author: "Bo")
    let number = try stage.state.plans.runs.last?.number
    if killed == nil { #expect(life < 30, "the test kills nobody any more") }
    guard let number else { return #expect(life == 0) }
    let end = try runner.carry(plan, run: number)
    #expect(end.status == .completed, "\(life): \(end.words) \(stage.told)")
    let record = try #require(try stage.state.authority("west"))
    #expect(record.state == .active && record.endpoint == "west-2" && record.epoch == 8)
    #expect(stage.servers["west-2"]?.isPrimary == true && stage.servers["west-2"]?.epoch == 8)
    #expect(stage.servers["west-1"]?.isPrimary == false)
    #expect((stage.servers["west-2"]?.position ?? 0) >= 120)
    #expect(stage.harm.isEmpty, "\(life): \(stage.harm)")
    #expect(try stage.files.read().warning == nil)
  }

  /// The same while two processes that know nothing of each other drive the run in turns.
  @Test(arguments: 0..<20 as Range<UInt64>)
  func manyDeathsInARow(_ seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    let stage = try PlanStage()
    let plan = try Drawer.plan(Self.text())
    stage.isEdgeSilent = seed == 7
    var number: Int?
    for death in 0..<200 {
      stage.life = Int.random(in: 0...2, using: &random)
      stage.isLastDone = Bool.random(using: &random)
      let runner = PlanRunner(StageStore(stage: stage), stage, author: "P\(death)")
      if let number {
        if let end = try? runner.carry(plan, run: number), end.status != .inProgress {
          // Who dies while a silent edge is waited for lets the wait begin anew.
          #expect(end.status == .completed || seed == 7, "\(end.words)")
          break
        }
      } else {
        _ = try? runner.begin(plan, Warrant(author: "Ana", reason: "a test"), accepts: [])
      }
      stage.life = nil
      number = try stage.state.plans.runs.last?.number
      let state = try #require(try stage.state.authority("west"))
      // Never half promoted: who is primary in the new epoch was given it before.
      for (name, server) in stage.servers where server.isPrimary && server.epoch > 7 {
        #expect(state.epoch >= server.epoch && (state.candidate ?? state.endpoint) == name)
      }
    }
    let holder = try stage.state.authority("west")?.endpoint
    #expect(holder == "west-2" || seed == 7 && holder == "west-1")
    #expect(stage.harm.isEmpty)
  }

  /// What goes wrong before the promotion leaves everything as it was.
  @Test(
    arguments: [
      ("fence", "canceled"), ("behind", "canceled"), ("alarm", "canceled"),
      ("abort", "canceled"), ("unfence", "paused-by-failed-step"),
      ("promote", "paused-by-failed-step"), ("retire", "completed-with-exceptions"),
    ])
  func whatGoesWrong(_ what: String, _ end: String) throws {
    let stage = try PlanStage()
    let plan = try Drawer.plan(
      Self.text("abort_conditions: [{ file: /run/alarm }]\ntimeout: 60s\nstep_timeout: 1s"))
    switch what {
    case "fence": stage.failing = ["west-1 fence"]
    case "unfence":
      stage.failing = ["west-1 unfence"]
      stage.servers["west-2"]?.speed = 0
    case "promote": stage.failing = ["west-2 promote"]
    case "retire": stage.failing = ["west-1 retire"]
    case "behind", "alarm", "abort": stage.servers["west-2"]?.speed = 0
    default: Issue.record("unknown")
    }
    let runner = PlanRunner(StageStore(stage: stage), stage, author: "Ana")
    let began = try runner.begin(plan, Warrant(author: "Ana", reason: "a test"), accepts: [])
    if what == "alarm" || what == "abort" {
      // The run stands in catch-up when it happens.
      stage.life = 9
      _ = try? runner.carry(plan, run: began.number)
      stage.life = nil
      #expect(try stage.state.authority("west")?.state == .fenced)
      if what == "alarm" { stage.alarmFiles = ["/run/alarm"] }
      if what == "abort" {
        try runner.act(
          .plan(.abort(run: began.number)), Warrant(author: "Bo", reason: "not today"))
      }
    }
    let run = try runner.carry(plan, run: began.number)
    #expect(run.status.rawValue == end, "\(run.words) \(stage.told)")
    let record = try #require(try stage.state.authority("west"))
    switch what {
    case "promote":
      #expect(record.state == .promoting)
      // There is no way back; mended, it is resumed.
      #expect(throws: PlanFault.refused(.plan(.noWayBack(run: began.number)))) {
        try runner.act(
          .plan(.abort(run: began.number)), Warrant(author: "Bo", reason: "not today"))
      }
      stage.failing = []
      try runner.act(.plan(.resume(run: began.number)), Warrant(author: "Bo", reason: "mended"))
      #expect(try runner.carry(plan, run: began.number).status == .completed)
    case "retire": #expect(record.endpoint == "west-2")
    case "unfence":
      #expect(record.state == .fenced)
      stage.failing = []
      try runner.act(.plan(.resume(run: began.number)), Warrant(author: "Bo", reason: "mended"))
      #expect(try runner.carry(plan, run: began.number).status == .canceled)
      #expect(try stage.state.authority("west")?.state == .active)
    default:
      #expect(record.state == .active && record.endpoint == "west-1" && record.epoch == 7)
      #expect(stage.servers["west-1"]?.isReadOnly == false)
      #expect(stage.servers["west-2"]?.isPrimary == false)
    }
    #expect(stage.harm.isEmpty)
  }

  @Test func aSilentEdgeIsWaitedForUntilItsLeaseIsOver() throws {
    let stage = try PlanStage()
    stage.isEdgeSilent = true
    let run = try run(stage, Drawer.plan(Self.text()))
    #expect(run.status == .completed || run.status == .completedWithExceptions, "\(run.words)")
    let begun = try #require(run.time(1, .begun))
    let done = try #require(run.time(1, .done))
    #expect(done.microseconds - begun.microseconds >= 6_400_000)
    #expect(run.marks.contains { $0.words.contains("leases are over") })
  }

  /// A late answer costs a run some time; servers that stay away end it with nothing changed.
  @Test(arguments: [(3, PlanStatus.completed), (1_000, .failed)])
  func aMissedAnswerIsAskedForAgain(_ missedLookCount: Int, _ end: PlanStatus) throws {
    let stage = try PlanStage()
    stage.missedLookCount = missedLookCount
    let run = try run(stage, Drawer.plan(Self.text()))
    #expect(run.status == end, "\(stage.told)")
    #expect(end == .completed || run.words.hasPrefix("S4: "), "\(run.words)")
    #expect(stage.calls.isEmpty == (end == .failed))
  }

  /// Nothing changes when a rule refuses, and the refusal names the way out.
  @Test(
    arguments: [
      ("law", "LAW: no write of the data of `west` may go to `east`"),
      ("targets", "S1: read of vitals of home `west` would lose the last lawful target"),
      ("rival", "S2: `west-3` takes itself for the primary of `west`, too"),
      ("record", "S2: nobody recorded"),
      ("dead", "S4: `west-2` does not answer"),
      ("lag", "S4: how far `west-2` is behind is not measured"),
      ("edges", "S8: no edge has registered"),
      ("other", "S9"),
      ("hook", "S10: nothing fences"),
      ("expired", "TIME: the plan expired"),
      ("drill", "S12: no drill begins until"),
    ])
  func whatIsRefused(_ what: String, _ words: String) throws {
    let stage = try PlanStage()
    var text = Self.text()
    switch what {
    case "law":
      text = text.replacing("to: west-2", with: "to: east-1")
        .replacing("  west-2: {", with: "  east-1: {")
    case "targets":
      // The only copy becomes the primary, and the old primary does not come back.
      stage.servers["west-3"] = nil
      stage.rows = [
        ServiceRow(
          home: RegionID(0), dataClass: .vitals, operation: .read,
          targets: [TargetSet(replicas: 1)]),
        stage.rows[stage.rows.count - 3],
      ]
      text = text.replacing("retire:", with: "unfence:").replacing(
        "    unfence: { http: \"http://127.0.0.1:1/west-1/unfence\" },\n", with: "")
    case "rival": stage.servers["west-3"]?.isPrimary = true
    case "record":
      text = text.replacing("[west]", with: "[east]")
        .replacing("from: west-1", with: "from: east-1").replacing("to: west-2", with: "to: east-2")
        .replacing("  west-1: {", with: "  east-1: {").replacing("  west-2: {", with: "  east-2: {")
      stage.servers["east-2"] = PlanStage.Server(region: "east")
    case "dead": stage.servers["west-2"]?.isUp = false
    case "lag": stage.servers["west-2"]?.lag = nil
    case "expired": text += "\nexpires: 2020-01-01T00:00:00Z"
    case "drill":
      text +=
        "\nmode: drill\nblocked: [{ from: 2020-01-01T00:00:00Z, until: 2050-01-01T00:00:00Z }]"
    default: break
    }
    let plan: FailoverPlan
    if what == "hook" {
      plan = try #require(
        FailoverPlan.load(
          FailoverPlan.back(
            Array(
              Self.text().replacing(
                "fence: { http: \"http://127.0.0.1:1/west-2/fence\" },\n    ", with: ""
              ).utf8)), file: "p"
        ).0)
    } else {
      plan = try Drawer.plan(text)
    }
    let before = try stage.state
    var scene = stage.look(at: before)
    if what == "edges" { scene.edges = [] }
    var state = before
    if what == "other" {
      state = try before.applying(
        Rehearsal.act(.begin(Rehearsal.name, Rehearsal.terms())), at: stage.now())
    }
    let findings = PlanRules(plan, scene, state, accepts: ["force"]).findings
    let broken = findings.filter { !$0.isKept }
    #expect(
      broken.contains { $0.complaint.hasPrefix(words) }, "\(broken.map(\.complaint))")
    for finding in broken { #expect(finding.complaint.contains("; ")) }
    if what != "edges", what != "other", what != "hook" {
      let run = try run(stage, plan)
      #expect(run.status == .failed)
      #expect(stage.calls.isEmpty)
      #expect(try stage.state.authorities == before.authorities)
    }
  }

  /// No waiver and no word that is accepted makes an unlawful target lawful.
  @Test func noForceMakesAnUnlawfulTargetLawful() throws {
    let stage = try PlanStage()
    let plan = try Drawer.plan(
      Self.text().replacing("to: west-2", with: "to: east-1")
        .replacing("  west-2: {", with: "  east-1: {"))
    stage.servers["east-1"]?.isPrimary = false
    let rules = SafetyRule.allCases.filter(\.isWaivable)
    var state = try stage.state.applying(
      OperatorAct(
        .waive(rules, until: Shift.at(3_000)), Warrant(author: "Ana", reason: "a storm")),
      at: stage.now())
    state = try state.applying(
      OperatorAct(.agree(state.actCount), Warrant(author: "Bo", reason: "seen")), at: stage.now())
    #expect(state.waiver(of: .lawfulTarget) != nil)
    let accepts = SafetyRule.allCases.map(\.rawValue) + ["LAW", "data-loss"]
    let refusal = PlanRules(plan, stage.look(at: state), state, accepts: accepts).refusal
    #expect(refusal?.code == "LAW")
    let run = try run(stage, plan, accepts: accepts)
    #expect(run.status == .failed && run.words.hasPrefix("LAW"))
  }

  @Test func anUngracefulPlanTellsWhatItMayLose() throws {
    for (isAccepted, approvals, status) in [
      (false, 0, PlanStatus.failed), (true, 1, .completedWithExceptions),
    ] {
      let stage = try PlanStage()
      stage.servers["west-1"]?.isUp = false
      stage.servers["west-2"]?.lag = 900
      let plan = try Drawer.plan(
        Self.text("mode: ungraceful\napprovals: { required: \(approvals) }")
          .replacing(
            "fence: { http: \"http://127.0.0.1:1/west-1/fence\" }",
            with: "fence: { manual: cut its power }"))
      let runner = PlanRunner(StageStore(stage: stage), stage, author: "Ana")
      let run = try runner.begin(
        plan, Warrant(author: "Ana", reason: "it is gone"),
        accepts: isAccepted ? ["data-loss"] : [])
      if approvals > 0 {
        #expect(try runner.carry(plan, run: run.number).status == .pendingApproval)
        try runner.act(
          .plan(.approve(plan.name, role: "")), Warrant(author: "Bo", reason: "so be it"))
      }
      var end = try runner.carry(plan, run: run.number)
      if isAccepted {
        // The fence is a person's: the run waits until somebody says that it is done.
        #expect(end.status == .pausedByFailedStep && end.words.contains("cut its power"))
        #expect(try stage.state.authority("west")?.state == .fencing)
        try runner.act(
          .plan(.resume(run: run.number)), Warrant(author: "Ana", reason: "the power is off"))
        end = try runner.carry(plan, run: run.number, confirming: true)
      }
      #expect(end.status == status, "\(end.words) \(stage.told)")
    }
  }

  @Test func readsComeBackInARamp() throws {
    let stage = try PlanStage()
    let plan = try Drawer.plan(Drawer.evacuation)
    #expect(try run(stage, plan).status == .completed)
    #expect(try stage.state.effect("west", .replica).out?.kind == .drain)
    stage.milliseconds += 10_000
    let back = try #require(
      FailoverPlan.load(FailoverPlan.back(Array(Drawer.evacuation.utf8)), file: "p").0)
    let began = stage.milliseconds
    let run = try run(stage, back)
    #expect(run.status == .completed, "\(run.words) \(stage.told)")
    #expect(stage.milliseconds - began >= 20_000)
    #expect(try stage.state.overrides.isEmpty)
    #expect(try stage.state.shares.isEmpty)
    let shares = try stage.files.read().lines.compactMap { line -> Int? in
      guard case .share(_, let percent, _) = line.act.deed else { return nil }
      return percent
    }
    #expect(shares == [1, 50, 100])
  }

  @Test func anAlarmDuringTheRampHoldsOutAgain() throws {
    let stage = try PlanStage()
    _ = try run(stage, Drawer.plan(Drawer.evacuation))
    stage.milliseconds += 10_000
    let back = try #require(
      FailoverPlan.load(FailoverPlan.back(Array(Drawer.evacuation.utf8)), file: "p").0)
    let runner = PlanRunner(StageStore(stage: stage), stage, author: "Ana")
    let run = try runner.begin(back, Warrant(author: "Ana", reason: "back"), accepts: [])
    stage.life = 14
    _ = try? runner.carry(back, run: run.number)
    stage.life = nil
    #expect(try stage.state.shares.map(\.percent) == [50])
    try runner.act(.plan(.abort(run: run.number)), Warrant(author: "Bo", reason: "errors rise"))
    let end = try runner.carry(back, run: run.number)
    #expect(end.status == .canceled, "\(end.words) \(stage.told)")
    #expect(try stage.state.effect("west", .replica).out?.kind == .holdOut)
    #expect(try stage.state.shares.isEmpty)
  }
}

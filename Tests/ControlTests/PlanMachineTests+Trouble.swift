import Base
import Testing

@testable import Control

/// Runs in a world that went wrong around them: nobody left to turn to, clocks that lied.
extension PlanMachineTests {
  /// A run that can go neither on nor back is closed where it stands, once no write authority is
  /// under way by it; then another plan may work there.
  @Test(arguments: ["unfence", "promote"])
  func aRunThatLeadsNowhereIsAbandoned(_ what: String) throws {
    let stage = try PlanStage()
    let plan = try Drawer.plan(Self.text("timeout: 60s\nstep_timeout: 1s"))
    stage.failing = [what == "unfence" ? "west-1 unfence" : "west-2 promote"]
    if what == "unfence" { stage.servers["west-2"]?.speed = 0 }
    let stuck = try run(stage, plan)
    #expect(stuck.status == .pausedByFailedStep)
    let runner = PlanRunner(StageStore(stage: stage), stage, author: "Bo")
    let warrant = Warrant(author: "Bo", reason: "it leads nowhere")
    let abandon = OperatorDeed.plan(.abandon(run: stuck.number))
    let held = try #require(try stage.state.authority("west"))
    let refusal = PlanRefusal.holdsAuthority(run: stuck.number, held)
    #expect(throws: PlanFault.refused(.plan(refusal))) { try runner.act(abandon, warrant) }
    let first = what == "unfence" ? "restore" : "activate"
    #expect("\(refusal)".contains("`homeward authority change west \(first)`"))
    if what == "unfence" {
      try runner.act(.authority("west", .restore), warrant)
    } else {
      // Nobody is the primary of epoch 8: a person gives the writes to another server.
      try runner.act(.authority("west", .orphan), warrant)
      try runner.act(.authority("west", .fenced(position: nil)), warrant)
      #expect(throws: PlanFault.self) { try runner.act(abandon, warrant) }
      try runner.act(.authority("west", .promote(endpoint: "west-3", position: nil)), warrant)
      try runner.act(.authority("west", .activate), warrant)
    }
    let over = try #require(try runner.act(abandon, warrant).plans.run(stuck.number))
    #expect(over.status == .failed && over.words == "abandoned by Bo: it leads nowhere")
    #expect(try stage.files.read().warning == nil)
    #expect(try stage.state.plans.active.isEmpty)
    guard what == "unfence" else { return }
    stage.failing = []
    stage.servers["west-2"]?.speed = 50
    #expect(try run(stage, plan).status == .completed)
  }

  /// Words of any script fit a record: they are cut by bytes, between two scalars.
  @Test func longWordsStopNoRun() throws {
    let stage = try PlanStage()
    let path = "/run/" + String(repeating: "線", count: 90)
    stage.alarmFiles = [path]
    let plan = try Drawer.plan(Self.text("abort_conditions: [{ file: \"\(path)\" }]"))
    let run = try run(stage, plan, by: String(repeating: "田", count: 66))
    #expect(run.status == .failed && run.words == "alarm: `\(path)` is there", "\(stage.told)")
    #expect(try stage.files.read().lines.allSatisfy { $0.act.warrant.reason.utf8.count <= 200 })
  }

  /// Who may write nothing, not even that it failed, ends.
  @Test(.timeLimit(.minutes(1))) func whoseWarrantIsRefusedEnds() throws {
    let stage = try PlanStage()
    let plan = try Drawer.plan(Self.text())
    let runner = PlanRunner(StageStore(stage: stage), stage, author: "Ana")
    let run = try runner.begin(plan, Warrant(author: "Ana", reason: "a test"), accepts: [])
    let nobody = PlanRunner(
      StageStore(stage: stage), stage, author: String(repeating: "n", count: 201))
    #expect(throws: PlanFault.refused(.warrant)) { try nobody.carry(plan, run: run.number) }
    #expect(try stage.state.plans.run(run.number)?.status == .inProgress)
  }

  /// One act while the clock was a day ahead: waits end and time-outs fire all the same.
  @Test(.timeLimit(.minutes(1)), arguments: [("", "completed"), ("timeout: 1s", "timed-out")])
  func timeGoesOnAfterAClockWasAhead(_ more: String, _ end: String) throws {
    let stage = try PlanStage()
    stage.servers["west-2"]?.speed = 0
    stage.aheadSeconds = 86_400
    let runner = PlanRunner(StageStore(stage: stage), stage, author: "Ana")
    let warrant = Warrant(author: "Ana", reason: "a test")
    try runner.act(.waive([.capacity], until: Shift.at(86_460)), warrant)
    stage.aheadSeconds = 0
    let plan = try Drawer.plan("plan: rest\nsay: rest\n\(more)\nsteps: [{ do: wait, for: 3s }]\n")
    let begun = stage.milliseconds
    let run = try run(stage, plan)
    #expect(run.status.rawValue == end, "\(run.words) \(stage.told)")
    #expect((900...3_700).contains(stage.milliseconds - begun))
    // And a step that waits for something else than time.
    let moved = try self.run(stage, Drawer.plan(Self.text("step_timeout: 1s")))
    #expect(moved.status == .canceled && moved.words.contains("not done after"), "\(moved.words)")
  }

  /// Who agrees late takes nothing of a run's time.
  @Test func theWaitForApprovalIsNoWork() throws {
    let stage = try PlanStage()
    let plan = try Drawer.plan(
      "plan: rest\nsay: rest\ntimeout: 3s\napprovals: { required: 1 }\n"
        + "steps: [{ do: wait, for: 1s }]\n")
    let pending = try run(stage, plan)
    #expect(pending.status == .pendingApproval)
    stage.milliseconds += 60_000
    let runner = PlanRunner(StageStore(stage: stage), stage, author: "Bo")
    try runner.act(.plan(.approve(plan.name, role: "")), Warrant(author: "Bo", reason: "read it"))
    #expect(try runner.carry(plan, run: pending.number).status == .completed)
  }
}

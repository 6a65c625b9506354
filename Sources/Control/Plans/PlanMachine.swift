internal import Base

/// What a run wants done next.
public enum PlanAction: Hashable, Sendable {
  /// Append this act, if nobody acted in between; then ask again.
  case act(OperatorDeed, String)
  /// Do this outside, tell `hookEnded`, then ask again.
  case call(Hook)
  /// Look at the world again after so many milliseconds, then ask again; says for what.
  case look(milliseconds: Int, String)
  /// Nothing more to do here: the run waits for people, or is over.
  case stop
}

/// Drives one run: from the acts so far and the world as it is to the next thing to do.
///
/// INVARIANT (again): everything a step does may be done again, or is seen to be done already. So a
/// process may end at any moment, and another one goes on from the acts alone. Between the act that
/// begins a promotion and the one that ends it there is no way back, and no other step.
///
/// What it remembers itself (which hook it called and what came of it) is only to spare the second
/// call. Pure; owned by one driver.
public struct PlanMachine {
  /// The plan whose file's hash the run names.
  public let plan: FailoverPlan
  /// The run's number.
  public let number: Int
  /// What came of the hook of the step at work; nil before it was called.
  private var called: (key: String, error: String?)?
  /// The hook that is being called.
  private var calling: String?
  /// What a person said is done, for the step at work.
  private var confirmed: Int?
  /// What the wait for the edges says, which the driver measures.
  private var fence: FenceWait.Verdict?
  /// Since when this process has seen the run at work, and since when with so many marks.
  private var workedSince: Instant?
  private var markedSince: (count: Int, at: Instant)?

  /// For run `number` of `plan`.
  public init(_ plan: FailoverPlan, run number: Int) {
    self.plan = plan
    self.number = number
  }

  /// The hook that was asked for has ended; nil when it did what it should.
  public mutating func hookEnded(_ error: String?) {
    if let calling { called = (calling, error) }
    calling = nil
  }

  /// A person says that what the step at work waits for is done.
  public mutating func confirm(_ step: Int) { confirmed = step }

  /// What the driver's `FenceWait` says now.
  public mutating func fenceLooked(_ verdict: FenceWait.Verdict) { fence = verdict }

  /// The record whose end of writes is waited for, in the step at work; nil in other steps.
  public func fencing(_ state: OperatorState) -> AuthorityRecord? {
    guard let run = state.plans.run(number), run.status == .inProgress, !run.isTurnedBack,
      run.phase == .begun, case .fence(let domain) = plan.steps[run.stepIndex].work,
      let record = state.authority(domain), record.state == .fencing, record.plan == run.id
    else { return nil }
    return record
  }

  /// What to do next, as things are.
  public mutating func next(_ state: OperatorState, _ scene: PlanScene) -> PlanAction {
    guard let run = state.plans.run(number), run.status == .inProgress else { return .stop }
    precondition(run.terms.stepCount == plan.steps.count, "the run of another plan")
    if run.isTurnedBack {
      return run.stepIndex < 0
        ? end(run.words.contains(Self.timeoutWord) ? .timedOut : .canceled, run.words)
        : back(run, state, scene)
    }
    guard run.stepIndex < plan.steps.count else { return finish(run) }
    if workedSince == nil { workedSince = scene.moment }
    if markedSince?.count != run.marks.count { markedSince = (run.marks.count, scene.moment) }
    if !run.isForGood {
      if workedMilliseconds(run, scene) > plan.timeoutMilliseconds {
        return run.stepIndex == 0 && run.phase == .waiting
          ? end(.timedOut, Self.timeoutWord)
          : turnBack("\(Self.timeoutWord) after \(plan.timeoutMilliseconds / 1_000) s")
      }
      if let alarm = scene.alarm(of: plan) {
        return run.stepIndex == 0 && run.phase == .waiting
          ? end(.failed, "alarm: \(alarm)") : turnBack("alarm: \(alarm)")
      }
    }
    return forth(run, state, scene)
  }

  private static let timeoutWord = "timed out"

  // MARK: Forth

  private mutating func forth(
    _ run: PlanRun, _ state: OperatorState, _ scene: PlanScene
  ) -> PlanAction {
    let step = plan.steps[run.stepIndex]
    if run.phase == .waiting {
      if case .check = step.work, let stopped = check(run, state, scene) { return stopped }
      var change = StepChange.begun
      if case .promote = step.work { change = .begunForGood }
      fence = nil
      return mark(run, change)
    }
    let result = work(step, run, state, scene)
    switch result {
    case .failure(let why) where why.waitsForPerson: return mark(run, .failed, why.words)
    case .failure(let why): return failed(run, step, why.words)
    case .success(.look(let pause, let what)):
      let spent = spentMilliseconds(since: run.changedAt, scene)
      if spent > step.timeoutMilliseconds {
        return failed(run, step, "not done after \(spent) ms: \(what)")
      }
      return .look(milliseconds: pause, what)
    case .success(let action): return action
    }
  }

  /// Why a step cannot be done.
  struct Trouble: Error {
    let words: String
    /// Whether nothing is wrong but that a person has to do something.
    var waitsForPerson = false
  }

  /// Judges the rules and runs the prechecks; nil when the run may begin.
  private mutating func check(
    _ run: PlanRun, _ state: OperatorState, _ scene: PlanScene
  ) -> PlanAction? {
    let rules = PlanRules(plan, scene, state, accepts: run.terms.accepts, run: number)
    if let refusal = rules.refusal {
      // A server that missed one question may answer the next: no reason to refuse at once.
      let waited = workedMilliseconds(run, scene)
      return refusal.isBySight && waited < Limits.planSightMilliseconds
        ? .look(milliseconds: 250, refusal.complaint) : end(.failed, refusal.complaint)
    }
    for (index, hook) in plan.prechecks.enumerated() {
      switch call("precheck \(index)", hook, run, state) {
      case .failure(let why): return end(.failed, "precheck \(index + 1): \(why.words)")
      case .success(let action?): return action
      case .success(nil): continue
      }
    }
    return nil
  }

  /// The next thing of a step that has begun.
  private mutating func work(
    _ step: PlanStep, _ run: PlanRun, _ state: OperatorState, _ scene: PlanScene
  ) -> Result<PlanAction, Trouble> {
    switch step.work {
    case .check: return .success(mark(run, .done, "the rules hold"))
    case .wait(let milliseconds):
      let begun = run.time(run.stepIndex, .begun) ?? run.changedAt
      let left = milliseconds - spentMilliseconds(since: begun, scene)
      return .success(
        left <= 0 ? mark(run, .done) : .look(milliseconds: min(left, 500), "time to pass"))
    case .hook(let hook):
      return call("hook", hook, run, state).map { $0 ?? mark(run, .done) }
    case .order, .release, .share: return .success(order(step.work, run, state, scene))
    case .fence(let domain), .close(let domain), .catchUp(let domain), .promote(let domain),
      .activate(let domain), .retire(let domain), .verify(let domain):
      guard let move = plan.move, let record = state.authority(domain) else {
        return .failure(Trouble(words: "`\(domain)` has no record of its write authority"))
      }
      return moving(step.work, domain, move, record, run, state, scene)
    }
  }

  /// Calls a hook once in this process; nil when it did what it should.
  mutating func call(
    _ key: String, _ hook: Hook, _ run: PlanRun, _ state: OperatorState, domain: String = "",
    server: String = ""
  ) -> Result<PlanAction?, Trouble> {
    let key = "\(run.stepIndex) \(run.isTurnedBack) \(key) \(run.changedAt.microseconds)"
    if let called, called.key == key {
      return called.error.map { .failure(Trouble(words: $0)) } ?? .success(nil)
    }
    if case .manual(let text) = hook.call {
      return confirmed == run.stepIndex
        ? .success(nil)
        : .failure(
          Trouble(
            words: "waits for a person: \(text); then `homeward plan resume --confirm`",
            waitsForPerson: true))
    }
    calling = key
    let record = state.authority(domain)
    return .success(
      .call(
        hook.filled([
          "domain": domain, "endpoint": server, "plan": plan.name.id, "run": run.id,
          "epoch": record.map { "\($0.epoch)" } ?? "",
          "position": record?.position.map { "\($0)" } ?? "",
        ])))
  }

  private func finish(_ run: PlanRun) -> PlanAction {
    let passed = run.marks.filter { $0.change == .passedOver }
    return passed.isEmpty
      ? end(.completed, "")
      : end(.completedWithExceptions, passed.map(\.words).joined(separator: "; "))
  }

  private func failed(_ run: PlanRun, _ step: PlanStep, _ words: String) -> PlanAction {
    switch step.onFail {
    case .skip: return mark(run, .passedOver, words)
    case .abort where !run.isForGood: return turnBack("`\(step.work)` failed: \(words)")
    case .abort, .pause: return mark(run, .failed, "`\(step.work)`: \(words)")
    }
  }

  // MARK: Back

  /// Undoes the step at which the run stands on its way back.
  private mutating func back(
    _ run: PlanRun, _ state: OperatorState, _ scene: PlanScene
  ) -> PlanAction {
    let step = plan.steps[run.stepIndex]
    let wasBegun = run.time(run.stepIndex, .begun) != nil
    guard wasBegun else { return mark(run, .undone) }
    switch undo(step, run, state) {
    case .failure(let why): return mark(run, .failed, "undoing `\(step.work)`: \(why.words)")
    case .success(let action?): return action
    case .success(nil): return mark(run, .undone)
    }
  }

  // MARK: Acts

  func mark(_ run: PlanRun, _ change: StepChange, _ words: String = "") -> PlanAction {
    let what = run.stepIndex >= 0 ? "\(plan.steps[run.stepIndex].work)" : ""
    return .act(.plan(.step(run: number, index: run.stepIndex, change, words)), what)
  }

  private func end(_ status: PlanStatus, _ words: String) -> PlanAction {
    .act(.plan(.end(run: number, status, words)), words.isEmpty ? status.rawValue : words)
  }

  private func turnBack(_ words: String) -> PlanAction { .act(.plan(.abort(run: number)), words) }

  /// How long the run has been at work. The acts' time stands still while a clock that was ahead is
  /// right again, so what this process saw counts as well: the longer of the two.
  private func workedMilliseconds(_ run: PlanRun, _ scene: PlanScene) -> Int {
    max(
      milliseconds(since: run.workedSince, scene.now),
      workedSince.map { Int(clamping: scene.moment.milliseconds(since: $0)) } ?? 0)
  }

  /// The same of the step at work, which changed last at `earlier`.
  func spentMilliseconds(since earlier: WallTime, _ scene: PlanScene) -> Int {
    max(
      milliseconds(since: earlier, scene.now),
      markedSince.map { Int(clamping: scene.moment.milliseconds(since: $0.at)) } ?? 0)
  }

  private func milliseconds(since earlier: WallTime, _ now: WallTime) -> Int {
    now > earlier ? Int(clamping: (now.microseconds - earlier.microseconds) / 1_000) : 0
  }

  /// What the wait for the edges said last.
  var fenceVerdict: FenceWait.Verdict? { fence }
}

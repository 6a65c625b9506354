internal import ArgumentParser
internal import Base
internal import Control
internal import Reactor

/// What can be done with plans on one edge: the part of the commands that a route can call, too.
struct PlanOffice {
  let settings: RegionSettings
  private let store: FileControlStore<SystemStorage>

  /// For an edge's configuration.
  init(_ settings: RegionSettings) {
    self.settings = settings
    store = FileControlStore(settings.folder, SystemStorage())
  }

  /// What is in force now.
  func state() throws(StateFault) -> OperatorState {
    try store.read().books.state.settled(at: Clock.wall())
  }

  /// What the rules say about running `plan` now.
  func findings(
    _ plan: FailoverPlan, accepts: [String] = [], peaks: [String: Int]? = nil
  ) throws -> [PlanFinding] {
    let place = try PlanPlace(settings, plan) { _, _ in }
    place.peaks = peaks
    let state = try state()
    return PlanRules(plan, place.look(at: state), state, accepts: accepts).findings
  }

  /// Begins a run, and carries it on until it waits for people or is over.
  func run(
    _ file: PlanFile, _ warrant: Warrant, accepts: [String], peaks: [String: Int]? = nil,
    says: @escaping (PlanRun, String) -> Void
  ) throws -> PlanRun {
    try file.keep(in: settings.folder)
    let place = try PlanPlace(settings, file.plan, says: says)
    place.peaks = peaks
    let runner = PlanRunner(store, place, author: warrant.author)
    let run = try runner.begin(file.plan, warrant, accepts: accepts)
    return try carry(file.plan, run.number, runner, isConfirmed: false)
  }

  /// Carries a run on. One process at a time: the lock goes with the process.
  private func carry(
    _ plan: FailoverPlan, _ number: Int, _ runner: PlanRunner<FileControlStore<SystemStorage>>,
    isConfirmed: Bool
  ) throws -> PlanRun {
    let path = "\(settings.folder.directory)/plans/R-\(number).lock"
    guard let lock = try FileLock(path: path) else {
      throw PlanFault.state(.busy(path: path))
    }
    defer { withExtendedLifetime(lock) {} }
    return try runner.carry(plan, run: number, confirming: isConfirmed)
  }

  /// Goes on with a run: one that is paused is resumed, one whose process died is taken over.
  func resume(
    _ number: Int, _ warrant: Warrant, isConfirmed: Bool,
    says: @escaping (PlanRun, String) -> Void
  ) throws -> PlanRun {
    let (plan, runner) = try runner(number, warrant, says)
    guard let run = try state().plans.run(number) else { throw noRun(number) }
    if run.status == .pausedByOperator || run.status == .pausedByFailedStep {
      try runner.act(.plan(.resume(run: number)), warrant)
    }
    return try carry(plan, number, runner, isConfirmed: isConfirmed)
  }

  /// Turns a run back, and carries it there, unless another process does.
  func abort(
    _ number: Int, _ warrant: Warrant, says: @escaping (PlanRun, String) -> Void
  ) throws -> PlanRun {
    let (plan, runner) = try runner(number, warrant, says)
    try runner.act(.plan(.abort(run: number)), warrant)
    do {
      return try carry(plan, number, runner, isConfirmed: false)
    } catch PlanFault.state(.busy) {
      guard let run = try state().plans.run(number) else { throw noRun(number) }
      return run
    }
  }

  /// Does one act about plans.
  func act(_ deed: PlanDeed, _ warrant: Warrant) throws -> OperatorState {
    let now = Clock.wall()
    for _ in 0..<20 {
      let stored = try store.read()
      let act = OperatorAct(.plan(deed), warrant)
      let after = try stored.books.state.applying(act, at: now)
      if try store.append(act, at: now, to: stored) != nil { return after }
    }
    throw StateFault.busy(path: settings.folder.directory)
  }

  private func runner(
    _ number: Int, _ warrant: Warrant, _ says: @escaping (PlanRun, String) -> Void
  ) throws -> (FailoverPlan, PlanRunner<FileControlStore<SystemStorage>>) {
    guard let run = try state().plans.run(number) else { throw noRun(number) }
    let plan = try PlanFile.kept(run.plan, in: settings.folder)
    let place = try PlanPlace(settings, plan, says: says)
    return (plan, PlanRunner(store, place, author: warrant.author))
  }

  private func noRun(_ number: Int) -> PlanFault { .refused(.plan(.noSuchRun(number))) }
}

internal import Admin
internal import Base
internal import Control
internal import Native
internal import Reactor
internal import StrictYAML
internal import Synchronization

/// Carries runs of plans, each on a thread of its own: in the edge for its admin API, and in a
/// command that works on the folder. Any thread.
final class PlanOffice: PlanDriver {
  /// What changes while the office is open.
  private struct Book: Sendable {
    var configuration: Configuration
    /// The runs that are carried here.
    var carried: Set<Int> = []
    var hear: (@Sendable (PlanProgress) -> Void)?
  }

  private let folder: OperatorFolder
  private let isLocal: Bool
  private let book: Mutex<Book>

  /// Runs carried at once: one for each domain or region, and few of those move together.
  private static let runCountMax = 4

  /// For an edge's configuration. A local one serves who may run programs here anyway.
  init(_ configuration: Configuration, _ folder: OperatorFolder, isLocal: Bool) {
    self.folder = folder
    self.isLocal = isLocal
    book = Mutex(Book(configuration: configuration))
  }

  /// Goes on with another configuration; runs under way keep theirs.
  func adopt(_ configuration: Configuration) {
    book.withLock { $0.configuration = configuration }
  }

  /// Who hears what happens from now on.
  func listen(_ hear: @escaping @Sendable (PlanProgress) -> Void) {
    book.withLock { $0.hear = hear }
  }

  private var configuration: Configuration { book.withLock { $0.configuration } }
  private var store: FileControlStore<SystemStorage> { FileControlStore(folder, SystemStorage()) }

  func carries(_ number: Int) -> Bool { book.withLock { $0.carried.contains(number) } }

  func works(of plan: PlanName) -> [String]? {
    (try? PlanFile.kept(plan, in: folder))?.steps.map { "\($0.work)" }
  }

  // MARK: Asking

  func preview(_ request: PlanRequest) throws(Problem) -> JSONValue {
    let plan = try read(request).plan
    let state = try state()
    let configuration = configuration
    let traffic = PastTraffic(configuration.audit.directory, request.outline, plan, state)
    let place = try place(plan, configuration, request.outline)
    if !plan.capacities.isEmpty { place.peaks = traffic.peaks }
    let rules = PlanRules(plan, place.look(at: state), state, accepts: request.accepts)
    return PlanJudgement(plan, rules.findings, traffic).json
  }

  func begin(_ request: PlanRequest) throws(Problem) -> PlanRun {
    let file = try read(request)
    let plan = file.plan
    if plan.mode == .dryRun {
      throw Problem(409, "dry-run-plan", "the mode of this plan is dry-run: it is only shown")
    }
    if request.accepts.contains(PlanRules.dataLossWord), plan.approvalCount == 0 {
      throw Problem(
        409, "rule-s4",
        "S4: losing acknowledged writes needs a second person; let the plan ask for one:"
          + " `approvals: { required: 1 }`")
    }
    let configuration = configuration
    let place = try place(plan, configuration, request.outline)
    if !plan.capacities.isEmpty {
      place.peaks = PastTraffic.peak(configuration.audit.directory)
    }
    let runner = PlanRunner(store, place, author: request.warrant.author)
    do throws(SystemError) { try file.keep(in: folder) } catch { throw .storage(error) }
    guard book.withLock({ $0.carried.count < Self.runCountMax }) else { throw .crowded }
    let run: PlanRun
    do throws(PlanFault) {
      run = try runner.begin(plan, request.warrant, accepts: request.accepts)
    } catch { throw Problem(error) }
    try carry(plan, run.number, runner, isConfirmed: false)
    return run
  }

  func resume(
    _ number: Int, _ outline: RegionOutline, _ warrant: Warrant, isConfirmed: Bool
  ) throws(Problem) -> PlanRun {
    let run = try run(number)
    let plan = try kept(run)
    let runner = PlanRunner(
      store, try place(plan, configuration, outline), author: warrant.author)
    if run.status == .pausedByOperator || run.status == .pausedByFailedStep {
      do throws(PlanFault) { try runner.act(.plan(.resume(run: number)), warrant) } catch {
        throw Problem(error)
      }
    }
    try carry(plan, number, runner, isConfirmed: isConfirmed)
    return try self.run(number)
  }

  func abort(
    _ number: Int, _ outline: RegionOutline, _ warrant: Warrant
  ) throws(Problem) -> (run: PlanRun, isCarried: Bool) {
    let plan = try kept(try run(number))
    let runner = PlanRunner(
      store, try place(plan, configuration, outline), author: warrant.author)
    do throws(PlanFault) { try runner.act(.plan(.abort(run: number)), warrant) } catch {
      throw Problem(error)
    }
    let isHere = carries(number)
    do throws(Problem) {
      try carry(plan, number, runner, isConfirmed: false)
    } catch {
      // Whoever carries it sees the act, and turns back.
      guard error.code == Problem.carriedCode else { throw error }
      return (try run(number), isHere)
    }
    return (try run(number), true)
  }

  func abandon(_ number: Int, _ warrant: Warrant) throws(Problem) -> PlanRun {
    _ = try run(number)
    let lock = try take(number)
    defer {
      withExtendedLifetime(lock) {}
      leave(number)
    }
    do throws(PlanFault) {
      _ = try store.act(
        OperatorAct(.plan(.abandon(run: number)), warrant), at: Clock.wall,
        pause: { Thread.pause(milliseconds: $0) })
    } catch { throw Problem(error) }
    removeLock(number)
    return try run(number)
  }

  // MARK: Carrying

  /// Carries a run on until it waits for people or is over. One process and one thread at a time:
  /// the lock goes with either.
  private func carry(
    _ plan: FailoverPlan, _ number: Int,
    _ runner: sending PlanRunner<FileControlStore<SystemStorage>>, isConfirmed: Bool
  ) throws(Problem) {
    let lock = try take(number)
    do throws(SystemError) {
      let thread = try Thread(name: "homeward-plan") { [self] in
        var end = PlanProgress(run: number, words: "", isOver: true)
        do throws(PlanFault) {
          let last = try runner.carry(plan, run: number, confirming: isConfirmed)
          if !last.status.isActive { removeLock(number) }
        } catch {
          end = PlanProgress(run: number, words: "\(error)", isOver: true, code: error.code)
        }
        withExtendedLifetime(lock) {}
        leave(number)
        tell(end)
      }
      thread.detach()
    } catch {
      leave(number)
      throw .storage(error)
    }
  }

  /// Takes a run into this process's and this thread's hands.
  private func take(_ number: Int) throws(Problem) -> FileLock {
    let isTaken = try book.withLock { book throws(Problem) -> Bool in
      if book.carried.contains(number) { return false }
      guard book.carried.count < Self.runCountMax else { throw .crowded }
      book.carried.insert(number)
      return true
    }
    guard isTaken else { throw .carried(number) }
    do throws(SystemError) {
      try FileSystem.makeDirectory("\(folder.directory)/plans")
      if let lock = try FileLock(path: lockPath(number)) { return lock }
    } catch {
      leave(number)
      throw .storage(error)
    }
    leave(number)
    throw .carried(number)
  }

  private func leave(_ number: Int) { book.withLock { _ = $0.carried.remove(number) } }

  /// Takes the lock's file away, by who holds it, once the run is over: who still has that file, or
  /// makes another one, finds nothing to do. A crash before this leaves an empty file.
  private func removeLock(_ number: Int) { try? FileSystem.remove(lockPath(number)) }

  private func lockPath(_ number: Int) -> String {
    "\(folder.directory)/plans/R-\(number).lock"
  }

  private func tell(_ progress: PlanProgress) { book.withLock { $0.hear }?(progress) }

  // MARK: Reading

  private func state() throws(Problem) -> OperatorState {
    do throws(StateFault) {
      return try store.read().books.state.settled(at: Clock.wall())
    } catch { throw Problem(error) }
  }

  private func run(_ number: Int) throws(Problem) -> PlanRun {
    guard let run = try state().plans.run(number) else {
      throw Problem(OperatorRefusal.plan(.noSuchRun(number)))
    }
    return run
  }

  private func place(
    _ plan: FailoverPlan, _ configuration: Configuration, _ outline: RegionOutline
  ) throws(Problem) -> PlanPlace {
    do {
      return try PlanPlace(configuration, folder, outline, plan) { [self] run, words in
        tell(PlanProgress(run: run.number, words: words))
      }
    } catch { throw Problem(500, "surroundings", "\(error)") }
  }

  /// The plan of a request; throws what is wrong with it.
  private func read(_ request: PlanRequest) throws(Problem) -> PlanFile {
    let known = request.accepts.allSatisfy {
      SafetyRule(rawValue: $0) != nil || $0 == PlanRules.dataLossWord
    }
    guard known else {
      throw Problem(422, "unknown-rules", "`accepts` holds S1 to S12 and `data-loss` only")
    }
    let bytes = request.isBack ? FailoverPlan.back(request.text) : request.text
    let (plan, complaints) = FailoverPlan.load(bytes, file: "plan")
    guard let plan else {
      throw Problem(422, "malformed-plan", complaints.first.map { "\($0)" } ?? "no plan")
    }
    if let complaint = PlanFile.strangers(plan, request.outline).first {
      throw Problem(422, PlanFile.strangerCode, complaint)
    }
    try checkPrograms(plan)
    return PlanFile(plan: plan, bytes: bytes)
  }

  /// The plan of a run, as it was when the run began.
  private func kept(_ run: PlanRun) throws(Problem) -> FailoverPlan {
    let plan: FailoverPlan
    do { plan = try PlanFile.kept(run.plan, in: folder) } catch {
      throw Problem(
        409, "plan-lost",
        "the plan of \(run.id) cannot be read: \(error); put its file back, or close"
          + " the run where it stands: `homeward plan abandon \(run.id)`")
    }
    try checkPrograms(plan)
    return plan
  }

  /// Who asks over the API runs no program but those that the edge's configuration names.
  private func checkPrograms(_ plan: FailoverPlan) throws(Problem) {
    if isLocal { return }
    let allowed = configuration.operators?.hookCommands ?? []
    guard let program = plan.programs.first(where: { !allowed.contains($0) }) else { return }
    throw Problem(
      409, "hook-command",
      "a hook of this plan is the program `\(program)`, which this edge does not run; use `http` or"
        + " `manual`, list it in the edge's `operators.hook_commands`, or run the plan on the"
        + " edge's machine with `--offline`")
  }
}

extension Problem {
  fileprivate static let carriedCode = "run-carried"

  /// Somebody carries the run.
  fileprivate static func carried(_ number: Int) -> Problem {
    Problem(
      409, carriedCode,
      "R-\(number) is being carried already; `homeward plan status R-\(number)` shows how far it is"
    )
  }

  /// Too many runs.
  fileprivate static let crowded = Problem(
    503, "too-many-runs", "too many runs are carried here at once; wait for the end of one",
    retryAfterSeconds: 10)

  /// The folder or the system fails.
  fileprivate static func storage(_ error: SystemError) -> Problem {
    Problem(500, "storage", "\(error)")
  }

  /// Why a run is not carried on.
  fileprivate init(_ fault: PlanFault) {
    switch fault {
    case .refused(let refusal): self.init(refusal)
    case .state(let fault): self.init(fault)
    }
  }
}

extension FailoverPlan {
  /// The programs that its hooks name.
  fileprivate var programs: [String] {
    let ofServers = hooks.keys.sorted().flatMap { name in
      [hooks[name]?.fence, hooks[name]?.unfence, hooks[name]?.promote, hooks[name]?.retire]
    }
    let ofSteps = steps.flatMap { step -> [Hook?] in
      if case .hook(let hook) = step.work { [hook, step.undo] } else { [step.undo] }
    }
    return (prechecks + ofServers + ofSteps).compactMap { hook in
      if case .command(let words)? = hook?.call { words.first } else { nil }
    }
  }
}

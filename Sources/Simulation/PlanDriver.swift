internal import Base
internal import Control
internal import Origins

/// Moves the write authority of a domain by a failover plan: the real machine, acts, rules and
/// `FenceWait` over the shared store. Stands for `PlanRunner.carry`, whose loop waits; this one
/// lets the world go on. It may die after anything that it does; another one then goes on from the
/// acts alone.
final class PlanDriver {
  private let world: World
  private let domain: Int
  private let plan: FailoverPlan
  private var machine: PlanMachine?
  private var number: Int?
  private var wait: (number: Int, wait: FenceWait)?
  /// After how many things it dies; nil for never.
  private var life: Int?
  /// How often a person resumes a run that waits for one, before it is given up.
  private var patience = 3
  /// Where the run ended; nil while it goes on.
  private(set) var end: PlanStatus?

  /// A driver of one move.
  init(
    _ world: World, domain: Int, from: Int, to: Int, isGraceful: Bool, diesAfter: Int? = nil
  ) {
    self.world = world
    self.domain = domain
    life = diesAfter
    let text = Self.text(
      Law.regionNames[domain], world.servers[from].endpoint.name,
      world.servers[to].endpoint.name, isGraceful: isGraceful)
    let (plan, complaints) = FailoverPlan.load(Array(text.utf8), file: "move.yaml")
    guard let plan else {
      preconditionFailure(complaints.map { "\($0)" }.joined(separator: "; "))
    }
    self.plan = plan
  }

  /// The driver that goes on where another one died.
  private init(after other: PlanDriver) {
    world = other.world
    domain = other.domain
    plan = other.plan
    number = other.number
    patience = other.patience
  }

  /// The plan's file.
  private static func text(
    _ domain: String, _ from: String, _ to: String, isGraceful: Bool
  ) -> String {
    func hook(_ server: String, _ verb: String) -> String {
      "\(verb): { http: \"http://127.0.0.1:1/\(server)/\(verb)\", body: \"{epoch}\" }"
    }
    return """
      plan: move-\(domain)
      say: The writes of \(domain) move from \(from) to \(to)
      mode: \(isGraceful ? "graceful" : "ungraceful")
      domains: [\(domain)]
      from: \(from)
      to: \(to)
      rpo_target: \(isGraceful ? 0 : 3600)s
      step_timeout: 4s
      hooks:
        \(from): { \(hook(from, "fence")), \(hook(from, "unfence")), \(hook(from, "retire")) }
        \(to): { \(hook(to, "promote")) }

      """
  }

  // MARK: The loop

  /// Does the next thing; plans the one after.
  func step() {
    guard end == nil else { return }
    if let left = life {
      if left <= 0 { return die() }
      life = left - 1
    }
    guard !world.storage.isDead, let stored = world.stored else { return again(100) }
    let state = stored.books.state.settled(at: now)
    guard let number, let run = state.plans.run(number) else { return begin(stored) }
    var machine = machine ?? PlanMachine(plan, run: number)
    look(state, &machine)
    let action = machine.next(state, scene)
    self.machine = machine
    switch action {
    case .stop: stop(run)
    case .look(let milliseconds, _): again(UInt64(max(20, milliseconds)))
    case .act(let deed, let what):
      act(deed, what, run, stored)
      again(4)
    case .call(let hook):
      world.after(milliseconds: 3) { [self] in
        let failure = perform(hook)
        self.machine?.hookEnded(failure)
        again(2)
      }
    }
  }

  private var files: FileControlStore<SimulatedStorage> {
    FileControlStore(SimulatedOrders.folder, world.storage)
  }

  private var now: WallTime { world.wallTime(skewSeconds: 0) }

  private func again(_ milliseconds: UInt64) {
    world.after(milliseconds: milliseconds) { [self] in step() }
  }

  private func die() {
    end = .failed
    world.trace.note("plan's process dies", domain, at: world.now)
    let next = PlanDriver(after: self)
    world.after(milliseconds: 300) { next.step() }
  }

  private func begin(_ stored: StoredBooks) {
    let words = SafetyRule.allCases.map(\.rawValue) + ["data-loss"]
    let deed = OperatorDeed.plan(.begin(plan.name, plan.terms(accepts: words)))
    let act = OperatorAct(deed, Warrant(author: "operator", reason: "simulated"))
    guard let after = try? stored.books.state.applying(act, at: now),
      (try? files.append(act, at: now, to: stored)) ?? nil != nil
    else {
      // Another plan is about the domain, or the store is away: once more, and no more.
      patience -= 1
      if patience > 0 { return again(500) }
      end = .failed
      return
    }
    number = after.plans.runs.last?.number
    again(2)
  }

  /// What the wait for the edges says, for the machine.
  private func look(_ state: OperatorState, _ machine: inout PlanMachine) {
    guard let record = machine.fencing(state) else { return }
    if wait?.number != record.number {
      wait = (record.number, FenceWait(record, committedAt: world.now))
    }
    guard let seen = try? SimulatedOrders.folder.registrations(world.storage),
      let verdict = wait?.wait.look(seen, at: world.now)
    else { return }
    machine.fenceLooked(world.options.mutant == .impatient ? .acknowledged : verdict)
  }

  private func act(_ deed: OperatorDeed, _ what: String, _ run: PlanRun, _ stored: StoredBooks) {
    let reason = String("\(run.id): \(what)".prefix(180))
    let warrant = Warrant(author: "operator", reason: reason, ticket: run.id)
    let act = OperatorAct(deed, warrant)
    do {
      _ = try stored.books.state.applying(act, at: now)
      _ = try files.append(act, at: now, to: stored)
      world.trace.note("plan", domain, UInt64(run.stepIndex + 1), at: world.now, "\(deed)")
    } catch let refusal as OperatorRefusal {
      let failure = PlanDeed.step(
        run: run.number, index: run.stepIndex, .failed, "\(what): \(refusal)")
      _ = try? files.append(OperatorAct(.plan(failure), warrant), at: now, to: stored)
    } catch {
      world.trace.note("plan's act failed", domain, at: world.now, "\(error)")
    }
  }

  /// The run is over, or waits for a person: who resumes it some times, and then gives it up.
  private func stop(_ run: PlanRun) {
    guard run.status.isActive else {
      end = run.status
      world.trace.note(
        "plan ends", domain, at: world.now, "\(run.id) \(run.status.rawValue): \(run.words)")
      return
    }
    patience -= 1
    guard patience >= -20 else { return }
    let deed: PlanDeed =
      patience > 0 || run.isForGood ? .resume(run: run.number) : .abort(run: run.number)
    if let stored = try? files.read() { act(.plan(deed), "a person", run, stored) }
    machine = nil
    again(500)
  }

  // MARK: The world

  private var scene: PlanScene {
    let regions = Law.regionNames.indices.map { region in
      ServingWorld.Region(
        Law.regionNames[region],
        servers: world.servers.filter { $0.region == region }.map { server in
          ServingWorld.Server(
            server.endpoint.name, server.endpoint.tier,
            isFit: server.process == .running, isPossible: server.process != .dead)
        })
    }
    var scene = PlanScene(
      now: now, moment: world.now, serving: ServingWorld(regions, rows: world.law.rows))
    for server in world.servers {
      var views: [String: DomainView] = [:]
      for (domain, name) in Law.regionNames.enumerated() {
        let copy = world.databases.copy(of: domain, at: server.index)
        views[name] = DomainView(
          isPrimary: copy.claim != nil, epoch: copy.claim ?? copy.epoch,
          position: UInt64(copy.log.count),
          lagMilliseconds: world.databases.lagMilliseconds(of: domain, at: server.index))
      }
      scene.servers[server.endpoint.name] = SeenServer(
        region: server.endpoint.regionName, domains: server.process == .running ? views : nil)
    }
    scene.edges = (try? SimulatedOrders.folder.registrations(world.storage)) ?? []
    scene.isAuditWritable = true
    return scene
  }

  /// Does what a hook says; nil when it succeeded.
  private func perform(_ hook: Hook) -> String? {
    guard case .http(_, let target, _, let body) = hook.call else { return "no such hook" }
    let parts = target.split(separator: "/").map(String.init)
    let server = world.server(parts[0])
    world.trace.note("hook", server.index, at: world.now, parts[1])
    // By force: power, not persuasion.
    if parts[1] == "fence", plan.mode == .ungraceful, world.options.mutant != .unfenced {
      server.kill()
      world.databases.demote(domain, server.index)
      return nil
    }
    guard server.process == .running else { return "connection refused" }
    switch parts[1] {
    case "fence":
      if world.options.mutant != .unfenced { world.databases.demote(domain, server.index) }
    case "unfence": world.databases.restore(domain, server.index)
    case "promote":
      guard let epoch = UInt64(body) else { return "no epoch" }
      world.databases.promote(domain, server.index, epoch: epoch)
    default: break
    }
    return nil
  }
}

public import Base

/// What a run needs of the world outside; the driver's only door. One thread.
public protocol PlanSurroundings: AnyObject {
  /// Looks at servers, edges and files now.
  func look(at state: OperatorState) -> PlanScene
  /// Does what a hook says; nil when it succeeded, else why not.
  func call(_ hook: Hook) -> String?
  /// Lets time pass.
  func pause(milliseconds: Int)
  /// The wall clock.
  func now() -> WallTime
  /// The clock that counts suspension.
  func bootTime() -> Instant
  /// The edges' registrations, now.
  func registrations() throws(StateFault) -> [EdgeRegistration]
  /// Says what happens, for people who watch.
  func tell(_ run: PlanRun, _ words: String)
}

/// Carries a run on until it waits for people or is over: reads the acts, asks the machine, does
/// what it says, and again. Any process may go on where another one ended.
public struct PlanRunner<Store: ControlStore> {
  private let store: Store
  private let surroundings: any PlanSurroundings
  /// Who the acts are by: the one who runs the plan now.
  private let author: String

  /// For a store and the world.
  public init(_ store: Store, _ surroundings: any PlanSurroundings, author: String) {
    self.store = store
    self.surroundings = surroundings
    self.author = author
  }

  /// Begins a run of `plan`; its number. Rules are judged by the run's first step.
  public func begin(
    _ plan: FailoverPlan, _ warrant: Warrant, accepts: [String]
  ) throws(PlanFault) -> PlanRun {
    let deed = OperatorDeed.plan(.begin(plan.name, plan.terms(accepts: accepts)))
    let state = try act(deed, warrant)
    guard let run = state.plans.runs.last else { preconditionFailure("a run has begun") }
    return run
  }

  /// Does one act, whoever else acts at the same time; the state after it.
  @discardableResult
  public func act(
    _ deed: OperatorDeed, _ warrant: Warrant
  ) throws(PlanFault) -> OperatorState {
    try store.act(
      OperatorAct(deed, warrant), at: surroundings.now,
      pause: { surroundings.pause(milliseconds: $0) })
  }

  /// Carries `plan`'s run on. With `confirming`, a person says that what its step waits for is
  /// done.
  public func carry(
    _ plan: FailoverPlan, run number: Int, confirming: Bool = false
  ) throws(PlanFault) -> PlanRun {
    var machine = PlanMachine(plan, run: number)
    var wait: (record: AuthorityRecord, wait: FenceWait)?
    var (turns, told) = (0, "")
    var scene: PlanScene?
    while true {
      let stored = try read()
      let state = stored.books.state.settled(at: surroundings.now())
      guard let run = state.plans.run(number) else {
        throw .refused(.plan(.noSuchRun(number)))
      }
      if turns == 0, confirming { machine.confirm(run.stepIndex) }
      turns += 1
      if let record = machine.fencing(state) {
        // A wait that nobody saw begin begins anew: leases are counted from here.
        if wait?.record.number != record.number {
          wait = (record, FenceWait(record, committedAt: surroundings.bootTime()))
        }
        let now = surroundings.bootTime()
        let seen: [EdgeRegistration]
        do throws(StateFault) { seen = try surroundings.registrations() } catch {
          throw .state(error)
        }
        if let verdict = wait?.wait.look(seen, at: now) { machine.fenceLooked(verdict) }
      }
      // Who only waits for edges asks no server again and again.
      let isFencing = machine.fencing(state) != nil
      var present =
        isFencing ? scene ?? surroundings.look(at: state) : surroundings.look(at: state)
      present.now = surroundings.now()
      present.moment = surroundings.bootTime()
      scene = present
      let action = machine.next(state, present)
      switch action {
      case .stop: return run
      case .look(let milliseconds, let what):
        if what != told { surroundings.tell(run, "waiting for \(what)") }
        told = what
        surroundings.pause(milliseconds: max(1, milliseconds))
      case .call(let hook):
        surroundings.tell(run, hook.words)
        machine.hookEnded(surroundings.call(hook))
      case .act(let deed, let what):
        try carry(out: deed, what, run, stored)
      }
    }
  }

  /// Appends an act of a run. When somebody acted in between, nothing is done: the machine is asked
  /// again. An order that has to wait, waits; one that is refused fails its step.
  private func carry(
    out deed: OperatorDeed, _ what: String, _ run: PlanRun, _ stored: StoredBooks
  ) throws(PlanFault) {
    let now = surroundings.now()
    let reason =
      switch deed {
      case .plan(.abort): what
      default: "\(run.id) of plan \(run.plan.id): \(what)"
      }
    let warrant = Warrant(
      author: author, reason: Chain.clean(reason, byteCountMax: Limits.wordsByteCountMax),
      ticket: run.id)
    let act = OperatorAct(deed, warrant)
    do throws(OperatorRefusal) {
      if deed.isAboutServers {
        let scene = surroundings.look(at: stored.books.state)
        _ = try Safety(scene.serving).judge(act, on: stored.books.state, at: now)
      } else {
        _ = try stored.books.state.applying(act, at: now)
      }
    } catch {
      if case .rule(.spacing, _, _) = error { return surroundings.pause(milliseconds: 250) }
      let failure = PlanDeed.step(
        run: run.number, index: run.stepIndex, .failed, "\(what): \(error)")
      surroundings.tell(run, "\(error)")
      let mark = OperatorAct(.plan(failure), warrant)
      // What not even the mark may say is said again by the next turn, and the next: it ends here.
      do throws(OperatorRefusal) {
        _ = try stored.books.state.applying(mark, at: now)
      } catch { throw .refused(error) }
      _ = try append(mark, at: now, to: stored)
      return
    }
    if try append(act, at: now, to: stored) { surroundings.tell(run, deed.words(what)) }
  }

  private func read() throws(PlanFault) -> StoredBooks { try store.books() }

  /// Whether the act is done now; not when somebody else acts or has acted.
  private func append(
    _ act: OperatorAct, at now: WallTime, to stored: StoredBooks
  ) throws(PlanFault) -> Bool {
    if try store.takes(act, at: now, to: stored) { return true }
    surroundings.pause(milliseconds: 5)
    return false
  }
}

extension ControlStore {
  /// Does one act about plans, whoever else acts at the same time; the state after it. `pause` lets
  /// so many milliseconds pass.
  public func act(
    _ act: OperatorAct, at now: () -> WallTime, pause: (Int) -> Void
  ) throws(PlanFault) -> OperatorState {
    for _ in 0..<50 {
      let stored = try books()
      let time = now()
      let after: OperatorState
      do throws(OperatorRefusal) {
        after = try stored.books.state.applying(act, at: time)
      } catch { throw .refused(error) }
      if try takes(act, at: time, to: stored) { return after }
      pause(5)
    }
    throw .state(.busy(path: "the operators' folder"))
  }

  fileprivate func books() throws(PlanFault) -> StoredBooks {
    do throws(StateFault) { return try read() } catch { throw .state(error) }
  }

  /// Whether the act is done now; not when somebody else acts or has acted.
  fileprivate func takes(
    _ act: OperatorAct, at now: WallTime, to stored: StoredBooks
  ) throws(PlanFault) -> Bool {
    do throws(StateFault) {
      return try append(act, at: now, to: stored) != nil
    } catch {
      guard case .busy = error else { throw .state(error) }
      return false
    }
  }
}

/// Why a run was not carried on; it stands where the acts say.
public enum PlanFault: Error, Equatable, Sendable {
  /// An act was refused.
  case refused(OperatorRefusal)
  /// The store could not be read or written.
  case state(StateFault)
}

extension PlanFault: CustomStringConvertible {
  /// What is wrong, and what to do.
  public var description: String {
    switch self {
    case .refused(let refusal): "\(refusal)"
    case .state(let fault): "\(fault)"
    }
  }

  /// A stable word for programs.
  public var code: String {
    switch self {
    case .refused(let refusal): refusal.code
    case .state(let fault): fault.code
    }
  }
}

extension OperatorDeed {
  /// Whether safety rules about regions judge it.
  fileprivate var isAboutServers: Bool {
    switch self {
    case .order, .release, .share: true
    case .waive, .agree, .plan, .authority: false
    }
  }

  /// What to tell about it.
  fileprivate func words(_ what: String) -> String {
    guard case .plan(.step(_, _, let change, let words)) = self else { return what }
    return "\(what): \(change.rawValue)\(words.isEmpty ? "" : ", \(words)")"
  }
}

extension Hook {
  /// What it does, for people; bodies may hold what is nobody's business.
  public var words: String {
    switch call {
    case .http(let address, let target, let method, _): "\(method) http://\(address)\(target)"
    case .command(let words): words[0]
    case .manual(let text): text
    }
  }
}

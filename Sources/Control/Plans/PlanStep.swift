internal import Base

/// What a run does when a step fails.
public enum StepFailure: String, CaseIterable, Sendable {
  /// It waits for a person.
  case pause
  /// It turns back, while it can; else it waits.
  case abort
  /// It goes on; its end tells of it.
  case skip
}

/// One step of a plan.
public struct PlanStep: Hashable, Sendable {
  /// What it does.
  public enum Work: Hashable, Sendable {
    /// Judges the rules and runs the prechecks: always the first.
    case check
    /// No edge starts a write of the domain any more.
    case fence(String)
    /// The old write authority takes no writes.
    case close(String)
    /// The candidate has what was acknowledged.
    case catchUp(String)
    /// The candidate becomes the primary of the next epoch: no way back from here.
    case promote(String)
    /// Edges send writes there.
    case activate(String)
    /// The old one follows.
    case retire(String)
    /// The new one is what it should be, and edges know.
    case verify(String)
    /// An order about servers, for so many milliseconds.
    case order(OverrideKind, OverrideScope, milliseconds: Int)
    /// The orders that keep servers out are over.
    case release(OverrideScope)
    /// So many of a hundred reads go to servers that come back.
    case share(OverrideScope, percent: Int)
    /// Time passes.
    case wait(milliseconds: Int)
    /// Something outside.
    case hook(Hook)

    /// Which servers' orders it changes; nil for none.
    public var scope: OverrideScope? {
      switch self {
      case .order(_, let scope, _), .release(let scope), .share(let scope, _): scope
      case .check, .fence, .close, .catchUp, .promote, .activate, .retire, .verify, .wait, .hook:
        nil
      }
    }

    /// The stable word for people and programs.
    public var word: String {
      switch self {
      case .check: "check"
      case .fence: "fence"
      case .close: "close"
      case .catchUp: "catch-up"
      case .promote: "promote"
      case .activate: "activate"
      case .retire: "retire"
      case .verify: "verify"
      case .order(let kind, _, _): kind.rawValue
      case .release: "release"
      case .share: "share"
      case .wait: "wait"
      case .hook: "hook"
      }
    }
  }

  /// What it does.
  public let work: Work
  /// How long it may take, milliseconds.
  public let timeoutMilliseconds: Int
  /// What happens when it fails.
  public let onFail: StepFailure
  /// What undoes a hook; other steps know their own way back.
  public let undo: Hook?

  /// Makes a step.
  public init(
    _ work: Work, timeoutMilliseconds: Int = 30_000, onFail: StepFailure = .pause,
    undo: Hook? = nil
  ) {
    self.work = work
    self.timeoutMilliseconds = timeoutMilliseconds
    self.onFail = onFail
    self.undo = undo
  }

  /// The steps that move one domain's write authority. What fails before the promotion turns back.
  static func moving(
    _ domain: String, hooks: ServerHooks?, timeoutMilliseconds: Int
  ) -> [PlanStep] {
    let steps: [(Work, StepFailure)] = [
      (.fence(domain), .abort), (.close(domain), .abort), (.catchUp(domain), .abort),
      (.promote(domain), .pause), (.activate(domain), .pause), (.retire(domain), .skip),
      (.verify(domain), .skip),
    ]
    return steps.filter { $0.0 != .retire(domain) || hooks?.retire != nil }.map {
      // A silent edge is waited for until its lease is over, and a wait may have to begin anew.
      let floor = $0.0 == .fence(domain) ? 2 * Int(Limits.fenceWaitMilliseconds) : 0
      return PlanStep($0.0, timeoutMilliseconds: max(timeoutMilliseconds, floor), onFail: $0.1)
    }
  }

  /// The steps by which reads come back to servers that were taken out.
  static func returning(_ scope: OverrideScope, _ ramp: Ramp) -> [PlanStep] {
    var steps: [PlanStep] = []
    for (index, percent) in ramp.percents.enumerated() {
      steps.append(PlanStep(.share(scope, percent: percent), onFail: .abort))
      if index == 0 { steps.append(PlanStep(.release(scope), onFail: .abort)) }
      if percent < 100 {
        steps.append(
          PlanStep(
            .wait(milliseconds: ramp.pauseMilliseconds),
            timeoutMilliseconds: ramp.pauseMilliseconds + 30_000, onFail: .abort))
      }
    }
    return steps
  }
}

extension PlanStep.Work: CustomStringConvertible {
  /// `fence us-west`, `drain us-west/replica for 1h`.
  public var description: String {
    switch self {
    case .check, .hook: word
    case .fence(let domain), .close(let domain), .catchUp(let domain), .promote(let domain),
      .activate(let domain), .retire(let domain), .verify(let domain):
      "\(word) \(domain)"
    case .order(_, let scope, let milliseconds): "\(word) \(scope) for \(milliseconds / 1_000)s"
    case .release(let scope): "\(word) \(scope)"
    case .share(let scope, let percent): "\(word) \(scope) \(percent) %"
    case .wait(let milliseconds): "\(word) \(milliseconds) ms"
    }
  }
}

extension FailoverPlan {
  /// The way back: write authority moves the other way, and what was taken out comes back in a
  /// ramp. Hooks are undone where the plan says how.
  func reversed(_ name: PlanName) -> FailoverPlan {
    let back = move.map { PlanMove(domains: $0.domains, from: $0.to, to: $0.from) }
    var steps = [PlanStep(.check)]
    for step in self.steps.reversed() {
      switch step.work {
      // One step of each domain stands for all of its move.
      case .promote(let domain):
        steps += PlanStep.moving(
          domain, hooks: back.flatMap { hooks[$0.from] },
          timeoutMilliseconds: step.timeoutMilliseconds)
      case .order(let kind, let scope, _) where kind.takesOut:
        steps += PlanStep.returning(scope, ramp)
      case .order(_, let scope, _): steps.append(PlanStep(.release(scope)))
      case .hook:
        if let undo = step.undo { steps.append(PlanStep(.hook(undo), onFail: step.onFail)) }
      case .check, .fence, .close, .catchUp, .activate, .retire, .verify, .release, .share, .wait:
        break
      }
    }
    return FailoverPlan(
      name: name, say: "The way back of: \(say)", mode: mode, move: back,
      rtoMilliseconds: rtoMilliseconds, rpoMilliseconds: rpoMilliseconds,
      approvalCount: approvalCount, roles: roles, expires: expires, prechecks: prechecks,
      steps: steps, alarms: [], ramp: ramp, hooks: hooks, capacities: capacities,
      blocked: blocked, timeoutMilliseconds: timeoutMilliseconds, isBack: true)
  }
}

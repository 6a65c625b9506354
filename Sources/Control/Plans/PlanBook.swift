public import Base

/// Why an act about plans is not done.
public enum PlanRefusal: Hashable, Sendable {
  /// Another run is about the same domain or region.
  case busy(run: Int, plan: String, claim: String)
  /// No run of this number.
  case noSuchRun(Int)
  /// The run stands elsewhere: the act does not fit.
  case doesNotFit(run: Int, PlanStatus)
  /// There is no way back any more.
  case noWayBack(run: Int)
  /// The run has a write authority under way: closed, it would leave its writes held.
  case holdsAuthority(run: Int, AuthorityRecord)
  /// The one who runs a plan does not approve it, and nobody does so twice.
  case approvedAlready(String)
  /// The approver is none of those the plan asks for.
  case role(String, wanted: [String])
}

extension PlanRefusal: CustomStringConvertible {
  /// What is wrong, and what to do.
  public var description: String {
    switch self {
    case .busy(let run, let plan, let claim):
      "S9: R-\(run) of plan `\(plan)` is about `\(claim)`, too; wait for its end, or abort it; one"
        + " that can go neither on nor back: `homeward plan abandon R-\(run)`"
    case .noSuchRun(let number): "there is no run R-\(number); `homeward plan status` lists them"
    case .doesNotFit(let run, let status):
      "R-\(run) is \(status.rawValue); look at `homeward plan status`"
    case .noWayBack(let run):
      "R-\(run) has begun to promote: there is no way back but its end; `homeward plan resume`,"
        + " then the plan that leads back; if it cannot end, settle the write authority by hand"
        + " (`homeward authority change`), then `homeward plan abandon R-\(run)`"
    case .holdsAuthority(let run, let record):
      "the writes of `\(record.domain)` are \(record.state.rawValue) in epoch \(record.epoch) by"
        + " R-\(run); first `homeward authority change \(record.domain)"
        + (record.canBeRestored
          ? " restore`, which lets `\(record.endpoint)` take them again, or `orphan`"
          : " activate` once `\(record.candidate ?? "a server")` is their primary, or `orphan`, and"
            + " bring them to a server by hand")
    case .approvedAlready(let author):
      "\(author) runs this plan or agreed to it already; another person must"
    case .role(let role, let wanted):
      "this plan wants the agreement of \(wanted.joined(separator: " or ")), not of `\(role)`"
    }
  }

  /// A stable word for programs.
  public var code: String {
    switch self {
    case .busy: "rule-s9"
    case .noSuchRun: "no-such-run"
    case .doesNotFit: "run-state"
    case .noWayBack: "no-way-back"
    case .holdsAuthority: "run-holds-authority"
    case .approvedAlready: "approved-already"
    case .role: "approver-role"
    }
  }
}

/// Somebody's agreement to a plan.
public struct PlanApproval: Hashable, Sendable {
  /// To which.
  public let plan: PlanName
  /// Who.
  public let author: String
  /// As what.
  public let role: String
  /// When; it counts for a day.
  public let time: WallTime
}

/// All runs and approvals, as of one moment: part of `OperatorState`.
public struct PlanBook: Hashable, Sendable {
  /// The runs under way and the last ones that ended, oldest first.
  public internal(set) var runs: [PlanRun] = []
  /// The agreements of the last day, oldest first.
  public internal(set) var approvals: [PlanApproval] = []

  /// The run of this number; nil when it is not known any more.
  public func run(_ number: Int) -> PlanRun? { runs.first { $0.number == number } }

  /// The runs that have not ended.
  public var active: [PlanRun] { runs.filter(\.status.isActive) }

  /// Who agreed to the plan by `now` and counts: not who runs it, and of the wanted roles.
  public func approvers(
    of plan: PlanName, _ terms: PlanTerms, runBy author: String, at now: WallTime
  ) -> [String] {
    approvals.filter { approval in
      approval.plan.hash == plan.hash && approval.author != author
        && (terms.roles.isEmpty || terms.roles.contains(approval.role))
        && now.microseconds < approval.time.microseconds + Limits.approvalMicrosecondsMax
    }.map(\.author)
  }

  /// Takes an act; `number` is its own.
  mutating func take(
    _ deed: PlanDeed, number: Int, _ warrant: Warrant, at now: WallTime
  ) throws(OperatorRefusal) {
    switch deed {
    case .approve(let plan, let role): try approve(plan, role, warrant, at: now)
    case .begin(let plan, let terms):
      for other in active {
        guard let claim = terms.claims.first(where: other.terms.claims.contains) else { continue }
        throw .plan(.busy(run: other.number, plan: other.plan.id, claim: claim))
      }
      guard (1...Limits.planStepCountMax).contains(terms.stepCount) else { throw .tooMany }
      let count = approvers(of: plan, terms, runBy: warrant.author, at: now).count
      runs.append(
        PlanRun(
          number: number, plan: plan, terms: terms, warrant: warrant, startedAt: now,
          status: count >= terms.approvalCount ? .inProgress : .pendingApproval, changedAt: now))
      forget()
    case .step(let number, let index, let change, let words):
      try self.change(number) { $0.take(index, change, words, at: now) }
    case .pause(let number):
      try change(number) { run in
        guard run.status == .inProgress else { return false }
        run.status = .pausedByOperator
        run.words = "paused by \(warrant.author): \(warrant.reason)"
        run.changedAt = now
        return true
      }
    case .resume(let number):
      try change(number) { run in
        guard run.status == .pausedByOperator || run.status == .pausedByFailedStep else {
          return false
        }
        run.status = .inProgress
        // What failed is begun still: it is done again.
        if run.phase == .failed { run.phase = .begun }
        run.words = ""
        run.changedAt = now
        return true
      }
    case .abort(let number):
      if let run = run(number), run.status.isActive, run.isForGood {
        throw .plan(.noWayBack(run: number))
      }
      try change(number) {
        $0.turnBack("aborted by \(warrant.author): \(warrant.reason)", at: now)
      }
    case .abandon(let number):
      try change(number) { run in
        guard run.status.isActive else { return false }
        run.status = .failed
        run.words = "abandoned by \(warrant.author): \(warrant.reason)"
        run.changedAt = now
        return true
      }
    case .end(let number, let status, let words):
      try change(number) { $0.end(status, words, at: now) }
    }
  }

  private mutating func approve(
    _ plan: PlanName, _ role: String, _ warrant: Warrant, at now: WallTime
  ) throws(OperatorRefusal) {
    let waiting = runs.filter { $0.status == .pendingApproval && $0.plan.hash == plan.hash }
    if let run = waiting.first {
      if run.warrant.author == warrant.author { throw .plan(.approvedAlready(warrant.author)) }
      guard run.terms.roles.isEmpty || run.terms.roles.contains(role) else {
        throw .plan(.role(role, wanted: run.terms.roles))
      }
    }
    approvals.removeAll {
      now.microseconds >= $0.time.microseconds + Limits.approvalMicrosecondsMax
    }
    let isThere = approvals.contains {
      $0.plan.hash == plan.hash && $0.author == warrant.author
    }
    if isThere { throw .plan(.approvedAlready(warrant.author)) }
    guard approvals.count < Limits.approvalCountMax else { throw .tooMany }
    approvals.append(PlanApproval(plan: plan, author: warrant.author, role: role, time: now))
    for run in waiting {
      let names = approvers(of: plan, run.terms, runBy: run.warrant.author, at: now)
      guard names.count >= run.terms.approvalCount else { continue }
      try change(run.number) { run in
        run.status = .inProgress
        run.changedAt = now
        return true
      }
    }
  }

  /// Changes a run, or says why that does not fit.
  private mutating func change(
    _ number: Int, _ body: (inout PlanRun) -> Bool
  ) throws(OperatorRefusal) {
    guard let index = runs.firstIndex(where: { $0.number == number }) else {
      throw .plan(.noSuchRun(number))
    }
    guard body(&runs[index]) else {
      throw .plan(.doesNotFit(run: number, runs[index].status))
    }
  }

  /// Drops the oldest ended runs: the history has them.
  private mutating func forget() {
    while runs.count > Limits.planRunCountMax,
      let index = runs.firstIndex(where: { !$0.status.isActive })
    { runs.remove(at: index) }
  }
}

internal import Base
internal import Policy

/// Judges the state that a plan would leave. Law first, which nothing sets aside; then the safety
/// rules. Pure.
public struct PlanRules {
  private let plan: FailoverPlan
  private let scene: PlanScene
  private let state: OperatorState
  private let accepts: [String]
  /// The run that is judged again in its course; its own claims are no rival's.
  private let run: Int?

  /// For a plan as things are in `scene`, under `state` settled then. What the one who runs it
  /// `accepts` by name counts for what cannot be told.
  public init(
    _ plan: FailoverPlan, _ scene: PlanScene, _ state: OperatorState, accepts: [String] = [],
    run: Int? = nil
  ) {
    self.plan = plan
    self.scene = scene
    self.state = state.settled(at: scene.now)
    self.accepts = accepts
    self.run = run
  }

  /// Every finding, law first.
  public var findings: [PlanFinding] {
    var findings = [PlanFinding("LAW", "writes go where the policy lets them", law)]
    if let expires = plan.expires {
      findings.append(
        PlanFinding(
          "TIME", "the plan has not expired",
          scene.now < expires
            ? .holds("until \(expires.text)")
            : .broken(
              "the plan expired at \(expires.text)", wayOut: "have it reviewed again")))
    }
    for rule in SafetyRule.allCases {
      let verdict = waived(verdict(of: rule), rule)
      findings.append(PlanFinding(rule.rawValue, rule.text, verdict))
    }
    return findings
  }

  /// The first finding that keeps the plan from being run.
  public var refusal: PlanFinding? { findings.first { !$0.isKept } }

  /// A verdict after waivers and what was accepted.
  private func waived(
    _ verdict: PlanFinding.Verdict, _ rule: SafetyRule
  ) -> PlanFinding.Verdict {
    switch verdict {
    case .holds, .setAside: return verdict
    case .broken(let words, _):
      guard rule.isWaivable, let waiver = state.waiver(of: rule) else { return verdict }
      return .setAside("\(waiver.id) sets aside that \(words)")
    case .unknown(let words, _):
      if let waiver = state.waiver(of: rule), rule.isWaivable {
        return .setAside("\(waiver.id) sets aside that \(words)")
      }
      return accepts.contains(rule.rawValue) ? .setAside("accepted: \(words)") : verdict
    }
  }

  // MARK: Law

  /// Some write of each domain may go to the region of the new authority.
  private var law: PlanFinding.Verdict {
    guard let move = plan.move else { return .holds("no write authority moves") }
    let names = scene.serving.regions.map(\.name)
    guard let target = region(of: move.to) else {
      return .broken(
        "there is no server `\(move.to)`", wayOut: "name one of the configuration")
    }
    guard let rows = scene.serving.rows, let bit = names.firstIndex(of: target) else {
      return .broken(
        "what the policy allows in `\(target)` cannot be told",
        wayOut: "have the officers make a policy whose rules have a diagram and name the region")
    }
    for domain in move.domains {
      let writes = rows.filter { row in
        row.home.map { names[Int($0.index)] } == domain && !row.operation.isSafe
      }
      guard !writes.isEmpty else {
        return .broken(
          "the policy permits no write of the data of `\(domain)`",
          wayOut: "look at the plan's `domains`")
      }
      let isLawful = writes.contains { row in
        row.targets.contains { $0.primaries & (1 << UInt64(bit)) != 0 }
      }
      guard isLawful else {
        return .broken(
          "no write of the data of `\(domain)` may go to `\(target)`, where `\(move.to)` is: no"
            + " order and no force changes that",
          wayOut: "choose a candidate in a region that the policy names, or have the officers"
            + " change the policy")
      }
    }
    return .holds("`\(target)` may take writes of \(move.domains.joined(separator: ", "))")
  }

  private func region(of server: String) -> String? {
    scene.serving.regions.first { $0.servers.contains { $0.name == server } }?.name
  }

  // MARK: Safety

  private func verdict(of rule: SafetyRule) -> PlanFinding.Verdict {
    switch rule {
    case .lawfulTarget: return targets
    case .oneAuthority: return authority
    case .capacity: return capacity
    case .dataLoss: return dataLoss
    case .regionsInService: return orders(rule)
    case .spacing: return spacing
    case .auditWritable:
      switch scene.isAuditWritable {
      case true?: return .holds("a record was written and synced")
      case false?:
        return .broken("no record can be written", wayOut: "free some space, or mend the disk")
      case nil: return .unknown("nobody tried to write a record", wayOut: "accept it: --accept S7")
      }
    case .edgesCurrent: return edges
    case .onePlan:
      let rival = state.plans.active.first { other in
        other.number != run && other.terms.claims.contains(where: plan.claims.contains)
      }
      return rival.map {
        .broken(
          "\($0.id) of plan `\($0.plan.id)` works there, too",
          wayOut: "wait for its end, or abort it; one that can go neither on nor back:"
            + " `homeward plan abandon \($0.id)`")
      } ?? .holds("no other plan works there")
    case .oldFenced:
      guard let move = plan.move else { return .holds("no write authority moves") }
      if plan.hooks[move.to]?.promote == nil {
        return .broken(
          "nothing promotes `\(move.to)`", wayOut: "give the plan a promote hook for it")
      }
      return plan.hooks[move.from]?.fence == nil
        ? .broken(
          "nothing fences `\(move.from)`",
          wayOut: "give the plan a fence hook, or `manual` for a person who cuts its power")
        : .holds("`\(move.from)` is fenced before `\(move.to)` is promoted")
    case .deferredWrites: return .holds("writes are held for a moment, none is put off")
    case .drillWindow: return drill
    }
  }

  /// S1: what loses its last fit target by the plan; what had none before is no reason.
  private var targets: PlanFinding.Verdict {
    let byOrders = orders(.lawfulTarget)
    guard case .holds = byOrders, let move = plan.move else { return byOrders }
    guard let rows = scene.serving.rows else { return byOrders }
    var (after, _) = scene.serving.after(plan, state)
    for region in after.regions.indices {
      for index in after.regions[region].servers.indices {
        let server = after.regions[region].servers[index]
        guard server.name == move.from || server.name == move.to else { continue }
        // Whether the candidate answers is asked by S4.
        let isUp = scene.servers[server.name]?.domains != nil
        after.regions[region].servers[index].isFit =
          server.name == move.to || isUp && plan.hooks[server.name]?.retire != nil
      }
    }
    let names = scene.serving.regions.map(\.name)
    let lost = rows.filter { row in
      let before = scene.serving.fit(home: row.home, under: state)
      let fit = after.fit(home: row.home, under: state)
      return row.targets.contains {
        !$0.intersection(before).isEmpty && $0.intersection(fit).isEmpty
      }
    }
    guard !lost.isEmpty else { return .holds("every home keeps its lawful targets") }
    return .broken(
      LostRequests(lost, names).description,
      wayOut: "choose a candidate in a region that the policy names for them and that leaves a"
        + " replica in service (a `retire` hook brings the old authority back as one), or have the"
        + " officers widen the policy")
  }

  /// What the rules about orders say of the plan's own, one after the other.
  private func orders(_ rule: SafetyRule) -> PlanFinding.Verdict {
    var state = state
    let safety = Safety(scene.serving)
    for step in plan.steps {
      let warrant = Warrant(author: "plan", reason: "judged")
      do throws(OperatorRefusal) {
        switch step.work {
        case .order(let kind, let scope, let milliseconds):
          let until = WallTime(
            microseconds: state.time.microseconds + UInt64(milliseconds) * 1_000)
          let before = state
          state = try safety.result(
            of: OperatorAct(.order(kind, scope, until: until), warrant), on: state, at: state.time)
          if let complaint = safety.complaint(rule, state, before, at: scene.now) {
            return .broken(
              "`\(step.work)`: \(complaint)",
              wayOut: "take less out of service (one server, or one tier), move the write authority"
                + " first, or have the officers widen the policy")
          }
        case .release(let scope):
          state.overrides.removeAll { $0.scope == scope && $0.kind.takesOut }
        default: break
        }
      } catch {
        return .broken("`\(step.work)`: \(error)", wayOut: "mend that first")
      }
    }
    return .holds(rule.text)
  }

  /// S2: the record is where the plan takes it from, and nobody else claims it.
  private var authority: PlanFinding.Verdict {
    guard let move = plan.move else { return .holds("no write authority moves") }
    for domain in move.domains {
      guard let record = state.authority(domain) else {
        return .broken(
          "nobody recorded who takes the writes of `\(domain)`",
          wayOut: "`homeward authority init \(domain)`")
      }
      guard record.state == .active, record.endpoint == move.from else {
        return .broken(
          "the writes of `\(domain)` are \(record.state.rawValue) at `\(record.endpoint)` in epoch"
            + " \(record.epoch), not active at `\(move.from)`",
          wayOut: "look at `homeward authority show`, and choose the plan that fits")
      }
      let rival = scene.servers.first { name, _ in
        guard name != move.from, let view = scene.view(name, of: domain) else { return false }
        return view.isPrimary && view.epoch >= record.holderEpoch
      }
      if let rival {
        return .broken(
          "`\(rival.key)` takes itself for the primary of `\(domain)`, too",
          wayOut: "fence it before anything moves")
      }
    }
    return .holds("\(move.domains.joined(separator: ", ")): at `\(move.from)`, and nowhere else")
  }

  /// S3: what stays in service carries the recent peak and a fifth more.
  private var capacity: PlanFinding.Verdict {
    let out = Set(
      plan.steps.compactMap { step -> String? in
        guard case .order(let kind, let scope, _) = step.work, kind.takesOut else { return nil }
        return scope.tiers == .all && scope.endpoint == nil ? scope.region : nil
      })
    let moves = plan.move.map { region(of: $0.from) != region(of: $0.to) } ?? false
    if out.isEmpty, !moves { return .holds("every region goes on carrying what it carried") }
    guard let peaks = scene.peaks, !plan.capacities.isEmpty else {
      return .unknown(
        "nobody knows what the other regions can carry",
        wayOut: "give the plan `capacity`, requests a second by region, or accept it:"
          + " --accept S3")
    }
    let left = plan.capacities.filter { !out.contains($0.key) }.values.reduce(0, +)
    let needed = (peaks.values.reduce(0, +) * 6 + 4) / 5
    return left >= needed
      ? .holds("\(left) requests a second for \(needed)")
      : .broken(
        "what stays carries \(left) requests a second, the recent peak and a fifth are \(needed)",
        wayOut: "add servers, or wait for a quieter hour")
  }

  /// S4, before anything changes: the candidate answers, and is not too far behind.
  private var dataLoss: PlanFinding.Verdict {
    guard let move = plan.move else { return .holds("no write authority moves") }
    for domain in move.domains {
      guard let view = scene.view(move.to, of: domain) else {
        return .broken(
          "`\(move.to)` does not answer, or has no copy of the data of `\(domain)`",
          wayOut: "choose a candidate that replicates it")
      }
      guard let lag = view.lagMilliseconds else {
        if accepts.contains(Self.dataLossWord) { continue }
        return .broken(
          "how far `\(move.to)` is behind is not measured, which counts as endless",
          wayOut: "mend its replication, or accept the loss with a second person:"
            + " --accept-data-loss")
      }
      // A graceful plan waits until the candidate has everything: its lag is time, not loss.
      if plan.mode == .ungraceful, lag > UInt64(plan.rpoMilliseconds),
        !accepts.contains(Self.dataLossWord)
      {
        return .broken(
          "`\(move.to)` is \(lag) ms behind, and the plan may lose \(plan.rpoMilliseconds) ms",
          wayOut: "wait, or accept the loss with a second person: --accept-data-loss")
      }
    }
    return accepts.contains(Self.dataLossWord)
      ? .setAside("the loss of what `\(move.to)` lacks is accepted")
      : .holds("`\(move.to)` replicates \(move.domains.joined(separator: ", "))")
  }

  /// By what name a loss is accepted.
  public static let dataLossWord = "data-loss"

  private var spacing: PlanFinding.Verdict {
    state.spacingComplaint(at: scene.now).map { .broken($0.words, wayOut: $0.wayOut) }
      ?? .holds(SafetyRule.spacing.text)
  }

  /// S8: the edges that write have seen the last change of write authority.
  private var edges: PlanFinding.Verdict {
    guard !scene.edges.isEmpty else {
      return .unknown(
        "no edge has registered", wayOut: "start the edge, or accept it: --accept S8")
    }
    let last = state.authorities.map(\.number).max() ?? 0
    let late = scene.edges.filter { edge in
      let age =
        scene.now.microseconds > edge.time.microseconds
        ? scene.now.microseconds - edge.time.microseconds : 0
      return (edge.seen ?? -1) < last || age > Limits.registrationAgeMicrosecondsMax
    }
    return late.count * 20 <= scene.edges.count
      ? .holds("\(scene.edges.count - late.count) of \(scene.edges.count)")
      : .broken(
        "\(late.map { "`\($0.edge)`" }.joined(separator: ", ")) did not say lately what it follows",
        wayOut: "look at these edges first")
  }

  private var drill: PlanFinding.Verdict {
    guard plan.mode == .drill else { return .holds("this is no drill") }
    if let window = plan.blocked.first(where: { $0.from <= scene.now && scene.now < $0.until }) {
      return .broken(
        "no drill begins until \(window.until.text)", wayOut: "wait, or take another window")
    }
    return scene.alarm(of: plan).map { .broken($0, wayOut: "mend that first") }
      ?? .holds("no blocked window, no alarm")
  }
}

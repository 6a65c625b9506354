public import Base
internal import Policy

/// Judges the state that an act would leave, and those that time would make of it.
///
/// A rule is about what operators do: what has no target because servers failed is no reason to
/// refuse an act that does not concern it. What is taken out counts unless it is known to be down,
/// what is left only if it is known to be fit.
public struct Safety {
  private let world: ServingWorld

  /// For a world as it is now.
  public init(_ world: ServingWorld) { self.world = world }

  /// The state after `act`, or why not. The first broken rule is named.
  public func judge(
    _ act: OperatorAct, on state: OperatorState, at now: WallTime
  ) throws(OperatorRefusal) -> OperatorState {
    let before = state.settled(at: now)
    let after = try result(of: act, on: before, at: now)
    for rule in SafetyRule.ofOrders where before.waiver(of: rule) == nil {
      if let complaint = complaint(rule, after, before, at: now) {
        throw .rule(rule, complaint, wayOut: wayOut(rule, act, before, now))
      }
    }
    return after
  }

  /// The state that `act` would leave, the rules not asked.
  public func result(
    of act: OperatorAct, on state: OperatorState, at now: WallTime
  ) throws(OperatorRefusal) -> OperatorState {
    switch act.deed {
    case .order(_, let scope, _), .share(let scope, _, _): try checkPlace(scope)
    case .authority(let domain, _): try checkPlace(OverrideScope(domain))
    case .release, .waive, .agree, .plan: break
    }
    return try state.applying(act, at: now)
  }

  /// Refuses a scope whose region or server there is not.
  private func checkPlace(_ scope: OverrideScope) throws(OperatorRefusal) {
    guard let region = world.regions.first(where: { $0.name == scope.region }) else {
      throw .unknownRegion(scope.region, known: world.regions.map(\.name))
    }
    let names = region.servers.map(\.name)
    if let endpoint = scope.endpoint, !names.contains(endpoint) {
      throw .unknownEndpoint(endpoint, region: region.name, known: names)
    }
  }

  /// What `rule` has against `state`, which follows `before` at `now`, and against what time will
  /// make of it; nil when it is kept.
  public func complaint(
    _ rule: SafetyRule, _ state: OperatorState, _ before: OperatorState, at now: WallTime
  ) -> String? {
    if rule == .spacing {
      return state.moved(from: before)
        ? before.spacingComplaint(at: now).map { "\($0.words); \($0.wayOut)" }
        : nil
    }
    var future = state
    while true {
      let complaint =
        rule == .lawfulTarget ? lostTargets(future) : regionComplaint(future)
      if let complaint {
        return future == state ? complaint : "from \(future.time.text) on, \(complaint)"
      }
      guard let next = future.nextExpiry else { return nil }
      future.settle(at: next)
    }
  }

  private func regionComplaint(_ state: OperatorState) -> String? {
    let out = world.regions.filter { region in
      !region.servers.isEmpty
        && region.servers.allSatisfy { state.effect(region.name, $0.tier, $0.name).out != nil }
    }.map(\.name)
    if out.count > 1 {
      return "\(out.map { "`\($0)`" }.joined(separator: " and ")) would be out by hand together"
    }
    if !world.taken(by: state).isEmpty, world.fit(home: nil, under: state).isEmpty {
      return "no region would be left in service"
    }
    return nil
  }

  /// The requests that lose their last fit target by `state`; nil when none do.
  private func lostTargets(_ state: OperatorState) -> String? {
    let taken = world.taken(by: state)
    if taken.isEmpty { return nil }
    guard let rows = world.rows else {
      return "what the policy allows cannot be told, because its rules have no diagram"
    }
    var fits: [RegionID?: TargetSet] = [:]
    let lost = rows.filter { row in
      let fit = fits[row.home] ?? world.fit(home: row.home, under: state)
      fits[row.home] = fit
      return row.targets.contains { targets in
        !targets.intersection(taken).isEmpty && targets.intersection(fit).isEmpty
      }
    }
    return lost.isEmpty ? nil : LostRequests(lost, world.regions.map(\.name)).description
  }

  /// What an operator can do instead.
  private func wayOut(
    _ rule: SafetyRule, _ act: OperatorAct, _ state: OperatorState, _ now: WallTime
  ) -> String {
    switch rule {
    case .spacing: return "repeat the command then"
    case .oneAuthority, .capacity, .dataLoss, .auditWritable, .edgesCurrent, .onePlan, .oldFenced,
      .deferredWrites, .drillWindow:
      preconditionFailure("\(rule.rawValue) is about plans")
    case .regionsInService:
      let out = state.overrides.filter { $0.kind.takesOut }.map(\.id)
      return out.isEmpty ? "leave one region in service" : "release \(out[0]) first"
    case .lawfulTarget:
      if case .order(let kind, let scope, let until) = act.deed, scope.tiers == .all,
        scope.endpoint == nil
      {
        let narrower = OperatorAct(
          .order(kind, OverrideScope(scope.region, .replica), until: until), act.warrant)
        if (try? judge(narrower, on: state, at: now)) != nil {
          return "take only its replicas out (`--tier replica`), or move the write authority first"
        }
      }
      return "bring other servers that may serve them into service first, or have the officers"
        + " widen the policy"
    }
  }
}

extension OperatorState {
  /// Why an act that moves requests comes too soon at `now`, and how long to wait; nil when it does
  /// not. A last one that lies ahead by more was done while some clock was wrong: a state's own
  /// time stands still until then.
  func spacingComplaint(at now: WallTime) -> (words: String, wayOut: String)? {
    guard let last = switchedAt else { return nil }
    let isAhead = last > now
    let distance =
      isAhead ? last.microseconds - now.microseconds : now.microseconds - last.microseconds
    let passed = Int(clamping: distance / 1_000)
    guard passed < Limits.switchSpacingMilliseconds else { return nil }
    let left = Limits.switchSpacingMilliseconds + (isAhead ? passed : -passed)
    return (
      "the last act that moved requests was \(isAhead ? 0 : passed / 1_000) s ago",
      "wait \((left + 999) / 1_000) s to see what it does"
    )
  }
}

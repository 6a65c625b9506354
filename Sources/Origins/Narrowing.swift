public import Base

/// Whether a request may change what is stored.
public enum Intent: Sendable {
  /// A safe request.
  case read
  /// Anything else: it needs the primary, confirmed and alone.
  case write
}

/// Turns a lawful plan into the endpoints to try now.
///
/// INVARIANT (only less): every choice is an endpoint of the region and tier of the step it names,
/// and steps keep their order, but for neighbours of one group. State removes and reorders; it
/// never adds.
public enum Narrowing {
  /// Narrows `steps` into `plan`, whose former content is forgotten. `home` is the region whose
  /// data is asked for, the patient's; its copies elsewhere have a lag of their own, even in a
  /// primary. Nil: each region's own data. Without `allowsReplicas` (the request's form needs the
  /// authority's answer) replicas are removed.
  ///
  /// Neighbouring steps of one order group count as one step. Where the topology has a locality
  /// table, such a group begins with the regions that are nearest to `place`, where the user is:
  /// by the table first, by cost among servers of one rank. A server with little room left is
  /// behind those farther away that have some, for a share of the requests that grows with its
  /// load; whoever is in doubt, or a last resort, comes last wherever he is. The table orders what
  /// the plan allows as equals and adds nobody.
  ///
  /// Within a step healthy endpoints come first, by power of two random choices on their cost; then
  /// those in doubt. Before all of them comes, for a read, one on probation that has no request
  /// yet. Ejected, draining, suppressed, overloaded and saturated endpoints are used for a read
  /// when nothing else is left of the whole plan, because a poor answer inside the law beats none;
  /// for a write the former two are removed, and the others are used: there is no other.
  ///
  /// Where a record says who takes the writes of the data asked for, a primary step means that
  /// endpoint, whatever its configured tier, if it lies in the step's region and says that it is
  /// the primary of the record's epoch; see `Narrowing+Authority`. So no change of authority leads
  /// where the plan does not.
  ///
  /// Operators' orders come before health: what is drained, evacuated or held out is removed; what
  /// is forced in is used whatever its reach, but never against law, role, epoch or staleness;
  /// what is preferred comes first of the healthy ones of its step or group. What comes back with a
  /// share of the reads is a last resort for the others: one draw decides for the whole request.
  public static func narrow(
    _ steps: borrowing [Step], intent: Intent, home: RegionID?, place user: Place = .unknown,
    allowsReplicas: Bool = true, snapshot: HealthSnapshot, loads: borrowing EndpointLoads,
    at now: Instant, using random: inout SplitMix64, into plan: inout NarrowedPlan
  ) {
    precondition(loads.count == snapshot.statuses.count, "loads of another topology")
    precondition(steps.count <= 255, "more steps than a plan can have")
    plan.removeAll()
    plan.isSparing = snapshot.orders.hasShares && intent == .read
    if plan.isSparing { plan.draw = UInt8(random.next() % 100) }
    var start = 0
    while start < steps.count {
      var end = start + 1
      while end < steps.count, steps[end].orderGroup != 0,
        steps[end].orderGroup == steps[start].orderGroup
      { end += 1 }
      let preferred = plan.choices.count
      for index in start..<end {
        let step = steps[index]
        guard hasMembers(step, index, home, allowsReplicas, snapshot, &plan) else { continue }
        for id in members(step, home, snapshot)
        where !isInDoubt(id, intent, snapshot: snapshot, loads: loads, at: now) {
          place(
            id, step, UInt8(index), intent, home, snapshot: snapshot, loads: loads, at: now,
            into: &plan)
        }
      }
      let doubtful = plan.choices.count
      for index in start..<end where isUsable(steps[index], allowsReplicas) {
        let step = steps[index]
        for id in members(step, home, snapshot)
        where isInDoubt(id, intent, snapshot: snapshot, loads: loads, at: now) {
          place(
            id, step, UInt8(index), intent, home, snapshot: snapshot, loads: loads, at: now,
            into: &plan)
        }
      }
      if end - start > 1 { rank(from: preferred, user, &plan, snapshot, loads, now, &random) }
      order(preferred..<doubtful, of: &plan, snapshot, loads: loads, at: now, using: &random)
      if intent == .read { putTestedFirst(preferred..<doubtful, of: &plan, snapshot) }
      order(
        doubtful..<plan.choices.count, of: &plan, snapshot, loads: loads, at: now, using: &random)
      start = end
    }
    useLastResorts(intent, in: &plan)
    if plan.choices.count > 1, plan.choices[0].lastResort != nil {
      orderLastResorts(of: &plan, snapshot, loads: loads, at: now, using: &random)
    }
  }

  /// Whether the step names servers at all, and the request may be served by them.
  private static func isUsable(_ step: Step, _ allowsReplicas: Bool) -> Bool {
    step.tier != .cache && (step.tier != .replica || allowsReplicas)
  }

  /// Whether the step may give choices; says in `plan` why it does not.
  private static func hasMembers(
    _ step: Step, _ index: Int, _ home: RegionID?, _ allowsReplicas: Bool,
    _ snapshot: HealthSnapshot, _ plan: inout NarrowedPlan
  ) -> Bool {
    if step.tier == .cache { return false }
    if !isUsable(step, allowsReplicas) {
      plan.removed.append(.init(endpoint: nil, step: UInt8(index), reason: .replicaUnfit))
      return false
    }
    if members(step, home, snapshot).isEmpty {
      let isElsewhere = step.tier == .primary && snapshot.hasRecord(home ?? step.region)
      plan.removed.append(
        .init(
          endpoint: nil, step: UInt8(index), reason: isElsewhere ? .authorityElsewhere : .noEndpoint
        ))
      return false
    }
    return true
  }

  /// Whether it should be tried after its peers.
  private static func isInDoubt(
    _ id: EndpointID, _ intent: Intent, snapshot: HealthSnapshot, loads: borrowing EndpointLoads,
    at now: Instant
  ) -> Bool {
    if snapshot.order(id).contains(.forcedIn) { return false }
    let index = Int(id.index)
    return
      !(snapshot.statuses[index].reach.isFit || isTested(id, intent, snapshot, loads, at: now))
      || snapshot.statuses[index].freshness != .fresh || loads.isAvoided(id, at: now)
  }

  /// Whether this request should show whether an endpoint on probation answers.
  private static func isTested(
    _ id: EndpointID, _ intent: Intent, _ snapshot: HealthSnapshot,
    _ loads: borrowing EndpointLoads, at now: Instant
  ) -> Bool {
    snapshot.statuses[Int(id.index)].reach == .probing && intent == .read
      && loads.isProbationFree(id, at: now)
  }

  /// Puts an endpoint where its state says: choices, last resorts or removed.
  private static func place(
    _ id: EndpointID, _ step: Step, _ index: UInt8, _ intent: Intent, _ home: RegionID?,
    snapshot: HealthSnapshot, loads: borrowing EndpointLoads, at now: Instant,
    into plan: inout NarrowedPlan
  ) {
    let lag = snapshot.lagMilliseconds(id, home: home, at: now)
    if let reason = removal(id, step, intent, home, lag: lag, snapshot: snapshot, at: now) {
      if step.tier == .primary { note(reason, of: home ?? step.region, snapshot, &plan) }
      plan.removed.append(.init(endpoint: id, step: index, reason: reason))
      return
    }
    // A second try of the same endpoint would meet the same fault.
    guard !plan.choices.contains(where: { $0.endpoint == id }),
      !plan.lastResorts.contains(where: { $0.endpoint == id })
    else { return }
    let reason =
      lastResort(id, intent, snapshot: snapshot, loads: loads, at: now)
      ?? (plan.isSparing && plan.draw >= snapshot.orders.percent(id, snapshot.tier(of: id))
        ? .ramping : nil)
    let choice = NarrowedPlan.Choice(
      endpoint: id, step: index, lagMilliseconds: lag, isMarkedStale: step.isMarkedStale,
      lastResort: reason,
      epoch: intent == .write ? snapshot.writeEpoch(id, home ?? step.region) : nil)
    if reason == nil { plan.choices.append(choice) } else { plan.lastResorts.append(choice) }
  }

  /// Why the endpoint may not serve this step at all; nil when it may.
  private static func removal(
    _ id: EndpointID, _ step: Step, _ intent: Intent, _ home: RegionID?, lag: UInt64?,
    snapshot: HealthSnapshot, at now: Instant
  ) -> Removal? {
    let index = Int(id.index)
    let order = snapshot.order(id)
    if let removal = order.removal { return removal }
    if snapshot.statuses[index].isHeldOut, !order.contains(.forcedIn) { return .heldOut }
    switch snapshot.statuses[index].role {
    case .conflict: return .conflict
    case _ where snapshot.statuses[index].reach == .down && !order.contains(.forcedIn):
      return .down
    case .unknown: return .unmeasured
    case _ where !snapshot.authorities.isEmpty:
      if let removal = removalByRecord(id, step, intent, home, snapshot) { return removal }
    case .replica where intent == .write || step.tier == .primary: return .notPrimary
    case .primary where intent == .write && step.tier != .primary: return .notPrimary
    case .primary(let epoch), .replica(let epoch):
      if let highest = snapshot.epochs[Int(step.region.index)], epoch < highest {
        return .oldEpoch
      }
    }
    // A write trusts the role, so the report that told it must be recent.
    if intent == .write, snapshot.lagMilliseconds(id, home: nil, at: now) == nil {
      return .unmeasured
    }
    guard let bound = step.stalenessMillisecondsMax else { return nil }
    guard let lag else { return .unmeasured }
    return lag > UInt64(bound)
      ? .lagging(lagMilliseconds: lag, boundMilliseconds: bound) : nil
  }

  /// Why the endpoint is used only when nothing else is left; nil when it is used normally.
  private static func lastResort(
    _ id: EndpointID, _ intent: Intent, snapshot: HealthSnapshot, loads: borrowing EndpointLoads,
    at now: Instant
  ) -> Removal? {
    let index = Int(id.index)
    let order = snapshot.order(id)
    if order.contains(.forcedIn) { return nil }
    if snapshot.statuses[index].reach == .ejected, !order.contains(.frozen) { return .ejected }
    if intent == .read {
      if snapshot.statuses[index].isSuppressed { return .suppressed }
      if loads.isOverloaded(id, at: now) { return .overloaded }
      if snapshot.statuses[index].load.isSaturated(at: now) { return .saturated }
    }
    return snapshot.statuses[index].isDraining ? .draining : nil
  }

  /// Orders a run of choices by load, those that an operator prefers first.
  private static func order(
    _ run: Range<Int>, of plan: inout NarrowedPlan, _ snapshot: HealthSnapshot,
    loads: borrowing EndpointLoads, at now: Instant, using random: inout SplitMix64
  ) {
    var start = run.lowerBound
    if snapshot.orders.hasPreferred {
      for place in run where snapshot.order(plan.choices[place].endpoint).contains(.preferred) {
        plan.choices.swapAt(place, start)
        start += 1
      }
      orderByRank(
        run.lowerBound..<start, of: &plan, snapshot, loads: loads, at: now, using: &random)
    }
    orderByRank(start..<run.upperBound, of: &plan, snapshot, loads: loads, at: now, using: &random)
  }

  /// Puts one endpoint on probation first of a run of choices that are fit.
  private static func putTestedFirst(
    _ run: Range<Int>, of plan: inout NarrowedPlan, _ snapshot: HealthSnapshot
  ) {
    for place in run
    where snapshot.statuses[Int(plan.choices[place].endpoint.index)].reach == .probing {
      plan.choices[place].isProbation = true
      return plan.choices.swapAt(place, run.lowerBound)
    }
  }

  /// Orders a run of choices: each place goes to the cheaper of two drawn from those left.
  static func orderByLoad(
    _ run: Range<Int>, of plan: inout NarrowedPlan, _ snapshot: HealthSnapshot,
    loads: borrowing EndpointLoads, at now: Instant, using random: inout SplitMix64
  ) {
    for place in run.dropLast() {
      let one = Int.random(in: place..<run.upperBound, using: &random)
      var other = Int.random(in: place..<run.upperBound - 1, using: &random)
      if other >= one { other += 1 }
      let first = cost(plan.choices[one].endpoint, snapshot, loads, at: now)
      let second = cost(plan.choices[other].endpoint, snapshot, loads, at: now)
      plan.choices.swapAt(place, first <= second ? one : other)
    }
  }

  private static func cost(
    _ id: EndpointID, _ snapshot: HealthSnapshot, _ loads: borrowing EndpointLoads, at now: Instant
  ) -> UInt64 {
    loads.cost(
      id, warmUntil: snapshot.statuses[Int(id.index)].warmUntil,
      load: snapshot.statuses[Int(id.index)].load, at: now)
  }

  /// Ends narrowing: last resorts become choices of a read that has none, else they are removed.
  private static func useLastResorts(_ intent: Intent, in plan: inout NarrowedPlan) {
    if plan.choices.isEmpty, intent == .read {
      swap(&plan.choices, &plan.lastResorts)
      return
    }
    for choice in plan.lastResorts {
      guard let reason = choice.lastResort else { continue }
      plan.removed.append(.init(endpoint: choice.endpoint, step: choice.step, reason: reason))
    }
  }
}

internal import Base

/// What records of write authority say about who may serve a step.
extension Narrowing {
  /// The endpoints that a step names. Without a record they are those of its region and tier.
  /// With one over the data asked for, the primary is the record's holder, if it lies in the step's
  /// region; with one over the region's own data, all others there are replicas.
  @inline(__always)
  static func members(
    _ step: Step, _ home: RegionID?, _ snapshot: HealthSnapshot
  ) -> ArraySlice<EndpointID> {
    if snapshot.authorities.isEmpty || step.tier == .cache {
      return snapshot.topology.endpoints(of: step.region, tier: step.tier)
    }
    return recordedMembers(step, home, snapshot)
  }

  private static func recordedMembers(
    _ step: Step, _ home: RegionID?, _ snapshot: HealthSnapshot
  ) -> ArraySlice<EndpointID> {
    if step.tier == .primary {
      if let entry = snapshot.authorities[home ?? step.region] {
        let holders = entry.holders[...]
        let isHere = holders.first.map { snapshot.topology.region(of: $0) } == step.region
        return isHere ? holders : []
      }
    } else if let entry = snapshot.authorities[step.region] {
      return entry.replicas[...]
    }
    return snapshot.topology.endpoints(of: step.region, tier: step.tier)
  }

  /// Why the endpoint may not serve a step, by its role and epoch where there are records; nil when
  /// it may.
  static func removalByRecord(
    _ id: EndpointID, _ step: Step, _ intent: Intent, _ home: RegionID?, _ snapshot: HealthSnapshot
  ) -> Removal? {
    let domain = home ?? step.region
    guard step.tier == .primary else {
      return intent == .write ? .notPrimary : replicaRemoval(id, step.region, snapshot)
    }
    guard let entry = snapshot.authorities[domain] else {
      // Nobody recorded who takes these writes: the server's word counts, as ever.
      guard case .primary(let epoch) = snapshot.claim(id, step.region) else { return .notPrimary }
      let highest = snapshot.epochs[Int(step.region.index)] ?? 0
      return epoch < highest ? .oldEpoch : nil
    }
    if intent == .write, entry.state == .moving { return .authorityMoving }
    if intent == .write, entry.state == .stopped { return .authorityStopped }
    switch snapshot.claim(id, domain) {
    case .unknown: return .unmeasured
    case .conflict: return .conflict
    case .replica: return .notPrimary
    case .primary(let epoch):
      if epoch == entry.holderEpoch { return nil }
      return epoch < entry.holderEpoch ? .oldEpoch : .conflict
    }
  }

  /// Why an endpoint may not serve reads as a replica of its own region; nil when it may.
  private static func replicaRemoval(
    _ id: EndpointID, _ region: RegionID, _ snapshot: HealthSnapshot
  ) -> Removal? {
    let role = snapshot.statuses[Int(id.index)].role
    guard let epoch = role.epoch else { return .unmeasured }
    guard let entry = snapshot.authorities[region] else {
      return epoch < snapshot.epochs[Int(region.index)] ?? 0 ? .oldEpoch : nil
    }
    if epoch < entry.holderEpoch { return .oldEpoch }
    // Whoever else takes writes has data that nobody may see: an old primary, or a new one that the
    // record does not name yet.
    if case .primary = role { return id == entry.candidate ? .authorityMoving : .conflict }
    return nil
  }

  /// Notes that what only the holder of an authority may do has to wait for it, or waits in vain.
  static func note(
    _ removal: Removal, of domain: RegionID, _ snapshot: HealthSnapshot, _ plan: inout NarrowedPlan
  ) {
    guard plan.authorityWait == .none, snapshot.hasRecord(domain) else { return }
    switch removal {
    case .authorityStopped: plan.authorityWait = .stopped
    // The holder of a new epoch does not know of it yet, or this edge has slept: the next probe
    // tells.
    case .authorityMoving, .notPrimary, .oldEpoch, .unmeasured: plan.authorityWait = .moving(domain)
    default: break
    }
  }
}

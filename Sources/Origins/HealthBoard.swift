public import Base

/// The health machines of all endpoints, and what only shows when they are seen together: epochs,
/// conflicts, self-doubt. Owned by the prober's thread.
///
/// Driver: after every event, and when `nextDue` has come, call `nextProbe` until it is nil and
/// perform each start; then publish `takeSnapshot` when it is not nil.
public struct HealthBoard: Sendable {
  /// Whom it judges.
  public let topology: Topology
  private let limits: OriginLimits
  var machines: [EndpointHealth]
  private var epochs: [UInt64?]
  private var random: SplitMix64
  private var snapshotCount: UInt64 = 0
  /// Whether a status changed since the last snapshot. The first snapshot says that nothing is
  /// known.
  var isChanged = true
  /// What operators order; part of every snapshot, so that loops get both by one message.
  private var orders = RegionOrders()

  /// Makes a board on which nothing is known; all first probes are due at once.
  public init(topology: Topology, limits: OriginLimits, at now: Instant, seed: UInt64) {
    self.topology = topology
    self.limits = limits
    random = SplitMix64(seed: seed)
    machines = topology.endpoints.map {
      EndpointHealth(endpoint: $0, of: topology, limits: limits, at: now)
    }
    epochs = [UInt64?](repeating: nil, count: topology.regionNames.count)
  }

  /// Makes the board of a reloaded configuration: what is known of unchanged endpoints stays, so
  /// that a reload never makes the edge forget that an endpoint is down. Probes under way end.
  public init(topology: Topology, limits: OriginLimits, keeping old: HealthBoard, at now: Instant) {
    self.init(topology: topology, limits: limits, at: now, seed: 0)
    random = old.random
    snapshotCount = old.snapshotCount
    orders = old.orders
    for index in machines.indices {
      let endpoint = machines[index].endpoint
      guard let before = old.machines.first(where: { $0.endpoint.name == endpoint.name }),
        let kept = EndpointHealth(
          endpoint: endpoint, of: topology, limits: limits, keeping: before, at: now)
      else { continue }
      machines[index] = kept
    }
    for (index, name) in topology.regionNames.enumerated() {
      guard let before = old.topology.regionNames.firstIndex(of: name) else { continue }
      epochs[index] = old.epochs[before]
    }
  }

  /// When `nextProbe` has something to do.
  public var nextDue: Instant { machines.map(\.nextDue).min() ?? .never }

  /// Lets time pass; the next probe to start, until nil.
  public mutating func nextProbe(at now: Instant) -> ProbeStart? {
    for index in machines.indices where machines[index].nextDue <= now {
      let before = machines[index].status
      let start = machines[index].tick(at: now, using: &random)
      note(before, index)
      if let start { return start }
    }
    return nil
  }

  /// Probe `start` was answered with `report`.
  public mutating func probeSucceeded(_ start: ProbeStart, report: ProbeReport, at now: Instant) {
    let index = Int(start.endpoint.index)
    let before = machines[index].status
    machines[index].probeSucceeded(start.number, report: report, at: now, using: &random)
    settleRoles(of: machines[index].endpoint.region)
    note(before, index)
  }

  /// Probe `start` failed.
  public mutating func probeFailed(_ start: ProbeStart, _ failure: ProbeFailure, at now: Instant) {
    let index = Int(start.endpoint.index)
    let before = machines[index].status
    machines[index].probeFailed(start.number, failure, at: now, using: &random)
    note(before, index)
  }

  /// A probe could not be made for a reason of our own, such as a full descriptor table.
  public mutating func probeAbandoned(_ start: ProbeStart, at now: Instant) {
    machines[Int(start.endpoint.index)].probeAbandoned(start.number, at: now)
  }

  /// Whether every endpoint was heard of, or is known not to answer.
  public var isSettled: Bool { machines.allSatisfy { $0.status.reach != .unknown } }

  /// So many of a loop's requests to `endpoint` got responses that are no failure. Loops tell this
  /// only when `EndpointLoads.succeeded` asks for it.
  public mutating func requestSucceeded(
    _ endpoint: EndpointID, count: UInt64 = 1, at now: Instant
  ) {
    let before = machines[Int(endpoint.index)].status
    machines[Int(endpoint.index)].requestSucceeded(count, at: now)
    note(before, Int(endpoint.index))
  }

  /// A loop's request to `endpoint` failed. Ejection stops short of the last fresh endpoint of its
  /// region, and while the edge doubts itself.
  public mutating func requestFailed(
    _ endpoint: EndpointID, _ failure: RequestFailure, at now: Instant
  ) {
    let index = Int(endpoint.index)
    let before = machines[index].status
    let hold = machines[index].isNearEjection ? ejectionHold(index) : nil
    machines[index].requestFailed(failure, hold: hold, at: now, using: &random)
    note(before, index)
  }

  /// Operators' orders are these from now on.
  public mutating func order(_ orders: RegionOrders) {
    if orders != self.orders { isChanged = true }
    // Writes that wait go on when the new holder confirms its epoch.
    if orders.authorityRevision != self.orders.authorityRevision {
      for index in machines.indices { machines[index].hasten() }
    }
    self.orders = orders
    letIn()
  }

  /// Lets those in that waited for an operator who forces them in: they stay in when that ends.
  private mutating func letIn() {
    let serving = ServingOrders(orders, topology)
    if serving.isEmpty { return }
    for index in machines.indices {
      let id = machines[index].endpoint.id
      guard serving[id, .replica].contains(.forcedIn) || serving[id, .primary].contains(.forcedIn)
      else { continue }
      let before = machines[index].status
      machines[index].excuse(letsIn: true)
      note(before, index)
    }
  }

  /// A snapshot, if anything changed or a newer sample came since the last one.
  public mutating func takeSnapshot() -> HealthSnapshot? {
    guard isChanged else { return nil }
    isChanged = false
    snapshotCount += 1
    return HealthSnapshot(
      number: snapshotCount, topology: topology, statuses: machines.map(\.status), epochs: epochs,
      isSelfDoubting: isSelfDoubting, orders: ServingOrders(orders, topology),
      authorities: ServingAuthorities(orders, topology),
      sampleAgeMillisecondsMax: limits.sampleAgeMillisecondsMax)
  }

  /// Why an endpoint must not be ejected; nil when it may.
  private func ejectionHold(_ index: Int) -> EjectionHold? {
    if isSelfDoubting { return .selfDoubt }
    let region = machines[index].endpoint.region
    let hasOther = machines.indices.contains {
      let status = machines[$0].status
      return $0 != index && machines[$0].endpoint.region == region && status.reach.isFit
        && status.freshness == .fresh && !status.isDraining && !status.isSuppressed
    }
    return hasOther ? nil : .lastFresh
  }

  private mutating func note(_ before: EndpointStatus, _ index: Int) {
    guard machines[index].status != before else { return }
    isChanged = true
    guard machines[index].status.reach != before.reach, isSelfDoubting else { return }
    // What an edge sees that is cut off itself is no fall.
    for other in machines.indices { machines[other].excuse(letsIn: false) }
  }

  /// Raises the region's epoch, and marks two primaries of the highest epoch as conflicting.
  ///
  /// A claim outlives the endpoint's reach: a conflict ends by a new report, never by silence.
  private mutating func settleRoles(of region: RegionID) {
    var highest = epochs[Int(region.index)]
    var count = 0
    for machine in machines where machine.endpoint.region == region {
      guard let epoch = Self.claimedEpoch(machine) else { continue }
      if let known = highest, epoch < known { continue }
      count = highest == epoch ? count + 1 : 1
      highest = epoch
    }
    epochs[Int(region.index)] = highest
    for index in machines.indices where machines[index].endpoint.region == region {
      guard let epoch = Self.claimedEpoch(machines[index]) else { continue }
      let before = machines[index].status
      machines[index].setConflict(count > 1 && epoch == highest)
      note(before, index)
    }
  }

  /// The epoch in which the endpoint says it takes writes.
  private static func claimedEpoch(_ machine: EndpointHealth) -> UInt64? {
    switch machine.status.role {
    case .primary(let epoch), .conflict(let epoch): epoch
    case .unknown, .replica: nil
    }
  }

  private var isSelfDoubting: Bool {
    let failing = machines.filter {
      $0.status.reach == .down || $0.status.reach == .suspect
    }
    return failing.count * 2 > machines.count
      && Set(failing.map(\.endpoint.region)).count >= 2
  }
}

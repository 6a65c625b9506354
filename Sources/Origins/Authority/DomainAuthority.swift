public import Base

/// Who takes the writes of one home region's data, as loops follow it. Endpoints go by name: names
/// outlive topologies.
public struct DomainAuthority: Hashable, Sendable {
  /// Whether writes start.
  public enum State: Hashable, Sendable {
    /// The holder takes them.
    case active
    /// They wait: the authority moves.
    case moving
    /// Nobody takes them until a person has decided.
    case stopped
  }

  /// Whether writes start.
  public var state: State
  /// Who holds the writes, or held them last: reads that need the primary go there.
  public var holder: String
  /// Who is being made the holder of a later epoch.
  public var candidate: String?
  /// The holder's epoch, and where the last ones began.
  public var history: EpochHistory

  /// Makes an authority.
  public init(
    state: State, holder: String, candidate: String? = nil, history: EpochHistory
  ) {
    self.state = state
    self.holder = holder
    self.candidate = candidate
    self.history = history
  }
}

/// The write authorities over the data of one topology's regions. Immutable; loops read it with
/// each request, so that without any it is empty.
public struct ServingAuthorities: Hashable, Sendable {
  /// The authority over one region's data.
  struct Entry: Hashable, Sendable {
    var state: DomainAuthority.State
    /// The holder, as the one member of a primary step; none when this topology does not have it.
    var holders: [EndpointID]
    var candidate: EndpointID?
    /// The region's own endpoints that count as replicas: all but its holder, wherever that is.
    var replicas: [EndpointID]
    var history: EpochHistory

    var holderEpoch: UInt64 { history.holderEpoch }
  }

  /// By `RegionID`; no entries at all without any authority.
  private let entries: [Entry?]
  /// Which records these are; a loop starts no write while it follows others than the newest.
  public let revision: Int

  /// No records: servers say themselves who takes writes.
  public static let none = ServingAuthorities(entries: [], revision: 0)

  private init(entries: [Entry?], revision: Int) {
    self.entries = entries
    self.revision = revision
  }

  /// The authorities over regions of `topology`; others wait for one that has them.
  public init(_ orders: RegionOrders, _ topology: Topology) {
    let ids = Dictionary(uniqueKeysWithValues: topology.endpoints.map { ($0.name, $0.id) })
    var entries: [Entry?] = []
    for (index, name) in topology.regionNames.enumerated() {
      let region = RegionID(UInt8(index))
      let configured = [Tier.replica, .primary].flatMap { topology.endpoints(of: region, tier: $0) }
      entries.append(
        orders.authorities[name].map { authority in
          let holder = ids[authority.holder]
          return Entry(
            state: authority.state, holders: holder.map { [$0] } ?? [],
            candidate: authority.candidate.flatMap { ids[$0] },
            replicas: configured.filter { $0 != holder }, history: authority.history)
        })
    }
    self.init(
      entries: entries.allSatisfy { $0 == nil } ? [] : entries,
      revision: orders.authorityRevision)
  }

  /// Whether no region's data has a record.
  @inline(__always)
  public var isEmpty: Bool { entries.isEmpty }

  /// The authority over the data of `domain`.
  @inline(__always)
  subscript(_ domain: RegionID) -> Entry? {
    entries.isEmpty ? nil : entries[Int(domain.index)]
  }

  /// The same with lists of its own, for one loop.
  func copyForLoop() -> ServingAuthorities {
    let owned = entries.map { entry in
      var owned = entry
      owned?.holders = entry?.holders.map { $0 } ?? []
      owned?.replicas = entry?.replicas.map { $0 } ?? []
      owned?.history.forks = entry?.history.forks.map { $0 } ?? []
      return owned
    }
    return ServingAuthorities(entries: owned, revision: revision)
  }
}

extension HealthSnapshot {
  /// What an endpoint says of itself about the data of `domain`.
  func claim(_ id: EndpointID, _ domain: RegionID) -> RoleClaim {
    if topology.region(of: id) == domain { return statuses[Int(id.index)].role }
    let claims = statuses[Int(id.index)].homeClaims
    return Int(domain.index) < claims.count ? claims[Int(domain.index)] : .unknown
  }

  /// What an endpoint counts as in its own region: its configured tier, unless a record says who
  /// takes the writes there.
  public func tier(of id: EndpointID) -> Tier {
    guard let entry = authorities[topology.region(of: id)] else { return topology.tier(of: id) }
    return entry.holders.contains(id) ? .primary : .replica
  }

  /// Whether the data of `domain` has a record of who takes its writes.
  public func hasRecord(_ domain: RegionID) -> Bool { authorities[domain] != nil }

  /// The epoch in which an endpoint takes writes of `domain`: the record's, else what it says.
  func writeEpoch(_ id: EndpointID, _ domain: RegionID) -> UInt64? {
    authorities[domain]?.holderEpoch ?? statuses[Int(id.index)].role.epoch
  }

  /// Whether a write of `domain` may leave for `id`, for which it was decided in `epoch`.
  public func mayWrite(_ domain: RegionID, _ id: EndpointID, epoch: UInt64?) -> Bool {
    guard let entry = authorities[domain] else { return true }
    return entry.state == .active && entry.holderEpoch == epoch && entry.holders.first == id
  }

  /// Whether the record's holder says that it takes the writes in the record's epoch.
  public func isConfirmed(_ domain: RegionID, epochMin: UInt64 = 0) -> Bool {
    guard let entry = authorities[domain] else {
      return (epochs[Int(domain.index)] ?? 0) >= epochMin
    }
    guard entry.state == .active, entry.holderEpoch >= epochMin, let holder = entry.holders.first
    else { return false }
    return claim(holder, domain) == .primary(epoch: entry.holderEpoch)
      && statuses[Int(holder.index)].reach != .down
  }

  /// Whether a copy of `domain` that tells how far it is holds what was seen at `position` in
  /// `epoch`. In a later epoch only when it is known where that one began.
  public func holds(
    _ domain: RegionID, epoch: UInt64, position: UInt64, toldEpoch: UInt64, toldPosition: UInt64
  ) -> Bool {
    guard toldEpoch >= epoch, toldPosition >= position else { return false }
    if toldEpoch == epoch { return true }
    guard let entry = authorities[domain], entry.holderEpoch >= toldEpoch else { return false }
    return keeps(domain, epoch: epoch, position: position) ?? false
  }

  /// Whether a write of `domain` that was acknowledged at `position` in `epoch` is still there. Nil
  /// without a record, or for an epoch that this edge has not heard of yet.
  public func keeps(_ domain: RegionID, epoch: UInt64, position: UInt64) -> Bool? {
    guard let entry = authorities[domain], epoch <= entry.holderEpoch else { return nil }
    return entry.history.keeps(epoch: epoch, position: position)
  }
}

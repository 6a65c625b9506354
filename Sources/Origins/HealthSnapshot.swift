public import Base

/// The state of all endpoints at one moment. Immutable: the prober publishes it to every loop.
///
/// It carries its topology, so that an index of one can never meet the tables of another.
public final class HealthSnapshot: Sendable {
  /// Counts the snapshots of one board; a larger number is newer.
  public let number: UInt64
  /// The endpoints that `statuses` describes.
  public let topology: Topology
  /// One status for each endpoint, in the topology's order.
  public let statuses: [EndpointStatus]
  /// For each region the highest epoch that a primary of it ever claimed; nil before the first.
  public let epochs: [UInt64?]
  /// Whether most endpoints, in more than one region, look dead at once: then the edge itself is
  /// more likely to be cut off. It should fail its own readiness and take no part in votes.
  public let isSelfDoubting: Bool
  /// What operators order about the endpoints.
  public let orders: ServingOrders
  /// Who takes the writes of which region's data, where that is recorded.
  public let authorities: ServingAuthorities
  /// Reports older than this, milliseconds, measure nothing.
  public let sampleAgeMillisecondsMax: UInt64

  /// Makes a snapshot; the board does this, and tests and simulations that set the scene
  /// themselves.
  public init(
    number: UInt64, topology: Topology, statuses: [EndpointStatus], epochs: [UInt64?],
    isSelfDoubting: Bool = false, orders: ServingOrders = .none,
    authorities: ServingAuthorities = .none, sampleAgeMillisecondsMax: UInt64
  ) {
    precondition(statuses.count == topology.endpoints.count, "a status for each endpoint")
    precondition(epochs.count == topology.regionNames.count, "an epoch for each region")
    self.number = number
    self.topology = topology
    self.statuses = statuses
    self.epochs = epochs
    self.isSelfDoubting = isSelfDoubting
    self.orders = orders
    self.authorities = authorities
    self.sampleAgeMillisecondsMax = sampleAgeMillisecondsMax
  }

  /// The same snapshot with lists of its own, for one loop; see `Snapshot.copyForLoop`.
  public func copyForLoop() -> HealthSnapshot {
    let owned = statuses.map { status in
      var owned = status
      owned.homeClaims = status.homeClaims.map { $0 }
      owned.homePositions = status.homePositions.map { $0 }
      owned.homeLagsMilliseconds = status.homeLagsMilliseconds.map { $0 }
      return owned
    }
    return HealthSnapshot(
      number: number, topology: topology, statuses: owned, epochs: epochs.map { $0 },
      isSelfDoubting: isSelfDoubting, orders: orders.copyForLoop(),
      authorities: authorities.copyForLoop(),
      sampleAgeMillisecondsMax: sampleAgeMillisecondsMax)
  }

  /// What operators order about one endpoint.
  @inline(__always)
  func order(_ id: EndpointID) -> ServerOrder {
    orders.isEmpty ? [] : orders[id, tier(of: id)]
  }

  /// Whether no request goes to the endpoint because it does not answer.
  @inline(__always)
  public func isDead(_ id: EndpointID) -> Bool {
    statuses[Int(id.index)].reach == .down && !order(id).contains(.forcedIn)
  }

  /// The status of one endpoint. A copy: hot callers look into `statuses`.
  public subscript(_ id: EndpointID) -> EndpointStatus { statuses[Int(id.index)] }

  /// An upper bound, in milliseconds at `now`, of how far an endpoint's copy of the data of `home`
  /// is behind; nil `home` is the endpoint's own region. Nil is infinite.
  public func lagMilliseconds(_ id: EndpointID, home: RegionID?, at now: Instant) -> UInt64? {
    let index = Int(id.index)
    guard let home, home != topology.region(of: id) else {
      return statuses[index].lagMilliseconds(
        at: now, ageMillisecondsMax: sampleAgeMillisecondsMax)
    }
    if let entry = authorities[home], entry.holders.contains(id),
      claim(id, home) == .primary(epoch: entry.holderEpoch)
    {
      let age = now.milliseconds(since: statuses[index].measuredAt)
      guard age <= sampleAgeMillisecondsMax else { return nil }
      // Once the authority moves, others may have written since it said that it is the primary.
      return entry.state == .active ? 0 : age
    }
    return statuses[index].lagMilliseconds(
      of: home, at: now, ageMillisecondsMax: sampleAgeMillisecondsMax)
  }
}

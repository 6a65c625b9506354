public import Base
public import Policy

/// What is there to serve, server by server.
public struct ServingWorld: Sendable {
  /// One server.
  public struct Server: Sendable, Equatable {
    /// Its name, unique in its region.
    public let name: String
    /// As what it serves.
    public var tier: Tier
    /// Whether it answers, has the role that it should, and is fresh.
    public var isFit: Bool
    /// Whether it may answer yet: false only when it is known to be down.
    public var isPossible: Bool
    /// The other regions of whose data it has a copy of measured age; nil: of all.
    public var copiedHomes: Set<String>?

    /// Makes a server; without news of its health it counts as fit.
    public init(
      _ name: String, _ tier: Tier, isFit: Bool = true, isPossible: Bool = true,
      copiedHomes: Set<String>? = nil
    ) {
      self.name = name
      self.tier = tier
      self.isFit = isFit
      self.isPossible = isPossible
      self.copiedHomes = copiedHomes
    }
  }

  /// One region's servers.
  public struct Region: Sendable {
    /// Its name.
    public let name: String
    /// Its servers.
    public var servers: [Server]

    /// Makes a region of these servers.
    public init(_ name: String, servers: [Server]) {
      self.name = name
      self.servers = servers
    }

    /// Makes a region of a replica and a primary, or of one of them.
    public init(_ name: String, hasReplica: Bool = true, hasPrimary: Bool = true) {
      self.init(
        name,
        servers: (hasReplica ? [Server(name + "-replica", .replica)] : [])
          + (hasPrimary ? [Server(name + "-primary", .primary)] : []))
    }
  }

  /// The regions; those of the policy first, in its order.
  public var regions: [Region]
  /// What the law allows; nil when that cannot be told, and then nothing may leave service.
  public let rows: [ServiceRow]?

  /// Joins regions and law.
  public init(_ regions: [Region], rows: [ServiceRow]?) {
    self.regions = regions
    self.rows = rows
  }

  /// The kinds of servers that `state` leaves in service and that are fit to serve data of `home`:
  /// a copy elsewhere must have been measured. Nil `home`: each region's own data.
  func fit(home: RegionID?, under state: OperatorState) -> TargetSet {
    let name = home.map { regions[Int($0.index)].name }
    return servers { region, server in
      guard server.isFit, state.effect(region.name, server.tier, server.name).out == nil else {
        return false
      }
      guard let name, server.tier == .replica, region.name != name else { return true }
      return server.copiedHomes?.contains(name) != false
    }
  }

  /// The kinds of servers of which `state` keeps requests away from one that is not known to be
  /// down.
  func taken(by state: OperatorState) -> TargetSet {
    servers { region, server in
      server.isPossible && state.effect(region.name, server.tier, server.name).out != nil
    }
  }

  /// The kinds of servers of which one is as asked for.
  private func servers(_ has: (Region, Server) -> Bool) -> TargetSet {
    var set = TargetSet()
    for (index, region) in regions.enumerated().prefix(64) {
      for server in region.servers where has(region, server) {
        if server.tier == .primary {
          set.primaries |= 1 << UInt64(index)
        } else {
          set.replicas |= 1 << UInt64(index)
        }
      }
    }
    return set
  }
}

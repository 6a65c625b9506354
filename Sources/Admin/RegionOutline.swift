public import Base
internal import Control
public import Origins
public import Policy

/// The regions and servers of an edge, whatever their health: those of the policy first, in its
/// order.
public struct RegionOutline: Sendable {
  /// One server.
  public struct Server: Hashable, Sendable {
    /// Its name.
    public let name: String
    /// Replica or primary.
    public let tier: Tier

    /// Makes a server.
    public init(_ name: String, _ tier: Tier) {
      self.name = name
      self.tier = tier
    }
  }

  /// One region.
  public struct Region: Hashable, Sendable {
    /// Its name.
    public let name: String
    /// Its servers, as configured.
    public let servers: [Server]

    /// Makes a region.
    public init(_ name: String, _ servers: [Server]) {
      self.name = name
      self.servers = servers
    }
  }

  /// The regions.
  public let regions: [Region]
  /// What the law allows; nil when that cannot be told.
  public let rows: [ServiceRow]?

  /// Orders regions by the policy's, and joins them with what it allows.
  public init(_ regions: [Region], _ policy: Policy) {
    let names = policy.regions.map(\.name)
    self.regions =
      names.compactMap { name in regions.first { $0.name == name } }
      + regions.filter { !names.contains($0.name) }
    rows = policy.serviceRows()
  }

  /// The regions of a topology.
  public init(_ topology: Topology, _ policy: Policy) {
    var regions: [(name: String, servers: [Server])] = []
    for endpoint in topology.endpoints {
      let server = Server(endpoint.name, endpoint.tier)
      if let index = regions.firstIndex(where: { $0.name == endpoint.regionName }) {
        regions[index].servers.append(server)
      } else {
        regions.append((endpoint.regionName, [server]))
      }
    }
    self.init(regions.map { Region($0.name, $0.servers) }, policy)
  }

  /// What is there to serve: everything that is configured, but what the edge sees failing.
  func world(_ report: RegionReport?) -> ServingWorld {
    ServingWorld(
      regions.map { region in
        let tiers = region.servers.map(\.tier)
        var result = ServingWorld.Region(
          region.name, hasReplica: tiers.contains(.replica), hasPrimary: tiers.contains(.primary))
        guard let report else { return result }
        let servers = report.servers.filter { $0.region == region.name }
        let fit = servers.filter(\.isFit)
        result.isReplicaFit = fit.contains { $0.tier == "replica" }
        result.isPrimaryFit = fit.contains { $0.tier == "primary" }
        result.isReplicaPossible = servers.contains { $0.tier == "replica" && !$0.isDown }
        result.isPrimaryPossible = servers.contains { $0.tier == "primary" && !$0.isDown }
        result.copiedHomes = Set(fit.filter { $0.tier == "replica" }.flatMap(\.copies))
        return result
      }, rows: rows)
  }
}

public import Base
public import Control
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

  /// What is there to serve: everything that is configured, but what the edge sees failing. Who is
  /// the primary of a region whose write authority is recorded, the record says. `rows` is what the
  /// policy allows.
  public func world(
    _ report: RegionReport?, _ state: OperatorState, _ rows: [ServiceRow]?
  ) -> ServingWorld {
    ServingWorld(
      regions.map { region in
        let holder = state.authority(region.name)?.endpoint
        let servers = region.servers.map { server in
          Self.server(
            server, report?.servers.first { $0.name == server.name }, report != nil, holder)
        }
        return ServingWorld.Region(region.name, servers: servers)
      }, rows: rows)
  }

  /// One server, as the report has it.
  private static func server(
    _ server: Server, _ seen: RegionReport.Server?, _ isReported: Bool, _ holder: String?
  ) -> ServingWorld.Server {
    let isPrimary = holder.map { $0 == server.name } ?? (server.tier == .primary)
    let tier: Tier = isPrimary ? .primary : .replica
    guard isReported else { return ServingWorld.Server(server.name, tier) }
    return ServingWorld.Server(
      server.name, tier, isFit: seen?.isFit(as: tier) ?? false,
      isPossible: seen.map { !$0.isDown } ?? true, copiedHomes: Set(seen?.copies ?? []))
  }
}

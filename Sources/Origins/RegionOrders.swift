public import Base

/// What operators order about some servers.
public struct ServerOrder: OptionSet, Hashable, Sendable {
  /// A bit for each order.
  public let rawValue: UInt8

  /// Makes a set of orders.
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// Nothing new goes there.
  public static let drained = ServerOrder(rawValue: 1)
  /// Nothing goes there.
  public static let evacuated = ServerOrder(rawValue: 2)
  /// Nothing goes there until a person says so.
  public static let heldOut = ServerOrder(rawValue: 4)
  /// Health does not count.
  public static let forcedIn = ServerOrder(rawValue: 8)
  /// Passive ejection does not count.
  public static let frozen = ServerOrder(rawValue: 16)
  /// First among equals.
  public static let preferred = ServerOrder(rawValue: 32)

  /// Why these servers are removed from plans; nil when they are not.
  var removal: Removal? {
    if contains(.evacuated) { return .evacuated }
    if contains(.drained) { return .drained }
    return contains(.heldOut) ? .heldOut : nil
  }
}

/// Operators' orders by the regions' names: they outlive topologies.
public struct RegionOrders: Hashable, Sendable {
  /// The orders about one server, by the tier as which it is configured.
  public struct Servers: Hashable, Sendable {
    /// As a replica.
    public var replica: ServerOrder
    /// As a primary.
    public var primary: ServerOrder
    /// Of a hundred reads so many may go there while others are left, as replica and as primary.
    public var replicaPercent, primaryPercent: UInt8

    /// Makes the orders about one server, or about all of a region.
    public init(
      replica: ServerOrder = [], primary: ServerOrder = [], replicaPercent: UInt8 = 100,
      primaryPercent: UInt8 = 100
    ) {
      self.replica = replica
      self.primary = primary
      self.replicaPercent = replicaPercent
      self.primaryPercent = primaryPercent
    }
  }

  /// The orders about the servers of one region.
  public struct Region: Hashable, Sendable {
    /// About those that are not named.
    public var servers: Servers
    /// About single ones, by name: what is ordered about all of them is part of it.
    public var endpoints: [String: Servers]

    /// Makes the orders of one region.
    public init(_ servers: Servers, endpoints: [String: Servers] = [:]) {
      self.servers = servers
      self.endpoints = endpoints
    }

    /// Makes orders about its replicas and its primary.
    public init(replica: ServerOrder = [], primary: ServerOrder = []) {
      self.init(Servers(replica: replica, primary: primary))
    }
  }

  /// By name; regions without an order are missing.
  public var regions: [String: Region]
  /// Who takes the writes of which region's data, by its name; those without a record are missing.
  public var authorities: [String: DomainAuthority]
  /// Which records of write authority these are: larger with each change.
  public var authorityRevision: Int

  /// Makes orders; none by default.
  public init(
    _ regions: [String: Region] = [:], authorities: [String: DomainAuthority] = [:],
    authorityRevision: Int = 0
  ) {
    self.regions = regions
    self.authorities = authorities
    self.authorityRevision = authorityRevision
  }
}

/// The orders about the servers of one topology. Immutable; loops read it with each request.
public struct ServingOrders: Hashable, Sendable {
  /// At `2i` about endpoint i as a replica, at `2i + 1` as a primary; nothing without orders.
  private let orders: [ServerOrder]
  /// In the same places, of a hundred reads; nothing at all while everybody gets all.
  private let percents: [UInt8]
  /// Whether some servers come first among equals.
  let hasPreferred: Bool

  /// No orders.
  public static let none = ServingOrders([], [])

  private init(_ orders: [ServerOrder], _ percents: [UInt8]) {
    self.orders = orders
    self.percents = percents
    hasPreferred = orders.contains { $0.contains(.preferred) }
  }

  /// The orders about endpoints of `topology`; others wait for one that has them.
  public init(_ named: RegionOrders, _ topology: Topology) {
    let servers = topology.endpoints.map { endpoint -> RegionOrders.Servers in
      guard let region = named.regions[endpoint.regionName] else { return .init() }
      return region.endpoints[endpoint.name] ?? region.servers
    }
    let orders = servers.flatMap { [$0.replica, $0.primary] }
    let percents = servers.flatMap { [$0.replicaPercent, $0.primaryPercent] }
    self.init(
      orders.allSatisfy(\.isEmpty) ? [] : orders, percents.allSatisfy { $0 >= 100 } ? [] : percents)
  }

  /// Whether nobody ordered anything but shares.
  @inline(__always)
  public var isEmpty: Bool { orders.isEmpty }

  /// The orders about an endpoint that serves as this tier.
  @inline(__always)
  public subscript(_ id: EndpointID, _ tier: Tier) -> ServerOrder {
    orders.isEmpty ? [] : orders[2 * Int(id.index) + (tier == .primary ? 1 : 0)]
  }

  /// Whether some servers get a part of the reads only.
  @inline(__always)
  public var hasShares: Bool { !percents.isEmpty }

  /// Of a hundred reads so many may go to an endpoint that serves as this tier, while others are
  /// left.
  @inline(__always)
  public func percent(_ id: EndpointID, _ tier: Tier) -> UInt8 {
    percents.isEmpty ? 100 : percents[2 * Int(id.index) + (tier == .primary ? 1 : 0)]
  }

  /// The same with lists of its own, for one loop.
  func copyForLoop() -> ServingOrders {
    ServingOrders(orders.map { $0 }, percents.map { $0 })
  }
}

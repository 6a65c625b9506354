internal import Base

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
    /// Of a hundred reads so many may go there while others are left, as a replica and as a primary.
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

  /// Makes orders; none by default.
  public init(_ regions: [String: Region] = [:]) { self.regions = regions }
}

/// The orders about the servers of one topology. Immutable; loops read it with each request.
public struct ServingOrders: Hashable, Sendable {
  /// By endpoint; nothing at all without orders.
  private let orders: [ServerOrder]
  /// By endpoint, of a hundred reads; nothing at all while everybody gets all.
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
    let found = topology.endpoints.map { endpoint -> (ServerOrder, UInt8) in
      guard let region = named.regions[endpoint.regionName] else { return ([], 100) }
      let servers = region.endpoints[endpoint.name] ?? region.servers
      return endpoint.tier == .primary
        ? (servers.primary, servers.primaryPercent) : (servers.replica, servers.replicaPercent)
    }
    self.init(
      found.allSatisfy(\.0.isEmpty) ? [] : found.map(\.0),
      found.allSatisfy { $0.1 >= 100 } ? [] : found.map(\.1))
  }

  /// Whether nobody ordered anything but shares.
  @inline(__always)
  public var isEmpty: Bool { orders.isEmpty }

  /// The orders about a server.
  @inline(__always)
  public subscript(_ id: EndpointID) -> ServerOrder {
    orders.isEmpty ? [] : orders[Int(id.index)]
  }

  /// Whether some servers get a part of the reads only.
  @inline(__always)
  public var hasShares: Bool { !percents.isEmpty }

  /// Of a hundred reads so many may go to a server while others are left.
  @inline(__always)
  public func percent(_ id: EndpointID) -> UInt8 {
    percents.isEmpty ? 100 : percents[Int(id.index)]
  }

  /// The same with a list of its own, for one loop.
  func copyForLoop() -> ServingOrders {
    ServingOrders(orders.map { $0 }, percents.map { $0 })
  }
}

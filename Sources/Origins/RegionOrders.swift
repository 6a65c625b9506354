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
  /// The orders about the servers of one region.
  public struct Region: Hashable, Sendable {
    /// About its replicas.
    public var replica: ServerOrder
    /// About its primary.
    public var primary: ServerOrder

    /// Makes the orders of one region.
    public init(replica: ServerOrder = [], primary: ServerOrder = []) {
      self.replica = replica
      self.primary = primary
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
  /// By region: at `2r` replicas, at `2r + 1` the primary; nothing at all without orders.
  private let orders: [ServerOrder]
  /// Whether some servers come first among equals.
  let hasPreferred: Bool

  /// No orders.
  public static let none = ServingOrders([])

  private init(_ orders: [ServerOrder]) {
    self.orders = orders
    hasPreferred = orders.contains { $0.contains(.preferred) }
  }

  /// The orders about regions of `topology`; others wait for one that has them.
  public init(_ named: RegionOrders, _ topology: Topology) {
    var orders: [ServerOrder] = []
    for name in topology.regionNames {
      let region = named.regions[name] ?? RegionOrders.Region()
      orders += [region.replica, region.primary]
    }
    self.init(orders.allSatisfy(\.isEmpty) ? [] : orders)
  }

  /// Whether nobody ordered anything.
  @inline(__always)
  public var isEmpty: Bool { orders.isEmpty }

  /// The orders about servers of a region and tier.
  @inline(__always)
  public subscript(_ region: RegionID, _ tier: Tier) -> ServerOrder {
    orders.isEmpty ? [] : orders[2 * Int(region.index) + (tier == .primary ? 1 : 0)]
  }

  /// The same with a list of its own, for one loop.
  func copyForLoop() -> ServingOrders { ServingOrders(orders.map { $0 }) }
}

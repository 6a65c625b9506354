public import Base

/// How the connection to an endpoint is protected.
public enum OriginSecurity: Hashable, Sendable {
  /// No protection: loopback and the demo only.
  case cleartext
  /// TLS: the name the certificate must bear, and the configured profile (trust anchors, client
  /// certificate, versions) by its identifier.
  case tls(serverName: String, profile: String)
}

/// The protocol spoken to an endpoint.
public enum OriginProtocol: String, Hashable, Sendable {
  /// HTTP/1.1: one request at a time on a connection.
  case http1 = "http/1.1"
  /// HTTP/2: many requests at once on a connection.
  case http2 = "h2"
}

/// One server of one region, as configured.
public struct EndpointDefinition: Hashable, Sendable {
  /// Unique name; the endpoint's health report must repeat it.
  public var name: String
  /// The region's name in the active policy; the health report must repeat it.
  public var regionName: String
  /// `.replica` or `.primary`.
  public var tier: Tier
  /// Literal IP address; the driver parses it.
  public var host: String
  /// TCP port, not zero.
  public var port: UInt16
  /// Protection of the connection.
  public var security: OriginSecurity
  /// Protocol of the connection.
  public var `protocol`: OriginProtocol
  /// Connections of one loop at most.
  public var connectionCountMax: Int
  /// Requests at once on one HTTP/2 connection at most; HTTP/1.1 always has one.
  public var requestCountMax: Int
  /// Share of load relative to the peers of its tier, 1 to 1000.
  public var weight: UInt16
  /// Whether it carries a write out once, however often it comes with the same `Idempotency-Key`.
  public var honoursKeys: Bool
  /// Whether it stays out after it was DOWN until an operator lets it in.
  public var waitsForOperator: Bool

  /// Describes an endpoint; `Topology.make` checks the values.
  public init(
    name: String, regionName: String, tier: Tier, host: String, port: UInt16,
    security: OriginSecurity = .cleartext, protocol: OriginProtocol = .http1,
    connectionCountMax: Int = 128, requestCountMax: Int = 100, weight: UInt16 = 100,
    honoursKeys: Bool = false, waitsForOperator: Bool = false
  ) {
    self.name = name
    self.regionName = regionName
    self.tier = tier
    self.host = host
    self.port = port
    self.security = security
    self.protocol = `protocol`
    self.connectionCountMax = connectionCountMax
    self.requestCountMax = requestCountMax
    self.weight = weight
    self.honoursKeys = honoursKeys
    self.waitsForOperator = waitsForOperator
  }

  /// Requests of one loop that it carries at once.
  var placeCount: Int { connectionCountMax * (self.protocol == .http2 ? requestCountMax : 1) }

  /// What two connections must share to be interchangeable.
  public var identity: EndpointIdentity {
    EndpointIdentity(host: host, port: port, security: security, protocol: `protocol`)
  }
}

/// What a connection was made for: address, protection (server name and TLS profile with its client
/// certificate) and protocol. Connections are reused across a reload only where this is equal.
public struct EndpointIdentity: Hashable, Sendable {
  /// Literal IP address.
  public let host: String
  /// TCP port.
  public let port: UInt16
  /// Protection of the connection.
  public let security: OriginSecurity
  /// Protocol of the connection.
  public let `protocol`: OriginProtocol
}

/// An endpoint's index in its topology.
public struct EndpointID: Hashable, Sendable {
  /// Index into `Topology.endpoints`.
  public let index: UInt16

  /// Makes the identifier of the endpoint at `index`.
  public init(_ index: Int) { self.index = UInt16(index) }
}

/// One endpoint of a checked topology.
public struct Endpoint: Hashable, Sendable {
  /// Its index.
  public let id: EndpointID
  /// Its region in the active policy.
  public let region: RegionID
  /// What was configured.
  public let definition: EndpointDefinition

  /// Unique name.
  public var name: String { definition.name }
  /// The region's name.
  public var regionName: String { definition.regionName }
  /// `.replica` or `.primary`.
  public var tier: Tier { definition.tier }
}

public import Audit
public import Base
public import Native

/// Finds where a client is: in the configured networks of facilities, else in the location
/// database, unless the address hides its user. Immutable; any thread may use it.
public struct Locator: Sendable {
  /// A network of which the operator knows where it is: a hospital's own, a clinic's line.
  public struct Facility: Sendable, Equatable {
    /// Its addresses.
    public var network: CIDR
    /// Where they are.
    public var place: Place

    /// Makes a facility.
    public init(network: CIDR, place: Place) {
      self.network = network
      self.place = place
    }
  }

  /// What was found, and from what.
  public struct Finding: Sendable, Equatable {
    /// The place that the address grants its user.
    public var place: Place
    /// Where that was taken from.
    public var provenance: LocationProvenance
    /// Why the place is unknown; nil when it is known, or the database has no such address.
    public var doubt: Doubt?

    /// Nothing is known.
    public static let unknown = Finding(place: .unknown, provenance: .unknown)
  }

  /// Why a place that a database tells does not count.
  public enum Doubt: Sendable, Equatable {
    /// The address hides its user: he may be anywhere.
    case anonymous
    /// The area is too large to lie in one jurisdiction.
    case radius(kilometres: Int)
  }

  private let database: GeoDatabase?
  private let anonymizers: GeoDatabase?
  /// Narrower networks first.
  private let facilities: [Facility]
  private let radiusKilometresMax: Int

  /// Joins a database of places, one of anonymous networks when it is another, and facilities.
  public init(
    database: GeoDatabase?, anonymizers: GeoDatabase? = nil, facilities: [Facility] = [],
    radiusKilometresMax: Int = ProxyLimits().accuracyRadiusKilometresMax
  ) {
    self.database = database
    self.anonymizers = anonymizers
    self.facilities = facilities.sorted { $0.network.prefixBitCount > $1.network.prefixBitCount }
    self.radiusKilometresMax = radiusKilometresMax
  }

  /// Where `address` is.
  public func find(_ address: IPAddress) -> Finding {
    for facility in facilities where facility.network.contains(address) {
      return Finding(place: facility.place, provenance: .site)
    }
    guard let database else { return .unknown }
    let location = Self.look(up: address, in: database)
    if location.isAnonymous { return .doubtful(.anonymous) }
    if let anonymizers, Self.look(up: address, in: anonymizers).isAnonymous {
      return .doubtful(.anonymous)
    }
    if let radius = location.accuracyRadiusKilometres, Int(radius) > radiusKilometresMax {
      return .doubtful(.radius(kilometres: Int(radius)))
    }
    let place = location.subdivision == .unknown ? location.country : location.subdivision
    return place == .unknown ? .unknown : Finding(place: place, provenance: .geoDatabase)
  }

  private static func look(up address: IPAddress, in database: GeoDatabase) -> Location {
    address.isIPv4
      ? database.lookup(ipv4: UInt32(truncatingIfNeeded: address.bits))
      : unsafe withUnsafeBytes(of: address.bits.bigEndian) { unsafe database.lookup(ipv6: $0) }
  }
}

extension Locator.Finding {
  fileprivate static func doubtful(_ doubt: Locator.Doubt) -> Locator.Finding {
    Locator.Finding(place: .unknown, provenance: .unknown, doubt: doubt)
  }
}

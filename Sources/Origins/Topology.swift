public import Base

/// One mistake in the configured endpoints. Names are the operator's, never a patient's.
public enum TopologyFault: Error, Hashable, Sendable {
  /// A region has more than one primary.
  case twoPrimaries(region: String, first: String, second: String)
  /// Two endpoints have one name.
  case duplicateName(String)
  /// Two endpoints are one server: same address, protection and protocol.
  case duplicateAddress(first: String, second: String)
  /// A region of the policy has no endpoint.
  case regionWithoutEndpoint(String)
  /// A value is out of its range; `field` is the key's name.
  case outOfRange(endpoint: String, field: String)
  /// More regions or endpoints than can be numbered.
  case tooMany(String)
}

extension TopologyFault: CustomStringConvertible {
  /// The message for people.
  public var description: String {
    switch self {
    case .twoPrimaries(let region, let first, let second):
      "region `\(region)` has two primaries, `\(first)` and `\(second)`; make one a replica"
    case .duplicateName(let name): "two endpoints are called `\(name)`; names must be unique"
    case .duplicateAddress(let first, let second):
      "endpoints `\(first)` and `\(second)` have the same address; remove one"
    case .regionWithoutEndpoint(let region):
      "region `\(region)` of the policy has no endpoint"
    case .outOfRange(let endpoint, let field):
      "`\(field)` of endpoint `\(endpoint)` is out of range"
    case .tooMany(let what): "too many \(what)"
    }
  }
}

/// All mistakes of one configuration, found in one pass.
public struct TopologyFaults: Error, Hashable, Sendable {
  /// At least one fault, in the order of the configuration.
  public let faults: [TopologyFault]
}

/// The regions and endpoints behind the edge. Immutable; any thread may read it.
public final class Topology: Sendable {
  /// Region names, `RegionID` indexes them: those of the active policy in its order, then those
  /// that only have endpoints. No plan names the latter; they are probed, so that a version that
  /// names them can come into force at once.
  public let regionNames: [String]
  /// All endpoints; `EndpointID` indexes them.
  public let endpoints: [Endpoint]
  /// Endpoint identifiers grouped by region, replicas before the primary.
  private let members: [EndpointID]
  /// Where the group of region r, tier t starts in `members`: at `2r` replicas, at `2r + 1`
  /// primary.
  private let starts: [Int]
  /// Which of the regions are near to whom; nil: nobody said.
  let locality: Locality?

  private init(regionNames: [String], endpoints: [Endpoint], locality: LocalityTable?) {
    self.regionNames = regionNames
    self.locality = locality.map { Locality($0, regionNames: regionNames) }
    self.endpoints = endpoints
    var members: [EndpointID] = []
    var starts: [Int] = []
    for region in regionNames.indices {
      for tier in [Tier.replica, .primary] {
        starts.append(members.count)
        for endpoint in endpoints
        where Int(endpoint.region.index) == region && endpoint.tier == tier {
          members.append(endpoint.id)
        }
      }
    }
    starts.append(members.count)
    self.members = members
    self.starts = starts
  }

  /// The endpoint with this identifier; traps when it belongs to another topology.
  @inline(__always)
  public subscript(_ id: EndpointID) -> Endpoint { endpoints[Int(id.index)] }

  /// The locality table that it was made with.
  public var localityTable: LocalityTable? { locality?.table }

  /// The region of an endpoint, without a copy of its names.
  public func region(of id: EndpointID) -> RegionID { endpoints[Int(id.index)].region }

  /// The tier of an endpoint, without a copy of its names.
  public func tier(of id: EndpointID) -> Tier { endpoints[Int(id.index)].tier }

  /// The endpoints of one tier of one region; empty for `.cache` and for regions without any.
  public func endpoints(of region: RegionID, tier: Tier) -> ArraySlice<EndpointID> {
    guard tier != .cache, Int(region.index) < regionNames.count else { return [] }
    let group = 2 * Int(region.index) + (tier == .primary ? 1 : 0)
    return members[starts[group]..<starts[group + 1]]
  }

  /// For each endpoint, the endpoint of `old` whose connections it may keep.
  public func connectionsKept(from old: Topology) -> [EndpointID?] {
    var known: [EndpointIdentity: EndpointID] = [:]
    for endpoint in old.endpoints { known[endpoint.definition.identity] = endpoint.id }
    return endpoints.map { known[$0.definition.identity] }
  }

  /// Checks the definitions against the policy's regions, each of which needs an endpoint, and
  /// numbers them; other regions are numbered behind those, in the order of the definitions.
  public static func make(
    regionNames: [String], definitions: [EndpointDefinition], locality: LocalityTable? = nil
  ) throws(TopologyFaults) -> Topology {
    var check = TopologyCheck()
    let named = regionNames.count
    var regionNames = regionNames
    for name in definitions.map(\.regionName) where !regionNames.contains(name) {
      regionNames.append(name)
    }
    if regionNames.count > OriginLimits.regionCountMax { check.faults.append(.tooMany("regions")) }
    if definitions.count > OriginLimits.endpointCountMax {
      check.faults.append(.tooMany("endpoints"))
    }
    guard check.faults.isEmpty else { throw TopologyFaults(faults: check.faults) }
    for definition in definitions { check.add(definition, regionNames: regionNames) }
    check.finish(regionNames: regionNames[..<named])
    guard check.faults.isEmpty else { throw TopologyFaults(faults: check.faults) }
    return Topology(regionNames: regionNames, endpoints: check.endpoints, locality: locality)
  }
}

/// One pass over the definitions.
private struct TopologyCheck {
  var faults: [TopologyFault] = []
  var endpoints: [Endpoint] = []
  private var names: Set<String> = []
  private var addresses: [EndpointIdentity: String] = [:]
  private var primaries: [String: String] = [:]
  private var populated: Set<String> = []

  mutating func add(_ definition: EndpointDefinition, regionNames: [String]) {
    let name = definition.name
    for field in Self.fieldsOutOfRange(definition) {
      faults.append(.outOfRange(endpoint: name, field: field))
    }
    if !names.insert(name).inserted { faults.append(.duplicateName(name)) }
    if let first = addresses.updateValue(name, forKey: definition.identity) {
      faults.append(.duplicateAddress(first: first, second: name))
    }
    guard let region = regionNames.firstIndex(of: definition.regionName) else {
      preconditionFailure("all regions of definitions are numbered")
    }
    populated.insert(definition.regionName)
    if definition.tier == .primary,
      let first = primaries.updateValue(name, forKey: definition.regionName)
    {
      faults.append(.twoPrimaries(region: definition.regionName, first: first, second: name))
    }
    endpoints.append(
      Endpoint(
        id: EndpointID(endpoints.count), region: RegionID(UInt8(region)), definition: definition))
  }

  mutating func finish(regionNames: ArraySlice<String>) {
    for region in regionNames where !populated.contains(region) {
      faults.append(.regionWithoutEndpoint(region))
    }
  }

  private static func fieldsOutOfRange(_ definition: EndpointDefinition) -> [String] {
    var fields: [String] = []
    if !(1...OriginLimits.nameBytesMax).contains(definition.name.utf8.count) {
      fields.append("name")
    }
    if definition.tier == .cache { fields.append("tier") }
    if definition.host.isEmpty { fields.append("host") }
    if definition.port == 0 { fields.append("port") }
    if case .tls("", _) = definition.security { fields.append("serverName") }
    if !(1...OriginLimits.connectionCountMax).contains(definition.connectionCountMax) {
      fields.append("connectionCountMax")
    }
    if !(1...OriginLimits.requestCountMax).contains(definition.requestCountMax) {
      fields.append("requestCountMax")
    }
    if !(1...1000).contains(definition.weight) { fields.append("weight") }
    return fields
  }
}

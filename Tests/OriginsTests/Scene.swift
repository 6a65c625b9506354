import Base
import Origins
import Testing

/// An instant this many milliseconds after the scene's start.
func at(_ milliseconds: UInt64) -> Instant {
  Instant(nanoseconds: 5_000_000_000).adding(milliseconds: milliseconds)
}

/// Three regions; the first has two replicas and a primary, the others one replica and a primary.
func demoDefinitions() -> [EndpointDefinition] {
  var definitions: [EndpointDefinition] = []
  for (region, name) in demoRegions.enumerated() {
    for replica in 1...(region == 0 ? 2 : 1) {
      definitions.append(
        EndpointDefinition(
          name: "\(name)-r\(replica)", regionName: name, tier: .replica,
          host: "127.0.\(region).\(replica)", port: 8080))
    }
    definitions.append(
      EndpointDefinition(
        name: "\(name)-p", regionName: name, tier: .primary, host: "127.0.\(region).9",
        port: 8080))
  }
  return definitions
}

/// The demo's region names.
let demoRegions = ["west", "east", "central"]

/// The topology of `demoDefinitions`.
func demoTopology(locality: LocalityTable? = nil) throws -> Topology {
  try Topology.make(
    regionNames: demoRegions, definitions: demoDefinitions(), locality: locality)
}

extension Topology {
  /// The identifier of the endpoint called `name`; traps when there is none.
  func id(_ name: String) -> EndpointID {
    guard let found = endpoints.first(where: { $0.name == name }) else {
      preconditionFailure("no endpoint \(name)")
    }
    return found.id
  }
}

extension Endpoint {
  /// What this endpoint reports when all is well.
  func report(
    lag: UInt64? = 0, epoch: UInt64 = 1, role: ProbeReport.Role? = nil,
    status: ProbeReport.Status = .ok
  ) -> ProbeReport {
    ProbeReport(
      region: regionName, name: name, role: role ?? (tier == .primary ? .primary : .replica),
      epoch: epoch, position: 7, lagMilliseconds: lag, status: status)
  }

  /// A status that says that all is well at `now`.
  func goodStatus(at now: Instant, lag: UInt64 = 0, epoch: UInt64 = 1) -> EndpointStatus {
    var status = EndpointStatus(at: now)
    status.reach = .healthy
    status.freshness = .fresh
    status.role = tier == .primary ? .primary(epoch: epoch) : .replica(epoch: epoch)
    status.reportedLagMilliseconds = lag
    return status
  }
}

/// The value, or a failed test. Unlike the macro it takes the result of a mutating call.
func present<T>(_ value: T?, _ location: SourceLocation = #_sourceLocation) throws -> T {
  try #require(value, sourceLocation: location)
}

extension ReportedLoad {
  /// What one report of so many permille comes to.
  static func reported(_ permille: UInt16?, at now: Instant) -> ReportedLoad {
    var load = ReportedLoad()
    load.take(permille, askedAt: now, limits: OriginLimits())
    return load
  }
}

import Base
import Origins

/// A topology with a status for each endpoint, to be disturbed by a test.
struct World {
  let topology: Topology
  var statuses: [EndpointStatus]
  var epochs: [UInt64?]
  var loads: EndpointLoads
  var random: SplitMix64
  var plan = NarrowedPlan()
  var orders = RegionOrders()
  let now = at(10_000)

  init(seed: UInt64 = 1, locality: LocalityTable? = nil) throws {
    topology = try demoTopology(locality: locality)
    let now = at(10_000)
    statuses = topology.endpoints.map { $0.goodStatus(at: now) }
    epochs = [1, 1, 1]
    loads = EndpointLoads(topology: topology, limits: OriginLimits(), at: now)
    random = SplitMix64(seed: seed)
  }

  var snapshot: HealthSnapshot {
    HealthSnapshot(
      number: 1, topology: topology, statuses: statuses, epochs: epochs,
      orders: ServingOrders(orders, topology),
      authorities: ServingAuthorities(orders, topology), sampleAgeMillisecondsMax: 6_000)
  }

  mutating func change(_ name: String, _ edit: (inout EndpointStatus) -> Void) {
    edit(&statuses[Int(topology.id(name).index)])
  }

  /// What operators order about an endpoint.
  func order(_ endpoint: Endpoint) -> ServerOrder {
    let region = orders.regions[endpoint.regionName]
    let servers = region?.endpoints[endpoint.name] ?? region?.servers
    return (endpoint.tier == .primary ? servers?.primary : servers?.replica) ?? []
  }

  /// Narrows, and gives the names to try.
  mutating func narrow(
    _ steps: [Step], _ intent: Intent = .read, home: RegionID? = nil, at place: Place = .unknown
  ) -> [String] {
    Narrowing.narrow(
      steps, intent: intent, home: home, place: place, snapshot: snapshot, loads: loads, at: now,
      using: &random, into: &plan)
    return plan.choices.map { topology[$0.endpoint].name }
  }

  /// The reason for which `name` was removed from a step.
  func reason(_ name: String, step: UInt8 = 0) -> Removal? {
    plan.removed.first { $0.endpoint == topology.id(name) && $0.step == step }?.reason
  }
}

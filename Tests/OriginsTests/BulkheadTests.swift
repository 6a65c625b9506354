import Base
import Testing

@testable import Origins

/// Who gives way first when servers are busy.
@Suite struct BulkheadTests {
  private static func definition(connections: Int, _ version: OriginProtocol) -> EndpointDefinition
  {
    EndpointDefinition(
      name: "e", regionName: "r", tier: .replica, host: "127.0.0.1", port: 80, protocol: version,
      connectionCountMax: connections, requestCountMax: 10)
  }

  /// Connections, protocol, and the bounds from alarm to bulk.
  @Test(
    arguments: [
      (64, .http1, [1_344, 1_024, 704, 32]), (64, .http2, [1_920, 1_600, 1_280, 320]),
      (1, .http1, [1_281, 961, 641, 1]), (3, .http1, [1_283, 963, 643, 1]),
    ] as [(Int, OriginProtocol, [Int])])
  func eachClassHasItsBound(_ row: (Int, OriginProtocol, [Int])) {
    var bulkhead = Bulkhead(
      endpoints: [Self.definition(connections: row.0, row.1)], limits: OriginLimits())
    #expect(LatencyClass.allCases.map(bulkhead.bound) == row.2)
    for latency in LatencyClass.allCases {
      var taken = 0
      while bulkhead.take(latency) { taken += 1 }
      #expect(taken == bulkhead.bound(latency))
      bulkhead.giveBack(latency)
      let again = [bulkhead.take(latency), bulkhead.take(latency)]
      #expect(again == [true, false])
    }
  }

  /// Whatever exports do, half of the places are left, and other regions and tiers notice nothing.
  @Test func bulkIsBoundedForItsRegionAndTier() throws {
    let topology = try demoTopology()
    var loads = EndpointLoads(topology: topology, limits: OriginLimits(), at: at(0))
    let (one, other) = (topology.id("west-r1"), topology.id("west-r2"))
    var taken = 0
    while loads.take(taken % 2 == 0 ? one : other, .bulk) { taken += 1 }
    // Two servers with 128 connections each: half of them.
    #expect(taken == 128)
    let next = loads.take(one, .bulk)
    #expect(!next)
    for name in ["west-p", "east-r1"] {
      let isFree = loads.take(topology.id(name), .bulk)
      #expect(isFree)
    }
    for latency in [LatencyClass.alarm, .interactive, .chart] {
      let isFree = loads.take(one, latency)
      #expect(isFree)
    }
    loads.giveBack(one, .bulk)
    let again = loads.take(other, .bulk)
    #expect(again)
  }

  /// Random requests come and go: counts never pass a bound, and nothing is left in the end.
  @Test(arguments: 0..<32 as Range<UInt64>)
  func placesNeverLeak(_ seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    var definitions = demoDefinitions()
    for index in definitions.indices {
      definitions[index].connectionCountMax = Int.random(in: 1...4, using: &random)
    }
    var limits = OriginLimits()
    limits.waiterCountMax = 4
    limits.waiterCountConnectingMax = 0
    let topology = try Topology.make(regionNames: demoRegions, definitions: definitions)
    var loads = EndpointLoads(topology: topology, limits: limits, at: at(0))
    var held: [(EndpointID, LatencyClass)] = []
    var refusedCount = 0
    for _ in 0..<2_000 {
      if Int.random(in: 0..<3, using: &random) == 0, !held.isEmpty {
        let (endpoint, latency) = held.remove(at: Int.random(in: 0..<held.count, using: &random))
        loads.giveBack(endpoint, latency)
        continue
      }
      let endpoint = topology.endpoints.randomElement(using: &random)?.id ?? EndpointID(0)
      let latency = LatencyClass.allCases.randomElement(using: &random) ?? .bulk
      let peers = topology.endpoints(
        of: topology.region(of: endpoint), tier: topology.tier(of: endpoint))
      let bulkhead = Bulkhead(endpoints: peers.map { topology[$0].definition }, limits: limits)
      let count = held.count { peers.contains($0.0) && $0.1 == latency }
      let isTaken = loads.take(endpoint, latency)
      #expect(isTaken == (count < bulkhead.bound(latency)), "seed \(seed)")
      if isTaken { held.append((endpoint, latency)) } else { refusedCount += 1 }
    }
    #expect(refusedCount > 0)
    for (endpoint, latency) in held { loads.giveBack(endpoint, latency) }
    let unused = EndpointLoads(topology: topology, limits: limits, at: at(0))
    for endpoint in topology.endpoints {
      #expect(loads.cost(endpoint.id, at: at(0)) == unused.cost(endpoint.id, at: at(0)))
    }
  }

  /// A faster server with no place left costs more than a slower one that has some.
  @Test func theNextServerTakesOverBeforeAnybodyWaits() throws {
    var definitions = demoDefinitions()
    for index in definitions.indices { definitions[index].connectionCountMax = 10 }
    let topology = try Topology.make(regionNames: demoRegions, definitions: definitions)
    var loads = EndpointLoads(topology: topology, limits: OriginLimits(), at: at(0))
    let (fast, slow) = (topology.id("west-r1"), topology.id("west-r2"))
    for (endpoint, microseconds) in [(fast, UInt64(1_000)), (slow, 3_000_000_000)] {
      loads.started(endpoint)
      _ = loads.succeeded(endpoint, microseconds: microseconds, at: at(0))
    }
    var costs: [UInt64] = []
    for count in 0..<12 {
      costs.append(loads.cost(fast, at: at(0)))
      #expect((costs[count] < loads.cost(slow, at: at(0))) == (count < 10), "\(count) under way")
      let isTaken = loads.take(fast, .chart)
      #expect(isTaken)
    }
    // From four fifths on it costs four times as much.
    #expect(costs[8] == costs[7] / 8 * 9 * 4)
  }

  @Test func whoIsOverloadedIsLeftAloneAsLongAsItSays() throws {
    let topology = try demoTopology()
    var loads = EndpointLoads(topology: topology, limits: OriginLimits(), at: at(0))
    let endpoint = topology.id("west-r1")
    let before = loads.cost(endpoint, at: at(0))
    loads.overloaded(endpoint, seconds: 3, at: at(0))
    loads.overloaded(endpoint, seconds: 0, at: at(0))
    #expect(loads.isAvoided(endpoint, at: at(2_999)))
    // A success in between does not end it.
    loads.started(endpoint)
    _ = loads.succeeded(endpoint, microseconds: 30_000, at: at(10))
    #expect(loads.isOverloaded(endpoint, at: at(2_999)))
    #expect(!loads.isAvoided(endpoint, at: at(3_000)))
    #expect(loads.cost(endpoint, at: at(3_000)) > before)
    #expect(loads.cost(endpoint, at: at(13_000)) < before)
    loads.overloaded(endpoint, seconds: .max, at: at(20_000))
    #expect(!loads.isAvoided(endpoint, at: at(50_000)))
  }

  /// Row 13: until then, only when nothing else of the plan is left.
  @Test func whoIsOverloadedIsTheLastResort() throws {
    var world = try World()
    let steps = [
      Step(region: RegionID(1), tier: .replica), Step(region: RegionID(1), tier: .primary),
    ]
    world.loads.overloaded(world.topology.id("east-r1"), seconds: 2, at: world.now)
    #expect(world.narrow(steps) == ["east-p"])
    #expect(world.reason("east-r1") == .overloaded)
    world.loads.overloaded(world.topology.id("east-p"), seconds: 2, at: world.now)
    #expect(world.narrow(steps) == ["east-r1", "east-p"])
    // A write has no other.
    #expect(world.narrow([steps[1]], .write) == ["east-p"])
  }
}

import Base
import Origins
import Testing

@Suite struct EndpointLoadsTests {
  @Test func aPeakCountsAtOnceAndFades() {
    var estimate = LatencyEstimate(initialMicroseconds: 30_000, at: at(0))
    func value(_ milliseconds: UInt64) -> UInt64 {
      estimate.microseconds(at: at(milliseconds), decayMilliseconds: 10_000)
    }
    // Never asked: a quick peer must not keep it from being asked at all.
    #expect(value(0) == 30_000)
    #expect((4_000..<4_500).contains(value(60_000)))
    estimate.observe(microseconds: 1_000, at: at(0), decayMilliseconds: 10_000)
    #expect(value(0) == 1_000)
    estimate.observe(microseconds: 50_000, at: at(10), decayMilliseconds: 10_000)
    #expect(value(10) == 50_000)
    estimate.observe(microseconds: 1_000, at: at(20), decayMilliseconds: 10_000)
    #expect((49_000..<50_000).contains(value(20)))
    estimate.observe(microseconds: 1_000, at: at(10_020), decayMilliseconds: 10_000)
    #expect((25_000...26_000).contains(value(10_020)))
    // Without samples it sinks too, so that the endpoint is tried again.
    #expect((12_000...13_000).contains(value(20_020)))
    estimate.observe(microseconds: .max, at: at(10_020), decayMilliseconds: 10_000)
    #expect(value(.max / 2_000_000) < 3_600_000_000)
  }

  @Test func costGrowsWithRequestsUnderWayAndSinksWithWeight() throws {
    var definitions = demoDefinitions()
    definitions[1].weight = 200
    let topology = try Topology.make(regionNames: demoRegions, definitions: definitions)
    var loads = EndpointLoads(topology: topology, limits: OriginLimits(), at: at(0))
    let (one, two) = (EndpointID(0), EndpointID(1))
    #expect(loads.cost(one, at: at(0)) == 2 * loads.cost(two, at: at(0)))
    loads.started(two)
    #expect(loads.cost(one, at: at(0)) == loads.cost(two, at: at(0)))
    loads.started(two)
    #expect(loads.cost(one, at: at(0)) < loads.cost(two, at: at(0)))
    loads.abandoned(two)
    loads.abandoned(two)
    #expect(loads.inFlightCount(two) == 0)
  }

  @Test func aWarmingEndpointHasAShareOfItsWeight() throws {
    let loads = EndpointLoads(topology: try demoTopology(), limits: OriginLimits(), at: at(0))
    let whole = loads.cost(EndpointID(0), at: at(0))
    let rows: [(UInt64, UInt64)] = [
      (60_000, 100), (59_000, 100), (30_000, 500), (15_000, 750), (1, 1_000), (0, 1_000),
    ]
    for (left, permille) in rows {
      let cost = loads.cost(EndpointID(0), warmUntil: at(left), at: at(0))
      #expect(cost == whole / permille * 1000 || left == 0 && cost == whole, "\(left) ms left")
    }
  }

  @Test func oneRequestTestsAnEndpointAtATime() throws {
    var loads = EndpointLoads(topology: try demoTopology(), limits: OriginLimits(), at: at(0))
    let endpoint = EndpointID(1)
    #expect(loads.isProbationFree(endpoint, at: at(0)))
    loads.beginProbation(endpoint, at: at(0))
    #expect(!loads.isProbationFree(endpoint, at: at(0)))
    // It never got a connection.
    #expect(loads.isProbationFree(endpoint, at: at(1_000)))
    loads.beginProbation(endpoint, at: at(1_000))
    loads.started(endpoint)
    #expect(!loads.isProbationFree(endpoint, at: at(9_000)))
    loads.abandoned(endpoint)
    #expect(loads.isProbationFree(endpoint, at: at(9_000)))
  }

  @Test func tellsSuccessesSparselyAndAfterAFailureAtOnce() throws {
    let topology = try demoTopology()
    var loads = EndpointLoads(topology: topology, limits: OriginLimits(), at: at(0))
    let endpoint = EndpointID(2)
    func succeed(_ now: UInt64) -> UInt64 {
      loads.started(endpoint)
      return loads.succeeded(endpoint, microseconds: 900, at: at(now))
    }
    #expect(succeed(0) == 1)
    #expect(succeed(1) == 0)
    #expect(succeed(99) == 0)
    #expect(succeed(100) == 3)
    loads.started(endpoint)
    loads.failed(endpoint, at: at(101))
    #expect(loads.isAvoided(endpoint, at: at(1_100)))
    #expect(!loads.isAvoided(endpoint, at: at(1_101)))
    #expect(succeed(102) == 1)
    #expect(!loads.isAvoided(endpoint, at: at(102)))
  }
}

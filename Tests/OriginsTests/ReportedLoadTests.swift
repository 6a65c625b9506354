import Base
import Origins
import Testing

/// What endpoints say of their load, from the report to the choice.
@Suite struct ReportedLoadTests {
  private static let replicas = Step(
    region: RegionID(0), tier: .replica, stalenessMillisecondsMax: 5_000)
  private static let primary = Step(region: RegionID(0), tier: .primary)

  /// The cost of one request to an idle endpoint, against that of one that says nothing.
  private func factor(_ load: ReportedLoad, at now: Instant = at(0)) throws -> Double {
    let loads = EndpointLoads(topology: try demoTopology(), limits: OriginLimits(), at: at(0))
    return Double(loads.cost(EndpointID(0), load: load, at: now))
      / Double(loads.cost(EndpointID(0), at: now))
  }

  @Test(
    arguments: [
      (nil, 1), (0, 1), (300, 1), (500, 1), (600, 1.25), (750, 2), (800, 2.5), (900, 5),
      (950, 10), (1_000, 10), (9_999, 10),
    ] as [(UInt16?, Double)])
  func costGrowsLikeAQueue(_ permille: UInt16?, _ expected: Double) throws {
    #expect(abs(try factor(.reported(permille, at: at(0))) - expected) < 0.02)
  }

  @Test func costNeverFallsAsLoadGrows() throws {
    let factors = try (0...1_000 as ClosedRange<UInt16>).map {
      try factor(.reported($0, at: at(0)))
    }
    #expect(zip(factors, factors.dropFirst()).allSatisfy { $0 <= $1 })
  }

  /// Five intervals after it was asked for, a report says nothing.
  @Test func oldReportsSayNothing() throws {
    let load = ReportedLoad.reported(950, at: at(0))
    #expect(try factor(load, at: at(1_999)) > 9)
    #expect(try factor(load, at: at(2_000)) == 1)
    var world = try World()
    world.change("west-r1") { $0.load = .reported(1_000, at: at(8_001)) }
    #expect(world.narrow([Self.replicas]) == ["west-r2"])
    world.change("west-r1") { $0.load = .reported(1_000, at: at(8_000)) }
    #expect(world.narrow([Self.replicas]).count == 2)
  }

  @Test func aRiseCountsAtOnceAndAFallBitByBit() throws {
    var load = ReportedLoad()
    func take(_ permille: UInt16?) -> Bool {
      load.take(permille, askedAt: at(0), limits: OriginLimits())
      return load.isSaturated
    }
    #expect(!take(200) && !take(949))
    #expect(take(950) && take(9_999))
    #expect(load.permille == 9_999)
    // 1000, 900, 812, 735.
    #expect(take(200) && take(200) && !take(200))
    #expect(load.permille == 200)
    var factors = [try factor(load)]
    for _ in 0..<40 {
      _ = take(200)
      factors.append(try factor(load))
    }
    #expect(factors[0] > 1.5 && factors[40] == 1)
    #expect(zip(factors, factors.dropFirst()).allSatisfy { $0 >= $1 })
    // Used again as a matter of course only below where it began to spill.
    #expect(take(950) && take(850) && take(850) && take(850))
    // Who does not speak of it any more has said nothing, and begins anew.
    #expect(!take(nil) && load == ReportedLoad())
  }

  @Test func theBoardPublishesAndForgets() throws {
    var board = HealthBoard(
      topology: try demoTopology(), limits: OriginLimits(), at: at(0), seed: 1)
    var start: ProbeStart?
    while let next = board.nextProbe(at: at(0)) {
      if next.endpoint == EndpointID(0) { start = next }
    }
    var report = board.topology[EndpointID(0)].report()
    report.loadPermille = 960
    board.probeSucceeded(try present(start), report: report, at: at(2))
    let health = try present(board.takeSnapshot())
    #expect(health[EndpointID(0)].load.permille == 960)
    #expect(health[EndpointID(0)].load.isSaturated)
    #expect(health.copyForLoop()[EndpointID(0)].load == health[EndpointID(0)].load)
    #expect(health[EndpointID(1)].load == ReportedLoad())
    // It stays over a reload, and ends with its time.
    var next = HealthBoard(
      topology: try demoTopology(), limits: OriginLimits(), keeping: board, at: at(3))
    #expect(try present(next.takeSnapshot())[EndpointID(0)].load.permille == 960)
    while next.nextProbe(at: at(2_000)) != nil {}
    #expect(try present(next.takeSnapshot())[EndpointID(0)].load == ReportedLoad())
  }

  @Test func whoIsSaturatedIsTheLastToRead() throws {
    for seed in 0..<20 as Range<UInt64> {
      var world = try World(seed: seed)
      let now = world.now
      world.change("west-r1") { $0.load = .reported(950, at: now) }
      #expect(world.narrow([Self.replicas, Self.primary]) == ["west-r2", "west-p"])
      #expect(world.reason("west-r1") == .saturated)
      // Health comes first: who does not answer is no peer.
      world.change("west-r2") { $0.reach = .down }
      #expect(world.narrow([Self.replicas]) == ["west-r1"])
      #expect(world.plan.choices[0].lastResort == .saturated)
      // Nobody outside the plan stands in for it.
      #expect(world.narrow([Self.replicas, Self.primary]) == ["west-p"])
      // A write has no other place.
      world.change("west-p") { $0.load = .reported(1_000, at: now) }
      #expect(world.narrow([Self.primary], .write) == ["west-p"])
      #expect(world.narrow([Self.replicas, Self.primary]) == ["west-r1", "west-p"])
      // Whom an operator forces in serves whatever it says.
      world.orders.regions["west"] = .init(replica: .forcedIn, primary: [])
      #expect(Set(world.narrow([Self.replicas])) == ["west-r1", "west-r2"])
      #expect(world.plan.choices.allSatisfy { $0.lastResort == nil })
    }
  }

  /// When all are at their limit they share the requests as ever.
  @Test func saturationOfAllIsShared() throws {
    var world = try World(seed: 4)
    let now = world.now
    for name in ["west-r1", "west-r2"] { world.change(name) { $0.load = .reported(950, at: now) } }
    var counts: [String: Int] = [:]
    for _ in 0..<1_000 {
      let names = world.narrow([Self.replicas])
      #expect(Set(names) == ["west-r1", "west-r2"])
      let first = try present(names.first)
      counts[first, default: 0] += 1
      world.loads.started(world.topology.id(first))
    }
    #expect(counts.values.allSatisfy { $0 == 500 }, "\(counts)")
  }

  /// With requests under way, load moves a share of the requests and not all of them: no rush.
  @Test(arguments: [(750, 2.0), (900, 5.0)] as [(UInt16, Double)])
  func aBusyServerKeepsAShare(_ permille: UInt16, _ factor: Double) throws {
    var world = try World(seed: 9)
    let now = world.now
    world.change("west-r1") { $0.load = .reported(permille, at: now) }
    var counts = ["west-r1": 0.0, "west-r2": 0.0]
    for _ in 0..<48 {
      let first = try present(world.narrow([Self.replicas]).first)
      counts[first, default: 0] += 1
      world.loads.started(world.topology.id(first))
    }
    let (busy, idle) = (try present(counts["west-r1"]), try present(counts["west-r2"]))
    #expect(busy > 0 && abs(idle / busy - factor) < 0.25 * factor, "\(counts)")
  }
}

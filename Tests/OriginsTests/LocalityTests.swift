import Base
import Origins
import Testing

/// Which of equals is nearest, and when the nearest is not the one.
@Suite struct LocalityTests {
  /// One choice between all regions; the demo's are west, east and central.
  private static let group = (0..<3).map {
    Step(region: RegionID($0), tier: .replica, stalenessMillisecondsMax: 5_000, orderGroup: 1)
  }
  private static let table = LocalityTable(
    fallback: ["central", "east", "west"],
    rows: [
      .init(place("US"), ["west"]), .init(place("US-NY"), ["east", "central", "west"]),
      .init(place("DE"), ["east", "north"]),
    ])

  private static func place(_ text: String) -> Place { Place(text) ?? .unknown }

  /// The regions in the order in which servers of theirs come.
  private func regions(_ world: World) -> [String] {
    world.plan.choices.map { world.topology[$0.endpoint].regionName }
  }

  @Test(
    arguments: [
      ("US-NY", ["east", "central", "west", "west"]),
      ("unknown", ["central", "east", "west", "west"]),
      ("FR", ["central", "east", "west", "west"]), ("FR-75", ["central", "east", "west", "west"]),
      ("DE-BE", ["east"]), ("DE", ["east"]), ("US-AZ", ["west", "west"]), ("US", ["west", "west"]),
    ] as [(String, [String])])
  func theTableOrders(_ place: String, _ expected: [String]) throws {
    for seed in 0..<20 as Range<UInt64> {
      var world = try World(seed: seed, locality: Self.table)
      // Whatever was measured.
      for name in ["east-r1", "west-r1"] {
        for _ in 0..<10 { world.loads.started(world.topology.id(name)) }
      }
      _ = world.narrow(Self.group, at: Self.place(place))
      #expect(regions(world).prefix(expected.count) == expected[...])
      #expect(world.plan.choices.count == 4)
    }
  }

  /// Who has no row, where there is no order for all: measured cost decides, as without a table.
  @Test func withoutAWordCostDecides() throws {
    for table in [nil, LocalityTable(rows: Self.table.rows), LocalityTable()] as [LocalityTable?] {
      for seed in 0..<20 as Range<UInt64> {
        var world = try World(seed: seed, locality: table)
        for name in ["west-r1", "west-r2", "central-r1"] {
          for _ in 0..<9 { world.loads.started(world.topology.id(name)) }
        }
        var hits = 0
        for _ in 0..<100 where world.narrow(Self.group, at: Self.place("FR")).first == "east-r1" {
          hits += 1
        }
        // One of the two drawn: half of the time among four.
        #expect((30...70).contains(hits), "\(hits)")
      }
    }
  }

  @Test func onlyEqualsChangePlaces() throws {
    var world = try World(locality: Self.table)
    var steps = Self.group
    for index in steps.indices { steps[index].orderGroup = 0 }
    _ = world.narrow(steps, at: Self.place("US-NY"))
    #expect(regions(world) == ["west", "west", "east", "central"])
    steps[1].orderGroup = 2
    steps[2].orderGroup = 2
    _ = world.narrow(steps, at: .unknown)
    #expect(regions(world) == ["west", "west", "central", "east"])
    // A region that the plan does not name stays out, though it is the nearest.
    _ = world.narrow([steps[0], steps[2]], at: Self.place("US-NY"))
    #expect(Set(regions(world)) == ["west", "central"])
  }

  @Test func theNextNearestFollowsWhenTheNearestFails() throws {
    let newYork = Self.place("US-NY")
    for edit in [
      { $0.reach = .down }, { $0.reach = .ejected }, { $0.reach = .suspect },
      { $0.reportedLagMilliseconds = 6_000 }, { $0.isDraining = true }, { $0.freshness = .lagging },
      { $0.load = .reported(950, at: at(10_000)) },
    ] as [(inout EndpointStatus) -> Void] {
      var world = try World(locality: Self.table)
      world.change("east-r1", edit)
      #expect(world.narrow(Self.group, at: newYork).first == "central-r1")
      world.change("central-r1", edit)
      #expect(world.narrow(Self.group, at: newYork).first?.hasPrefix("west") == true)
    }
    var world = try World(locality: Self.table)
    world.loads.started(world.topology.id("east-r1"))
    world.loads.failed(world.topology.id("east-r1"), at: at(9_900))
    #expect(world.narrow(Self.group, at: newYork).first == "central-r1")
  }

  /// Operators' word weighs more than nearness.
  @Test func whatIsPreferredComesBeforeWhatIsNear() throws {
    var world = try World(locality: Self.table)
    world.orders.regions["west"] = .init(replica: .preferred, primary: [])
    _ = world.narrow(Self.group, at: Self.place("US-NY"))
    #expect(regions(world) == ["west", "west", "east", "central"])
    world.orders.regions["west"] = .init(replica: .drained, primary: [])
    _ = world.narrow(Self.group, at: Self.place("US-AZ"))
    #expect(Set(regions(world)) == ["east", "central"])
  }

  /// From where it is said to be busy on, the nearest gives away a growing share, and all of it
  /// when its places are taken.
  @Test(
    arguments: [(700, 1_000), (800, 1_000), (860, 600), (920, 200)] as [(UInt16, Int)])
  func theNearestSpillsBeforeItIsSaturated(_ permille: UInt16, _ share: Int) throws {
    var world = try World(seed: 3, locality: Self.table)
    let now = world.now
    world.change("east-r1") { $0.load = .reported(permille, at: now) }
    let hits = (0..<1_000).count { _ in
      world.narrow(Self.group, at: Self.place("US-NY")).first == "east-r1"
    }
    #expect(abs(hits - share) <= (share == 1_000 ? 0 : 60), "\(hits)")
    // Who gives way comes behind all others that have room.
    if share < 1_000 {
      while world.narrow(Self.group, at: Self.place("US-NY")).first == "east-r1" {}
      #expect(regions(world) == ["central", "west", "west", "east"])
    }
  }

  @Test func fullAndReturningServersSpill() throws {
    let newYork = Self.place("US-NY")
    var world = try World(seed: 3, locality: Self.table)
    let definition = world.topology[world.topology.id("east-r1")].definition
    #expect(definition.protocol == .http1)
    for _ in 0..<definition.connectionCountMax * 4 / 5 {
      world.loads.started(world.topology.id("east-r1"))
    }
    #expect(world.narrow(Self.group, at: newYork).first == "central-r1")
    world.loads.abandoned(world.topology.id("east-r1"))
    #expect(world.narrow(Self.group, at: newYork).first == "east-r1")
    // Who comes back takes its share little by little.
    world.change("east-r1") { $0.warmUntil = at(40_000) }
    let hits = (0..<1_000).count { _ in world.narrow(Self.group, at: newYork).first == "east-r1" }
    #expect((440...560).contains(hits), "\(hits)")
  }

  /// The compiled table against its plain definition, with random tables.
  @Test(arguments: 0..<30 as Range<UInt64>)
  func theTableIsItsDefinition(_ seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    func names() -> [String] {
      Array(demoRegions.shuffled(using: &random).prefix(.random(in: 0...3, using: &random)))
    }
    let letters = ["A", "B", "C"]
    let countries = letters.flatMap { first in letters.map { first + $0 } }
    let places = countries.flatMap { country in
      [country] + ["-1", "-AA", "-XYZ"].map { country + $0 }
    }
    .map(Self.place)
    let chosen = places.shuffled(using: &random).prefix(
      .random(in: 0...places.count, using: &random))
    let table = LocalityTable(fallback: names(), rows: chosen.map { .init($0, names()) })
    var world = try World(seed: seed, locality: table)
    #expect(world.topology.localityTable == table)
    for place in places + [.unknown, Self.place("ZZ"), Self.place("ZZ-1")] {
      _ = world.narrow(Self.group, at: place)
      let order = table.regionNames(of: place)
      var seen: [String] = []
      for name in regions(world) where !seen.contains(name) { seen.append(name) }
      #expect(Array(seen.prefix(order.count)) == order, "\(place)")
      #expect(Set(seen) == Set(demoRegions))
    }
  }
}

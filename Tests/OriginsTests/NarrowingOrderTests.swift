import Base
import Origins
import Testing

/// What operators order, against plans and health.
@Suite struct NarrowingOrderTests {
  private static let steps = [
    Step(region: RegionID(0), tier: .replica, stalenessMillisecondsMax: 5_000),
    Step(region: RegionID(0), tier: .primary),
    Step(region: RegionID(1), tier: .replica, stalenessMillisecondsMax: 5_000),
  ]

  private func world(
    replica: ServerOrder = [], primary: ServerOrder = [], seed: UInt64 = 1
  ) throws -> World {
    var world = try World(seed: seed)
    world.orders.regions["west"] = .init(replica: replica, primary: primary)
    return world
  }

  @Test(
    arguments: [
      (.drained, .drained), (.evacuated, .evacuated), (.heldOut, .heldOut),
      ([.drained, .preferred], .drained), ([.evacuated, .drained], .evacuated),
    ] as [(ServerOrder, Removal)])
  func takesServersOut(_ order: ServerOrder, _ reason: Removal) throws {
    var world = try world(replica: order)
    #expect(world.narrow(Self.steps) == ["west-p", "east-r1"])
    #expect(world.reason("west-r1") == reason && world.reason("west-r2") == reason)
    world = try self.world(replica: order, primary: order)
    #expect(world.narrow(Self.steps) == ["east-r1"])
    #expect(world.narrow(Self.steps, .write) == [])
    // Not even as a last resort.
    world.change("east-r1") { $0.reach = .down }
    #expect(world.narrow(Self.steps) == [])
  }

  @Test(arguments: ["down", "ejected", "draining", "suspect", "avoided"])
  func whatIsForcedInServesWhateverItsHealth(_ trouble: String) throws {
    for seed in 0..<10 as Range<UInt64> {
      var world = try world(replica: .forcedIn, seed: seed)
      world.change("west-r2") { $0.reach = .down }
      world.change("west-r1") { status in
        switch trouble {
        case "down": status.reach = .down
        case "ejected": status.reach = .ejected
        case "draining": status.isDraining = true
        case "suspect": status.reach = .suspect
        default: break
        }
      }
      if trouble == "avoided" {
        world.loads.started(world.topology.id("west-r1"))
        world.loads.failed(world.topology.id("west-r1"), at: at(9_500))
      }
      #expect(Set(world.narrow([Self.steps[0]])) == ["west-r1", "west-r2"])
      #expect(world.plan.choices.allSatisfy { $0.lastResort == nil })
    }
  }

  @Test func forceIsWeakerThanLawRoleAndEpoch() throws {
    let step = Step(region: RegionID(0), tier: .primary)
    func attempt(_ edit: (inout EndpointStatus) -> Void) throws -> Removal? {
      var world = try self.world(replica: .forcedIn, primary: .forcedIn)
      world.change("west-p", edit)
      // No plan names another region, so none is used.
      let names = world.narrow([step], .write)
      #expect(names == [] || names == ["west-p"])
      return world.reason("west-p")
    }
    #expect(try attempt { $0.reach = .down } == nil)
    #expect(try attempt { $0.role = .replica(epoch: 1) } == .notPrimary)
    #expect(try attempt { $0.role = .conflict(epoch: 1) } == .conflict)
    #expect(try attempt { $0.role = .primary(epoch: 0) } == .oldEpoch)
    #expect(try attempt { $0.role = .unknown } == .unmeasured)
    var world = try self.world(replica: .forcedIn)
    world.change("west-r1") { $0.reportedLagMilliseconds = 5_001 }
    world.change("west-r2") { $0.reportedLagMilliseconds = nil }
    #expect(world.narrow([Self.steps[0]]) == [])
  }

  @Test func aFreezeStopsEjectionOnly() throws {
    var world = try world(replica: .frozen)
    world.change("west-r1") { $0.reach = .ejected }
    world.change("west-r2") { $0.reach = .down }
    #expect(world.narrow(Self.steps) == ["west-r1", "west-p", "east-r1"])
    #expect(world.reason("west-r2") == .down)
  }

  @Test(arguments: 0..<20 as Range<UInt64>)
  func whatIsPreferredComesFirstAmongEquals(_ seed: UInt64) throws {
    let group = (0..<3).map {
      Step(
        region: RegionID($0), tier: .replica, stalenessMillisecondsMax: 5_000, orderGroup: 1)
    }
    var world = try World(seed: seed)
    world.orders.regions["central"] = .init(replica: .preferred, primary: .preferred)
    for _ in 0..<50 { world.loads.started(world.topology.id("central-r1")) }
    #expect(world.narrow(group).first == "central-r1")
    #expect(world.plan.choices.count == 4)
    // Not before another step, and not before health.
    #expect(world.narrow(Self.steps + [group[2]]).last == "central-r1")
    world.change("central-r1") { $0.reach = .suspect }
    #expect(world.narrow(group).last == "central-r1")
  }

  @Test func ordersAreTheNewTopologysByName() throws {
    let one = try demoTopology()
    let other = try Topology.make(
      regionNames: ["central", "west", "east"], definitions: demoDefinitions())
    let orders = RegionOrders(["west": .init(replica: .drained), "north": .init(primary: .drained)])
    #expect(ServingOrders(orders, one)[one.id("west-r1"), .replica] == .drained)
    #expect(ServingOrders(orders, one)[one.id("west-p"), .primary] == [])
    #expect(ServingOrders(orders, other)[other.id("west-r1"), .replica] == .drained)
    #expect(ServingOrders(orders, other)[other.id("central-r1"), .replica] == [])
    #expect(ServingOrders(RegionOrders(["north": .init(primary: .drained)]), one).isEmpty)
    var board = HealthBoard(topology: one, limits: OriginLimits(), at: at(0), seed: 1)
    _ = board.takeSnapshot()
    board.order(orders)
    let health = try present(board.takeSnapshot())
    #expect(health.orders[one.id("west-r1"), .replica] == .drained)
    #expect(health.copyForLoop().orders == health.orders)
    board.order(orders)
    #expect(board.takeSnapshot() == nil)
    var next = HealthBoard(topology: other, limits: OriginLimits(), keeping: board, at: at(1))
    #expect(try present(next.takeSnapshot()).orders[other.id("west-r1"), .replica] == .drained)
  }

  @Test func anOrderAboutOneServerLeavesTheOthers() throws {
    var world = try World(seed: 1)
    world.orders.regions["west"] = .init(
      .init(), endpoints: ["west-r1": .init(replica: .drained)])
    let steps = [Step(region: RegionID(0), tier: .replica)]
    let names = world.narrow(steps)
    #expect(!names.isEmpty && !names.contains("west-r1"))
    #expect(world.reason("west-r1") == .drained)
    // What is ordered about all of them is part of what is ordered about one.
    world.orders.regions["west"] = .init(
      .init(replica: .heldOut), endpoints: ["west-r1": .init(replica: [.heldOut, .preferred])])
    #expect(world.narrow(steps).isEmpty)
  }

  /// Of many reads the share goes there first, whichever server is drawn; the rest only when
  /// nothing else is left, and writes do not ask.
  @Test(arguments: [1, 5, 25, 50, 99] as [UInt8])
  func aRampGetsItsShareOfTheReads(_ percent: UInt8) throws {
    var world = try World(seed: 1)
    world.orders.regions["west"] = .init(
      .init(replicaPercent: percent, primaryPercent: percent))
    let west = Step(region: RegionID(0), tier: .replica)
    let east = Step(region: RegionID(1), tier: .replica)
    let count = 20_000
    let hits = (0..<count).filter { _ in
      world.narrow([west, east]).contains { $0.hasPrefix("west") }
    }.count
    let expected = Double(count) * Double(percent) / 100
    #expect(abs(Double(hits) - expected) < 5 * expected.squareRoot() + 1, "\(hits)")
    let lonely = world.narrow([west])
    #expect(lonely.count > 1)
    #expect(world.narrow([Step(region: RegionID(0), tier: .primary)], .write) == ["west-p"])
  }
}

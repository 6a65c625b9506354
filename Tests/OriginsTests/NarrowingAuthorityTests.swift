import Base
import Origins
import Testing

/// Steps and records: who is the primary of whose data.
@Suite struct NarrowingAuthorityTests {
  private let west = RegionID(0)
  private let east = RegionID(1)
  private let primary = [Step(region: RegionID(0), tier: .primary)]

  /// A world in which the writes of west's data are held by `holder` in `epoch`.
  private func world(
    _ holder: String, _ epoch: UInt64, _ state: DomainAuthority.State = .active,
    candidate: String? = nil
  ) throws -> World {
    var world = try World()
    world.orders.authorities["west"] = DomainAuthority(
      state: state, holder: holder, candidate: candidate,
      history: EpochHistory(holderEpoch: epoch, forks: [.init(epoch: 1, position: nil)]))
    world.orders.authorityRevision = 1
    return world
  }

  /// Roles of west-p and west-r1, the record, and where writes, reads of the primary and reads of
  /// replicas go (without west-r2, which is one always).
  @Test(
    arguments: [
      // As it was configured.
      ("P1", "R1", "west-p", 1, .active, "p", "p", "r1"),
      // The holder's word is not the record's: nobody may be written.
      ("P2", "R1", "west-p", 1, .active, "", "", "r1"),
      ("R1", "R1", "west-p", 1, .active, "", "", "r1"),
      // The authority moves.
      ("P1", "R1", "west-p", 1, .moving, "", "p", "r1"),
      ("P1", "P2", "west-p", 1, .moving, "", "p", ""),
      // The replica has it; the old primary may be writable still, or follow.
      ("P1", "P2", "west-r1", 2, .active, "r1", "r1", ""),
      ("R2", "P2", "west-r1", 2, .active, "r1", "r1", "p"),
      ("R1", "P2", "west-r1", 2, .active, "r1", "r1", ""),
      // Not yet confirmed.
      ("P1", "R1", "west-r1", 2, .active, "", "", ""),
      // Nobody has it.
      ("P1", "R1", "west-p", 1, .stopped, "", "p", "r1"),
    ] as [(String, String, String, UInt64, DomainAuthority.State, String, String, String)])
  func theRecordSaysWhoIsThePrimary(
    _ p: String, _ r1: String, _ holder: String, _ epoch: UInt64, _ state: DomainAuthority.State,
    _ writes: String, _ reads: String, _ replicas: String
  ) throws {
    var world = try world(holder, epoch, state, candidate: "west-r1")
    world.epochs = [2, 1, 1]
    world.change("west-p") { $0.role = role(p) }
    world.change("west-r1") { $0.role = role(r1) }
    world.change("west-r2") { $0.role = .replica(epoch: 0) }
    let names = { (found: [String]) in found.map { $0.dropFirst(5) }.joined(separator: " ") }
    #expect(names(world.narrow(primary, .write, home: west)) == writes)
    #expect(names(world.narrow(primary, .read, home: west)) == reads)
    #expect(names(world.narrow([Step(region: west, tier: .replica)], home: west)) == replicas)
  }

  private func role(_ text: String) -> RoleClaim {
    let epoch = UInt64(text.dropFirst()) ?? 0
    return text.hasPrefix("P") ? .primary(epoch: epoch) : .replica(epoch: epoch)
  }

  @Test func aWriteWaitsOnlyForWhatWillCome() throws {
    func wait(_ world: World, _ intent: Intent = .write) -> NarrowedPlan.AuthorityWait {
      var world = world
      _ = world.narrow(primary, intent, home: west)
      return world.plan.authorityWait
    }
    #expect(try wait(world("west-p", 1)) == .none)
    #expect(try wait(world("west-p", 1, .moving)) == .moving(west))
    #expect(try wait(world("west-p", 1, .stopped)) == .stopped)
    // The holder has not taken its epoch yet.
    #expect(try wait(world("west-p", 2)) == .moving(west))
    #expect(try wait(world("west-r1", 2)) == .moving(west))
    // A read that only the primary may serve waits with the writes, but not for a fence.
    #expect(try wait(world("west-r1", 2), .read) == .moving(west))
    #expect(try wait(world("west-p", 1, .moving), .read) == .none)
    #expect(try wait(world("west-p", 1, .stopped), .read) == .none)
    var down = try world("west-p", 1)
    down.change("west-p") { $0.reach = .down }
    #expect(wait(down) == .none)
    // A later epoch than the record's: something else decides there.
    #expect(try wait(world("west-p", 0)) == .none)
    var unrecorded = try World()
    unrecorded.change("west-p") { $0.role = .replica(epoch: 1) }
    #expect(wait(unrecorded) == .none)
  }

  @Test func noRecordLeadsOutOfTheStepsRegion() throws {
    var world = try world("east-r1", 2)
    world.change("east-r1") { $0.homeClaims = [.primary(epoch: 2), .replica(epoch: 1), .unknown] }
    #expect(world.narrow(primary, .write, home: west) == [])
    #expect(world.plan.removed.map(\.reason) == [.authorityElsewhere])
    world.orders.regions["east"] = RegionOrders.Region(replica: .forcedIn, primary: .forcedIn)
    #expect(world.narrow(primary, .write, home: west) == [])
    // Where the plan allows that region, it is the primary there.
    let both = primary + [Step(region: east, tier: .primary)]
    #expect(world.narrow(both, .write, home: west) == ["east-r1"])
    #expect(world.plan.choices[0].epoch == 2)
    #expect(world.plan.choices[0].step == 1)
    // Its word about its own region does not count for west's data.
    world.change("east-r1") { $0.homeClaims = [] }
    #expect(world.narrow(both, .write, home: west) == [])
    // Other data is where it was.
    #expect(world.narrow(both, .write, home: east) == ["west-p", "east-p"])
  }

  /// What a holder in another region said of itself is as old as its word, once others may write.
  @Test(
    arguments: [(.active, 0), (.moving, 900), (.stopped, 900)] as [(DomainAuthority.State, UInt64)])
  func aHoldersWordAgesWhileItsAuthorityMoves(
    _ state: DomainAuthority.State, _ lag: UInt64
  ) throws {
    var world = try world("east-r1", 2, state)
    world.change("east-r1") { $0.homeClaims = [.primary(epoch: 2), .replica(epoch: 1), .unknown] }
    let id = world.topology.id("east-r1")
    let later = world.snapshot[id].measuredAt.adding(milliseconds: 900)
    #expect(world.snapshot.lagMilliseconds(id, home: west, at: later) == lag)
  }

  @Test func ordersAreAboutWhatAServerIsNow() throws {
    var world = try world("west-r1", 2)
    world.change("west-r1") { $0.role = .primary(epoch: 2) }
    world.change("west-p") { $0.role = .replica(epoch: 2) }
    world.change("west-r2") { $0.role = .replica(epoch: 2) }
    world.orders.regions["west"] = RegionOrders.Region(replica: .drained)
    #expect(world.narrow(primary, .write, home: west) == ["west-r1"])
    #expect(world.narrow([Step(region: west, tier: .replica)]) == [])
    #expect(world.snapshot.tier(of: world.topology.id("west-p")) == .replica)
    #expect(world.snapshot.tier(of: world.topology.id("west-r1")) == .primary)
    #expect(world.snapshot.tier(of: world.topology.id("east-p")) == .primary)
  }

  @Test(
    arguments: [(2, 5, true), (1, 40, true), (1, 41, false), (0, 1, false), (3, 1, nil)]
      as [(UInt64, UInt64, Bool?)])
  func lostTailsAreKnown(_ epoch: UInt64, _ position: UInt64, _ isKept: Bool?) throws {
    var world = try world("west-r1", 2)
    world.orders.authorities["west"]?.history.forks.append(.init(epoch: 2, position: 40))
    #expect(world.snapshot.keeps(west, epoch: epoch, position: position) == isKept)
    #expect(world.snapshot.keeps(east, epoch: epoch, position: position) == nil)
  }

  /// What a server tells with an answer, and whether that holds position 40 of epoch 1.
  @Test(
    arguments: [
      (1, 40, true), (1, 41, true), (1, 39, false), (0, 99, false), (2, 40, true), (2, 39, false),
      (3, 99, false),
    ] as [(UInt64, UInt64, Bool)])
  func whatAnAnswerTellsIsBelieved(
    _ epoch: UInt64, _ position: UInt64, _ isHeld: Bool
  ) throws {
    var world = try world("west-r1", 2)
    world.orders.authorities["west"]?.history.forks.append(.init(epoch: 2, position: 40))
    let holds = { (domain: RegionID, seen: UInt64) in
      world.snapshot.holds(
        domain, epoch: 1, position: seen, toldEpoch: epoch, toldPosition: position)
    }
    #expect(holds(west, 40) == isHeld)
    // Behind the fork it is lost, however far the later epoch goes.
    #expect(!holds(west, 41) || epoch == 1)
    // Without a record nobody knows where a later epoch began.
    #expect(holds(east, 40) == (isHeld && epoch == 1))
  }

  /// What a session demands, and who is left of the home's and the east's servers.
  @Test(
    arguments: [
      (1, 10, "west-p west-r1 west-r2 east-r1"), (1, 11, "west-p west-r2"),
      (1, 99, "west-p"), (2, 1, ""),
    ] as [(UInt64, UInt64, String)])
  func copiesBehindASessionAreLeftOut(
    _ epoch: UInt64, _ position: UInt64, _ left: String
  ) throws {
    var world = try world("west-p", 1)
    world.change("west-p") { $0.position = 0 }
    world.change("west-r1") { $0.position = 10 }
    world.change("west-r2") { $0.position = 98 }
    world.change("east-r1") {
      $0.homePositions = [10, nil, nil]
      $0.homeClaims = [.replica(epoch: 1), .unknown, .unknown]
    }
    let steps =
      primary + [Step(region: west, tier: .replica), Step(region: east, tier: .replica)]
    _ = world.narrow(steps, home: west)
    let isWhole = world.plan.require(
      epoch: epoch, position: position, home: west, snapshot: world.snapshot)
    let names = world.plan.choices.map { world.topology[$0.endpoint].name }.sorted()
    #expect(
      names.joined(separator: " ") == left.split(separator: " ").sorted().joined(separator: " "))
    #expect(isWhole == (names.count == 4))
    #expect(world.plan.removed.filter { $0.reason == .behindSession }.count == 4 - names.count)
  }

  @Test func aCopyOfUnknownEpochMayHoldALostTail() throws {
    var world = try world("west-p", 1)
    world.change("east-r1") { $0.homePositions = [1_000, nil, nil] }
    let steps = [Step(region: east, tier: .replica)]
    #expect(world.narrow(steps, home: west) == ["east-r1"])
    _ = world.plan.require(epoch: 1, position: 1, home: west, snapshot: world.snapshot)
    #expect(world.plan.choices.isEmpty)
    // An answer that says that it is stale may be.
    let marked = [Step(region: east, tier: .replica, isMarkedStale: true)]
    _ = world.narrow(marked, home: west)
    let isWhole = world.plan.require(
      epoch: 1, position: 1, home: west, snapshot: world.snapshot)
    #expect(isWhole && world.plan.choices.count == 1)
  }

  /// Random records, roles and orders: what is chosen is lawful by its step, and a write goes to
  /// the one holder of an active record that confirms its epoch, or nowhere.
  @Test(arguments: 0..<40 as Range<UInt64>)
  func noRecordAddsAnEndpoint(_ seed: UInt64) throws {
    var world = try World(seed: seed)
    var random = SplitMix64(seed: seed &* 733 &+ 5)
    var written = 0
    for _ in 0..<300 {
      disturb(&world, &random)
      let steps = (0..<3).map { _ in
        Step(
          region: RegionID(UInt8.random(in: 0...2, using: &random)),
          tier: Bool.random(using: &random) ? .primary : .replica)
      }
      let home =
        Bool.random(using: &random) ? RegionID(UInt8.random(in: 0...2, using: &random)) : nil
      let intent: Intent = Bool.random(using: &random) ? .read : .write
      _ = world.narrow(steps, intent, home: home)
      for choice in world.plan.choices {
        let step = steps[Int(choice.step)]
        #expect(world.topology.region(of: choice.endpoint) == step.region)
        let domain = home ?? step.region
        let record = world.orders.authorities[demoRegions[Int(domain.index)]]
        guard step.tier == .primary, let record else { continue }
        #expect(world.topology[choice.endpoint].name == record.holder)
        guard intent == .write else { continue }
        written += 1
        #expect(record.state == .active)
        #expect(choice.epoch == record.history.holderEpoch)
        let status = world.statuses[Int(choice.endpoint.index)]
        let isOwn = world.topology.region(of: choice.endpoint) == domain
        let claim = isOwn ? status.role : status.homeClaims[Int(domain.index)]
        #expect(claim == .primary(epoch: record.history.holderEpoch))
      }
    }
    #expect(written > 0)
  }

  private func disturb(_ world: inout World, _ random: inout SplitMix64) {
    func claim() -> RoleClaim {
      let epoch = UInt64.random(in: 1...2, using: &random)
      return Int.random(in: 0..<3, using: &random) == 0
        ? .replica(epoch: epoch) : .primary(epoch: epoch)
    }
    for index in world.statuses.indices {
      world.statuses[index].role = claim()
      world.statuses[index].homeClaims = [claim(), claim(), .unknown]
      world.statuses[index].reach =
        ([.healthy, .healthy, .suspect, .down] as [Reach]).randomElement(using: &random) ?? .down
    }
    world.orders = RegionOrders()
    for name in demoRegions where Int.random(in: 0..<3, using: &random) > 0 {
      world.orders.authorities[name] = DomainAuthority(
        state: ([.active, .active, .moving, .stopped] as [DomainAuthority.State])
          .randomElement(using: &random) ?? .moving,
        holder: world.topology.endpoints.randomElement(using: &random)?.name ?? "",
        history: EpochHistory(holderEpoch: UInt64.random(in: 1...2, using: &random), forks: []))
      world.orders.regions[name] = RegionOrders.Region(
        replica: ServerOrder(rawValue: UInt8.random(in: 0..<64, using: &random) & 0x38),
        primary: ServerOrder(rawValue: UInt8.random(in: 0..<64, using: &random) & 0x38))
    }
  }
}

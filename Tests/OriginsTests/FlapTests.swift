import Base
import Testing

@testable import Origins

/// What comes and goes is trusted less and less.
@Suite struct FlapTests {
  private let limits = OriginLimits()

  @Test func thePenaltyHalves() {
    var damping = FlapDamping()
    damping.fell(at: at(0), limits: limits)
    let rows: [(UInt64, UInt64)] = [
      (0, 1_000), (150, 750), (300, 500), (450, 375), (600, 250), (3_000, 0), (30_000, 0),
    ]
    for (seconds, penalty) in rows {
      #expect(damping.current(at: at(seconds * 1000), limits) == penalty, "\(seconds) s")
    }
  }

  @Test func fourFallsWithinMinutesSuppress() {
    var damping = FlapDamping()
    for minute: UInt64 in 0..<4 {
      #expect(!damping.isSuppressed)
      damping.fell(at: at(minute * 20_000), limits: limits)
    }
    #expect(damping.isSuppressed)
    #expect(damping.current(at: at(60_000), limits) >= 3_000)
    let released1 = damping.release(at: at(8 * 60_000), limits: limits)
    #expect(!released1)
    #expect(damping.isSuppressed)
    let released2 = damping.release(at: at(12 * 60_000), limits: limits)
    #expect(released2)
    #expect(!damping.isSuppressed)
  }

  /// A fall in ten minutes is bad luck.
  @Test func rareFallsNeverSuppress() {
    var damping = FlapDamping()
    for fall: UInt64 in 0..<100 { damping.fell(at: at(fall * 600_000), limits: limits) }
    #expect(!damping.isSuppressed)
  }

  @Test func nobodyIsSuppressedForEver() {
    var damping = FlapDamping()
    for second: UInt64 in 0..<170 {
      damping.fell(at: at(second * 10_000), limits: limits)
      let released3 = damping.release(at: at(second * 10_000), limits: limits)
      #expect(!released3)
    }
    #expect(damping.isSuppressed)
    let released4 = damping.release(at: at(1_830_000), limits: limits)
    #expect(released4)
  }

  /// The region's machines in simulated time: a probe each tick, and the share of reads that its
  /// flapping endpoint gets while it is up.
  @Test(arguments: 0..<20 as Range<UInt64>)
  func aServerThatFlapsEveryTenSecondsIsLeftAlone(_ seed: UInt64) throws {
    let topology = try demoTopology()
    let flapping = topology.id("west-r1")
    var board = HealthBoard(topology: topology, limits: limits, at: at(0), seed: seed)
    var loads = EndpointLoads(topology: topology, limits: limits, at: at(0))
    var random = SplitMix64(seed: seed)
    var plan = NarrowedPlan()
    var snapshot = try present(board.takeSnapshot())
    let steps = [Step(region: topology[flapping].region, tier: .replica)]
    var shares: [Int] = []
    var share = 0
    var suppressedAt: UInt64?
    for now in stride(from: UInt64(0), to: 200_000, by: 50) {
      let isUp = now < 10_000 || now / 10_000 % 2 == 0
      while let start = board.nextProbe(at: at(now)) {
        if start.endpoint == flapping, !isUp {
          board.probeFailed(start, .connectFailed, at: at(now))
        } else {
          board.probeSucceeded(start, report: topology[start.endpoint].report(), at: at(now))
        }
      }
      snapshot = board.takeSnapshot() ?? snapshot
      Narrowing.narrow(
        steps, intent: .read, home: nil, snapshot: snapshot, loads: loads, at: at(now),
        using: &random, into: &plan)
      if let first = plan.choices.first {
        if first.isProbation { loads.beginProbation(first.endpoint, at: at(now)) }
        loads.started(first.endpoint)
        if first.endpoint == flapping, !isUp {
          loads.failed(first.endpoint, at: at(now))
          board.requestFailed(first.endpoint, .connectFailed, at: at(now))
        } else {
          let count = loads.succeeded(first.endpoint, microseconds: 1_000, at: at(now))
          if count > 0 { board.requestSucceeded(first.endpoint, count: count, at: at(now)) }
        }
        if first.endpoint == flapping { share += 1 }
      }
      if snapshot[flapping].isSuppressed, suppressedAt == nil { suppressedAt = now }
      if now % 10_000 == 9_950 {
        shares.append(share)
        share = 0
      }
    }
    // Row 36: away once, and never back for more than half: at most one shift of traffic.
    #expect(shares.dropFirst().allSatisfy { $0 <= 100 }, "\(shares)")
    // Down at 10, 30, 50 and 70 s: from then on, nothing goes there at all.
    #expect((70_000..<72_000).contains(try #require(suppressedAt)))
    #expect(shares.dropFirst(8).allSatisfy { $0 == 0 }, "\(shares)")
  }

  @Test func theSuppressedServeWhereNobodyElseMay() throws {
    var world = try World()
    let steps = [Step(region: RegionID(0), tier: .replica)]
    world.change("west-r1") { $0.isSuppressed = true }
    #expect(world.narrow(steps) == ["west-r2"])
    #expect(world.reason("west-r1") == .suppressed)
    world.change("west-r2") { $0.reach = .down }
    #expect(world.narrow(steps) == ["west-r1"])
    #expect(world.plan.choices.first?.lastResort == .suppressed)
    // There is one primary: for a write nobody else may.
    world.change("west-p") { $0.isSuppressed = true }
    #expect(world.narrow([Step(region: RegionID(0), tier: .primary)], .write) == ["west-p"])
  }

  @Test func aReadTestsWhoIsOnProbation() throws {
    var world = try World()
    let steps = [
      Step(region: RegionID(0), tier: .replica), Step(region: RegionID(0), tier: .primary),
    ]
    world.change("west-r2") { $0.reach = .probing }
    let tested = world.topology.id("west-r2")
    #expect(world.narrow(steps) == ["west-r2", "west-r1", "west-p"])
    #expect(world.plan.choices.map(\.isProbation) == [true, false, false])
    // One at a time: the next read goes there only behind its peers.
    world.loads.beginProbation(tested, at: world.now)
    #expect(world.narrow(steps) == ["west-r1", "west-r2", "west-p"])
    #expect(world.plan.choices.map(\.isProbation) == [false, false, false])
    // A write tests nobody, and is not kept from the only primary.
    world.change("west-p") { $0.reach = .probing }
    #expect(world.narrow([Step(region: RegionID(0), tier: .primary)], .write) == ["west-p"])
    #expect(world.plan.choices.map(\.isProbation) == [false])
    // Who failed a moment ago has a rest.
    world.loads.started(tested)
    world.loads.failed(tested, at: world.now)
    #expect(world.narrow([steps[0]]) == ["west-r1", "west-r2"])
  }

  /// A tenth of the weight, then all of it.
  @Test(arguments: [(60_000, 0...140), (15_000, 600...900)] as [(UInt64, ClosedRange<Int>)])
  func aWarmingServerHasItsShare(_ row: (UInt64, ClosedRange<Int>)) throws {
    var world = try World()
    world.change("west-r2") {
      $0.reach = .warming
      $0.warmUntil = at(10_000 + row.0)
    }
    // Servers so busy that cost decides: each answer takes as long as it takes.
    var served = [0, 0]
    for _ in 0..<2_000 {
      let first = world.narrow([Step(region: RegionID(0), tier: .replica)])[0]
      let index = first == "west-r2" ? 1 : 0
      world.loads.started(world.topology.id(first))
      served[index] += 1
    }
    #expect(row.1.contains(served[1] * 1000 / served[0]), "\(served)")
  }
}

import Base
import Origins
import Testing

/// Endpoints that stay out after they were down until an operator lets them in.
@Suite struct HoldOutTests {
  /// A board on which `names` wait for an operator; everybody is well.
  private func board(_ names: Set<String>) throws -> HealthBoard {
    let definitions = demoDefinitions().map { definition in
      var definition = definition
      definition.waitsForOperator = names.contains(definition.name)
      return definition
    }
    var board = HealthBoard(
      topology: try Topology.make(regionNames: demoRegions, definitions: definitions),
      limits: OriginLimits(), at: at(0), seed: 5)
    for second: UInt64 in 0..<3 { round(&board, second) { _ in true } }
    return board
  }

  /// Probes everybody once; whether each answers.
  private func round(_ board: inout HealthBoard, _ second: UInt64, _ answers: (Endpoint) -> Bool) {
    let now = at(second * 1_000)
    while let start = board.nextProbe(at: now) {
      let endpoint = board.topology[start.endpoint]
      if answers(endpoint) {
        board.probeSucceeded(start, report: endpoint.report(), at: now)
      } else {
        board.probeFailed(start, .connectFailed, at: now)
      }
    }
  }

  private func status(_ board: inout HealthBoard, _ name: String) throws -> EndpointStatus {
    board.order(RegionOrders())
    // Any change makes a snapshot; the next probe is one.
    let snapshot = board.takeSnapshot()
    return try #require(snapshot)[board.topology.id(name)]
  }

  /// The names of whom a read of the west may go to.
  private func choices(_ snapshot: HealthSnapshot, _ second: UInt64) -> Set<String> {
    var plan = NarrowedPlan()
    var random = SplitMix64(seed: 1)
    Narrowing.narrow(
      [
        Step(region: RegionID(0), tier: .replica, stalenessMillisecondsMax: 60_000),
        Step(region: RegionID(0), tier: .primary),
      ], intent: .read, home: nil, snapshot: snapshot,
      loads: EndpointLoads(topology: snapshot.topology, limits: OriginLimits(), at: at(0)),
      at: at(second * 1_000), using: &random, into: &plan)
    return Set(plan.choices.map { snapshot.topology[$0.endpoint].name })
  }

  @Test func whoWasDownWaitsUntilAnOperatorLetsHimIn() throws {
    var board = try board(["west-r1"])
    for second: UInt64 in 3..<6 {
      round(&board, second) { !["west-r1", "west-r2"].contains($0.name) }
    }
    #expect(try status(&board, "west-r1").reach == .down)
    for second: UInt64 in 6..<20 { round(&board, second) { _ in true } }
    let waiting = try present(board.takeSnapshot())
    #expect(waiting[board.topology.id("west-r1")].isHeldOut)
    #expect(!waiting[board.topology.id("west-r2")].isHeldOut)
    #expect(choices(waiting, 19) == ["west-r2", "west-p"])
    // An order that forces it in lets it in, for good.
    let order = RegionOrders.Region(.init(), endpoints: ["west-r1": .init(replica: .forcedIn)])
    board.order(RegionOrders(["west": order]))
    #expect(choices(try present(board.takeSnapshot()), 19) == ["west-r1", "west-r2", "west-p"])
    board.order(RegionOrders())
    let after = try present(board.takeSnapshot())
    #expect(!after[board.topology.id("west-r1")].isHeldOut)
    #expect(choices(after, 19) == ["west-r1", "west-r2", "west-p"])
    // Another fall is another wait.
    for second: UInt64 in 20..<23 { round(&board, second) { $0.name != "west-r1" } }
    for second: UInt64 in 23..<30 { round(&board, second) { _ in true } }
    #expect(try present(board.takeSnapshot())[board.topology.id("west-r1")].isHeldOut)
  }

  @Test func aReloadKeepsTheWaitUnlessItIsNotWantedAnyMore() throws {
    for isWanted in [true, false] {
      var board = try board(["west-r1"])
      for second: UInt64 in 3..<6 { round(&board, second) { $0.name != "west-r1" } }
      for second: UInt64 in 6..<20 { round(&board, second) { _ in true } }
      let topology = isWanted ? board.topology : try demoTopology()
      var next = HealthBoard(
        topology: topology, limits: OriginLimits(), keeping: board, at: at(20_000))
      let snapshot = try present(next.takeSnapshot())
      #expect(snapshot[topology.id("west-r1")].isHeldOut == isWanted)
    }
  }

  /// What is kept of a board when its process ends at `second`, and the board of the next one.
  private func restart(
    _ board: inout HealthBoard, _ second: UInt64
  ) throws -> HealthBoard {
    let kept = try present(board.takeSnapshot()).holdOuts
    var next = HealthBoard(
      topology: board.topology, limits: OriginLimits(), at: at(second * 1_000), seed: 6)
    next.remember(kept)
    return next
  }

  @Test(arguments: [6, 20] as [UInt64])
  func whoFellWaitsOverARestart(_ second: UInt64) throws {
    var board = try board(["west-r1"])
    for second: UInt64 in 3..<6 {
      round(&board, second) { !["west-r1", "west-r2"].contains($0.name) }
    }
    // Down still, or back and waiting.
    for second in 6..<second { round(&board, second) { _ in true } }
    var next = try restart(&board, second)
    for later in second..<second + 5 { round(&next, later) { _ in true } }
    let waiting = try present(next.takeSnapshot())
    #expect(waiting.holdOuts == HoldOuts(["west-r1"]))
    #expect(choices(waiting, second + 4) == ["west-r2", "west-p"])
    let order = RegionOrders.Region(.init(), endpoints: ["west-r1": .init(replica: .forcedIn)])
    next.order(RegionOrders(["west": order]))
    next.order(RegionOrders())
    var last = try restart(&next, second + 5)
    for later in second + 5..<second + 10 { round(&last, later) { _ in true } }
    let snapshot = try present(last.takeSnapshot())
    #expect(snapshot.holdOuts == HoldOuts())
    #expect(choices(snapshot, second + 9) == ["west-r1", "west-r2", "west-p"])
  }

  /// Without its marks, the edge doubts whoever does not answer at once, and nobody else.
  @Test(arguments: [true, false]) func unknownMarksAreDoubts(_ isKnown: Bool) throws {
    let topology = try board(["west-r1", "west-r2"]).topology
    var next = HealthBoard(topology: topology, limits: OriginLimits(), at: at(0), seed: 6)
    next.remember(HoldOuts(isKnown: isKnown))
    round(&next, 0) { $0.name != "west-r1" }
    for second: UInt64 in 1..<6 { round(&next, second) { _ in true } }
    let snapshot = try present(next.takeSnapshot())
    #expect(snapshot.holdOuts == HoldOuts(isKnown ? [] : ["west-r1"]))
    // A mark of who need not wait says nothing.
    next.remember(HoldOuts(["east-r1"]))
    #expect(try present(next.takeSnapshot()).holdOuts == HoldOuts())
  }

  /// What an edge sees that is cut off itself is no fall: nobody would be left.
  @Test func whoDoubtsItselfHoldsNobodyOut() throws {
    var board = try board(Set(demoDefinitions().map(\.name)))
    for second: UInt64 in 3..<6 { round(&board, second) { _ in false } }
    #expect(try present(board.takeSnapshot()).isSelfDoubting)
    for second: UInt64 in 6..<20 { round(&board, second) { _ in true } }
    let snapshot = try present(board.takeSnapshot())
    #expect(snapshot.statuses.allSatisfy { !$0.isHeldOut && $0.reach != .down })
  }
}

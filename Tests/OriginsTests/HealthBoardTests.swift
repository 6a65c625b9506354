import Base
import Origins
import Testing

@Suite struct HealthBoardTests {
  /// Probes everybody once at `now`; `answer` gives the report, or nil for a failure.
  private func round(
    _ board: inout HealthBoard, at now: Instant, answer: (Endpoint) -> ProbeReport?
  ) {
    while let start = board.nextProbe(at: now) {
      if let report = answer(board.topology[start.endpoint]) {
        board.probeSucceeded(start, report: report, at: now)
      } else {
        board.probeFailed(start, .connectFailed, at: now)
      }
    }
  }

  private func board() throws -> HealthBoard {
    HealthBoard(topology: try demoTopology(), limits: OriginLimits(), at: at(0), seed: 5)
  }

  @Test func publishesOnlyChanges() throws {
    var board = try board()
    let first = try present(board.takeSnapshot())
    #expect(first.statuses.allSatisfy { $0.reach == .unknown && $0.role == .unknown })
    #expect(board.takeSnapshot() == nil)
    round(&board, at: at(0)) { $0.report() }
    let second = try present(board.takeSnapshot())
    #expect(second.number > first.number)
    #expect(second.epochs == [1, 1, 1])
    #expect(board.nextProbe(at: at(1)) == nil)
    board.requestSucceeded(EndpointID(0), at: at(1))
    #expect(board.takeSnapshot() == nil)
    // A newer sample is news even when it says the same.
    round(&board, at: board.nextDue) { $0.report() }
    #expect(board.takeSnapshot() != nil)
  }

  @Test func numbersTheRegionsOfCopies() throws {
    var board = try board()
    round(&board, at: at(0)) {
      var report = $0.report()
      report.homeLagsMilliseconds = ["central": 70, "atlantis": 1]
      return report
    }
    let snapshot = try present(board.takeSnapshot())
    let id = board.topology.id("west-p")
    #expect(snapshot.lagMilliseconds(id, home: RegionID(2), at: at(30)) == 100)
    #expect(snapshot.lagMilliseconds(id, home: RegionID(1), at: at(30)) == nil)
    #expect(snapshot.lagMilliseconds(id, home: RegionID(0), at: at(30)) == 0)
    #expect(snapshot.lagMilliseconds(id, home: nil, at: at(30)) == 0)
    #expect(snapshot.lagMilliseconds(id, home: RegionID(9), at: at(30)) == nil)
    #expect(snapshot.lagMilliseconds(id, home: RegionID(2), at: at(6_001)) == nil)
    // After a reload that orders the regions otherwise, the numbers mean nothing.
    let topology = try Topology.make(
      regionNames: demoRegions.reversed(), definitions: demoDefinitions())
    var reloaded = HealthBoard(
      topology: topology, limits: OriginLimits(), keeping: board, at: at(1))
    let after = try present(reloaded.takeSnapshot())
    #expect(after.lagMilliseconds(id, home: RegionID(0), at: at(30)) == nil)
  }

  @Test func startsEachProbeOnce() throws {
    var board = try board()
    var started: [EndpointID] = []
    while let start = board.nextProbe(at: at(0)) { started.append(start.endpoint) }
    #expect(started == board.topology.endpoints.map(\.id))
    #expect(board.nextDue == at(250))
  }

  @Test func twoPrimariesOfOneEpochConflictUntilOneYields() throws {
    var board = try board()
    let topology = board.topology
    let primary = topology.id("west-p")
    let usurper = topology.id("west-r2")
    func roles(_ now: UInt64, _ answer: (Endpoint) -> ProbeReport?) throws -> [RoleClaim] {
      round(&board, at: at(now), answer: answer)
      let snapshot = try present(board.takeSnapshot())
      return [snapshot[primary].role, snapshot[usurper].role]
    }
    let both = try roles(0) { $0.id == usurper ? $0.report(epoch: 1, role: .primary) : $0.report() }
    #expect(both == [.conflict(epoch: 1), .conflict(epoch: 1)])
    // Silence does not end it.
    let silent = try roles(1_000) { $0.id == usurper ? nil : $0.report() }
    #expect(silent == [.conflict(epoch: 1), .conflict(epoch: 1)])
    let yielded = try roles(2_000) { $0.report() }
    #expect(yielded == [.primary(epoch: 1), .replica(epoch: 1)])
    // A higher epoch is no conflict: the old primary is simply over.
    let newer = try roles(3_000) {
      $0.id == usurper ? $0.report(epoch: 2, role: .primary) : $0.report()
    }
    #expect(newer == [.primary(epoch: 1), .primary(epoch: 2)])
    // The region's epoch never goes back.
    round(&board, at: at(4_000)) { $0.report() }
    #expect(board.takeSnapshot()?.epochs == [2, 1, 1])
  }

  @Test func onlyTheHighestEpochConflicts() throws {
    var board = try board()
    round(&board, at: at(0)) {
      guard $0.regionName == "west" else { return $0.report() }
      return $0.report(epoch: $0.tier == .primary ? 1 : 2, role: .primary)
    }
    let snapshot = try present(board.takeSnapshot())
    #expect(snapshot[board.topology.id("west-p")].role == .primary(epoch: 1))
    #expect(snapshot[board.topology.id("west-r1")].role == .conflict(epoch: 2))
    #expect(snapshot[board.topology.id("west-r2")].role == .conflict(epoch: 2))
    #expect(snapshot[board.topology.id("east-p")].role == .primary(epoch: 1))
    #expect(snapshot.epochs == [2, 1, 1])
  }

  @Test func doubtsItselfWhenMostLookDead() throws {
    var board = try board()
    round(&board, at: at(0)) { $0.report() }
    round(&board, at: at(1_000)) { $0.report() }
    #expect(board.takeSnapshot()?.isSelfDoubting == false)
    // One region of three: a region's fault.
    round(&board, at: at(2_000)) { $0.regionName == "west" ? nil : $0.report() }
    #expect(board.takeSnapshot()?.isSelfDoubting == false)
    round(&board, at: at(3_000)) { $0.regionName == "central" ? $0.report() : nil }
    #expect(board.takeSnapshot()?.isSelfDoubting == true)
    round(&board, at: at(4_000)) { $0.report() }
    round(&board, at: at(5_000)) { $0.report() }
    #expect(board.takeSnapshot()?.isSelfDoubting == false)
  }

  /// The floor: a region keeps a fresh endpoint to read from, whatever requests say.
  @Test(arguments: [Freshness.fresh, .lagging])
  func ejectionStopsAtTheLastFreshEndpointOfARegion(_ others: Freshness) throws {
    var board = try board()
    let region = ["west-r1", "west-r2", "west-p"].map { board.topology.id($0) }
    for second: UInt64 in 0..<3 {
      round(&board, at: at(second * 1_000)) {
        $0.report(lag: others == .lagging && $0.name == "west-r2" ? 9_000 : 0)
      }
    }
    for _ in 0..<300 {
      for endpoint in region { board.requestFailed(endpoint, .gatewayStatus, at: at(3_000)) }
    }
    let snapshot = try present(board.takeSnapshot())
    let fit = region.filter { snapshot[$0].reach == .healthy && snapshot[$0].freshness == .fresh }
    #expect(fit.count == 1)
    #expect(fit.allSatisfy { snapshot[$0].ejectionHold == .lastFresh })
    #expect(region.filter { snapshot[$0].reach == .ejected }.count == 2)
    // Who is alone in its region stays as well.
    let alone = board.topology.id("east-r1")
    for endpoint in [alone, board.topology.id("east-p")] {
      // More than a count of eight bits can hold.
      for _ in 0..<300 { board.requestFailed(endpoint, .gatewayStatus, at: at(3_000)) }
    }
    #expect(board.takeSnapshot()?[board.topology.id("east-p")].ejectionHold == .lastFresh)
  }

  @Test func whoDoubtsItselfEjectsNobody() throws {
    var board = try board()
    for second: UInt64 in 0..<3 { round(&board, at: at(second * 1_000)) { $0.report() } }
    // Two regions go silent: most endpoints are suspect.
    round(&board, at: at(3_000)) { $0.regionName == "central" ? $0.report() : nil }
    let endpoint = board.topology.id("central-r1")
    for _ in 0..<20 { board.requestFailed(endpoint, .gatewayStatus, at: at(3_001)) }
    let snapshot = try present(board.takeSnapshot())
    #expect(snapshot.isSelfDoubting)
    #expect(snapshot[endpoint].reach == .healthy)
    #expect(snapshot[endpoint].ejectionHold == .selfDoubt)
    round(&board, at: at(4_000)) { $0.report() }
    board.requestFailed(endpoint, .gatewayStatus, at: at(4_001))
    #expect(board.takeSnapshot()?[endpoint].reach == .ejected)
  }

  @Test func aReloadForgetsNothingAboutUnchangedEndpoints() throws {
    var board = try board()
    round(&board, at: at(0)) { $0.name == "west-r1" ? nil : $0.report(epoch: 4) }
    round(&board, at: at(1_000)) { $0.name == "west-r1" ? nil : $0.report(epoch: 4) }
    let late = try present(board.nextProbe(at: at(2_000)))
    var definitions = demoDefinitions()
    definitions[1].port = 9999
    definitions.append(
      EndpointDefinition(
        name: "east-r2", regionName: "east", tier: .replica, host: "127.0.1.2", port: 8080))
    definitions.reverse()
    let topology = try Topology.make(
      regionNames: demoRegions.reversed(), definitions: definitions)
    let before = board.takeSnapshot()
    var reloaded = HealthBoard(
      topology: topology, limits: OriginLimits(), keeping: board, at: at(2_001))
    let snapshot = try present(reloaded.takeSnapshot())
    #expect(snapshot.number > (before?.number ?? .max))
    #expect(snapshot[topology.id("west-r1")].reach == .down)
    #expect(snapshot[topology.id("west-r2")].reach == .unknown)
    #expect(snapshot[topology.id("east-r2")].reach == .unknown)
    #expect(snapshot[topology.id("central-p")].role == .primary(epoch: 4))
    #expect(snapshot.epochs == [4, 4, 4])
    // The old board's probe means nothing to the new one.
    reloaded.probeFailed(late, .untrusted, at: at(2_002))
    #expect(reloaded.takeSnapshot() == nil)
  }
}

import Base
import Origins
import Testing

/// One endpoint's machine and the time it lives in.
private struct Bench {
  enum Event {
    /// The next due probe is answered; the lag it reports.
    case ok(lag: UInt64? = 0)
    /// The next due probe fails.
    case bad(ProbeFailure)
    /// A request succeeds, or fails, a millisecond later.
    case served
    case failed(RequestFailure)
    /// Time passes without probes.
    case wait(UInt64)
  }

  let endpoint: Endpoint
  var machine: EndpointHealth
  var now = at(0)
  var random = SplitMix64(seed: 3)
  /// What the board holds against ejections.
  var hold: EjectionHold?

  init(_ name: String = "west-r1") throws {
    let topology = try demoTopology()
    endpoint = topology[topology.id(name)]
    machine = EndpointHealth(
      endpoint: endpoint, of: topology, limits: OriginLimits(), at: now)
  }

  /// Waits for the next probe to start.
  mutating func start() -> ProbeStart? {
    now = max(now, machine.nextDue)
    return machine.tick(at: now, using: &random)
  }

  mutating func feed(_ event: Event) {
    switch event {
    case .ok(let lag):
      guard let probe = start() else { return }
      now = now.adding(milliseconds: 2)
      machine.probeSucceeded(
        probe.number, report: endpoint.report(lag: lag), at: now, using: &random)
    case .bad(let failure):
      guard let probe = start() else { return }
      now = failure == .timeout ? probe.deadline : now.adding(milliseconds: 2)
      machine.probeFailed(probe.number, failure, at: now, using: &random)
    case .served:
      now = now.adding(milliseconds: 1)
      machine.requestSucceeded(at: now)
    case .failed(let failure):
      now = now.adding(milliseconds: 1)
      machine.requestFailed(failure, hold: hold, at: now, using: &random)
    case .wait(let milliseconds):
      now = now.adding(milliseconds: milliseconds)
    }
  }
}

@Suite struct EndpointHealthTests {
  /// Events, each with the reach that must hold after it.
  private typealias Script = [(Bench.Event, Reach)]

  private func run(
    _ script: Script, hold: EjectionHold? = nil, _ location: SourceLocation = #_sourceLocation
  ) throws {
    var bench = try Bench()
    bench.hold = hold
    #expect(bench.machine.status.reach == .unknown)
    for (index, (event, reach)) in script.enumerated() {
      bench.feed(event)
      #expect(
        bench.machine.status.reach == reach, "step \(index): \(event)", sourceLocation: location)
    }
  }

  private static let up: Script = [(.ok(), .unknown), (.ok(), .healthy)]

  @Test func unknownNeedsTwoAnswersInARow() throws {
    try run([(.ok(), .unknown), (.bad(.timeout), .unknown), (.ok(), .unknown), (.ok(), .healthy)])
    try run([(.bad(.timeout), .unknown), (.bad(.connectFailed), .down)])
    try run([(.failed(.timeout), .unknown), (.served, .unknown)])
  }

  @Test(arguments: [ProbeFailure.connectFailed, .timeout, .reset, .badStatus, .malformedReport])
  func oneFailedProbeIsDoubtTwoAreDown(_ failure: ProbeFailure) throws {
    try run(Self.up + [(.bad(failure), .suspect), (.bad(failure), .down)])
    try run(Self.up + [(.bad(failure), .suspect), (.ok(), .healthy), (.bad(failure), .suspect)])
  }

  @Test(arguments: [ProbeFailure.wrongEndpoint, .untrusted])
  func aWrongEndpointIsDownAtOnce(_ failure: ProbeFailure) throws {
    try run(Self.up + [(.bad(failure), .down)])
    try run([(.bad(failure), .down)])
  }

  @Test func aProbeAndARequestAgree() throws {
    try run(Self.up + [(.failed(.timeout), .suspect), (.bad(.timeout), .down)])
    try run(Self.up + [(.bad(.timeout), .suspect), (.failed(.connectFailed), .down)])
    try run(
      Self.up + [(.failed(.timeout), .suspect), (.served, .suspect), (.bad(.timeout), .suspect)])
    try run(Self.up + [(.bad(.timeout), .suspect), (.failed(.gatewayStatus), .suspect)])
  }

  /// A slow answer is a reason to look, as often as a verdict is wanted, and nothing else.
  @Test func slownessIsNoFault() throws {
    try run(Self.up + Array(repeating: (.failed(.slow), .healthy), count: 50))
    try run(Self.up + [(.failed(.slow), .healthy), (.bad(.timeout), .suspect)])
    var bench = try Bench()
    for _ in 0..<3 { bench.feed(.ok()) }
    let last = bench.now.adding(milliseconds: 0)
    for _ in 0..<5 { bench.feed(.failed(.slow)) }
    // Two milliseconds is what a probe takes here.
    #expect(bench.machine.nextDue == last.adding(milliseconds: 198))
  }

  @Test func oneResetIsNoDoubt() throws {
    try run(
      Self.up + [(.failed(.reset), .healthy), (.served, .healthy), (.failed(.reset), .healthy)])
    try run(Self.up + [(.failed(.reset), .healthy), (.failed(.reset), .suspect)])
  }

  @Test func downNeedsTwoAnswersInARow() throws {
    let down: Script = Self.up + [(.bad(.reset), .suspect), (.bad(.reset), .down)]
    try run(down + [(.ok(), .down), (.ok(), .probing)])
    try run(down + [(.ok(), .down), (.bad(.reset), .down), (.ok(), .down), (.ok(), .probing)])
    try run(down + [(.served, .down), (.failed(.gatewayStatus), .down), (.wait(600_000), .down)])
  }

  @Test func fiveFailedRequestsInARowEject() throws {
    let four: Script = Array(repeating: (.failed(.gatewayStatus), .healthy), count: 4)
    try run(Self.up + four + [(.failed(.gatewayStatus), .ejected)])
    try run(Self.up + four + [(.served, .healthy)] + four)
    // Answered probes neither prevent nor end it before its time.
    try run(
      Self.up + four + [(.ok(), .healthy), (.failed(.gatewayStatus), .ejected)]
        + Array(repeating: (.ok(), .ejected), count: 5))
    try run(
      Self.up + four + [
        (.failed(.gatewayStatus), .ejected), (.wait(7_500), .ejected), (.ok(), .ejected),
        (.bad(.timeout), .ejected), (.ok(), .ejected), (.ok(), .probing),
      ])
    try run(
      Self.up + four + [
        (.failed(.gatewayStatus), .ejected), (.bad(.timeout), .ejected), (.bad(.timeout), .down),
        (.ok(), .down), (.ok(), .ejected),
      ])
  }

  @Test func ejectionsGrowAndAreForgotten() throws {
    var bench = try Bench()
    bench.feed(.ok())
    bench.feed(.ok())
    func eject() -> UInt64 {
      for _ in 0..<5 { bench.feed(.failed(.gatewayStatus)) }
      let start = bench.now
      while bench.machine.status.reach == .ejected { bench.feed(.ok()) }
      let time = bench.now.milliseconds(since: start)
      for _ in 0..<3 { bench.feed(.served) }
      return time
    }
    // Jitter adds up to half; two probes end it.
    for base: UInt64 in [5_000, 10_000, 20_000, 40_000, 80_000, 160_000, 300_000, 300_000] {
      #expect((base...base * 3 / 2 + 1_000).contains(eject()))
    }
    bench.feed(.wait(1_000_000))
    #expect((5_000...8_500).contains(eject()))
  }

  /// Real requests show whether it is back; after an ejection nothing else does.
  @Test func probationIsPassedByRequests() throws {
    let down: Script = Self.up + [(.bad(.reset), .suspect), (.bad(.reset), .down), (.ok(), .down)]
    try run(
      down + [(.ok(), .probing), (.served, .probing), (.served, .probing), (.served, .warming)])
    let quiet: Script = Array(repeating: (.ok(), .probing), count: 4)
    try run(down + [(.ok(), .probing)] + quiet + [(.ok(), .warming)])
    try run(
      down + [(.ok(), .probing)] + quiet + [(.bad(.timeout), .probing)] + quiet
        + [(.ok(), .warming)])
    try run(down + [(.ok(), .probing), (.bad(.timeout), .probing), (.bad(.timeout), .down)])
    // A failed request ejects; then probes alone never do.
    let ejected: Script =
      down + [(.ok(), .probing), (.failed(.gatewayStatus), .ejected), (.wait(20_000), .ejected)]
      + [(.ok(), .ejected), (.ok(), .probing)]
    try run(ejected + Array(repeating: (.ok(), .probing), count: 300))
    try run(ejected + [(.served, .probing), (.served, .probing), (.served, .warming)])
  }

  @Test func aWarmingEndpointIsHealthyInAMinute() throws {
    let warming: Script =
      Self.up + [(.bad(.reset), .suspect), (.bad(.reset), .down), (.ok(), .down)]
      + [(.ok(), .probing), (.served, .probing), (.served, .probing), (.served, .warming)]
    try run(
      warming + [(.wait(59_000), .warming), (.ok(), .warming), (.wait(2_000), .warming)]
        + [(.ok(), .healthy)])
    // A doubt that passes does not shorten it.
    try run(warming + [(.bad(.timeout), .suspect), (.ok(), .warming)])
    try run(
      warming + [(.bad(.timeout), .suspect), (.wait(61_000), .suspect), (.ok(), .healthy)])
    try run(
      warming + Array(repeating: (.failed(.gatewayStatus), .warming), count: 4)
        + [(.failed(.gatewayStatus), .ejected)])
  }

  /// Fewer than four of five good answers eject, once there are twenty.
  @Test func aLowShareOfGoodAnswersEjects() throws {
    let mixed: Script = [
      (.served, .healthy), (.served, .healthy), (.served, .healthy),
      (.failed(.gatewayStatus), .healthy),
    ]
    // 15 of 20 are good with the fifth failure.
    try run(
      Self.up + mixed + mixed + mixed + mixed
        + [(.served, .healthy), (.served, .healthy), (.served, .healthy)]
        + [(.failed(.gatewayStatus), .ejected)])
    let good: Script = Array(repeating: (.served, .healthy), count: 4)
    let fine: Script = good + [(.failed(.gatewayStatus), .healthy)]
    try run(Self.up + Array(repeating: fine, count: 20).flatMap { $0 })
    // Older ones do not count.
    try run(Self.up + mixed + mixed + [(.wait(11_000), .healthy)] + mixed + mixed)
  }

  @Test(arguments: [EjectionHold.lastFresh, .selfDoubt])
  func whatIsHeldBackIsNotEjectedAndSaysSo(_ hold: EjectionHold) throws {
    try run(Self.up + Array(repeating: (.failed(.gatewayStatus), .healthy), count: 300), hold: hold)
    var bench = try Bench()
    bench.hold = hold
    for event in [Bench.Event.ok(), .ok()] { bench.feed(event) }
    for _ in 0..<4 { bench.feed(.failed(.gatewayStatus)) }
    #expect(bench.machine.status.ejectionHold == nil)
    bench.feed(.failed(.gatewayStatus))
    #expect(bench.machine.status.ejectionHold == hold)
    bench.hold = nil
    bench.feed(.failed(.gatewayStatus))
    #expect(bench.machine.status.ejectionHold == nil)
    #expect(bench.machine.status.reach == .ejected)
  }

  /// The goal: DOWN at most one second after the last good answer, whatever the jitter.
  @Test(arguments: 0..<200)
  func aBlackholeIsNoticedWithinASecond(_ seed: UInt64) throws {
    var bench = try Bench()
    bench.random = SplitMix64(seed: seed)
    for _ in 0..<5 { bench.feed(.ok()) }
    let fault = bench.now
    while bench.machine.status.reach != .down {
      bench.now = bench.machine.nextDue
      _ = bench.machine.tick(at: bench.now, using: &bench.random)
    }
    #expect(bench.now.milliseconds(since: fault) <= 1_000)
    #expect(bench.machine.status.lastFailure == .probe(.timeout))
  }

  /// Under traffic one lost request and one lost probe suffice: the probe's timeout bounds it.
  @Test func aBlackholeIsNoticedSoonerUnderTraffic() throws {
    var bench = try Bench()
    for _ in 0..<3 { bench.feed(.ok()) }
    bench.feed(.failed(.timeout))
    let noticed = bench.now
    #expect(bench.machine.nextDue == noticed)
    _ = bench.start()
    bench.now = bench.machine.nextDue
    _ = bench.machine.tick(at: bench.now, using: &bench.random)
    #expect(bench.machine.status.reach == .down)
    #expect(bench.now.milliseconds(since: noticed) <= 250)
  }

  @Test func aLateAnswerIsIgnored() throws {
    var bench = try Bench()
    bench.feed(.ok())
    bench.feed(.ok())
    let late = try present(bench.start())
    bench.now = late.deadline
    _ = bench.machine.tick(at: bench.now, using: &bench.random)
    #expect(bench.machine.status.reach == .suspect)
    let status = bench.machine.status
    bench.machine.probeSucceeded(
      late.number, report: bench.endpoint.report(), at: bench.now, using: &bench.random)
    #expect(bench.machine.status == status)
  }

  @Test func intervalsFollowTheState() throws {
    var bench = try Bench()
    #expect(bench.machine.nextDue == at(0))
    func gap() -> UInt64 {
      let before = bench.now
      return bench.machine.nextDue.milliseconds(since: before)
    }
    bench.feed(.ok())
    #expect((170...200).contains(gap()))
    bench.feed(.ok())
    #expect((350...400).contains(gap()))
    bench.feed(.bad(.reset))
    #expect((170...200).contains(gap()))
    bench.feed(.bad(.reset))
    #expect((440...500).contains(gap()))
  }

  @Test func anotherEndpointsReportIsAFailure() throws {
    for change in 0..<3 {
      var bench = try Bench()
      bench.feed(.ok())
      bench.feed(.ok())
      let probe = try present(bench.start())
      var report = bench.endpoint.report()
      if change == 0 { report.name = "west-r2" }
      if change == 1 { report.region = "east" }
      if change == 2 { report.status = .unready }
      let before = bench.machine.status.measuredAt
      bench.now = bench.now.adding(milliseconds: 1)
      bench.machine.probeSucceeded(
        probe.number, report: report, at: bench.now, using: &bench.random)
      #expect(bench.machine.status.reach == (change == 2 ? .suspect : .down))
      #expect(bench.machine.status.measuredAt == before)
      let expected: ProbeFailure = change == 2 ? .unready : .wrongEndpoint
      #expect(bench.machine.status.lastFailure == .probe(expected))
    }
  }

  @Test func freshnessHasHysteresis() throws {
    var bench = try Bench()
    let script: [(UInt64?, Freshness)] = [
      (nil, .unmeasured), (10, .fresh), (5_001, .fresh), (10, .fresh), (5_001, .fresh),
      (9_000, .lagging), (2_499, .lagging), (2_499, .lagging), (2_500, .lagging),
      (2_499, .lagging), (2_499, .lagging), (2_499, .fresh), (nil, .unmeasured),
      (9_000, .lagging), (nil, .unmeasured),
    ]
    for (lag, freshness) in script {
      bench.feed(.ok(lag: lag))
      #expect(bench.machine.status.freshness == freshness, "after \(String(describing: lag))")
    }
  }

  @Test func aSampleAgesAndExpires() throws {
    var bench = try Bench()
    bench.feed(.ok(lag: 300))
    let status = bench.machine.status
    let asked = status.measuredAt
    func lag(_ age: UInt64) -> UInt64? {
      status.lagMilliseconds(at: asked.adding(milliseconds: age), ageMillisecondsMax: 6_000)
    }
    #expect(lag(0) == 300)
    #expect(lag(1_000) == 1_300)
    #expect(lag(6_000) == 6_300)
    #expect(lag(6_001) == nil)
    bench.feed(.wait(10_000))
    _ = bench.start()
    #expect(bench.machine.status.freshness == .unmeasured)
    #expect(bench.machine.status.reportedLagMilliseconds == nil)
  }

  @Test func aPrimaryIsCurrentByDefinition() throws {
    var bench = try Bench("west-p")
    bench.feed(.ok(lag: nil))
    #expect(bench.machine.status.role == .primary(epoch: 1))
    let later = bench.now.adding(milliseconds: 3_000)
    #expect(bench.machine.status.lagMilliseconds(at: later, ageMillisecondsMax: 6_000) == 0)
  }
}

import Base
import Origins
import Testing

/// A pool and the outputs of its last event.
private struct Bench {
  var pool: Pool
  var random = SplitMix64(seed: 9)
  var limits = OriginLimits()

  init(
    _ version: OriginProtocol = .http1, connections: Int = 2, requests: Int = 3,
    limits: OriginLimits = OriginLimits()
  ) {
    self.limits = limits
    let definition = EndpointDefinition(
      name: "e", regionName: "r", tier: .primary, host: "127.0.0.1", port: 80, protocol: version,
      connectionCountMax: connections, requestCountMax: requests)
    pool = Pool(definition: definition, limits: limits)
  }

  mutating func acquire(
    _ waiter: UInt64, fresh: Bool = false, _ latency: LatencyClass = .chart, at now: UInt64 = 0
  ) -> PoolAction {
    pool.acquire(
      WaiterID(waiter), requiresFreshConnection: fresh, latency: latency, deadline: at_(now, 5_000),
      at: OriginsTests.at(now))
  }

  private func at_(_ now: UInt64, _ later: UInt64) -> Instant { OriginsTests.at(now + later) }

  mutating func fail(at now: UInt64) -> [PoolOutput] {
    pool.connectFailed(at: OriginsTests.at(now), using: &random)
    return drain()
  }

  mutating func drain() -> [PoolOutput] {
    var outputs: [PoolOutput] = []
    while let output = pool.nextOutput() { outputs.append(output) }
    return outputs
  }

  /// Performs an event and returns what it asks for.
  mutating func after<R>(_ event: (inout Pool) -> R) -> [PoolOutput] {
    _ = event(&pool)
    return drain()
  }
}

@Suite struct PoolTests {
  @Test func reusesTheMostRecentConnection() {
    var bench = Bench()
    #expect(bench.acquire(1) == .connect)
    #expect(bench.acquire(2) == .connect)
    #expect(bench.acquire(3) == .wait)
    #expect(
      bench.after { $0.connected(10, capacity: 1, at: at(1)) } == [
        .assigned(WaiterID(1), slot: 10)
      ])
    #expect(
      bench.after { $0.connected(11, capacity: 50, at: at(2)) } == [
        .assigned(WaiterID(2), slot: 11)
      ])
    #expect(
      bench.after { $0.released(10, reusable: true, at: at(3)) } == [
        .assigned(WaiterID(3), slot: 10)
      ])
    #expect(bench.after { $0.released(10, reusable: true, at: at(4)) } == [])
    #expect(bench.after { $0.released(11, reusable: true, at: at(5)) } == [])
    #expect(bench.acquire(4) == .use(slot: 11))
    #expect(bench.acquire(5) == .use(slot: 10))
  }

  @Test func aFreshConnectionIsOneThatCarriedNothing() {
    var bench = Bench(connections: 1)
    #expect(bench.acquire(1, fresh: true) == .connect)
    #expect(
      bench.after { $0.connected(10, capacity: 1, at: at(1)) } == [
        .assigned(WaiterID(1), slot: 10)
      ])
    #expect(bench.after { $0.released(10, reusable: true, at: at(2)) } == [])
    // The idle one gives its place to a new one.
    #expect(bench.acquire(2, fresh: true) == .connect)
    #expect(bench.drain() == [.close(slot: 10)])
    #expect(bench.pool.connectionCount == 0)
    let cancelled = [
      bench.pool.waiterCancelled(WaiterID(2)), bench.pool.waiterCancelled(WaiterID(2)),
    ]
    #expect(cancelled == [true, false])
    #expect(bench.after { $0.connected(10, capacity: 1, at: at(3)) } == [])
    #expect(bench.acquire(3, fresh: true) == .use(slot: 10))
    // A busy one gives its place when it is released.
    #expect(bench.acquire(4, fresh: true) == .wait)
    #expect(
      bench.after { $0.released(10, reusable: true, at: at(4)) } == [
        .close(slot: 10), .connect,
      ])
  }

  @Test func sharesAnHTTP2ConnectionUpToItsCapacity() {
    var bench = Bench(.http2, connections: 2, requests: 3)
    #expect(bench.acquire(1) == .connect)
    #expect(bench.acquire(2) == .wait)
    #expect(bench.acquire(3) == .wait)
    // A fourth would not fit on one connection.
    #expect(bench.acquire(4) == .connect)
    #expect(
      bench.after { $0.connected(7, capacity: 2, at: at(1)) } == [
        .assigned(WaiterID(1), slot: 7), .assigned(WaiterID(2), slot: 7),
      ])
    #expect(
      bench.after { $0.capacityChanged(7, capacity: 100, at: at(2)) } == [
        .assigned(WaiterID(3), slot: 7)
      ])
    #expect(
      bench.after { $0.connected(8, capacity: 100, at: at(3)) } == [
        .assigned(WaiterID(4), slot: 8)
      ])
    // The less loaded one is next; a connection that goes away is not.
    #expect(bench.acquire(5) == .use(slot: 8))
    #expect(bench.after { $0.goAway(8, at: at(4)) } == [])
    #expect(bench.after { $0.released(8, reusable: true, at: at(5)) } == [])
    #expect(bench.after { $0.released(8, reusable: true, at: at(6)) } == [.close(slot: 8)])
    let isKnown = bench.pool.closed(8, at: at(7))
    #expect(!isKnown)
  }

  @Test func anHTTP2ConnectionIsFreshWhileItAnswers() {
    var bench = Bench(.http2, connections: 1)
    #expect(bench.acquire(1, fresh: true) == .connect)
    #expect(
      bench.after { $0.connected(7, capacity: 9, at: at(1)) } == [
        .assigned(WaiterID(1), slot: 7)
      ])
    // In use, and nothing proven yet.
    #expect(bench.acquire(2, fresh: true, at: 2) == .wait)
    #expect(
      bench.after { $0.released(7, reusable: true, at: at(3)) } == [
        .assigned(WaiterID(2), slot: 7)
      ])
    #expect(bench.acquire(3, fresh: true, at: 1_002) == .use(slot: 7))
    #expect(bench.acquire(4, fresh: true, at: 1_003) == .wait)
    #expect(bench.acquire(5, at: 1_003) == .use(slot: 7))
  }

  @Test func pausesAfterAFailedConnect() {
    var bench = Bench()
    #expect(bench.acquire(1) == .connect)
    #expect(bench.acquire(2) == .connect)
    #expect(bench.fail(at: 10) == [.failed(WaiterID(1), .connectFailed)])
    #expect(bench.fail(at: 10) == [.failed(WaiterID(2), .connectFailed)])
    #expect(bench.acquire(3, at: 20) == .reject(.backingOff))
    // The burst counted once: at most 50 ms. Then one at a time tries.
    #expect(bench.acquire(4, at: 60) == .connect)
    #expect(bench.acquire(5, at: 60) == .wait)
    #expect(
      bench.fail(at: 61) == [
        .failed(WaiterID(4), .connectFailed), .failed(WaiterID(5), .backingOff),
      ])
    #expect(bench.acquire(6, at: 110) == .reject(.backingOff))
    #expect(bench.acquire(7, at: 161) == .connect)
    #expect(bench.acquire(8, at: 161) == .wait)
    #expect(
      bench.after { $0.connected(10, capacity: 1, at: at(162)) } == [
        .assigned(WaiterID(7), slot: 10), .connect,
      ])
  }

  @Test func thePauseIsBoundedAndWaitersOutliveItOnBusyConnections() {
    var bench = Bench(connections: 2)
    #expect(bench.acquire(1) == .connect)
    #expect(bench.after { $0.connected(10, capacity: 1, at: at(0)) }.count == 1)
    #expect(bench.acquire(2) == .connect)
    #expect(bench.fail(at: 1) == [.failed(WaiterID(2), .connectFailed)])
    // A busy connection may come free; a request that needs a fresh one has no such hope.
    #expect(bench.acquire(3, at: 2) == .wait)
    #expect(bench.acquire(4, fresh: true, at: 2) == .reject(.backingOff))
    #expect(bench.pool.nextDue <= at(51))
    #expect(bench.after { $0.tick(at: at(51)) } == [.connect])
    #expect(bench.pool.nextDue == at(5_002))
    var now: UInt64 = 52
    for _ in 0..<20 {
      _ = bench.fail(at: now)
      _ = bench.acquire(now, at: now + 1)
      now += 2_000
      #expect(bench.after { $0.tick(at: at(now)) }.contains(.connect))
      _ = bench.after { $0.tick(at: at(now)) }
    }
  }

  @Test func refusesWhatWaitsTooLongOrTooMuch() {
    var limits = OriginLimits()
    limits.waiterCountMax = 2
    limits.waiterCountConnectingMax = 0
    var bench = Bench(connections: 1, limits: limits)
    #expect(bench.acquire(1) == .connect)
    #expect(bench.acquire(2, at: 1) == .wait)
    #expect(bench.acquire(3, at: 1) == .reject(.queueFull))
    #expect(bench.pool.nextDue == at(5_000))
    #expect(bench.after { $0.tick(at: at(4_999)) } == [])
    #expect(bench.after { $0.tick(at: at(5_000)) } == [.failed(WaiterID(1), .waitedTooLong)])
    #expect(bench.after { $0.tick(at: at(5_001)) } == [.failed(WaiterID(2), .waitedTooLong)])
    // The connect that was under way serves later requests.
    #expect(bench.after { $0.connected(10, capacity: 1, at: at(5_002)) } == [])
    #expect(bench.acquire(4, at: 5_003) == .use(slot: 10))
  }

  /// The defect: a burst on a cold edge met the bound of a warm one.
  @Test func aBurstMayWaitForTheFirstConnections() {
    var bench = Bench(connections: 4)
    var answers: [PoolAction] = []
    for waiter: UInt64 in 0..<2_000 { answers.append(bench.acquire(waiter)) }
    #expect(answers.count { $0 == .connect } == 4)
    #expect(answers.count { $0 == .wait } == 256 + 1024 - 4)
    #expect(answers.last == .reject(.queueFull))
    // Nobody who waits is sent away when they are there; who comes then meets the usual bound.
    for slot in 1...4 {
      #expect(bench.after { $0.connected(slot, capacity: 1, at: at(1)) }.count == 1)
    }
    #expect(bench.pool.waiterCount == 256 + 1024 - 4)
    #expect(bench.acquire(5_000, at: 1_000) == .wait)
    #expect(bench.acquire(5_001, at: 1_001) == .reject(.queueFull))
  }

  @Test func theUrgentGoFirstAndFindRoom() {
    var limits = OriginLimits()
    limits.waiterCountMax = 8
    limits.waiterCountConnectingMax = 0
    var bench = Bench(connections: 1, limits: limits)
    #expect(bench.acquire(0) == .connect)
    #expect(bench.after { $0.connected(10, capacity: 1, at: at(0)) }.count == 1)
    let order: [LatencyClass] = [.bulk, .bulk, .chart, .alarm, .interactive, .chart, .alarm]
    for (index, latency) in order.enumerated() {
      #expect(bench.acquire(UInt64(index + 1), latency) == .wait)
    }
    #expect(bench.acquire(8, .bulk) == .reject(.queueFull))
    #expect(bench.acquire(8, .chart) == .wait)
    #expect(bench.acquire(9, .chart) == .reject(.queueFull))
    #expect(bench.acquire(9, .alarm) == .wait)
    #expect(bench.acquire(10, .interactive) == .wait)
    #expect(bench.acquire(11, .alarm) == .reject(.queueFull))
    var served: [UInt64] = []
    while bench.pool.waiterCount > 0 {
      for output in bench.after({ $0.released(10, reusable: true, at: at(1)) }) {
        if case .assigned(let waiter, _) = output { served.append(waiter.number) }
      }
    }
    #expect(served == [4, 7, 9, 5, 10, 3, 6, 8, 1, 2])
  }

  /// Row 16: who refuses streams gets fewer at once, and slowly as many as before.
  @Test func aRefusedStreamHalvesWhatAConnectionCarries() {
    var bench = Bench(.http2, connections: 1, requests: 100)
    #expect(bench.acquire(0) == .connect)
    #expect(bench.after { $0.connected(7, capacity: 100, at: at(0)) }.count == 1)
    for waiter: UInt64 in 1..<40 { #expect(bench.acquire(waiter) == .use(slot: 7)) }
    #expect(bench.after { $0.refused(7) } == [])
    #expect(bench.acquire(40) == .wait)
    for _ in 0..<20 {
      #expect(bench.after { $0.released(7, reusable: true, at: at(1)) }.count <= 1)
    }
    // 20 + 20 for the ends, 20 and the one that waited are left.
    #expect(bench.pool.waiterCount == 0 && bench.pool.inUseCount == 21)
    for waiter: UInt64 in 50..<69 { #expect(bench.acquire(waiter) == .use(slot: 7)) }
    #expect(bench.acquire(99) == .wait)
  }

  @Test(arguments: [OriginProtocol.http1, .http2])
  func closesIdleAndOldConnections(_ version: OriginProtocol) {
    var bench = Bench(version)
    #expect(bench.acquire(1) == .connect)
    #expect(bench.after { $0.connected(10, capacity: 1, at: at(0)) }.count == 1)
    #expect(bench.after { $0.tick(at: at(60_000)) } == [])
    #expect(bench.after { $0.released(10, reusable: true, at: at(60_000)) } == [])
    #expect(bench.pool.nextDue == at(105_000))
    #expect(bench.after { $0.tick(at: at(104_999)) } == [])
    #expect(bench.after { $0.tick(at: at(105_000)) } == [.close(slot: 10)])
    #expect(bench.pool.isEmpty)
    #expect(bench.acquire(2) == .connect)
    #expect(bench.after { $0.connected(11, capacity: 1, at: at(0)) }.count == 1)
    #expect(bench.after { $0.tick(at: at(3_600_000)) } == [])
    #expect(
      bench.after { $0.released(11, reusable: true, at: at(3_600_000)) } == [.close(slot: 11)])
    #expect(bench.pool.isEmpty)
  }

  @Test func keepsABoundedNumberOfIdleConnections() {
    var limits = OriginLimits()
    limits.idleCountMax = 1
    var bench = Bench(connections: 2, limits: limits)
    for slot in [10, 11] {
      #expect(bench.acquire(UInt64(slot)) == .connect)
      #expect(bench.after { $0.connected(slot, capacity: 1, at: at(0)) }.count == 1)
    }
    #expect(bench.after { $0.released(10, reusable: true, at: at(1)) } == [])
    #expect(bench.after { $0.released(11, reusable: true, at: at(2)) } == [.close(slot: 10)])
  }

  @Test func doesNotReuseWhatIsNotReusable() {
    var bench = Bench(connections: 1)
    #expect(bench.acquire(1) == .connect)
    #expect(bench.after { $0.connected(10, capacity: 1, at: at(0)) }.count == 1)
    #expect(bench.acquire(2) == .wait)
    #expect(
      bench.after { $0.released(10, reusable: false, at: at(1)) } == [
        .close(slot: 10), .connect,
      ])
    #expect(
      bench.after { $0.connected(10, capacity: 1, at: at(2)) } == [
        .assigned(WaiterID(2), slot: 10)
      ])
    #expect(bench.acquire(3) == .wait)
    #expect(bench.after { $0.closed(10, at: at(3)) } == [.connect])
  }

  @Test func closingRefusesAndEmpties() {
    var bench = Bench(connections: 3)
    for slot in [10, 11] {
      #expect(bench.acquire(UInt64(slot)) == .connect)
      #expect(bench.after { $0.connected(slot, capacity: 1, at: at(0)) }.count == 1)
    }
    #expect(bench.after { $0.released(10, reusable: true, at: at(1)) } == [])
    #expect(bench.acquire(3, fresh: true) == .connect)
    #expect(bench.after { $0.close() } == [.failed(WaiterID(3), .closing), .close(slot: 10)])
    #expect(bench.acquire(4) == .reject(.closing))
    #expect(bench.after { $0.connected(12, capacity: 1, at: at(2)) } == [.close(slot: 12)])
    #expect(!bench.pool.isEmpty)
    #expect(bench.after { $0.released(11, reusable: true, at: at(3)) } == [.close(slot: 11)])
    #expect(bench.pool.isEmpty)
  }
}

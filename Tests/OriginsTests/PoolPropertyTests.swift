import Base
import Origins
import Testing

/// A driver that performs what the pool asks, and a plain account of it that judges every output.
private struct Referee {
  struct Open {
    var requests: Set<UInt64> = []
    var capacity: Int
    var isUsed = false
    var isRetiring = false
    var provenAt: UInt64?
  }

  let isMultiplexed: Bool
  let connectionCountMax: Int
  let limits = OriginLimits()
  var pool: Pool
  var random: SplitMix64
  var now: UInt64 = 0
  var open: [Int: Open] = [:]
  /// Who waits, and whether it requires a fresh connection.
  var waiting: [UInt64: Bool] = [:]
  var pendingCount = 0
  var requestCount: UInt64 = 0
  var servedCount = 0
  var refusedCount = 0

  init(seed: UInt64) {
    random = SplitMix64(seed: seed)
    isMultiplexed = seed % 2 == 1
    connectionCountMax = 1 + Int(seed / 2 % 4)
    let definition = EndpointDefinition(
      name: "e", regionName: "r", tier: .primary, host: "127.0.0.1", port: 80,
      protocol: isMultiplexed ? .http2 : .http1, connectionCountMax: connectionCountMax,
      requestCountMax: 4)
    pool = Pool(definition: definition, limits: limits)
  }

  mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }

  // MARK: Judging

  mutating func give(_ request: UInt64, _ slot: Int, fresh: Bool) {
    guard var connection = open[slot] else {
      Issue.record("gave slot \(slot), which is not open")
      return
    }
    #expect(!connection.isRetiring)
    #expect(connection.requests.count < connection.capacity)
    if fresh, connection.isUsed {
      let age = connection.provenAt.map { now - $0 }
      #expect(isMultiplexed && (age ?? .max) < limits.provenAliveMilliseconds)
    }
    connection.isUsed = true
    let isNew = connection.requests.insert(request).inserted
    #expect(isNew)
    open[slot] = connection
    servedCount += 1
  }

  mutating func drain() {
    while let output = pool.nextOutput() {
      switch output {
      case .assigned(let waiter, let slot):
        guard let fresh = waiting.removeValue(forKey: waiter.number) else {
          Issue.record("gave a slot to \(waiter), who does not wait")
          continue
        }
        give(waiter.number, slot, fresh: fresh)
      case .connect:
        pendingCount += 1
      case .close(let slot):
        let ended = open.removeValue(forKey: slot)
        #expect(ended?.requests == [])
      case .failed(let waiter, _):
        let ended = waiting.removeValue(forKey: waiter.number)
        #expect(ended != nil)
        refusedCount += 1
      }
    }
    check()
  }

  func check() {
    #expect(pool.connectionCount == open.count)
    #expect(pool.pendingCount == pendingCount)
    #expect(pool.waiterCount == waiting.count)
    #expect(pool.inUseCount == open.values.reduce(0) { $0 + $1.requests.count })
    #expect(open.count + pendingCount <= 2 * connectionCountMax)
    let live = open.values.count { !$0.isRetiring }
    #expect(live + pendingCount <= connectionCountMax)
    guard !waiting.isEmpty else { return }
    // INVARIANT (progress): somebody or something will serve those who wait.
    let isBusy = open.values.contains { !$0.requests.isEmpty }
    let isStuck = pendingCount == 0 && !isBusy
    #expect(!isStuck || (isMultiplexed && pool.nextDue < .never))
  }

  // MARK: Acting

  mutating func step() {
    if chance(30) { now += UInt64.random(in: 0...200, using: &random) }
    if chance(1) { now += 50_000 }
    switch Int.random(in: 0..<10, using: &random) {
    case 0, 1, 2: acquire()
    case 3, 4: settleConnect(success: chance(75))
    case 5, 6: release()
    case 7: disturb()
    case 8: cancel()
    default: pool.tick(at: at(now))
    }
    drain()
  }

  mutating func acquire() {
    requestCount += 1
    let fresh = chance(25)
    let action = pool.acquire(
      WaiterID(requestCount), requiresFreshConnection: fresh,
      latency: LatencyClass.allCases.randomElement(using: &random) ?? .bulk,
      deadline: at(now + UInt64.random(in: 1...3_000, using: &random)), at: at(now))
    switch action {
    case .use(let slot): give(requestCount, slot, fresh: fresh)
    case .connect:
      waiting[requestCount] = fresh
      pendingCount += 1
    case .wait: waiting[requestCount] = fresh
    case .reject: refusedCount += 1
    }
  }

  mutating func settleConnect(success: Bool) {
    guard pendingCount > 0 else { return }
    pendingCount -= 1
    guard success else { return pool.connectFailed(at: at(now), using: &random) }
    var slot = 0
    while open[slot] != nil { slot += 1 }
    let offered = Int.random(in: 0...6, using: &random)
    open[slot] = Open(capacity: isMultiplexed ? min(offered, 4) : 1)
    pool.connected(slot, capacity: offered, at: at(now))
  }

  mutating func release() {
    let busy = open.filter { !$0.value.requests.isEmpty }.keys.sorted()
    guard let slot = busy.randomElement(using: &random), var connection = open[slot],
      let request = connection.requests.min()
    else { return }
    let reusable = chance(80)
    connection.requests.remove(request)
    if reusable { connection.provenAt = now } else { connection.isRetiring = true }
    open[slot] = connection
    pool.released(slot, reusable: reusable, at: at(now))
  }

  mutating func disturb() {
    guard let slot = open.keys.sorted().randomElement(using: &random) else { return }
    switch Int.random(in: 0..<4, using: &random) {
    case 3:
      // Never more than the peer granted, which is what the account holds it against.
      pool.refused(slot)
    case 0:
      open[slot] = nil
      let isKnown = pool.closed(slot, at: at(now))
      #expect(isKnown)
    case 1:
      open[slot]?.isRetiring = true
      pool.goAway(slot, at: at(now))
    default:
      let capacity = Int.random(in: 0...6, using: &random)
      if isMultiplexed { open[slot]?.capacity = min(capacity, 4) }
      pool.capacityChanged(slot, capacity: capacity, at: at(now))
    }
  }

  mutating func cancel() {
    if let waiter = waiting.keys.sorted().randomElement(using: &random) {
      waiting[waiter] = nil
      let didWait = pool.waiterCancelled(WaiterID(waiter))
      #expect(didWait)
    }
    let didNobodyWait = pool.waiterCancelled(WaiterID(requestCount + 1))
    #expect(!didNobodyWait)
  }

  /// Ends everything that is under way; nothing may be left.
  mutating func finish() {
    let isClosing = chance(50)
    if isClosing {
      pool.close()
      for slot in open.keys { open[slot]?.isRetiring = true }
      drain()
    }
    while !waiting.isEmpty || pendingCount > 0
      || open.values.contains(where: { !$0.requests.isEmpty })
    {
      settleConnect(success: chance(50))
      drain()
      release()
      drain()
      now += 500
      pool.tick(at: at(now))
      drain()
    }
    now += limits.idleMilliseconds
    pool.tick(at: at(now))
    drain()
    #expect(pool.isEmpty)
    #expect(open.isEmpty)
    #expect(pool.nextDue == .never)
  }
}

@Suite struct PoolPropertyTests {
  /// Random events: no slot is given twice, over its capacity or after its end; no request is
  /// forgotten; in the end no slot is left.
  @Test(arguments: 0..<64 as Range<UInt64>)
  func noSlotLeaks(_ seed: UInt64) {
    var referee = Referee(seed: seed)
    for _ in 0..<2_000 { referee.step() }
    referee.finish()
    #expect(referee.servedCount > 50)
    #expect(referee.refusedCount > 10)
  }
}

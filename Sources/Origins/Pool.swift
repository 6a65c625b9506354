public import Base

/// The connections of one loop to one endpoint: which is free, when to connect, who waits.
///
/// The machine owns no connection; it knows them by slots, numbers that the driver chooses. Owned
/// by one loop. The driver drains `nextOutput` after every event, before it feeds the next.
///
/// INVARIANT (one place): a slot the pool knows carries `inUseCount` requests, each of them given
/// out once and not yet released; an HTTP/1.1 slot that carries none is in `idle`.
/// INVARIANT (progress): while a request waits, a connect is pending, a connection is busy, the
/// connect pause has not ended, or the number of connections is at its bound.
public struct Pool: Sendable {
  private struct Connection {
    var capacity: Int
    var inUseCount = 0
    /// Whether a request was ever given to it.
    var isUsed = false
    let openedAt: Instant
    var lastUsedAt: Instant
    /// When a response last completed well; the peer was alive then.
    var provenAt: Instant?
    /// Whether it takes no further request.
    var isRetiring = false

    var hasRoom: Bool { !isRetiring && inUseCount < capacity }
  }

  private struct Waiter {
    let id: WaiterID
    let requiresFresh: Bool
    let deadline: Instant
  }

  private let isMultiplexed: Bool
  private let connectionCountMax: Int
  private let requestCountMax: Int
  private let limits: OriginLimits

  /// Slots, at the same index as `connections`: scanned often, so kept dense.
  private var slots: [Int] = []
  private var connections: [Connection] = []
  /// How many of them take no further request.
  private var retiringCount = 0
  /// Idle HTTP/1.1 slots, the most recently used last. Unused for HTTP/2.
  private var idle: [Int] = []
  private var waiters: [Waiter] = []
  private var outputs: [PoolOutput] = []
  private var outputHead = 0

  /// Connects that the driver was asked for and has not reported.
  public private(set) var pendingCount = 0
  /// Failed connects since the last good one, those of one burst counted once.
  private var failureCount: UInt64 = 0
  private var pausedUntil = Instant(nanoseconds: 0)
  /// Whether `close` was called.
  public private(set) var isClosing = false

  /// Makes the empty pool of an endpoint.
  public init(definition: EndpointDefinition, limits: OriginLimits) {
    isMultiplexed = definition.protocol == .http2
    connectionCountMax = definition.connectionCountMax
    requestCountMax = isMultiplexed ? definition.requestCountMax : 1
    self.limits = limits
  }

  /// Connections known, those that take no further request included.
  public var connectionCount: Int { connections.count }
  /// Requests that wait.
  public var waiterCount: Int { waiters.count }
  /// Requests that were given a connection and have not released it.
  public var inUseCount: Int { connections.reduce(0) { $0 + $1.inUseCount } }
  /// Whether nothing is left to close or to wait for.
  public var isEmpty: Bool { connections.isEmpty && pendingCount == 0 && waiters.isEmpty }

  /// The next thing to do, oldest first; nil when there is none.
  public mutating func nextOutput() -> PoolOutput? {
    guard outputHead < outputs.count else {
      outputs.removeAll(keepingCapacity: true)
      outputHead = 0
      return nil
    }
    defer { outputHead += 1 }
    return outputs[outputHead]
  }
}

// MARK: - Events

extension Pool {
  /// A request wants a connection.
  ///
  /// A request that must not be sent twice `requiresFreshConnection`: over HTTP/1.1 one that
  /// carried none before; over HTTP/2 one that completed a response a moment ago will do.
  public mutating func acquire(
    _ waiter: WaiterID, requiresFreshConnection: Bool, deadline: Instant, at now: Instant
  ) -> PoolAction {
    if isClosing { return .reject(.closing) }
    if let slot = take(requiresFresh: requiresFreshConnection, at: now) {
      return .use(slot: slot)
    }
    guard waiters.count < limits.waiterCountMax else { return .reject(.queueFull) }
    let entry = Waiter(id: waiter, requiresFresh: requiresFreshConnection, deadline: deadline)
    if isHopeless(entry, at: now) { return .reject(.backingOff) }
    waiters.append(entry)
    return startConnect(at: now) ? .connect : .wait
  }

  /// A connect succeeded; the driver calls the connection `slot`. `capacity` is how many requests
  /// it takes at once (the peer's SETTINGS); HTTP/1.1 takes one.
  public mutating func connected(_ slot: Int, capacity: Int, at now: Instant) {
    precondition(pendingCount > 0, "connected without a pending connect")
    precondition(!slots.contains(slot), "a slot was given twice")
    pendingCount -= 1
    failureCount = 0
    pausedUntil = Instant(nanoseconds: 0)
    guard !isClosing else { return outputs.append(.close(slot: slot)) }
    slots.append(slot)
    connections.append(
      Connection(capacity: bounded(capacity), openedAt: now, lastUsedAt: now))
    if !isMultiplexed { idle.append(slot) }
    pump(at: now)
  }

  /// A connect failed: the request that waited longest is told, and new connects pause.
  public mutating func connectFailed(at now: Instant, using random: inout SplitMix64) {
    precondition(pendingCount > 0, "connect failed without a pending connect")
    pendingCount -= 1
    guard !isClosing else { return }
    if now >= pausedUntil {
      let factor = UInt64(1) << min(failureCount, 16)
      let pause = min(
        limits.connectBackoffMilliseconds * factor, limits.connectBackoffMillisecondsMax)
      failureCount += 1
      let jittered = pause - UInt64.random(in: 0...pause / 2, using: &random)
      pausedUntil = now.adding(milliseconds: jittered)
    }
    if !waiters.isEmpty { outputs.append(.failed(waiters.removeFirst().id, .connectFailed)) }
    pump(at: now)
  }

  /// A request's exchange on `slot` is over. `reusable` is false when the connection takes no
  /// other.
  public mutating func released(_ slot: Int, reusable: Bool, at now: Instant) {
    let index = index(of: slot)
    precondition(connections[index].inUseCount > 0, "released a slot that was not in use")
    connections[index].inUseCount -= 1
    connections[index].lastUsedAt = now
    if reusable { connections[index].provenAt = now } else { retire(index) }
    retireIfOld(index, at: now)
    settle(index)
    if idle.count > limits.idleCountMax { closeIdle(slot: idle[0]) }
    pump(at: now)
  }

  /// The peer changed how many requests it takes at once. HTTP/1.1 always takes one.
  public mutating func capacityChanged(_ slot: Int, capacity: Int, at now: Instant) {
    connections[index(of: slot)].capacity = bounded(capacity)
    pump(at: now)
  }

  /// The peer takes no new requests on `slot`; those under way go on.
  public mutating func goAway(_ slot: Int, at now: Instant) {
    guard let index = slots.firstIndex(of: slot) else { return }
    retire(index)
    idle.removeAll { $0 == slot }
    settle(index)
    pump(at: now)
  }

  /// The connection ended, with all requests on it: none of them is released any more. False when
  /// the pool had given it up already.
  @discardableResult
  public mutating func closed(_ slot: Int, at now: Instant) -> Bool {
    guard let index = slots.firstIndex(of: slot) else { return false }
    idle.removeAll { $0 == slot }
    forget(index)
    pump(at: now)
    return true
  }

  /// The client of a waiting request went away. False when it does not wait (any more): then it has
  /// a connection to release, or was refused.
  public mutating func waiterCancelled(_ waiter: WaiterID) -> Bool {
    guard let index = waiters.firstIndex(where: { $0.id == waiter }) else { return false }
    waiters.remove(at: index)
    return true
  }

  /// Lets time pass: refuses requests that waited too long, closes idle and old connections, and
  /// connects again after a pause.
  public mutating func tick(at now: Instant) {
    if now >= pausedUntil { pausedUntil = Instant(nanoseconds: 0) }
    var kept = 0
    for index in waiters.indices {
      if now >= waiters[index].deadline {
        outputs.append(.failed(waiters[index].id, .waitedTooLong))
      } else {
        if kept != index { waiters[kept] = waiters[index] }
        kept += 1
      }
    }
    waiters.removeLast(waiters.count - kept)
    for index in connections.indices.reversed() {
      retireIfOld(index, at: now)
      let connection = connections[index]
      guard connection.inUseCount == 0,
        connection.isRetiring
          || now.milliseconds(since: connection.lastUsedAt) >= limits.idleMilliseconds
      else { continue }
      closeIdle(slot: slots[index])
    }
    pump(at: now)
  }

  /// When `tick` has something to do.
  public var nextDue: Instant {
    var due = Instant.never
    for waiter in waiters { due = min(due, waiter.deadline) }
    if !waiters.isEmpty, pausedUntil > Instant(nanoseconds: 0) { due = min(due, pausedUntil) }
    for connection in connections where connection.inUseCount == 0 {
      due = min(due, connection.lastUsedAt.adding(milliseconds: limits.idleMilliseconds))
      due = min(due, connection.openedAt.adding(milliseconds: limits.connectionAgeMilliseconds))
    }
    return due
  }

  /// Gives no connection any more: refuses those who wait, closes what is idle now and the rest as
  /// it is released.
  public mutating func close() {
    isClosing = true
    for waiter in waiters { outputs.append(.failed(waiter.id, .closing)) }
    waiters.removeAll()
    for index in connections.indices.reversed() {
      retire(index)
      if connections[index].inUseCount == 0 { closeIdle(slot: slots[index]) }
    }
  }
}

// MARK: - Choosing

extension Pool {
  /// Gives out a connection that is there and may carry the request.
  private mutating func take(requiresFresh: Bool, at now: Instant) -> Int? {
    guard
      let index = isMultiplexed
        ? leastLoaded(requiresFresh: requiresFresh, at: now)
        : popIdle(requiresFresh: requiresFresh)
    else { return nil }
    connections[index].inUseCount += 1
    connections[index].isUsed = true
    return slots[index]
  }

  private mutating func popIdle(requiresFresh: Bool) -> Int? {
    guard requiresFresh else { return idle.popLast().map(index(of:)) }
    for place in idle.indices.reversed() {
      let index = index(of: idle[place])
      guard !connections[index].isUsed else { continue }
      idle.remove(at: place)
      return index
    }
    return nil
  }

  private func leastLoaded(requiresFresh: Bool, at now: Instant) -> Int? {
    var best: Int?
    for index in connections.indices where connections[index].hasRoom {
      if requiresFresh, !isFresh(connections[index], at: now) { continue }
      if let known = best, connections[known].inUseCount <= connections[index].inUseCount {
        continue
      }
      best = index
    }
    return best
  }

  private func isFresh(_ connection: Connection, at now: Instant) -> Bool {
    guard connection.isUsed else { return true }
    guard let provenAt = connection.provenAt else { return false }
    return now.milliseconds(since: provenAt) < limits.provenAliveMilliseconds
  }

  /// Serves waiting requests in order, connects for the rest, and refuses the hopeless.
  private mutating func pump(at now: Instant) {
    var place = 0
    while place < waiters.count, hasRoomForSome {
      if let slot = take(requiresFresh: waiters[place].requiresFresh, at: now) {
        outputs.append(.assigned(waiters.remove(at: place).id, slot: slot))
      } else {
        place += 1
      }
    }
    guard !waiters.isEmpty else { return }
    while startConnect(at: now) { outputs.append(.connect) }
    guard isPausing(at: now) else { return }
    for place in waiters.indices.reversed() where isHopeless(waiters[place], at: now) {
      outputs.append(.failed(waiters.remove(at: place).id, .backingOff))
    }
  }

  private var hasRoomForSome: Bool {
    isMultiplexed ? connections.contains(where: \.hasRoom) : !idle.isEmpty
  }

  /// Connections that take further requests.
  private var liveCount: Int { connections.count - retiringCount }

  /// Whether no connect is under way and none may begin yet.
  private func isPausing(at now: Instant) -> Bool { pendingCount == 0 && now < pausedUntil }

  /// Whether nothing can give this request a connection before the pause ends.
  private func isHopeless(_ waiter: Waiter, at now: Instant) -> Bool {
    guard isPausing(at: now) else { return false }
    return liveCount == 0 || (!isMultiplexed && waiter.requiresFresh)
  }

  /// Counts one more connect when the waiting requests need it and the bounds allow it.
  ///
  /// After a failure one connect at a time tries whether the endpoint is back.
  private mutating func startConnect(at now: Instant) -> Bool {
    guard !isClosing, now >= pausedUntil, waiters.count > pendingCount * requestCountMax,
      failureCount == 0 || pendingCount == 0,
      // Retiring connections may outlive their replacements, but not without end.
      connections.count + pendingCount < 2 * connectionCountMax
    else { return false }
    if liveCount + pendingCount >= connectionCountMax, !closeOneForFresh() { return false }
    pendingCount += 1
    return true
  }

  /// Makes room: closes the connection that was idle longest, which no waiting request may use.
  private mutating func closeOneForFresh() -> Bool {
    // Under load every connection is busy: INVARIANT (one place) spares the search.
    if !isMultiplexed && idle.isEmpty { return false }
    var oldest: Int?
    for index in connections.indices
    where connections[index].inUseCount == 0 && connections[index].hasRoom {
      if let known = oldest, connections[known].lastUsedAt <= connections[index].lastUsedAt {
        continue
      }
      oldest = index
    }
    guard let oldest else { return false }
    closeIdle(slot: slots[oldest])
    return true
  }
}

// MARK: - Bookkeeping

extension Pool {
  private func index(of slot: Int) -> Int {
    guard let index = slots.firstIndex(of: slot) else {
      preconditionFailure("the pool does not know this slot")
    }
    return index
  }

  private func bounded(_ capacity: Int) -> Int {
    isMultiplexed ? min(max(capacity, 0), requestCountMax) : 1
  }

  private mutating func retireIfOld(_ index: Int, at now: Instant) {
    let age = now.milliseconds(since: connections[index].openedAt)
    if age >= limits.connectionAgeMilliseconds { retire(index) }
  }

  /// Gives the connection no further request.
  private mutating func retire(_ index: Int) {
    guard !connections[index].isRetiring else { return }
    connections[index].isRetiring = true
    retiringCount += 1
  }

  /// Puts a connection that may have become idle where it belongs.
  private mutating func settle(_ index: Int) {
    guard connections[index].inUseCount == 0 else { return }
    if connections[index].isRetiring {
      outputs.append(.close(slot: slots[index]))
      forget(index)
    } else if !isMultiplexed {
      idle.append(slots[index])
    }
  }

  private mutating func closeIdle(slot: Int) {
    idle.removeAll { $0 == slot }
    outputs.append(.close(slot: slot))
    forget(index(of: slot))
  }

  private mutating func forget(_ index: Int) {
    if connections[index].isRetiring { retiringCount -= 1 }
    slots.swapAt(index, slots.count - 1)
    connections.swapAt(index, connections.count - 1)
    slots.removeLast()
    connections.removeLast()
  }
}

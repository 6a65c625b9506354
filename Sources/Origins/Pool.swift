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
  struct Connection {
    var capacity: Int
    /// What `capacity` grows back to after the peer refused a stream.
    var capacityMax: Int
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

  struct Waiter {
    let id: WaiterID
    let requiresFresh: Bool
    let latency: LatencyClass
    let deadline: Instant
  }

  let isMultiplexed: Bool
  let connectionCountMax: Int
  let requestCountMax: Int
  let limits: OriginLimits

  /// Slots, at the same index as `connections`: scanned often, so kept dense.
  var slots: [Int] = []
  var connections: [Connection] = []
  /// How many of them take no further request.
  var retiringCount = 0
  /// Idle HTTP/1.1 slots, the most recently used last. Unused for HTTP/2.
  var idle: [Int] = []
  /// Those who wait, the most urgent first; of one class the one that came first.
  var waiters: [Waiter] = []
  var outputs: [PoolOutput] = []
  var outputHead = 0

  /// Connects that the driver was asked for and has not reported.
  public internal(set) var pendingCount = 0
  /// Failed connects since the last good one, those of one burst counted once.
  var failureCount: UInt64 = 0
  var pausedUntil = Instant(nanoseconds: 0)
  /// Until when the newest connection is so new that what came before it may still wait.
  var coldUntil = Instant(nanoseconds: 0)
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
  /// carried none before; over HTTP/2 one that completed a response a moment ago will do. The more
  /// urgent are served first.
  public mutating func acquire(
    _ waiter: WaiterID, requiresFreshConnection: Bool, latency: LatencyClass = .chart,
    deadline: Instant, at now: Instant
  ) -> PoolAction {
    if isClosing { return .reject(.closing) }
    if let slot = take(requiresFresh: requiresFreshConnection, at: now) {
      return .use(slot: slot)
    }
    guard waiters.count < waiterCountMax(latency, at: now) else { return .reject(.queueFull) }
    let entry = Waiter(
      id: waiter, requiresFresh: requiresFreshConnection, latency: latency, deadline: deadline)
    if isHopeless(entry, at: now) { return .reject(.backingOff) }
    enqueue(entry)
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
    coldUntil = now.adding(milliseconds: limits.coldMilliseconds)
    guard !isClosing else { return outputs.append(.close(slot: slot)) }
    slots.append(slot)
    connections.append(
      Connection(
        capacity: bounded(capacity), capacityMax: bounded(capacity), openedAt: now,
        lastUsedAt: now))
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
  /// other, and `proven` when the peer had no say in that end.
  public mutating func released(
    _ slot: Int, reusable: Bool, proven: Bool = true, at now: Instant
  ) {
    let index = index(of: slot)
    precondition(connections[index].inUseCount > 0, "released a slot that was not in use")
    connections[index].inUseCount -= 1
    connections[index].lastUsedAt = now
    if reusable {
      if proven {
        connections[index].provenAt = now
        regrow(index)
      }
    } else {
      retire(index)
    }
    retireIfOld(index, at: now)
    settle(index)
    if idle.count > limits.idleCountMax { closeIdle(slot: idle[0]) }
    pump(at: now)
  }

  /// The peer changed how many requests it takes at once. HTTP/1.1 always takes one.
  public mutating func capacityChanged(_ slot: Int, capacity: Int, at now: Instant) {
    let index = index(of: slot)
    connections[index].capacity = bounded(capacity)
    connections[index].capacityMax = bounded(capacity)
    pump(at: now)
  }

  /// The peer refused a stream on `slot`, which is still in use: it has too much to do, and gets
  /// half as many at once; with each that ends well one more.
  public mutating func refused(_ slot: Int) {
    guard isMultiplexed, let index = slots.firstIndex(of: slot) else { return }
    let half = max(1, connections[index].inUseCount / 2)
    connections[index].capacity = min(connections[index].capacity, half)
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

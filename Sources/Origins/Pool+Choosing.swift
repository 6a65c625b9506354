internal import Base

// MARK: - Choosing

extension Pool {
  /// Gives out a connection that is there and may carry the request.
  mutating func take(requiresFresh: Bool, at now: Instant) -> Int? {
    guard
      let index = isMultiplexed
        ? leastLoaded(requiresFresh: requiresFresh, at: now)
        : popIdle(requiresFresh: requiresFresh)
    else { return nil }
    connections[index].inUseCount += 1
    connections[index].isUsed = true
    return slots[index]
  }

  mutating func popIdle(requiresFresh: Bool) -> Int? {
    guard requiresFresh else { return idle.popLast().map(index(of:)) }
    for place in idle.indices.reversed() {
      let index = index(of: idle[place])
      guard !connections[index].isUsed else { continue }
      idle.remove(at: place)
      return index
    }
    return nil
  }

  func leastLoaded(requiresFresh: Bool, at now: Instant) -> Int? {
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

  func isFresh(_ connection: Connection, at now: Instant) -> Bool {
    guard connection.isUsed else { return true }
    guard let provenAt = connection.provenAt else { return false }
    return now.milliseconds(since: provenAt) < limits.provenAliveMilliseconds
  }

  /// Serves waiting requests in order, connects for the rest, and refuses the hopeless.
  mutating func pump(at now: Instant) {
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

  var hasRoomForSome: Bool {
    isMultiplexed ? connections.contains(where: \.hasRoom) : !idle.isEmpty
  }

  /// Connections that take further requests.
  var liveCount: Int { connections.count - retiringCount }

  /// Whether no connect is under way and none may begin yet.
  func isPausing(at now: Instant) -> Bool { pendingCount == 0 && now < pausedUntil }

  /// Whether nothing can give this request a connection before the pause ends.
  func isHopeless(_ waiter: Waiter, at now: Instant) -> Bool {
    guard isPausing(at: now) else { return false }
    return liveCount == 0 || (!isMultiplexed && waiter.requiresFresh)
  }

  /// Counts one more connect when the waiting requests need it and the bounds allow it.
  ///
  /// After a failure one connect at a time tries whether the endpoint is back.
  mutating func startConnect(at now: Instant) -> Bool {
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
  mutating func closeOneForFresh() -> Bool {
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
  func index(of slot: Int) -> Int {
    guard let index = slots.firstIndex(of: slot) else {
      preconditionFailure("the pool does not know this slot")
    }
    return index
  }

  /// How many may wait when one of this class comes: more while connections are being made and a
  /// moment longer, since then a burst meets a cold pool.
  func waiterCountMax(_ latency: LatencyClass, at now: Instant) -> Int {
    var bound = limits.waiterCountMax
    if pendingCount > 0 || connections.isEmpty || now < coldUntil {
      bound += limits.waiterCountConnectingMax
    }
    switch latency {
    case .alarm, .interactive: return bound + bound / 4
    case .chart: return bound
    case .bulk: return bound / 4
    }
  }

  /// Puts a request behind those that are as urgent.
  mutating func enqueue(_ waiter: Waiter) {
    var place = waiters.count
    while place > 0, waiters[place - 1].latency > waiter.latency { place -= 1 }
    waiters.insert(waiter, at: place)
  }

  /// A stream ended well where one was refused before.
  mutating func regrow(_ index: Int) {
    if connections[index].capacity < connections[index].capacityMax {
      connections[index].capacity += 1
    }
  }

  func bounded(_ capacity: Int) -> Int {
    isMultiplexed ? min(max(capacity, 0), requestCountMax) : 1
  }

  mutating func retireIfOld(_ index: Int, at now: Instant) {
    let age = now.milliseconds(since: connections[index].openedAt)
    if age >= limits.connectionAgeMilliseconds { retire(index) }
  }

  /// Gives the connection no further request.
  mutating func retire(_ index: Int) {
    guard !connections[index].isRetiring else { return }
    connections[index].isRetiring = true
    retiringCount += 1
  }

  /// Puts a connection that may have become idle where it belongs.
  mutating func settle(_ index: Int) {
    guard connections[index].inUseCount == 0 else { return }
    if connections[index].isRetiring {
      outputs.append(.close(slot: slots[index]))
      forget(index)
    } else if !isMultiplexed {
      idle.append(slots[index])
    }
  }

  mutating func closeIdle(slot: Int) {
    idle.removeAll { $0 == slot }
    outputs.append(.close(slot: slot))
    forget(index(of: slot))
  }

  mutating func forget(_ index: Int) {
    if connections[index].isRetiring { retiringCount -= 1 }
    slots.swapAt(index, slots.count - 1)
    connections.swapAt(index, connections.count - 1)
    slots.removeLast()
    connections.removeLast()
  }
}

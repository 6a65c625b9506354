internal import Base
internal import Origins
internal import Proxy

/// The driver of one real `Pool`: stands for `Edge/OriginPool`.
final class SimulatedPool {
  private let edge: SimulatedEdge
  private let endpoint: Endpoint
  private var machine: Pool
  private var slots: [Wire?] = []
  /// Connects under way, by number, with when they began.
  private var connecting: [Int: Instant] = [:]
  private var connectCount = 0
  private var waiting: [WaiterID: SimulatedExchange] = [:]
  private var waiterCount: UInt64 = 0
  /// When connections are looked at though nothing waits.
  private var sweepAt = Instant(nanoseconds: 0)

  /// The empty pool of an endpoint.
  init(_ endpoint: Endpoint, edge: SimulatedEdge) {
    self.edge = edge
    self.endpoint = endpoint
    machine = Pool(definition: endpoint.definition, limits: edge.snapshot.limits.origins)
  }

  /// What is left in it when nothing is under way, for people; nil when nothing is.
  var leak: String? {
    if machine.inUseCount > 0 { return "\(endpoint.name): \(machine.inUseCount) places in use" }
    if machine.waiterCount > 0 { return "\(endpoint.name): \(machine.waiterCount) wait" }
    return waiting.isEmpty ? nil : "\(endpoint.name): \(waiting.count) exchanges wait"
  }

  /// Connections that are open.
  var connectionCount: Int { machine.connectionCount }

  private var server: Server { edge.world.servers[Int(endpoint.id.index)] }

  /// Gets `exchange` a connection, now or later.
  func acquire(_ exchange: SimulatedExchange, requiresFresh: Bool) {
    waiterCount += 1
    let waiter = WaiterID(waiterCount)
    waiting[waiter] = exchange
    let deadline = edge.now.adding(milliseconds: edge.snapshot.timeouts.acquireMilliseconds)
    let action = machine.acquire(
      waiter, requiresFreshConnection: requiresFresh, latency: exchange.machine.latency,
      deadline: deadline, at: edge.now)
    switch action {
    case .use(let slot):
      waiting[waiter] = nil
      if let wire = slots[slot] { exchange.acquired(wire) }
    case .connect: connect()
    case .wait: break
    case .reject(let reason):
      waiting[waiter] = nil
      exchange.acquireFailed(reason)
    }
    settle()
  }

  /// The exchange no longer waits.
  func cancel(_ exchange: SimulatedExchange) {
    guard let waiter = waiting.first(where: { $0.value === exchange })?.key else { return }
    waiting[waiter] = nil
    _ = machine.waiterCancelled(waiter)
    settle()
  }

  /// The process ends.
  func closeAll() {
    for wire in slots { wire?.close() }
  }

  private func connect() {
    connectCount += 1
    let number = connectCount
    connecting[number] = edge.now
    edge.world.dial(edge, server) { [self] wire, _ in
      edge.run { [self] in
        guard connecting[number] != nil else { return }
        guard let wire else { return connectFailed(number) }
        connecting[number] = nil
        let slot = slots.firstIndex { $0 == nil } ?? slots.count
        if slot == slots.count { slots.append(nil) }
        slots[slot] = wire
        wire.slot = slot
        machine.connected(slot, capacity: endpoint.definition.requestCountMax, at: edge.now)
        settle()
      }
    }
  }

  private func connectFailed(_ number: Int) {
    guard connecting.removeValue(forKey: number) != nil else { return }
    machine.connectFailed(at: edge.now, using: &edge.random)
    edge.requestFailed(endpoint.id, .connectFailed)
    settle()
  }

  // MARK: What connections tell

  /// A request's place on a wire is free.
  func released(_ wire: Wire, isReusable: Bool) {
    guard let slot = wire.slot else { return }
    machine.released(slot, reusable: isReusable, at: edge.now)
    settle()
  }

  /// The peer refused a stream: it gets fewer at once.
  func refused(_ wire: Wire) {
    guard let slot = wire.slot else { return }
    machine.refused(slot)
  }

  /// A wire takes no new requests.
  func goAway(_ wire: Wire) {
    guard let slot = wire.slot else { return }
    machine.goAway(slot, at: edge.now)
    settle()
  }

  /// A wire is gone.
  func lost(_ wire: Wire) {
    guard let slot = wire.slot else { return }
    wire.slot = nil
    slots[slot] = nil
    machine.closed(slot, at: edge.now)
    settle()
  }

  // MARK: Time

  /// Gives up what took too long.
  func tick(isNear: Bool) {
    guard !connecting.isEmpty || !waiting.isEmpty || edge.now >= sweepAt else { return }
    sweepAt = edge.now.adding(milliseconds: 500)
    let timeouts = edge.snapshot.timeouts
    let patience = isNear ? timeouts.connectNearMilliseconds : timeouts.connectMilliseconds
    for (number, startedAt) in connecting.sorted(by: { $0.key < $1.key })
    where edge.now >= startedAt.adding(milliseconds: patience) { connectFailed(number) }
    machine.tick(at: edge.now)
    settle()
  }

  /// Performs what the machine asks for.
  private func settle() {
    while let output = machine.nextOutput() {
      switch output {
      case .assigned(let waiter, let slot):
        guard let exchange = waiting.removeValue(forKey: waiter) else {
          machine.released(slot, reusable: true, at: edge.now)
          continue
        }
        if let wire = slots[slot] { exchange.acquired(wire) }
      case .connect: connect()
      case .close(let slot):
        let wire = slots[slot]
        slots[slot] = nil
        wire?.slot = nil
        wire?.close()
      case .failed(let waiter, let reason):
        waiting.removeValue(forKey: waiter)?.acquireFailed(reason)
      }
    }
  }
}

internal import Base
internal import HTTP
internal import Native
internal import Origins
internal import Proxy
internal import Reactor

/// The driver of one `Pool` machine: the loop's connections to one endpoint, and who waits for one.
///
/// Confined to its loop. Survives a reload when the endpoint's identity did not change.
final class OriginPool {
  let worker: Worker
  /// The endpoint, as the newest topology that has it describes it.
  let endpoint: Endpoint
  private let address: SocketAddress
  private let tls: TLSContext?
  private var machine: Pool
  private var slots: [OriginConnection?] = []
  private var connecting: [ObjectIdentifier: OriginConnection] = [:]
  private var waiting = WaitingRoom()

  init(worker: Worker, endpoint: Endpoint, snapshot: Snapshot) {
    self.worker = worker
    self.endpoint = endpoint
    address = SocketAddress(endpoint)
    tls = snapshot.originContexts[Int(endpoint.id.index)]
    machine = Pool(definition: endpoint.definition, limits: snapshot.limits.origins)
  }

  private var now: Instant { worker.context.loop.now }

  /// Gets `exchange` a connection, now or later; `acquired` or `acquireFailed` tells it.
  func acquire(_ exchange: Exchange, requiresFresh: Bool) {
    let waiter = waiting.enter(exchange)
    let deadline = now.adding(milliseconds: worker.snapshot.timeouts.acquireMilliseconds)
    let action = machine.acquire(
      waiter, requiresFreshConnection: requiresFresh, latency: exchange.machine.latency,
      deadline: deadline, at: now)
    switch action {
    case .use(let slot):
      _ = waiting.leave(waiter)
      if let connection = slots[slot] { exchange.acquired(connection) }
    case .connect: connect()
    case .wait: break
    case .reject(let reason):
      _ = waiting.leave(waiter)
      exchange.acquireFailed(reason)
    }
    settle()
  }

  /// The exchange no longer waits.
  func cancel(_ exchange: Exchange) {
    guard let waiter = waiting.waiter(of: exchange) else { return }
    _ = waiting.leave(waiter)
    _ = machine.waiterCancelled(waiter)
    settle()
  }

  private func connect() {
    do {
      let session: TLSSession? = try makeSession()
      let socket = try Socket.connect(to: address)
      let connection = OriginConnection(pool: self, socket: socket, tls: session)
      connecting[ObjectIdentifier(connection)] = connection
      try connection.begin()
    } catch {
      worker.log.originConnectFailed(endpoint.name, "\(error)")
      machine.connectFailed(at: now, using: &worker.random)
      // A full descriptor table is our fault, not the endpoint's.
      if (error as? SystemError)?.isDescriptorTableFull != true {
        worker.requestFailed(endpoint, .connectFailed)
      }
    }
  }

  private func makeSession() throws(TLSError) -> TLSSession? {
    guard let tls, case .tls(let serverName, _) = endpoint.definition.security else { return nil }
    return try TLSSession(client: tls, serverName: serverName)
  }

  // MARK: What connections tell

  func connected(_ connection: OriginConnection) {
    connecting[ObjectIdentifier(connection)] = nil
    let slot = slots.firstIndex { $0 == nil } ?? slots.count
    if slot == slots.count { slots.append(nil) }
    slots[slot] = connection
    connection.slot = slot
    machine.connected(slot, capacity: endpoint.definition.requestCountMax, at: now)
    settle()
  }

  func connectFailed(_ connection: OriginConnection, _ reason: TransportFault) {
    guard connecting.removeValue(forKey: ObjectIdentifier(connection)) != nil else { return }
    worker.log.originConnectFailed(endpoint.name, reason.description)
    machine.connectFailed(at: now, using: &worker.random)
    worker.requestFailed(endpoint, .connectFailed)
    settle()
  }

  func released(_ connection: OriginConnection, isProven: Bool) {
    guard let slot = connection.slot else { return }
    machine.released(slot, reusable: true, proven: isProven, at: now)
    settle()
  }

  /// The peer refused a stream: it gets fewer at once.
  func refused(_ connection: OriginConnection) {
    guard let slot = connection.slot else { return }
    machine.refused(slot)
  }

  func goAway(_ connection: OriginConnection) {
    guard let slot = connection.slot else { return }
    machine.goAway(slot, at: now)
    settle()
  }

  func lost(_ connection: OriginConnection) {
    guard let slot = connection.slot else { return }
    connection.slot = nil
    slots[slot] = nil
    machine.closed(slot, at: now)
    settle()
  }

  // MARK: Time

  /// Called often: gives up connects and waits that took too long, and peers that are gone, closes
  /// idle connections. A near endpoint connects at once or not at all.
  func tick(isNear: Bool) {
    let timeouts = worker.snapshot.timeouts
    let patience = isNear ? timeouts.connectNearMilliseconds : timeouts.connectMilliseconds
    for connection in Array(connecting.values)
    where now >= connection.startedAt.adding(milliseconds: patience) {
      connection.close()
      connectFailed(connection, .timeout)
    }
    for connection in slots { connection?.checkPeer() }
    machine.tick(at: now)
    settle()
  }

  /// Whether nothing is left to close or to wait for.
  var isEmpty: Bool { machine.isEmpty }

  /// Takes no new requests; closes as those under way end.
  func retire() {
    machine.close()
    settle()
  }

  /// Performs what the machine asks for.
  private func settle() {
    while let output = machine.nextOutput() {
      switch output {
      case .assigned(let waiter, let slot):
        guard let exchange = waiting.leave(waiter) else {
          machine.released(slot, reusable: true, at: now)
          continue
        }
        if let connection = slots[slot] { exchange.acquired(connection) }
      case .connect: connect()
      case .close(let slot):
        let connection = slots[slot]
        slots[slot] = nil
        connection?.slot = nil
        connection?.close()
      case .failed(let waiter, let reason):
        waiting.leave(waiter)?.acquireFailed(reason)
      }
    }
  }
}

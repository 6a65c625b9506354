internal import Audit
internal import Base
internal import Cache
internal import HTTP
internal import Identity
internal import Native
internal import Origins
internal import Proxy
internal import Reactor

/// What other threads tell a worker.
enum WorkerMessage: Sendable {
  /// A new snapshot is in force, with what is known of its endpoints.
  case adopt(Snapshot, HealthSnapshot)
  /// The endpoints' health changed.
  case health(HealthSnapshot)
  /// The loop's records up to this one are on disk.
  case durable(UInt64)
  /// The audit log failed: nothing that is not on disk will be.
  case auditFailed
  /// What a token proved, by which rules.
  case verified(SHA256Digest, Result<Subject, TokenFault>, IdentityRules)
  /// A request waits no longer for another one's answer.
  case released(Release)
  /// Keys or revocations changed.
  case vouches(TokenVerifier)
  /// End gracefully.
  case drain
}

/// One loop of the data plane: its listeners, connections, pools and exchanges.
///
/// Born on its thread and confined to it; reached from outside through its mailbox only.
final class Worker: TimerTarget, ListenerOwner {
  let context: LoopContext
  let log: EdgeLog
  let audit: AuditPort
  let identity: IdentityPort
  /// The way to the store; nil for an edge that keeps nothing.
  let cache: CachePort?
  let reports: Mailbox<WorkerReport>
  /// What writes pass where there may be records of write authority; nil where nobody can make any.
  let gate: WriteGate?
  /// Writes that wait for their authority.
  var heldWrites = HeldWrites<Exchange>()
  /// Whether some of them are being let go.
  var isReleasing = false
  /// Reads that wait for newer health; see `Exchange.awaitsSample`.
  var sampleWaiters: [Exchange] = []
  /// Seals and opens session tokens; nil where there are none.
  var sessions: SessionSealer? { decider.sessions }
  private(set) var generation: Generation!
  var random: SplitMix64
  private var decider: Decider
  var judge: ExchangeMachine.Judge
  var hedges: HedgeBudget
  private var listeners: [OpenListener] = []
  private var clients: [ObjectIdentifier: ClientConnection] = [:]
  /// Clients dropped at the limit since the last sweep.
  private var droppedClientCount = 0
  private(set) var exchanges: [Exchange] = []
  /// Exchanges without a request, for the next ones.
  private var spareExchanges: [Exchange] = []
  /// Bytes of bodies that are held back until they are judged.
  private(set) var heldByteCount = 0
  var retiringPools: [OriginPool] = []
  private var drain = Drain()

  init(
    context: LoopContext, snapshot: Snapshot, health: HealthSnapshot, audit: AuditPort,
    identity: IdentityPort, cache: CachePort? = nil, log: EdgeLog, seed: UInt64,
    reports: Mailbox<WorkerReport>, gate: WriteGate? = nil
  ) {
    self.context = context
    self.audit = audit
    self.identity = identity
    self.cache = cache
    self.log = log
    self.reports = reports
    self.gate = gate
    random = SplitMix64(seed: seed)
    decider = Decider(seed: random.next())
    decider.sessions = snapshot.sessionKeys.map { SessionSealer($0) }
    judge = ExchangeMachine.Judge(
      budget: RetryBudget(limits: snapshot.limits.origins, at: context.loop.now),
      limits: snapshot.limits.origins)
    hedges = HedgeBudget(limits: snapshot.limits.origins, at: context.loop.now)
    generation = Generation(
      snapshot.copyForLoop(), health: health.copyForLoop(), after: nil, worker: self)
  }

  var snapshot: Snapshot { generation.snapshot }

  /// Starts the clock of deadlines and the writing at each turn's end.
  func run() {
    context.loop.endOfTurn = { [unowned self] in
      context.endTurn()
      if let cache { while cache.turnEnded() { context.endTurn() } }
      audit.turnEnded()
    }
    timerFired(token: 0)
    context.loop.run()
  }

  // MARK: Messages

  func receive(_ message: WorkerMessage) {
    switch message {
    case .adopt(let snapshot, let health): adopt(snapshot, health)
    case .health(let health):
      if health.topology === snapshot.topology { adopt(health) }
      releaseHeldWrites()
      releaseSampleWaiters()
    case .durable(let sequence): audit.becameDurable(sequence)
    case .auditFailed: audit.failed()
    case .verified(let digest, let proof, let rules):
      identity.verified(digest, proof, by: rules)
    case .released(let release): cache?.received(release)
    case .vouches(let verifier): identity.changed(verifier)
    case .drain: beginDrain()
    }
  }

  private func adopt(_ snapshot: Snapshot, _ health: HealthSnapshot) {
    let old = generation
    // Counted by the rules' numbers, which mean the old snapshot's.
    reportDifferences()
    if snapshot.sessionKeys !== generation.snapshot.sessionKeys {
      decider.sessions = snapshot.sessionKeys.map { SessionSealer($0) }
    }
    let next = Generation(
      snapshot.copyForLoop(), health: health.copyForLoop(), after: old, worker: self)
    generation = next
    if let old { cache?.sees(health, after: old.health) }
    identity.adopt(snapshot.identity)
    for pool in old?.pools ?? [] where !next.pools.contains(where: { $0 === pool }) {
      pool.retire()
      retiringPools.append(pool)
    }
    openListeners()
  }

  /// Takes what is known of the endpoints now: reads that wait for one that is dead move on.
  private func adopt(_ health: HealthSnapshot) {
    let old = generation.health
    generation.health = health.copyForLoop()
    cache?.sees(health, after: old)
    let isAnyNewlyDown = zip(old.statuses, health.statuses).contains {
      $0.reach != .down && $1.reach == .down
    }
    guard isAnyNewlyDown else { return }
    for exchange in exchanges.reversed() where exchange.generation === generation {
      exchange.healthChanged()
    }
  }

  /// Tells the control loop where policy versions differed, and how often that was looked at.
  private func reportDifferences() {
    guard let differences = decider.takeDifferences() else { return }
    reports.post(.differences(differences, snapshot))
  }

  // MARK: Clients

  /// Opens the snapshot's listeners that are not open, closes those that it does not name, and
  /// gives the others its TLS contexts. Gives the reason when one could not be opened.
  @discardableResult
  func openListeners() -> String? {
    var failure: String?
    var kept: [OpenListener] = []
    for definition in snapshot.listeners {
      if let open = listeners.first(where: { $0.matches(definition) }) {
        open.definition = definition
        kept.append(open)
        continue
      }
      do throws(SystemError) {
        kept.append(try OpenListener(definition, owner: self))
      } catch {
        let address = SocketAddress(definition.address, port: definition.port)
        failure = "cannot listen on \(address): \(error)"
        log.listenFailed("\(address)", "\(error)")
      }
    }
    for listener in listeners where !kept.contains(where: { $0 === listener }) { listener.close() }
    listeners = kept
    return failure
  }

  /// Takes a client that a listener accepted. Where PROXY headers are required, nobody but a
  /// trusted balancer may connect.
  func accept(_ socket: consuming Socket, peer: SocketAddress, _ listener: ListenerDefinition) {
    guard clients.count < snapshot.limits.clientConnectionsMax else {
      droppedClientCount += 1
      return
    }
    if listener.requiresProxyHeader,
      !snapshot.trustedProxies.contains(where: { $0.contains(peer.address) })
    {
      return log.clientBroke("not a trusted balancer")
    }
    do {
      let session: TLSSession? =
        if let tls = listener.tls { try TLSSession(server: tls) } else { nil }
      let client = ClientConnection(
        worker: self, socket: socket, peer: peer, tls: session,
        isAnnounced: listener.requiresProxyHeader)
      clients[ObjectIdentifier(client)] = client
      try client.begin()
    } catch {
      log.acceptFailed("\(error)")
    }
  }

  func forget(_ client: ClientConnection) {
    clients[ObjectIdentifier(client)] = nil
    endIfDrained()
  }

  // MARK: Exchanges

  /// As many exchanges as a busy moment has; more memory is not kept.
  private static let spareExchangesMax = 256

  /// An exchange without a request.
  func makeExchange() -> Exchange { spareExchanges.popLast() ?? Exchange(worker: self) }

  /// Keeps the memory of an exchange that is over, unless somebody still looks at it.
  func reuse(_ exchange: consuming Exchange) {
    guard exchange.isOver, spareExchanges.count < Self.spareExchangesMax,
      isKnownUniquelyReferenced(&exchange)
    else { return }
    exchange.removeAll()
    spareExchanges.append(exchange)
  }

  /// Counts an exchange as under way; false when the loop has too many.
  func began(_ exchange: Exchange) -> Bool {
    exchange.index = exchanges.count
    exchanges.append(exchange)
    judge.budget.requestStarted(at: context.loop.now)
    return exchanges.count <= snapshot.limits.exchangesMax
  }

  /// Takes the decision of an exchange; `fault` is why its request could not be read.
  func decide(_ exchange: Exchange, _ fault: RequestFault?) {
    if let fault {
      return decider.refuse(fault, time: context.wallTime, into: &exchange.request.decision)
    }
    let generation = exchange.generation
    exchange.request.decide(
      by: &decider, snapshot: generation.snapshot, health: generation.health,
      loads: generation.loads, now: context.loop.now, time: context.wallTime)
  }

  /// Ends an exchange: its outcome is recorded and its place is free.
  func ended(_ exchange: Exchange) {
    let last = exchanges.removeLast()
    if last !== exchange {
      exchanges[exchange.index] = last
      last.index = exchange.index
    }
    recordOutcome(of: exchange)
    if !heldWrites.isEmpty, heldWrites.ended(exchange) { releaseHeldWrites() }
  }

  /// Records how what was decided last about an exchange went.
  func recordOutcome(of exchange: Exchange) {
    var record = OutcomeRecord()
    exchange.request.fill(
      &record, with: exchange.outcome, loop: audit.loop, snapshot: exchange.generation.snapshot)
    if exchange.recordSequence == nil, exchange.request.decision.mayGoUnrecorded {
      return audit.omit(record, of: exchange.request.dataClass)
    }
    audit.append(record, of: exchange.request.dataClass)
  }

  /// Decides an exchange once more, by what its answer was found to hold.
  func reconsider(_ exchange: Exchange, _ finding: LabelFinding, mayAskAgain: Bool) {
    let generation: Generation = exchange.generation
    exchange.request.reconsider(
      finding, mayAskAgain: mayAskAgain, by: &decider, snapshot: generation.snapshot,
      health: generation.health, loads: generation.loads, now: context.loop.now,
      time: context.wallTime)
  }

  /// Decides an exchange once more, since what is known of its endpoints changed.
  func decideAgain(_ exchange: Exchange) {
    let generation: Generation = exchange.generation
    exchange.request.decideAgain(
      by: &decider, snapshot: generation.snapshot, health: generation.health,
      loads: generation.loads, now: context.loop.now, time: context.wallTime)
  }

  // MARK: Held bodies

  /// Takes so many more bytes into account that are held back; false when they are too many.
  func hold(_ byteCount: Int) -> Bool {
    guard heldByteCount + byteCount <= snapshot.limits.heldBytesMax else { return false }
    heldByteCount += byteCount
    return true
  }

  /// So many bytes are held no longer.
  func letGo(_ byteCount: Int) { heldByteCount -= byteCount }

  // MARK: Time

  /// How often deadlines are looked at: a tenth of the shortest.
  private static let tickMilliseconds: UInt64 = 25
  /// Every how many ticks idle connections are looked at.
  private static let ticksPerSweep = 40
  private var tickCount = 0
  private var lateTicks = LateTicks(lateMilliseconds: 2 * Worker.tickMilliseconds)

  func timerFired(token: Int) {
    let now = context.loop.now
    // What came while the loop was held up itself has not been read: no origin is blamed for that.
    let isLate = lateTicks.ticked(at: now)
    // Backwards: an exchange that ends is replaced by one that was looked at already.
    for exchange in exchanges.reversed() {
      if now >= exchange.hedgeAt, !isLate { exchange.sendHedge() }
      guard now >= exchange.deadline else { continue }
      if isLate, exchange.isTrying { continue }
      exchange.timedOut()
    }
    releaseHeldWrites()
    tickPools()
    tickCount += 1
    if tickCount % Self.ticksPerSweep == 0 {
      reportDifferences()
      reportSessionFaults()
      reports.post(.traffic(generation.loads.traffic(snapshot.topology), loop: audit.loop))
      for client in Array(clients.values) { client.checkDeadlines(now) }
      if droppedClientCount > 0 { log.clientsDropped(droppedClientCount) }
      droppedClientCount = 0
    }
    advanceDrain(now)
    context.loop.schedule(at: now.adding(milliseconds: Self.tickMilliseconds), self)
  }

  // MARK: The graceful end

  /// How far the graceful end has come.
  private struct Drain {
    enum Phase { case none, announced, shuttingDown }
    var phase = Phase.none
    var next = Instant.never
    var deadline = Instant.never
  }

  /// Time between the two GOAWAYs: more than a round trip anywhere on Earth.
  private static let announcementMilliseconds: UInt64 = 500

  /// No new clients; tells those there to open no more streams, then waits a round trip.
  private func beginDrain() {
    guard drain.phase == .none else { return }
    let now = context.loop.now
    for listener in listeners { listener.close() }
    listeners = []
    drain = Drain(
      phase: .announced, next: now.adding(milliseconds: Self.announcementMilliseconds),
      deadline: now.adding(milliseconds: snapshot.timeouts.drainMilliseconds))
    for client in Array(clients.values) { client.announceShutdown() }
    endIfDrained()
  }

  private func advanceDrain(_ now: Instant) {
    if drain.phase == .announced, now >= drain.next {
      drain.phase = .shuttingDown
      for client in Array(clients.values) { client.shutdown() }
    }
    if now >= drain.deadline {
      for client in Array(clients.values) { client.close(resets: true) }
    }
    endIfDrained()
  }

  private func endIfDrained() {
    guard drain.phase != .none, clients.isEmpty else { return }
    // What is fetched for nobody is not waited for; its records are.
    for exchange in exchanges.reversed() { exchange.clientGone() }
    for pool in generation.pools + retiringPools { pool.retire() }
    context.loop.stop()
  }
}

internal import Audit
internal import Base
internal import HTTP
internal import Origins
internal import Proxy

/// One edge: the real machines of `Proxy`, `Origins` and `Audit`, and as little between them as
/// possible. Stands for `Edge/Worker` (one loop), `Edge/Prober` and `Edge/Server`, and follows the
/// order of their calls.
final class SimulatedEdge {
  let world: World
  let index: Int
  /// Counts the processes of this edge.
  let life: Int
  /// Configuration and policy, shared by all edges.
  let snapshot: Snapshot
  /// How far its wall clock is ahead.
  var skewSeconds: Int64 = 0
  private(set) var isFrozen = false
  /// Whether its process has ended.
  private(set) var isDead = false
  private var inbox: [() -> Void] = []

  // The control loop.
  var board: HealthBoard
  private var probes: [ProbeStart?]
  /// Whether the process cannot open any socket; for probes only.
  var hasNoDescriptors = false

  // The one data loop.
  var health: HealthSnapshot
  /// Who takes the writes of which domain, as `health` has it; for the checker.
  private(set) var holders: [String: String] = [:]
  var decider: Decider
  var judge: ExchangeMachine.Judge
  var loads: EndpointLoads
  /// How many reads may be sent twice.
  var hedges: HedgeBudget
  /// Reads that wait for newer health.
  var sampleWaiters: [SimulatedExchange] = []
  var random: SplitMix64
  private(set) var pools: [SimulatedPool] = []
  private(set) var exchanges: [SimulatedExchange] = []
  private(set) var audit: SimulatedAudit!
  private(set) var orders: SimulatedOrders!
  /// Whether writes may start, and which are under way; stands for `Edge/WriteGate`.
  var gate = WriteLease()
  /// Writes that wait for their authority, and whether some of them are being let go.
  var heldWrites = HeldWrites<SimulatedExchange>()
  var isReleasing = false
  private var streamCount = 0
  private var tickedAt = Instant(nanoseconds: 0)

  /// An edge that has not begun.
  init(_ index: Int, world: World, life: Int = 0) {
    self.world = world
    self.index = index
    self.life = life
    snapshot = world.law.snapshot
    let limits = snapshot.limits.origins
    random = SplitMix64(seed: world.random.next())
    probes = Array(repeating: nil, count: snapshot.topology.endpoints.count)
    board = HealthBoard(
      topology: snapshot.topology, limits: limits, at: world.now, seed: random.next())
    guard let first = board.takeSnapshot() else { preconditionFailure("an empty board") }
    health = first
    decider = Decider(seed: random.next())
    decider.sessions = SessionSealer(Law.sessionKeys)
    hedges = HedgeBudget(limits: limits, at: world.now)
    judge = ExchangeMachine.Judge(
      budget: RetryBudget(limits: limits, at: world.now), limits: limits)
    loads = EndpointLoads(topology: snapshot.topology, limits: limits, at: world.now)
  }

  /// Starts its threads.
  func begin() {
    pools = snapshot.topology.endpoints.map { SimulatedPool($0, edge: self) }
    audit = SimulatedAudit(self)
    orders = SimulatedOrders(self)
    tick()
  }

  /// What the timers of all threads do, joined into one: the prober's and the orders' 20 ms, the
  /// loop's 25 and the committer's 10.
  private func tick() {
    orders.look()
    probe()
    // What came while the loop was held up itself has not been read: no origin is blamed for that.
    let isLate = now.milliseconds(since: tickedAt) > 50
    tickedAt = now
    for exchange in exchanges.reversed() {
      if now >= exchange.hedgeAt, !isLate { exchange.sendHedge() }
      guard now >= exchange.deadline else { continue }
      if isLate, exchange.isTrying { continue }
      exchange.timedOut()
    }
    let near = snapshot.limits.origins.nearProbeMicrosecondsMax
    for (index, pool) in pools.enumerated() {
      pool.tick(isNear: health.statuses[index].isNear(within: near))
    }
    releaseHeldWrites()
    audit.tick()
    world.after(milliseconds: 20) { [self] in run { [self] in tick() } }
  }

  /// Now.
  var now: Instant { world.now }

  /// Its wall clock.
  var wallTime: WallTime { world.wallTime(skewSeconds: skewSeconds) }

  // MARK: The process

  /// The process stands still (SIGSTOP), or goes on with everything that it missed.
  func setFrozen(_ isFrozen: Bool) {
    guard isFrozen != self.isFrozen, !isDead else { return }
    world.trace.note(isFrozen ? "stop edge" : "continue edge", index, at: now)
    self.isFrozen = isFrozen
    guard !isFrozen else { return }
    let waiting = inbox
    inbox = []
    for act in waiting { world.after(microseconds: 1) { [self] in run(act) } }
  }

  /// Does something in the process, now or when it goes on.
  func run(_ act: @escaping () -> Void) {
    if isDead { return }
    if isFrozen { inbox.append(act) } else { act() }
  }

  /// Lets go of what knows the edge.
  func dismantle() {
    pools = []
    exchanges = []
    sampleWaiters = []
    audit = nil
    orders = nil
  }

  /// The process ends (SIGKILL): its kernel closes what was open.
  func die() {
    isDead = true
    inbox = []
    for pool in pools { pool.closeAll() }
    world.clients.edgeDied(index)
  }

  // MARK: The prober; see `Edge/Prober`

  private func probe() {
    for (index, start) in probes.enumerated() {
      guard let start, now >= start.deadline else { continue }
      probes[index] = nil
      board.probeFailed(start, .timeout, at: now)
    }
    while let start = board.nextProbe(at: now) { begin(start) }
    publishIfChanged()
  }

  private func begin(_ start: ProbeStart) {
    let server = world.servers[Int(start.endpoint.index)]
    guard !hasNoDescriptors else { return board.probeAbandoned(start, at: now) }
    probes[Int(start.endpoint.index)] = start
    world.dial(self, server) { [self] wire, failure in
      run { [self] in
        guard let wire else {
          return probed(start, nil, failure == .untrusted ? .untrusted : .connectFailed)
        }
        wire.send { [self] in
          let report = server.report()
          wire.reply { [self] in probed(start, report, .reset) }
        }
      }
    }
  }

  private func probed(_ start: ProbeStart, _ report: ProbeReport?, _ failure: ProbeFailure) {
    guard probes[Int(start.endpoint.index)] == start else { return }
    probes[Int(start.endpoint.index)] = nil
    if let report {
      board.probeSucceeded(start, report: report, at: now)
    } else {
      board.probeFailed(start, failure, at: now)
    }
    publishIfChanged()
  }

  /// Tells the loop what the board learned, as a message does.
  func publishIfChanged() {
    guard let next = board.takeSnapshot() else { return }
    for endpoint in snapshot.topology.endpoints {
      let (old, new) = (health[endpoint.id], next[endpoint.id])
      guard old.reach != new.reach || old.role != new.role else { continue }
      world.trace.note(
        "health", index * 100 + Int(endpoint.id.index), at: now,
        "\(endpoint.name) \(new.reach) \(new.role.name) \(new.role.epoch ?? 0)")
    }
    let holders = orders?.holders ?? [:]
    world.after(microseconds: 50) { [self] in
      run { [self] in adopt(next, holders) }
    }
    world.checker.published(next, by: self)
  }

  /// Takes what is known of the endpoints now; see `Worker.adopt`.
  private func adopt(_ next: HealthSnapshot, _ holders: [String: String]) {
    let old = health
    health = next
    self.holders = holders
    releaseHeldWrites()
    releaseSampleWaiters()
    let isAnyNewlyDown = zip(old.statuses, next.statuses).contains {
      $0.reach != .down && $1.reach == .down
    }
    guard isAnyNewlyDown else { return }
    for exchange in exchanges.reversed() { exchange.healthChanged() }
  }

  /// The loop met a failure; the health machines hear of it.
  func requestFailed(_ endpoint: EndpointID, _ failure: RequestFailure) {
    board.requestFailed(endpoint, failure, at: now)
    publishIfChanged()
  }

  /// The loop met so many successes.
  func requestSucceeded(_ endpoint: EndpointID, count: UInt64) {
    board.requestSucceeded(endpoint, count: count, at: now)
    publishIfChanged()
  }

  // MARK: The loop; see `Edge/Worker`

  /// A client's request.
  func receive(_ request: ClientRequest) {
    world.checker.received(request, at: self)
    let exchange = SimulatedExchange(request, edge: self)
    judge.budget.requestStarted(at: now)
    exchanges.append(exchange)
    exchange.begin()
  }

  /// An exchange is over.
  func ended(_ exchange: SimulatedExchange) {
    exchanges.removeAll { $0 === exchange }
    if heldWrites.ended(exchange) { releaseHeldWrites() }
  }

  /// A number for a stream.
  func nextStream() -> Int {
    streamCount += 1
    return streamCount
  }

  // MARK: What wires tell; see `Edge/OriginConnection`

  /// The origin's head came.
  func originAnswered(_ wire: Wire, _ stream: Int, _ answer: Answer, isEnd: Bool) {
    let exchange = wire.exchanges[stream]
    if isEnd { wire.exchanges[stream] = nil }
    exchange?.originAnswered(answer, isEnd: isEnd, on: wire)
    if isEnd { settle(wire, after: exchange) }
  }

  /// A piece of the origin's body came.
  func originSent(_ wire: Wire, _ stream: Int, _ answer: Answer, _ part: Int) {
    wire.exchanges[stream]?.originSent(answer, part, on: wire)
  }

  /// The origin's message is complete.
  func originEnded(_ wire: Wire, _ stream: Int) {
    let exchange = wire.exchanges.removeValue(forKey: stream)
    exchange?.originEnded(on: wire)
    settle(wire, after: exchange)
  }

  /// The origin ended one stream.
  func streamFailed(_ wire: Wire, _ stream: Int, _ fault: StreamFault) {
    guard let exchange = wire.exchanges.removeValue(forKey: stream) else { return }
    if fault == .refused { pools[wire.server.index].refused(wire) }
    settle(wire, after: exchange)
    exchange.originFailed(fault, on: wire)
  }

  /// The origin takes no more requests, and did not take this one.
  func goAway(_ wire: Wire, _ stream: Int) {
    wire.isGoingAway = true
    pools[wire.server.index].goAway(wire)
    streamFailed(wire, stream, .neverProcessed)
  }

  /// The connection ended under everything on it.
  func wireLost(_ wire: Wire) {
    pools[wire.server.index].lost(wire)
    let exchanges = wire.exchanges.sorted { $0.key < $1.key }.map(\.value)
    wire.exchanges = [:]
    for exchange in exchanges { exchange.originFailed(.connectionLost, on: wire) }
  }

  /// Gives a stream's place back, if somebody had it.
  private func settle(_ wire: Wire, after exchange: SimulatedExchange?) {
    guard exchange != nil else { return }
    release(wire)
  }

  /// A stream's place on a wire is free, or the wire is spent; see `OriginConnection.settle`.
  func release(_ wire: Wire) {
    guard wire.isOpen else { return }
    if world.options.mutant == .leaksPlaces, world.happens(permille: 20) { return }
    if !wire.isGoingAway {
      pools[wire.server.index].released(wire, isReusable: true)
    } else if wire.exchanges.isEmpty {
      wire.close()
      wireLost(wire)
    }
  }
}

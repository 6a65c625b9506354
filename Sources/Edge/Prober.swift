internal import Base
internal import HTTP
internal import Native
internal import Origins
internal import Proxy
internal import Reactor

/// Asks every endpoint for its health and publishes what it learns to all workers.
///
/// Runs on the control loop, apart from the data plane. Owns the `HealthBoard`.
final class Prober: TimerTarget {
  let context: LoopContext
  private let log: EdgeLog
  private let publish: (HealthSnapshot) -> Void
  private(set) var snapshot: Snapshot
  private var board: HealthBoard
  private var probes: [EndpointID: Probe] = [:]

  init(
    context: LoopContext, snapshot: Snapshot, orders: RegionOrders, holdOuts: HoldOuts,
    log: EdgeLog, seed: UInt64,
    publish: @escaping (HealthSnapshot) -> Void
  ) {
    self.context = context
    self.snapshot = snapshot
    self.log = log
    self.publish = publish
    board = HealthBoard(
      topology: snapshot.topology, limits: snapshot.limits.origins, at: context.loop.now,
      seed: seed)
    board.remember(holdOuts)
    board.order(orders)
    current = Self.first(&board)
  }

  /// A new board always has something to tell.
  private static func first(_ board: inout HealthBoard) -> HealthSnapshot {
    guard let snapshot = board.takeSnapshot() else { preconditionFailure("an empty board") }
    return snapshot
  }

  /// What was published last; at first, everything is unknown.
  private(set) var current: HealthSnapshot

  /// Goes on with a new topology; what is known of endpoints that stay is kept.
  func adopt(_ snapshot: Snapshot) {
    self.snapshot = snapshot
    for probe in probes.values { probe.close() }
    probes.removeAll()
    board = HealthBoard(
      topology: snapshot.topology, limits: snapshot.limits.origins, keeping: board,
      at: context.loop.now)
    current = Self.first(&board)
  }

  /// Starts probing, and goes on until the loop ends.
  func run() { timerFired(token: 0) }

  /// Calls `body` once every endpoint was heard of, or after a second: whoever decides on this
  /// topology earlier would refuse what is lawful and healthy.
  func whenSettled(_ body: @escaping () -> Void) {
    settled = body
    settleBy = context.loop.now.adding(milliseconds: Self.settleMilliseconds)
  }

  private var settled: (() -> Void)?
  private var settleBy = Instant.never
  private static let settleMilliseconds: UInt64 = 1000

  private func tellIfSettled() {
    guard let body = settled, board.isSettled || context.loop.now >= settleBy else { return }
    settled = nil
    body()
  }

  func timerFired(token: Int) {
    let now = context.loop.now
    for (endpoint, probe) in probes where now >= probe.start.deadline {
      probes[endpoint] = nil
      probe.close()
      board.probeFailed(probe.start, .timeout, at: now)
    }
    while let start = board.nextProbe(at: now) { begin(start) }
    publishIfChanged()
    tellIfSettled()
    context.loop.schedule(at: now.adding(milliseconds: Self.tickMilliseconds), self)
  }

  /// How often due probes are started: well below the shortest probe interval.
  private static let tickMilliseconds: UInt64 = 20

  /// Operators' orders are these from now on: told to the loops at once.
  func order(_ orders: RegionOrders) {
    board.order(orders)
    publishIfChanged()
  }

  /// A worker met a failure that the health machines should know of.
  func requestFailed(_ endpoint: Endpoint, _ failure: RequestFailure) {
    guard let known = same(endpoint) else { return }
    board.requestFailed(known, failure, at: context.loop.now)
    publishIfChanged()
  }

  /// A worker met a success after failures.
  func requestSucceeded(_ endpoint: Endpoint, _ count: UInt64) {
    guard let known = same(endpoint) else { return }
    board.requestSucceeded(known, count: count, at: context.loop.now)
    publishIfChanged()
  }

  /// The endpoint of the current topology that a worker's possibly older one names.
  private func same(_ endpoint: Endpoint) -> EndpointID? {
    let endpoints = snapshot.topology.endpoints
    let index = Int(endpoint.id.index)
    return index < endpoints.count && endpoints[index] == endpoint ? endpoint.id : nil
  }

  private func begin(_ start: ProbeStart) {
    let endpoint = snapshot.topology[start.endpoint]
    do {
      var session: TLSSession?
      if case .tls(let serverName, _) = endpoint.definition.security,
        let tls = snapshot.originContexts[Int(endpoint.id.index)]
      {
        session = try TLSSession(client: tls, serverName: serverName)
      }
      let probe = Probe(
        prober: self, start: start, endpoint: endpoint,
        socket: try Socket.connect(to: SocketAddress(endpoint)),
        tls: session)
      probes[start.endpoint] = probe
      try probe.begin()
    } catch let error as SystemError where !error.isDescriptorTableFull {
      probes[start.endpoint] = nil
      board.probeFailed(start, .connectFailed, at: context.loop.now)
    } catch {
      probes[start.endpoint] = nil
      board.probeAbandoned(start, at: context.loop.now)
    }
  }

  fileprivate func finished(_ probe: Probe, _ result: Result<ProbeReport, ProbeFailure>) {
    guard probes.removeValue(forKey: probe.start.endpoint) != nil else { return }
    switch result {
    case .success(let report):
      board.probeSucceeded(probe.start, report: report, at: context.loop.now)
    case .failure(let failure): board.probeFailed(probe.start, failure, at: context.loop.now)
    }
    publishIfChanged()
  }

  private func publishIfChanged() {
    guard let health = board.takeSnapshot() else { return }
    for endpoint in snapshot.topology.endpoints {
      let (old, new) = (current[endpoint.id], health[endpoint.id])
      let hasChanged =
        old.reach != new.reach || old.freshness != new.freshness || old.role.name != new.role.name
        || old.isSuppressed != new.isSuppressed || old.ejectionHold != new.ejectionHold
      if hasChanged { log.health(endpoint.name, from: old, to: new) }
    }
    if current.isSelfDoubting != health.isSelfDoubting { log.selfDoubt(health.isSelfDoubting) }
    current = health
    publish(health)
  }
}

/// One health request on a connection of its own, so that accepting is tested too.
private final class Probe: Connection {
  private let prober: Prober
  let start: ProbeStart
  private let endpoint: Endpoint
  private var codec: (any ClientCodec)?
  private var status: UInt16 = 0
  private var body: [UInt8] = []

  init(
    prober: Prober, start: ProbeStart, endpoint: Endpoint, socket: consuming Socket,
    tls: consuming TLSSession?
  ) {
    self.prober = prober
    self.start = start
    self.endpoint = endpoint
    super.init(context: prober.context, socket: socket, tls: tls, isConnecting: true)
  }

  override func established() {
    let limits = prober.snapshot.limits.http
    let codec: any ClientCodec =
      endpoint.definition.protocol == .http2
      ? HTTP2ClientCodec(limits: limits) : HTTP1ClientCodec(limits: limits)
    self.codec = codec
    var head = RequestHead()
    head.authority = Array("\(endpoint.definition.host):\(endpoint.definition.port)".utf8)
    if case .tls(let serverName, _) = endpoint.definition.security {
      head.authority = Array(serverName.utf8)
    }
    head.target = prober.snapshot.healthTarget
    head.pathCount = head.target.count
    head.fields.append("accept", "application/json")
    head.fields.append("user-agent", "homeward-health")
    _ = codec.open(head, isEnd: true)
    context.flushLater(self)
  }

  override func received(_ bytes: UnsafeRawBufferPointer) {
    guard let codec else { return }
    unsafe codec.receive(bytes)
    while let event = codec.nextEvent() {
      switch event {
      case .head(let stream, let isEnd):
        status = codec.takeResponse(stream).status
        if isEnd { conclude() }
      case .informational(let stream): _ = codec.takeResponse(stream)
      case .body(let stream, let piece):
        let count = piece.count
        guard body.count + count <= prober.snapshot.limits.origins.reportBytesMax else {
          return end(.failure(.malformedReport))
        }
        unsafe body.append(contentsOf: piece)
        codec.consumed(stream, byteCount: count)
      case .end: conclude()
      case .reset, .failed: end(.failure(.reset))
      default: break
      }
    }
    context.flushLater(self)
  }

  override func peerEnded() {
    codec?.receiveEnd()
    while let event = codec?.nextEvent() { if case .end = event { conclude() } }
    end(.failure(.reset))
  }

  override func produce(into output: inout ByteQueue, byteCountMax: Int) {
    codec?.produce(into: &output, byteCountMax: byteCountMax)
  }

  override func broke(_ reason: TransportFault) {
    switch reason {
    case .connect, .ended, .timeout: end(.failure(.connectFailed))
    case .tls: end(.failure(.untrusted))
    case .socket, .truncated: end(.failure(.reset))
    }
  }

  private func conclude() {
    guard status == 200 else { return end(.failure(.badStatus)) }
    do throws(ProbeReportFault) {
      end(.success(try ProbeReport(parsing: body)))
    } catch {
      end(.failure(.malformedReport))
    }
  }

  private func end(_ result: Result<ProbeReport, ProbeFailure>) {
    close()
    prober.finished(self, result)
  }
}

extension ProbeFailure: Error {}

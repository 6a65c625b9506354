internal import Audit
internal import Base
public import Logging
internal import Origins
internal import Policy
public import Proxy
internal import Reactor

/// What workers tell the control loop.
enum WorkerReport: Sendable {
  /// The loop's listeners are open, except where a reason is given.
  case listening(failure: String?)
  /// A request met a failure at this endpoint.
  case requestFailed(Endpoint, RequestFailure)
  /// A request succeeded at this endpoint.
  case requestSucceeded(Endpoint)
  /// The loop has drained and ended.
  case ended
}

/// The running edge: a worker per core, the committer, and the control loop with the prober.
///
/// Made and run on the main thread, which becomes the control loop.
public final class Server {
  /// What a server needs beside its first snapshot.
  public struct Options: Sendable {
    /// How many data-plane loops.
    public var loopCount: Int
    /// The audit log.
    public var audit: AuditOptions
    /// Start of every random sequence; from the system's generator.
    public var seed: UInt64
    /// Where messages go.
    public var logger: Logger

    /// Makes options.
    public init(loopCount: Int, audit: AuditOptions, seed: UInt64, logger: Logger) {
      self.loopCount = loopCount
      self.audit = audit
      self.seed = seed
      self.logger = logger
    }
  }

  private let context: LoopContext
  private let log: EdgeLog
  private let options: Options
  private let prober: Prober
  private let reports: Mailbox<WorkerReport>
  private let workers: [Mailbox<WorkerMessage>]
  private let auditLog: AuditLog
  private let auditWriter: AuditWriter
  private let reload: () -> Snapshot?
  private var signals: Signals?
  private var snapshot: Snapshot
  private var listeningCount = 0
  private var threads: [Thread] = []
  private var runningCount = 0
  private var startFailure: String?
  private var ready: (() -> Void)?
  private var isDraining = false

  /// Opens the audit log and makes the loops; nothing listens yet. `reload` is called on SIGHUP and
  /// gives the next snapshot, or nil after it has said what is wrong. Block signals first.
  public init(
    snapshot: Snapshot, options: Options, reload: @escaping () -> Snapshot?
  ) throws {
    self.snapshot = snapshot
    self.options = options
    self.reload = reload
    log = EdgeLog(logger: options.logger)
    context = try LoopContext()
    reports = try Mailbox()
    let workers: [Mailbox<WorkerMessage>] = try (0..<options.loopCount).map { _ in try Mailbox() }
    self.workers = workers
    auditWriter = try AuditWriter(options.audit, at: Clock.wall())
    auditLog = try AuditLog(options.audit)
    // Before any decision: an account begins here.
    auditLog.append(EventRecord(kind: .start, time: Clock.wall()))
    if let recovery = auditWriter.recovery { auditLog.append(recovery) }
    prober = Prober(
      context: context, snapshot: snapshot, log: log, seed: options.seed,
      publish: { health in for worker in workers { worker.post(.health(health)) } })
  }

  /// Serves until SIGTERM or SIGINT and the drain that follows. `ready` is called once every loop
  /// listens. Throws when a listener cannot be opened at the start.
  public func run(ready: @escaping () -> Void) throws {
    self.ready = ready
    signals = try Signals(on: context.loop) { [unowned self] in received($0) }
    try reports.attach(to: context.loop) { [unowned self] in received($0) }
    let committer = try startCommitter()
    prober.whenSettled { [unowned self] in startWorkers() }
    prober.run()
    context.loop.endOfTurn = { [unowned self] in context.endTurn() }
    context.loop.run()
    for thread in threads { thread.join() }
    threads = []
    auditLog.inbox.post(.stop)
    committer.join()
    if let startFailure { throw ServerError(reason: startFailure) }
    log.ended()
  }

  /// Starts the loops, once it is known which endpoints answer.
  private func startWorkers() {
    if isDraining { return context.loop.stop() }
    do {
      for index in 0..<options.loopCount {
        threads.append(try startWorker(index, prober.current))
        runningCount += 1
      }
    } catch {
      startFailure = "\(error)"
      if runningCount == 0 { context.loop.stop() } else { beginDrain() }
    }
  }

  private func startWorker(_ index: Int, _ health: HealthSnapshot) throws -> Thread {
    let snapshot = self.snapshot
    let mailbox = workers[index]
    let reports = self.reports
    let auditLog = self.auditLog
    let log = self.log
    let seed = options.seed &+ UInt64(index) &+ 1
    return try Thread(name: "homeward-loop-\(index)") {
      do {
        let worker = Worker(
          context: try LoopContext(), snapshot: snapshot, health: health,
          audit: AuditPort(loop: index, log: auditLog), log: log, seed: seed, reports: reports)
        try mailbox.attach(to: worker.context.loop) { worker.receive($0) }
        reports.post(.listening(failure: worker.openListeners()))
        worker.run()
      } catch {
        reports.post(.listening(failure: "\(error)"))
      }
      reports.post(.ended)
    }
  }

  private func startCommitter() throws -> Thread {
    let (writer, auditLog, options) = (self.auditWriter, self.auditLog, self.options.audit)
    let (workers, log) = (self.workers, self.log)
    return try Thread(name: "homeward-audit") {
      do throws(SystemError) {
        let committer = try AuditCommitter(
          log: auditLog, writer: writer, options: options, workers: workers, edgeLog: log)
        try committer.run()
      } catch {
        log.auditFailed("\(error)")
        _ = auditLog.failed(.writeFailed)
        for worker in workers { worker.post(.auditFailed) }
      }
    }
  }

  private func received(_ report: WorkerReport) {
    switch report {
    case .requestFailed(let endpoint, let failure): prober.requestFailed(endpoint, failure)
    case .requestSucceeded(let endpoint): prober.requestSucceeded(endpoint)
    case .listening(let failure):
      listeningCount += 1
      if let failure {
        startFailure = failure
        beginDrain()
      } else if listeningCount == options.loopCount, startFailure == nil {
        for listener in snapshot.listeners { log.listening("\(listener.address):\(listener.port)") }
        recordAdoption()
        ready?()
      }
    case .ended:
      runningCount -= 1
      if runningCount == 0 { context.loop.stop() }
    }
  }

  private func received(_ signal: Signal) {
    switch signal {
    case .terminate: beginDrain()
    case .reload:
      guard !isDraining, let next = reload() else { return }
      snapshot = next
      prober.adopt(next)
      prober.whenSettled { [unowned self] in
        for worker in workers { worker.post(.adopt(snapshot, prober.current)) }
        recordAdoption()
      }
    }
  }

  /// The log says which policy version decides from here on.
  private func recordAdoption() {
    let policy = snapshot.policy
    log.adopted(policy: policy.name, version: policy.version)
    var event = EventRecord(kind: .policyLoad, time: Clock.wall())
    event.subject = .text("\(policy.name) \(policy.version)")
    event.detail = .text(policy.contentHash)
    auditLog.append(event)
  }

  private func beginDrain() {
    guard !isDraining else { return }
    isDraining = true
    log.draining(snapshot.timeouts.drainMilliseconds / 1000)
    for worker in workers { worker.post(.drain) }
    if runningCount == 0 { context.loop.stop() }
  }
}

/// Why a server could not start.
public struct ServerError: Error, CustomStringConvertible {
  let reason: String
  /// The reason, for people.
  public var description: String { reason }
}

internal import Admin
internal import Audit
internal import Base
internal import Logging
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
  case requestSucceeded(Endpoint, UInt64)
  /// The loop has drained and ended.
  case ended
  /// Where the versions of this snapshot differed.
  case differences(PolicyDifferences, Snapshot)
  /// Another version of the policy is in force, or shadowed.
  case policies(PolicyPair)
  /// Operators order something else.
  case orders(OperatorNews)
  /// What the loop has counted of its endpoints.
  case traffic([EndpointTraffic], loop: UInt16)
}

/// The running edge: a worker per core, the committer, and the control loop with the prober.
///
/// Made and run on the main thread, which becomes the control loop.
public final class Server {
  private let context: LoopContext
  private let log: EdgeLog
  private let options: Options
  private let prober: Prober
  private let reports: Mailbox<WorkerReport>
  private let workers: [Mailbox<WorkerMessage>]
  private let keeper: Mailbox<IdentityRequest>
  private let vouching = Vouching()
  private let auditLog: AuditLog
  private let auditWriter: AuditWriter
  private let reload: () -> (snapshot: Snapshot, configurationHash: String)?
  private let directories: Mailbox<DirectoryWatch.Message>
  /// Looks after the store; nil for an edge that keeps nothing.
  private let cacheKeeper: CacheKeeper?
  /// What operators may ask of the cache, on any thread; nil for an edge that keeps nothing.
  public let cacheOperations: CacheOperations?
  private var signals: Signals?
  private var snapshot: Snapshot
  private var listeningCount = 0
  private var threads: [Thread] = []
  private var runningCount = 0
  private var startFailure: String?
  private var ready: (() -> Void)?
  private var isDraining = false
  /// Where the versions differed since the last activation.
  private var differences = PolicyDifferences()
  /// Whether the log has told of a version that is shadowed.
  private var isShadowing = false
  /// Whether the log has yet to tell of the version that decides, and of the one that is shadowed.
  private var isAdoptionDue = true
  private var isShadowDue = true
  /// Whether the loops were started.
  private var hasStarted = false

  /// Opens the audit log and makes the loops; nothing listens yet. `reload` is called on SIGHUP and
  /// gives the next snapshot with its configuration's content hash, or nil after it has said what
  /// is wrong. Block signals first.
  public init(
    snapshot: Snapshot, options: Options,
    reload: @escaping () -> (snapshot: Snapshot, configurationHash: String)?
  ) throws {
    self.snapshot = snapshot
    self.options = options
    self.reload = reload
    log = EdgeLog(logger: options.logger)
    context = try LoopContext()
    reports = try Mailbox()
    keeper = try Mailbox()
    directories = try Mailbox()
    let control = context
    let stored = try snapshot.cacheSetting.map {
      try CacheKeeper(context: control, store: $0.store, folder: options.cacheFolder)
    }
    cacheKeeper = stored
    let workers: [Mailbox<WorkerMessage>] = try (0..<options.loopCount).map { _ in try Mailbox() }
    self.workers = workers
    auditWriter = try AuditWriter(options.audit, at: Clock.wall())
    auditLog = try AuditLog(options.audit)
    let (records, edgeLog, vouching) = (auditLog, log, vouching)
    let operations = snapshot.cacheSetting.map {
      CacheOperations(
        store: $0.store, auditLog: records, log: edgeLog, vouching: vouching, snapshot: snapshot)
    }
    cacheOperations = operations
    // Before any decision: an account begins here.
    auditLog.append(EventRecord(kind: .start, time: Clock.wall()))
    for (index, recovery) in auditWriter.recoveries { auditLog.append(recovery, in: index) }
    // Before any decision: what operators ordered outlives a restart.
    let news = options.operators?.next()
    let (operators, admin) = (options.operators, options.admin)
    prober = Prober(
      context: context, snapshot: snapshot, orders: news?.orders ?? RegionOrders(),
      holdOuts: options.operators?.heldOut() ?? HoldOuts(), log: log, seed: options.seed,
      publish: { health in
        stored?.sees(health)
        operations?.sees(health)
        for worker in workers { worker.post(.health(health)) }
        operators?.sees(health)
        admin?.tell(.health(health))
      })
    recordConfiguration(options.configurationHash)
    if let news { auditLog.append(news, log) }
  }

  /// Serves until SIGTERM or SIGINT and the drain that follows. `ready` is called once every loop
  /// listens. Throws when a listener cannot be opened at the start.
  public func run(ready: @escaping () -> Void) throws {
    self.ready = ready
    signals = try Signals(on: context.loop) { [unowned self] in received($0) }
    try reports.attach(to: context.loop) { [unowned self] in received($0) }
    let committer = try startCommitter()
    let identity = try startKeeper()
    let directoryWatch = try startDirectoryWatch()
    let stopIndex = try Mailbox<AuditIndexThread.Stop>()
    let index = try AuditIndexThread.start(options.audit.directory, stop: stopIndex, log: log)
    follow(snapshot)
    let stopWatch = try Mailbox<WatchStop>()
    let watch = try options.policies.map { feed in
      try feed.watch(stop: stopWatch) { [reports] in reports.post(.policies($0)) }
    }
    let stopOperators = try Mailbox<WatchStop>()
    let operators = try options.operators.map { feed in
      try feed.watch(stop: stopOperators) { [reports] in reports.post(.orders($0)) }
    }
    let admin = try startAdmin()
    prober.whenSettled { [unowned self] in startWorkers() }
    prober.run()
    try cacheKeeper?.run(loops: workers, log: log)
    context.loop.endOfTurn = { [unowned self] in context.endTurn() }
    context.loop.run()
    for thread in threads { thread.join() }
    threads = []
    cacheKeeper?.stop()
    keeper.post(.stop)
    identity.join()
    directories.post(.stop)
    directoryWatch.join()
    stopWatch.post(WatchStop())
    watch?.join()
    stopOperators.post(WatchStop())
    operators?.join()
    options.operators?.ended()
    options.admin?.inbox.post(.stop)
    admin?.join()
    auditLog.inbox.post(.stop)
    committer.join()
    stopIndex.post(AuditIndexThread.Stop())
    index.join()
    if let startFailure { throw ServerError(reason: startFailure) }
    log.ended()
  }

  /// Starts the loops, once it is known which endpoints answer.
  private func startWorkers() {
    if isDraining { return context.loop.stop() }
    hasStarted = true
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
    let (loops, mailbox) = (workers, workers[index])
    let reports = self.reports
    let (auditLog, keeper, log) = (self.auditLog, self.keeper, self.log)
    let (gate, seed) = (options.operators?.gate, options.seed &+ UInt64(index) &+ 1)
    return try Thread(name: "homeward-loop-\(index)") {
      do {
        let worker = Worker(
          context: try LoopContext(), snapshot: snapshot, health: health,
          audit: AuditPort(loop: index, log: auditLog),
          identity: IdentityPort(loop: index, keeper: keeper, rules: snapshot.identity),
          cache: snapshot.cacheSetting.map {
            CachePort(store: $0.store, loop: index, loops: loops)
          },
          log: log, seed: seed, reports: reports, gate: gate)
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

  /// Starts the thread that verifies tokens, with the first snapshot's rules.
  private func startKeeper() throws -> Thread {
    let (keeper, workers, vouching, log) = (self.keeper, self.workers, self.vouching, self.log)
    keeper.post(.adopt(snapshot.identity))
    return try Thread(name: "homeward-ident") {
      do throws(SystemError) {
        try IdentityKeeper(workers: workers, vouching: vouching, log: log).run(keeper)
      } catch {
        // Loops go on and answer 503 where a token would have to be verified.
        log.identityEnded("\(error)")
      }
    }
  }

  /// Starts the thread that follows the deltas of patient directories.
  private func startDirectoryWatch() throws -> Thread {
    let (inbox, log) = (directories, self.log)
    let store = cacheKeeper?.store
    return try Thread(name: "homeward-patients") {
      do throws(SystemError) {
        try DirectoryWatch(log: log, inbox: inbox, cache: store).run()
      } catch {
        log.deltasStopped("\(error)")
      }
    }
  }

  /// Starts the thread that answers operators, before any loop serves clients.
  private func startAdmin() throws -> Thread? {
    let identity = EdgeView.Identity(
      instance: options.audit.instance, process: processIdentifier(), since: Clock.wall(),
      loopCount: options.loopCount)
    let (hash, health, policy) = (options.configurationHash, prober.current, snapshot.policy)
    return try options.admin?.start(audit: auditLog, log: log, cache: cacheOperations) {
      EdgeView(identity, configurationHash: hash, health: health, policy: policy)
    }
  }

  /// Follows the deltas of a snapshot's directory from here on, even before loops adopt it.
  private func follow(_ snapshot: Snapshot) {
    if let directory = snapshot.directory { directories.post(.follow(directory)) }
  }

  private func received(_ report: WorkerReport) {
    switch report {
    case .requestFailed(let endpoint, let failure): prober.requestFailed(endpoint, failure)
    case .requestSucceeded(let endpoint, let count): prober.requestSucceeded(endpoint, count)
    case .listening(let failure):
      listeningCount += 1
      if let failure {
        startFailure = failure
        beginDrain()
      } else if listeningCount == options.loopCount, startFailure == nil {
        for listener in snapshot.listeners { log.listening("\(listener.address):\(listener.port)") }
        recordPolicies()
        ready?()
      }
    case .differences(let news, let of):
      // Those of other policies would be read with the wrong rules.
      guard of.hasSamePolicies(as: snapshot) else { return }
      differences.add(news)
      options.policies?.differ(
        snapshot.phaseLines(of: differences), shadow: snapshot.shadowLines(of: differences),
        comparedCount: differences.comparedCount)
    case .policies(let pair): adopt(pair)
    case .orders(let news):
      prober.order(news.orders)
      auditLog.append(news, log)
      options.admin?.tell(.orders)
    case .traffic(let traffic, let loop):
      options.operators?.sees(traffic, loop: Int(loop))
      options.admin?.tell(.traffic(traffic, loop: Int(loop)))
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
      recordConfiguration(next.configurationHash)
      adopt(next.snapshot)
    }
  }

  /// Goes on with another snapshot once its endpoints were heard of; requests under way finish with
  /// the one that they began with. `decides` is false when only another version is shadowed.
  private func adopt(_ next: Snapshot, decides: Bool = true) {
    let isOtherPolicy = next.policy.contentHash != snapshot.policy.contentHash
    let isOtherShadow = next.shadowHash != snapshot.shadowHash
    if isOtherPolicy { differences = PolicyDifferences() }
    if isOtherShadow { differences.forgetShadow() }
    isAdoptionDue = isAdoptionDue || decides
    isShadowDue = isShadowDue || isOtherPolicy || isOtherShadow
    snapshot = next
    keeper.post(.adopt(next.identity))
    follow(next)
    prober.adopt(next)
    // Before their start the loops need no message: they start with this snapshot.
    guard hasStarted else { return }
    prober.whenSettled { [unowned self] in
      for worker in workers { worker.post(.adopt(snapshot, prober.current)) }
      cacheKeeper?.adopted(snapshot)
      cacheOperations?.adopted(snapshot)
      // Otherwise the last loop that listens brings it about.
      if listeningCount == options.loopCount { recordPolicies() }
    }
  }

  /// Goes on with another policy, everything else staying as it is; or stays with the one before.
  private func adopt(_ pair: PolicyPair) {
    let policy = pair.active
    let decides = policy.contentHash != snapshot.policy.contentHash
    guard !isDraining,
      decides || pair.successor?.policy.contentHash != snapshot.shadowHash
    else { return }
    do throws(TopologyFaults) {
      adopt(try snapshot.replacing(policies: pair), decides: decides)
    } catch {
      log.policyRefused(policy: policy.name, version: policy.version, "\(error)")
      options.policies?.refused(policy, "\(error)")
    }
  }

  /// The log says which configuration was loaded; loops adopt it once its endpoints were heard of.
  private func recordConfiguration(_ hash: String) {
    var event = EventRecord(kind: .configurationLoad, time: Clock.wall())
    event.subject = .text(options.audit.instance)
    event.detail = .text(hash)
    auditLog.append(event)
    options.admin?.tell(.configuration(hash))
  }

  /// The loops have the snapshot: the log says what is new of its policies.
  private func recordPolicies() {
    if isAdoptionDue || isShadowDue {
      options.admin?.tell(
        .policy(snapshot.policy, shadow: snapshot.policies.successor?.policy))
    }
    if isAdoptionDue { recordAdoption() }
    if isShadowDue { recordShadow() }
  }

  /// The log says which policy version decides from here on.
  private func recordAdoption() {
    isAdoptionDue = false
    let policy = snapshot.policy
    log.adopted(policy: policy.name, version: policy.version)
    var event = EventRecord(kind: .policyLoad, time: Clock.wall())
    event.subject = .text("\(policy.name) \(policy.version)")
    event.detail = .text(policy.contentHash)
    auditLog.append(event)
    options.policies?.adopted(policy)
  }

  /// The log says which version is evaluated beside that, when there is one or was.
  private func recordShadow() {
    isShadowDue = false
    let policy = snapshot.policies.successor?.policy
    if policy != nil || isShadowing {
      log.shadows(policy: policy?.name, version: policy?.version)
    }
    isShadowing = policy != nil
    options.policies?.shadows(policy)
  }

  private func beginDrain() {
    guard !isDraining else { return }
    isDraining = true
    log.draining(snapshot.timeouts.drainMilliseconds / 1000)
    options.admin?.tell(.draining)
    for worker in workers { worker.post(.drain) }
    if runningCount == 0 { context.loop.stop() }
  }
}

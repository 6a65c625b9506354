internal import Admin
internal import Audit
internal import Base
internal import HTTP
internal import Native
internal import Proxy
internal import Reactor

/// The loop of the admin API: its listener, its connections, its desk.
///
/// Born on its thread and confined to it; reached from outside through its mailbox only.
final class AdminThread: TimerTarget, ListenerOwner {
  let context: LoopContext
  let log: EdgeLog
  private let audit: AuditLog
  private let watcher: EdgeWatcher
  private var definition: AdminService.Definition
  private var listener: OpenListener?
  /// The oldest first.
  private var connections: [AdminConnection] = []
  /// Answers that are being made on other threads, and who waits for them.
  private var works: [Int: (connection: AdminConnection, stream: StreamID)] = [:]
  private var lastWork = 0
  private let inbox: Mailbox<AdminService.Message>
  private var heartbeatAt = Instant.never
  private var hasTold = false

  /// How often deadlines are looked at, and a listener that could not be opened is tried again.
  private static let tickMilliseconds: UInt64 = 500

  init(
    _ service: AdminService, audit: AuditLog, log: EdgeLog, _ cache: CacheOperations?,
    _ view: EdgeView
  ) throws(SystemError) {
    context = try LoopContext()
    self.audit = audit
    self.log = log
    inbox = service.inbox
    definition = service.definition
    let moment = AdminDesk.Moment(context.loop.now, context.wallTime)
    watcher = service.furnish(
      AdminService.Surroundings(
        view: view, rules: definition.rules,
        account: { AuditAccount(audit.counters, hasFailed: audit.hasFailed) }, cache: cache,
        tell: { [inbox] in inbox.post(.news($0)) }, moment: moment))
  }

  var desk: AdminDesk { watcher.desk }

  private var moment: AdminDesk.Moment { AdminDesk.Moment(context.loop.now, context.wallTime) }

  /// Serves until it is told to stop.
  func run() throws(SystemError) {
    try inbox.attach(to: context.loop) { [unowned self] in receive($0) }
    heartbeatAt = context.loop.now.adding(milliseconds: AdminLimits.heartbeatMilliseconds)
    timerFired(token: 0)
    context.loop.endOfTurn = { [unowned self] in context.endTurn() }
    context.loop.run()
    for connection in connections { connection.close() }
  }

  private func receive(_ message: AdminService.Message) {
    switch message {
    case .news(let news):
      watcher.take(news, at: moment)
      push()
    case .adopt(let next):
      definition = next
      desk.rules = next.rules
      if let listener, listener.matches(next.listener) {
        listener.definition = next.listener
      } else {
        listener?.close()
        listener = nil
        openListener()
      }
    case .answered(let number, let answer):
      guard let work = works.removeValue(forKey: number) else { return }
      work.connection.finish(work.stream, with: answer)
    case .stop: context.loop.stop()
    }
  }

  // MARK: Clients

  private func openListener() {
    let address = SocketAddress(definition.listener.address, port: definition.listener.port)
    do throws(SystemError) {
      listener = try OpenListener(definition.listener, owner: self)
      hasTold = false
      log.listening("\(address) (admin)")
    } catch {
      // An edge without its admin API serves all the same; tried again with each tick.
      if !hasTold { log.listenFailed("\(address) (admin)", "\(error)") }
      hasTold = true
    }
  }

  func accept(_ socket: consuming Socket, peer: SocketAddress, _ listener: ListenerDefinition) {
    guard let tls = listener.tls, makeRoom() else { return }
    do {
      let connection = AdminConnection(
        thread: self, socket: socket, peer: peer, tls: try TLSSession(server: tls))
      connections.append(connection)
      try connection.begin()
    } catch {
      log.acceptFailed("\(error)")
    }
  }

  /// Closes the oldest connection that has proved nothing when there are too many; false when all
  /// have.
  private func makeRoom() -> Bool {
    guard connections.count >= AdminLimits.connectionCountMax else { return true }
    guard let stranger = connections.first(where: { !$0.isKnown }) else {
      log.clientsDropped(1)
      return false
    }
    stranger.close(resets: true)
    return true
  }

  func forget(_ connection: AdminConnection) { connections.removeAll { $0 === connection } }

  /// Whether one client more may follow events.
  var canFollow: Bool {
    connections.reduce(0) { $0 + $1.followerCount } < AdminLimits.followerCountMax
  }

  /// Answers a request, and records what that did.
  func reply(
    to request: AdminRequest, _ credentials: Credentials, from peer: SocketAddress
  ) -> AdminDesk.Reply {
    desk.isReadOnly = audit.hasFailed
    let reply = desk.reply(to: request, credentials, from: peer.address, at: moment)
    for record in reply.answer.records { append(record) }
    if !reply.answer.records.isEmpty { audit.requestCommit() }
    if request.method != "GET", reply.answer.status < 300 {
      // At once, so that acts that follow each other closely are told one by one.
      watcher.look(at: moment)
      push()
    }
    return reply
  }

  /// Makes an answer on a thread of its own; false when too many are being made.
  func begin(
    _ work: @escaping @Sendable () -> AdminAnswer, for connection: AdminConnection,
    _ stream: StreamID
  ) -> Bool {
    guard works.count < AdminLimits.workCountMax else { return false }
    lastWork += 1
    let (number, inbox) = (lastWork, inbox)
    do throws(SystemError) {
      let thread = try Thread(name: "homeward-work") {
        Thread.yieldToOthers()
        inbox.post(.answered(number, work()))
      }
      thread.detach()
    } catch { return false }
    works[number] = (connection, stream)
    return true
  }

  private func append(_ record: AdminRecord) {
    var event = EventRecord(kind: .operatorAction, time: context.wallTime)
    event.subject = .text(record.subject)
    event.author = .text(record.author)
    event.scope = .text(record.scope)
    event.detail = .text(record.detail)
    event.isDone = true
    audit.append(event)
    log.adminRecorded(record)
  }

  // MARK: Time and events

  private func push() {
    for connection in connections { connection.push() }
  }

  func timerFired(token: Int) {
    let now = context.loop.now
    if listener == nil { openListener() }
    if now >= heartbeatAt {
      heartbeatAt = now.adding(milliseconds: AdminLimits.heartbeatMilliseconds)
      for connection in connections { connection.beat() }
    }
    for connection in connections { connection.checkDeadlines(now) }
    context.loop.schedule(at: now.adding(milliseconds: Self.tickMilliseconds), self)
  }
}

extension AuditAccount {
  /// The account of an edge's log.
  fileprivate init(_ counters: AuditCounters, hasFailed: Bool) {
    self.init()
    decidedCount = Int(clamping: counters.decided)
    committedCount = Int(clamping: counters.committed)
    refusedCount = Int(clamping: counters.refused)
    lostCount = Int(clamping: counters.lost)
    self.hasFailed = hasFailed
  }
}

internal import Audit
internal import Base
internal import Reactor

/// Puts the audit log on disk: one write and one sync for each group, on a thread of its own.
///
/// Performs what `GroupCommit` says, and signs a checkpoint each second. Born on its thread and
/// confined to it.
final class AuditCommitter: TimerTarget {
  let log: AuditLog
  private let options: AuditOptions
  private let workers: [Mailbox<WorkerMessage>]
  private let edgeLog: EdgeLog
  private let loop: EventLoop
  private let writer: AuditWriter
  private var batch = ByteQueue()
  private var heartbeatAt: Instant
  private var hasFailed = false

  init(
    log: AuditLog, writer: AuditWriter, options: AuditOptions,
    workers: [Mailbox<WorkerMessage>], edgeLog: EdgeLog
  ) throws(SystemError) {
    self.log = log
    self.writer = writer
    self.options = options
    self.workers = workers
    self.edgeLog = edgeLog
    loop = try EventLoop()
    heartbeatAt = loop.now
  }

  /// Commits until it is told to stop; the records of that moment are still written.
  func run() throws(SystemError) {
    try log.inbox.attach(to: loop) { [unowned self] message in
      switch message {
      case .commit: commitSoon()
      case .stop:
        log.append(EventRecord(kind: .stop, time: Clock.wall()))
        commit()
        close()
        loop.stop()
      }
    }
    timerFired(token: 0)
    loop.run()
  }

  /// The token of a commit that was put off; the other timer is the interval's.
  private static let urgent = 1
  /// After a batch of at least this many bytes the next one waits.
  private static let busyByteCount = 4096
  /// How long: a few syncs' time. A busy log then spends a tenth of its time on syncs, and a
  /// durable answer waits no longer than a clinician can notice.
  private static let quietMilliseconds: UInt64 = 4
  /// Until when commits are put off.
  private var quietUntil = Instant(nanoseconds: 0)

  func timerFired(token: Int) {
    if token == Self.urgent { return commit() }
    guard loop.now >= heartbeatAt else {
      commit()
      return again()
    }
    heartbeatAt = loop.now.adding(milliseconds: 1000)
    guard !hasFailed else {
      if loop.now >= accountAt { tellAccount() }
      return again()
    }
    watchClock()
    log.appendHeartbeat(at: Clock.wall())
    commit()
    finishSecond()
    again()
  }

  private func again() {
    loop.schedule(at: loop.now.adding(milliseconds: options.intervalMilliseconds), self)
  }

  /// Commits now, or under load a little later: each sync then covers more records.
  private func commitSoon() {
    guard loop.now < quietUntil else { return commit() }
    loop.schedule(at: quietUntil, self, token: Self.urgent)
  }

  private func commit() {
    log.takeCommitRequest()
    var action = log.begin(into: &batch)
    while true {
      switch action {
      case .wait: return
      case .write: action = write()
      case .sync: action = synchronize()
      case .publish(let durable):
        for worker in workers { worker.post(.durable(durable)) }
        return
      case .halt:
        tellFailure()
        return
      }
    }
  }

  private func write() -> GroupCommit.Action {
    do throws(SystemError) {
      try writer.write(batch, at: Clock.wall())
      let count = batch.count
      if count >= Self.busyByteCount {
        quietUntil = loop.now.adding(milliseconds: Self.quietMilliseconds)
      }
      batch.removeAll()
      return log.wrote(byteCount: count)
    } catch {
      edgeLog.auditFailed("\(error)")
      return log.failed(error.isDiskFull ? .diskFull : .writeFailed)
    }
  }

  private func synchronize() -> GroupCommit.Action {
    do throws(SystemError) {
      guard try writer.synchronize() else {
        edgeLog.auditFailed("the log's file was replaced, removed or linked a second time")
        return log.failed(.fileReplaced)
      }
      return log.synced()
    } catch {
      edgeLog.auditFailed("\(error)")
      return log.failed(.syncFailed)
    }
  }

  /// Signs what is durable by now, and begins a new log when the month is over.
  private func finishSecond() {
    guard !hasFailed else { return }
    do {
      try writer.publish()
      try writer.rotate(at: Clock.wall()) { log.counters(of: $0) }
    } catch {
      edgeLog.auditFailed("\(error)")
      _ = log.failed(.writeFailed)
      tellFailure()
    }
  }

  /// How far the wall clock is ahead of the monotonic one, microseconds.
  private var clockOffset: Int64?
  /// A wall clock that moves by more than this against the monotonic one was set, not slewed.
  private static let clockStepMicroseconds: Int64 = 500_000

  /// Records when the wall clock was set: times before and after are not comparable.
  private func watchClock() {
    let time = Clock.wall()
    let offset =
      Int64(clamping: time.microseconds) - Int64(clamping: Clock.monotonic().nanoseconds / 1000)
    defer { clockOffset = offset }
    guard let before = clockOffset, abs(offset - before) > Self.clockStepMicroseconds else {
      return
    }
    var event = EventRecord(kind: .clockStep, time: time)
    let direction = offset > before ? "forward" : "back"
    event.detail = .text("the wall clock was set \(direction) by \(abs(offset - before)) us")
    log.append(event)
  }

  private func close() {
    guard !hasFailed else { return tellAccount() }
    do throws(SystemError) { try writer.close() } catch { edgeLog.auditFailed("\(error)") }
  }

  /// What was told last of a failed log's account, and when it is told again.
  private var toldAccount = AuditCounters()
  private var accountAt = Instant(nanoseconds: 0)
  /// An operator shall see what goes unrecorded, and read his log nevertheless.
  private static let accountMilliseconds: UInt64 = 10_000

  /// No heartbeat can be written any more: the edge's own log has the account, if it changed.
  private func tellAccount() {
    let counters = log.counters
    guard counters != toldAccount else { return }
    toldAccount = counters
    accountAt = loop.now.adding(milliseconds: Self.accountMilliseconds)
    edgeLog.auditAccount(counters)
  }

  private func tellFailure() {
    guard !hasFailed else { return }
    hasFailed = true
    for worker in workers { worker.post(.auditFailed) }
  }
}

internal import Audit
internal import Base
internal import Native
internal import Reactor

/// Puts the audit log on disk: one write and one sync for each group, on a thread of its own.
///
/// Performs what `GroupCommit` says. Born on its thread and confined to it.
final class AuditCommitter: TimerTarget {
  let log: AuditLog
  private let options: AuditOptions
  private let workers: [Mailbox<WorkerMessage>]
  private let edgeLog: EdgeLog
  private let loop: EventLoop
  private let segments: AuditSegments
  private var batch = ByteQueue()
  private var heartbeatAt: Instant
  private var hasFailed = false

  init(
    log: AuditLog, segments: AuditSegments, options: AuditOptions,
    workers: [Mailbox<WorkerMessage>], edgeLog: EdgeLog
  ) throws(SystemError) {
    self.log = log
    self.segments = segments
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
        loop.stop()
      }
    }
    log.append(EventRecord(kind: .start, time: Clock.wall()))
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
    if loop.now >= heartbeatAt {
      log.appendHeartbeat(at: Clock.wall())
      heartbeatAt = loop.now.adding(milliseconds: 1000)
    }
    commit()
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
      try segments.write(batch, firstSequence: log.firstSequenceOfBatch, at: Clock.wall())
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
      try segments.synchronize()
      return log.synced()
    } catch {
      edgeLog.auditFailed("\(error)")
      return log.failed(.syncFailed)
    }
  }

  private func tellFailure() {
    guard !hasFailed else { return }
    hasFailed = true
    for worker in workers { worker.post(.auditFailed) }
  }
}

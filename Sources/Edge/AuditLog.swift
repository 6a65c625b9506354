internal import Audit
internal import Base
internal import Reactor
internal import Synchronization

/// The audit log as every thread sees it: append here, and ask for a commit.
///
/// Loops hold the lock for one append (under a microsecond); the committer never holds it while the
/// disk works.
final class AuditLog: Sendable {
  /// What the committer is told.
  enum Message: Sendable {
    /// A record must be on disk soon.
    case commit
    /// Write what waits and end.
    case stop
  }

  let inbox: Mailbox<Message>
  private let group: Mutex<GroupCommit>
  /// Which log a record belongs to.
  private let retention: RetentionClasses
  private let isCommitRequested = Atomic(false)

  init(_ options: AuditOptions) throws(SystemError) {
    inbox = try Mailbox()
    retention = options.retention
    group = Mutex(
      GroupCommit(
        firstSequence: 1, classCount: options.retention.count,
        capacityBytes: options.pendingByteCountMax))
  }

  func append(_ record: borrowing DecisionRecord) -> GroupCommit.Append {
    let index = retention.index(of: record.dataClass)
    return group.withLock { $0.append(record, in: index) }
  }

  /// Appends the outcome of a decision on `dataClass` to that decision's log.
  func append(_ record: borrowing OutcomeRecord, of dataClass: DataClass) {
    let index = retention.index(of: dataClass)
    group.withLock { _ = $0.append(record, in: index) }
  }

  /// Counts the outcome of a decision on `dataClass` that was carried out without a record.
  func omit(_ record: borrowing OutcomeRecord, of dataClass: DataClass) {
    let index = retention.index(of: dataClass)
    group.withLock { $0.omit(record, in: index) }
  }

  /// Appends an event to the log of its kind; what describes a log stands in each.
  func append(_ record: borrowing EventRecord) {
    let index = retention.index(of: record.kind)
    group.withLock {
      for each in index.map({ $0..<($0 + 1) }) ?? 0..<retention.count {
        _ = $0.append(record, in: each)
      }
    }
  }

  /// Appends an event to one log.
  func append(_ record: borrowing EventRecord, in index: Int) {
    group.withLock { _ = $0.append(record, in: index) }
  }

  func appendHeartbeat(at time: WallTime) { group.withLock { _ = $0.appendHeartbeat(at: time) } }

  /// Wakes the committer; several requests before it wakes are one.
  func requestCommit() {
    guard !isCommitRequested.exchange(true, ordering: .acquiringAndReleasing) else { return }
    inbox.post(.commit)
  }

  /// The committer takes the requests that have come so far.
  func takeCommitRequest() { isCommitRequested.store(false, ordering: .releasing) }

  // MARK: The committer's side; see `GroupCommit`

  func begin(into queue: inout ByteQueue) -> GroupCommit.Action {
    group.withLock { $0.begin(into: &queue) }
  }

  func wrote(byteCount: Int) -> GroupCommit.Action {
    group.withLock { $0.wrote(byteCount: byteCount) }
  }

  func synced() -> GroupCommit.Action { group.withLock { $0.synced() } }

  func failed(_ fault: CommitFault) -> GroupCommit.Action { group.withLock { $0.failed(fault) } }

  /// The whole edge's account as it stands.
  var counters: AuditCounters { group.withLock { $0.counters } }

  /// Whether nothing more reaches the disk before a restart.
  var hasFailed: Bool { group.withLock { $0.fault != nil } }

  /// A class's account as it stands.
  func counters(of index: Int) -> AuditCounters { group.withLock { $0.counters(of: index) } }
}

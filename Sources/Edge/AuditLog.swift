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
  private let isCommitRequested = Atomic(false)

  init(_ options: AuditOptions) throws(SystemError) {
    inbox = try Mailbox()
    group = Mutex(
      GroupCommit(firstSequence: 1, capacityBytes: options.pendingByteCountMax))
  }

  func append(_ record: borrowing DecisionRecord) -> GroupCommit.Append {
    group.withLock { $0.append(record) }
  }

  func append(_ record: borrowing OutcomeRecord) { group.withLock { _ = $0.append(record) } }

  func append(_ record: borrowing EventRecord) { group.withLock { _ = $0.append(record) } }

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

  /// The account as it stands.
  var counters: AuditCounters { group.withLock { $0.counters } }
}

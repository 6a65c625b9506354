internal import Audit
internal import Base
internal import Reactor
internal import Synchronization

/// Where the audit log lies and how it is written.
public struct AuditOptions: Sendable {
  /// The folder of the log's segments; made when it is missing.
  public var directory: String
  /// How long records without urgency may wait for the disk, milliseconds.
  public var intervalMilliseconds: UInt64
  /// Bytes after which a new segment begins.
  public var segmentByteCountMax: Int
  /// The key under which patients become pseudonyms; at least 32 bytes.
  public var pseudonymKey: [UInt8]
  /// The edge that writes.
  public var instance: String
  /// Bytes that may wait for the disk before decisions are refused.
  public var pendingByteCountMax: Int

  /// Makes options.
  public init(
    directory: String, intervalMilliseconds: UInt64, segmentByteCountMax: Int,
    pseudonymKey: [UInt8], instance: String, pendingByteCountMax: Int
  ) {
    self.directory = directory
    self.intervalMilliseconds = intervalMilliseconds
    self.segmentByteCountMax = segmentByteCountMax
    self.pseudonymKey = pseudonymKey
    self.instance = instance
    self.pendingByteCountMax = pendingByteCountMax
  }
}

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

  let pseudonymKey: [UInt8]
  let inbox: Mailbox<Message>
  private let group: Mutex<GroupCommit>
  private let isCommitRequested = Atomic(false)

  init(_ options: AuditOptions, firstSequence: UInt64) throws(SystemError) {
    pseudonymKey = options.pseudonymKey
    inbox = try Mailbox()
    group = Mutex(
      GroupCommit(firstSequence: firstSequence, capacityBytes: options.pendingByteCountMax))
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

  /// The number of the first record of the batch that is being written.
  var firstSequenceOfBatch: UInt64 { group.withLock { $0.durable + 1 } }
}

internal import Audit
internal import Base
internal import Clinical
internal import HTTP
internal import Proxy

/// One loop's way to the audit log: appends records, and tells exchanges when theirs is on disk.
///
/// Confined to its loop.
final class AuditPort {
  let loop: UInt16
  private let log: AuditLog
  private var record = DecisionRecord()
  /// Exchanges that wait for the disk, in the order of their records.
  private var waiting: [(sequence: UInt64, exchange: Exchange)] = []
  /// The first of `waiting` that still waits.
  private var waitingHead = 0
  private var durable: UInt64 = 0
  private var hasFailed = false
  private var isCommitWanted = false

  init(loop: Int, log: AuditLog) {
    self.loop = UInt16(loop)
    self.log = log
  }

  /// Appends a decision; nil when the log does not take it, and nothing may be disclosed then.
  func append(_ request: borrowing JudgedRequest, _ snapshot: Snapshot) -> UInt64? {
    request.fill(&record, loop: loop, snapshot: snapshot)
    guard case .accepted(let sequence) = log.append(record) else { return nil }
    return sequence
  }

  /// Appends the outcome of a decision on `dataClass`. The log counts those that it cannot take.
  func append(_ outcome: OutcomeRecord, of dataClass: DataClass) {
    log.append(outcome, of: dataClass)
  }

  /// Calls the exchange's `recordDurable` or `recordFailed`, now or later.
  func await(_ exchange: Exchange) {
    guard let sequence = exchange.recordSequence, !hasFailed else { return exchange.recordFailed() }
    if sequence <= durable { return exchange.recordDurable() }
    waiting.append((sequence, exchange))
  }

  /// A record must be on disk soon: asks for a commit when the turn ends.
  func wantCommit() { isCommitWanted = true }

  /// Asks for the commit that the turn's records need.
  func turnEnded() {
    guard isCommitWanted else { return }
    isCommitWanted = false
    log.requestCommit()
  }

  /// Everything up to `sequence` is on disk.
  func becameDurable(_ sequence: UInt64) {
    durable = max(durable, sequence)
    while waitingHead < waiting.count, waiting[waitingHead].sequence <= durable {
      let exchange = waiting[waitingHead].exchange
      waitingHead += 1
      exchange.recordDurable()
    }
    guard waitingHead == waiting.count else { return }
    waiting.removeAll(keepingCapacity: true)
    waitingHead = 0
  }

  /// Nothing will be on disk any more.
  func failed() {
    hasFailed = true
    let lost = waiting[waitingHead...]
    waiting = []
    waitingHead = 0
    for entry in lost { entry.exchange.recordFailed() }
  }
}

internal import Audit
internal import Base
internal import Clinical
internal import HTTP
internal import Proxy

/// One loop's way to the audit log: appends records, and tells exchanges when theirs is on disk.
///
/// Confined to its loop.
final class AuditPort {
  /// The record that is filled anew for each decision, worked on where it lies.
  private struct Scratch {
    private var record = DecisionRecord()

    mutating func append(
      _ request: borrowing JudgedRequest, _ snapshot: Snapshot, _ loop: UInt16, to log: AuditLog
    ) -> GroupCommit.Append {
      request.fill(&record, loop: loop, snapshot: snapshot)
      return log.append(record)
    }
  }

  let loop: UInt16
  private let log: AuditLog
  private var scratch = Scratch()
  /// Exchanges that wait for the disk, in the order of their records.
  private var waiting: [(sequence: UInt64, exchange: Exchange)] = []
  private var durable: UInt64 = 0
  private var hasFailed = false
  private var isCommitWanted = false

  init(loop: Int, log: AuditLog) {
    self.loop = UInt16(loop)
    self.log = log
  }

  /// Appends a decision; nil when the log does not take it. Nothing may be disclosed then, unless
  /// the decision may go unrecorded.
  func append(_ request: borrowing JudgedRequest, _ snapshot: Snapshot) -> UInt64? {
    guard case .accepted(let sequence) = scratch.append(request, snapshot, loop, to: log) else {
      return nil
    }
    return sequence
  }

  /// Appends the outcome of a decision on `dataClass`. The log counts those that it cannot take.
  func append(_ outcome: borrowing OutcomeRecord, of dataClass: DataClass) {
    log.append(outcome, of: dataClass)
  }

  /// Has the outcome of a decision counted that was carried out without a record.
  func omit(_ outcome: borrowing OutcomeRecord, of dataClass: DataClass) {
    log.omit(outcome, of: dataClass)
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
    var count = 0
    while count < waiting.count, waiting[count].sequence <= durable {
      waiting[count].exchange.recordDurable()
      count += 1
    }
    waiting.removeFirst(count)
  }

  /// Nothing will be on disk any more.
  func failed() {
    hasFailed = true
    let lost = waiting
    waiting = []
    for entry in lost { entry.exchange.recordFailed() }
  }
}

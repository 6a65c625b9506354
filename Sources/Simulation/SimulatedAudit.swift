internal import Audit
internal import Base
internal import HTTP
internal import Proxy

/// What the disk under an audit log does wrong.
struct DiskFaults {
  /// Writes fail: the disk is full.
  var isFull = false
  /// Syncs fail: what is on disk is unknown.
  var failsSync = false
  /// Microseconds for a write and its sync.
  var microseconds: UInt64 = 400
}

/// The real `GroupCommit` over a simulated disk: stands for `Edge/AuditPort`, `Edge/AuditLog` and
/// `Edge/AuditCommitter`.
///
/// Beside the machine it keeps its own account of which decision lies where, by which the checker
/// judges what the machine says.
final class SimulatedAudit {
  private let edge: SimulatedEdge
  private var group = GroupCommit(firstSequence: 1, capacityBytes: 1 << 18)
  private var record = DecisionRecord()
  private var batch = ByteQueue()
  private var waiting: [(sequence: UInt64, exchange: SimulatedExchange)] = []
  private var durable: UInt64 = 0
  private(set) var hasFailed = false
  private var isBusy = false
  private var isCommitRequested = false
  var faults = DiskFaults()
  private var ticksUntilHeartbeat = 0

  // The checker's own account.
  private var appended: [DecisionID] = []
  private var written: [DecisionID] = []
  /// Decisions that a sync put on disk.
  private(set) var onDisk: Set<DecisionID> = []
  /// Decisions that the log took.
  private(set) var taken: Set<DecisionID> = []

  /// The log of one edge.
  init(_ edge: SimulatedEdge) { self.edge = edge }

  /// The account of what was decided, committed, refused and lost.
  var counters: AuditCounters { group.counters }

  // MARK: The loop's side; see `AuditPort`

  /// Appends a decision; nil when the log does not take it.
  func append(_ decision: borrowing Decision, _ request: ClientRequest) -> UInt64? {
    decision.fill(
      &record, loop: 0, method: request.head.method, snapshot: edge.snapshot)
    guard case .accepted(let sequence) = group.append(record) else { return nil }
    appended.append(decision.id)
    taken.insert(decision.id)
    if decision.isDurable { requestCommit() }
    return sequence
  }

  /// Appends how a decision went.
  func appendOutcome(of decision: borrowing Decision) {
    var outcome = OutcomeRecord()
    Outcome().fill(&outcome, of: decision, loop: 0, snapshot: edge.snapshot)
    _ = group.append(outcome)
  }

  /// Calls the exchange's `recordDurable` or `recordFailed`, now or later.
  func await(_ sequence: UInt64?, _ exchange: SimulatedExchange) {
    guard let sequence, !hasFailed else { return exchange.recordFailed() }
    if sequence <= durable { return exchange.recordDurable() }
    waiting.append((sequence, exchange))
  }

  private func becameDurable(_ sequence: UInt64) {
    durable = max(durable, sequence)
    let ready = waiting.filter { $0.sequence <= durable }
    waiting.removeAll { $0.sequence <= durable }
    for entry in ready { entry.exchange.recordDurable() }
  }

  private func failed() {
    hasFailed = true
    let lost = waiting
    waiting = []
    for entry in lost { entry.exchange.recordFailed() }
  }

  // MARK: The committer's side; see `AuditCommitter`

  /// Writes what waits, and a heartbeat each second; called every 20 ms.
  func tick() {
    ticksUntilHeartbeat -= 1
    if ticksUntilHeartbeat <= 0, !hasFailed {
      ticksUntilHeartbeat = 50
      group.appendHeartbeat(at: edge.world.wallTime(skewSeconds: edge.skewSeconds))
    }
    commit()
  }

  private func requestCommit() {
    guard !isCommitRequested else { return }
    isCommitRequested = true
    edge.world.after(microseconds: 60) { [self] in edge.run { [self] in commit() } }
  }

  private func commit() {
    guard !isBusy else { return }
    isCommitRequested = false
    perform(group.begin(into: &batch))
  }

  private func perform(_ action: GroupCommit.Action) {
    switch action {
    case .wait: break
    case .write:
      isBusy = true
      written = appended
      appended = []
      disk { [self] in
        if faults.isFull { return perform(group.failed(.diskFull)) }
        let count = batch.count
        batch.removeAll()
        perform(group.wrote(byteCount: count))
      }
    case .sync:
      disk { [self] in
        if faults.failsSync { return perform(group.failed(.syncFailed)) }
        onDisk.formUnion(written)
        perform(group.synced())
      }
    case .publish(let durable):
      isBusy = false
      edge.world.after(microseconds: 30) { [self] in
        edge.run { [self] in becameDurable(durable) }
      }
      if isCommitRequested { commit() }
    case .halt:
      guard !hasFailed else { return }
      edge.world.trace.note("log failed", edge.index, at: edge.now)
      failed()
    }
  }

  /// Half of a batch's time at the disk, then `act`, whatever the process does meanwhile.
  private func disk(_ act: @escaping () -> Void) {
    let half = faults.microseconds / 2
    edge.world.after(microseconds: half + edge.world.draw(0...half)) { [self] in
      edge.run(act)
    }
  }
}

public import Base

/// Why a log can no longer be written.
public enum CommitFault: String, CaseIterable, Error, Sendable {
  /// A write failed or was short for good.
  case writeFailed = "write-failed"
  /// A sync failed: what is on disk is unknown, and asking again may lie.
  case syncFailed = "sync-failed"
  /// The disk is full.
  case diskFull = "disk-full"
  /// The file was replaced, unlinked or hard-linked under the log.
  case fileReplaced = "file-replaced"
  /// The log was closed.
  case closed
}

/// Turns many small appends into few large writes and syncs, and tells what is durable.
///
/// Loops append; one committer calls `begin`, performs what it is told, and reports back. Between
/// `begin` and `synced` the batch belongs to the committer's own queue, so only the calls
/// themselves need the owner's lock, never the disk's time. At most one batch is on its way.
///
/// INVARIANT (durable): a sequence number is durable only after a sync that began when all bytes
/// up to it were written succeeded. After any failure nothing becomes durable any more.
public struct GroupCommit: ~Copyable {
  /// The answer to an append.
  public enum Append: Equatable, Sendable {
    /// The record waits for the disk; it is durable when the watermark reaches its number.
    case accepted(sequence: UInt64)
    /// Too much waits already: answer 503, unless the decision may go unrecorded.
    case full
    /// The log can no longer be written: the same.
    case failed(CommitFault)
  }

  /// What the committer does next.
  public enum Action: Equatable, Sendable {
    /// Nothing waits; ask again after an append or the linger time.
    case wait
    /// Write the bytes of the committer's queue, then call `wrote`.
    case write
    /// Sync the file, then call `synced`.
    case sync
    /// Tell the loops that everything up to and including this number is durable.
    case publish(durable: UInt64)
    /// Stop: nothing more is written; everything that waits is refused.
    case halt(CommitFault)
  }

  /// One group of records on its way to the disk.
  private struct Batch {
    /// The number of its last record.
    var lastSequence: UInt64
    /// All its bytes.
    var byteCount: Int
    /// Bytes not yet written.
    var remaining: Int
    /// How many of its records are decisions, by retention class.
    var decisions: PerClass<UInt64>
    /// How many are not.
    var others: PerClass<UInt64>
  }

  /// Where the committer stands.
  private enum State {
    case idle
    case writing(Batch)
    case syncing(Batch)
    case halted(CommitFault)
  }

  private var state = State.idle
  /// Records that wait for the next batch.
  private var pending = ByteQueue()
  /// How many decisions are among them.
  private var pendingDecisions = PerClass<UInt64>(repeating: 0)
  /// How many other records are among them.
  private var pendingOthers = PerClass<UInt64>(repeating: 0)
  /// Bytes of the batch on its way.
  private var inFlightByteCount = 0
  /// Bytes that may wait in all before decisions are refused.
  private let capacity: Int
  /// Bytes beyond it for outcomes and events.
  private let reserve: Int
  /// The number that the next record gets.
  public private(set) var nextSequence: UInt64
  /// The number of the last durable record; one less than the first number while there is none.
  public private(set) var durable: UInt64
  /// The account of each retention class so far, without `pending`.
  private var sums = PerClass(repeating: AuditCounters())
  /// How many retention classes there are.
  private let classCount: Int
  /// What each class did not keep since its last batch began.
  private var gaps = PerClass(repeating: LogGap())
  /// Whether any of them is something.
  private var hasGap = false

  /// Starts logs whose next record has the number `firstSequence`, at least 1.
  public init(
    firstSequence: UInt64, classCount: Int = 1, capacityBytes: Int = AuditLimits.capacityBytes,
    reserveBytes: Int = AuditLimits.reserveBytes
  ) {
    precondition(firstSequence >= 1, "sequence numbers start at 1")
    precondition(
      (1...AuditLimits.retentionClassCountMax).contains(classCount), "too many classes, or none")
    self.classCount = classCount
    precondition(capacityBytes > 0 && reserveBytes >= 0, "a log needs room")
    nextSequence = firstSequence
    durable = firstSequence - 1
    capacity = capacityBytes
    reserve = reserveBytes
  }

  // MARK: The loops' side

  /// Appends a decision. `full` and `failed` mean that the request must be answered with 503, or,
  /// where the record's durability allows it, is carried out and counted as lost.
  public mutating func append(
    _ record: borrowing DecisionRecord, in retention: Int = 0
  ) -> Append {
    sums[retention].decided += 1
    let result = add(record, in: retention, limit: capacity)
    if case .accepted = result {
      pendingDecisions[retention] += 1
    } else {
      let isCarriedOut = record.durability.mayGoUnrecorded(record.operation)
      if isCarriedOut { sums[retention].lost += 1 } else { sums[retention].refused += 1 }
      leaveOut(retention, .decision(isCarriedOut: isCarriedOut), record.time)
    }
    return result
  }

  /// Appends an outcome to the class of its decision; the reserve is open to it.
  public mutating func append(
    _ record: borrowing OutcomeRecord, in retention: Int = 0
  ) -> Append {
    let result = add(record, in: retention, limit: capacity + reserve)
    countOther(result, in: retention, .outcome, record.time)
    return result
  }

  /// Leaves out the outcome of a decision that was carried out without a record: the reserve is for
  /// those that have one.
  public mutating func omit(_ record: borrowing OutcomeRecord, in retention: Int = 0) {
    countOther(.full, in: retention, .outcome, record.time)
  }

  /// Appends an event; the reserve is open to it.
  public mutating func append(
    _ record: borrowing EventRecord, in retention: Int = 0
  ) -> Append {
    let result = add(record, in: retention, limit: capacity + reserve)
    countOther(result, in: retention, .event, record.time)
    return result
  }

  /// Appends a heartbeat to each class, with that class's account as it stands. With several
  /// classes the first one's also carries the whole edge's, so that the logs can be held against
  /// each other. The answer is the last one's.
  @discardableResult
  public mutating func appendHeartbeat(at time: WallTime) -> Append {
    let total = counters
    var result = Append.full
    for retention in 0..<classCount {
      var record = EventRecord(kind: .heartbeat, time: time)
      record.counters = counters(of: retention)
      if classCount > 1, retention == 0 {
        record.total = total
        record.logCount = UInt8(classCount)
      }
      result = append(record, in: retention)
    }
    return result
  }

  /// The whole edge's account.
  public var counters: AuditCounters {
    var result = AuditCounters()
    for retention in 0..<classCount { result += counters(of: retention) }
    return result
  }

  /// A class's account, whole at any time.
  public func counters(of retention: Int) -> AuditCounters {
    var result = sums[retention]
    result.pending = pendingDecisions[retention]
    switch state {
    case .writing(let batch), .syncing(let batch): result.pending += batch.decisions[retention]
    case .idle, .halted: break
    }
    return result
  }

  /// Bytes that wait for the disk, those on their way included.
  public var waitingByteCount: Int { pending.count + inFlightByteCount }

  /// Why the log can no longer be written; nil while it can.
  public var fault: CommitFault? {
    if case .halted(let fault) = state { return fault }
    return nil
  }

  /// Encodes a record at the end of the waiting bytes when they are below `limit`.
  private mutating func add(
    _ record: borrowing some EncodableRecord, in retention: Int, limit: Int
  ) -> Append {
    if case .halted(let fault) = state { return .failed(fault) }
    guard waitingByteCount < limit, nextSequence < .max else { return .full }
    let sequence = nextSequence
    _ = Pending.append(record, in: retention, to: &pending)
    nextSequence += 1
    return .accepted(sequence: sequence)
  }

  /// Counts a record that is no decision.
  private mutating func countOther(
    _ result: Append, in retention: Int, _ kind: LogGap.Kind, _ time: WallTime
  ) {
    if case .accepted = result {
      pendingOthers[retention] += 1
    } else {
      sums[retention].dropped += 1
      leaveOut(retention, kind, time)
    }
  }

  /// A record is not kept.
  private mutating func leaveOut(_ retention: Int, _ kind: LogGap.Kind, _ time: WallTime) {
    gaps[retention].add(kind, at: time)
    hasGap = true
  }

  /// Says in each log what it did not keep. The next batch holds that, however full the log is.
  private mutating func tellGaps() {
    hasGap = false
    for retention in 0..<classCount {
      guard let record = gaps[retention].record else { continue }
      guard case .accepted = add(record, in: retention, limit: .max) else {
        hasGap = true
        continue
      }
      pendingOthers[retention] += 1
      gaps[retention] = LogGap()
    }
  }

  // MARK: The committer's side

  /// Takes everything that waits into `queue`, the committer's own and empty, as one batch. A gap
  /// record in it tells what was not kept since the batch before.
  public mutating func begin(into queue: inout ByteQueue) -> Action {
    switch state {
    case .halted(let fault): return .halt(fault)
    case .writing, .syncing: preconditionFailure("a batch is on its way already")
    case .idle: break
    }
    precondition(queue.isEmpty, "the committer's queue still holds a batch")
    if hasGap { tellGaps() }
    guard !pending.isEmpty else { return .wait }
    swap(&pending, &queue)
    inFlightByteCount = queue.count
    state = .writing(
      Batch(
        lastSequence: nextSequence - 1, byteCount: queue.count, remaining: queue.count,
        decisions: pendingDecisions, others: pendingOthers))
    pendingDecisions = PerClass(repeating: 0)
    pendingOthers = PerClass(repeating: 0)
    return .write
  }

  /// Tells that `byteCount` more bytes of the batch were written; the committer drops them from
  /// its queue.
  public mutating func wrote(byteCount: Int) -> Action {
    switch state {
    case .halted(let fault): return .halt(fault)
    case .idle, .syncing: preconditionFailure("no batch is being written")
    case .writing(var batch):
      precondition(byteCount >= 0 && byteCount <= batch.remaining, "wrote more than there was")
      batch.remaining -= byteCount
      state = batch.remaining == 0 ? .syncing(batch) : .writing(batch)
      return batch.remaining == 0 ? .sync : .write
    }
  }

  /// Tells that a sync which began after the last `wrote` succeeded.
  ///
  /// A crash after this leaves every record up to the published number on disk.
  public mutating func synced() -> Action {
    switch state {
    case .halted(let fault): return .halt(fault)
    case .idle, .writing: preconditionFailure("no batch waits for a sync")
    case .syncing(let batch):
      state = .idle
      inFlightByteCount = 0
      durable = batch.lastSequence
      for index in 0..<classCount { sums[index].committed += batch.decisions[index] }
      return .publish(durable: durable)
    }
  }

  /// Tells that writing or syncing failed, or that the log closes. Final: what waits or is on its
  /// way counts as lost, though the disk may hold some of it.
  public mutating func failed(_ fault: CommitFault) -> Action {
    switch state {
    case .halted(let earlier): return .halt(earlier)
    case .writing(let batch), .syncing(let batch):
      lose(batch.decisions, batch.others)
    case .idle: break
    }
    lose(pendingDecisions, pendingOthers)
    pendingDecisions = PerClass(repeating: 0)
    pendingOthers = PerClass(repeating: 0)
    inFlightByteCount = 0
    pending.removeAll()
    pending.releaseIfEmpty()
    state = .halted(fault)
    return .halt(fault)
  }

  /// Counts records that the disk does not hold for sure.
  private mutating func lose(_ decisions: PerClass<UInt64>, _ others: PerClass<UInt64>) {
    for index in 0..<classCount {
      sums[index].lost += decisions[index]
      sums[index].dropped += others[index]
    }
  }
}

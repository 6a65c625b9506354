import Base
import Testing

@testable import Audit

/// Fails unless the account is whole.
func expectWhole(_ counters: AuditCounters) {
  #expect(
    counters.decided
      == counters.committed + counters.refused + counters.lost + counters.pending)
}

/// Takes `byteCount` bytes off the committer's queue and reports them.
private func write(
  _ byteCount: Int, of queue: inout ByteQueue, to commit: inout GroupCommit
) -> GroupCommit.Action {
  queue.consume(byteCount)
  return commit.wrote(byteCount: byteCount)
}

@Test func aBatchBecomesDurable() {
  var commit = GroupCommit(firstSequence: 1)
  var queue = ByteQueue()
  #expect(commit.begin(into: &queue) == .wait)
  #expect(commit.append(DecisionRecord()) == .accepted(sequence: 1))
  #expect(commit.append(OutcomeRecord()) == .accepted(sequence: 2))
  #expect(commit.begin(into: &queue) == .write)
  let byteCount = queue.count
  #expect(commit.waitingByteCount == byteCount)
  // What comes while the batch is on its way belongs to the next one.
  #expect(commit.append(DecisionRecord()) == .accepted(sequence: 3))
  #expect(write(10, of: &queue, to: &commit) == .write)
  #expect(commit.durable == 0)
  #expect(write(byteCount - 10, of: &queue, to: &commit) == .sync)
  #expect(commit.durable == 0)
  #expect(commit.synced() == .publish(durable: 2))
  #expect(commit.durable == 2)
  #expect(commit.counters.pending == 1)
  expectWhole(commit.counters)
  #expect(commit.begin(into: &queue) == .write)
  #expect(write(queue.count, of: &queue, to: &commit) == .sync)
  #expect(commit.synced() == .publish(durable: 3))
  #expect(commit.begin(into: &queue) == .wait)
  #expect(commit.waitingByteCount == 0)
  #expect(commit.counters.committed == 2)
  expectWhole(commit.counters)
}

@Test func aFullLogRefusesDecisionsAndStillClosesThem() {
  var commit = GroupCommit(firstSequence: 1, capacityBytes: 400, reserveBytes: 400)
  var accepted: UInt64 = 0
  while case .accepted = commit.append(DecisionRecord()) { accepted += 1 }
  #expect(accepted > 0)
  #expect(commit.append(DecisionRecord()) == .full)
  #expect(commit.append(OutcomeRecord()) == .accepted(sequence: accepted + 1))
  var others: UInt64 = 1
  while case .accepted = commit.append(OutcomeRecord()) { others += 1 }
  #expect(commit.append(EventRecord(kind: .stop, time: WallTime(microseconds: 1))) == .full)
  #expect(commit.counters.refused == 2)
  #expect(commit.counters.dropped == 2)
  expectWhole(commit.counters)
  // Bytes on their way still count: only a sync makes room.
  var queue = ByteQueue()
  #expect(commit.begin(into: &queue) == .write)
  #expect(commit.append(DecisionRecord()) == .full)
  #expect(write(queue.count, of: &queue, to: &commit) == .sync)
  #expect(commit.append(DecisionRecord()) == .full)
  // The batch says what was not kept before it, however full the log is.
  #expect(commit.synced() == .publish(durable: accepted + others + 1))
  #expect(commit.append(DecisionRecord()) == .accepted(sequence: accepted + others + 2))
  expectWhole(commit.counters)
}

/// How far a batch came before the disk failed.
enum Stage: CaseIterable, Sendable { case waiting, writing, halfWritten, syncing }

@Test(arguments: Stage.allCases, CommitFault.allCases)
func aFailureIsFinal(stage: Stage, fault: CommitFault) {
  var commit = GroupCommit(firstSequence: 1)
  var queue = ByteQueue()
  _ = commit.append(DecisionRecord())
  _ = commit.begin(into: &queue)
  _ = write(queue.count, of: &queue, to: &commit)
  _ = commit.synced()
  _ = commit.append(DecisionRecord())
  _ = commit.append(OutcomeRecord())
  if stage != .waiting {
    _ = commit.begin(into: &queue)
    _ = commit.append(DecisionRecord())
  }
  if stage == .halfWritten { _ = write(queue.count / 2, of: &queue, to: &commit) }
  if stage == .syncing { _ = write(queue.count, of: &queue, to: &commit) }
  #expect(commit.failed(fault) == .halt(fault))
  // A late success of the same disk changes nothing, and neither does another failure.
  #expect(commit.synced() == .halt(fault))
  #expect(commit.wrote(byteCount: 0) == .halt(fault))
  #expect(commit.append(bestEffort()) == .failed(fault))
  var other = ByteQueue()
  #expect(commit.begin(into: &other) == .halt(fault))
  #expect(commit.failed(.closed) == .halt(fault))
  #expect(commit.fault == fault)
  #expect(commit.durable == 1)
  #expect(commit.append(DecisionRecord()) == .failed(fault))
  #expect(commit.append(OutcomeRecord()) == .failed(fault))
  #expect(commit.appendHeartbeat(at: WallTime(microseconds: 1)) == .failed(fault))
  let counters = commit.counters
  #expect(counters.committed == 1)
  #expect(counters.lost == (stage == .waiting ? 2 : 3))
  #expect(counters.refused == 1)
  #expect(counters.pending == 0)
  #expect(counters.dropped == 3)
  #expect(commit.waitingByteCount == 0)
  expectWhole(counters)
}

@Test func numbersNeverWrap() {
  var commit = GroupCommit(firstSequence: .max - 1)
  #expect(commit.append(DecisionRecord()) == .accepted(sequence: .max - 1))
  #expect(commit.append(DecisionRecord()) == .full)
  #expect(commit.append(OutcomeRecord()) == .full)
  expectWhole(commit.counters)
  var queue = ByteQueue()
  #expect(commit.begin(into: &queue) == .write)
  #expect(write(queue.count, of: &queue, to: &commit) == .sync)
  #expect(commit.synced() == .publish(durable: .max - 1))
}

@Test func aHeartbeatCarriesTheAccount() throws {
  var commit = GroupCommit(firstSequence: 1)
  _ = commit.append(DecisionRecord())
  _ = commit.appendHeartbeat(at: WallTime(microseconds: 5))
  var queue = ByteQueue()
  _ = commit.begin(into: &queue)
  var file = segmentHead()
  var builder = FrameBuilder(frontier: MerkleFrontier(), keys: testKeys())
  builder.build(queue, into: &file)
  let frame = try #require(try scan(file.copyToArray()).frames.first)
  guard case .event(let event) = try #require(try records(frame).last) else {
    Issue.record("no heartbeat")
    return
  }
  #expect(event.kind == .heartbeat)
  #expect(event.counters.decided == 1)
  #expect(event.counters.pending == 1)
  expectWhole(event.counters)
}

/// Counts the whole records in bytes that may end inside one.
private func countRecords(_ bytes: UnsafeRawBufferPointer, _ count: inout Int) {
  var offset = 0
  while offset + Pending.headerByteCount <= bytes.count {
    let length = unsafe bytes.loadUnaligned(fromByteOffset: offset, as: UInt16.self)
    offset += Pending.headerByteCount + Int(length)
    if offset <= bytes.count { count += 1 }
  }
}

/// A decision that may go unrecorded.
private func bestEffort(_ time: UInt64 = 0) -> DecisionRecord {
  var record = DecisionRecord()
  record.durability = .bestEffort
  record.operation = .read
  record.time = WallTime(microseconds: time)
  return record
}

/// The records of a batch.
private func records(of queue: borrowing ByteQueue) throws -> [AuditRecord] {
  var records: [AuditRecord] = []
  var fault: RecordFault?
  unsafe queue.withReadable { bytes in
    unsafe Pending.forEach(of: 0, in: bytes) { fields, _ in
      do throws(RecordFault) {
        records.append(try unsafe AuditRecord(decoding: fields))
      } catch { fault = error }
    }
  }
  if let fault { throw fault }
  return records
}

@Test(arguments: Operation.allCases)
func onlyReadsGoUnrecorded(operation: Operation) {
  var commit = GroupCommit(firstSequence: 1)
  _ = commit.failed(.diskFull)
  for durability in Durability.allCases {
    var record = DecisionRecord()
    record.durability = durability
    record.operation = operation
    #expect(commit.append(record) == .failed(.diskFull))
  }
  #expect(commit.counters.lost == (operation.isSafe ? 1 : 0))
  #expect(commit.counters.refused == (operation.isSafe ? 2 : 3))
  expectWhole(commit.counters)
}

@Test func aGapSaysWhatWasNotKept() throws {
  var commit = GroupCommit(firstSequence: 1, capacityBytes: 100, reserveBytes: 100)
  while case .accepted = commit.append(DecisionRecord()) {}
  for time in [40, 20, 30] as [UInt64] { #expect(commit.append(bestEffort(time)) == .full) }
  var outcome = OutcomeRecord()
  outcome.time = WallTime(microseconds: 50)
  commit.omit(outcome)
  #expect(commit.counters.lost == 3 && commit.counters.refused == 1)
  var queue = ByteQueue()
  #expect(commit.begin(into: &queue) == .write)
  guard case .event(let gap) = try #require(try records(of: queue).last) else {
    Issue.record("no gap")
    return
  }
  #expect(gap.kind == .gap && gap.counters.lost == 3 && gap.counters.refused == 1)
  #expect(gap.counters.decided == 4 && gap.counters.dropped == 1)
  // The decision that was refused came with the time 0.
  #expect(gap.since == WallTime(microseconds: 0) && gap.time == WallTime(microseconds: 50))
  #expect(
    gap.detail.string
      == "not kept since 1970-01-01T00:00:00.000000Z: 3 decisions carried out, 1 refused,"
      + " 1 outcomes, 0 events")
  #expect(write(queue.count, of: &queue, to: &commit) == .sync)
  guard case .publish = commit.synced() else {
    Issue.record("nothing became durable")
    return
  }
  // It is told once.
  #expect(commit.begin(into: &queue) == .wait)
  expectWhole(commit.counters)
}

/// What the disk does with one of a log's writes or syncs.
enum DiskFault: CaseIterable, Sendable { case none, atWrite, atSync }

/// Best-effort and other decisions on a log that is often full, and fails at each write and sync in
/// turn: every decision is on disk, refused or counted as lost, at every moment; what the disk
/// holds recounts; and each loss before the last heartbeat stands in a gap.
@Test(arguments: DiskFault.allCases, 0..<8 as Range<UInt64>)
func nothingGoesUncounted(fault: DiskFault, seed: UInt64) throws {
  for failing in 1...(fault == .none ? 1 : 20) {
    var random = SplitMix64(seed: seed)
    var commit = GroupCommit(firstSequence: 1, capacityBytes: 600, reserveBytes: 200)
    var account = AccountCheck()
    var told: UInt64 = 0
    var (decided, taken, carriedOut) = (UInt64(0), UInt64(0), UInt64(0))
    var (heldDecisions, lostAtBeat) = (UInt64(0), UInt64(0))
    var next = GroupCommit.Action.wait
    func decide() {
      for _ in 0..<Int.random(in: 0..<9, using: &random) {
        decided += 1
        let mayGoOn = Bool.random(using: &random)
        let result = commit.append(mayGoOn ? bestEffort(decided) : DecisionRecord())
        if case .accepted = result { taken += 1 } else if mayGoOn { carriedOut += 1 }
        expectWhole(commit.counters)
      }
    }
    for batch in 1...20 {
      var queue = ByteQueue()
      decide()
      commit.appendHeartbeat(at: WallTime(microseconds: decided))
      next = commit.begin(into: &queue)
      if case .halt = next { continue }
      decide()
      if fault == .atWrite, batch == failing {
        next = commit.failed(.writeFailed)
        continue
      }
      let written = try records(of: queue)
      #expect(write(queue.count, of: &queue, to: &commit) == .sync)
      decide()
      if fault == .atSync, batch == failing {
        next = commit.failed(.syncFailed)
        continue
      }
      guard case .publish = commit.synced() else { throw RecordFault.truncated }
      for record in written {
        #expect(account.take(record) == nil, "batch \(batch), failing \(failing), seed \(seed)")
        switch record {
        case .decision: heldDecisions += 1
        case .event(let event) where event.kind == .gap: told += event.counters.lost
        case .event(let event) where event.kind == .heartbeat: lostAtBeat = event.counters.lost
        default: break
        }
      }
      #expect(told >= lostAtBeat)
    }
    let counters = commit.counters
    #expect(counters.decided == decided && counters.committed == heldDecisions)
    #expect(counters.lost == carriedOut + taken - heldDecisions - counters.pending)
    #expect(fault == .none || carriedOut > 0)
    expectWhole(counters)
  }
}

/// Random appends, batches, short writes and at most one failure: the account stays whole, the
/// watermark never falls, and the bytes given out scan back in order.
@Test(arguments: 0..<60 as Range<UInt64>)
func anyOrderOfEventsKeepsTheAccount(seed: UInt64) throws {
  var random = SplitMix64(seed: seed)
  var commit = GroupCommit(firstSequence: 1, capacityBytes: 3_000, reserveBytes: 500)
  var queue = ByteQueue()
  var given = ByteQueue()
  var next = GroupCommit.Action.wait
  var durable: UInt64 = 0
  var carriedOut: UInt64 = 0
  let failAt = Bool.random(using: &random) ? Int.random(in: 0..<600, using: &random) : nil
  for step in 0..<600 {
    if step == failAt { next = commit.failed(.syncFailed) }
    if Int.random(in: 0..<3, using: &random) > 0 {
      let result =
        switch Int.random(in: 0..<3, using: &random) {
        case 0: commit.append(DecisionRecord())
        case 1: countedBestEffort(&commit, &carriedOut)
        default: commit.append(OutcomeRecord())
        }
      if failAt.map({ $0 <= step }) ?? false { #expect(result == .failed(.syncFailed)) }
    } else {
      switch next {
      case .wait, .publish: next = commit.begin(into: &queue)
      case .write:
        let count = Int.random(in: 1...queue.count, using: &random)
        unsafe queue.withReadable {
          unsafe given.append(UnsafeRawBufferPointer(rebasing: $0[0..<count]))
        }
        next = write(count, of: &queue, to: &commit)
      case .sync: next = commit.synced()
      case .halt: break
      }
    }
    #expect(commit.durable >= durable)
    durable = commit.durable
    expectWhole(commit.counters)
    // A record and a gap may each pass the bound.
    #expect(commit.waitingByteCount < 3_000 + 500 + 200 + 300)
  }
  var count = 0
  unsafe given.withReadable { unsafe countRecords($0, &count) }
  #expect(count >= Int(durable))
  if failAt == nil { #expect(durable > 0 && commit.counters.lost == carriedOut) }
}

/// Appends a decision that may go unrecorded, and counts it when it does.
private func countedBestEffort(
  _ commit: inout GroupCommit, _ carriedOut: inout UInt64
) -> GroupCommit.Append {
  let result = commit.append(bestEffort())
  if result == .full { carriedOut += 1 }
  return result
}

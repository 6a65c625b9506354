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
  #expect(commit.synced() == .publish(durable: accepted + others))
  #expect(commit.append(DecisionRecord()) == .accepted(sequence: accepted + others + 1))
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
  #expect(counters.lost == (stage == .waiting ? 1 : 2))
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
  let failAt = Bool.random(using: &random) ? Int.random(in: 0..<600, using: &random) : nil
  for step in 0..<600 {
    if step == failAt { next = commit.failed(.syncFailed) }
    if Int.random(in: 0..<3, using: &random) > 0 {
      let result =
        Bool.random(using: &random)
        ? commit.append(DecisionRecord()) : commit.append(OutcomeRecord())
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
    #expect(commit.waitingByteCount < 3_000 + 500 + 200)
  }
  var count = 0
  unsafe given.withReadable { unsafe countRecords($0, &count) }
  #expect(count >= Int(durable))
  if failAt == nil { #expect(durable > 0 && commit.counters.lost == 0) }
}

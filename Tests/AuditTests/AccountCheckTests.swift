import Base
import Testing

@testable import Audit

/// Hands records to the check as entries; the first finding with the number of its entry.
private func check(_ records: [AuditRecord]) -> (Int, String)? {
  var account = AccountCheck()
  for (number, record) in records.enumerated() {
    if let finding = account.take(record) { return (number, finding) }
  }
  return nil
}

extension AccountCheck {
  /// Takes a record as it stands in a log.
  mutating func take(_ record: AuditRecord) -> String? {
    var batch = ByteQueue()
    switch record {
    case .decision(let decision): _ = Pending.append(decision, to: &batch)
    case .outcome(let outcome): _ = Pending.append(outcome, to: &batch)
    case .event(let event): _ = Pending.append(event, to: &batch)
    }
    let entry = Array(batch.copyToArray().dropFirst(Pending.headerByteCount))
    return unsafe entry.withUnsafeBytes { unsafe take($0) }
  }
}

private let decision = AuditRecord.decision(DecisionRecord())
private let outcome = AuditRecord.outcome(OutcomeRecord())

private func event(
  _ kind: RecordKind, _ committed: UInt64 = 0, pending: UInt64 = 0, refused: UInt64 = 0,
  lost: UInt64 = 0, decided: UInt64? = nil
) -> AuditRecord {
  var event = EventRecord(kind: kind, time: WallTime(microseconds: 1))
  event.counters.committed = committed
  event.counters.pending = pending
  event.counters.refused = refused
  event.counters.lost = lost
  event.counters.decided = decided ?? committed + pending + refused + lost
  return .event(event)
}

@Test func aWholeAccountIsWhole() {
  #expect(
    check([
      event(.logOpen), event(.start), decision, outcome, decision, event(.heartbeat, 1, pending: 1),
      event(.heartbeat, 2, refused: 3), decision, event(.heartbeat, 3, refused: 3),
      // The process starts again and counts from zero.
      event(.recovery), event(.start), event(.heartbeat), decision, event(.heartbeat, 1),
    ]) == nil)
  // A new month: the log goes on counting where the one before ended.
  #expect(check([event(.logOpen, 70), decision, event(.heartbeat, 71)]) == nil)
}

@Test func whatIsLostStandsInAGap() throws {
  #expect(
    check([
      event(.start), decision, event(.heartbeat, 1, lost: 2), event(.gap, lost: 3),
      event(.heartbeat, 1, lost: 3), event(.heartbeat, 1, lost: 3),
      // A new month; what is told there may have happened before it.
      event(.logOpen, 1, lost: 4), event(.gap, lost: 1), event(.heartbeat, 1, lost: 4),
      event(.heartbeat, 1, lost: 4),
    ]) == nil)
  let untold = try #require(
    check([
      event(.start), event(.heartbeat, lost: 2), event(.gap, lost: 1), event(.heartbeat, lost: 2),
    ]))
  #expect(untold == (3, "2 decisions had no record at the heartbeat before, but gaps tell of 1"))
  let falling = try #require(
    check([event(.start), event(.heartbeat, lost: 2), event(.heartbeat, lost: 1)]))
  #expect(falling.1 == "its sums are smaller than those of the heartbeat before")
}

@Test func aMissingDecisionIsFound() throws {
  let found = try #require(
    check([event(.start), decision, event(.heartbeat, 1), event(.heartbeat, 2)]))
  #expect(found == (3, "it claims 2 decisions since the start, but 1 are there"))
  let surplus = try #require(check([event(.start), decision, event(.heartbeat, 0)]))
  #expect(surplus == (2, "it claims 0 decisions since the start, but 1 are there"))
}

@Test func aHeartbeatThatContradictsItselfIsFound() throws {
  let found = try #require(check([event(.start), event(.heartbeat, 0, refused: 1, decided: 2)]))
  #expect(found.0 == 1 && found.1.hasPrefix("decided 2 is not committed 0 + refused 1"))
  let falling = try #require(
    check([event(.start), event(.heartbeat, refused: 2), event(.heartbeat, refused: 1)]))
  #expect(falling.1 == "its sums are smaller than those of the heartbeat before")
}

@Test func whatIsNoRecordIsFound() {
  for bytes in [[], [1], [2, 1], [1, 99], [1, 1, 2], [1, 5, 2]] as [[UInt8]] {
    var account = AccountCheck()
    #expect(unsafe bytes.withUnsafeBytes { unsafe account.take($0) } != nil)
  }
}

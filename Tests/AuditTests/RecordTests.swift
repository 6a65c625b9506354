import Audit
import Base
import Testing

/// Encodes a record through the log and decodes it again.
private func roundTrip(_ append: (inout GroupCommit) -> Void) throws -> AuditRecord {
  var commit = GroupCommit(firstSequence: 1)
  append(&commit)
  var batch = ByteQueue()
  #expect(commit.begin(into: &batch) == .write)
  let payload = Array(batch.copyToArray().dropFirst(Frame.headerBytes))
  return try unsafe payload.withUnsafeBytes { try unsafe AuditRecord(decoding: $0) }
}

@Test(arguments: 0..<100 as Range<UInt64>)
func recordsSurviveTheRoundTrip(seed: UInt64) throws {
  var source = RandomRecords(seed: seed)
  let decision = source.decision()
  #expect(try roundTrip { _ = $0.append(decision) } == .decision(decision))
  let outcome = source.outcome()
  #expect(try roundTrip { _ = $0.append(outcome) } == .outcome(outcome))
  let event = source.event()
  #expect(try roundTrip { _ = $0.append(event) } == .event(event))
}

@Test func whatIsTooLongIsCutAndSaysSo() throws {
  var record = DecisionRecord()
  record.subject = .text(String(repeating: "s", count: 10_000))
  record.rule = .bytes([UInt8](repeating: 0x72, count: 300))
  for _ in 0..<100 {
    record.candidates.append(
      RecordedCandidate(
        region: .text(String(repeating: "r", count: 999)), tier: .primary,
        stalenessMilliseconds: nil, isMarked: false))
    record.removals.append(
      RecordedRemoval(
        candidateIndex: 0, endpoint: .text(String(repeating: "e", count: 999)), reason: .stale))
    record.removals.append(RecordedRemoval(candidateIndex: 0, endpoint: .empty, reason: .stale))
  }
  guard case .decision(let read) = try roundTrip({ _ = $0.append(record) }) else {
    Issue.record("not a decision")
    return
  }
  #expect(read.isTruncated)
  #expect(read.subject.string.utf8.count == AuditLimits.subjectBytesMax)
  #expect(read.rule.string.utf8.count == AuditLimits.nameBytesMax)
  #expect(read.candidates.count == AuditLimits.candidatesMax)
  #expect(read.removals.count == AuditLimits.removalsMax)
}

@Test func unknownFieldsArePassedOver() throws {
  var payload: [UInt8] = [1, 2, 4, 2, 200, 0, 120, 3, 1, 2, 3, 127, 0x81, 1]
  payload += [UInt8](repeating: 7, count: 129)
  payload += [17, 1, 4]
  let record = try unsafe payload.withUnsafeBytes { try unsafe AuditRecord(decoding: $0) }
  guard case .outcome(let outcome) = record else {
    Issue.record("not an outcome")
    return
  }
  #expect(outcome.status == 200)
  #expect(outcome.attempts == 4)
}

@Test(
  arguments: [
    ([], .truncated), ([1], .truncated), ([2, 1], .unsupportedVersion(2)),
    ([1, 99], .unknownKind(99)), ([1, 1, 2], .truncated), ([1, 1, 2, 5, 0], .truncated),
    ([1, 1, 1, 0x81], .truncated), ([1, 1, 1, 1, 1], .malformedField(tag: 1)),
    ([1, 1, 12, 1, 0x78], .malformedField(tag: 12)),
    ([1, 1, 3, 3, 0, 0, 1], .malformedField(tag: 3)),
    ([1, 1, 6, 1, 0x31], .malformedField(tag: 6)),
    ([1, 1, 4, 5, 0, 0, 0, 0, 0], .malformedField(tag: 4)),
    ([1, 1, 30, 6, 9, 0, 0, 0, 0, 0], .malformedField(tag: 30)),
    ([1, 1, 30, 2, 1, 0], .malformedField(tag: 30)),
  ] as [([UInt8], RecordFault)])
func malformedRecordsAreNamed(payload: [UInt8], fault: RecordFault) {
  #expect(throws: fault) {
    try unsafe payload.withUnsafeBytes { try unsafe AuditRecord(decoding: $0) }
  }
}

@Test(arguments: 0..<50 as Range<UInt64>)
func damagedRecordsNeverTrap(seed: UInt64) throws {
  var source = RandomRecords(seed: seed)
  var commit = GroupCommit(firstSequence: 1)
  _ = commit.append(source.decision())
  var batch = ByteQueue()
  _ = commit.begin(into: &batch)
  let payload = Array(batch.copyToArray().dropFirst(Frame.headerBytes))
  for _ in 0..<500 {
    var damaged = payload
    damaged[Int.random(in: 0..<damaged.count, using: &source.random)] = UInt8.random(
      in: 0...255, using: &source.random)
    damaged = Array(damaged.prefix(Int.random(in: 0...damaged.count, using: &source.random)))
    let record = unsafe damaged.withUnsafeBytes { try? unsafe AuditRecord(decoding: $0) }
    if case .decision(let decision)? = record {
      #expect(decision.candidates.count <= damaged.count)
    }
  }
}

@Test func resetKeepsTheMemoryOfTheLists() {
  var source = RandomRecords(seed: 5)
  var record = source.decision()
  while record.candidates.isEmpty { record = source.decision() }
  let capacity = record.candidates.capacity
  record.reset()
  #expect(record == DecisionRecord())
  #expect(record.candidates.capacity >= capacity)
}

/// RFC 3720 appendix B.4, and the usual check value.
@Test(
  arguments: [
    ([UInt8](repeating: 0, count: 32), 0x8A91_36AA),
    ([UInt8](repeating: 0xFF, count: 32), 0x62A8_AB43),
    ([UInt8](0..<32), 0x46DD_794E), ([UInt8]((0..<32).reversed()), 0x113F_DB5C),
    (Array("123456789".utf8), 0xE306_9283), ([], 0),
  ] as [([UInt8], UInt32)])
func crcMeetsThePublishedVectors(bytes: [UInt8], expected: UInt32) {
  let crc = unsafe bytes.withUnsafeBytes { unsafe CRC32C.checksum($0) }
  #expect(crc == expected)
}

@Test func identifiersAreReadAndPrinted() {
  let id = AuditID(high: 0x0123, low: 0xABCD_EF00_0000_0001)
  #expect("\(id)" == "0000000000000123abcdef0000000001")
  #expect(AuditID(hexadecimal: "0000000000000123ABCDEF0000000001") == id)
  #expect(AuditID(hexadecimal: "123") == nil)
  #expect(AuditID(hexadecimal: "000000000000012gABCDEF0000000001") == nil)
}

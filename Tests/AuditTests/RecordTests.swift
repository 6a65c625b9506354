import Base
import Native
import Testing

@testable import Audit

/// Encodes a record through the log and decodes it again.
private func roundTrip(_ append: (inout GroupCommit) -> Void) throws -> AuditRecord {
  var commit = GroupCommit(firstSequence: 1)
  append(&commit)
  var batch = ByteQueue()
  #expect(commit.begin(into: &batch) == .write)
  var builder = FrameBuilder(frontier: MerkleFrontier(), keys: testKeys())
  var file = segmentHead()
  builder.build(batch, into: &file)
  let frame = try #require(try scan(file.copyToArray()).frames.first)
  return try #require(try records(frame, testKeys()).first)
}

@Test(arguments: 0..<100 as Range<UInt64>)
func recordsSurviveTheRoundTrip(seed: UInt64) throws {
  var source = RandomRecords(seed: seed)
  let decision = source.decision()
  #expect(try roundTrip { _ = $0.append(decision) } == stored(.decision(decision)))
  let outcome = source.outcome()
  #expect(try roundTrip { _ = $0.append(outcome) } == .outcome(outcome))
  let event = source.event()
  #expect(try roundTrip { _ = $0.append(event) } == .event(event))
}

/// Without the key nobody is identified, and with another key neither.
@Test func privateFieldsAreSealed() throws {
  var record = DecisionRecord()
  record.address = .v4(0xC633_6407)
  record.subject = .text("CN=Ann Lee")
  record.statedReason = "found unconscious by Bo"
  record.patientID = PatientIdentifier(of: "az1001")
  record.rule = "R-12"
  var batch = ByteQueue()
  _ = Pending.append(record, to: &batch)
  _ = Pending.append(record, to: &batch)
  var builder = FrameBuilder(frontier: MerkleFrontier(), keys: testKeys())
  var file = segmentHead()
  builder.build(batch, into: &file)
  let bytes = file.copyToArray()
  for secret in ["Ann Lee", "az1001", "unconscious", "\u{C6}\u{33}\u{64}\u{07}"] {
    let code = secret.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) }
    #expect(!bytes.contains(code), "\(secret) stands in the file")
  }
  let frame = try #require(try scan(bytes).frames.first)
  for read in [try records(frame), try records(frame, testKeys(8))] {
    guard case .decision(let first) = read[0], case .decision(let second) = read[1] else { return }
    #expect(first.isSealed && first.address == .none && first.subject == .empty)
    #expect(first.patientID.byteCount == 0 && first.rule == "R-12")
    #expect(first.statedReason == .empty)
    #expect(first.patient != nil && first.patient == second.patient)
    #expect(first.subjectToken != nil && first.subjectToken != first.patient)
  }
  guard case .decision(let open) = try records(frame, testKeys())[1] else { return }
  #expect(!open.isSealed && open.subject == "CN=Ann Lee" && open.patientID.string == "az1001")
  #expect(open.address == record.address && open.statedReason == "found unconscious by Bo")
  // The same fields twice: the same length, and not a byte of the sealed form in common by design.
  let first = frame.body.prefix(frame.body.count / 2), second = frame.body.suffix(first.count)
  #expect(zip(first, second).count { $0 == $1 } < first.count - 40)
}

@Test func aSealedFieldBelongsToItsEntry() throws {
  var record = DecisionRecord()
  record.subject = .text("somebody")
  record.rule = "R-1"
  var batch = ByteQueue()
  _ = Pending.append(record, to: &batch)
  var builder = FrameBuilder(frontier: MerkleFrontier(), keys: testKeys())
  var file = segmentHead()
  builder.build(batch, into: &file)
  var entry = Array(try #require(try scan(file.copyToArray()).frames.first).body.dropFirst(2))
  var keys = testKeys()
  #expect(unsafe !entry.withUnsafeBytes { unsafe keys.open($0) }.isEmpty)
  let place = try #require(entry.firstRange(of: Array("R-1".utf8)))
  entry[place.lowerBound + 2] = UInt8(ascii: "2")
  #expect(unsafe entry.withUnsafeBytes { unsafe keys.open($0) }.isEmpty)
}

@Test func aLogsKeysNeedTheOperatorsKey() {
  let secret = [UInt8](0..<64)
  let key = [UInt8](repeating: 3, count: 32)
  let file = LogKeyFile.wrap(
    secret, origin: "a", operatorKey: key, nonce: AEADNonce(prefix: 1, counter: 2))
  #expect(LogKeyFile.unwrap(file, origin: "a", operatorKey: key) == secret)
  #expect(LogKeyFile.unwrap(file, origin: "b", operatorKey: key) == nil)
  #expect(LogKeyFile.unwrap(file, origin: "a", operatorKey: key + [0, 1]) == nil)
  #expect(LogKeyFile.unwrap(Array(file.dropLast()), origin: "a", operatorKey: key) == nil)
  #expect(LogKeyFile.unwrap([], origin: "a", operatorKey: key) == nil)
}

@Test func whatIsTooLongIsCutAndSaysSo() throws {
  var record = DecisionRecord()
  record.subject = .text(String(repeating: "s", count: 10_000))
  record.statedReason = .text(String(repeating: "w", count: 10_000))
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
  #expect(read.statedReason.string.utf8.count == AuditLimits.statedReasonBytesMax)
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
  var batch = ByteQueue()
  _ = Pending.append(source.decision(), to: &batch)
  let payload = Array(batch.copyToArray().dropFirst(Pending.headerByteCount))
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
  unsafe bytes.withUnsafeBytes { raw in
    #expect(unsafe CRC32C.checksum(raw) == expected)
    #expect(unsafe CRC32C.checksumByTables(raw) == expected)
  }
}

/// The instruction and the tables agree from any start, at any length.
@Test func bothWaysToACRCAgree() {
  var random = SplitMix64(seed: 32)
  let bytes = (0..<600).map { _ in UInt8.random(in: 0...255, using: &random) }
  unsafe bytes.withUnsafeBytes { raw in
    for start in 0..<16 {
      for count in [0, 1, 7, 8, 9, 63, 64, 65, 500, 584] {
        let part = unsafe UnsafeRawBufferPointer(rebasing: raw[start..<(start + count)])
        #expect(unsafe CRC32C.checksum(part) == CRC32C.checksumByTables(part))
      }
    }
  }
}

@Test func identifiersAreReadAndPrinted() {
  let id = AuditID(high: 0x0123, low: 0xABCD_EF00_0000_0001)
  #expect("\(id)" == "0000000000000123abcdef0000000001")
  #expect(AuditID(hexadecimal: "0000000000000123ABCDEF0000000001") == id)
  #expect(AuditID(hexadecimal: "123") == nil)
  #expect(AuditID(hexadecimal: "000000000000012gABCDEF0000000001") == nil)
}

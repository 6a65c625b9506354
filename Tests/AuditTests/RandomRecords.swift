import Base
import Native

@testable import Audit

/// Seeded records with every field set or not.
struct RandomRecords {
  var random: SplitMix64

  init(seed: UInt64) { random = SplitMix64(seed: seed) }

  mutating func bool() -> Bool { Bool.random(using: &random) }

  mutating func number() -> UInt64 {
    bool() ? UInt64.random(in: 0...300, using: &random) : random.next()
  }

  mutating func name(bytesMax: Int = 40) -> Name {
    let text = (0..<Int.random(in: 0...bytesMax, using: &random)).map { _ in
      UInt8.random(in: 0x20...0x7E, using: &random)
    }
    return bool() ? .bytes(text) : .text(String(decoding: text, as: UTF8.self))
  }

  mutating func id() -> AuditID { AuditID(high: random.next(), low: random.next()) }

  mutating func pick<T: CaseIterable>(_ type: T.Type) -> T {
    let all = Array(T.allCases)
    return all[Int.random(in: 0..<all.count, using: &random)]
  }

  mutating func decision() -> DecisionRecord {
    var record = DecisionRecord()
    record.id = id()
    record.time = WallTime(microseconds: number())
    record.loop = UInt16.random(in: 0...UInt16.max, using: &random)
    record.address =
      [.none, .v4(UInt32.random(in: 0...UInt32.max, using: &random)), .v6(high: number(), low: 1)]
      .randomElement(using: &random) ?? .none
    record.addressProvenance = pick(AddressProvenance.self)
    record.location = bool() ? Place("US-AZ") ?? .unknown : .unknown
    record.locationProvenance = pick(LocationProvenance.self)
    record.subject = name(bytesMax: 300)
    record.statedReason = name(bytesMax: AuditLimits.statedReasonBytesMax)
    record.role = pick(Role.self)
    record.purpose = pick(Purpose.self)
    record.method = name()
    record.operation = pick(Operation.self)
    record.resourceType = name()
    record.patientID =
      bool() ? PatientIdentifier(of: "p\(Int.random(in: 0...99_999, using: &random))") : .init()
    record.dataClass = pick(DataClass.self)
    record.sensitivity = pick(Sensitivity.self)
    record.mayContainRestricted = bool()
    record.confidence = name()
    record.ambiguity = name()
    record.home = name()
    record.residency = bool() ? Place("DE") ?? .unknown : .unknown
    record.consent = pick(Consent.self)
    record.conditions = conditions()
    record.obligations = Obligations(rawValue: UInt8.random(in: 0...63, using: &random))
    record.phase = name()
    record.cacheVerdict = name()
    record.policyName = name()
    record.policyVersion = number()
    record.policyHash = name()
    record.rule = name()
    record.verdict = bool() ? .refuse(pick(RefusalKind.self)) : bool() ? .permit : .reject
    record.reason = name(bytesMax: 255)
    record.durability = pick(Durability.self)
    for _ in 0..<Int.random(in: 0...AuditLimits.candidatesMax, using: &random) {
      record.candidates.append(
        RecordedCandidate(
          region: name(), tier: pick(Tier.self),
          stalenessMilliseconds: bool() ? UInt32(truncatingIfNeeded: number()) : nil,
          isMarked: bool()))
    }
    for _ in 0..<Int.random(in: 0...20, using: &random) {
      record.removals.append(
        RecordedRemoval(
          candidateIndex: UInt8.random(in: 0...255, using: &random), endpoint: name(),
          reason: pick(RemovalReason.self)))
    }
    record.region = name()
    record.endpoint = name()
    record.isTruncated = bool()
    return record
  }

  mutating func conditions() -> RecordedConditions {
    var conditions = RecordedConditions()
    conditions.breakGlass = [nil, false, true].randomElement(using: &random) ?? nil
    conditions.assurance = pick(Assurance.self)
    conditions.device = pick(Device.self)
    conditions.ownRecord = [nil, false, true].randomElement(using: &random) ?? nil
    conditions.scope = pick(TokenScope.self)
    conditions.tenant = name()
    conditions.isTenantOther = bool()
    conditions.directoryAgeSeconds = bool() ? UInt32(truncatingIfNeeded: number()) : nil
    conditions.authenticationAgeSeconds = bool() ? 0 : nil
    conditions.hour = bool() ? UInt8.random(in: 0...23, using: &random) : nil
    conditions.identityProvenance = pick(IdentityProvenance.self)
    conditions.patientProvenance = pick(PatientProvenance.self)
    return conditions
  }

  mutating func outcome() -> OutcomeRecord {
    var record = OutcomeRecord()
    record.id = id()
    record.time = WallTime(microseconds: number())
    record.loop = UInt16.random(in: 0...UInt16.max, using: &random)
    record.status = UInt16.random(in: 0...599, using: &random)
    record.region = name()
    record.endpoint = name()
    record.tier = bool() ? pick(Tier.self) : nil
    record.lagMilliseconds = bool() ? number() : nil
    record.asOf = bool() ? WallTime(microseconds: number()) : nil
    record.isMarked = bool()
    record.isHedged = bool()
    record.bytesIn = number()
    record.bytesOut = number()
    record.decideMicroseconds = bool() ? number() : nil
    record.connectMicroseconds = bool() ? number() : nil
    record.firstByteMicroseconds = bool() ? 0 : nil
    record.totalMicroseconds = bool() ? number() : nil
    record.attempts = UInt16.random(in: 0...9, using: &random)
    record.termination = pick(Termination.self)
    record.labelledClass = bool() ? pick(DataClass.self) : nil
    record.labelledSensitivity = bool() ? pick(Sensitivity.self) : nil
    record.proxyError = name()
    return record
  }

  mutating func event() -> EventRecord {
    let kinds = RecordKind.allCases.filter { $0 != .decision && $0 != .outcome }
    var record = EventRecord(
      kind: kinds[Int.random(in: 0..<kinds.count, using: &random)],
      time: WallTime(microseconds: number()))
    record.loop = UInt16.random(in: 0...9, using: &random)
    record.counters.decided = number()
    record.counters.committed = number()
    record.counters.refused = number()
    record.counters.lost = number()
    record.counters.pending = number()
    record.counters.dropped = number()
    record.bytesDropped = number()
    record.since = bool() ? WallTime(microseconds: number()) : nil
    record.subject = name()
    record.detail = name(bytesMax: 255)
    record.predecessor = name(bytesMax: 300)
    return record
  }
}

extension PatientIdentifier {
  /// The id of a text that is short enough.
  init(of text: String) {
    let id = unsafe Array(text.utf8).withUnsafeBytes { unsafe PatientIdentifier($0) }
    precondition(id != nil, "too long")
    self = id ?? PatientIdentifier()
  }
}

/// The keys of the tests' logs.
func testKeys(_ byte: UInt8 = 7) -> LogKeys {
  LogKeys(secret: [UInt8](repeating: byte, count: LogKeys.secretByteCount), opening: 1)
}

/// A tree of so many leaves.
func frontier(size: UInt64) -> MerkleFrontier {
  var frontier = MerkleFrontier()
  var hasher = MerkleHasher()
  var tails = TileTails()
  for index in 0..<size {
    frontier.append(hasher.leaf(Array("\(index)".utf8)), &hasher, tiles: &tails)
  }
  return frontier
}

/// The first bytes of a segment that begins with entry `firstIndex`.
func segmentHead(firstIndex: UInt64 = 0) -> ByteQueue {
  var file = ByteQueue()
  SegmentHeader(
    origin: "edge/audit/clinical/1", number: 3, created: WallTime(microseconds: 9),
    frontier: frontier(size: firstIndex)
  ).encode(into: &file)
  return file
}

/// A segment with `count` frames of one record each, of mixed kinds, from `firstIndex` on, and
/// where each frame ends.
func segment(
  seed: UInt64, count: Int, firstIndex: UInt64 = 0
) -> (bytes: [UInt8], ends: [Int], records: [AuditRecord]) {
  var source = RandomRecords(seed: seed)
  var file = segmentHead(firstIndex: firstIndex)
  var builder = FrameBuilder(frontier: frontier(size: firstIndex), keys: testKeys())
  var batch = ByteQueue()
  var records: [AuditRecord] = []
  var ends: [Int] = []
  for index in 0..<count {
    switch index % 3 {
    case 0:
      let record = source.decision()
      records.append(.decision(record))
      _ = Pending.append(record, to: &batch)
    case 1:
      let record = source.outcome()
      records.append(.outcome(record))
      _ = Pending.append(record, to: &batch)
    default:
      let record = source.event()
      records.append(.event(record))
      _ = Pending.append(record, to: &batch)
    }
    builder.build(batch, into: &file)
    batch.removeAll()
    ends.append(file.count)
  }
  return (file.copyToArray(), ends, records)
}

/// Scans a file to its verdict.
func scan(_ bytes: [UInt8], isLast: Bool = true) throws -> (
  frames: [ScannedFrame], verdict: ScanStep
) {
  var scanner = try SegmentScanner(MemorySource(bytes), isLast: isLast)
  var frames: [ScannedFrame] = []
  while true {
    let step = scanner.next()
    guard case .frame(let frame) = step else { return (frames, step) }
    frames.append(frame)
  }
}

/// The records of a frame, with their private fields when `keys` open them.
func records(_ frame: ScannedFrame, _ keys: consuming LogKeys? = nil) throws -> [AuditRecord] {
  var keys = keys
  var records: [AuditRecord] = []
  let isWhole = try unsafe frame.body.withUnsafeBytes { body in
    try unsafe frame.header.forEachEntry(in: body) { _, entry throws(RecordFault) in
      let opened = unsafe keys?.open(entry) ?? []
      records.append(try unsafe AuditRecord(decoding: entry, opened: opened))
    }
  }
  precondition(isWhole, "the frame is not what its header says")
  return records
}

/// A record as it reads back with the keys: with its tokens.
func stored(_ record: AuditRecord) -> AuditRecord {
  guard case .decision(var decision) = record else { return record }
  var keys = testKeys()
  if decision.patientID.byteCount > 0 {
    decision.patient = keys.token(patient: decision.patientID.string)
  }
  if decision.subject != .empty {
    decision.subjectToken = keys.token(subject: decision.subject.string)
  }
  return .decision(decision)
}

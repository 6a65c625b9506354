import Audit
import Base
import HTTP
import Origins
import Policy
import Proxy
import Testing

/// Writes records as the edge does and reads them back from a segment's bytes.
private func readBack(
  _ decision: DecisionRecord, _ outcome: OutcomeRecord
) throws -> (DecisionRecord, OutcomeRecord) {
  var group = GroupCommit(firstSequence: 1)
  #expect(group.append(decision) == .accepted(sequence: 1))
  #expect(group.append(outcome) == .accepted(sequence: 2))
  var batch = ByteQueue()
  #expect(group.begin(into: &batch) == .write)
  var keys = LogKeys(secret: [UInt8](repeating: 1, count: LogKeys.secretByteCount), opening: 1)
  var segment = ByteQueue()
  SegmentHeader(
    origin: "o", number: 0, created: WallTime(microseconds: 1), frontier: MerkleFrontier()
  ).encode(into: &segment)
  var builder = FrameBuilder(
    frontier: MerkleFrontier(),
    keys: LogKeys(secret: [UInt8](repeating: 1, count: LogKeys.secretByteCount), opening: 1))
  builder.build(batch, into: &segment)
  var scanner = try SegmentScanner(MemorySource(segment.copyToArray()))
  var records: [AuditRecord] = []
  while case .frame(let frame) = scanner.next() {
    _ = try unsafe frame.body.withUnsafeBytes { body in
      try unsafe frame.header.forEachEntry(in: body) { _, entry throws(RecordFault) in
        records.append(
          try unsafe AuditRecord(decoding: entry, opened: unsafe keys.open(entry)))
      }
    }
  }
  guard records.count == 2, case .decision(let decision) = records[0],
    case .outcome(let outcome) = records[1]
  else { throw WorldError(reason: "not a decision and its outcome") }
  return (decision, outcome)
}

@Suite struct RecordsTests {
  private func record(_ world: World, _ decision: Decision) -> DecisionRecord {
    var record = DecisionRecord()
    decision.fill(&record, loop: 3, method: .get, snapshot: world.snapshot)
    return record
  }

  @Test func aServedRequestIsKeptWhole() throws {
    let world = try World(
      World.except("us-west-r1") { $0.report(lag: 45_000, copies: 5_000) })
    let decision = world.decide(
      "GET /fhir/Observation?patient=az1&category=vital-signs", from: "US-AZ")
    var outcome = Outcome()
    outcome.startedAt = world.now
    outcome.connectedAt = Instant(nanoseconds: world.now.nanoseconds + 7_000)
    outcome.answeredAt = Instant(nanoseconds: world.now.nanoseconds + 900_000)
    outcome.endedAt = Instant(nanoseconds: world.now.nanoseconds + 1_500_000)
    outcome.status = 200
    outcome.attemptCount = 2
    outcome.responseBytes = 700
    outcome.endpoint = decision.endpoint(ofChoice: 1)
    let (read, end) = try readBack(
      record(world, decision), closing(outcome, of: decision, loop: 3, snapshot: world.snapshot))

    #expect(read.id == AuditID(high: decision.id.high, low: decision.id.low))
    #expect(read.time == world.time && read.loop == 3)
    #expect(read.rule.string == "R-11" && read.verdict == .permit)
    #expect(read.policyName.string == "clinical-routing" && read.policyVersion == 2)
    #expect(read.policyHash.string == "h-1")
    #expect(read.operation == .search && read.dataClass == .vitals)
    #expect(read.resourceType.string == "Observation")
    #expect(read.home.string == "us-west" && read.residency == Place("US-AZ"))
    #expect(read.location == Place("US-AZ") && read.address == .v4(0xC633_6407))
    #expect(read.region.string == "us-west" && read.endpoint.string == "us-west-p")
    #expect(read.durability == .durable && read.reason.string == "")
    #expect(
      read.candidates.map { "\($0.region.string) \($0.tier) \($0.stalenessMilliseconds ?? 0)" }
        == ["us-west replica 10000", "us-west primary 0", "us-central replica 60000"])
    #expect(read.candidates.map(\.isMarked) == [false, false, true])
    #expect(
      read.removals == [
        RecordedRemoval(candidateIndex: 0, endpoint: "us-west-r1", reason: .stale)
      ])

    #expect(end.id == read.id && end.status == 200 && end.attempts == 2)
    #expect(end.region.string == "us-central" && end.endpoint.string == "us-central-r1")
    #expect(end.tier == .replica && end.isMarked && end.lagMilliseconds == 5_500)
    #expect(end.connectMicroseconds == 7 && end.firstByteMicroseconds == 900)
    #expect(end.totalMicroseconds == 1_500 && end.bytesOut == 700)
    #expect(end.time.microseconds == world.time.microseconds + 1_500)
    #expect(end.termination == .completed && end.proxyError.string == "")
  }

  @Test func refusalsAreKept() throws {
    let scenes: [(String, String, Audit.Verdict, String, String)] = [
      ("GET /fhir/Condition/pt2.4", "US-AZ", .refuse(.forbidden), "forbidden", "D-3"),
      ("GET /fhir/Claim?patient=stranger", "US-AZ", .refuse(.forbidden), "forbidden", "D-2"),
      ("POST /fhir/Appointment", "US-AZ", .refuse(.unavailable), "home-region-unknown", "R-30"),
      ("GET /fhir/Observation?patient=%41", "US-AZ", .reject, "invalid", ""),
      ("GET /fhir/Observation?patient=az1,ny1", "US-AZ", .reject, "several-patients", ""),
    ]
    let world = try World()
    for (request, place, verdict, reason, rule) in scenes {
      let decision = world.decide(request, from: place)
      var outcome = Outcome()
      outcome.end = .refused
      outcome.refusal = decision.refusal
      outcome.status = decision.refusal?.status ?? 0
      let (read, end) = try readBack(
        record(world, decision), closing(outcome, of: decision, loop: 0, snapshot: world.snapshot))
      #expect(read.verdict == verdict, "\(request)")
      #expect(read.reason.string == reason && read.rule.string == rule, "\(request)")
      #expect(read.region == .empty && read.endpoint == .empty, "\(request)")
      #expect(end.region == .empty && end.tier == nil && end.termination == .answered)
      #expect(end.proxyError.string == outcome.refusal?.proxyError.map { "\($0)" })
    }
  }

  /// A lawful plan of which nothing is left is recorded as such, with every reason.
  @Test func anEmptyPlanIsRefusedAsUnavailable() throws {
    let world = try World(
      World.except("us-west-r1", "us-west-p", "us-central-r1") { endpoint in
        endpoint.tier == .primary ? nil : endpoint.report(lag: nil, copies: nil)
      })
    let decision = world.decide(
      "GET /fhir/Observation?patient=az1&category=vital-signs", from: "US-AZ")
    let (read, _) = try readBack(record(world, decision), OutcomeRecord())
    #expect(read.verdict == .refuse(.unavailable) && read.reason.string == "unavailable")
    #expect(read.region == .empty)
    #expect(
      read.removals == [
        RecordedRemoval(candidateIndex: 0, endpoint: "us-west-r1", reason: .lagUnknown),
        RecordedRemoval(candidateIndex: 1, endpoint: "us-west-p", reason: .unhealthy),
        RecordedRemoval(candidateIndex: 2, endpoint: "us-central-r1", reason: .lagUnknown),
      ])
  }

  /// Each way to end, as the log words it.
  @Test(
    arguments: [
      (.complete, nil, .completed), (.clientAborted, nil, .clientAborted),
      (.originAborted, nil, .originFault), (.withheld, nil, .withheld),
      (.refused, .auditUnavailable, .auditUnavailable),
      (.refused, .originConnect, .originUnreachable), (.refused, .originTimeout, .originTimeout),
      (.refused, .originReset, .originFault), (.refused, .originMalformed, .originFault),
      (.refused, .forbidden, .answered), (.refused, .overloaded, .answered),
    ] as [(Outcome.End, Refusal?, Termination)])
  func endsAreNamed(_ end: Outcome.End, _ refusal: Refusal?, _ termination: Termination) throws {
    let world = try World()
    let decision = world.decide("GET /fhir/Organization/o1", from: "US-AZ")
    var outcome = Outcome()
    outcome.end = end
    outcome.refusal = refusal
    outcome.endpoint = decision.endpoint(ofChoice: 0)
    let record = closing(outcome, of: decision, loop: 0, snapshot: world.snapshot)
    #expect(record.termination == termination)
    // An answer of the edge's own names no region as its source.
    #expect((record.region == .empty) == (refusal != nil))
  }

  /// A record's memory is used again: nothing of the request before may be left in it.
  @Test func aReusedRecordForgetsTheRequestBefore() throws {
    let world = try World(World.except("us-west-r1"))
    var record = DecisionRecord()
    let first = world.decide(
      "GET /fhir/Observation?patient=az1&category=vital-signs", from: "US-AZ")
    first.fill(&record, loop: 1, method: .get, snapshot: world.snapshot)
    #expect(!record.removals.isEmpty)
    let second = world.decide("GET /fhir/Observation?patient=%41", from: "unknown")
    second.fill(&record, loop: 1, method: .get, snapshot: world.snapshot)
    var fresh = DecisionRecord()
    second.fill(&fresh, loop: 1, method: .get, snapshot: world.snapshot)
    #expect(record == fresh)
  }

  /// A version in its phase of trial, and the one before with its regions in another order and one
  /// of them missing: records name what the version that decided was asked.
  @Test(arguments: [
    ("default: enforce", "enforce", "us-east", "us-west"),
    ("default: observe", "observe", "us-east", "us-west"),
    ("default: shadow", "shadow", "us-east", ""),
  ])
  func phaseAndHomeAreThoseOfTheDecidingVersion(
    phases: String, word: String, known: String, unknown: String
  ) throws {
    let world = try World()
    func policy(_ version: Int, _ head: String, _ regions: [String]) throws -> Policy {
      let regions = regions.map { "  \($0): { near: [] }" }.joined(separator: "\n")
      let text = """
        policy: ward
        version: \(version)
        \(head)
        regions:
        \(regions)
        routes:
          - id: R-1
            say: Everything from everywhere
            when: {}
            serve: [{ region: [\(version == 1 ? "us-east" : "us-west, us-east")], tier: primary }]

        """
      let (policy, complaints) = Policy.load(text: text, file: "ward.yaml", hash: "h-\(version)")
      return try #require(policy, "\(complaints)")
    }
    let snapshot = try world.snapshot.replacing(
      policies: PolicyPair(
        active: policy(
          2, "supersedes: sha256:\(String(repeating: "0", count: 64))\nphases: { \(phases) }",
          ["us-west", "us-central", "us-east"]),
        superseded: policy(1, "", ["us-east", "us-central"])))
    for (patient, home) in [("ny1", known), ("az1", unknown)] {
      var decider = Decider(seed: 1)
      var decision = Decision(client: ClientFacts(place: "US-AZ"))
      decider.decide(
        RequestHead("GET /fhir/Observation?patient=\(patient)&category=vital-signs"),
        snapshot: snapshot, health: world.health, loads: world.loads, now: world.now,
        time: world.time, into: &decision)
      var record = DecisionRecord()
      decision.fill(&record, loop: 0, method: .get, snapshot: snapshot)
      #expect(record.home.string == home && record.phase.string == word)
      #expect(record.cacheVerdict.string == "none")
      let deciding = word == "shadow" ? snapshot.policies.superseded?.policy : snapshot.policy
      #expect(record.policyVersion == (word == "shadow" ? 1 : 2))
      #expect(try record.replay(under: #require(deciding)) == .agrees)
    }
  }
}

/// The record that closes a decision.
private func closing(
  _ outcome: Outcome, of decision: Decision, loop: UInt16, snapshot: Snapshot
) -> OutcomeRecord {
  var record = OutcomeRecord()
  outcome.fill(&record, of: decision, loop: loop, snapshot: snapshot)
  return record
}

import Audit
import Base
import Testing

/// A decision as the edge would fill it.
private func sampleDecision() -> DecisionRecord {
  var record = DecisionRecord()
  record.id = AuditID(high: 1, low: 2)
  record.time = WallTime(microseconds: 1_795_320_000_123_456)
  record.loop = 1
  record.address = .v4(0xC633_6407)
  record.location = Place("US-AZ") ?? .unknown
  record.locationProvenance = .geoDatabase
  record.subject = "CN=Dr \"Ann\" Lee\n"
  record.role = .clinician
  record.purpose = .treatment
  record.method = "GET"
  record.operation = .search
  record.resourceType = "Observation"
  record.patient = AuditID(high: 3, low: 4)
  record.dataClass = .vitals
  record.sensitivity = .normal
  record.confidence = "exact"
  record.ambiguity = "none"
  record.home = "us-west"
  record.residency = Place("US-AZ") ?? .unknown
  record.consent = .granted
  record.policyName = "clinical-routing"
  record.policyVersion = 12
  record.policyHash = .bytes([UInt8](repeating: 0xAB, count: 32))
  record.rule = "R-12"
  record.verdict = .permit
  record.reason = "nearest fresh lawful replica"
  record.candidates = [
    RecordedCandidate(
      region: "us-west", tier: .replica, stalenessMilliseconds: 5_000, isMarked: false),
    RecordedCandidate(
      region: "us-central", tier: .replica, stalenessMilliseconds: nil, isMarked: true),
  ]
  record.removals = [
    RecordedRemoval(candidateIndex: 0, endpoint: "w-r1", reason: .stale),
    RecordedRemoval(candidateIndex: 1, endpoint: .empty, reason: .noEndpoint),
  ]
  record.region = "us-west"
  record.endpoint = "w-r2"
  return record
}

@Test func aDecisionIsOneLineOfJSON() {
  #expect(
    AuditText.json(.decision(sampleDecision()), index: 7)
      == #"{"index":7,"kind":"decision","id":"00000000000000010000000000000002","#
      + #""time":"2026-11-22T04:00:00.123456Z","loop":1,"address":"198.51.100.7","#
      + #""addressFrom":"connection","location":"US-AZ","locationFrom":"geo-database","#
      + #""subject":"CN=Dr \"Ann\" Lee\n","role":"clinician","purpose":"treatment","#
      + #""method":"GET","operation":"search","resourceType":"Observation","#
      + #""patient":"00000000000000030000000000000004","dataClass":"vitals","#
      + #""sensitivity":"normal","mayContainRestricted":false,"confidence":"exact","#
      + #""ambiguity":"none","home":"us-west","residency":"US-AZ","consent":"granted","#
      + #""policy":"clinical-routing","policyVersion":12,"policyHash":""#
      + String(repeating: "ab", count: 32)
      + #"","rule":"R-12","verdict":"permit","reason":"nearest fresh lawful replica","#
      + #""durability":"durable","candidates":[{"region":"us-west","tier":"replica","#
      + #""stalenessMilliseconds":5000},{"region":"us-central","tier":"replica","marked":true}],"#
      + #""removed":[{"candidate":0,"endpoint":"w-r1","reason":"stale"},"#
      + #"{"candidate":1,"reason":"no-endpoint"}],"region":"us-west","endpoint":"w-r2"}"#)
}

@Test func aDecisionIsReadable() {
  #expect(
    AuditText.readable(.decision(sampleDecision()), index: 7) == """
      #7 2026-11-22T04:00:00.123456Z permit: search Observation -> us-west (w-r2)
          decision 00000000000000010000000000000002
          why: nearest fresh lawful replica
          policy clinical-routing version 12, rule R-12
          who: CN=Dr "Ann" Lee\u{FFFD}, role clinician, purpose treatment, from 198.51.100.7 \
      (connection), in US-AZ (geo-database)
          patient: 00000000000000030000000000000004, home us-west, residency US-AZ, consent granted
          data: class vitals, sensitivity normal, confidence exact, ambiguity none
          plan 1: us-west replica, at most 5000 ms stale; without w-r1 stale
          plan 2: us-central replica, marked; without all no-endpoint

      """)
}

@Test func anOutcomeIsRendered() {
  var record = OutcomeRecord()
  record.id = AuditID(high: 1, low: 2)
  record.status = 200
  record.region = "us-west"
  record.endpoint = "w-r2"
  record.tier = .replica
  record.lagMilliseconds = 2_000
  record.asOf = WallTime(microseconds: 1_000_000)
  record.bytesOut = 700
  record.decideMicroseconds = 3
  record.totalMicroseconds = 900
  record.attempts = 1
  #expect(
    AuditText.json(.outcome(record), index: 8)
      == #"{"index":8,"kind":"outcome","id":"00000000000000010000000000000002","#
      + #""time":"1970-01-01T00:00:00.000000Z","loop":0,"status":200,"region":"us-west","#
      + #""endpoint":"w-r2","tier":"replica","lagMilliseconds":2000,"#
      + #""asOf":"1970-01-01T00:00:01.000000Z","bytesIn":0,"bytesOut":700,"#
      + #""microseconds":{"decide":3,"total":900},"attempts":1,"termination":"completed"}"#)
  #expect(
    AuditText.readable(.outcome(record), index: 8) == """
      #8 1970-01-01T00:00:00.000000Z outcome: 200 from us-west replica (w-r2) in 900 us, completed
          decision 00000000000000010000000000000002
          bytes: 0 in, 700 out; attempts: 1
          freshness: 2000 ms behind

      """)
}

@Test func aHeartbeatIsRendered() {
  var record = EventRecord(kind: .heartbeat, time: WallTime(microseconds: 0))
  record.counters.decided = 10
  record.counters.committed = 9
  record.counters.refused = 1
  #expect(
    AuditText.json(.event(record), index: 9)
      == #"{"index":9,"kind":"heartbeat","time":"1970-01-01T00:00:00.000000Z","loop":0,"#
      + #""decided":10,"committed":9,"refused":1,"lost":0,"pending":0,"dropped":0}"#)
  #expect(
    AuditText.readable(.event(record), index: 9).contains(
      "decided 10 = committed 9 + refused 1 + lost 0 + pending 0; dropped 0"))
}

@Test(
  arguments: [
    (0, "1970-01-01T00:00:00.000000Z"), (951_782_400_000_000, "2000-02-29T00:00:00.000000Z"),
    (1_709_251_199_999_999, "2024-02-29T23:59:59.999999Z"),
    (1_767_225_600_000_001, "2026-01-01T00:00:00.000001Z"),
    (4_107_542_400_000_000, "2100-03-01T00:00:00.000000Z"),
  ] as [(UInt64, String)])
func timesAreCivil(microseconds: UInt64, expected: String) {
  #expect(AuditText.timestamp(WallTime(microseconds: microseconds)) == expected)
}

@Test(
  arguments: [
    (.none, ""), (.v4(0x7F00_0001), "127.0.0.1"), (.v6(high: 0, low: 1), "::1"),
    (.v6(high: 0, low: 0), "::"),
    (.v6(high: 0x2001_0DB8_0000_0000, low: 0x1_0000_0000_0001), "2001:db8::1:0:0:1"),
    (.v6(high: 0x2001_0DB8_0001_0002, low: 0x0003_0004_0005_0006), "2001:db8:1:2:3:4:5:6"),
    (.v6(high: 0x2001_0DB8_0000_0001, low: 0x0001_0001_0001_0001), "2001:db8:0:1:1:1:1:1"),
  ] as [(ClientAddress, String)])
func addressesAreWrittenAsUsual(address: ClientAddress, expected: String) {
  #expect(AuditText.address(address) == expected)
}

/// A reader of JSON that is not ours would do; this one only knows whether text is one object.
private struct JSONChecker {
  var rest: Substring.UnicodeScalarView

  mutating func skip(_ scalar: Unicode.Scalar) -> Bool {
    guard rest.first == scalar else { return false }
    rest.removeFirst()
    return true
  }

  mutating func string() -> Bool {
    guard skip("\"") else { return false }
    while let scalar = rest.popFirst() {
      if scalar == "\"" { return true }
      if scalar.value < 0x20 { return false }
      guard scalar == "\\" else { continue }
      guard let escaped = rest.popFirst() else { return false }
      if escaped == "u" {
        guard rest.prefix(4).allSatisfy({ $0.properties.isASCIIHexDigit }) else { return false }
        rest.removeFirst(4)
      } else if !"\"\\nrt".unicodeScalars.contains(escaped) {
        return false
      }
    }
    return false
  }

  mutating func value() -> Bool {
    switch rest.first {
    case "\"": return string()
    case "{":
      return list(until: "}") { checker in
        checker.string() && checker.skip(":") && checker.value()
      }
    case "[": return list(until: "]") { $0.value() }
    default:
      let word = rest.prefix { !",]}".unicodeScalars.contains($0) }
      let text = String(word)
      rest.removeFirst(word.count)
      return text == "true" || text == "false" || UInt64(text) != nil
    }
  }

  mutating func list(until end: Unicode.Scalar, _ item: (inout JSONChecker) -> Bool) -> Bool {
    rest.removeFirst()
    if skip(end) { return true }
    repeat { if !item(&self) { return false } } while skip(",")
    return skip(end)
  }
}

@Test(arguments: 0..<100 as Range<UInt64>)
func anyRecordIsOneObjectOnOneLine(seed: UInt64) {
  var source = RandomRecords(seed: seed)
  var decision = source.decision()
  decision.subject = .bytes((0..<60).map { _ in UInt8.random(in: 0...255, using: &source.random) })
  for record in [
    AuditRecord.decision(decision), .outcome(source.outcome()), .event(source.event()),
  ] {
    let json = AuditText.json(record, index: seed)
    var checker = JSONChecker(rest: json[...].unicodeScalars)
    #expect(checker.value() && checker.rest.isEmpty, "\(json)")
    #expect(!json.unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x7F })
    let lines = AuditText.readable(record, index: seed)
    #expect(lines.hasSuffix("\n") && !lines.contains("\u{1B}"))
  }
}

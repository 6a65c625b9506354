import Base
import Policy
import Testing

private let smallPolicyText = """
  policy: small
  version: 1
  regions:
    west: { near: [US-AZ], backup: east, jurisdiction: US }
    east: { near: [US-NY], jurisdiction: US }
  never:
    - { id: N-1, say: Vitals stay, when: { data_class: vitals }, serve: { region_in: [east] } }
  deny:
    - { id: D-1, say: Not from abroad, when: {}, unless: { location: US } }
  routes:
    - id: R-1
      say: Vitals are near
      when: { operation: [read, search], data_class: [vitals] }
      serve:
        - { region: any, tier: replica, staleness: 1500ms }
        - { region: backup-of-home, tier: replica, staleness: 2m, marked: stale }
      audit: standard
    - id: R-2
      say: Nurses by day
      when: { hour: [{ at_least: 7, below: 19 }, { at_least: 22 }], directory_age: { below: 90m } }
      effective: { from: 2026-06-01T00:00:00Z }
      unless: { role: [clinician] }
      serve: [{ region: home, tier: primary }]
      obligations: [summarize, require-reason]
      overrides: [R-1]
  """

@Test func explainsAPermissionAndWhatWasTakenAway() throws {
  let (loaded, diagnostics) = Policy.load(text: smallPolicyText, file: "small.yaml", hash: "")
  let policy = try #require(loaded, "\(diagnostics)")
  var facts = Facts(operation: .read, dataClass: .vitals, home: policy.region(named: "west"))
  facts.location = try #require(Place("US-NY"))
  #expect(
    policy.explain(facts).lines == [
      "operation: read", "data_class: vitals", "sensitivity: unknown", "home: west",
      "residency: unknown", "location: US-NY", "role: unknown", "purpose: unknown",
      "consent: unknown", "break_glass: unknown", "user_in_home_region: false",
      "assurance: unknown", "device: unknown", "own_record: unknown", "scope: unknown",
      "tenant: unknown", "directory_age: unknown", "authentication_age: unknown", "hour: unknown",
      "time: 1970-01-01T00:00:00Z",
      "never N-1: matches: Vitals stay",
      "deny D-1: no: left out by `unless`",
      "route R-2: no: directory_age is unknown, not below 90m",
      "route R-1: matches: Vitals are near",
      "removed: east replica 1500ms, by never N-1",
      "removed: east replica 120s stale, by never N-1",
      "phase: enforce", "cache: never", "obligations: none",
      "decision: permit by route R-1, audit standard: west replica 1500ms",
    ])
  facts.operation = .create
  #expect(
    policy.explain(facts).lines.suffix(3) == [
      "route R-1: no: operation is create, not read, search",
      "phase: enforce", "decision: refuse, no-rule, by no route, audit standard",
    ])
  facts.location = .unknown
  #expect(
    policy.explain(facts).lines.last == "decision: refuse, forbidden, by deny D-1, audit durable")
}

@Test func explainsRangesDatesDoubtAndOverrides() throws {
  let (loaded, _) = Policy.load(text: smallPolicyText, file: "small.yaml", hash: "")
  let policy = try #require(loaded)
  var facts = Facts(operation: .read, dataClass: .vitals, home: policy.region(named: "west"))
  facts.location = try #require(Place("US-NY"))
  facts.directoryAgeSeconds = 5400
  func line(_ start: String) -> String? {
    policy.explain(facts).lines.first { $0.hasPrefix(start) }
  }
  #expect(line("route R-2") == "route R-2: no: directory_age is 90m, not below 90m")
  facts.directoryAgeSeconds = 5399
  #expect(line("route R-2") == "route R-2: no: hour is unknown, not 7 to below 19, 22 or more")
  facts.hour = 22
  #expect(
    line("route R-2")
      == "route R-2: no: time is 1970-01-01T00:00:00Z, not 2026-06-01T00:00:00Z or more")
  facts.time = WallTime(microseconds: 1_780_272_000_000_000)
  #expect(line("route R-2") == "route R-2: no: left out by `unless`, which cannot be ruled out")
  facts.role = .nurse
  #expect(line("route R-2") == "route R-2: matches: Nurses by day")
  #expect(line("route R-1") == "route R-1: matches, but R-2 overrides it: Vitals are near")
  #expect(line("obligations") == "obligations: require-reason, summarize")
  facts.role = .clinician
  #expect(line("route R-2") == "route R-2: no: left out by `unless`")
  #expect(line("route R-1") == "route R-1: matches: Vitals are near")
}

@Test func candidateListsAreCollections() {
  let all = (0..<64).map {
    Candidate(region: RegionID(UInt8($0)), tier: .primary, stalenessMillisecondsMax: nil)
  }
  let list = CandidateList(all)
  #expect(Array(list) == all)
  #expect(CandidateList([]).isEmpty)
  #expect(list.last == all.last)
}

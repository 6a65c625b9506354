import Base
import Policy
import Testing

@Test func explainsARefusalAndAPermission() throws {
  let text = """
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
    """
  let (loaded, _) = Policy.load(text: text, file: "small.yaml", hash: "")
  let policy = try #require(loaded)
  var facts = Facts(operation: .read, dataClass: .vitals, home: policy.region(named: "west"))
  facts.location = try #require(Place("US-NY"))
  #expect(
    policy.explain(facts) == [
      "operation: read", "data_class: vitals", "sensitivity: unknown", "home: west",
      "residency: unknown", "location: US-NY", "role: unknown", "purpose: unknown",
      "consent: unknown", "break_glass: unknown", "user_in_home_region: false",
      "assurance: unknown", "device: unknown", "own_record: unknown", "scope: unknown",
      "tenant: unknown", "directory_age: unknown", "authentication_age: unknown", "hour: unknown",
      "time: 1970-01-01T00:00:00Z",
      "never N-1: matches: Vitals stay",
      "deny D-1: no: left out by `unless`",
      "route R-1: matches: Vitals are near",
      "decision: permit by route R-1, audit standard: west replica within 1500ms",
      "removed by never: east replica within 1500ms; east replica within 2m, marked stale",
    ])
  facts.operation = .create
  #expect(
    policy.explain(facts).suffix(2) == [
      "route R-1: no: operation is create, not read, search",
      "decision: refuse, no-rule, by no route, audit standard",
    ])
  facts.location = .unknown
  #expect(policy.explain(facts).last == "decision: refuse, forbidden, by deny D-1, audit durable")
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

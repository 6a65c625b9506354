import Base
import Policy
import StrictYAML
import Testing

/// A policy that uses every key of the language.
let wholePolicyText = """
  policy: whole
  version: 2
  supersedes: sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
  author: Office for tests
  ticket: T-1
  say: Every key of the language, once at least
  coverage: full
  effective: { from: 2026-05-01T00:00:00Z, until: 2027-05-01T00:00:00Z }
  tenants: [north-clinic, south-clinic]
  regions:
    west: { near: [US-AZ, US-CA], backup: east, jurisdiction: US }
    east: { near: [US-NY], backup: west, jurisdiction: US }
    north: { near: [CA], jurisdiction: CA }
  sets:
    reads: { operation: [read, search] }
    domestic: { regions: [west, east] }
    fresh: { directory_age: [{ below: 1h }] }
    strong: { assurance: [multi-factor, phishing-resistant] }
    ours: { tenant: [north-clinic, south-clinic] }
  never:
    - id: N-1
      say: Nothing about a patient leaves the country
      when: { data_class: [vitals, notes, medications] }
      serve: { jurisdiction_not_in: [US] }
    - id: N-2
      say: Nothing is deleted before July
      when: { operation: [delete] }
      effective: { until: 2026-07-01T00:00:00Z }
      refuse: true
  deny:
    - id: D-1
      say: A token without the scope gets nothing
      when: { scope: [missing, unknown], data_class: [vitals, notes, medications] }
      unless: { own_record: true }
    - id: D-2
      say: By night only managed devices write
      when: { operation: [create, update], hour: [{ below: 6 }, { at_least: 22 }, unknown] }
      unless: { device: managed }
  routes:
    - id: R-1
      say: Reference data comes from whoever is idle
      when: { data_class: [reference] }
      serve:
        - { region: any, tier: cache, staleness: 1h }
        - { region: least-loaded, tier: replica, staleness: 5m }
        - { region: any, tier: primary, order: load }
      audit: standard
    - id: R-2
      say: The chart of our patients
      when: { operation: $reads, data_class: [vitals, notes], tenant: $ours, directory_age: $fresh }
      serve:
        - { region: [nearest, home], tier: replica, staleness: 1500ms }
        - { region: home, tier: primary }
        - { region: $domestic, tier: replica, staleness: 60s, marked: stale, order: load }
      audit: durable
    - id: R-3
      say: The chart when something is old or not known
      overrides: [R-2]
      when:
        operation: $reads
        data_class: [vitals, notes]
        authentication_age: [{ at_least: 8h }, unknown]
      serve: [{ region: home, tier: primary }]
      obligations: [require-reason, step-up-multi-factor, summarize]
    - id: R-4
      say: Medications are for the strongly authenticated
      when: { data_class: [medications], assurance: $strong }
      unless: { break_glass: true }
      serve: [{ region: home, tier: primary }]
      obligations: [tokenize-restricted, redact-restricted, step-up-phishing-resistant]
  always:
    - id: A-1
      say: Reference data survives the loss of a region
      when: { data_class: [reference] }
      unless: { operation: [export] }
      serve: { regions_min: 2, tier_in: [replica, primary], staleness_max: 5m }
  phases: { default: enforce, imaging: observe, billing: shadow }
  cache:
    - data_class: [reference]
      store:
        regions: [any]
        ttl: 1h
        jitter: 10%
        key: [tenant, region, role]
        seal: tenant
        readers: { role: [clinician, nurse] }
        stale_if_error: 5m
        stale_while_revalidate: 30s
        invalidate: [write, policy, failover]
    - data_class: [vitals]
      sensitivity: [normal, restricted]
      store:
        regions: [home, east]
        ttl: 60s
        key: [tenant, consent, user, purpose]
        seal: user
        readers: { purpose: [treatment] }
        invalidate: [write, patient-write, consent]
    - data_class: [scheduling, demographics, encounters, laboratory, problems, allergies,
        immunizations, medications, orders, notes, imaging, billing, consent, audit,
        behavioral-health, substance-use, reproductive-health, mixed, bulk, asset, unknown]
      store: never
  tests:
    - say: Reference data for anybody
      given: { data_class: reference, location: US-AZ }
      expect:
        decision: permit
        rule: R-1
        candidates: [west cache 3600s, east cache 3600s, north cache 3600s, west replica 300s,
          east replica 300s, north replica 300s, west primary, east primary, north primary]
        obligations: []
        audit: standard
    - say: The chart near the user, and never abroad
      given:
        operation: read
        data_class: vitals
        home: west
        location: US-NY
        tenant: north-clinic
        scope: granted
        directory_age: 59m
        authentication_age: 7h
      expect:
        decision: permit
        rule: R-2
        candidates: [east replica 1500ms, west replica 1500ms, west primary,
          west replica 60s stale, east replica 60s stale]
        audit: durable
    - say: A session of eight hours is old
      given: { operation: read, data_class: vitals, home: west, tenant: north-clinic,
        scope: granted, directory_age: 0s, authentication_age: 8h }
      expect: { decision: permit, rule: R-3, obligations: [summarize, require-reason,
        step-up-multi-factor] }
    - say: A home abroad has no lawful server
      given: { operation: read, data_class: notes, home: north, scope: granted }
      expect: { decision: forbidden, rule: N-1, candidates: [] }
    - say: Deleting is refused in June
      given: { operation: delete, data_class: vitals, time: 2026-06-30T23:59:59Z }
      expect: { decision: forbidden, rule: N-2 }
    - say: Nobody deletes in July either, for want of a route
      given: { operation: delete, data_class: vitals, scope: granted, time: 2026-07-01T00:00:00Z }
      expect: { decision: no-rule, audit: standard }
    - say: Without the scope there is nothing
      given: { operation: read, data_class: vitals, scope: missing, home: west }
      expect: { decision: forbidden, rule: D-1 }
    - say: The night shift writes from managed devices
      given: { operation: create, hour: 22, device: unmanaged }
      expect: { decision: forbidden, rule: D-2 }
    - say: Medications need strong proof, and a home
      given: { operation: read, data_class: medications, own_record: true,
        assurance: phishing-resistant, break_glass: false }
      expect: { decision: unavailable, rule: R-4 }

  """

/// The whole policy, loaded once.
let wholePolicy: Policy = {
  let (policy, diagnostics) = Policy.load(text: wholePolicyText, file: "whole.yaml", hash: "test")
  guard let policy, diagnostics.isEmpty else {
    preconditionFailure("\(diagnostics.map(\.description).joined(separator: "\n"))")
  }
  return policy
}()

@Test func theWholePolicyIsRead() throws {
  #expect(wholePolicy.version == 2 && wholePolicy.author == "Office for tests")
  #expect(wholePolicy.supersedes?.hasSuffix("89abcdef") == true)
  #expect(wholePolicy.requiresFullCoverage)
  #expect(wholePolicy.tenants == ["north-clinic", "south-clinic"])
  #expect(wholePolicy.phase(of: .imaging) == .observe)
  #expect(wholePolicy.phase(of: .billing) == .shadow)
  #expect(wholePolicy.phase(of: .vitals) == .enforce)
  let guarantee = try #require(wholePolicy.guarantees.first)
  #expect(guarantee.regionCountMin == 2 && guarantee.tiers == [.replica, .primary])
  #expect(guarantee.stalenessMillisecondsMax == 300_000)
  #expect(wholePolicy.tests.count == 9 && wholePolicy.cacheRows.count == 3)
}

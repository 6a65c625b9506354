import Base
import Cache
import Clinical
import HTTP
import Origins
import Policy
import Testing

@testable import Proxy

private let policyText = """
  policy: kept
  version: 1
  tenants: [north]
  regions:
    west: { near: [US-AZ], jurisdiction: US }
    east: { near: [US-NY], jurisdiction: US }
  routes:
    - id: R-1
      say: Reference data comes from memory in the West, else from there
      when: { data_class: [reference, asset] }
      serve:
        - { region: west, tier: cache, staleness: 10m }
        - { region: west, tier: primary }
      audit: standard
    - id: R-2
      say: All else comes from the East
      when: {}
      unless: { data_class: [reference, asset] }
      serve:
        - { region: east, tier: primary }
  cache:
    - data_class: [reference]
      store:
        regions: [any]
        ttl: 1h
        jitter: 10%
        key: [role, region]
        seal: region
        readers: { role: [nurse] }
        stale_if_error: 2m
        invalidate: [write, policy, failover]
    - data_class: [asset]
      store: { regions: [east], ttl: 5m, key: [], invalidate: [write] }
    - data_class: [scheduling, demographics, encounters, vitals, laboratory, problems, allergies,
        immunizations, medications, orders, notes, imaging, billing, consent, audit,
        behavioral-health, substance-use, reproductive-health, mixed, bulk, unknown]
      store: never
  """

/// A small edge that keeps answers, standing in one of two regions.
private struct Edge {
  let snapshot: Snapshot
  let health: HealthSnapshot

  init(standing region: String = "west") throws {
    let (policy, complaints) = Policy.load(
      text: policyText, file: "kept.yaml", hash: "sha256:" + String(repeating: "ab", count: 32))
    let made = try #require(policy, "\(complaints)")
    let topology = try Topology.make(
      regionNames: made.regions.map(\.name),
      definitions: made.regions.enumerated().map { index, region in
        EndpointDefinition(
          name: "\(region.name)-p", regionName: region.name, tier: .primary,
          host: "127.0.0.\(index + 1)", port: 80, protocol: .http1)
      })
    let store = CacheStore(keys: nil, tableKey: (1, 2))
    snapshot = Snapshot(
      policy: made, topology: topology, classifier: Classifier(), directory: nil, locations: nil,
      trustedProxies: [], listeners: [], originContexts: [nil, nil], healthTarget: "/health",
      limits: ProxyLimits(), timeouts: Timeouts(),
      cache: CacheSetting(store: store, region: region))
    var board = HealthBoard(
      topology: topology, limits: OriginLimits(), at: Instant(nanoseconds: 1), seed: 1)
    let first = board.takeSnapshot()
    health = try #require(first)
  }

  /// Decides `METHOD target`.
  func decide(_ request: String, _ fields: [(String, String)] = []) -> JudgedRequest {
    var head = RequestHead(request)
    for (name, value) in fields { head.fields.add(name, value) }
    var judged = JudgedRequest(head: head, client: ClientFacts(place: "US-AZ"))
    var decider = Decider(seed: 1)
    judged.decide(
      by: &decider, snapshot: snapshot, health: health,
      loads: EndpointLoads(
        topology: snapshot.topology, limits: OriginLimits(), at: Instant(nanoseconds: 1)),
      now: Instant(nanoseconds: 2), time: WallTime(microseconds: 1_795_323_600_000_000))
    return judged
  }
}

@Suite struct CacheRulingTests {
  @Test(
    arguments: [
      "GET /fhir/ValueSet/1", "HEAD /fhir/ValueSet/1", "GET /fhir/ValueSet/1/_history/2",
      "GET /fhir/ValueSet?name=a", "GET /fhir/ValueSet/1/$expand?filter=a", "GET /fhir/metadata",
      "GET /fhir/PractitionerRole?_include=PractitionerRole:location",
    ])
  func whatTheMatrixKeepsHasARuling(_ request: String) throws {
    let edge = try Edge()
    let judged = edge.decide(request)
    let found = judged.cacheRuling(edge.snapshot)
    let ruling = try #require(found)
    #expect(ruling.row.number == 1 && ruling.dataClass == .reference)
    #expect(ruling.mayServe && ruling.mayStore && ruling.stalenessMillisecondsMax == 600_000)
    let west = try #require(edge.snapshot.cacheRegion(of: RegionID(0)))
    let east = try #require(edge.snapshot.cacheRegion(of: RegionID(1)))
    #expect(ruling.sourceRegions.contains(west) && !ruling.sourceRegions.contains(east))
  }

  @Test(
    arguments: [
      // Another method, another class, a history, a posted operation.
      "PUT /fhir/ValueSet/1", "OPTIONS /fhir/ValueSet/1", "GET /fhir/Patient/p1",
      "GET /fhir/ValueSet/1/_history", "POST /fhir/ValueSet/$expand",
      // A parameter that nobody knows, a page, a join of patients.
      "GET /fhir/ValueSet?unheard-of=1", "GET /fhir?_getpages=abc",
      "GET /fhir/Practitioner?_revinclude=Observation:performer",
      // A row for edges of another region.
      "GET /app/a.js",
    ])
  func nothingElseHas(_ request: String) throws {
    let edge = try Edge()
    let judged = edge.decide(request)
    let isRuled = judged.cacheRuling(edge.snapshot) != nil
    #expect(!isRuled)
  }

  @Test func anEdgeElsewhereHasNone() throws {
    let edge = try Edge(standing: "east")
    let judged = edge.decide("GET /fhir/ValueSet/1")
    let isRuled = judged.cacheRuling(edge.snapshot) != nil
    #expect(!isRuled)
    #expect(try Edge(standing: "nowhere").snapshot.cachePlan == nil)
  }

  @Test func aRowIsWhatThePolicySays() throws {
    let edge = try Edge()
    let plan = try #require(edge.snapshot.cachePlan)
    let rules = try #require(plan.rows[0]).row.rules
    #expect(rules.ttlMilliseconds == 3_600_000 && rules.jitterPercent == 10)
    #expect(rules.keyParts == [.role] && rules.seal == .region)
    #expect(rules.readerRoles == [.nurse] && rules.readerPurposes == nil)
    #expect(rules.staleIfErrorMilliseconds == 120_000)
    #expect(rules.staleWhileRevalidateMilliseconds == 0)
    #expect(rules.invalidations == [.write, .policy, .failover])
    #expect(rules.query == .sorted && plan.rows[2] == nil)
    #expect(plan.rowFingerprints.count == 2)
  }

  @Test(
    arguments: [
      ("x-unheard-of", "1", true), ("x-forwarded-host", "evil", true), ("date", "now", true),
      ("user-agent", "a", false), ("referer", "https://a", false),
      ("sec-fetch-mode", "cors", false), ("sec-gpc", "1", false),
      ("sec-ch-dpr", "2", false), ("sec-ch-ua-bitness", "64", false),
      ("sec-ch-ua-model", "a", false), ("save-data", "on", true), ("x-odd-7", "1", true),
      ("accept-language", "de", false), ("if-none-match", "\"a\"", false),
      ("cookie", "a=b", false), ("traceparent", "00", false),
    ])
  func fieldsThatAreNotKnownPassTheCacheBy(name: String, value: String, isUnkeyed: Bool) throws {
    let edge = try Edge()
    let judged = edge.decide("GET /fhir/ValueSet/1", [(name, value)])
    let isFound = judged.hasUnkeyedField
    #expect(isFound == isUnkeyed)
  }

  @Test func aFillAsksAsNobodyInParticular() throws {
    let edge = try Edge()
    var judged = edge.decide(
      "GET /fhir/ValueSet/1",
      [
        ("accept", "application/fhir+json"), ("authorization", "Bearer a"),
        ("user-agent", "evil"), ("referer", "evil"), ("via", "1.1 evil"),
        ("x-request-id", "evil"), ("tracestate", "evil"), ("sec-fetch-site", "evil"),
        ("content-type", "evil"),
      ])
    _ = judged.prepareRequest(
      peer: try #require(IPAddress("192.0.2.7")), isPeerTrusted: false, received: .http11,
      limits: HTTPLimits())
    judged.dropUnkeyedFields(isOneUsers: false)
    let fields = judged.head.fields
    #expect(fields.lines.allSatisfy { fields.value($0) != "evil" })
    #expect(fields.values(named: "via") == ["1.1 homeward"])
    #expect(fields.values(named: "accept") == ["application/fhir+json"])
    #expect(fields.values(named: "authorization") == ["Bearer a"])
    #expect(fields.lines.allSatisfy { !fields.value($0).contains("192.0.2.7") })
    #expect(fields.values(named: "forwarded").count == 1)
  }
}

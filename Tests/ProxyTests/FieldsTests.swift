import Base
import HTTP
import Origins
import Proxy
import Testing

private let vitals = "GET /fhir/Observation?patient=az1&category=vital-signs"

@Suite struct ResponseFieldsTests {
  /// The head that the client gets from choice `index`, of an origin that sent `lines`.
  private func prepared(
    _ world: World, _ decision: Decision, choice index: Int = 0, status: UInt16 = 200,
    _ lines: [(String, String)] = []
  ) -> ResponseHead {
    var head = ResponseHead(status: status)
    for (name, value) in lines { head.fields.add(name, value) }
    decision.prepareResponse(
      &head, choice: index, snapshot: world.snapshot)
    return head
  }

  @Test func aReplicaSaysHowFreshItIs() throws {
    let world = try World()
    let decision = world.decide(vitals, from: "US-AZ")
    let fields = prepared(world, decision).fields
    #expect(fields.values(named: "ehr-region") == ["us-west"])
    #expect(fields.values(named: "ehr-decision-id") == ["\(decision.id)"])
    #expect(fields.values(named: "ehr-policy") == ["clinical-routing;version=2;rule=R-11"])
    // Two seconds behind when it reported, and the report is half a second old.
    #expect(
      fields.values(named: "ehr-freshness")
        == ["source=replica;lag=2.500s;as-of=2026-11-22T04:59:57.500Z;bound=10.000s"])
    #expect(
      fields.values(named: "proxy-status") == [
        "homeward; next-hop=\"us-west-r1\"; next-protocol=\"http/1.1\"; received-status=200"
      ])
  }

  @Test func aPrimaryIsTheSource() throws {
    let world = try World()
    let fields = prepared(world, world.decide(vitals, from: "US-AZ"), choice: 1, status: 404)
      .fields
    #expect(fields.values(named: "ehr-region") == ["us-west"])
    #expect(fields.values(named: "ehr-freshness") == ["source=primary"])
    #expect(
      fields.values(named: "proxy-status") == [
        "homeward; next-hop=\"us-west-p\"; next-protocol=\"h2\"; received-status=404"
      ])
  }

  @Test func aStaleAnswerLooksStale() throws {
    let world = try World()
    let fields = prepared(world, world.decide(vitals, from: "US-AZ"), choice: 2).fields
    #expect(fields.values(named: "ehr-region") == ["us-central"])
    #expect(
      fields.values(named: "ehr-freshness")
        == ["source=replica;lag=5.500s;as-of=2026-11-22T04:59:54.500Z;bound=60.000s;stale"])
  }

  /// What an origin says in the edge's name is not believed.
  @Test func spoofedFieldsAreGone() throws {
    let world = try World()
    let decision = world.decide(vitals, from: "US-AZ")
    let head = prepared(
      world, decision,
      [
        ("ehr-region", "us-moon"), ("ehr-decision-id", "0"), ("ehr-policy", "none"),
        ("ehr-freshness", "source=primary"), ("ehr-anything", "x"), ("ehr-position", "12"),
        ("alt-svc", "h3=\":443\""), ("connection", "close, x-private"), ("x-private", "1"),
        ("keep-alive", "timeout=5"), ("content-type", "application/fhir+json"), ("etag", "\"1\""),
      ])
    #expect(
      head.fields.names == [
        "content-type", "ehr-decision-id", "ehr-freshness", "ehr-policy", "ehr-position",
        "ehr-region", "etag", "proxy-status", "via",
      ])
    #expect(head.fields.values(named: "ehr-region") == ["us-west"])
    #expect(head.fields.values(named: "ehr-decision-id") == ["\(decision.id)"])
  }
}

@Suite struct RequestFieldsTests {
  /// The head that the origin gets, or the refusal.
  private func prepared(
    _ lines: [(String, String)], isPeerTrusted: Bool = false
  ) throws -> (head: RequestHead, decision: Decision, refusal: Refusal?) {
    var head = RequestHead(vitals)
    for (name, value) in lines { head.fields.add(name, value) }
    let decision = try World().decide(vitals, from: "US-AZ")
    let refusal = decision.prepareRequest(
      &head, peer: IPAddress(ipv4: 0xC633_6407), isPeerTrusted: isPeerTrusted,
      received: .http2, limits: HTTPLimits())
    return (head, decision, refusal)
  }

  @Test func theOriginLearnsWhoAsksAndByWhichDecision() throws {
    let (head, decision, refusal) = try prepared([("accept", "application/fhir+json")])
    #expect(refusal == nil)
    let fields = head.fields
    #expect(
      fields.values(named: "forwarded") == ["for=198.51.100.7;proto=https;host=ehr.example"])
    #expect(fields.values(named: "via") == ["2 homeward"])
    #expect(fields.values(named: "x-request-id") == ["\(decision.id)"])
    let trace = try #require(fields.values(named: "traceparent").first)
    #expect(trace.hasPrefix("00-\(decision.id)-"))
    #expect(fields.values(named: "accept") == ["application/fhir+json"])
  }

  /// What clients claim about themselves is not believed, nor handed on.
  @Test func spoofedFieldsAreGone() throws {
    let spoofed = [
      "ehr-region", "ehr-decision-id", "ehr-anything", "x-fhir-dsid", "x-fhir-tenant-id",
      "x-consent-scope", "x-original-url", "x-http-method-override", "x-authority-epoch",
      "x-real-ip", "x-forwarded-port", "x-forwarded-user", "keep-alive", "proxy-authorization",
    ]
    let (head, _, _) = try prepared(
      spoofed.map { ($0, "zz") } + [
        ("forwarded", "for=10.0.0.1"), ("x-forwarded-for", "10.0.0.1"),
        ("x-forwarded-host", "zz"), ("x-forwarded-proto", "zz"), ("connection", "x-mine"),
        ("x-mine", "1"), ("if-none-match", "\"1\""),
      ])
    for name in spoofed + ["connection", "x-mine"] {
      #expect(head.fields.values(named: name) == [], "\(name)")
    }
    #expect(head.fields.values(named: "x-forwarded-for") == ["198.51.100.7"])
    #expect(head.fields.values(named: "x-forwarded-host") == ["ehr.example"])
    #expect(head.fields.values(named: "x-forwarded-proto") == ["https"])
    #expect(head.fields.values(named: "if-none-match") == ["\"1\""])
  }

  @Test func aTrustedProxysChainGoesOn() throws {
    let (head, _, _) = try prepared([("x-forwarded-for", "10.0.0.1")], isPeerTrusted: true)
    #expect(head.fields.values(named: "x-forwarded-for") == ["10.0.0.1, 198.51.100.7"])
  }

  @Test func loopsAndOversizedOptionsAreRefused() throws {
    let vias = (0...HTTPLimits().viaLoopsMax).map { _ in ("via", "2 homeward") }
    #expect(try prepared(vias).refusal == .loop)
    #expect(try prepared(Array(vias.dropLast())).refusal == nil)
    let options = (0...HTTPLimits().connectionOptionsMax).map { "x-\($0)" }
    #expect(try prepared([("connection", options.joined(separator: ","))]).refusal == .invalid)
  }
}

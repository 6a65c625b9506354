import Base
import Foundation
import HTTP
import Proxy
import Testing

/// What each refusal must look like: status, FHIR's issue type, RFC 9209's error, Retry-After.
private let faces: [(Refusal, UInt16, String, String, String?)] = [
  (.forbidden, 403, "forbidden", "http_request_denied", nil),
  (.noRule, 403, "forbidden", "http_request_denied", nil),
  (.homeUnknown, 503, "transient", "destination_not_found", "30"),
  (.unavailable, 503, "transient", "destination_unavailable", "2"),
  (.authorityMoving, 503, "transient", "destination_unavailable", "2"),
  (.authorityStopped, 503, "transient", "destination_unavailable", "30"),
  (.lostTail, 409, "conflict", "http_request_denied", nil),
  (.auditUnavailable, 503, "transient", "proxy_internal_error", "1"),
  (.overloaded, 503, "transient", "connection_limit_reached", "1"),
  (.classLimit, 503, "transient", "connection_limit_reached", "5"),
  (.invalid, 400, "invalid", "http_request_error", nil),
  (.malformed, 400, "structure", "http_request_error", nil),
  (.targetNotCanonical, 400, "value", "http_request_error", nil),
  (.targetTooLong, 414, "too-long", "http_request_error", nil),
  (.fieldsTooLarge, 431, "too-long", "http_request_error", nil),
  (.methodRefused, 501, "not-supported", "http_request_error", nil),
  (.tunnelRefused, 405, "not-supported", "http_request_error", nil),
  (.expectationRefused, 417, "not-supported", "http_request_error", nil),
  (.codingRefused, 501, "not-supported", "http_request_error", nil),
  (.versionRefused, 505, "not-supported", "http_request_error", nil),
  (.requestTimeout, 408, "timeout", "http_request_error", nil),
  (.severalPatients, 422, "business-rule", "http_request_error", nil),
  (.bodyIncomplete, 400, "structure", "http_request_error", nil),
  (.answerWithheld, 403, "suppressed", "http_request_denied", nil),
  (.loop, 508, "processing", "proxy_loop_detected", nil),
  (.unauthenticated, 401, "login", "http_request_denied", nil),
  (.stepUpRequired, 401, "login", "http_request_denied", nil),
  (.reasonRequired, 403, "required", "http_request_denied", nil),
  (.purposeNotGranted, 403, "forbidden", "http_request_denied", nil),
  (.identityUnavailable, 503, "transient", "proxy_internal_error", "1"),
  (.obligationUnmet, 501, "not-supported", "proxy_configuration_error", nil),
  (.originConnect, 503, "transient", "connection_refused", "2"),
  (.originTimeout, 504, "timeout", "http_response_timeout", "2"),
  (.originReset, 502, "exception", "connection_terminated", "2"),
  (.originMalformed, 502, "exception", "http_protocol_error", nil),
  (.notStored, 504, "not-found", "proxy_internal_response", nil),
]

/// A search whose every part must stay out of the answer.
private let secret = "GET /fhir/Observation?patient=az1&category=vital-signs&code=zz-secret-zz"

/// The body as a JSON object.
private func object(_ answer: LocalAnswer) throws -> [String: Any] {
  let parsed = try JSONSerialization.jsonObject(with: Data(answer.body))
  return try #require(parsed as? [String: Any])
}

@Suite struct AnswersTests {
  @Test func everyRefusalHasAFace() {
    #expect(faces.map(\.0) == Refusal.allCases)
  }

  @Test(arguments: faces.indices)
  func fhirClientsGetAnOperationOutcome(_ index: Int) throws {
    let (refusal, status, issueType, error, retryAfter) = faces[index]
    let world = try World()
    let decision = world.decide(secret, from: "US-AZ")
    let answer = decision.localAnswer(
      refusal, head: .init(secret), snapshot: world.snapshot, time: world.time)
    #expect(answer.head.status == status)
    #expect(answer.head.contentLength == UInt64(answer.body.count))
    let fields = answer.head.fields
    #expect(fields.values(named: "content-type") == ["application/fhir+json"])
    #expect(fields.values(named: "cache-control") == ["no-store"])
    #expect(fields.values(named: "retry-after") == (retryAfter.map { [$0] } ?? []))
    #expect(
      fields.values(named: "proxy-status")
        == ["homeward; error=\(error); details=\"\(refusal.rawValue)\""])
    #expect(fields.values(named: "ehr-region") == ["none"])
    #expect(fields.values(named: "ehr-freshness") == ["source=none"])
    #expect(fields.values(named: "date").map(\.count) == [29])
    #expect((fields.values(named: "allow") != []) == (status == 405))
    #expect(fields.values(named: "ehr-decision-id") == ["\(decision.id)"])
    #expect(fields.values(named: "ehr-policy") == ["clinical-routing;version=2;rule=R-11"])
    #expect(fields.values(named: "content-length") == [])

    let outcome = try object(answer)
    #expect(outcome["resourceType"] as? String == "OperationOutcome")
    let issues = try #require(outcome["issue"] as? [[String: Any]])
    #expect(issues.count == 1)
    #expect(issues[0]["severity"] as? String == "error")
    #expect(issues[0]["code"] as? String == issueType)
    let details = try #require(issues[0]["details"] as? [String: Any])
    let coding = try #require(details["coding"] as? [[String: String]])
    #expect(coding == [["code": refusal.rawValue]])
    #expect((details["text"] as? String)?.isEmpty == false)
    #expect(
      issues[0]["diagnostics"] as? String
        == "decision \(decision.id), policy clinical-routing 2, rule R-11")
  }

  @Test(arguments: faces.indices)
  func othersGetAProblem(_ index: Int) throws {
    let (refusal, status, _, _, _) = faces[index]
    let world = try World()
    let decision = world.decide("GET /portal/az1", from: "US-AZ")
    let answer = decision.localAnswer(
      refusal, head: .init("GET /portal/az1"), snapshot: world.snapshot, time: world.time)
    #expect(answer.head.fields.values(named: "content-type") == ["application/problem+json"])
    let problem = try object(answer)
    #expect(problem["type"] as? String == "about:blank")
    #expect(problem["status"] as? Int == Int(status))
    #expect(problem["title"] as? String == refusal.rawValue)
    #expect((problem["detail"] as? String)?.isEmpty == false)
    #expect(problem["instance"] as? String == "urn:homeward:decision:\(decision.id)")
  }

  @Test func aClientThatAcceptsFHIRGetsItEverywhere() throws {
    let world = try World()
    var head = RequestHead("GET /portal")
    head.fields.add("accept", "text/html, application/fhir+json;q=0.9")
    let decision = world.decide("GET /portal", from: "US-AZ")
    let answer = decision.localAnswer(
      .noRule, head: head, snapshot: world.snapshot, time: world.time)
    #expect(answer.head.fields.values(named: "content-type") == ["application/fhir+json"])
  }

  /// Bodies are cached, logged and mailed around: nothing of the request may stand in them.
  @Test(
    arguments: [
      secret, "GET /fhir/Condition/az1.zz-secret-zz", "GET /portal/az1/zz-secret-zz",
      "GET /fhir/Observation?subject=az1&performer=Patient/ny1&code=zz-secret-zz",
      "GET /fhir/Observation?patient=az1%2F%41zz-secret-zz", "zz-secret-zz /fhir/Patient/az1",
    ])
  func nothingOfTheRequestIsRepeated(_ request: String) throws {
    let world = try World()
    for refusal in Refusal.allCases {
      var head = RequestHead(request)
      head.fields.add("x-request-id", "zz-secret-zz")
      let decision = world.decide(request, from: "US-AZ")
      let answer = decision.localAnswer(
        refusal, head: head, snapshot: world.snapshot, time: world.time)
      var text = String(decoding: answer.body, as: UTF8.self)
      for name in answer.head.fields.names {
        text += answer.head.fields.values(named: name).joined(separator: "\n")
      }
      // The decision's own digits may spell anything.
      text = text.replacing("\(decision.id)", with: "")
      for word in ["az1", "ny1", "secret", "portal", "Observation", "US-AZ", "198.51.100.7"] {
        #expect(!text.contains(word), "\(refusal): \(word)")
      }
    }
  }

  /// A rule that forbids speaks for itself; other refusals say what the edge could not do.
  @Test func theRulesOwnWordsAreTold() throws {
    let world = try World()
    let request = "GET /fhir/Condition/pt2.4"
    let decision = world.decide(request, from: "US-AZ")
    func text(_ refusal: Refusal) throws -> String? {
      let answer = decision.localAnswer(
        refusal, head: .init(request), snapshot: world.snapshot, time: world.time)
      let issues = try #require(try object(answer)["issue"] as? [[String: Any]])
      return (issues[0]["details"] as? [String: Any])?["text"] as? String
    }
    #expect(
      try text(.forbidden)
        == "Substance-use records are refused to users outside the home region (42 CFR Part 2)")
    #expect(try text(.originTimeout) == "the server did not answer in time")
  }

  @Test func aRequestRefusedBeforeThePolicySaysWhy() throws {
    let world = try World()
    let request = "GET /fhir/Observation?patient=%41"
    let decision = world.decide(request, from: "US-AZ")
    #expect(decision.refusal == .invalid)
    let answer = decision.localAnswer(
      .invalid, head: .init(request), snapshot: world.snapshot, time: world.time)
    #expect(answer.head.fields.values(named: "ehr-policy") == ["clinical-routing;version=2"])
    let issues = try #require(try object(answer)["issue"] as? [[String: Any]])
    #expect(
      issues[0]["diagnostics"] as? String
        == "decision \(decision.id), policy clinical-routing 2, malformed-id")
  }

  /// What a codec could not hand on is decided without a fact, and told to a FHIR client unless it
  /// says that it takes no such answer.
  @Test(
    arguments: [
      (nil, true), ("application/fhir+json", true), ("*/*", true), ("text/html, */*;q=0.1", true),
      ("text/html", false), ("application/problem+json", false),
    ] as [(String?, Bool)])
  func anUnreadRequestIsAnsweredInFHIR(_ accept: String?, _ isFHIR: Bool) throws {
    let world = try World()
    var decider = Decider(seed: 1)
    for fault in RequestFault.allCases {
      var decision = Decision(client: ClientFacts(place: "US-AZ"))
      decider.refuse(fault, time: world.time, into: &decision)
      let refusal = try #require(decision.refusal)
      var head = RequestHead()
      if let accept { head.fields.add("accept", accept) }
      let answer = decision.localAnswer(
        refusal, head: head, snapshot: world.snapshot, time: world.time)
      #expect(answer.head.status == refusal.status && refusal.status >= 400)
      let type = isFHIR ? "application/fhir+json" : "application/problem+json"
      #expect(answer.head.fields.values(named: "content-type") == [type])
      #expect(answer.head.fields.values(named: "ehr-policy") == ["clinical-routing;version=2"])
      #expect(try object(answer)["resourceType"] as? String == (isFHIR ? "OperationOutcome" : nil))
    }
  }

  @Test func everyFaultHasItsOwnRefusal() {
    let refusals = RequestFault.allCases.map { Refusal($0) }
    #expect(Set(refusals).count == RequestFault.allCases.count)
  }
}

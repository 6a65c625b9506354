import Base
import Clinical
import HTTP
import Identity
import Policy
import Testing

@testable import Proxy

/// A request with a body, and what must come of it.
private struct Row: Sendable, CustomTestStringConvertible {
  let request: String
  var type = "application/fhir+json"
  let body: String
  /// Endpoints, or the refusal, as `World.describe` words them.
  let expected: String
  var ambiguity: String?
  var testDescription: String { "\(request) \(body.prefix(60))" }
}

private func condition(_ patient: String, _ more: String = "") -> String {
  #"{"resourceType":"Condition","subject":{"reference":"Patient/\#(patient)"}\#(more)}"#
}

private func bundle(_ type: String, _ urls: String...) -> String {
  let entries = urls.map { #"{"request":{"method":"GET","url":"\#($0)"}}"# }
  return
    #"{"resourceType":"Bundle","type":"\#(type)","entry":[\#(entries.joined(separator: ","))]}"#
}

private let table: [Row] = [
  Row(
    request: "POST /fhir/Condition", body: condition("ny1"), expected: "us-east-p"),
  Row(
    request: "POST /fhir/Condition", body: condition("nobody"), expected: "forbidden"),
  Row(
    request: "PUT /fhir/Condition/ny1.7", body: condition("ny1"), expected: "us-east-p"),
  Row(
    request: "PUT /fhir/Condition/ny1.7", body: condition("az1"), expected: "invalid"),
  Row(
    request: "POST /fhir/Condition", type: "application/fhir+xml", body: "<Condition/>",
    expected: "forbidden", ambiguity: "unreadable-body"),
  Row(
    request: "POST /fhir/Condition", body: #"{"resourceType":"Condition""#, expected: "invalid"),
  Row(
    request: "POST /fhir/Observation/_search", type: "application/x-www-form-urlencoded",
    body: "patient=az1&category=vital-signs",
    expected: "us-west-r1, us-west-p, us-central-r1 stale"),
  Row(
    request: "POST /fhir/Observation/_search?patient=ny1",
    type: "application/x-www-form-urlencoded", body: "patient=az1", expected: "several-patients"),
  Row(
    request: "POST /fhir", body: bundle("batch", "Patient/az1", "Patient/ca1"),
    expected: "us-west-p"),
  Row(
    request: "POST /fhir", body: bundle("batch", "Patient/az1", "Patient/ny1"),
    expected: "several-patients"),
  Row(
    request: "POST /fhir", body: bundle("transaction", "Patient/az1", "Patient/ny1"),
    expected: "several-patients"),
  Row(
    request: "POST /fhir", body: bundle("batch", "Patient/az1", "Patient/az0"),
    expected: "us-west-p"),
  Row(
    request: "POST /fhir", body: bundle("batch", "Patient/az1", "Patient/a%2fb"),
    expected: "invalid"),
  Row(
    request: "POST /fhir", body: bundle("batch", "Patient/az1", "Patient/nobody"),
    expected: "forbidden"),
]

extension World {
  /// Decides a request with a body that comes in pieces of so many bytes.
  fileprivate func decide(
    _ request: String, type: String, body: String, pieces: Int, from place: String = "US-AZ"
  ) -> JudgedRequest {
    var judged = hold(request, type: type)
    if let gate = judged.holdBody(snapshot, isEnd: body.isEmpty) {
      let bytes = Array(body.utf8)
      var start = 0
      var step = BodyGate.Step.more
      while start < bytes.count, step == .more {
        let end = min(start + pieces, bytes.count)
        step = unsafe bytes[start..<end].withUnsafeBytes { unsafe gate.received($0) }
        start = end
      }
      judged.decision.body = gate.judged(snapshot)
    }
    decide(&judged)
    return judged
  }

  /// A request whose body has not come.
  fileprivate func hold(_ request: String, type: String) -> JudgedRequest {
    var head = RequestHead(request)
    head.fields.add("content-type", type)
    return JudgedRequest(head: head, client: ClientFacts(place: "US-AZ"))
  }

  /// Decides a request that was judged.
  fileprivate func decide(_ judged: inout JudgedRequest) {
    var decider = Decider(seed: 1)
    judged.decide(
      by: &decider, snapshot: snapshot, health: health, loads: loads, now: now, time: time)
  }
}

/// Requests whose body decides, piece by piece.
@Suite struct BodyGateTests {
  @Test(arguments: table, [1, 7, 10_000])
  private func aBodyDecides(_ row: Row, pieces: Int) throws {
    let world = try World()
    let judged = world.decide(row.request, type: row.type, body: row.body, pieces: pieces)
    #expect(world.describe(judged.decision) == row.expected)
    if let ambiguity = row.ambiguity {
      #expect("\(judged.decision.classification.ambiguity.word)" == ambiguity)
    }
  }

  /// A method without a body that decides is not looked at.
  @Test(arguments: ["GET /fhir/Patient/az1", "DELETE /fhir/Condition/az1.7"])
  func othersAreDecidedAtOnce(_ request: String) throws {
    let judged = try World().hold(request, type: "application/fhir+json")
    let mayNeedBody = judged.mayNeedBody
    #expect(!mayNeedBody)
  }

  /// Nobody reads the bodies of those who may not ask.
  @Test func whoProvedNothingIsNotRead() throws {
    let world = try World()
    var judged = world.hold("POST /fhir/Condition", type: "application/fhir+json")
    judged.decision.identification = .refused(.signature)
    let gate = judged.holdBody(world.snapshot, isEnd: false)
    let body = judged.decision.body
    #expect(gate == nil && body == nil)
  }

  /// A body that never ends leaves a decision that says why.
  @Test(arguments: [Refusal.bodyIncomplete, .requestTimeout, .overloaded, .malformed])
  func aBodyWithoutAnEndIsRefused(_ refusal: Refusal) throws {
    let world = try World()
    var judged = world.hold("POST /fhir/Condition", type: "application/fhir+json")
    let found = judged.holdBody(world.snapshot, isEnd: false)
    let gate = try #require(found)
    let step = unsafe Array("{".utf8).withUnsafeBytes { unsafe gate.received($0) }
    #expect(step == .more)
    judged.decision.body = gate.refused(refusal)
    world.decide(&judged)
    #expect(judged.decision.refusal == refusal)
    #expect(judged.decision.plan == nil)
  }

  /// The first entry that must be refused ends the reading.
  @Test func aPoisonedEntryIsNotReadOn() throws {
    let world = try World()
    var judged = world.hold("POST /fhir", type: "application/fhir+json")
    let found = judged.holdBody(world.snapshot, isEnd: false)
    let gate = try #require(found)
    let text = bundle("batch", "Patient/az1", "Patient/a%2fb").dropLast(2)
    let step = unsafe Array(text.utf8).withUnsafeBytes { unsafe gate.received($0) }
    #expect(step == .judge)
    let body = gate.judged(world.snapshot)
    #expect(body.refusedEntry == 1)
  }

  /// A long document is judged by its beginning, and its end must agree.
  @Test(
    arguments: [
      ("", true), (#","note":[{"text":"n"}]"#, true),
      (#","subject":{"reference":"Patient/az1"}"#, false),
      (#","encounter":{"reference":"Patient/az1"}"#, false), (#","x":"#, false),
    ])
  func aLongDocumentMustAgreeWithItsBeginning(_ more: String, _ isAgreed: Bool) throws {
    let world = try World()
    var judged = world.hold("POST /fhir/Condition", type: "application/fhir+json")
    let found = judged.holdBody(world.snapshot, isEnd: false)
    let gate = try #require(found)
    let long = String(repeating: "n", count: ClinicalLimits.resourceBytesMax)
    let text = Array((condition("ny1", #","text":""# + long).dropLast()).utf8)
    let step = unsafe text.withUnsafeBytes { unsafe gate.received($0) }
    #expect(step == .judge)
    judged.decision.body = gate.judged(world.snapshot)
    #expect(gate.isProvisional)
    world.decide(&judged)
    #expect(world.describe(judged.decision) == "us-east-p")
    let rest = Array((#"""# + more + "}").utf8)
    let isSound = unsafe rest.withUnsafeBytes { unsafe gate.rest($0) }
    #expect((isSound && judged.isConfirmed(by: gate, choice: 0, world.snapshot)) == isAgreed)
  }

  /// A long document that does not begin with its subject is not guessed.
  @Test func aLongDocumentWithoutABeginning() throws {
    let world = try World()
    var judged = world.hold("POST /fhir/Condition", type: "application/fhir+json")
    let found = judged.holdBody(world.snapshot, isEnd: false)
    let gate = try #require(found)
    let long = String(repeating: "n", count: ClinicalLimits.resourceBytesMax + 1)
    let text = Array((#"{"resourceType":"Condition","text":""# + long).utf8)
    let step = unsafe text.withUnsafeBytes { unsafe gate.received($0) }
    #expect(step == .judge)
    judged.decision.body = gate.judged(world.snapshot)
    #expect(!gate.isProvisional)
    world.decide(&judged)
    #expect(judged.decision.refusal == .forbidden)
    #expect("\(judged.decision.classification.ambiguity.word)" == "large-body")
  }

  /// A batch that only reads may be sent again like any read.
  @Test(arguments: [("batch", Method.get), ("transaction", .post)])
  func aBatchOfReadsIsARead(_ type: String, _ method: Method) throws {
    let world = try World()
    let judged = world.decide(
      "POST /fhir", type: "application/fhir+json", body: bundle(type, "Patient/az1"),
      pieces: 9_999)
    #expect(judged.machineRequest.method == method)
  }
}

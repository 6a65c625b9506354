import Base
import Clinical
import HTTP
import Policy
import Testing

@testable import Proxy

private let plain = #"{"resourceType":"Condition","id":"c"}"#
private let labelled = """
  {"resourceType":"Condition","meta":{"security":[
  {"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"SEX"}]},"note":"s"}
  """

private func answer(_ type: String?, status: UInt16 = 200, coding: String? = nil) -> ResponseHead {
  var head = ResponseHead(status: status)
  if let type { head.fields.add("content-type", type) }
  if let coding { head.fields.add("content-encoding", coding) }
  return head
}

extension World {
  /// A read that was decided.
  fileprivate func judged(_ request: String, from place: String) -> JudgedRequest {
    var judged = JudgedRequest(head: RequestHead(request), client: ClientFacts(place: place))
    var decider = Decider(seed: 1)
    judged.decide(
      by: &decider, snapshot: snapshot, health: health, loads: loads, now: now, time: time)
    judged.planLabels(snapshot)
    return judged
  }
}

extension LabelGate {
  /// Feeds an answer in pieces of so many bytes, then its end; the steps without repetitions.
  fileprivate func steps(
    _ body: String, pieces: Int, permits: (LabelFinding) -> Bool
  ) -> [Step] {
    let bytes = Array(body.utf8)
    var steps: [Step] = []
    for start in stride(from: 0, to: bytes.count, by: pieces) {
      let end = min(start + pieces, bytes.count)
      let step = unsafe bytes[start..<end].withUnsafeBytes { unsafe received($0, permits: permits) }
      if steps.last != step { steps.append(step) }
      if step == .stop { return steps }
    }
    let last = ended(permits: permits)
    if steps.last != last { steps.append(last) }
    return steps
  }
}

/// Answers that are read before they go to the client.
@Suite struct LabelGateTests {
  /// Only what could turn out to be something else is read at all.
  @Test(
    arguments: [
      ("GET /fhir/Condition/ca1.7", "US-TX", true), ("GET /fhir/Patient/ca1", "US-TX", false),
      ("GET /fhir/Observation?patient=ca1&category=vital-signs", "US-TX", false),
      ("GET /fhir/ValueSet/v", "US-TX", false), ("GET /fhir/metadata", "US-TX", false),
    ])
  func onlySomeAnswersAreRead(_ request: String, _ place: String, _ isRead: Bool) throws {
    let world = try World()
    let judged = world.judged(request, from: place)
    #expect(judged.decision.refusal == nil)
    #expect(judged.decision.judgesAnswer == isRead)
    let gate = judged.labelGate(answer("application/fhir+json"), world.snapshot)
    #expect((gate != nil) == isRead)
  }

  /// What tells nothing about a patient is not held.
  @Test(arguments: [UInt16(304), 404, 410, 500, 503])
  func failuresAreNotRead(_ status: UInt16) throws {
    let world = try World()
    let judged = world.judged("GET /fhir/Condition/ca1.7", from: "US-TX")
    let gate = judged.labelGate(answer(nil, status: status), world.snapshot)
    #expect(gate == nil)
  }

  @Test(arguments: [1, 5, 10_000])
  func aPlainAnswerIsHeldUntilItsEnd(pieces: Int) throws {
    let world = try World()
    let judged = world.judged("GET /fhir/Condition/ca1.7", from: "US-TX")
    let found = judged.labelGate(answer("application/fhir+json"), world.snapshot)
    let gate = try #require(found)
    #expect(gate.steps(plain, pieces: pieces) { _ in false } == [.hold, .pass])
    #expect(gate.finding == nil)
  }

  @Test(arguments: [1, 5, 10_000])
  func aLabelStopsWhatPolicyDoesNotPermit(pieces: Int) throws {
    let world = try World()
    var judged = world.judged("GET /fhir/Condition/ca1.7", from: "US-TX")
    let found = judged.labelGate(answer("application/fhir+json"), world.snapshot)
    let gate = try #require(found)
    let steps = gate.steps(labelled, pieces: pieces) {
      judged.permits($0, choice: 0, world.snapshot)
    }
    #expect(steps.last == .stop)
    let finding = try #require(gate.finding)
    #expect(finding.dataClass == .reproductiveHealth)
    let first = judged.decision.id
    var decider = Decider(seed: 2)
    judged.reconsider(
      finding, mayAskAgain: true, by: &decider, snapshot: world.snapshot, health: world.health,
      loads: world.loads, now: world.now, time: world.time)
    #expect(judged.decision.refusal == .forbidden)
    #expect(world.rule(judged.decision) == "D-4")
    #expect(judged.decision.id != first)
    #expect("\(judged.decision.classification.ambiguity.word)" == "labelled")
  }

  /// From where policy permits it, the answer comes from where policy wants it.
  @Test(arguments: [(true, "us-west-p"), (false, "answer-withheld")])
  func aReadIsAskedForElsewhere(_ mayAskAgain: Bool, _ expected: String) throws {
    let world = try World()
    var judged = world.judged("GET /fhir/Condition/ca1.7", from: "US-CA")
    #expect(world.describe(judged.decision) == "us-west-r1, us-west-p")
    let finding = LabelFinding(
      dataClass: .reproductiveHealth, sensitivity: .restricted, isReadable: true)
    let isPermitted = [0, 1].map { judged.permits(finding, choice: $0, world.snapshot) }
    #expect(isPermitted == [false, true])
    var decider = Decider(seed: 2)
    judged.reconsider(
      finding, mayAskAgain: mayAskAgain, by: &decider, snapshot: world.snapshot,
      health: world.health, loads: world.loads, now: world.now, time: world.time)
    #expect(world.describe(judged.decision) == expected)
  }

  /// What cannot be read may hold anything.
  @Test(
    arguments: [
      (answer("application/fhir+xml"), plain), (answer(nil), plain),
      (answer("application/fhir+json", coding: "gzip"), plain),
      (answer("application/fhir+json"), "{"), (answer("application/fhir+json"), plain + "}"),
    ])
  func whatCannotBeReadCountsAsMixed(_ head: ResponseHead, _ body: String) throws {
    let world = try World()
    let judged = world.judged("GET /fhir/Condition/ca1.7", from: "US-TX")
    let found = judged.labelGate(head, world.snapshot)
    let gate = try #require(found)
    #expect(gate.steps(body, pieces: 1_000) { _ in false }.last == .stop)
    #expect(
      gate.finding
        == LabelFinding(dataClass: .mixed, sensitivity: .unknown, isReadable: false))
  }

  /// An empty answer discloses nothing.
  @Test func anEmptyAnswerPasses() throws {
    let world = try World()
    let judged = world.judged("GET /fhir/Condition/ca1.7", from: "US-TX")
    let found = judged.labelGate(answer(nil), world.snapshot)
    let gate = try #require(found)
    #expect(gate.steps("", pieces: 1) { _ in false } == [.pass])
  }

  /// A long answer goes on in pieces, each read first; a late label ends it.
  @Test(arguments: [(plain, LabelGate.Step.pass), (labelled, .stop)])
  func aLongAnswerGoesOn(_ end: String, _ last: LabelGate.Step) throws {
    let world = try World()
    let judged = world.judged("GET /fhir/Condition/ca1.7", from: "US-TX")
    let found = judged.labelGate(answer("application/fhir+json"), world.snapshot)
    let gate = try #require(found)
    let entry = #"{"resource":"# + plain + "},"
    let count = (world.snapshot.limits.labelBytesMax + 8_192) / entry.utf8.count
    let body =
      #"{"resourceType":"Bundle","entry":["# + String(repeating: entry, count: count)
      + #"{"resource":"# + end + "}]}"
    let steps = gate.steps(body, pieces: 4_096) { _ in false }
    #expect(steps == (last == .pass ? [.hold, .pass] : [.hold, .pass, .stop]))
  }

  /// Origins are asked for what can be read.
  @Test(
    arguments: [
      ("GET /fhir/Condition/ca1.7", []),
      ("GET /fhir/Observation?patient=ca1&category=vital-signs", ["gzip"]),
    ])
  func codingsAreNotAskedFor(_ request: String, _ codings: [String]) throws {
    let world = try World()
    var head = RequestHead(request)
    head.fields.add("accept-encoding", "gzip")
    var judged = JudgedRequest(head: head, client: ClientFacts(place: "US-TX"))
    var decider = Decider(seed: 1)
    judged.decide(
      by: &decider, snapshot: world.snapshot, health: world.health, loads: world.loads,
      now: world.now, time: world.time)
    judged.planLabels(world.snapshot)
    #expect(judged.head.fields.values(named: "accept-encoding") == codings)
  }
}

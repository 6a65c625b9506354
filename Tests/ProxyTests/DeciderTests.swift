import Base
import HTTP
import Origins
import Policy
import Proxy
import Testing

/// A state of the world, a request, and what the edge must decide.
struct Scene: Sendable, CustomTestStringConvertible {
  let name: String
  let request: String
  let place: String
  var report: Report = World.well
  let rule: String?
  /// The endpoints in order, or the refusal.
  let outcome: String
  var testDescription: String { name }

  init(
    _ name: String, _ request: String, from place: String, _ report: @escaping Report = World.well,
    rule: String?, _ outcome: String
  ) {
    self.name = name
    self.request = request
    self.place = place
    self.report = report
    self.rule = rule
    self.outcome = outcome
  }
}

private let vitals = "Observation?patient=az1&category=vital-signs"

private let ordinary: [Scene] = [
  Scene(
    "1: vital signs in Arizona, home us-west", "GET /fhir/\(vitals)", from: "US-AZ",
    rule: "R-11", "us-west-r1, us-west-p, us-central-r1 stale"),
  Scene(
    "2: problem list in New York, home us-east",
    "GET /fhir/Condition?patient=ny1&category=problem-list-item", from: "US-NY",
    rule: "R-11", "us-east-r1, us-east-p, us-central-r1 stale"),
  Scene(
    "2: its update", "PUT /fhir/Condition/ny1.7", from: "US-NY", rule: "R-30", "us-east-p"),
  Scene(
    "3: psychotherapy notes in Arizona", "GET /fhir/DocumentReference?patient=az1&_security=PSY",
    from: "US-AZ", rule: "R-23", "us-west-p"),
  Scene(
    "4: chart of an eastern patient in Washington",
    "GET /fhir/Observation?patient=ny1&category=vital-signs", from: "US-WA",
    rule: "R-11", "us-west-r1, us-east-r1, us-east-p, us-central-r1 stale"),
  Scene(
    "4: his appointment is changed", "PUT /fhir/Appointment/ny1.3", from: "US-WA",
    rule: "R-30", "us-east-p"),
  Scene(
    "5: medication reconciliation", "GET /fhir/MedicationRequest?patient=ny1", from: "US-WA",
    rule: "R-22", "us-east-p"),
  Scene(
    "7: vital signs of a Californian in Texas",
    "GET /fhir/Observation?patient=ca1&category=vital-signs", from: "US-TX",
    rule: "R-11", "us-central-r1, us-west-r1, us-west-p"),
  Scene(
    "24: reference data abroad", "GET /fhir/Organization/o1", from: "DE", rule: "R-02",
    "us-west-r1, us-central-r1, us-east-r1, us-west-p, us-central-p, us-east-p"),
  Scene(
    "26: vital signs from nowhere known", "GET /fhir/\(vitals)", from: "unknown",
    rule: "R-14", "us-west-r1, us-west-p"),
  Scene(
    "a form that only the authority answers", "GET /fhir/\(vitals)&wibble=1", from: "US-AZ",
    rule: "R-11", "us-west-p"),
]

private let refused: [Scene] = [
  Scene(
    "6: Part 2 patient seen from the west", "GET /fhir/Condition/pt2.4", from: "US-AZ",
    rule: "D-3", "forbidden"),
  Scene(
    "6: the same while us-east is down", "GET /fhir/Condition/pt2.4", from: "US-AZ",
    World.except("us-east-r1", "us-east-p"), rule: "D-3", "forbidden"),
  Scene(
    "6: seen from home while us-east is down", "GET /fhir/Condition/pt2.4", from: "US-NY",
    World.except("us-east-r1", "us-east-p"), rule: "R-23", "unavailable"),
  Scene(
    "6: seen from home", "GET /fhir/Condition/pt2.4", from: "US-NY", rule: "R-23", "us-east-p"),
  Scene(
    "6: a search that may find such records", "GET /fhir/Observation?patient=pt2",
    from: "US-AZ", rule: "D-3", "forbidden"),
  Scene(
    "7: reproductive health of a Californian in Texas",
    "GET /fhir/Observation?patient=ca1&_security=SEX", from: "US-TX", rule: "D-4", "forbidden"),
  Scene(
    "7: the same in California", "GET /fhir/Observation?patient=ca1&_security=SEX",
    from: "US-CA", rule: "R-23", "us-west-p"),
  Scene(
    "14: consent withdrawn", "GET /fhir/DocumentReference?patient=wd1&_security=PSY",
    from: "US-CA", rule: "D-5", "forbidden"),
  Scene("24: a chart abroad", "GET /fhir/\(vitals)", from: "GB", rule: "D-1", "forbidden"),
  Scene(
    "home not known", "GET /fhir/Observation?patient=stranger&category=vital-signs",
    from: "US-AZ", rule: "D-2", "forbidden"),
  Scene(
    "home not told by the target", "POST /fhir/Appointment", from: "US-AZ", rule: "R-30",
    "home-region-unknown"),
  Scene(
    "two patients", "GET /fhir/Observation?subject=az1&performer=Patient/ny1", from: "US-AZ",
    rule: nil, "several-patients"),
  Scene(
    "two ids of one person", "GET /fhir/\(vitals)&subject=az0", from: "US-AZ", rule: "R-11",
    "us-west-p"),
  Scene(
    "an id that was merged", "GET /fhir/Observation?patient=az0&category=vital-signs",
    from: "US-AZ", rule: "R-11", "us-west-r1, us-west-p, us-central-r1 stale"),
  Scene(
    "two ids of one person and another one",
    "GET /fhir/\(vitals)&subject=az0&performer=Patient/ny1", from: "US-AZ", rule: nil,
    "several-patients"),
  Scene("TRACE", "TRACE /fhir/\(vitals)", from: "US-AZ", rule: nil, "method-refused"),
  Scene(
    "an id that is none", "GET /fhir/Observation?patient=%41", from: "US-AZ", rule: nil,
    "invalid"),
]

private let impaired: [Scene] = [
  Scene(
    "8: the western replica is down", "GET /fhir/\(vitals)", from: "US-AZ",
    World.except("us-west-r1"), rule: "R-11", "us-west-p, us-central-r1 stale"),
  Scene(
    "9: a write while the primary is down", "PUT /fhir/Condition/ny1.7", from: "US-NY",
    World.except("us-east-p"), rule: "R-30", "unavailable"),
  Scene(
    "9: a write while the primary says it is a replica", "PUT /fhir/Condition/ny1.7",
    from: "US-NY",
    World.except("us-east-p") { $0.report(lag: 0, copies: 0, role: .replica) },
    rule: "R-30", "unavailable"),
  Scene(
    "10: the replica lags 45 s", "GET /fhir/\(vitals)", from: "US-AZ",
    World.except("us-west-r1") { $0.report(lag: 45_000, copies: 5_000) },
    rule: "R-11", "us-west-p, us-central-r1 stale"),
  Scene(
    "10: and the primary is down", "GET /fhir/\(vitals)", from: "US-AZ",
    World.except("us-west-r1", "us-west-p") {
      $0.tier == .primary ? nil : $0.report(lag: 45_000, copies: 5_000)
    }, rule: "R-11", "us-central-r1 stale"),
  Scene(
    "10: and the backup's copy is too old as well", "GET /fhir/\(vitals)", from: "US-AZ",
    World.except("us-west-r1", "us-west-p", "us-central-r1") {
      $0.tier == .primary ? nil : $0.report(lag: 45_000, copies: 59_700)
    }, rule: "R-11", "unavailable"),
  Scene(
    "11: the replica's lag is not measured", "GET /fhir/\(vitals)", from: "US-AZ",
    World.except("us-west-r1") { $0.report(lag: nil, copies: nil) },
    rule: "R-11", "us-west-p, us-central-r1 stale"),
  Scene(
    "25: the replica drains", "GET /fhir/\(vitals)", from: "US-AZ",
    World.except("us-west-r1") { $0.report(lag: 0, copies: 0, status: .draining) },
    rule: "R-11", "us-west-p, us-central-r1 stale"),
  Scene(
    "another server answers at the replica's address", "GET /fhir/\(vitals)", from: "US-AZ",
    World.except("us-west-r1") { endpoint in
      var report = endpoint.report(lag: 0, copies: 0)
      report.region = "us-east"
      return report
    }, rule: "R-11", "us-west-p, us-central-r1 stale"),
]

@Suite struct DeciderTests {
  @Test(arguments: ordinary + refused + impaired)
  func decides(_ scene: Scene) throws {
    let world = try World(scene.report)
    let decision = world.decide(scene.request, from: scene.place)
    var outcome = world.describe(decision)
    // Within a tier of reference data any order is lawful; the scene names them by region.
    if scene.rule == "R-02" {
      let names = world.snapshot.topology.endpoints.map(\.name)
      let replicas = outcome.split(separator: ", ").prefix(3).map(String.init)
      #expect(Set(replicas) == Set(names.filter { $0.hasSuffix("-r1") }))
      outcome = scene.outcome
    }
    #expect(outcome == scene.outcome)
    #expect(world.rule(decision) == scene.rule)
    #expect((decision.refusal == nil) == !decision.narrowed.choices.isEmpty)
  }

  @Test func aFlaggedPatientsRecordReadByIDIsSubstanceUse() throws {
    let world = try World()
    for target in ["Condition/pt2.4", "Observation/pt2.9", "DocumentReference/pt2.1/_history/2"] {
      let decision = world.decide("GET /fhir/\(target)", from: "US-NY")
      #expect(decision.facts.dataClass == .substanceUse, "\(target)")
      #expect(decision.facts.sensitivity == .restricted)
      #expect(world.describe(decision) == "us-east-p")
    }
    // What cannot hold such a record is what it was.
    let slot = world.decide(
      "GET /fhir/Observation?patient=pt2&category=vital-signs", from: "US-AZ")
    #expect(slot.facts.dataClass == .vitals)
    // A patient without the mark is not touched.
    #expect(world.decide("GET /fhir/Condition/ny1.4", from: "US-NY").facts.dataClass == .problems)
  }

  @Test func removalsAreExplained() throws {
    let world = try World(
      World.except("us-west-r1") { $0.report(lag: 45_000, copies: 5_000) })
    let decision = world.decide("GET /fhir/\(vitals)", from: "US-AZ")
    let removed = try #require(decision.narrowed.removed.first)
    // Half a second after the report the replica may be half a second further behind.
    #expect(removed.reason == .lagging(lagMilliseconds: 45_500, boundMilliseconds: 10_000))
    #expect(removed.endpoint.map { world.snapshot.topology[$0].name } == "us-west-r1")
    #expect(decision.narrowed.removed.count == 1)
  }

  @Test func aReportThatIsTooOldMeasuresNothing() throws {
    let world = try World()
    var decider = Decider(seed: 1)
    var decision = Decision(client: ClientFacts(place: "US-AZ"))
    decider.decide(
      .init("GET /fhir/\(vitals)"), snapshot: world.snapshot, health: world.health,
      loads: world.loads, now: world.now.adding(milliseconds: 6_000), time: world.time,
      into: &decision)
    // Reads fall back to the primary, which needs no bound; writes need a recent report.
    #expect(world.describe(decision) == "us-west-p")
    var write = Decision(client: ClientFacts(place: "US-AZ"))
    decider.decide(
      .init("PUT /fhir/Condition/az1.1"), snapshot: world.snapshot, health: world.health,
      loads: world.loads, now: world.now.adding(milliseconds: 6_000), time: world.time,
      into: &write)
    #expect(write.refusal == .unavailable)
  }

  @Test func theMachineIsToldWhatThePolicyWants() throws {
    let world = try World()
    func request(_ text: String, from place: String) -> ExchangeMachine.Request {
      world.decide(text, from: place).machineRequest(.init(text))
    }
    let read = request("GET /fhir/\(vitals)", from: "US-AZ")
    #expect(read.method == .get && read.isDurable && read.choiceCount == 3)
    let write = request("PUT /fhir/Condition/az1.7", from: "US-AZ")
    #expect(write.method == .put && write.isDurable && write.choiceCount == 1)
    let search = request("POST /fhir/Observation/_search?patient=az1", from: "US-AZ")
    #expect(search.method == .get && search.choiceCount == 1)
    let shared = request("GET /fhir/Organization/o1", from: "US-AZ")
    #expect(!shared.isDurable)
  }

  @Test func identifiersSortByTimeAndDiffer() throws {
    let world = try World()
    var decider = Decider(seed: 4)
    let head = RequestHead("GET /fhir/\(vitals)")
    let ids = (0..<50).map { _ in world.decide(head, from: "US-AZ", by: &decider).id }
    #expect(Set(ids).count == 50)
    #expect(ids.allSatisfy { $0.high >> 16 == 1_795_323_600_000 })
    #expect(ids.allSatisfy { $0.description.count == 32 })
  }
}

import Audit
import Base
import HTTP
import Policy
import Testing

@testable import Proxy

@Suite struct ReplayTests {
  private static let requests = [
    ("GET /fhir/Observation?patient=az1&category=vital-signs", "US-AZ"),
    ("GET /fhir/Patient/ny1", "US-NY"), ("POST /fhir/MedicationRequest", "US-AZ"),
    ("GET /fhir/MedicationRequest?patient=ny1", "GB"),
    ("GET /fhir/Claim?patient=stranger", "US-AZ"),
    ("GET /fhir/metadata", "unknown"), ("GET /fhir/Observation?patient=az1,ny1", "US-AZ"),
  ]

  private func record(_ world: World, _ request: (String, String)) -> DecisionRecord {
    var record = DecisionRecord()
    world.decide(request.0, from: request.1).fill(
      &record, loop: 0, method: .get, snapshot: world.snapshot)
    return record
  }

  /// What is recorded is enough to decide again, in every state of the regions.
  @Test func recordsDecideTheSameAgain() throws {
    for world in [try World(), try World { _ in nil }] {
      var agreed = 0
      for request in Self.requests {
        let verdict = record(world, request).replay(under: world.snapshot.policy)
        let isAsked = !request.0.contains("az1,ny1")
        #expect(verdict == (isAsked ? .agrees : .notAsked), "\(request)")
        agreed += verdict == .agrees ? 1 : 0
      }
      #expect(agreed == Self.requests.count - 1)
    }
  }

  @Test func aChangedRecordDiffers() throws {
    let world = try World()
    let policy = world.snapshot.policy
    var changed = record(world, Self.requests[0])
    changed.rule = "R-0"
    #expect(changed.replay(under: policy) == .differs("rule R-11 instead of R-0"))
    changed = record(world, Self.requests[0])
    changed.candidates.removeLast()
    #expect(changed.replay(under: policy) == .differs("other candidates"))
    changed = record(world, Self.requests[0])
    changed.verdict = .refuse(.forbidden)
    #expect(changed.replay(under: policy) == .differs("verdict permit instead of forbidden"))
    changed = record(world, Self.requests[0])
    changed.home = "atlantis"
    #expect(changed.replay(under: policy) == .differs("the policy has no region `atlantis`"))
  }

  /// Every condition that a policy may ask comes back from the record.
  @Test(arguments: [Tenant.other, .unknown])
  func factsSurviveTheRecord(tenant: Tenant) throws {
    let world = try World()
    var decision = world.decide(Self.requests[0].0, from: Self.requests[0].1)
    decision.facts.breakGlass = true
    decision.facts.assurance = .multiFactor
    decision.facts.device = .managed
    decision.facts.ownRecord = false
    decision.facts.scope = .missing
    decision.facts.tenant = tenant
    decision.facts.directoryAgeSeconds = 0
    decision.facts.authenticationAgeSeconds = 77
    var record = DecisionRecord()
    decision.fill(&record, loop: 0, method: .get, snapshot: world.snapshot)
    #expect(record.facts(under: world.snapshot.policy) == decision.facts)
  }
}

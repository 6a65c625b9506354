import Base
import Policy
import StrictYAML
import Testing

/// The shipped policy, loaded once.
private let shipped: Policy = {
  guard let text = shippedPolicyText() else { preconditionFailure("the policy file is missing") }
  let (policy, diagnostics) = Policy.load(
    text: text, file: "policies/clinical-routing/0002.yaml", hash: "test")
  precondition(diagnostics.isEmpty, "\(diagnostics.map(\.description))")
  guard let policy else { preconditionFailure("the shipped policy has no errors") }
  return policy
}()

private let west = RegionID(0)
private let central = RegionID(1)
private let east = RegionID(2)

/// A request of a scenario and the plan that the policy must give.
struct Scenario: Sendable, CustomTestStringConvertible {
  let name: String
  let facts: Facts
  let rule: String
  /// `region tier bound` by candidate, best first; empty for a refusal.
  let plan: [String]
  var refusal: RefusalKind?
  var audit = Durability.durable
  var testDescription: String { name }
}

/// Facts of a read, with the place as text.
private func read(
  _ dataClass: DataClass, from location: String, home: RegionID?, residency: String = "unknown",
  _ sensitivity: Sensitivity = .normal, operation: Operation = .search
) -> Facts {
  Facts(
    operation: operation, dataClass: dataClass, sensitivity: sensitivity, home: home,
    residency: Place(residency) ?? .unknown, location: Place(location) ?? .unknown,
    role: .clinician, purpose: .treatment)
}

private func breakingGlass(_ facts: Facts) -> Facts {
  var facts = facts
  facts.breakGlass = true
  facts.purpose = .emergency
  return facts
}

private func withdrawn(_ facts: Facts) -> Facts {
  var facts = facts
  facts.consent = .withdrawn
  return facts
}

private let scenarios: [Scenario] = [
  Scenario(
    name: "1: vital signs in Arizona, home west",
    facts: read(.vitals, from: "US-AZ", home: west), rule: "R-11",
    plan: ["us-west replica 10s", "us-west primary", "us-central replica 60s stale"]),
  Scenario(
    name: "2: problem list in New York, home east",
    facts: read(.problems, from: "US-NY", home: east), rule: "R-11",
    plan: ["us-east replica 10s", "us-east primary", "us-central replica 60s stale"]),
  Scenario(
    name: "2: the update goes to the East primary",
    facts: read(.problems, from: "US-NY", home: east, operation: .update), rule: "R-30",
    plan: ["us-east primary"]),
  Scenario(
    name: "3: psychotherapy note in Arizona",
    facts: read(.behavioralHealth, from: "US-AZ", home: west, .veryRestricted), rule: "R-23",
    plan: ["us-west primary"]),
  Scenario(
    name: "3: a restricted note",
    facts: read(.notes, from: "US-AZ", home: west, .restricted), rule: "R-20",
    plan: ["us-west primary"]),
  Scenario(
    name: "3: a note of unknown confidentiality",
    facts: read(.notes, from: "US-AZ", home: west, .unknown), rule: "R-21",
    plan: ["us-west primary"]),
  Scenario(
    name: "3: a search that may find restricted notes",
    facts: read(.mixed, from: "US-AZ", home: west, .unknown), rule: "R-24",
    plan: ["us-west primary"]),
  Scenario(
    name: "4: summary in Washington, home east",
    facts: read(.allergies, from: "US-WA", home: east), rule: "R-11",
    plan: [
      "us-west replica 10s", "us-east replica 10s", "us-east primary",
      "us-central replica 60s stale",
    ]),
  Scenario(
    name: "4: an encounter is created at home",
    facts: read(.encounters, from: "US-WA", home: east, operation: .create), rule: "R-30",
    plan: ["us-east primary"]),
  Scenario(
    name: "5: medications are read where they are true",
    facts: read(.medications, from: "US-WA", home: east), rule: "R-22",
    plan: ["us-east primary"]),
  Scenario(
    name: "5: the reconciliation's transaction",
    facts: read(.medications, from: "US-WA", home: east, operation: .transaction), rule: "R-30",
    plan: ["us-east primary"]),
  Scenario(
    name: "6: substance use, asked from the West, home east",
    facts: read(.substanceUse, from: "US-WA", home: east), rule: "D-3", plan: [],
    refusal: .forbidden),
  Scenario(
    name: "6: substance use, asked at home",
    facts: read(.substanceUse, from: "US-NY", home: east), rule: "R-23",
    plan: ["us-east primary"]),
  Scenario(
    name: "6: substance use, asked from an unknown place",
    facts: read(.substanceUse, from: "unknown", home: east), rule: "D-3", plan: [],
    refusal: .forbidden),
  Scenario(
    name: "6: substance use, asked from a country without a state",
    facts: read(.substanceUse, from: "US", home: east), rule: "D-3", plan: [],
    refusal: .forbidden),
  Scenario(
    name: "7: reproductive health of a Californian, asked from Texas",
    facts: read(.reproductiveHealth, from: "US-TX", home: west, residency: "US-CA"), rule: "D-4",
    plan: [], refusal: .forbidden),
  Scenario(
    name: "7: the same record in California",
    facts: read(.reproductiveHealth, from: "US-CA", home: west, residency: "US-CA"), rule: "R-23",
    plan: ["us-west primary"]),
  Scenario(
    name: "7: the same record from a country without a state",
    facts: read(.reproductiveHealth, from: "US", home: west, residency: "US-CA"), rule: "D-4",
    plan: [], refusal: .forbidden),
  Scenario(
    name: "7: vital signs of the Californian, asked from Texas",
    facts: read(.vitals, from: "US-TX", home: west, residency: "US-CA"), rule: "R-11",
    plan: [
      "us-central replica 10s", "us-west replica 10s", "us-west primary",
      "us-central replica 60s stale",
    ]),
  Scenario(
    name: "9: an order goes to the home primary or nowhere",
    facts: read(.orders, from: "US-NY", home: east, operation: .create), rule: "R-30",
    plan: ["us-east primary"]),
  Scenario(
    name: "12: break-glass opens substance use, in the home region",
    facts: breakingGlass(read(.substanceUse, from: "US-WA", home: east)), rule: "R-23",
    plan: ["us-east primary"]),
  Scenario(
    name: "14: withdrawn consent closes protected records",
    facts: withdrawn(read(.behavioralHealth, from: "US-AZ", home: west)), rule: "D-5", plan: [],
    refusal: .forbidden),
  Scenario(
    name: "19: bulk export on copies of the home region",
    facts: read(.bulk, from: "US-NY", home: east, operation: .export), rule: "R-40",
    plan: ["us-east replica 300s"], audit: .standard),
  Scenario(
    name: "24: the chart, asked from London",
    facts: read(.vitals, from: "GB-ENG", home: west), rule: "D-1", plan: [],
    refusal: .forbidden),
  Scenario(
    name: "24: a write from London",
    facts: read(.orders, from: "GB", home: west, operation: .create), rule: "D-1", plan: [],
    refusal: .forbidden),
  Scenario(
    name: "24: reference data, asked from London",
    facts: read(.reference, from: "GB-ENG", home: nil), rule: "R-02",
    plan: [
      "us-west replica 300s", "us-central replica 300s", "us-east replica 300s",
      "us-west primary", "us-central primary", "us-east primary",
    ], audit: .standard),
  Scenario(
    name: "26: the chart from an unknown place comes from the home region only",
    facts: read(.vitals, from: "unknown", home: east), rule: "R-14",
    plan: ["us-east replica 10s", "us-east primary"]),
  Scenario(
    name: "26: a country without a state goes home too",
    facts: read(.vitals, from: "US", home: east), rule: "R-11",
    plan: ["us-east replica 10s", "us-east primary", "us-central replica 60s stale"]),
  Scenario(
    name: "N-3: a Californian's behavioral health with a home in the East",
    facts: read(.behavioralHealth, from: "US-NY", home: east, residency: "US-CA"), rule: "D-6",
    plan: [], refusal: .forbidden),
  Scenario(
    name: "unknown home: no chart",
    facts: read(.vitals, from: "US-AZ", home: nil), rule: "D-2", plan: [], refusal: .forbidden),
  Scenario(
    name: "unknown home: scheduling from the nearest copy",
    facts: read(.scheduling, from: "US-AZ", home: nil), rule: "R-10",
    plan: ["us-west replica 30s"], audit: .standard),
  Scenario(
    name: "unknown home: a bulk export cannot be placed",
    facts: read(.bulk, from: "US-AZ", home: nil, operation: .export), rule: "R-40", plan: [],
    refusal: .unavailable, audit: .standard),
  Scenario(
    name: "reference data comes from the nearest copy",
    facts: read(.reference, from: "US-NY", home: nil), rule: "R-02",
    plan: [
      "us-east replica 300s", "us-west replica 300s", "us-central replica 300s",
      "us-east primary", "us-west primary", "us-central primary",
    ], audit: .standard),
  Scenario(
    name: "capabilities, whatever class they are taken for",
    facts: read(.unknown, from: "GB", home: nil, operation: .capabilities), rule: "R-01",
    plan: [
      "us-west replica 3600s", "us-central replica 3600s", "us-east replica 3600s",
      "us-west primary", "us-central primary", "us-east primary",
    ], audit: .standard),
  Scenario(
    name: "an asset comes from the nearest copy",
    facts: read(.asset, from: "US-TX", home: nil, operation: .asset), rule: "R-01",
    plan: [
      "us-central replica 3600s", "us-west replica 3600s", "us-east replica 3600s",
      "us-central primary", "us-west primary", "us-east primary",
    ], audit: .standard),
  Scenario(
    name: "a history is read at the home primary",
    facts: read(.vitals, from: "US-AZ", home: west, operation: .history), rule: "R-25",
    plan: ["us-west primary"]),
  Scenario(
    name: "an operation nobody knows is a write",
    facts: read(.unknown, from: "US-AZ", home: west, .unknown, operation: .unknown), rule: "R-30",
    plan: ["us-west primary"]),
  Scenario(
    name: "an export of one patient's chart is not foreseen",
    facts: read(.vitals, from: "US-AZ", home: west, operation: .export), rule: "",
    plan: [], refusal: .noRule, audit: .standard),
]

/// The plan's candidates as the table writes them.
private func words(_ plan: Plan) -> [String] {
  plan.candidates.map { candidate in
    var text = "\(shipped.regionName(candidate.region)) \(candidate.tier)"
    if let bound = candidate.stalenessMillisecondsMax { text += " \(bound / 1000)s" }
    return text + (candidate.isMarkedStale ? " stale" : "")
  }
}

@Test(arguments: scenarios)
func shippedPolicyDecidesTheScenario(_ scenario: Scenario) {
  let plan = shipped.plan(for: scenario.facts)
  #expect(plan.verdict == scenario.refusal.map { .refuse($0) } ?? .permit)
  #expect(plan.ruleIndex.map { shipped.rules[$0].id } ?? "" == scenario.rule)
  #expect(words(plan) == scenario.plan)
  #expect(plan.durability == scenario.audit)
}

@Test func shippedPolicyKnowsItsRegions() throws {
  #expect(shipped.name == "clinical-routing" && shipped.version == 2)
  #expect(shipped.contentHash == "test")
  #expect(shipped.regions.map(\.name) == ["us-west", "us-central", "us-east"])
  #expect(shipped.regions.map(\.backup) == [central, east, central])
  #expect(shipped.nearest(to: try #require(Place("US-AZ"))) == west)
  #expect(shipped.nearest(to: try #require(Place("US"))) == nil)
  #expect(shipped.nearest(to: .unknown) == nil)
  #expect(shipped.regions.flatMap(\.near).count == 51)
  #expect(shipped.effectiveFrom == WallTime(microseconds: 1_751_328_000_000_000))
}

/// Whoever asks for whatever: what the officers wrote as invariants holds in every plan.
@Test(arguments: 0..<8)
func shippedInvariantsHoldForRandomFacts(seed: UInt64) {
  var random = SplitMix64(seed: seed)
  for _ in 0..<2000 {
    let facts = randomFacts(regionCount: 3, &random)
    let candidates = shipped.plan(for: facts).candidates
    let isProtected =
      [.behavioralHealth, .substanceUse, .reproductiveHealth].contains(facts.dataClass)
    let isPatientData =
      ![DataClass.reference, .scheduling, .asset].contains(facts.dataClass)
      && ![Operation.capabilities, .asset].contains(facts.operation)
    for candidate in candidates {
      if isProtected, isPatientData {
        #expect(candidate.region == facts.home && candidate.tier == .primary)
      }
      if isPatientData, !facts.operation.isSafe {
        #expect(candidate.region == facts.home && candidate.tier == .primary)
      }
      if isPatientData, facts.location == .unknown { #expect(candidate.region == facts.home) }
      if isPatientData, facts.location != .unknown {
        #expect(facts.location.country == Place("US"))
      }
      #expect((candidate.stalenessMillisecondsMax == nil) == (candidate.tier == .primary))
    }
  }
}

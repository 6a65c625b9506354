import Base
import HTTP
import Origins
import Policy
import Proxy
import Testing

private let targets = [
  "Observation?patient=%&category=vital-signs", "Observation?patient=%", "Condition/%.7",
  "Condition?patient=%&category=problem-list-item", "MedicationRequest?patient=%",
  "DocumentReference?patient=%&_security=PSY", "Observation?patient=%&_security=SEX",
  "Condition?patient=%&_security=SUD", "Appointment?patient=%", "Appointment/%.1",
  "Claim?patient=%", "Consent?patient=%", "Patient/%", "Patient/%/$everything", "Organization/o1",
  "ValueSet/$expand?url=v", "metadata", "Patient/$export", "Observation", "Wibble/%.1",
]
private let patients = ["az1", "ca1", "ny1", "tx1", "pt2", "wd1", "stranger"]
private let places = ["US-AZ", "US-CA", "US-TX", "US-NY", "US-WA", "US", "GB", "unknown"]
private let methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]

extension SplitMix64 {
  /// One of these.
  fileprivate mutating func pick<T>(_ values: [T]) -> T {
    values[Int.random(in: 0..<values.count, using: &self)]
  }
}

/// A state of the world that could be: every endpoint fares otherwise.
private func anyReports(_ random: inout SplitMix64) throws -> Report {
  var reports: [String: ProbeReport?] = [:]
  for endpoint in try World.topology.endpoints {
    let lag: UInt64? = random.pick([nil, 0, 2_000, 9_000, 45_000, 400_000])
    let copies: UInt64? = random.pick([nil, 0, 5_000, 45_000, 400_000])
    let role: ProbeReport.Role? = random.pick([nil, nil, nil, .primary, .replica])
    let status: ProbeReport.Status = random.pick([.ok, .ok, .ok, .draining, .unready])
    let epoch: UInt64 = random.pick([1, 1, 1, 2])
    reports[endpoint.name] =
      Int.random(in: 0..<5, using: &random) == 0
      ? .some(nil)
      : endpoint.report(lag: lag, copies: copies, epoch: epoch, role: role, status: status)
  }
  let told = reports
  return { told[$0.name] ?? nil }
}

/// Why the endpoint must not serve these facts, told without the policy's own evaluator.
private func breach(_ facts: Facts, _ endpoint: Endpoint, _ snapshot: Snapshot) -> String? {
  let isHome = facts.home == endpoint.region
  let isPrimary = endpoint.tier == .primary
  let concernsNobody = [.reference, .scheduling, .asset].contains(facts.dataClass)
  switch facts.dataClass {
  case .behavioralHealth, .substanceUse, .reproductiveHealth:
    if !isHome || !isPrimary { return "a protected record away from the home primary" }
    if facts.consent == .withdrawn { return "a protected record without consent" }
  case .medications, .orders, .consent, .audit, .mixed, .unknown:
    if !isHome || !isPrimary { return "an authoritative record from a copy" }
  default: break
  }
  if facts.dataClass == .behavioralHealth, facts.residency == Place("US-CA"),
    endpoint.regionName != "us-west"
  {
    return "a Californian's record outside us-west"
  }
  if facts.dataClass == .reproductiveHealth, facts.residency == Place("US-CA"),
    facts.location != Place("US-CA")
  {
    return "AB 352"
  }
  if facts.dataClass == .substanceUse,
    snapshot.policy.nearest(to: facts.location) != facts.home
  {
    return "Part 2 outside the home region"
  }
  if !facts.operation.isSafe, !concernsNobody, !isHome || !isPrimary { return "a stray write" }
  if !concernsNobody, facts.location.country != Place("US"), facts.location != .unknown {
    return "a record abroad"
  }
  let isAboutUs = facts.operation == .capabilities || facts.operation == .asset
  if !concernsNobody, !isAboutUs, facts.location == .unknown, !isHome {
    return "a record away from home for a user whose place is not known"
  }
  return nil
}

@Test(arguments: 0..<16 as Range<UInt64>)
func choicesAreLawfulInEveryStateOfTheWorld(_ block: UInt64) throws {
  var servedCount = 0
  for seed in (block * 12)..<(block * 12 + 12) {
    var random = SplitMix64(seed: seed)
    let world = try World(try anyReports(&random))
    for _ in 0..<60 {
      let target = random.pick(targets).replacing("%", with: random.pick(patients))
      let request = "\(random.pick(methods)) /fhir/\(target)"
      let place = random.pick(places)
      let decision = world.decide(request, from: place, seed: seed)
      let label = "seed \(seed): \(request) from \(place)"
      #expect((decision.refusal == nil) == !decision.narrowed.choices.isEmpty, "\(label)")
      for choice in decision.narrowed.choices {
        servedCount += 1
        let endpoint = world.snapshot.topology[choice.endpoint]
        let plan = try #require(decision.plan)
        let candidate = plan.candidates[Int(choice.step)]
        #expect(candidate.region == endpoint.region && candidate.tier == endpoint.tier, "\(label)")
        #expect(choice.isMarkedStale == candidate.isMarkedStale, "\(label)")
        if let bound = candidate.stalenessMillisecondsMax {
          #expect(try #require(choice.lagMilliseconds) <= UInt64(bound), "\(label)")
        }
        #expect(breach(decision.facts, endpoint, world.snapshot) == nil, "\(label)")
      }
      let order = decision.narrowed.choices.map(\.step)
      #expect(order == order.sorted(), "\(label)")
      let names = decision.narrowed.choices.map(\.endpoint)
      #expect(Set(names).count == names.count, "\(label)")
    }
  }
  #expect(servedCount > 100)
}

@Test func oneSeedGivesOneDecision() throws {
  var random = SplitMix64(seed: 77)
  for seed in 0..<20 as Range<UInt64> {
    let world = try World(try anyReports(&random))
    var one = Decider(seed: seed)
    var two = Decider(seed: seed)
    for _ in 0..<20 {
      let target = random.pick(targets).replacing("%", with: random.pick(patients))
      let head = RequestHead("GET /fhir/\(target)")
      let place = random.pick(places)
      let first = world.decide(head, from: place, by: &one)
      let second = world.decide(head, from: place, by: &two)
      #expect(first.id == second.id)
      #expect(first.refusal == second.refusal)
      #expect(first.narrowed.choices == second.narrowed.choices)
      #expect(first.narrowed.removed == second.narrowed.removed)
    }
  }
}

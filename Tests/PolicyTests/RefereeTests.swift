import Base
import StrictYAML
import Testing

@testable import Policy

/// A policy made of chance: every route overrides all earlier ones, so that any overlap is legal.
private func randomPolicy(_ random: inout SplitMix64) -> String {
  func pick<T>(_ values: [T], _ count: ClosedRange<Int>) -> [T] {
    Array(values.shuffled(using: &random).prefix(Int.random(in: count, using: &random)))
  }
  /// `unknown`, and ranges between two thresholds, from one, and below one.
  func ranges(_ thresholds: [String]) -> [String] {
    var ranges = ["unknown"]
    for (index, lower) in thresholds.enumerated() {
      ranges.append("{ at_least: \(lower) }")
      if index > 0 { ranges.append("{ below: \(lower) }") }
      ranges += thresholds[(index + 1)...].map { "{ at_least: \(lower), below: \($0) }" }
    }
    return ranges
  }
  func condition(_ attributeCount: ClosedRange<Int>) -> String {
    let vocabulary: [(String, [String])] = [
      ("operation", Operation.allCases.map(\.rawValue)),
      ("data_class", DataClass.allCases.map(\.rawValue)),
      ("sensitivity", Sensitivity.allCases.map(\.rawValue)),
      ("home", ["west", "east", "north", "unknown"]),
      ("residency", somePlaces + ["unknown"]), ("location", somePlaces + ["unknown"]),
      ("role", Role.allCases.map(\.rawValue)), ("purpose", Purpose.allCases.map(\.rawValue)),
      ("consent", Consent.allCases.map(\.rawValue)),
      ("break_glass", ["true", "false", "unknown"]),
      ("user_in_home_region", ["true", "false", "unknown"]),
      ("assurance", Assurance.allCases.map(\.rawValue)),
      ("device", Device.allCases.map(\.rawValue)), ("own_record", ["true", "false", "unknown"]),
      ("scope", TokenScope.allCases.map(\.rawValue)),
      ("tenant", ["north", "south", "other", "unknown"]),
      ("directory_age", ranges(["0s", "10m", "1h", "1d", "30d"])),
      ("authentication_age", ranges(["0s", "5m", "1h", "8h"])),
      ("hour", ranges(["0", "7", "12", "19"])),
    ]
    let clauses = pick(vocabulary, attributeCount).map { key, values in
      let chosen = pick(values, max(1, values.count / 3)...min(values.count, 24))
      return "\(key): [\(chosen.joined(separator: ", "))]"
    }
    return "{ \(clauses.joined(separator: ", ")) }"
  }
  /// An `unless` and an `effective`, or none.
  func unless() -> String {
    var text = Bool.random(using: &random) ? "\n    unless: \(condition(1...2))" : ""
    switch Int.random(in: 0..<8, using: &random) {
    case 0: text += "\n    effective: { from: 2026-06-01T00:00:00Z }"
    case 1: text += "\n    effective: { until: 2027-01-01T12:00:00Z }"
    case 2: text += "\n    effective: { from: 2026-03-01T00:00:00Z, until: 2026-06-01T00:00:00Z }"
    default: break
    }
    return text
  }
  let regions = ["west", "east", "north", "home", "nearest", "backup-of-home"]
  var text = """
    policy: chance
    version: 1
    tenants: [north, south]
    regions:
      west: { near: [US-CA, US-AZ, US-WA], backup: east, jurisdiction: US-CA }
      east: { near: [US-NY, GB], backup: west, jurisdiction: US }
      north: { near: [CA], jurisdiction: CA }
    never:

    """
  for index in 0..<5 {
    let consequence =
      switch Int.random(in: 0..<6, using: &random) {
      case 0: "refuse: true"
      case 1: "serve: { tier_in: [\(pick(["cache", "replica"], 1...2).joined(separator: ", "))] }"
      case 2: "serve: { jurisdiction_not_in: [US] }"
      case 3: "serve: { region_in: [\(pick(regions, 1...2).joined(separator: ", "))] }"
      case 4: "serve: { region_not_in: [\(pick(regions, 1...3).joined(separator: ", "))] }"
      default: "serve: { region_not_in: [home, nearest], tier_not_in: [primary, replica] }"
      }
    text += "  - id: N-\(index)\n    say: x\n    when: \(condition(3...6))\(unless())\n"
    text += "    \(consequence)\n"
  }
  text += "deny:\n"
  for index in 0..<3 {
    text += "  - id: D-\(index)\n    say: x\n    when: \(condition(3...6))\(unless())\n"
  }
  // What may be confidential is stored for durable routes only.
  let hasCache = Bool.random(using: &random)
  text += "routes:\n"
  // More than 64 rules now and then, so that a second word of bits is used.
  let isLong = Int.random(in: 0..<10, using: &random) == 0
  let routeCount = Int.random(in: isLong ? 60...80 : 4...16, using: &random)
  for index in 0..<routeCount {
    text += "  - id: R-\(index)\n    say: x\n    when: \(condition(0...3))\(unless())\n"
    // Best effort is for few rules only; `BestEffortTests` has it.
    let audit = hasCache || Bool.random(using: &random) ? Durability.durable : .standard
    text += "    audit: \(audit)\n    serve:\n"
    for _ in 0..<Int.random(in: 1...3, using: &random) {
      let places = pick(regions + ["any", "least-loaded"], 1...2).joined(separator: ", ")
      let tier = anyWord(Tier.self, &random)
      let bound = tier == .primary ? "" : ", staleness: \(Int.random(in: 1...9, using: &random))s"
      let mark = tier != .primary && Bool.random(using: &random) ? ", marked: stale" : ""
      let order = ["", ", order: load", ", order: listed"].randomElement(using: &random) ?? ""
      text += "      - { region: [\(places)], tier: \(tier)\(bound)\(mark)\(order) }\n"
    }
    let obligations = pick(Obligations.vocabulary.map(\.word), 0...2).joined(separator: ", ")
    text += "    obligations: [\(obligations)]\n"
    let lower = (0..<index).map { "R-\($0)" }.joined(separator: ", ")
    if index > 0 { text += "    overrides: [\(lower)]\n" }
  }
  text += "always:\n  - { id: A-1, say: x, when: \(condition(0...2)), serve: {} }\n"
  guard hasCache else { return text }
  let mixed = DataClass.allCases.map(\.rawValue).shuffled(using: &random)
  text += "cache:\n"
  for part in [mixed[..<9], mixed[9...]] {
    let levels = pick(Sensitivity.allCases.map(\.rawValue), 1...3).joined(separator: ", ")
    text += "  - data_class: [\(part.joined(separator: ", "))]\n    sensitivity: [\(levels)]\n"
    text += "    store: { regions: any, ttl: 9s, seal: user, key: [tenant, consent, user],"
    text += " invalidate: [write, consent] }\n"
  }
  return text
}

/// The compiled form and the plain interpreter agree on every request: 40 policies × 1,000.
@Test(arguments: 0..<40)
func compiledFormAgreesWithTheInterpreter(seed: UInt64) throws {
  var random = SplitMix64(seed: seed)
  let text = randomPolicy(&random)
  let (loaded, diagnostics) = Policy.load(text: text, file: "chance.yaml", hash: "")
  let policy = try #require(loaded, "seed \(seed): \(diagnostics.first?.description ?? "")")
  var kinds: Set<Verdict> = []
  #expect(policy.cacheRows.count == (text.contains("\ncache:") ? 2 : 0))
  for _ in 0..<1000 {
    let facts = randomFacts(regionCount: 3, tenantCount: 2, &random)
    let plan = policy.plan(for: facts)
    let result = Interpreter.Result(plan)
    let expected = policy.interpreter.decide(facts)
    if result != expected {
      Issue.record("seed \(seed), \(facts): \(result), expected \(expected)")
      return
    }
    kinds.insert(plan.verdict)
  }
  // A policy that always says the same would prove nothing.
  #expect(kinds.count >= 2, "seed \(seed)")
}

extension Interpreter.Result {
  /// The plan, with its candidates written out.
  init(_ plan: Plan) {
    self.init(
      verdict: plan.verdict, ruleIndex: plan.ruleIndex, candidates: Array(plan.candidates),
      durability: plan.durability, obligations: plan.obligations, cacheRow: plan.cacheRow)
  }
}

/// The order of the rules in the file means nothing.
@Test(arguments: 0..<8)
func orderOfTheFileMeansNothing(seed: UInt64) throws {
  var random = SplitMix64(seed: seed)
  let text = seed < 4 ? try #require(shippedPolicyText()) : wholePolicyText
  let (first, _) = Policy.load(text: text, file: "p", hash: "")
  let (second, _) = Policy.load(text: shuffled(text, &random), file: "p", hash: "")
  let (original, other) = (try #require(first), try #require(second))
  #expect(original.rules.map(\.id) == other.rules.map(\.id))
  #expect(original.runTests().results.count == other.runTests().results.count)
  #expect(other.runTests().isPassed)
  for _ in 0..<1000 {
    let facts = randomFacts(regionCount: 3, tenantCount: original.tenants.count, &random)
    #expect(original.interpreter.decide(facts) == other.interpreter.decide(facts))
    #expect(Array(original.plan(for: facts).candidates) == Array(other.plan(for: facts).candidates))
  }
}

/// The text with the rules of each layer in another order.
private func shuffled(_ text: String, _ random: inout SplitMix64) -> String {
  var result: [String] = []
  var rules: [[String]] = []
  for line in text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init) {
    if line.hasPrefix("  - id:") {
      rules.append([line])
    } else if line.hasPrefix("    "), !rules.isEmpty {
      rules[rules.count - 1].append(line)
    } else if !line.isEmpty {
      result += rules.shuffled(using: &random).flatMap(\.self) + [line]
      rules = []
    }
  }
  return (result + rules.shuffled(using: &random).flatMap(\.self)).joined(separator: "\n") + "\n"
}

@Test func ordinalsCountAsAllCasesDoes() {
  #expect(Operation.allCases.map(\.ordinal) == Array(Operation.allCases.indices))
  #expect(DataClass.allCases.map(\.ordinal) == Array(DataClass.allCases.indices))
  #expect(Sensitivity.allCases.map(\.ordinal) == Array(Sensitivity.allCases.indices))
  #expect(Role.allCases.map(\.ordinal) == Array(Role.allCases.indices))
  #expect(Purpose.allCases.map(\.ordinal) == Array(Purpose.allCases.indices))
  #expect(Consent.allCases.map(\.ordinal) == Array(Consent.allCases.indices))
  #expect(Assurance.allCases.map(\.ordinal) == Array(Assurance.allCases.indices))
  #expect(Device.allCases.map(\.ordinal) == Array(Device.allCases.indices))
  #expect(TokenScope.allCases.map(\.ordinal) == Array(TokenScope.allCases.indices))
  #expect(Tier.allCases.map(\.ordinal) == Array(Tier.allCases.indices))
}

@Test(arguments: [
  ("1970-01-01T00:00:00Z", 0), ("2000-03-01T00:00:00Z", 951_868_800),
  ("2026-12-01T23:59:59Z", 1_796_169_599), ("2024-02-29T12:00:00Z", 1_709_208_000),
  ("2100-03-01T00:00:00Z", 4_107_542_400),
])
func readsTimestamps(text: String, seconds: UInt64) {
  #expect(parseTimestamp(text) == WallTime(microseconds: seconds * 1_000_000))
}

@Test(arguments: [
  "2026-12-01", "2026-12-01T00:00:00", "2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z",
  "2026-12-01T24:00:00Z", "2026-12-01 00:00:00Z", "1969-12-31T00:00:00Z", "2026-12-01T00:00:00+01",
])
func refusesOtherTimestamps(text: String) {
  #expect(parseTimestamp(text) == nil)
}

import Base
import StrictYAML
import Testing

@testable import Policy

/// A policy in which `layer`'s rule asks for `condition`, and a route permits all else.
private func policy(_ layer: Layer, when: String, unless: String? = nil) throws -> Policy {
  let exception = unless.map { ", unless: { \($0) }" } ?? ""
  let rule = "{ id: X-1, say: x, when: { \(when) }\(exception)"
  let serve = "serve: [{ region: west, tier: primary }]"
  var text = "policy: p\nversion: 1\ntenants: [north]\nregions: { west: { near: [US-CA] } }\n"
  switch layer {
  case .never: text += "never: [\(rule), refuse: true }]\n"
  case .deny: text += "deny: [\(rule) }]\n"
  case .route: break
  }
  text += "routes:\n"
  if layer == .route {
    text += "  - \(rule), \(serve), overrides: [Z-1] }\n"
  }
  text += "  - { id: Z-1, say: x, when: {}, \(serve), audit: standard }\n"
  let (policy, diagnostics) = Policy.load(text: text, file: "p", hash: "")
  return try #require(policy, "\(diagnostics)")
}

/// Whether X-1 decides, in both evaluators.
private func matches(_ policy: Policy, _ facts: Facts) -> Bool {
  let plan = policy.plan(for: facts)
  #expect(Interpreter.Result(plan) == policy.interpreter.decide(facts))
  return plan.ruleIndex.map { policy.rules[$0].id } == "X-1"
}

/// A range, the values that it holds, and those that it does not.
private let ranges: [(range: String, inside: [UInt32], outside: [UInt32])] = [
  ("{ at_least: 10m }", [600, 601, .max], [0, 599]),
  ("{ below: 1h }", [0, 3599], [3600, .max]),
  ("{ at_least: 10m, below: 1h }", [600, 3599], [599, 3600]),
  ("[{ below: 10s }, { at_least: 20s, below: 21s }]", [0, 9, 20], [10, 19, 21]),
  ("{ at_least: 0s }", [0, 2_592_000, .max], []),
  ("{ below: 30d }", [2_591_999], [2_592_000, .max]),
  ("{ at_least: 30d }", [2_592_000, .max], [2_591_999]),
]

@Test(arguments: ranges)
func rangesAreHalfOpen(range: String, inside: [UInt32], outside: [UInt32]) throws {
  for layer in Layer.allCases {
    let policy = try policy(layer, when: "directory_age: \(range)")
    var facts = Facts()
    #expect(!matches(policy, facts), "unknown must be named")
    for value in inside + outside {
      facts.directoryAgeSeconds = value
      #expect(matches(policy, facts) == inside.contains(value), "\(layer) \(value)")
    }
  }
}

/// In `unless`, what is not known goes to the strict side: routes leave out, refusals refuse.
@Test(arguments: ranges)
func unknownNumbersGoToTheStrictSide(range: String, inside: [UInt32], outside: [UInt32]) throws {
  for layer in Layer.allCases {
    let policy = try policy(layer, when: "", unless: "directory_age: \(range)")
    var facts = Facts()
    #expect(matches(policy, facts) == (layer != .route))
    for value in inside + outside {
      facts.directoryAgeSeconds = value
      #expect(matches(policy, facts) == outside.contains(value), "\(layer) \(value)")
    }
  }
}

@Test func unknownStandsBesideRanges() throws {
  let policy = try policy(.deny, when: "authentication_age: [{ at_least: 8h }, unknown]")
  var facts = Facts()
  #expect(matches(policy, facts))
  facts.authenticationAgeSeconds = 8 * 3600 - 1
  #expect(!matches(policy, facts))
  facts.authenticationAgeSeconds = 8 * 3600
  #expect(matches(policy, facts))
}

@Test(arguments: [
  ("{ below: 24 }", Array(0...23)), ("{ at_least: 23 }", [23]), ("{ at_least: 0 }", Array(0...23)),
  ("[{ below: 7 }, { at_least: 19 }]", Array(0...6) + Array(19...23)),
])
func hoursOfTheDay(range: String, hours: [Int]) throws {
  let policy = try policy(.deny, when: "hour: \(range)")
  var facts = Facts()
  #expect(!matches(policy, facts))
  for hour in 0...23 {
    facts.hour = UInt8(hour)
    #expect(matches(policy, facts) == hours.contains(hour))
  }
}

@Test func tenantsAreNamedOtherOrUnknown() throws {
  let named: [(String, [Tenant])] = [
    ("north", [.named(0)]), ("other", [.other]), ("unknown", [.unknown]),
    ("[north, other]", [.named(0), .other]),
  ]
  for (word, tenants) in named {
    let policy = try policy(.deny, when: "tenant: \(word)")
    #expect(policy.tenant(named: "north") == .named(0))
    #expect(policy.tenant(named: "elsewhere") == .other)
    for tenant in [Tenant.named(0), .other, .unknown] {
      var facts = Facts()
      facts.tenant = tenant
      #expect(matches(policy, facts) == tenants.contains(tenant))
    }
  }
}

@Test func rulesHoldFromTheirDatesOn() throws {
  let start: UInt64 = 1_780_272_000_000_000
  let end: UInt64 = 1_798_761_600_000_000
  let both = ", effective: { from: 2026-06-01T00:00:00Z, until: 2027-01-01T00:00:00Z }"
  for layer in Layer.allCases {
    // The condition's braces close early, so that the date stands in the rule.
    let policy = try policy(layer, when: "}\(both), unless: { role: nurse")
    for (time, isIn) in [
      (0, false), (start - 1, false), (start, true), (end - 1, true), (end, false),
      (UInt64.max, false),
    ] {
      var facts = Facts(role: .patient)
      facts.time = WallTime(microseconds: time)
      #expect(matches(policy, facts) == isIn, "\(layer) \(time)")
    }
  }
}

@Test func codesAndFactsAgree() throws {
  let domains = wholePolicy.domains
  for attribute in Attribute.allCases where attribute != .userInHomeRegion {
    for code in 0..<domains.count(attribute) {
      var codes = [Int](repeating: 0, count: Attribute.count)
      codes[attribute.rawValue] = code
      let facts = domains.facts(codes)
      #expect(domains.codes(facts)[attribute] == code, "\(attribute.key) \(code)")
      // The interpreter's word is the code's, but for ranges and places without a name.
      let isUnknown = wholePolicy.interpreter.word(attribute, facts) == "unknown"
      #expect(isUnknown == (code == domains.unknownCode(attribute)), "\(attribute.key) \(code)")
      #expect(!domains.word(attribute, code).isEmpty)
    }
  }
}

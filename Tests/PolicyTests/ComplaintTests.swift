import Policy
import StrictYAML
import Testing

/// A whole policy around what a test is about.
private func policy(
  regions: String = "", sets: String = "", never: String = "", deny: String = "",
  routes: String = ""
) -> String {
  func layer(_ key: String, _ body: String) -> String { body.isEmpty ? "" : "\(key):\n\(body)\n" }
  let ordinary = """
      - id: R-1
        say: x
        when: { data_class: [reference] }
        serve: [{ region: nearest, tier: primary }]
    """
  return """
    policy: p
    version: 1
    regions:
      west: { near: [US-AZ, US-CA], backup: east, jurisdiction: US }
      east: { near: [US-NY], backup: west, jurisdiction: US }
    \(regions.isEmpty ? "#" : regions)

    """ + layer("sets", sets) + layer("never", never) + layer("deny", deny)
    + layer("routes", routes.isEmpty ? ordinary : routes)
}

/// A mistake, and what the first complaints say, without file and source line.
struct Mistake: Sendable, CustomTestStringConvertible {
  let name: String
  let text: String
  let golden: [String]
  var testDescription: String { name }
}

/// A route `R-2` with these lines added.
private func route(_ lines: String) -> String {
  "  - id: R-2\n    say: x\n" + lines.split(separator: "\n").map { "    \($0)\n" }.joined()
}

private let primary = "serve: [{ region: home, tier: primary }]"

private let mistakes = [
  Mistake(
    name: "unknown word",
    text: policy(routes: route("when: { data_class: [vitals, behavorial-health] }\n\(primary)")),
    golden: [
      "10:34: error: unknown word `behavorial-health` for `data_class` [E208] did you mean"
        + " `behavioral-health`?"
    ]),
  Mistake(
    name: "unknown key",
    text: policy(routes: route("whem: { data_class: vitals }\n\(primary)")),
    golden: ["10:5: error: unknown key `whem` in a route [E201] did you mean `when`?"]),
  Mistake(
    name: "unknown attribute",
    text: policy(routes: route("when: { dataclass: vitals }\n\(primary)")),
    golden: ["10:13: error: unknown key `dataclass` in `when` [E201] did you mean `data_class`?"]),
  Mistake(
    name: "unknown region",
    text: policy(routes: route("when: { home: wets }\n\(primary)")),
    golden: ["10:19: error: no region is called `wets` [E301] did you mean `west`?"]),
  Mistake(
    name: "unknown destination",
    text: policy(routes: route("when: {}\nserve: [{ region: backup-of-hom, tier: primary }]")),
    golden: [
      "11:23: error: no region is called `backup-of-hom` [E301] did you mean `backup-of-home`?"
    ]),
  Mistake(
    name: "state without country",
    text: policy(routes: route("when: { location: [AX-CA, ny, US-ZZ] }\n\(primary)")),
    golden: [
      "10:31: error: `ny` is no place; write an ISO 3166 code such as `US` or `US-AZ` [E312] did"
        + " you mean `US-NY`?",
      "10:35: error: `US-ZZ` is no place; write an ISO 3166 code such as `US` or `US-AZ` [E312]",
    ]),
  Mistake(
    name: "Norway without quotes",
    text: policy(routes: route("when: { location: [NO] }\n\(primary)")),
    golden: [
      "10:24: error: `NO` is ambiguous in YAML; write `true` or `false`, or put it in quotes [E106]"
    ]),
  Mistake(
    name: "unknown set",
    text: policy(
      sets: "  chart: { data_class: [vitals] }",
      routes: route("when: { data_class: $chrat }\n\(primary)")),
    golden: [
      "8:3: warning: no rule uses the set `chart` [W301]",
      "12:25: error: no set is called `chrat` [E302] did you mean `$chart`?",
    ]),
  Mistake(
    name: "set of another attribute",
    text: policy(
      sets: "  chart: { data_class: [vitals] }",
      routes: route("when: { operation: $chart }\n\(primary)")),
    golden: ["12:24: error: the set `chart` does not hold values of `operation` [E303]"]),
  Mistake(
    name: "set of two attributes",
    text: policy(sets: "  s: { data_class: [vitals], role: [nurse] }"),
    golden: [
      "8:3: warning: no rule uses the set `s` [W301]",
      "8:6: error: the set `s` must list the values of exactly one attribute, such as `data_class`,"
        + " `places` or `regions` [E303]",
    ]),
  Mistake(
    name: "id twice",
    text: policy(
      deny: "  - { id: R-2, say: x, when: {} }", routes: route("when: {}\n\(primary)")),
    golden: ["10:9: error: the id `R-2` is taken by the rule in line 8 [E304]"]),
  Mistake(
    name: "overlap",
    text: policy(
      routes: route("when: { data_class: [vitals, problems], role: nurse }\n\(primary)")
        + "  - id: R-3\n    say: x\n    when: { data_class: [orders, problems] }\n"
        + "    serve: [{ region: east, tier: primary }]"),
    golden: [
      "12:9: error: `R-3` and `R-2` (line 8) both match data_class `problems`, role `nurse` and say"
        + " different things; narrow one, or let one say `overrides: [...]` [E305]"
    ]),
  Mistake(
    name: "override of nobody",
    text: policy(routes: route("when: {}\n\(primary)\noverrides: [R-7]")),
    golden: ["8:9: error: `R-2` overrides `R-7`, which is no route [E306] did you mean `R-2`?"]),
  Mistake(
    name: "override of itself",
    text: policy(routes: route("when: {}\n\(primary)\noverrides: [R-2]")),
    golden: ["8:9: error: `R-2` stands in a circle of `overrides` [E307]"]),
  Mistake(
    name: "override without overlap",
    text: policy(
      routes: route("when: { role: nurse }\n\(primary)\noverrides: [R-3]")
        + "  - id: R-3\n    say: x\n    when: { role: patient }\n    \(primary)"),
    golden: ["8:9: warning: `R-2` overrides `R-3`, but no request matches both [W302]"]),
  Mistake(
    name: "own backup",
    text: policy(regions: "  north: { backup: north }"),
    golden: ["6:20: error: `north` cannot be its own backup [E308]"]),
  Mistake(
    name: "near twice",
    text: policy(regions: "  north: { near: [US-AZ] }"),
    golden: ["6:19: error: US-AZ is near `north` and near `west` [E309]"]),
  Mistake(
    name: "region with a reserved name",
    text: policy(regions: "  home: { near: [CA] }"),
    golden: ["6:3: error: `home` is a word of the language [E304]"]),
  Mistake(
    name: "empty serve",
    text: policy(routes: route("when: {}\nserve: []")),
    golden: ["11:12: error: `serve` names nobody; use a `deny` rule [E310]"]),
  Mistake(
    name: "staleness of a primary",
    text: policy(
      routes: route("when: {}\nserve: [{ region: home, tier: primary, staleness: 5s }]")),
    golden: ["11:55: error: a primary is never stale; leave `staleness` out [E311]"]),
  Mistake(
    name: "replica without a bound",
    text: policy(routes: route("when: {}\nserve: [{ region: home, tier: replica }]")),
    golden: ["11:13: error: a replica needs a bound such as `staleness: 10s` [E311]"]),
  Mistake(
    name: "bound without a unit",
    text: policy(routes: route("when: {}\nserve: [{ region: home, tier: replica, staleness: 5 }]")),
    golden: [
      "11:55: error: `staleness` has no unit; write a duration such as `5s` with one of `ms`, `s`,"
        + " `m`, `h` [E207]"
    ]),
  Mistake(
    name: "never without a consequence",
    text: policy(never: "  - { id: N-1, say: x, when: {} }"),
    golden: [
      "8:5: error: a `never` rule needs `refuse: true` or `serve` with what it forbids [E316]"
    ]),
  Mistake(
    name: "never with two consequences",
    text: policy(
      never: "  - { id: N-1, say: x, when: {}, refuse: true, serve: { tier_in: [cache] } }"),
    golden: ["8:55: error: a `never` rule has either `refuse: true` or `serve`, not both [E316]"]),
  Mistake(
    name: "empty list",
    text: policy(routes: route("when: { role: [] }\n\(primary)")),
    golden: ["10:19: error: `role` is an empty list, which matches nothing [E315]"]),
  Mistake(
    name: "empty unless",
    text: policy(routes: route("when: {}\nunless: {}\n\(primary)")),
    golden: ["11:13: error: an empty `unless` leaves out every request [E315]"]),
  Mistake(
    name: "times that go backwards",
    text: policy()
      + "\neffective: { from: 2026-12-01T00:00:00Z, until: 2026-11-01T00:00:00Z }\n",
    golden: ["13:49: error: `until` is not after `from` [E313]"]),
  Mistake(
    name: "no time",
    text: policy() + "\neffective: { from: 2026-02-30T00:00:00Z }\n",
    golden: [
      "13:20: error: `from` must be a time such as `2026-12-01T00:00:00Z`, in UTC [E313]"
    ]),
  Mistake(
    name: "nothing but a name",
    text: "policy: p\n",
    golden: [
      "1:1: error: the policy needs the key `version` [E202]",
      "1:1: error: the policy needs the key `regions` [E202]",
      "1:1: error: the policy needs the key `routes` [E202]",
    ]),
]

@Test(arguments: mistakes)
func complainsAboutTheMistake(_ mistake: Mistake) {
  let (policy, diagnostics) = Policy.load(text: mistake.text, file: "p", hash: "")
  let said = diagnostics.map { complaint in
    "\(complaint.line):\(complaint.column): \(complaint.severity): \(complaint.message)"
      + " [\(complaint.code)]" + (complaint.suggestion.map { " did you mean `\($0)`?" } ?? "")
  }
  #expect(said == mistake.golden)
  #expect((policy == nil) == diagnostics.contains { $0.severity == .error })
}

@Test func overlapIsLegalWhereTheOutcomeIsTheSameOrCannotHappen() {
  // Arizona is near the West, so nobody is there and not in the home region West.
  let text = policy(
    routes: route("when: { location: US-AZ, home: west }\n\(primary)")
      + """
        - id: R-3
          say: x
          when: { home: west, user_in_home_region: false }
          serve: [{ region: east, tier: primary }]
        - id: R-4
          say: x
          when: { location: [US-AZ], home: [west, unknown] }
          unless: { role: nurse }
          \(primary)
      """)
  let (policy, diagnostics) = Policy.load(text: text, file: "p", hash: "")
  #expect(policy != nil && diagnostics.isEmpty, "\(diagnostics)")
}

@Test func aPolicyWithoutWarningsLoads() {
  let (loaded, diagnostics) = Policy.load(text: policy(), file: "p", hash: "h")
  #expect(loaded?.contentHash == "h" && diagnostics.isEmpty)
}

@Test func thereIsABoundOnRegions() {
  let many = (0..<40).map { "  r\($0): {}" }.joined(separator: "\n")
  let (loaded, diagnostics) = Policy.load(text: policy(regions: many), file: "p", hash: "")
  #expect(loaded == nil && diagnostics.map(\.code) == ["E314"])
}

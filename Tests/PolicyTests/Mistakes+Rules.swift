/// What authors may write by mistake in rules and regions; each entry is another mistake.
let ruleMistakes = [
  Mistake(
    name: "unknown word",
    text: policy(routes: route("when: { data_class: [vitals, behavorial-health] }\n\(primary)")),
    golden: [
      "p.yaml:11:34: error: unknown word `behavorial-health` for `data_class` [E208];"
        + " did you mean `behavioral-health`?"
    ]),
  Mistake(
    name: "unknown key",
    text: policy(routes: route("whem: { data_class: vitals }\n\(primary)")),
    golden: [
      "p.yaml:11:5: error: unknown key `whem` in a route [E201]; did you mean `when`?"
    ]),
  Mistake(
    name: "unknown attribute",
    text: policy(routes: route("when: { dataclass: vitals }\n\(primary)")),
    golden: [
      "p.yaml:11:13: error: unknown key `dataclass` in `when` [E201]; did you mean"
        + " `data_class`?"
    ]),
  Mistake(
    name: "unknown region",
    text: policy(routes: route("when: { home: wets }\n\(primary)")),
    golden: [
      "p.yaml:11:19: error: no region is called `wets` [E301]; did you mean `west`?"
    ]),
  Mistake(
    name: "unknown destination",
    text: policy(routes: route("when: {}\nserve: [{ region: backup-of-hom, tier: primary }]")),
    golden: [
      "p.yaml:12:23: error: no region is called `backup-of-hom` [E301]; did you mean"
        + " `backup-of-home`?"
    ]),
  Mistake(
    name: "state without country",
    text: policy(routes: route("when: { location: [AX-CA, ny, US-ZZ] }\n\(primary)")),
    golden: [
      "p.yaml:11:31: error: `ny` is no place; write an ISO 3166 code such as `US` or"
        + " `US-AZ` [E312]; did you mean `US-NY`?",
      "p.yaml:11:35: error: `US-ZZ` is no place; write an ISO 3166 code such as `US` or"
        + " `US-AZ` [E312]",
    ]),
  Mistake(
    name: "Norway without quotes",
    text: policy(routes: route("when: { location: [NO] }\n\(primary)")),
    golden: [
      "p.yaml:11:24: error: `NO` is ambiguous in YAML; write `true` or `false`, or put"
        + " it in quotes [E106]"
    ]),
  Mistake(
    name: "unknown set",
    text: policy(
      sets: "  chart: { data_class: [vitals] }",
      routes: route("when: { data_class: $chrat }\n\(primary)")),
    golden: [
      "p.yaml:9:3: warning: no rule uses the set `chart` [W301]",
      "p.yaml:13:25: error: no set is called `chrat` [E302]; did you mean `$chart`?",
    ]),
  Mistake(
    name: "set of another attribute",
    text: policy(
      sets: "  chart: { data_class: [vitals] }",
      routes: route("when: { operation: $chart }\n\(primary)")),
    golden: [
      "p.yaml:13:24: error: the set `chart` does not hold values of `operation` [E303]"
    ]),
  Mistake(
    name: "set of two attributes",
    text: policy(sets: "  s: { data_class: [vitals], role: [nurse] }"),
    golden: [
      "p.yaml:9:3: warning: no rule uses the set `s` [W301]",
      "p.yaml:9:6: error: the set `s` must list the values of exactly one attribute,"
        + " such as `data_class`, `places` or `regions` [E303]",
    ]),
  Mistake(
    name: "id twice",
    text: policy(
      deny: "  - { id: R-2, say: x, when: {} }", routes: route("when: {}\n\(primary)")),
    golden: [
      "p.yaml:11:9: error: the id `R-2` is taken by the rule in line 9 [E304]"
    ]),
  Mistake(
    name: "overlap",
    text: policy(
      routes: route("when: { data_class: [vitals, problems], role: nurse }\n\(primary)")
        + "  - id: R-3\n    say: x\n    when: { data_class: [orders, problems] }\n"
        + "    serve: [{ region: east, tier: primary }]"),
    golden: [
      "p.yaml:13:9: error: `R-3` and `R-2` (line 9) both match data_class `problems`,"
        + " role `nurse` and say different things; narrow one, or let one say `overrides:"
        + " [...]` [E305]"
    ]),
  Mistake(
    name: "override of nobody",
    text: policy(routes: route("when: {}\n\(primary)\noverrides: [R-7]")),
    golden: [
      "p.yaml:9:9: error: `R-2` overrides `R-7`, which is no route [E306]"
    ]),
  Mistake(
    name: "override of itself",
    text: policy(routes: route("when: {}\n\(primary)\noverrides: [R-2]")),
    golden: [
      "p.yaml:9:9: error: `R-2` stands in a circle of `overrides` [E307]"
    ]),
  Mistake(
    name: "override without overlap",
    text: policy(
      routes: route("when: { role: nurse }\n\(primary)\noverrides: [R-3]")
        + "  - id: R-3\n    say: x\n    when: { role: patient }\n    \(primary)"),
    golden: [
      "p.yaml:9:9: warning: `R-2` overrides `R-3`, but no request matches both [W302]"
    ]),
  Mistake(
    name: "own backup",
    text: policy(regions: "  north: { backup: north }"),
    golden: [
      "p.yaml:7:20: error: `north` cannot be its own backup [E308]"
    ]),
  Mistake(
    name: "near twice",
    text: policy(regions: "  north: { near: [US-AZ] }"),
    golden: [
      "p.yaml:7:19: error: US-AZ is near `north` and near `west` [E309]"
    ]),
  Mistake(
    name: "region with a reserved name",
    text: policy(regions: "  home: { near: [CA] }"),
    golden: [
      "p.yaml:7:3: error: `home` is a word of the language [E304]"
    ]),
  Mistake(
    name: "empty serve",
    text: policy(routes: route("when: {}\nserve: []")),
    golden: [
      "p.yaml:12:12: error: `serve` names nobody; use a `deny` rule [E310]"
    ]),
  Mistake(
    name: "staleness of a primary",
    text: policy(
      routes: route("when: {}\nserve: [{ region: home, tier: primary, staleness: 5s }]")),
    golden: [
      "p.yaml:12:55: error: a primary is never stale; leave `staleness` out [E311]"
    ]),
  Mistake(
    name: "replica without a bound",
    text: policy(routes: route("when: {}\nserve: [{ region: home, tier: replica }]")),
    golden: [
      "p.yaml:12:13: error: a replica needs a bound such as `staleness: 10s` [E311]"
    ]),
  Mistake(
    name: "bound without a unit",
    text: policy(routes: route("when: {}\nserve: [{ region: home, tier: replica, staleness: 5 }]")),
    golden: [
      "p.yaml:12:55: error: `staleness` has no unit; write a duration such as `5s` with"
        + " one of `ms`, `s`, `m`, `h` [E207]"
    ]),
  Mistake(
    name: "never without a consequence",
    text: policy(never: "  - { id: N-1, say: x, when: {} }"),
    golden: [
      "p.yaml:9:5: error: a `never` rule needs `refuse: true` or `serve` with what it"
        + " forbids [E316]"
    ]),
  Mistake(
    name: "never with two consequences",
    text: policy(
      never: "  - { id: N-1, say: x, when: {}, refuse: true, serve: { tier_in: [cache] } }"),
    golden: [
      "p.yaml:9:55: error: a `never` rule has either `refuse: true` or `serve`, not both"
        + " [E316]"
    ]),
  Mistake(
    name: "empty list",
    text: policy(routes: route("when: { role: [] }\n\(primary)")),
    golden: [
      "p.yaml:11:19: error: `role` is an empty list, which matches nothing [E315]"
    ]),
  Mistake(
    name: "empty unless",
    text: policy(routes: route("when: {}\nunless: {}\n\(primary)")),
    golden: [
      "p.yaml:12:13: error: an empty `unless` leaves out every request [E315]"
    ]),
  Mistake(
    name: "times that go backwards",
    text: policy()
      + "\neffective: { from: 2026-12-01T00:00:00Z, until: 2026-11-01T00:00:00Z }\n",
    golden: [
      "p.yaml:14:49: error: `until` is not after `from` [E313]"
    ]),
  Mistake(
    name: "no time",
    text: policy() + "\neffective: { from: 2026-02-30T00:00:00Z }\n",
    golden: [
      "p.yaml:14:20: error: `from` must be a time such as `2026-12-01T00:00:00Z`, in UTC"
        + " [E313]"
    ]),
  Mistake(
    name: "nothing but a name",
    text: "policy: p\n",
    golden: [
      "p.yaml:1:1: error: the policy needs the key `version` [E202]",
      "p.yaml:1:1: error: the policy needs the key `regions` [E202]",
      "p.yaml:1:1: error: the policy needs the key `routes` [E202]",
    ]),
  Mistake(
    name: "tenant that is not declared",
    text: policy(
      head: "tenants: [north-clinic]",
      routes: route("when: { tenant: [north-clinc] }\n\(primary)")),
    golden: [
      "p.yaml:11:22: error: `tenants` does not name `north-clinc` [E317]; did you mean"
        + " `north-clinic`?"
    ]),
  Mistake(
    name: "tenant twice",
    text: policy(head: "tenants: [north, south, north]"),
    golden: [
      "p.yaml:3:25: error: `north` stands twice in `tenants` [E209]"
    ]),
  Mistake(
    name: "tenant with a reserved name",
    text: policy(head: "tenants: [other]"),
    golden: [
      "p.yaml:3:11: error: `other` is a word of the language [E304]"
    ]),
  Mistake(
    name: "tenants as a mapping",
    text: policy(head: "tenants: { north: 1 }"),
    golden: [
      "p.yaml:3:10: error: `tenants` must be a list, not a mapping [E203]"
    ]),
  Mistake(
    name: "age without a unit",
    text: policy(routes: route("when: { directory_age: { below: 60 } }\n\(primary)")),
    golden: [
      "p.yaml:11:37: error: `below` has no unit; write a duration such as `10m` with one"
        + " of `s`, `m`, `h`, `d` [E207]"
    ]),
  Mistake(
    name: "age in milliseconds",
    text: policy(routes: route("when: { directory_age: { below: 500ms } }\n\(primary)")),
    golden: [
      "p.yaml:11:37: error: `below` has the unknown unit `ms`; write a duration such as"
        + " `10m` with one of `s`, `m`, `h`, `d` [E207]"
    ]),
  Mistake(
    name: "age beyond its range",
    text: policy(routes: route("when: { authentication_age: { at_least: 31d } }\n\(primary)")),
    golden: [
      "p.yaml:11:45: error: `at_least` must be from 0s to 30d, not 31d [E206]"
    ]),
  Mistake(
    name: "range without a value in it",
    text: policy(
      routes: route("when: { directory_age: { at_least: 2h, below: 120m } }\n\(primary)")),
    golden: [
      "p.yaml:11:51: error: the range is empty: `below` must be more than `at_least`"
        + " [E318]"
    ]),
  Mistake(
    name: "range without a bound",
    text: policy(routes: route("when: { directory_age: [{}] }\n\(primary)")),
    golden: [
      "p.yaml:11:29: error: a range of `directory_age` needs `at_least`, `below` or both"
        + " [E318]"
    ]),
  Mistake(
    name: "word for a range",
    text: policy(routes: route("when: { directory_age: 10m }\n\(primary)")),
    golden: [
      "p.yaml:11:28: error: `directory_age` takes ranges such as `{ at_least: 10m }`, or"
        + " `unknown` [E318]"
    ]),
  Mistake(
    name: "hour beyond the day",
    text: policy(routes: route("when: { hour: { below: 25 } }\n\(primary)")),
    golden: [
      "p.yaml:11:28: error: `below` must be from 1 to 24, not 25 [E206]"
    ]),
  Mistake(
    name: "hour with a unit",
    text: policy(routes: route("when: { hour: { at_least: 7h } }\n\(primary)")),
    golden: [
      "p.yaml:11:31: error: `at_least` must be a whole number from 0 to 23, without"
        + " quotes or unit [E205]"
    ]),
  Mistake(
    name: "unknown key of a range",
    text: policy(routes: route("when: { hour: { at_lest: 7 } }\n\(primary)")),
    golden: [
      "p.yaml:11:21: error: unknown key `at_lest` in a range of `hour` [E201]; did you"
        + " mean `at_least`?"
    ]),
  Mistake(
    name: "range for a word",
    text: policy(routes: route("when: { role: { below: 7 } }\n\(primary)")),
    golden: [
      "p.yaml:11:19: error: `role` must be a word or a list of words, not a mapping"
        + " [E203]"
    ]),
  Mistake(
    name: "list in a list of ranges",
    text: policy(routes: route("when: { hour: [[7, 9]] }\n\(primary)")),
    golden: [
      "p.yaml:11:20: error: an item of `hour` must be a range or `unknown`, not a list"
        + " [E203]"
    ]),
  Mistake(
    name: "time in a condition",
    text: policy(routes: route("when: { time: 2026-01-01T00:00:00Z }\n\(primary)")),
    golden: [
      "p.yaml:11:13: error: unknown key `time` in `when` [E201]"
    ]),
  Mistake(
    name: "answer in other words",
    text: policy(routes: route("when: { own_record: maybe }\n\(primary)")),
    golden: [
      "p.yaml:11:25: error: unknown word `maybe` for `own_record`: one of false, true,"
        + " unknown [E208]"
    ]),
  Mistake(
    name: "rule that ends before it begins",
    text: policy(
      routes: route(
        "when: {}\neffective: { from: 2026-02-01T00:00:00Z, until: 2026-02-01T00:00:00Z }\n"
          + primary
      )),
    golden: [
      "p.yaml:12:53: error: `until` is not after `from` [E313]"
    ]),
  Mistake(
    name: "rule with a date for a time",
    text: policy(routes: route("when: {}\neffective: { until: 2026-02-01 }\n\(primary)")),
    golden: [
      "p.yaml:12:25: error: `until` must be a time such as `2026-12-01T00:00:00Z`, in"
        + " UTC [E313]"
    ]),
  Mistake(
    name: "second version without a first",
    text: policy(version: "2"),
    golden: [
      "p.yaml:2:10: error: version 2 needs `supersedes`: the hash of version 1, such as"
        + " `sha256:` and 64 hexadecimal digits [E319]"
    ]),
  Mistake(
    name: "first version after another",
    text: policy(head: "supersedes: sha256:\(String(repeating: "0", count: 64))"),
    golden: [
      "p.yaml:3:13: error: version 1 supersedes nothing; leave `supersedes` out [E319]"
    ]),
  Mistake(
    name: "hash without its kind",
    text: policy(version: "2", head: "supersedes: 0123abc"),
    golden: [
      "p.yaml:3:13: error: `supersedes` must be `sha256:` and 64 hexadecimal digits in"
        + " lower case [E319]"
    ]),
]

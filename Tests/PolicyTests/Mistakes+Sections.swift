/// What authors may write by mistake elsewhere; each entry is another mistake.
let sectionMistakes = [
  Mistake(
    name: "half coverage",
    text: policy(head: "coverage: half"),
    golden: [
      "p.yaml:3:11: error: unknown word `half` for `coverage`: one of full [E208]"
    ]),
  Mistake(
    name: "version in quotes",
    text: policy(version: "\"1\""),
    golden: [
      "p.yaml:2:10: error: `version` must be a whole number from 1 to 1000000, without"
        + " quotes or unit [E205]"
    ]),
  Mistake(
    name: "version zero",
    text: policy(version: "0"),
    golden: [
      "p.yaml:2:10: error: `version` must be from 1 to 1000000, not 0 [E206]"
    ]),
  Mistake(
    name: "id with a space",
    text: policy(deny: "  - { id: my rule, say: x, when: {} }"),
    golden: [
      "p.yaml:9:11: error: `my rule` is no name: a letter, then letters, digits, `-`,"
        + " `.` or `_`, at most 48 [E304]"
    ]),
  Mistake(
    name: "key twice",
    text: policy(head: "ticket: T-1\nticket: T-2"),
    golden: [
      "p.yaml:4:1: error: key `ticket` stands twice in one mapping, first in line 3"
        + " [E102]"
    ]),
  Mistake(
    name: "tab",
    text: policy(head: "ticket:\tT-1"),
    golden: [
      "p.yaml:3:8: error: a tab; use spaces [E107]"
    ]),
  Mistake(
    name: "unknown order",
    text: policy(routes: route("when: {}\nserve: [{ region: any, tier: primary, order: laod }]")),
    golden: [
      "p.yaml:12:50: error: unknown word `laod` for `order`: one of listed, load [E208];"
        + " did you mean `load`?"
    ]),
  Mistake(
    name: "mark of a primary",
    text: policy(
      routes: route("when: {}\nserve: [{ region: home, tier: primary, marked: stale }]")),
    golden: [
      "p.yaml:12:52: error: a primary is never stale; leave `marked` out [E311]"
    ]),
  Mistake(
    name: "staleness of days",
    text: policy(
      routes: route("when: {}\nserve: [{ region: home, tier: replica, staleness: 25h }]")),
    golden: [
      "p.yaml:12:55: error: `staleness` must be from 0ms to 24h, not 25h [E206]"
    ]),
  Mistake(
    name: "unknown obligation",
    text: policy(routes: route("when: {}\nobligations: [require-reasons]\n\(primary)")),
    golden: [
      "p.yaml:12:19: error: unknown word `require-reasons` for `obligations`: one of"
        + " require-reason, step-up-multi-factor, step-up-phishing-resistant, summarize,"
        + " tokenize-restricted, redact-restricted [E208]; did you mean `require-reason`?"
    ]),
  Mistake(
    name: "obligation twice",
    text: policy(routes: route("when: {}\nobligations: [summarize, summarize]\n\(primary)")),
    golden: [
      "p.yaml:12:30: error: `summarize` stands twice in `obligations` [E209]"
    ]),
  Mistake(
    name: "obligation of a refusal",
    text: policy(deny: "  - { id: D-1, say: x, when: {}, obligations: [summarize] }"),
    golden: [
      "p.yaml:9:34: error: unknown key `obligations` in a `deny` rule [E201]"
    ]),
  Mistake(
    name: "region list and jurisdiction",
    text: policy(
      never:
        "  - { id: N-1, say: x, when: {}, serve: { region_in: [west], jurisdiction_in: [US] } }"),
    golden: [
      "p.yaml:9:79: error: `region_in` and `jurisdiction_in` exclude each other; write"
        + " two rules [E316]"
    ]),
  Mistake(
    name: "set in a set",
    text: policy(sets: "  a: { role: [nurse] }\n  b: { role: [$a] }"),
    golden: [
      "p.yaml:9:3: warning: no rule uses the set `a` [W301]",
      "p.yaml:10:3: warning: no rule uses the set `b` [W301]",
      "p.yaml:10:15: error: a set holds no sets; write the values of `a` out [E303]",
    ]),
  Mistake(
    name: "set that holds no regions",
    text: policy(
      sets: "  a: { role: [nurse] }",
      routes: route("when: {}\nserve: [{ region: $a, tier: primary }]")),
    golden: [
      "p.yaml:14:23: error: the set `a` does not hold regions [E303]"
    ]),
  Mistake(
    name: "guarantee of more regions than there are",
    text: policy(always: "  - { id: A-1, say: x, when: {}, serve: { regions_min: 3 } }"),
    golden: [
      "p.yaml:14:56: error: the policy has 2 regions, which is less than 3 [E314]"
    ]),
  Mistake(
    name: "guarantee of nothing",
    text: policy(always: "  - { id: A-1, say: x, when: {} }"),
    golden: [
      "p.yaml:14:5: error: a guarantee needs the key `serve` [E202]"
    ]),
  Mistake(
    name: "guarantee with a rule's id",
    text: policy(always: "  - { id: R-1, say: x, when: {}, serve: {} }"),
    golden: [
      "p.yaml:14:11: error: the id `R-1` is taken by the rule in line 9 [E304]"
    ]),
  Mistake(
    name: "shadow of nothing",
    text: policy(tail: "phases: { vitals: shadow }"),
    golden: [
      "p.yaml:13:19: error: version 1 has no version before it that could decide; write"
        + " `enforce` [E320]"
    ]),
  Mistake(
    name: "phase of an unknown class",
    text: policy(tail: "phases: { vital: enforce }"),
    golden: [
      "p.yaml:13:11: error: unknown key `vital` in `phases` [E201]; did you mean"
        + " `vitals`?"
    ]),
  Mistake(
    name: "unknown phase",
    text: policy(tail: "phases: { default: enforced }"),
    golden: [
      "p.yaml:13:20: error: unknown word `enforced` for `default`: one of enforce,"
        + " observe, shadow [E208]; did you mean `enforce`?"
    ]),
  Mistake(
    name: "cache without a class",
    text: policy(
      cache: "  - { data_class: [\(classes.dropFirst().joined(separator: ", "))], store: never }"),
    golden: [
      "p.yaml:14:3: error: no row of `cache` names `reference`; every data class needs"
        + " one, if only with `store: never` [E322]"
    ]),
  Mistake(
    name: "cache with a class twice",
    text: policy(
      cache: never(but: "reference") + "  - { data_class: [reference, asset], store: never }\n"),
    golden: [
      "p.yaml:15:5: error: `asset` has a row already, in line 14 [E322]"
    ]),
  Mistake(
    name: "confidential cache",
    text: policy(
      cache: cache(
        "vitals", "[tenant, consent]", "seal: none", sensitivity: "[restricted]", ttl: "2m")),
    golden: [
      "p.yaml:15:5: error: `vitals` may be more than normally confidential; storing it"
        + " needs a `seal`, `user` in `key`, a `ttl` of 60s at most [E323]"
    ]),
  Mistake(
    name: "confidential cache without a durable record",
    text: policy(
      routes: route("when: { data_class: substance-use }\naudit: standard\n\(primary)"),
      cache: cache("substance-use", "[tenant, consent, user]", "seal: user")),
    golden: [
      "p.yaml:17:5: error: `substance-use` may be more than normally confidential;"
        + " storing it needs `audit: durable` in `R-2` (line 9) [E323]"
    ]),
  Mistake(
    name: "readers without their role",
    text: policy(cache: cache("reference", "[tenant]", "readers: { role: [nurse] }")),
    golden: [
      "p.yaml:15:5: error: `readers` asks for the role, so `key` must hold `role` [E324]"
    ]),
  Mistake(
    name: "readers without a purpose",
    text: policy(cache: cache("reference", "[tenant]", "readers: { purpose: [treatment] }")),
    golden: [
      "p.yaml:15:5: error: `readers` asks for the purpose, so `key` must hold `purpose`"
        + " [E324]"
    ]),
  Mistake(
    name: "readers that are nobody",
    text: policy(cache: cache("reference", "[tenant]", "readers: {}")),
    golden: [
      "p.yaml:17:94: error: `readers` needs `role`, `purpose` or both [E315]"
    ]),
  Mistake(
    name: "cache that outlives consent",
    text: policy(cache: cache("vitals", "[region]", "seal: none", invalidate: "[policy]")),
    golden: [
      "p.yaml:15:5: error: `vitals` depends on the patient's consent; storing it needs"
        + " `tenant` in `key`, `consent` in `key`, `consent` in `invalidate`, `write` in"
        + " `invalidate` [E325]"
    ]),
  Mistake(
    name: "route to a cache that is never filled",
    text: policy(
      routes: route(
        "when: { data_class: vitals }\nserve: [{ region: home, tier: cache, staleness: 5s }]"),
      cache: never()),
    golden: [
      "p.yaml:9:9: error: `R-2` asks a cache for `vitals`, which `cache` never stores"
        + " [E326]"
    ]),
  Mistake(
    name: "cache that may be",
    text: policy(cache: never(but: "vitals") + "  - { data_class: vitals, store: nevr }\n"),
    golden: [
      "p.yaml:15:34: error: `store` must be `never`, or a mapping that says how [E321];"
        + " did you mean `never`?"
    ]),
  Mistake(
    name: "cache with much jitter",
    text: policy(cache: cache("reference", "[tenant]", "jitter: 60%")),
    golden: [
      "p.yaml:17:93: error: `jitter` must be from 0% to 50%, such as `10%` [E321]"
    ]),
  Mistake(
    name: "cache near the user",
    text: policy(cache: cache("reference", "[tenant]", "seal: none", regions: "[nearest]")),
    golden: [
      "p.yaml:17:23: error: `regions` of a cache are `any`, `home` or regions of this"
        + " policy [E321]"
    ]),
  Mistake(
    name: "sensitivity of nothing",
    text: policy(
      cache: never(but: "vitals")
        + "  - { data_class: vitals, sensitivity: normal, store: never }\n"),
    golden: [
      "p.yaml:15:40: error: nothing of this row is stored; leave `sensitivity` out [E321]"
    ]),
  Mistake(
    name: "cache without a time",
    text: policy(
      cache: never(but: "asset") + "  - { data_class: asset, store: { regions: any } }\n"),
    golden: [
      "p.yaml:15:33: error: `store` needs the key `ttl` [E202]"
    ]),
  Mistake(
    name: "step to a cache without a matrix",
    text: policy(
      routes: route(
        "when: { data_class: vitals }\nserve: [{ region: home, tier: cache, staleness: 5s }]")),
    golden: [
      "p.yaml:9:9: warning: `R-2` asks a cache, but without `cache` nothing is ever"
        + " stored [W303]"
    ]),
  Mistake(
    name: "test of no rule",
    text: policy(tests: test("{}", "{ decision: permit, rule: R-9 }")),
    golden: [
      "p.yaml:16:39: error: no rule is called `R-9` [E327]; did you mean `R-1`?"
    ]),
  Mistake(
    name: "test that names a rule for no-rule",
    text: policy(tests: test("{}", "{ decision: no-rule, rule: R-1 }")),
    golden: [
      "p.yaml:16:40: error: `no-rule` names no rule; leave `rule` out [E327]"
    ]),
  Mistake(
    name: "test without a rule",
    text: policy(tests: test("{}", "{ decision: permit }")),
    golden: [
      "p.yaml:16:13: error: `expect` needs the key `rule` [E202]"
    ]),
  Mistake(
    name: "test with another decision",
    text: policy(tests: test("{}", "{ decision: permitted, rule: R-1 }")),
    golden: [
      "p.yaml:16:25: error: unknown word `permitted` for `decision`: one of permit,"
        + " forbidden, no-rule, unavailable [E208]; did you mean `permit`?"
    ]),
  Mistake(
    name: "candidate in weeks",
    text: policy(
      tests: test("{}", "{ decision: permit, rule: R-1, candidates: [west replica 1w stale] }")),
    golden: [
      "p.yaml:16:57: error: a replica has a bound, such as `west replica 10s` [E328]"
    ]),
  Mistake(
    name: "candidate of no region",
    text: policy(tests: test("{}", "{ decision: permit, rule: R-1, candidates: [wset primary] }")),
    golden: [
      "p.yaml:16:57: error: no region is called `wset` [E328]; did you mean `west`?"
    ]),
  Mistake(
    name: "candidate of no tier",
    text: policy(tests: test("{}", "{ decision: permit, rule: R-1, candidates: [west primry] }")),
    golden: [
      "p.yaml:16:57: error: unknown word `primry` for a tier [E328]; did you mean"
        + " `primary`?"
    ]),
  Mistake(
    name: "candidate without a bound",
    text: policy(tests: test("{}", "{ decision: permit, rule: R-1, candidates: [west replica] }")),
    golden: [
      "p.yaml:16:57: error: a replica has a bound, such as `west replica 10s` [E328]"
    ]),
  Mistake(
    name: "primary candidate with a bound",
    text: policy(
      tests: test("{}", "{ decision: permit, rule: R-1, candidates: [west primary 5s] }")),
    golden: [
      "p.yaml:16:57: error: a primary has no bound and no mark [E328]"
    ]),
  Mistake(
    name: "candidate that is one word",
    text: policy(tests: test("{}", "{ decision: permit, rule: R-1, candidates: [west] }")),
    golden: [
      "p.yaml:16:57: error: a candidate is written as `us-west replica 10s` or `us-west"
        + " primary` [E328]"
    ]),
  Mistake(
    name: "fact in other words",
    text: policy(tests: test("{ data_class: vitels }", "{ decision: no-rule }")),
    golden: [
      "p.yaml:15:26: error: unknown word `vitels` for `data_class` [E329]; did you mean"
        + " `vitals`?"
    ]),
  Mistake(
    name: "fact beyond its range",
    text: policy(tests: test("{ hour: 24 }", "{ decision: no-rule }")),
    golden: [
      "p.yaml:15:20: error: `hour` must be from 0 to 23, or `unknown` [E329]"
    ]),
  Mistake(
    name: "fact without a unit",
    text: policy(tests: test("{ directory_age: 90 }", "{ decision: no-rule }")),
    golden: [
      "p.yaml:15:29: error: `directory_age` must be a whole number and one of `s`, `m`,"
        + " `h`, `d`, or `unknown` [E329]"
    ]),
  Mistake(
    name: "fact that is worked out",
    text: policy(tests: test("{ user_in_home_region: true }", "{ decision: no-rule }")),
    golden: [
      "p.yaml:15:35: error: `user_in_home_region` is worked out from `location` and"
        + " `home` [E329]"
    ]),
  Mistake(
    name: "fact that does not exist",
    text: policy(tests: test("{ data_clas: vitals }", "{ decision: no-rule }")),
    golden: [
      "p.yaml:15:14: error: unknown key `data_clas` in `given` [E201]; did you mean"
        + " `data_class`?"
    ]),
  Mistake(
    name: "range as a fact",
    text: policy(tests: test("{ hour: { below: 7 } }", "{ decision: no-rule }")),
    golden: [
      "p.yaml:15:20: error: `hour` must be a single value, not a mapping [E203]"
    ]),
]

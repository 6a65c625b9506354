import Base
import Policy
import StrictYAML
import Testing

/// The conditions of a route with a step to the cache, and whether it asks for medications, which
/// are never stored.
private let routes: [(condition: String, asksInVain: Bool)] = [
  ("when: { data_class: [vitals] }", false),
  ("when: { data_class: [vitals, medications] }", true),
  ("when: { role: nurse }", true),
  ("when: { role: nurse }\nunless: { data_class: [medications, unknown] }", false),
  ("when: { role: nurse }\nunless: { data_class: [medications], hour: { below: 7 } }", true),
  ("when: { role: nurse }\nunless: { data_class: medications, sensitivity: normal }", true),
  (
    "when: { sensitivity: normal }\nunless: { data_class: medications, sensitivity: normal }", false
  ),
]

/// A matrix that stores all but medications, for one user each.
private let matrix = """
    - { data_class: medications, store: never }
    - data_class: [\(classes.filter { $0 != "medications" }.joined(separator: ", "))]
      store: { regions: any, ttl: 60s, seal: user, key: [tenant, consent, user],
        invalidate: [write, consent] }
  """

@Test(arguments: routes)
func routesToACacheAskForWhatItMayHold(condition: String, asksInVain: Bool) {
  let step = "serve: [{ region: home, tier: cache, staleness: 5s }]"
  let text = policy(routes: route("\(condition)\n\(step)"), cache: matrix)
  let (_, diagnostics) = Policy.load(text: text, file: "p", hash: "")
  #expect(diagnostics.map(\.code) == (asksInVain ? ["E326"] : []), "\(diagnostics)")
}

/// A class, its key, a line of `store`, the sensitivities, and codes.
private typealias Row = (
  stored: String, key: String, line: String, sensitivity: String, codes: [String]
)

/// Rows about one class, and the complaints about them.
private let rows: [Row] = [
  ("vitals", "[tenant, consent]", "seal: none", "[normal]", []),
  ("vitals", "[tenant, consent]", "seal: none", "[normal, unknown]", ["E323"]),
  ("vitals", "[tenant, consent, user]", "seal: region", "[very-restricted]", []),
  ("mixed", "[tenant, consent]", "seal: user", "[normal]", ["E323"]),
  ("unknown", "[tenant, consent, user]", "seal: none", "[normal]", ["E323"]),
  ("asset", "[region]", "seal: none", "[normal]", []),
  ("scheduling", "[region]", "seal: none", "[normal]", []),
  ("demographics", "[tenant]", "seal: none", "[normal]", ["E325"]),
  ("asset", "[role]", "readers: { role: nurse, purpose: payment }", "[normal]", ["E324"]),
  ("reference", "[tenant]", "negative: 60s", "[normal]", []),
  ("reference", "[tenant]", "negative: 61s", "[normal]", ["E206"]),
  ("vitals", "[tenant, consent]", "negative: 1s", "[normal]", ["E339"]),
  ("notes", "[region]", "readers: { role: nurse }", "[restricted]", ["E323", "E324", "E325"]),
  ("reference", "[tenant]", "seal: tenant, disk: sealed", "[normal]", []),
  ("scheduling", "[region]", "seal: region, disk: sealed", "[normal]", []),
  ("asset", "[region]", "seal: region, disk: sealed", "[normal]", []),
  ("vitals", "[tenant, consent]", "seal: tenant, disk: never", "[normal]", []),
  ("asset", "[region]", "disk: sealed", "[normal]", ["E340"]),
  ("reference", "[tenant, user]", "seal: user, disk: sealed", "[normal]", ["E340"]),
  ("vitals", "[tenant, consent]", "seal: tenant, disk: sealed", "[normal]", ["E340"]),
  ("mixed", "[tenant, consent, user]", "seal: user, disk: sealed", "[normal]", ["E340"]),
  ("reference", "[tenant, user]", "seal: region, disk: sealed", "[restricted]", ["E340"]),
  ("reference", "[tenant]", "seal: tenant, disk: clear", "[normal]", ["E208"]),
]

@Test(arguments: rows)
func rowsAreHeldToTheRules(
  stored: String, key: String, line: String, sensitivity: String, codes: [String]
) {
  let text = policy(cache: cache(stored, key, line, sensitivity: sensitivity))
  let (_, diagnostics) = Policy.load(text: text, file: "p", hash: "")
  #expect(diagnostics.map(\.code) == codes, "\(diagnostics)")
}

@Test func plansNameTheirRow() throws {
  var facts = wholePolicy.tests[1].facts
  for (sensitivity, row) in [
    (Sensitivity.normal, 1), (.restricted, 1), (.veryRestricted, nil), (.unknown, nil),
  ] {
    facts.sensitivity = sensitivity
    #expect(wholePolicy.plan(for: facts).cacheRow == row)
  }
  facts.scope = .missing
  facts.sensitivity = .normal
  #expect(wholePolicy.plan(for: facts).cacheRow == nil)
  let store = try #require(wholePolicy.cacheRows[1].store)
  #expect(wholePolicy.cacheRows[2].store == nil)
  let (west, east, north) = (RegionID(0), RegionID(1), RegionID(2))
  #expect(store.allows(region: east, home: north) && store.allows(region: west, home: west))
  #expect(!store.allows(region: west, home: north) && !store.allows(region: north, home: nil))
  #expect(store.seal == .user && store.ttlMilliseconds == 60_000)
  #expect(store.readerPurposes == [.treatment] && store.readerRoles == nil)
  #expect(store.invalidations == [.write, .patientWrite, .consent])
}

import Base
import StrictYAML

extension PolicyReader {
  /// Reads the rules of one layer.
  func readRules(_ reader: MappingReader, _ layer: Layer) -> [Rule] {
    let (key, what) =
      switch layer {
      case .never: ("never", "a `never` rule")
      case .deny: ("deny", "a `deny` rule")
      case .route: ("routes", "a route")
      }
    let rules = reader.mappings(key, what, isRequired: layer == .route)
    if rules.count > Limits.ruleCountMax {
      error(
        .tooMany, at: reader.mark(of: key),
        "at most \(Limits.ruleCountMax) rules are possible, not \(rules.count)")
      return []
    }
    return rules.map { readRule($0, layer) }
  }

  private func readRule(_ reader: MappingReader, _ layer: Layer) -> Rule {
    let id = identifier(reader)
    let say = reader.string("say")
    var when = condition(reader.node("when"), "`when`")
    if let clause = effectiveClause(reader) { when.clauses.append(clause) }
    let unless = exception(reader)
    let durability = reader.enumeration("audit", of: Durability.self, default: .durable)
    var serve: [Step] = []
    var forbidden: Forbidden?
    var overrides: [String] = []
    var obligations: Obligations = []
    switch layer {
    case .never: forbidden = readForbidden(reader)
    case .deny: break
    case .route:
      serve = readServe(reader)
      overrides = reader.strings("overrides", isRequired: false)
      obligations = self.obligations(reader)
    }
    reader.finish()
    if durability == .bestEffort { checkBestEffort(when, id, at: reader.mark(of: "audit")) }
    return Rule(
      id: id, say: say, layer: layer, when: when, unless: unless, durability: durability,
      obligations: obligations, serve: serve, forbidden: forbidden, overrides: overrides,
      mark: reader.mark(of: "id"))
  }

  /// Only reads that concern no patient may go on without a record, and `when` itself must say that
  /// it is about nothing else: whoever reads the rule shall see it.
  private func checkBestEffort(_ when: Condition, _ id: String, at mark: Mark) {
    func isWithin(_ attribute: Attribute, _ allowed: [String]) -> Bool {
      when.clauses.contains {
        $0.attribute == attribute && $0.values.allSatisfy(allowed.contains)
      }
    }
    let classes = DataClass.allCases.filter(\.concernsNoPatient).map(\.rawValue)
    if !isWithin(.dataClass, classes) {
      error(
        .bestEffort, at: mark,
        "`\(id)` may concern patients, so its decisions must be recorded; `best-effort` needs"
          + " a `data_class` in `when` that holds \(classes.joined(separator: ", ")) only")
    }
    let reads = Operation.allCases.filter(\.isSafe).map(\.rawValue)
    if !isWithin(.operation, reads) {
      error(
        .bestEffort, at: mark,
        "`\(id)` may change something, so its decisions must be recorded; `best-effort` needs"
          + " an `operation` in `when` that holds \(reads.joined(separator: ", ")) only")
    }
  }

  /// Reads an optional `unless`.
  func exception(_ reader: MappingReader) -> Condition? {
    guard let node = reader.node("unless", isRequired: false) else { return nil }
    let unless = condition(node, "`unless`")
    if case .mapping(let entries, let mark) = node, entries.isEmpty {
      error(.emptyList, at: mark, "an empty `unless` leaves out every request")
    }
    return unless
  }

  /// Reads a `when` or `unless` mapping.
  func condition(_ node: Node?, _ what: String) -> Condition {
    let reader = MappingReader(node, what, diagnostics)
    var condition = Condition()
    for attribute in Attribute.inConditions {
      guard let node = reader.node(attribute.key, isRequired: false) else { continue }
      if let clause = clause(node, attribute) { condition.clauses.append(clause) }
    }
    reader.finish()
    return condition
  }

  /// Reads the values of one attribute; nil when none is left after complaints.
  private func clause(_ node: Node, _ attribute: Attribute) -> Clause? {
    let values = values(node, attribute.key, attribute.kind)
    guard !values.isEmpty else { return nil }
    let words = values.words.map(\.text)
    return Clause(
      attribute: attribute, values: words,
      places: attribute.kind == .places ? words.compactMap { Geography.place($0) } : [],
      ranges: values.ranges)
  }

  /// Reads a route's `obligations`.
  func obligations(_ reader: MappingReader) -> Obligations {
    words(reader, "obligations", among: Obligations.vocabulary.map { ($0.word, $0.obligation) })
      .reduce(into: []) { $0.insert($1) }
  }

  /// The values of an optional list of words of a vocabulary, each once.
  func words<Value>(
    _ reader: MappingReader, _ key: String, among vocabulary: [(word: String, value: Value)]
  ) -> [Value] {
    guard let node = reader.node(key, isRequired: false) else { return [] }
    if case .sequence(let elements, _) = node, elements.isEmpty { return [] }
    var seen: Set<String> = []
    return scalars(node, key).compactMap { scalar in
      guard diagnostics.word(scalar, key, among: vocabulary.map(\.word)) != nil else { return nil }
      if !seen.insert(scalar.text).inserted {
        diagnostics.error("E209", at: scalar.mark, "`\(scalar.text)` stands twice in `\(key)`")
      }
      return vocabulary.first { $0.word == scalar.text }?.value
    }
  }

  /// Reads a route's `serve` list.
  private func readServe(_ reader: MappingReader) -> [Step] {
    let steps = reader.mappings("serve", "a step of `serve`").map { readStep($0) }
    if steps.isEmpty, case .sequence? = reader.node("serve", isRequired: false) {
      error(.emptyServe, at: reader.mark(of: "serve"), "`serve` names nobody; use a `deny` rule")
    }
    return steps
  }

  private func readStep(_ reader: MappingReader) -> Step {
    let destinations = reader.node("region").map { self.destinations($0, "region") } ?? []
    let tier = reader.enumeration("tier", of: Tier.self)
    let isStale =
      reader.scalar("marked", isRequired: false).map {
        diagnostics.word($0, "marked", among: ["stale"]) != nil
      } ?? false
    var staleness: UInt32?
    if reader.contains("staleness") {
      staleness = UInt32(
        reader.durationMilliseconds("staleness", in: 0...Limits.stalenessMillisecondsMax))
    }
    if reader.contains("tier") {
      switch (tier, staleness) {
      case (.primary, .some):
        error(
          .staleness, at: reader.mark(of: "staleness"),
          "a primary is never stale; leave `staleness` out")
      case (.primary, nil):
        if isStale {
          error(
            .staleness, at: reader.mark(of: "marked"),
            "a primary is never stale; leave `marked` out")
        }
      case (_, nil):
        if !reader.contains("staleness") {
          error(
            .staleness, at: reader.mark, "a \(tier) needs a bound such as `staleness: 10s`")
        }
      default: break
      }
    }
    let order =
      reader.scalar("order", isRequired: false).flatMap {
        diagnostics.word($0, "order", among: ["listed", "load"])
      }
    reader.finish()
    return Step(
      destinations: destinations, tier: tier, stalenessMillisecondsMax: staleness,
      isMarkedStale: isStale, isOrderedByLoad: order == "load")
  }

  /// Reads what a `never` rule forbids: `refuse: true`, or `serve` with what must not happen.
  private func readForbidden(_ reader: MappingReader) -> Forbidden? {
    let isRefusal = reader.boolean("refuse", default: false)
    guard let serve = reader.optionalMapping("serve", "`serve` of a `never` rule") else {
      if !isRefusal {
        error(
          .neverWithoutConsequence, at: reader.mark,
          "a `never` rule needs `refuse: true` or `serve` with what it forbids")
      }
      return nil
    }
    var forbidden = Forbidden()
    forbidden.regionIn = constrained(serve, "region_in", "jurisdiction_in")
    forbidden.regionNotIn = constrained(serve, "region_not_in", "jurisdiction_not_in")
    forbidden.tierIn = tiers(serve, "tier_in")
    if serve.contains("tier_not_in") {
      let allowed = tiers(serve, "tier_not_in")
      forbidden.tierIn += Tier.allCases.filter {
        !allowed.contains($0) && !forbidden.tierIn.contains($0)
      }
    }
    serve.finish()
    if isRefusal || forbidden == Forbidden() {
      error(
        .neverWithoutConsequence, at: serve.mark,
        isRefusal
          ? "a `never` rule has either `refuse: true` or `serve`, not both"
          : "`serve` of a `never` rule forbids nothing")
    }
    return forbidden
  }

  /// Regions named directly, or by the jurisdiction they are under; nil when neither key is there.
  private func constrained(
    _ serve: MappingReader, _ regionKey: String, _ jurisdictionKey: String
  ) -> [Destination]? {
    let named = serve.node(regionKey, isRequired: false).map { destinations($0, regionKey) }
    guard let node = serve.node(jurisdictionKey, isRequired: false) else { return named }
    let places = scalars(node, jurisdictionKey).compactMap { place($0) }
    let within = regions.indices
      .filter { index in places.contains { regions[index].jurisdiction.isWithin($0) } }
      .map { Destination.named(RegionID(UInt8($0))) }
    if named != nil {
      error(
        .neverWithoutConsequence, at: node.mark,
        "`\(regionKey)` and `\(jurisdictionKey)` exclude each other; write two rules")
    }
    return within
  }

  func tiers(_ serve: MappingReader, _ key: String) -> [Tier] {
    guard let node = serve.node(key, isRequired: false) else { return [] }
    return scalars(node, key).compactMap {
      diagnostics.word($0, key, among: Tier.allCases.map(\.rawValue)).flatMap(Tier.init(rawValue:))
    }
  }

  /// Regions by name or symbolic word, sets of regions expanded.
  func destinations(_ node: Node, _ name: String) -> [Destination] {
    scalars(node, name).flatMap { scalar -> [Destination] in
      switch scalar.text {
      case "nearest": return [.nearest]
      case "home": return [.home]
      case "backup-of-home": return [.backupOfHome]
      case "any": return [.any]
      case "least-loaded": return [.leastLoaded]
      case let text where text.hasPrefix("$"):
        guard let set = namedSet(scalar) else { return [] }
        guard set.kind == .regions else {
          error(
            .setOfOtherAttribute, at: scalar.mark,
            "the set `\(text.dropFirst())` does not hold regions")
          return []
        }
        return set.values.words.compactMap { region($0).map { .named($0) } }
      default:
        return region(scalar, alsoWords: Destination.words).map { [.named($0)] } ?? []
      }
    }
  }
}

import Base

/// The run-time form of a policy: value codes, the rules' diagram, expanded candidate lists.
///
/// Where the rules are too many-sided for a diagram, `RuleIndex` finds the matching ones instead.
/// Rule order: `never`, `deny`, then routes with every route behind those that override it, so
/// that the first match of a layer decides.
struct CompiledPolicy: Sendable {
  let domains: Domains
  let index: RuleIndex
  /// Finds what a request comes to; empty when the diagram would have been too large. No optional:
  /// unwrapping one would count references to each of its arrays.
  private let diagram: FlatDiagram
  /// What the diagram's terminals mean.
  private let outcomes: OutcomeTable
  /// What the index decides by, and what both share.
  private let parts: CompiledRules
  /// By data class × sensitivities + sensitivity: the row of the cache matrix, or -1 for none.
  private let cacheRows: [Int16]

  /// Compiles checked rules, which stand in their order.
  init(
    _ regions: [Region], _ rules: [Rule], _ cacheRows: [CacheRow], _ domains: Domains,
    boxes: [(when: Box, unless: Box?)], diagram: RulesDiagram?
  ) {
    self.domains = domains
    self.cacheRows = CacheRow.table(cacheRows)
    index = RuleIndex(boxes, domains)
    parts = CompiledRules(regions, rules)
    var outcomes = OutcomeTable()
    var flat: FlatDiagram?
    if let diagram, let reduced = try? outcomes.reduce(diagram, rules, parts) {
      flat = FlatDiagram(reduced, diagram.space)
    }
    self.diagram = flat ?? FlatDiagram()
    self.outcomes = outcomes
  }

  /// The plan for `facts`; allocates nothing.
  func plan(_ facts: borrowing Facts) -> Plan {
    if diagram.isEmpty { return planByIndex(facts) }
    var codes = Codes()
    domains.fill(&codes, facts)
    let outcome = outcomes.outcomes[diagram.terminal(codes)]
    let rule = Int(outcome.decider)
    if rule < parts.routeStart {
      return rule < 0 ? refusal(.noRule, nil) : refusal(.forbidden, rule)
    }
    let place = place(codes)
    var (bannedRegions, bannedTiers) = (UInt64(0), UInt8(0))
    let start = Int(outcome.prohibitionsStart)
    for position in start..<(start + Int(outcome.prohibitionsCount)) {
      let ban = parts.prohibitions.ban(Int(outcomes.prohibitions[position]), place)
      bannedRegions |= ban.regions
      bannedTiers |= ban.tiers
    }
    return permit(rule, outcome, place, codes, bannedRegions, bannedTiers)
  }

  /// Whether the plan has the same rule, places, durability and obligations for all of these
  /// sensitivities of the request's own class and of these; false where there is no diagram.
  func isIndifferent(
    _ facts: borrowing Facts, _ classes: [DataClass], _ sensitivities: [Sensitivity]
  ) -> Bool {
    if diagram.isEmpty { return false }
    var codes = Codes()
    domains.fill(&codes, facts)
    let terminal = diagram.terminal(codes)
    guard comes(to: terminal, &codes, sensitivities) else { return false }
    for dataClass in classes {
      codes[.dataClass] = dataClass.ordinal
      guard comes(to: terminal, &codes, sensitivities) else { return false }
    }
    return true
  }

  /// Whether the diagram ends alike for each sensitivity.
  @inline(__always)
  private func comes(
    to terminal: Int, _ codes: inout Codes, _ sensitivities: [Sensitivity]
  ) -> Bool {
    for sensitivity in sensitivities {
      codes[.sensitivity] = sensitivity.ordinal
      if diagram.terminal(codes) != terminal { return false }
    }
    return true
  }

  /// The same, found by the index; the fallback, and a second opinion.
  func planByIndex(_ facts: borrowing Facts) -> Plan {
    let codes = domains.codes(facts)
    let place = place(codes)
    var bannedRegions: UInt64 = 0
    var bannedTiers: UInt8 = 0
    for word in 0..<index.wordCount {
      var hits = index.matches(codes, word: word)
      while hits != 0 {
        let rule = word * 64 + hits.trailingZeroBitCount
        hits &= hits &- 1
        if rule >= parts.routeStart {
          return permit(
            rule, parts.outcome(ofRoute: rule), place, codes, bannedRegions, bannedTiers)
        }
        if rule >= parts.denyStart { return refusal(.forbidden, rule) }
        let ban = parts.prohibitions.ban(ofRule: rule, place)
        if ban.isRefusal { return refusal(.forbidden, rule) }
        bannedRegions |= ban.regions
        bannedTiers |= ban.tiers
      }
    }
    return refusal(.noRule, nil)
  }

  /// Which surroundings these codes mean.
  @inline(__always)
  private func place(_ codes: borrowing Codes) -> Int {
    let home = codes[.home]
    return home * parts.side + domains.nearest(placeCode: codes[.location], homeCode: home)
  }

  /// The plan of the route `rule` after removing what `never` rules ban.
  @inline(__always)
  private func permit(
    _ rule: Int, _ outcome: OutcomeTable.Outcome, _ place: Int, _ codes: borrowing Codes,
    _ bannedRegions: UInt64, _ bannedTiers: UInt8
  ) -> Plan {
    let window = parts.windows.window(outcome.windowStart, place)
    if window.count == 0 { return refusal(.unavailable, rule) }
    let kept = parts.windows.kept(window, bannedRegions, bannedTiers)
    if kept == 0 { return refusal(.forbidden, blame(window, place, codes)) }
    let row = cacheRows[codes[.dataClass] * CacheRow.sensitivityCount + codes[.sensitivity]]
    return Plan(
      verdict: .permit, ruleIndex: rule,
      candidates: CandidateList(
        storage: parts.windows.candidates, offset: Int(window.offset), kept: kept),
      durability: outcome.durability, obligations: outcome.obligations,
      cacheRow: row < 0 ? nil : Int(row))
  }

  /// The `never` rule that removed the last candidate, in rule order.
  private func blame(
    _ window: RouteWindows.Window, _ place: Int, _ codes: borrowing Codes
  ) -> Int {
    var (bannedRegions, bannedTiers) = (UInt64(0), UInt8(0))
    for word in 0..<index.wordCount {
      var hits = index.matches(codes, word: word)
      while hits != 0 {
        let rule = word * 64 + hits.trailingZeroBitCount
        hits &= hits &- 1
        precondition(rule < parts.denyStart, "only `never` rules remove candidates")
        let ban = parts.prohibitions.ban(ofRule: rule, place)
        bannedRegions |= ban.regions
        bannedTiers |= ban.tiers
        if parts.windows.kept(window, bannedRegions, bannedTiers) == 0 { return rule }
      }
    }
    preconditionFailure("the candidates were removed by a `never` rule")
  }

  /// The plan that refuses a request.
  func refusal(_ kind: RefusalKind, _ rule: Int?) -> Plan {
    Plan(
      verdict: .refuse(kind), ruleIndex: rule,
      candidates: CandidateList(storage: parts.windows.candidates, offset: 0, kept: 0),
      durability: rule.map { parts.durabilities[$0] } ?? .standard, obligations: [],
      cacheRow: nil)
  }

  /// The matching `never` rules in their order, and what each forbids here, until `body` says that
  /// it has enough.
  @inline(__always)
  func forEachProhibition(
    _ codes: borrowing Codes, _ body: (_ rule: Int, _ ban: Prohibitions.Ban) -> Bool
  ) {
    let place = place(codes)
    for word in 0..<((parts.denyStart + 63) / 64) {
      var hits = index.matches(codes, word: word)
      while hits != 0 {
        let rule = word * 64 + hits.trailingZeroBitCount
        hits &= hits &- 1
        guard rule < parts.denyStart, body(rule, parts.prohibitions.ban(ofRule: rule, place)) else {
          return
        }
      }
    }
  }
}

extension Rule {
  /// The rule's conditions over value codes.
  ///
  /// What is unknown goes to the strict side: a route leaves out what its `unless` cannot rule
  /// out, the other layers exempt only what their `unless` certainly matches.
  func boxes(_ domains: Domains) -> (when: Box, unless: Box?) {
    (
      Box(when, domains, orUnknown: false),
      unless.map { Box($0, domains, orUnknown: layer == .route) }
    )
  }
}

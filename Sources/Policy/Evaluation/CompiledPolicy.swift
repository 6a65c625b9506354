import Base

/// The run-time form of a policy: value codes, the rules' diagram, expanded candidate lists.
///
/// Where the rules are too many-sided for a diagram, `RuleIndex` finds the matching ones instead.
/// Rule order: `never`, `deny`, then routes with every route behind those that override it, so
/// that the first match of a layer decides.
struct CompiledPolicy: Sendable {
  let domains: Domains
  let index: RuleIndex
  /// Finds the deciding rule; empty when the diagram would have been too large. No optional:
  /// unwrapping one would count references to each of its arrays.
  private let diagram: FlatDiagram
  /// By rule.
  private let durabilities: [Durability]
  /// By route.
  private let obligations: [Obligations]
  /// By data class × sensitivities + sensitivity: the row of the cache matrix, or -1 for none.
  private let cacheRows: [Int16]
  /// The first `deny` rule, and the first route.
  let denyStart: Int
  private let routeStart: Int
  /// Homes and nearest regions, each with `none`.
  let side: Int
  /// By route: where its windows start; routes with the same `serve` share them.
  private let windowStarts: [Int]
  /// By (home, nearest) from there: where the candidates start in `candidates`, and how many.
  private let windows: [Window]
  private let candidates: [Candidate]
  /// By (`never` rule, home, nearest): the regions it forbids, and the tiers (a bit per ordinal).
  let bans: [Ban]

  private struct Window: Sendable {
    let offset: UInt32
    let count: UInt8
  }

  /// What a `never` rule forbids in some surroundings.
  struct Ban: Sendable {
    let regions: UInt64
    let tiers: UInt8
    let isRefusal: Bool
  }

  /// Compiles checked rules, which stand in their order.
  init(
    _ regions: [Region], _ rules: [Rule], _ cacheRows: [CacheRow], _ domains: Domains,
    boxes: [(when: Box, unless: Box?)], diagram: RulesDiagram?
  ) {
    self.domains = domains
    self.diagram =
      diagram.flatMap { diagram in
        FlatDiagram(diagram) { rules[$0].layer == .never && rules[$0].forbidden == nil }
      } ?? FlatDiagram()
    durabilities = rules.map(\.durability)
    self.cacheRows = CacheRow.table(cacheRows)
    index = RuleIndex(boxes, domains)
    let denyStart = rules.firstIndex { $0.layer != .never } ?? rules.count
    let routeStart = rules.firstIndex { $0.layer == .route } ?? rules.count
    side = regions.count + 1
    var surroundings: [Surroundings] = []
    for home in 0...regions.count {
      for nearest in 0...regions.count {
        surroundings.append(
          Surroundings(
            regions: regions, home: home < regions.count ? RegionID(UInt8(home)) : nil,
            nearest: nearest < regions.count ? RegionID(UInt8(nearest)) : nil))
      }
    }
    obligations = rules[routeStart...].map(\.obligations)
    var windows: [Window] = []
    var candidates: [Candidate] = []
    var starts: [[Step]: Int] = [:]
    var known: [[Candidate]: Window] = [:]
    windowStarts = rules[routeStart...].map { rule in
      if let start = starts[rule.serve] { return start }
      starts[rule.serve] = windows.count
      let start = windows.count
      for place in surroundings {
        let list = place.candidates(rule.serve)
        let window =
          known[list] ?? Window(offset: UInt32(candidates.count), count: UInt8(list.count))
        if known.updateValue(window, forKey: list) == nil { candidates += list }
        windows.append(window)
      }
      return start
    }
    self.denyStart = denyStart
    self.routeStart = routeStart
    self.windows = windows
    self.candidates = candidates
    bans = rules[..<denyStart].flatMap { rule in surroundings.map { Self.ban(rule, $0) } }
  }

  /// What a `never` rule forbids in these surroundings, as masks.
  private static func ban(_ rule: Rule, _ place: Surroundings) -> Ban {
    guard let forbidden = rule.forbidden else {
      return Ban(regions: .max, tiers: .max, isRefusal: true)
    }
    var regions: UInt64 = 0
    for region in place.regions.indices {
      // Whether the region alone is forbidden: asked with a tier that the rule does not name.
      var regionOnly = forbidden
      regionOnly.tierIn = []
      let candidate = Candidate(
        region: RegionID(UInt8(region)), tier: .primary, stalenessMillisecondsMax: nil)
      if place.isForbidden(candidate, by: regionOnly) { regions |= 1 << UInt64(region) }
    }
    let tiers = forbidden.tierIn.reduce(UInt8(0)) { $0 | 1 << UInt8($1.ordinal) }
    return Ban(regions: regions, tiers: tiers, isRefusal: false)
  }

  /// The plan for `facts`; allocates nothing.
  func plan(_ facts: borrowing Facts) -> Plan {
    if diagram.isEmpty { return planByIndex(facts) }
    var codes = Codes()
    domains.fill(&codes, facts)
    let terminal = diagram.terminal(codes)
    let collected = Int(terminal.collectedStart)
    if terminal.isRefused { return refusal(.forbidden, Int(diagram.collected[collected])) }
    let rule = Int(terminal.decider)
    if rule < routeStart { return rule < 0 ? refusal(.noRule, nil) : refusal(.forbidden, rule) }
    let place = place(codes)
    var (bannedRegions, bannedTiers) = (UInt64(0), UInt8(0))
    for position in collected..<(collected + Int(terminal.collectedCount)) {
      let ban = bans[Int(diagram.collected[position]) * side * side + place]
      bannedRegions |= ban.regions
      bannedTiers |= ban.tiers
    }
    return permit(rule, place, codes, bannedRegions, bannedTiers)
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
        if rule >= routeStart {
          return permit(rule, place, codes, bannedRegions, bannedTiers)
        }
        if rule >= denyStart { return refusal(.forbidden, rule) }
        let ban = bans[rule * side * side + place]
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
    return home * side + domains.nearest(placeCode: codes[.location], homeCode: home)
  }

  /// The plan of the route `rule` after removing what `never` rules ban.
  private func permit(
    _ rule: Int, _ place: Int, _ codes: borrowing Codes, _ bannedRegions: UInt64,
    _ bannedTiers: UInt8
  ) -> Plan {
    let window = windows[windowStarts[rule - routeStart] + place]
    if window.count == 0 { return refusal(.unavailable, rule) }
    var kept = CandidateList.bits(Int(window.count))
    if bannedRegions != 0 || bannedTiers != 0 {
      kept = keep(kept, window, bannedRegions, bannedTiers)
      if kept == 0 { return refusal(.forbidden, blame(window, place, codes)) }
    }
    let row = cacheRows[codes[.dataClass] * CacheRow.sensitivityCount + codes[.sensitivity]]
    return Plan(
      verdict: .permit, ruleIndex: rule,
      candidates: CandidateList(storage: candidates, offset: Int(window.offset), kept: kept),
      durability: durabilities[rule], obligations: obligations[rule - routeStart],
      cacheRow: row < 0 ? nil : Int(row))
  }

  /// The bits of `kept` whose candidates are in no banned region or tier.
  private func keep(
    _ kept: UInt64, _ window: Window, _ bannedRegions: UInt64, _ bannedTiers: UInt8
  ) -> UInt64 {
    var kept = kept
    for position in 0..<Int(window.count) {
      let candidate = candidates[Int(window.offset) + position]
      let isBanned =
        bannedRegions >> UInt64(candidate.region.index) & 1 != 0
        || bannedTiers >> UInt8(candidate.tier.ordinal) & 1 != 0
      if isBanned { kept &= ~(1 << UInt64(position)) }
    }
    return kept
  }

  /// The `never` rule that removed the last candidate, in rule order.
  private func blame(_ window: Window, _ place: Int, _ codes: borrowing Codes) -> Int {
    var kept = CandidateList.bits(Int(window.count))
    for word in 0..<index.wordCount {
      var hits = index.matches(codes, word: word)
      while hits != 0 {
        let rule = word * 64 + hits.trailingZeroBitCount
        hits &= hits &- 1
        precondition(rule < denyStart, "only `never` rules remove candidates")
        let ban = bans[rule * side * side + place]
        kept = keep(kept, window, ban.regions, ban.tiers)
        if kept == 0 { return rule }
      }
    }
    preconditionFailure("the candidates were removed by a `never` rule")
  }

  func refusal(_ kind: RefusalKind, _ rule: Int?) -> Plan {
    Plan(
      verdict: .refuse(kind), ruleIndex: rule,
      candidates: CandidateList(storage: candidates, offset: 0, kept: 0),
      durability: rule.map { durabilities[$0] } ?? .standard, obligations: [], cacheRow: nil)
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

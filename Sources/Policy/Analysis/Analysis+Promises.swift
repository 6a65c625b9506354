import Base

/// Invariants and guarantees: what must hold for every request.
extension Analysis {
  /// Whether `deny` rules and routes alone ever do what a `never` rule forbids.
  mutating func checkInvariants() {
    let nevers = policy.rules.indices.filter { policy.rules[$0].layer == .never }
    // By `never` rule: the routes that violate it, and a request of the first one.
    var violations: [Int: (routes: [Int], path: [Int?])] = [:]
    let plans = plans
    let suspicious = rules.terminals.map { terminal in
      terminal.decider.map { decider in
        policy.rules[decider].layer == .route
          && terminal.collected.contains { plans.mayViolate(decider, never: $0) }
      } ?? false
    }
    var search = ContextSearch(rules) { suspicious[$0] }
    search.run { hit in
      let terminal = rules.terminals[hit.terminal]
      guard let route = terminal.decider else { return }
      for never in terminal.collected
      where plans.violates(route, never: never, home: hit.home, nearest: hit.nearest) {
        if violations[never]?.routes.contains(route) != true {
          violations[never, default: ([], hit.path)].routes.append(route)
        }
      }
    }
    for never in nevers {
      let rule = policy.rules[never]
      guard let (routes, path) = violations[never] else {
        proved.append(rule.id)
        continue
      }
      let facts = facts(path)
      assert(confirmsViolation(never, routes[0], facts), "not confirmed: \(rule.id)")
      let ids = routes.map { policy.rules[$0].id }
      let what =
        rule.forbidden == nil
        ? "permits" : "sends to \(forbiddenCandidate(never, routes[0], facts)) what it forbids"
      report(
        .neverViolated, (rule.id, rule.mark), others: ids,
        "`\(rule.id)` is violated: \(list([ids[0]])) \(what)"
          + (ids.count > 1 ? "; so do \(list(Array(ids.dropFirst())))" : ""), path: path)
    }
  }

  /// Whether the interpreter agrees: the invariant is about the request, no `deny` rule is, and the
  /// route that decides would do what is forbidden.
  private func confirmsViolation(_ never: Int, _ route: Int, _ facts: Facts) -> Bool {
    let interpreter = policy.interpreter
    let matched = policy.rules.indices.filter {
      interpreter.outcome(policy.rules[$0], facts) == .matched
    }
    guard matched.contains(never), !matched.contains(where: { policy.rules[$0].layer == .deny })
    else { return false }
    let routes = matched.filter { policy.rules[$0].layer == .route }
    let overridden = Set(routes.flatMap { policy.rules[$0].overrides })
    guard routes.first(where: { !overridden.contains(policy.rules[$0].id) }) == route else {
      return false
    }
    let place = interpreter.surroundings(facts)
    let candidates = place.candidates(policy.rules[route].serve)
    guard let forbidden = policy.rules[never].forbidden else { return !candidates.isEmpty }
    return candidates.contains { place.isForbidden($0, by: forbidden) }
  }

  /// The first candidate of the route that the invariant forbids, in words.
  private func forbiddenCandidate(_ never: Int, _ route: Int, _ facts: Facts) -> String {
    let place = policy.interpreter.surroundings(facts)
    guard let forbidden = policy.rules[never].forbidden else { return "" }
    return place.candidates(policy.rules[route].serve)
      .first { place.isForbidden($0, by: forbidden) }
      .map { policy.interpreter.text($0) } ?? ""
  }

  /// Whether every request of an `always` rule gets what it promises.
  mutating func checkGuarantees() throws(DiagramError) {
    let plans = plans
    for guarantee in policy.guarantees {
      let guide = try rules.points(of: guarantee.points(policy.domains))
      var worst: ContextSearch.Hit?
      var search = ContextSearch(rules, within: guide) { _ in true }
      search.run { hit in
        guard worst == nil else { return }
        let plan = plans.plan(
          rules.terminals[hit.terminal], home: hit.home, nearest: hit.nearest)
        if plan.verdict != .permit || !guarantee.isKept(by: plan.candidates) { worst = hit }
      }
      guard let worst else {
        proved.append(guarantee.id)
        continue
      }
      let facts = facts(worst.path)
      let result = policy.interpreter.decide(facts)
      assert(
        result.verdict != .permit || !guarantee.isKept(by: result.candidates),
        "not confirmed: \(guarantee.id)")
      let rule = result.ruleIndex.map { " by `\(policy.rules[$0].id)`" } ?? ""
      let candidates = result.candidates.map { policy.interpreter.text($0) }
      let found =
        result.verdict == .permit
        ? "only \(candidates.joined(separator: ", "))\(rule)" : "\(result.verdict.word)\(rule)"
      report(
        .guaranteeBroken, (guarantee.id, guarantee.mark),
        others: result.ruleIndex.map { [policy.rules[$0].id] } ?? [],
        "`\(guarantee.id)` does not hold: there is \(found)", path: worst.path)
    }
  }
}

extension Guarantee {
  /// Whether the candidates of a permit keep the promise.
  func isKept(by candidates: some Sequence<Candidate>) -> Bool {
    var regions: UInt64 = 0
    for candidate in candidates where counts(candidate) {
      regions |= 1 << UInt64(candidate.region.index)
    }
    return regions.nonzeroBitCount >= regionCountMin
  }
}

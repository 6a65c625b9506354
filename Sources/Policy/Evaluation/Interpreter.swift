import Base
import StrictYAML

/// Evaluates the rules word by word: slow, obvious, the referee of the compiled form, and the
/// source of explanations.
struct Interpreter: Sendable {
  let regions: [Region]
  let tenants: [String]
  let cacheRows: [CacheRow]
  /// In any order but for routes: every route behind those that override it.
  let rules: [Rule]
  let nearness: Nearness

  /// Why a rule did or did not match.
  enum Outcome: Equatable {
    case matched
    /// The clause of `when` that did not hold.
    case failed(Attribute)
    /// `unless` certainly held.
    case excepted
    /// The `unless` of a route could not be ruled out.
    case doubtful
  }

  /// What the policy says, with the candidates written out.
  struct Result: Equatable {
    let verdict: Verdict
    let ruleIndex: Int?
    let candidates: [Candidate]
    let durability: Durability
    let obligations: Obligations
    let cacheRow: Int?
  }

  /// Whether `rule` is about a request with these facts.
  func outcome(_ rule: Rule, _ facts: Facts) -> Outcome {
    for clause in rule.when.clauses where !holds(clause, facts, orUnknown: false) {
      return .failed(clause.attribute)
    }
    guard let unless = rule.unless else { return .matched }
    if unless.clauses.allSatisfy({ holds($0, facts, orUnknown: false) }) { return .excepted }
    let mightHold = unless.clauses.allSatisfy { holds($0, facts, orUnknown: true) }
    return rule.layer == .route && mightHold ? .doubtful : .matched
  }

  /// How a decision came about.
  struct Trace {
    let result: Result
    /// The rules that match, in their order.
    let matched: [Int]
    /// The candidates that `never` rules took away, in the order in which they did.
    var removals: [(candidate: Candidate, ruleIndex: Int)] = []
  }

  /// The decision for these facts.
  func decide(_ facts: Facts) -> Result { trace(facts).result }

  /// The decision for these facts, and how it came about.
  func trace(_ facts: Facts) -> Trace {
    let matched = rules.indices.filter { outcome(rules[$0], facts) == .matched }
    func refusal(_ kind: RefusalKind, _ index: Int?) -> Trace {
      Trace(
        result: Result(
          verdict: .refuse(kind), ruleIndex: index, candidates: [],
          durability: index.map { rules[$0].durability } ?? .standard, obligations: [],
          cacheRow: nil),
        matched: matched)
    }
    let nevers = matched.filter { rules[$0].layer == .never }
    if let refused = nevers.first(where: { rules[$0].forbidden == nil }) {
      return refusal(.forbidden, refused)
    }
    if let denied = matched.first(where: { rules[$0].layer == .deny }) {
      return refusal(.forbidden, denied)
    }
    let routes = matched.filter { rules[$0].layer == .route }
    let overridden = Set(routes.flatMap { rules[$0].overrides })
    guard let route = routes.first(where: { !overridden.contains(rules[$0].id) }) else {
      return refusal(.noRule, nil)
    }
    let surroundings = surroundings(facts)
    var candidates = surroundings.candidates(rules[route].serve)
    if candidates.isEmpty { return refusal(.unavailable, route) }
    var removals: [(candidate: Candidate, ruleIndex: Int)] = []
    for never in nevers {
      guard let forbidden = rules[never].forbidden else { continue }
      removals += candidates.filter { surroundings.isForbidden($0, by: forbidden) }
        .map { ($0, never) }
      candidates.removeAll { surroundings.isForbidden($0, by: forbidden) }
      if candidates.isEmpty {
        var trace = refusal(.forbidden, never)
        trace.removals = removals
        return trace
      }
    }
    let row = cacheRows.firstIndex {
      $0.store != nil && $0.dataClasses.contains(facts.dataClass)
        && $0.sensitivities.contains(facts.sensitivity)
    }
    return Trace(
      result: Result(
        verdict: .permit, ruleIndex: route, candidates: candidates,
        durability: rules[route].durability, obligations: rules[route].obligations,
        cacheRow: row),
      matched: matched, removals: removals)
  }

  /// The regions around this request.
  func surroundings(_ facts: Facts) -> Surroundings {
    let nearest =
      facts.location == .unknown ? nil : nearness.region(nearestTo: facts.location)
    return Surroundings(regions: regions, home: facts.home, nearest: nearest ?? facts.home)
  }

  /// Whether the clause holds, or with `orUnknown` cannot be ruled out.
  private func holds(_ clause: Clause, _ facts: Facts, orUnknown: Bool) -> Bool {
    let place: Place
    switch clause.attribute {
    case .residency: place = facts.residency
    case .location: place = facts.location
    case .directoryAge, .authenticationAge, .hour, .time:
      guard let number = number(clause.attribute, facts) else {
        return clause.namesUnknown || orUnknown
      }
      return clause.ranges.contains { $0.contains(number) }
    default:
      let word = word(clause.attribute, facts)
      return clause.values.contains(word) || (orUnknown && word == "unknown")
    }
    if place == .unknown { return clause.namesUnknown || orUnknown }
    return clause.places.contains { place.isWithin($0) || (orUnknown && $0.isWithin(place)) }
  }

  /// The fact as a number: seconds, the hour, or microseconds; nil when it is not known.
  private func number(_ attribute: Attribute, _ facts: Facts) -> UInt64? {
    switch attribute {
    case .directoryAge: facts.directoryAgeSeconds.map { UInt64($0) }
    case .authenticationAge: facts.authenticationAgeSeconds.map { UInt64($0) }
    case .hour: facts.hour.map { UInt64($0) }
    default: facts.time.microseconds
    }
  }

  /// The fact as a policy file writes it.
  func word(_ attribute: Attribute, _ facts: Facts) -> String {
    switch attribute {
    case .operation: facts.operation.rawValue
    case .dataClass: facts.dataClass.rawValue
    case .sensitivity: facts.sensitivity.rawValue
    case .home: facts.home.map { regions[Int($0.index)].name } ?? "unknown"
    case .residency: facts.residency.description
    case .location: facts.location.description
    case .role: facts.role.rawValue
    case .purpose: facts.purpose.rawValue
    case .consent: facts.consent.rawValue
    case .breakGlass: Answer(facts.breakGlass).word
    case .userInHomeRegion: nearness.isUser(at: facts.location, in: facts.home).word
    case .assurance: facts.assurance.rawValue
    case .device: facts.device.rawValue
    case .ownRecord: Answer(facts.ownRecord).word
    case .scope: facts.scope.rawValue
    case .tenant:
      switch facts.tenant {
      case .named(let index): tenants[Int(index)]
      case .other: "other"
      case .unknown: "unknown"
      }
    case .directoryAge, .authenticationAge:
      number(attribute, facts).map { secondsText(Int($0)) } ?? "unknown"
    case .hour: facts.hour.map { String($0) } ?? "unknown"
    case .time: timestamp(facts.time)
    }
  }
}

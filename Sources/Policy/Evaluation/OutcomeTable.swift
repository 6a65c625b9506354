import Base

/// What the terminals of a rules diagram mean to the run time, and which of them mean the same.
///
/// A diagram made for proofs tells apart which `never` rules match, by their ids. A decision needs
/// less: which rule decides, and which prohibitions can take a candidate of that route away
/// somewhere. Where no route does what an invariant forbids, as in any policy that is proved, they
/// are none; so the diagram by which the edge decides is several times smaller.
struct OutcomeTable: Sendable {
  /// What a request comes to, as far as the rules alone tell.
  struct Outcome: Hashable, Sendable {
    /// The rule that decides, or -1. A `never` rule that refuses decides before all others.
    var decider: Int32 = -1
    /// For routes: where the windows start.
    var windowStart: UInt32 = 0
    /// For routes: where the prohibitions that matter begin in `prohibitions`, and how many.
    var prohibitionsStart: UInt32 = 0
    var prohibitionsCount: UInt16 = 0
    var durability = Durability.standard
    /// For routes.
    var obligations: Obligations = []
  }

  /// By the numbers that `number(of:)` gave.
  private(set) var outcomes: [Outcome] = []
  /// Lists of prohibitions, each in ascending order.
  private(set) var prohibitions: [UInt16] = []
  private var known: [Outcome: Int] = [:]
  private var listStarts: [[UInt16]: UInt32] = [:]
  /// By windows and prohibition: whether the latter can take one of the former's candidates away.
  private var clashes: [UInt64: Bool] = [:]

  /// Makes the table of `diagram`, and gives the diagram whose terminals are its numbers.
  mutating func reduce(
    _ diagram: RulesDiagram, _ rules: [Rule], _ policy: borrowing CompiledRules
  ) throws(DiagramError) -> DecisionDiagram {
    let numbers = diagram.terminals.map { terminal in
      let outcome = outcome(of: terminal, rules, policy)
      if let number = known[outcome] { return number }
      known[outcome] = outcomes.count
      outcomes.append(outcome)
      return outcomes.count - 1
    }
    known = [:]
    listStarts = [:]
    clashes = [:]
    return try diagram.diagram.mapped { numbers[$0] }
  }

  private mutating func outcome(
    of terminal: DiagramTerminal, _ rules: [Rule], _ policy: borrowing CompiledRules
  ) -> Outcome {
    let refusing = terminal.collected.first { rules[$0].forbidden == nil }
    guard let decider = refusing ?? terminal.decider else { return Outcome() }
    var outcome = Outcome(decider: Int32(decider), durability: rules[decider].durability)
    guard rules[decider].layer == .route else { return outcome }
    outcome.windowStart = policy.windows.start(ofRoute: decider - policy.routeStart)
    outcome.obligations = rules[decider].obligations
    let numbers = Set(terminal.collected.map { policy.prohibitions.number(of: $0) })
    let list = numbers.sorted().filter { clash(outcome.windowStart, $0, policy) }
      .map { UInt16($0) }
    if let start = listStarts[list] {
      outcome.prohibitionsStart = start
    } else {
      outcome.prohibitionsStart = UInt32(prohibitions.count)
      listStarts[list] = outcome.prohibitionsStart
      prohibitions += list
    }
    outcome.prohibitionsCount = UInt16(list.count)
    return outcome
  }

  private mutating func clash(
    _ windowStart: UInt32, _ number: Int, _ policy: borrowing CompiledRules
  ) -> Bool {
    let key = UInt64(windowStart) << 32 | UInt64(number)
    if let isClash = clashes[key] { return isClash }
    var isClash = false
    for place in 0..<(policy.side * policy.side) where !isClash {
      let window = policy.windows.window(windowStart, place)
      let ban = policy.prohibitions.ban(number, place)
      isClash =
        policy.windows.kept(window, ban.regions, ban.tiers)
        != CandidateList.bits(Int(window.count))
    }
    clashes[key] = isClash
    return isClash
  }
}

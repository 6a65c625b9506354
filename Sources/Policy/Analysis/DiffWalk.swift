import Base

/// Walks two diagrams side by side and makes a third: terminal 0 where the versions decide alike,
/// `i + 1` where they differ as `groups[i]` says.
struct DiffWalk {
  /// What the requests of a group have in common.
  struct GroupKey: Hashable {
    let change: PolicyDiff.Change
    let oldRule: Int?
    let newRule: Int?
    let oldVerdict: Verdict
    let newVerdict: Verdict
  }

  /// A pair of nodes, and the surroundings as far as they are known (+ 1, zero while open).
  private struct State: Hashable {
    let old: DecisionDiagram.Ref
    let new: DecisionDiagram.Ref
    let home: UInt8
    let oldNearest: UInt8
    let newNearest: UInt8
  }

  /// The groups in the order of their first request.
  private(set) var groups: [GroupKey] = []
  private var groupNumbers: [GroupKey: Int] = [:]
  private let space: JointSpace
  private let isSameGeography: Bool
  /// Holds the nodes of both versions; their terminals are numbered by what they say.
  private var store: DecisionDiagram
  private var oldRoot = DecisionDiagram.Ref.terminal(0)
  private var newRoot = DecisionDiagram.Ref.terminal(0)
  /// By terminal number: the terminal in the numbers of each version that has it.
  private var oldTerminals: [Int: DiagramTerminal] = [:]
  private var newTerminals: [Int: DiagramTerminal] = [:]
  private var numbers: [TerminalKey: Int] = [:]
  private var result: DecisionDiagram
  private var memo: [State: DecisionDiagram.Ref] = [:]
  private let oldPlans: TerminalPlans
  private let newPlans: TerminalPlans
  /// By joint class of the location: representatives' codes, old and new.
  private let locations: [(old: Int, new: Int)]

  /// A terminal by content: equal ones decide alike in equal surroundings.
  private struct TerminalKey: Hashable {
    let decider: Int?
    let collected: [Int]
  }

  /// A rule by content, in joint numbers of regions.
  private struct RuleKey: Hashable {
    let id: String
    let layer: Layer
    let serve: [Step]
    let forbidden: [[Destination]?]
    let tiers: [Tier]
    let durability: Durability
    let obligations: Obligations
  }

  /// Brings both diagrams into one store.
  init(_ space: JointSpace) throws(DiagramError) {
    self.space = space
    isSameGeography = space.hasSameGeography
    store = DecisionDiagram(widths: space.classes.map(\.count))
    result = store
    oldPlans = TerminalPlans(space.old.policy.regions, space.old.policy.rules)
    newPlans = TerminalPlans(space.new.policy.regions, space.new.policy.rules)
    locations = space.classes[RuleSpace.locationLevel].representatives.map { code in
      let place = space.domains.place(code)
      return (
        space.old.policy.domains.places.code(place), space.new.policy.domains.places.code(place)
      )
    }
    var ruleNumbers: [RuleKey: Int] = [:]
    let oldNumbers = Self.ruleNumbers(space.old, &ruleNumbers)
    let newNumbers = Self.ruleNumbers(space.new, &ruleNumbers)
    oldRoot = try bring(space.old, oldNumbers) { $0.oldTerminals[$1] = $2 }
    newRoot = try bring(space.new, newNumbers) { $0.newTerminals[$1] = $2 }
  }

  /// The differences.
  mutating func run() throws(DiagramError) -> DecisionDiagram {
    result.root = try walk(oldRoot, newRoot, nil, nil, nil)
    return result
  }

  /// The numbers of a version's rules by content.
  private static func ruleNumbers(
    _ side: JointSpace.Side, _ numbers: inout [RuleKey: Int]
  ) -> [Int] {
    func joint(_ list: [Destination]) -> [Destination] {
      list.map { destination in
        guard case .named(let region) = destination else { return destination }
        return .named(RegionID(side.regions[Int(region.index)]))
      }
    }
    return side.policy.rules.map { rule in
      let key = RuleKey(
        id: rule.id, layer: rule.layer,
        serve: rule.serve.map { step in
          Step(
            destinations: joint(step.destinations), tier: step.tier,
            stalenessMillisecondsMax: step.stalenessMillisecondsMax,
            isMarkedStale: step.isMarkedStale, isOrderedByLoad: step.isOrderedByLoad)
        },
        forbidden: [rule.forbidden?.regionIn.map(joint), rule.forbidden?.regionNotIn.map(joint)],
        tiers: rule.forbidden?.tierIn ?? Tier.allCases + Tier.allCases,
        durability: rule.durability, obligations: rule.obligations)
      let number = numbers[key] ?? numbers.count
      numbers[key] = number
      return number
    }
  }

  /// Brings one version's diagram into the store; its root there.
  private mutating func bring(
    _ side: JointSpace.Side, _ ruleNumbers: [Int],
    _ remember: (inout DiffWalk, Int, DiagramTerminal) -> Void
  ) throws(DiagramError) -> DecisionDiagram.Ref {
    var images: [DecisionDiagram.Ref] = []
    let terminals = side.rules.terminals.map { terminal in
      let key = TerminalKey(
        decider: terminal.decider.map { ruleNumbers[$0] },
        collected: terminal.collected.map { ruleNumbers[$0] })
      let number = numbers[key] ?? numbers.count
      numbers[key] = number
      remember(&self, number, terminal)
      return DecisionDiagram.Ref.terminal(number)
    }
    let diagram = side.rules.diagram
    if store.nodeCount == 0, diagram.widths == store.widths,
      side.classes.allSatisfy({ $0 == Array($0.indices) }),
      terminals.enumerated().allSatisfy({ $1.index == $0 })
    {
      // The first version tells the same values apart: its nodes are taken as they are.
      store = diagram
      store.reopen()
      return diagram.root
    }
    images.reserveCapacity(diagram.nodeCount)
    var row: [DecisionDiagram.Ref] = []
    for index in 0..<diagram.nodeCount {
      let ref = DecisionDiagram.Ref.node(index)
      let level = diagram.level(ref)
      row.removeAll(keepingCapacity: true)
      for own in side.classes[level] {
        let child = diagram.child(ref, own)
        row.append(child.isTerminal ? terminals[child.index] : images[child.index])
      }
      images.append(try store.node(level, row[...]))
    }
    return diagram.root.isTerminal ? terminals[diagram.root.index] : images[diagram.root.index]
  }

  private mutating func walk(
    _ old: DecisionDiagram.Ref, _ new: DecisionDiagram.Ref, _ home: Int?, _ oldNearest: Int?,
    _ newNearest: Int?
  ) throws(DiagramError) -> DecisionDiagram.Ref {
    if isSameGeography, old == new { return .terminal(0) }
    var level = min(store.level(old), store.level(new))
    if home == nil { level = min(level, RuleSpace.homeLevel) }
    if oldNearest == nil { level = min(level, RuleSpace.locationLevel) }
    let state = State(
      old: old, new: new, home: UInt8((home ?? -1) + 1), oldNearest: UInt8((oldNearest ?? -1) + 1),
      newNearest: UInt8((newNearest ?? -1) + 1))
    if let known = memo[state] { return known }
    let ref: DecisionDiagram.Ref
    if level == store.widths.count {
      ref = .terminal(compare(old.index, new.index, home ?? 0, oldNearest ?? 0, newNearest ?? 0))
    } else {
      var row: [DecisionDiagram.Ref] = []
      for valueClass in 0..<store.widths[level] {
        let oldChild = store.level(old) == level ? store.child(old, valueClass) : old
        let newChild = store.level(new) == level ? store.child(new, valueClass) : new
        switch level {
        case RuleSpace.homeLevel:
          row.append(try walk(oldChild, newChild, valueClass, oldNearest, newNearest))
        case RuleSpace.locationLevel:
          let place = locations[valueClass]
          let homes = homes(home ?? 0)
          row.append(
            try walk(
              oldChild, newChild, home,
              space.old.policy.domains.nearest(placeCode: place.old, homeCode: homes.old),
              space.new.policy.domains.nearest(placeCode: place.new, homeCode: homes.new)))
        default: row.append(try walk(oldChild, newChild, home, oldNearest, newNearest))
        }
      }
      ref = try result.node(level, row[...])
    }
    memo[state] = ref
    return ref
  }

  /// The codes of a joint home class; homes are all apart in both versions.
  private func homes(_ valueClass: Int) -> (old: Int, new: Int) {
    (
      space.old.classes[RuleSpace.homeLevel][valueClass],
      space.new.classes[RuleSpace.homeLevel][valueClass]
    )
  }

  /// The group of two terminals in these surroundings, plus one; zero when they decide alike.
  private mutating func compare(
    _ oldNumber: Int, _ newNumber: Int, _ home: Int, _ oldNearest: Int, _ newNearest: Int
  ) -> Int {
    guard let oldTerminal = oldTerminals[oldNumber], let newTerminal = newTerminals[newNumber]
    else { preconditionFailure("each version's terminals are known") }
    let homes = homes(home)
    let before = oldPlans.plan(oldTerminal, home: homes.old, nearest: oldNearest)
    let after = newPlans.plan(newTerminal, home: homes.new, nearest: newNearest)
    let (oldRules, newRules) = (space.old.policy.rules, space.new.policy.rules)
    let oldRule = before.rule.map { oldRules[$0] }
    let newRule = after.rule.map { newRules[$0] }
    let change = change(before, oldRule, after, newRule)
    if change == nil, oldRule?.id == newRule?.id { return 0 }
    let key = GroupKey(
      change: change ?? .attribution, oldRule: before.rule, newRule: after.rule,
      oldVerdict: before.verdict, newVerdict: after.verdict)
    if let known = groupNumbers[key] { return known }
    groups.append(key)
    groupNumbers[key] = groups.count
    return groups.count
  }

  private typealias Outcome = (verdict: Verdict, rule: Int?, candidates: [Candidate])

  /// How the decisions differ; nil when only the rule may.
  private func change(
    _ before: Outcome, _ oldRule: Rule?, _ after: Outcome, _ newRule: Rule?
  ) -> PolicyDiff.Change? {
    let isSameRecord =
      (oldRule?.durability ?? .standard) == (newRule?.durability ?? .standard)
    switch (before.verdict, after.verdict) {
    case (.permit, .permit): break
    case (.permit, _): return .less
    case (_, .permit): return .more
    default: return before.verdict == after.verdict && isSameRecord ? nil : .other
    }
    let (was, now) = (joint(before.candidates, space.old), joint(after.candidates, space.new))
    let (oldDuties, newDuties) = (oldRule?.obligations ?? [], newRule?.obligations ?? [])
    let hasMore = !Set(now).subtracting(was).isEmpty || !oldDuties.subtracting(newDuties).isEmpty
    let hasLess = !Set(was).subtracting(now).isEmpty || !newDuties.subtracting(oldDuties).isEmpty
    switch (hasMore, hasLess) {
    case (true, true): return .both
    case (true, false): return .more
    case (false, true): return .less
    case (false, false): return was == now && isSameRecord ? nil : .other
    }
  }

  /// Candidates in joint numbers of regions.
  private func joint(_ candidates: [Candidate], _ side: JointSpace.Side) -> [Candidate] {
    candidates.map {
      Candidate(
        region: RegionID(side.regions[Int($0.region.index)]), tier: $0.tier,
        stalenessMillisecondsMax: $0.stalenessMillisecondsMax, isMarkedStale: $0.isMarkedStale,
        orderGroup: $0.orderGroup)
    }
  }
}

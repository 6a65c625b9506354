import Base

/// Rules that do not do what their presence suggests.
extension Analysis {
  /// Looks at each rule; `progress` hears how much is done, from 0 to 1.
  mutating func checkRules(_ progress: (Double) -> Void) throws(DiagramError) {
    let all = policy.rules
    var deciding = [Bool](repeating: false, count: all.count)
    for terminal in rules.terminals {
      // Where an invariant refuses, the route behind it decides nothing.
      let isRefused = terminal.collected.contains { all[$0].forbidden == nil }
      if let decider = terminal.decider, !isRefused { deciding[decider] = true }
    }
    let overlaps = Overlaps(all, policy.boxes, policy.domains)
    var meeting = [[Int]](repeating: [], count: all.count)
    for index in all.indices {
      if index & 0xFF == 0 { progress(Double(index) / Double(all.count)) }
      meeting[index] += overlaps.meeting(index)
      for other in meeting[index] { meeting[other].append(index) }
    }
    for (index, rule) in all.enumerated() {
      let isQuiet = rule.layer == .never || deciding[index]
      if isQuiet, rule.layer != .never, !mayBeRedundant(index, meeting[index], overlaps) {
        continue
      }
      let condition = DiagramRule(rule, policy.boxes[index], policy.domains)
      let guide = try rules.points(of: condition)
      if guide.root == .terminal(0) {
        report(.unreachable, (rule.id, rule.mark), "no request can match `\(rule.id)`")
      } else if !isQuiet {
        reportShadow(index, guide)
      } else if rule.layer != .never, try isRedundant(index, meeting[index], overlaps, guide) {
        report(
          .redundant, (rule.id, rule.mark),
          "`\(rule.id)` is redundant: without it every request is decided alike")
      }
    }
    checkOverrides(overlaps)
  }

  /// Overrides of routes that say the same.
  private mutating func checkOverrides(_ overlaps: Overlaps) {
    let positions = Dictionary(uniqueKeysWithValues: policy.rules.enumerated().map { ($1.id, $0) })
    for (high, rule) in policy.rules.enumerated() {
      for low in rule.overrides.compactMap({ positions[$0] })
      where overlaps.hasSameOutcome(high, low) {
        let other = policy.rules[low].id
        report(
          .needlessOverride, (rule.id, rule.mark), others: [other],
          "`\(rule.id)` overrides `\(other)`, which says the same")
      }
    }
  }

  /// Names the rules that always decide in place of this one.
  private mutating func reportShadow(_ index: Int, _ guide: DecisionDiagram) {
    var covering: Set<Int> = []
    var path: [Int?]?
    rules.diagram.visitTerminals(within: guide) { number, found in
      let terminal = rules.terminals[number]
      let refusing = terminal.collected.first { policy.rules[$0].forbidden == nil }
      if let decider = refusing ?? terminal.decider { covering.insert(decider) }
      path = path ?? found
    }
    let rule = policy.rules[index]
    if let path {
      assert(policy.interpreter.outcome(rule, facts(path)) == .matched, "not confirmed: \(rule.id)")
      assert(policy.interpreter.decide(facts(path)).ruleIndex != index, "not confirmed: \(rule.id)")
    }
    let ids = covering.sorted().map { policy.rules[$0].id }
    report(
      .shadowed, (rule.id, rule.mark), others: ids,
      "`\(rule.id)` never decides: \(list(ids)) always \(ids.count == 1 ? "does" : "do")",
      path: path)
  }

  /// Whether some other rule behind this one says the same, so that a closer look is worth it.
  private func mayBeRedundant(_ index: Int, _ meeting: [Int], _ overlaps: Overlaps) -> Bool {
    let rule = policy.rules[index]
    return meeting.contains {
      $0 > index && policy.rules[$0].layer == rule.layer && overlaps.hasSameOutcome($0, index)
    }
  }

  /// Whether every request that the rule decides would come to a rule that says the same: the rules
  /// that meet it are asked without it.
  private func isRedundant(
    _ index: Int, _ meeting: [Int], _ overlaps: Overlaps, _ guide: DecisionDiagram
  ) throws(DiagramError) -> Bool {
    let numbers = meeting.sorted().filter {
      policy.rules[$0].layer != .never || policy.rules[$0].forbidden == nil
    }
    let others = numbers.map { number in
      let rule = DiagramRule(policy.rules[number], policy.boxes[number], policy.domains)
      return DiagramRule(role: .decides, whens: rule.whens, unlesses: rule.unlesses)
    }
    var builder = DiagramBuilder(
      others, rules.space.classes, nodeCountMax: Limits.diagramNodeCountMax)
    try builder.build { _ in }
    let (diagram, terminals) = (builder.diagram, builder.terminals)
    let isAlike = terminals.map { terminal in
      guard let decider = terminal.decider.map({ numbers[$0] }) else { return false }
      return decider < index
        || overlaps.hasSameOutcome(decider, index)
          && policy.rules[decider].layer == policy.rules[index].layer
    }
    var isRedundant = true
    diagram.visitTerminals(within: guide) { number, _ in
      if !isAlike[number] { isRedundant = false }
    }
    return isRedundant
  }
}

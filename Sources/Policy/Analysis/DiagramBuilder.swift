/// A rule as the builder of a diagram sees it: boxes over value codes, by level.
struct DiagramRule: Sendable {
  /// What a matching rule contributes to the terminal.
  enum Role: Sendable {
    /// Its number joins the terminal's set, if a rule that `decides` is there too.
    case collected
    /// Its number joins the terminal's set; alone, only the first such rule does.
    case collectedAlways
    /// The first of these rules decides.
    case decides
    /// The same, but what was collected does not matter beside it.
    case decidesAlone
  }

  /// What it contributes.
  let role: Role
  /// It matches what is in any of these boxes,
  let whens: [[ValueSet]]
  /// and in none of these.
  let unlesses: [[ValueSet]]
}

/// What a request comes to: the rule that decides, and the rules collected beside it.
struct DiagramTerminal: Hashable, Sendable {
  /// The number of the first matching rule that decides; nil when there is none.
  let decider: Int?
  /// The numbers of the collected rules, ascending.
  let collected: [Int]
}

/// Builds the diagram of many rules in one pass from the top.
///
/// A state is the list of conditions that are still possible below a prefix of values. States are
/// remembered, so each is expanded once; what can no longer change the answer is cut from the
/// list, so that lists stay short and different prefixes meet in one state. This visits hardly
/// more states than the diagram has nodes, where overlaying rule after rule rewrites the diagram
/// for each.
struct DiagramBuilder {
  /// One box of a rule.
  private struct Part {
    let rule: Int32
    let isUnless: Bool
    /// The last level that it says something about; -1 for none.
    let lastLevel: Int16
  }

  private(set) var diagram: DecisionDiagram
  /// The terminals by number.
  private(set) var terminals: [DiagramTerminal] = []
  private var terminalNumbers: [DiagramTerminal: Int] = [:]
  private let roles: [DiagramRule.Role]
  private var parts: [Part] = []
  /// By part and level: the classes that it admits, as bits.
  private var masks: [UInt64] = []
  /// Where a level's bits begin among a part's words; the last entry is the word count of a part.
  private let maskStarts: [Int]
  /// By part and level: the next level from there that the part says something about.
  private var nextLevels: [UInt8] = []
  /// By rule: the part that stands for "matches whatever comes".
  private var certainParts: [UInt32] = []
  /// The lists of conditions on the way from the root to here, one behind the other.
  private var lists: [UInt32] = []
  /// The children found so far of the nodes on the way.
  private var children: [DecisionDiagram.Ref] = []
  private var memo = StateMemo()
  private var levelCount: Int { diagram.widths.count }

  /// Prepares to build the diagram of `rules`, most important first, over these value classes.
  init(_ rules: [DiagramRule], _ classes: [ValueClasses], nodeCountMax: Int) {
    diagram = DecisionDiagram(widths: classes.map(\.count), nodeCountMax: nodeCountMax)
    roles = rules.map(\.role)
    var start = 0
    maskStarts =
      classes.map { valueClasses in
        defer { start += (valueClasses.count + 63) / 64 }
        return start
      } + [classes.reduce(0) { $0 + ($1.count + 63) / 64 }]
    for (number, rule) in rules.enumerated() {
      for box in rule.unlesses { add(box, number, isUnless: true, classes) }
      for box in rule.whens { add(box, number, isUnless: false, classes) }
      certainParts.append(UInt32(parts.count))
      let everything = classes.map { ValueSet(count: $0.classes.count, isFull: true) }
      add(everything, number, isUnless: false, classes)
    }
  }

  /// Builds; `progress` hears now and then how many states are done.
  mutating func build(progress: (Int) -> Void) throws(DiagramError) {
    let certain = Set(certainParts)
    for part in parts.indices where !certain.contains(UInt32(part)) { lists.append(UInt32(part)) }
    let end = lists.count
    filter(0..<end, level: -1, valueClass: 0)
    diagram.root = try build(end..<lists.count, 0, progress)
    lists = []
    memo = StateMemo()
    diagram.finish()
  }

  private mutating func add(
    _ box: [ValueSet], _ number: Int, isUnless: Bool, _ classes: [ValueClasses]
  ) {
    var lastLevel = -1
    var constrained: [Bool] = []
    for (level, set) in box.enumerated() {
      let admitted = classes[level].classes(in: set)
      for word in 0..<((classes[level].count + 63) / 64) { masks.append(admitted.word(word)) }
      let isConstrained = admitted.values.count < classes[level].count
      if isConstrained { lastLevel = level }
      constrained.append(isConstrained)
    }
    var next = [UInt8](repeating: UInt8(box.count), count: box.count + 1)
    for level in box.indices.reversed() {
      next[level] = constrained[level] ? UInt8(level) : next[level + 1]
    }
    nextLevels += next
    parts.append(Part(rule: Int32(number), isUnless: isUnless, lastLevel: Int16(lastLevel)))
  }

  /// The node of the state whose list is `list`, when all levels before `level` are decided.
  private mutating func build(
    _ list: Range<Int>, _ level: Int, _ progress: (Int) -> Void
  ) throws(DiagramError) -> DecisionDiagram.Ref {
    var next = levelCount
    for position in list {
      let found = Int(nextLevels[Int(lists[position]) * (levelCount + 1) + level])
      if found < next { next = found }
    }
    if next == levelCount { return terminal(list) }
    let (slot, known) = memo.find(lists, list, next)
    if let known { return known }
    let token = memo.reserve(lists, list, next, slot)
    let base = children.count
    for valueClass in 0..<diagram.widths[next] {
      let start = lists.count
      filter(list, level: next, valueClass: valueClass)
      let child = try build(start..<lists.count, next + 1, progress)
      lists.removeLast(lists.count - start)
      children.append(child)
    }
    let ref = try diagram.node(next, children[base...])
    children.removeLast(children.count - base)
    memo.results[token] = ref
    if memo.results.count > Limits.diagramStateCountMax {
      throw .tooManyNodes(max: Limits.diagramStateCountMax)
    }
    if token & 0xFFFF == 0xFFFF { progress(token + 1) }
    return ref
  }

  /// Appends to `lists` what of `list` is possible after this value, without what cannot matter.
  private mutating func filter(_ list: Range<Int>, level: Int, valueClass: Int) {
    let start = lists.count
    let wordCount = maskStarts[levelCount]
    let word = level < 0 ? 0 : maskStarts[level] + valueClass >> 6
    let bit = UInt64(valueClass & 63)
    var position = list.lowerBound
    var hasDecider = false
    while position < list.upperBound {
      let rule = parts[Int(lists[position])].rule
      let groupStart = lists.count
      var (isPossible, isCertain, hasUnless, isExcepted) = (false, false, false, false)
      while position < list.upperBound {
        let number = lists[position]
        let part = parts[Int(number)]
        guard part.rule == rule else { break }
        position += 1
        if level >= 0, masks[Int(number) * wordCount + word] >> bit & 1 == 0 { continue }
        let isDone = Int(part.lastLevel) <= level
        if part.isUnless {
          if isDone { isExcepted = true }
          hasUnless = true
        } else {
          isPossible = true
          if isDone { isCertain = true }
        }
        lists.append(number)
      }
      if isExcepted || !isPossible {
        lists.removeLast(lists.count - groupStart)
        continue
      }
      if isCertain { makeCertain(rule, groupStart) }
      let role = roles[Int(rule)]
      if role == .decides { hasDecider = true }
      if isCertain, !hasUnless, role == .decides || role == .decidesAlone { break }
    }
    if !hasDecider { dropCollected(from: start) }
  }

  /// Replaces the boxes of a rule from `start` by the one that says "matches whatever comes";
  /// exceptions stay.
  private mutating func makeCertain(_ rule: Int32, _ start: Int) {
    var end = start
    for position in start..<lists.count where parts[Int(lists[position])].isUnless {
      lists[end] = lists[position]
      end += 1
    }
    lists.removeLast(lists.count - end)
    lists.append(certainParts[Int(rule)])
  }

  /// Nothing that `decides` is left: takes out what would be collected beside it, and what follows
  /// a certain rule that is always collected.
  private mutating func dropCollected(from start: Int) {
    var end = start
    var isOver = false
    for position in start..<lists.count {
      let number = lists[position]
      switch roles[Int(parts[Int(number)].rule)] {
      case .collected: continue
      case .collectedAlways:
        if isOver { continue }
        isOver = isAlone(number, at: position, from: start)
      default: if isOver { continue }
      }
      lists[end] = number
      end += 1
    }
    lists.removeLast(lists.count - end)
  }

  /// Whether this is a certain rule's only part, so that it matches whatever comes.
  private func isAlone(_ number: UInt32, at position: Int, from start: Int) -> Bool {
    let rule = parts[Int(number)].rule
    guard certainParts[Int(rule)] == number else { return false }
    return position == start || parts[Int(lists[position - 1])].rule != rule
  }

  /// The terminal of a list in which everything is certain.
  private mutating func terminal(_ list: Range<Int>) -> DecisionDiagram.Ref {
    var collected: [Int] = []
    var decider: Int?
    for position in list {
      let rule = Int(parts[Int(lists[position])].rule)
      switch roles[rule] {
      case .collected, .collectedAlways: collected.append(rule)
      default: decider = decider ?? rule
      }
    }
    let terminal = DiagramTerminal(decider: decider, collected: collected)
    let number = terminalNumbers[terminal] ?? terminals.count
    if number == terminals.count {
      terminals.append(terminal)
      terminalNumbers[terminal] = number
    }
    return .terminal(number)
  }
}

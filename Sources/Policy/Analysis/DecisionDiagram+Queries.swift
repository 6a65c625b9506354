extension DecisionDiagram {
  /// By terminal number: how many points lead there, each class weighing as many as its values.
  func pointCounts(_ classes: [ValueClasses], terminalCount: Int) -> [UInt128] {
    let weights = classes.map(\.weights)
    // By level: how many points the levels before it have.
    var before: [UInt128] = [1]
    for valueClasses in classes {
      before.append(before[before.count - 1] * UInt128(valueClasses.classes.count))
    }
    var counts = [UInt128](repeating: 0, count: terminalCount)
    // By node: how many points of the levels before its own lead to it.
    var flows = [UInt128](repeating: 0, count: nodeCount)
    func add(_ flow: UInt128, to ref: Ref, from level: Int) {
      let skipped = before[self.level(ref)] / before[level]
      if ref.isTerminal {
        counts[ref.index] += flow * skipped
      } else {
        flows[ref.index] += flow * skipped
      }
    }
    add(1, to: root, from: 0)
    // Children stand before their parents.
    for index in (0..<nodeCount).reversed() where flows[index] > 0 {
      let level = level(.node(index))
      for (valueClass, child) in children(.node(index)).enumerated() {
        add(flows[index] * weights[level][valueClass], to: child, from: level + 1)
      }
    }
    return counts
  }

  /// By node: whether it leads to a terminal for which `isWanted` holds.
  func nodesLeading(to isWanted: (Int) -> Bool) -> [Bool] {
    var leads = [Bool](repeating: false, count: nodeCount)
    for index in 0..<nodeCount {
      let ref = Ref.node(index)
      for valueClass in 0..<widths[level(ref)] where !leads[index] {
        let child = child(ref, valueClass)
        leads[index] = child.isTerminal ? isWanted(child.index) : leads[child.index]
      }
    }
    return leads
  }

  /// Tells `visit` each terminal with a point that leads to terminal 1 of `guide`, once, and the
  /// value classes of such a point, nil where any will do.
  func visitTerminals(within guide: DecisionDiagram, _ visit: (Int, [Int?]) -> Void) {
    var seen: Set<UInt64> = []
    var path = [Int?](repeating: nil, count: widths.count)
    func walk(_ ref: Ref, _ guideRef: Ref) {
      if guideRef == .terminal(0) { return }
      let level = min(self.level(ref), guide.level(guideRef))
      let key = UInt64(ref.bits) << 32 | UInt64(guideRef.bits)
      guard seen.insert(key).inserted else { return }
      if level == widths.count { return visit(ref.index, path) }
      for valueClass in 0..<widths[level] {
        path[level] = valueClass
        walk(
          self.level(ref) == level ? child(ref, valueClass) : ref,
          guide.level(guideRef) == level ? guide.child(guideRef, valueClass) : guideRef)
      }
      path[level] = nil
    }
    walk(root, guide.root)
  }

  /// The diagram with other terminals.
  func mapped(_ transform: (Int) -> Int) throws(DiagramError) -> DecisionDiagram {
    var result = DecisionDiagram(widths: widths)
    var images = [Ref](repeating: .terminal(0), count: nodeCount)
    func image(_ ref: Ref) -> Ref {
      ref.isTerminal ? .terminal(transform(ref.index)) : images[ref.index]
    }
    var row: [Ref] = []
    for index in 0..<nodeCount {
      row.removeAll(keepingCapacity: true)
      for child in children(.node(index)) { row.append(image(child)) }
      images[index] = try result.node(level(.node(index)), row[...])
    }
    result.root = image(root)
    return result
  }

  /// The value classes of a point that leads to `terminal`, nil where any will do; nil when there
  /// is none.
  func firstPath(to terminal: Int) -> [Int?]? {
    let leads = nodesLeading { $0 == terminal }
    var path = [Int?](repeating: nil, count: widths.count)
    var ref = root
    while !ref.isTerminal {
      guard
        let step = children(ref).enumerated().first(where: {
          $1.isTerminal ? $1.index == terminal : leads[$1.index]
        })
      else { return nil }
      path[level(ref)] = step.offset
      ref = step.element
    }
    return ref.index == terminal ? path : nil
  }

  /// The same function, but `terminal` for all points of `box` (value classes by level).
  mutating func overlay(_ box: [ValueSet], with terminal: Int) throws(DiagramError) {
    var memo: [UInt64: Ref] = [:]
    root = try overlaid(root, 0, box, .terminal(terminal), &memo)
  }

  private mutating func overlaid(
    _ ref: Ref, _ level: Int, _ box: [ValueSet], _ terminal: Ref, _ memo: inout [UInt64: Ref]
  ) throws(DiagramError) -> Ref {
    if level == widths.count || ref == terminal { return terminal }
    let key = UInt64(ref.bits) << 8 | UInt64(level)
    if let known = memo[key] { return known }
    let isHere = self.level(ref) == level
    let result: Ref
    if !isHere, box[level].count == widths[level] {
      result = try overlaid(ref, level + 1, box, terminal, &memo)
    } else {
      var row: [Ref] = []
      for valueClass in 0..<widths[level] {
        let child = isHere ? self.child(ref, valueClass) : ref
        row.append(
          box[level].contains(valueClass)
            ? try overlaid(child, level + 1, box, terminal, &memo) : child)
      }
      result = try node(level, row[...])
    }
    memo[key] = result
    return result
  }
}

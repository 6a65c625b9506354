/// A `RulesDiagram` as the run time walks it: one array of words, nothing to allocate or compare.
///
/// A node is a header and its children. The header holds the attribute in its lowest byte, above it
/// where the attribute's value classes begin in `classes`. A child is the position of a node, or
/// with the top bit the number of a terminal.
struct FlatDiagram: Sendable {
  /// What a request comes to.
  struct Terminal: Sendable {
    /// The rule that decides, or -1.
    let decider: Int32
    /// Where the `never` rules beside it begin in `collected`, and how many they are.
    let collectedStart: UInt32
    let collectedCount: UInt16
    /// Whether they begin with one that refuses the request.
    let isRefused: Bool
  }

  private let words: [UInt32]
  private let classes: [UInt16]
  private let root: UInt32
  private let terminals: [Terminal]
  /// `never` rules by terminal, those that refuse requests first.
  let collected: [UInt16]

  /// Flattens; `refuses` says which rules refuse requests.
  init(_ rules: RulesDiagram, refuses: (Int) -> Bool) {
    let diagram = rules.diagram
    var classes: [UInt16] = []
    let headers = rules.space.classes.enumerated().map { level, valueClasses in
      defer { classes += valueClasses.classes.map { UInt16($0) } }
      return UInt32(RuleSpace.order[level].rawValue) | UInt32(classes.count) << 8
    }
    var positions: [UInt32] = []
    var words: [UInt32] = []
    positions.reserveCapacity(diagram.nodeCount)
    words.reserveCapacity(diagram.nodeCount + diagram.edgeCount)
    func position(_ ref: DecisionDiagram.Ref) -> UInt32 {
      ref.isTerminal ? ref.bits : positions[ref.index]
    }
    for index in 0..<diagram.nodeCount {
      let ref = DecisionDiagram.Ref.node(index)
      positions.append(UInt32(words.count))
      words.append(headers[diagram.level(ref)])
      for child in diagram.children(ref) { words.append(position(child)) }
    }
    var collected: [UInt16] = []
    terminals = rules.terminals.map { terminal in
      let refusing = terminal.collected.filter(refuses)
      let all = refusing + terminal.collected.filter { !refuses($0) }
      defer { collected += all.map { UInt16($0) } }
      return Terminal(
        decider: Int32(terminal.decider ?? -1), collectedStart: UInt32(collected.count),
        collectedCount: UInt16(all.count), isRefused: !refusing.isEmpty)
    }
    root = position(diagram.root)
    self.words = words
    self.classes = classes
    self.collected = collected
  }

  /// How many bytes it takes.
  var byteCount: Int { words.count * 4 + classes.count * 2 + terminals.count * 12 }

  /// What a request with these codes comes to; allocates nothing.
  @inline(__always)
  func terminal(_ codes: borrowing Codes) -> Terminal {
    var position = root
    while position >> 31 == 0 {
      let header = words[Int(position)]
      let code = codes[Int(header & 0xFF)]
      position = words[Int(position) + 1 + Int(classes[Int(header >> 8) + code])]
    }
    return terminals[Int(position & 0x7FFF_FFFF)]
  }
}

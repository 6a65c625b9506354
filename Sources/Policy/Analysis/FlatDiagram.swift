/// A `RulesDiagram` as the run time walks it: one array of words, nothing to allocate or compare.
///
/// A node is the list of its edges. An edge says in its lowest five bits what its target asks, and
/// above them where the target's edges begin; the next edge then depends on this word and on one
/// byte that is known before the walk. `terminalMark` in place of the question means that nothing
/// is left to ask and the rest is the number of a terminal.
struct FlatDiagram: Sendable {
  /// An attribute that nodes ask about, and where its value classes begin in `classes`.
  private struct Question: Sendable {
    let attribute: UInt32
    let firstClass: UInt32
  }

  /// What stands in an edge to a terminal where others have their question.
  private static let terminalMark: UInt32 = 31

  private let edges: [UInt32]
  private let classes: [UInt16]
  private let questions: [Question]
  private let root: UInt32
  /// Whether it was made of nothing.
  let isEmpty: Bool

  /// The diagram of no rules; nothing may be asked of it.
  init() {
    edges = []
    classes = []
    questions = []
    root = 0
    isEmpty = true
  }

  /// Flattens a diagram over `space`. Nil when edges would not fit in words.
  init?(_ diagram: DecisionDiagram, _ space: RuleSpace) {
    guard diagram.edgeCount < 1 << 27 else { return nil }
    var classes: [UInt16] = []
    var questions: [Question] = []
    let questionByLevel = space.classes.enumerated().map { level, valueClasses in
      // Where all values are alike, no node asks.
      guard valueClasses.count > 1 else { return UInt32(0) }
      questions.append(
        Question(
          attribute: UInt32(RuleSpace.order[level].rawValue), firstClass: UInt32(classes.count)))
      classes += valueClasses.classes.map { UInt16($0) }
      return UInt32(questions.count - 1)
    }
    precondition(questions.count <= Codes.capacity, "a class for each question")
    var starts: [UInt32] = []
    starts.reserveCapacity(diagram.nodeCount)
    var edges: [UInt32] = []
    edges.reserveCapacity(diagram.edgeCount)
    func edge(_ ref: DecisionDiagram.Ref) -> UInt32 {
      if ref.isTerminal { return UInt32(ref.index) << 5 | Self.terminalMark }
      return starts[ref.index] << 5 | questionByLevel[diagram.level(ref)]
    }
    for index in 0..<diagram.nodeCount {
      starts.append(UInt32(edges.count))
      for child in diagram.children(.node(index)) { edges.append(edge(child)) }
    }
    root = edge(diagram.root)
    self.edges = edges
    self.classes = classes
    self.questions = questions
    isEmpty = false
  }

  /// What a request with these codes comes to; allocates nothing.
  @inline(__always)
  func terminal(_ codes: borrowing Codes) -> Int {
    // Spans, because subscripts of inline arrays copy them, and such a copy waits for each write.
    let values = codes.values.span
    var storage = InlineArray<24, UInt16>(repeating: 0)
    var answers = storage.mutableSpan
    for index in questions.indices {
      let question = questions[index]
      answers[index] = classes[Int(question.firstClass) + Int(values[Int(question.attribute)])]
    }
    var edge = root
    while edge & Self.terminalMark != Self.terminalMark {
      edge = edges[Int(edge >> 5) + Int(answers[Int(edge & 31)])]
    }
    return Int(edge >> 5)
  }
}

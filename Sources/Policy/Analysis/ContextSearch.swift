/// Finds terminals together with the home and the nearest region of the requests that come to them,
/// which decide what symbolic regions mean there.
///
/// Home and nearest region are taken from the path while it is walked, so the diagram itself never
/// has to be expanded by them. Nodes that lead to no wanted terminal are passed over.
struct ContextSearch {
  /// One terminal in one kind of surroundings.
  struct Hit {
    let terminal: Int
    /// Codes; the region count stands for none.
    let home: Int
    let nearest: Int
    /// The value classes of a request, nil where any will do.
    let path: [Int?]
  }

  private struct Key: Hashable {
    let ref: DecisionDiagram.Ref
    let guide: DecisionDiagram.Ref
    /// Home + 1 and nearest + 1; zero while open.
    let context: UInt32
  }

  private let rules: RulesDiagram
  /// Restricts the search to the points that it leads to its terminal 1.
  private let guide: DecisionDiagram
  private let leads: [Bool]
  private let isWanted: (Int) -> Bool
  private let homeCount: Int
  private let locationCount: Int
  private var seen: Set<Key> = []
  private var path: [Int?]

  /// Prepares to look for terminals for which `isWanted` holds, everywhere or within `guide`.
  init(
    _ rules: RulesDiagram, within guide: DecisionDiagram? = nil,
    for isWanted: @escaping (Int) -> Bool
  ) {
    self.rules = rules
    self.isWanted = isWanted
    leads = rules.diagram.nodesLeading(to: isWanted)
    var everything = DecisionDiagram(widths: rules.diagram.widths)
    everything.root = .terminal(1)
    self.guide = guide ?? everything
    homeCount = rules.diagram.widths[RuleSpace.homeLevel]
    locationCount = rules.diagram.widths[RuleSpace.locationLevel]
    path = Array(repeating: nil, count: rules.diagram.widths.count)
  }

  /// Tells `visit` each wanted terminal once for each kind of surroundings.
  mutating func run(_ visit: (Hit) -> Void) {
    walk(rules.diagram.root, guide.root, nil, nil, visit)
    seen = []
  }

  private mutating func walk(
    _ ref: DecisionDiagram.Ref, _ guideRef: DecisionDiagram.Ref, _ home: Int?, _ nearest: Int?,
    _ visit: (Hit) -> Void
  ) {
    if ref.isTerminal ? !isWanted(ref.index) : !leads[ref.index] { return }
    if guideRef.isTerminal, guideRef.index != 1 { return }
    let context = UInt32((home ?? -1) + 1) << 16 | UInt32((nearest ?? -1) + 1)
    guard seen.insert(Key(ref: ref, guide: guideRef, context: context)).inserted else { return }
    var level = min(rules.diagram.level(ref), guide.level(guideRef))
    if home == nil { level = min(level, RuleSpace.homeLevel) }
    if nearest == nil { level = min(level, RuleSpace.locationLevel) }
    guard level < rules.diagram.widths.count else {
      visit(
        Hit(terminal: ref.index, home: home ?? 0, nearest: nearest ?? 0, path: path))
      return
    }
    for valueClass in 0..<rules.diagram.widths[level] {
      path[level] = valueClass
      let below = rules.diagram.level(ref) == level ? rules.diagram.child(ref, valueClass) : ref
      let guideBelow = guide.level(guideRef) == level ? guide.child(guideRef, valueClass) : guideRef
      switch level {
      // Homes are all apart: the class is the code.
      case RuleSpace.homeLevel: walk(below, guideBelow, valueClass, nearest, visit)
      case RuleSpace.locationLevel:
        let region = rules.space.nearest(locationClass: valueClass, home: home ?? 0)
        walk(below, guideBelow, home, region, visit)
      default: walk(below, guideBelow, home, nearest, visit)
      }
    }
    path[level] = nil
  }
}

/// Boxes that people can read, in place of the thousands of paths of a diagram.
///
/// Each box is as large as it can be without leaving the wanted points; boxes may overlap.
/// Thresholds and flags widen before classes of data do: a box then speaks of what officers think
/// in first.
struct BoxCover {
  /// Value classes by level.
  private(set) var boxes: [[ValueSet]] = []
  /// Whether the boxes hold all wanted points.
  private(set) var isComplete = false

  private let wanted: DecisionDiagram

  /// Covers the points that lead to terminal 1 by at most `countMax` boxes; the others lead to 0.
  init(_ wanted: DecisionDiagram, countMax: Int) throws(DiagramError) {
    self.wanted = wanted
    var rest = wanted
    while let path = rest.firstPath(to: 1) {
      if boxes.count == countMax { return }
      let box = widened(path, rest)
      boxes.append(box)
      try rest.overlay(box, with: 0)
    }
    isComplete = true
  }

  /// A box of wanted points around a point of `rest`: as large as it can be within the rest, so
  /// that boxes say different things, then without the conditions that can be left out altogether.
  private func widened(_ path: [Int?], _ rest: DecisionDiagram) -> [ValueSet] {
    var box = path.enumerated().map { level, valueClass in
      var set = ValueSet(count: wanted.widths[level], isFull: valueClass == nil)
      if let valueClass { set.insert(valueClass) }
      return set
    }
    for level in box.indices.reversed() where box[level].count < wanted.widths[level] {
      box[level] = Self.widen(box, level, within: rest)
    }
    for level in box.indices.reversed() where box[level].count < wanted.widths[level] {
      let wider = Self.widen(box, level, within: wanted)
      if wider.count == wanted.widths[level] { box[level] = wider }
    }
    return box
  }

  /// The classes at `level` with which all of `box` is wanted.
  private static func widen(
    _ box: [ValueSet], _ level: Int, within wanted: DecisionDiagram
  ) -> ValueSet {
    var inside: [Int: Bool] = [:]
    var known: [Int: ValueSet] = [:]
    let (full, none) = (
      ValueSet(count: wanted.widths[level], isFull: true), ValueSet(count: wanted.widths[level])
    )
    func isInside(_ ref: DecisionDiagram.Ref) -> Bool {
      if ref.isTerminal { return ref.index == 1 }
      if let known = inside[ref.index] { return known }
      let set = box[wanted.level(ref)]
      let result = set.values.allSatisfy { isInside(wanted.child(ref, $0)) }
      inside[ref.index] = result
      return result
    }
    func classes(_ ref: DecisionDiagram.Ref) -> ValueSet {
      let here = wanted.level(ref)
      if here > level { return isInside(ref) ? full : none }
      if let result = known[ref.index] { return result }
      var result = full
      if here == level {
        result = none
        for value in 0..<wanted.widths[level] where isInside(wanted.child(ref, value)) {
          result.insert(value)
        }
      } else {
        for value in box[here].values {
          result = result.intersection(classes(wanted.child(ref, value)))
          if result.isEmpty { break }
        }
      }
      known[ref.index] = result
      return result
    }
    return classes(wanted.root)
  }
}

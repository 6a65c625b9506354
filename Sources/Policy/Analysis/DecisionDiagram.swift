/// An ordered, reduced decision diagram over variables with many values: equal functions are one
/// node, so that comparing functions is comparing references.
///
/// Nodes lie in flat arrays, children before parents; an edge is four bytes. A variable's values
/// are the classes of `ValueClasses`. A struct: whoever builds it owns it; a finished one is
/// immutable and any thread may read it.
struct DecisionDiagram: Sendable, Equatable {
  /// A node, or a terminal with the number that its maker gave it.
  struct Ref: Hashable, Sendable {
    /// The top bit marks terminals, the rest is the index.
    let bits: UInt32

    /// The node with this index.
    static func node(_ index: Int) -> Ref { Ref(bits: UInt32(index)) }
    /// The terminal with this number.
    static func terminal(_ number: Int) -> Ref { Ref(bits: UInt32(number) | 1 << 31) }

    /// Whether nothing is left to ask.
    @inline(__always)
    var isTerminal: Bool { bits >> 31 != 0 }
    /// The node's index or the terminal's number.
    @inline(__always)
    var index: Int { Int(bits & 0x7FFF_FFFF) }
  }

  /// The number of value classes by level.
  let widths: [Int]
  /// Where every walk begins.
  var root: Ref = .terminal(0)
  /// The level that a node asks about.
  private var levels: [UInt8] = []
  /// Where a node's edges begin in `edges`.
  private var offsets: [UInt32] = []
  private var edges: [Ref] = []
  /// Open addressing, at most half full: node index + 1, or zero when free.
  private var slots: [UInt32]
  /// The bound on nodes.
  private let nodeCountMax: Int

  /// An empty diagram over variables with these class counts.
  init(widths: [Int], nodeCountMax: Int = Limits.diagramNodeCountMax) {
    precondition(widths.count < 255, "a level is a byte")
    self.widths = widths
    self.nodeCountMax = nodeCountMax
    slots = [UInt32](repeating: 0, count: 1024)
  }

  /// How many nodes there are; `Ref.node(i)` exists for every smaller `i`.
  var nodeCount: Int { levels.count }
  /// How many edges the nodes have together.
  var edgeCount: Int { edges.count }

  /// The level that `ref` asks about; the number of levels for a terminal.
  @inline(__always)
  func level(_ ref: Ref) -> Int {
    ref.isTerminal ? widths.count : Int(levels[ref.index])
  }

  /// Where a node leads for a value class.
  @inline(__always)
  func child(_ ref: Ref, _ valueClass: Int) -> Ref {
    edges[Int(offsets[ref.index]) + valueClass]
  }

  /// The children of a node, by value class.
  func children(_ ref: Ref) -> ArraySlice<Ref> {
    let start = Int(offsets[ref.index])
    return edges[start..<(start + widths[Int(levels[ref.index])])]
  }

  /// The node at `level` with these children; one child alone stands for itself.
  mutating func node(
    _ level: Int, _ children: borrowing ArraySlice<Ref>
  ) throws(DiagramError) -> Ref {
    let first = children[children.startIndex]
    var isSame = true
    var hash = UInt64(level)
    for child in copy children {
      if child != first { isSame = false }
      hash = (hash ^ UInt64(child.bits)) &* 0x9E37_79B9_7F4A_7C15
      hash ^= hash >> 29
    }
    if isSame { return first }
    var slot = Int(truncatingIfNeeded: hash >> 20) & (slots.count - 1)
    while slots[slot] != 0 {
      let index = Int(slots[slot]) - 1
      if isNode(index, level, children) { return .node(index) }
      slot = (slot + 1) & (slots.count - 1)
    }
    guard levels.count < nodeCountMax, edges.count < Limits.diagramEdgeCountMax else {
      throw .tooManyNodes(max: nodeCountMax)
    }
    slots[slot] = UInt32(levels.count + 1)
    offsets.append(UInt32(edges.count))
    levels.append(UInt8(level))
    edges += copy children
    if levels.count * 2 > slots.count { growSlots() }
    return .node(levels.count - 1)
  }

  /// Gives up what only building needs.
  mutating func finish() { slots = [] }

  /// Makes a finished diagram take nodes again.
  mutating func reopen() {
    var count = 1024
    while count < levels.count * 2 { count *= 2 }
    slots = [UInt32](repeating: 0, count: count)
    growSlots()
  }

  /// The terminal that a request of these value classes comes to.
  func terminal(_ classes: [Int]) -> Int {
    var ref = root
    while !ref.isTerminal { ref = child(ref, classes[Int(levels[ref.index])]) }
    return ref.index
  }

  private func isNode(
    _ index: Int, _ level: Int, _ children: borrowing ArraySlice<Ref>
  ) -> Bool {
    guard Int(levels[index]) == level else { return false }
    let start = Int(offsets[index])
    let base = children.startIndex
    for position in 0..<widths[level] where edges[start + position] != children[base + position] {
      return false
    }
    return true
  }

  private mutating func growSlots() {
    slots = [UInt32](repeating: 0, count: slots.count * 2)
    for index in levels.indices {
      var hash = UInt64(levels[index])
      for child in children(.node(index)) {
        hash = (hash ^ UInt64(child.bits)) &* 0x9E37_79B9_7F4A_7C15
        hash ^= hash >> 29
      }
      var slot = Int(truncatingIfNeeded: hash >> 20) & (slots.count - 1)
      while slots[slot] != 0 { slot = (slot + 1) & (slots.count - 1) }
      slots[slot] = UInt32(index + 1)
    }
  }
}

/// Why there is no diagram.
public enum DiagramError: Error, Equatable, CustomStringConvertible {
  /// The rules tell more cases apart than the bound allows.
  case tooManyNodes(max: Int)
  /// Two versions together name more places than one may.
  case tooManyPlaces(max: Int)

  /// What happened and what to do about it.
  public var description: String {
    switch self {
    case .tooManyNodes(let max):
      "the rules tell too many cases apart: more than \(max) nodes; group values in `sets` and use"
        + " the same sets in many rules"
    case .tooManyPlaces(let max): "the versions together name more than \(max) places"
    }
  }
}

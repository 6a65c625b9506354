/// Remembers the states of a `DiagramBuilder`: a level, and a list of conditions.
struct StateMemo {
  /// The node of each state, in the order of `reserve`; a placeholder until it is known.
  var results: [DecisionDiagram.Ref] = []
  private var levels: [UInt8] = []
  /// Where a state's list begins in `arena`; one more entry at the end.
  private var starts: [Int] = [0]
  private var arena: [UInt32] = []
  /// Open addressing, at most half full: state + 1, or zero when free.
  private var slots = [UInt32](repeating: 0, count: 4096)

  /// The node of the state, or else the slot where it belongs.
  func find(
    _ lists: borrowing [UInt32], _ list: Range<Int>, _ level: Int
  ) -> (slot: Int, known: DecisionDiagram.Ref?) {
    var slot = Self.hash(lists, list, level) & (slots.count - 1)
    while slots[slot] != 0 {
      let state = Int(slots[slot]) - 1
      if isState(state, lists, list, level) { return (slot, results[state]) }
      slot = (slot + 1) & (slots.count - 1)
    }
    return (slot, nil)
  }

  /// Adds the state at the slot that `find` gave; its index in `results`.
  mutating func reserve(
    _ lists: borrowing [UInt32], _ list: Range<Int>, _ level: Int, _ slot: Int
  ) -> Int {
    let state = results.count
    results.append(.terminal(0))
    levels.append(UInt8(level))
    for position in list { arena.append(lists[position]) }
    starts.append(arena.count)
    slots[slot] = UInt32(state + 1)
    if results.count * 2 > slots.count { grow() }
    return state
  }

  private func isState(
    _ state: Int, _ lists: borrowing [UInt32], _ list: Range<Int>, _ level: Int
  ) -> Bool {
    let start = starts[state]
    guard Int(levels[state]) == level, starts[state + 1] - start == list.count else { return false }
    for offset in 0..<list.count
    where arena[start + offset] != lists[list.lowerBound + offset] { return false }
    return true
  }

  private mutating func grow() {
    slots = [UInt32](repeating: 0, count: slots.count * 2)
    for state in results.indices {
      let list = starts[state]..<starts[state + 1]
      var slot = Self.hash(arena, list, Int(levels[state])) & (slots.count - 1)
      while slots[slot] != 0 { slot = (slot + 1) & (slots.count - 1) }
      slots[slot] = UInt32(state + 1)
    }
  }

  private static func hash(
    _ lists: borrowing [UInt32], _ list: Range<Int>, _ level: Int
  ) -> Int {
    var hash = UInt64(level) &+ 0x517C_C1B7_2722_0A95
    for position in list {
      hash = (hash ^ UInt64(lists[position])) &* 0x9E37_79B9_7F4A_7C15
      hash ^= hash >> 32
    }
    return Int(truncatingIfNeeded: hash >> 16)
  }
}

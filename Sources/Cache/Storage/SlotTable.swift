/// Where an entry stands: open addressing by 64 bits of the key's hash. Equal hashes may stand
/// twice; who looks compares the whole key. Memory grows with what is stored, never with look-ups.
struct SlotTable {
  private struct Slot {
    var hash: UInt64
    /// The entry's node, or -1.
    var node: Int32
  }

  private var slots: [Slot]
  private var count = 0

  /// Makes a table for a few entries.
  init() { slots = Array(repeating: Slot(hash: 0, node: -1), count: 64) }

  /// The node with this hash for which `isMatch` holds.
  @inline(__always)
  func find(_ hash: UInt64, _ isMatch: (Int) -> Bool) -> Int? {
    let mask = slots.count - 1
    var index = Int(truncatingIfNeeded: hash) & mask
    while slots[index].node >= 0 {
      if slots[index].hash == hash, isMatch(Int(slots[index].node)) {
        return Int(slots[index].node)
      }
      index = (index + 1) & mask
    }
    return nil
  }

  /// Adds a node.
  mutating func insert(_ hash: UInt64, _ node: Int) {
    if (count + 1) * 2 > slots.count { grow() }
    place(Slot(hash: hash, node: Int32(node)))
    count += 1
  }

  /// Takes a node away, and closes the gap so that no look-up ends early.
  mutating func remove(_ hash: UInt64, _ node: Int) {
    let mask = slots.count - 1
    var index = Int(truncatingIfNeeded: hash) & mask
    while slots[index].node != Int32(node) {
      precondition(slots[index].node >= 0, "a node that is not in the table")
      index = (index + 1) & mask
    }
    count -= 1
    var gap = index
    while true {
      index = (index + 1) & mask
      guard slots[index].node >= 0 else { break }
      let home = Int(truncatingIfNeeded: slots[index].hash) & mask
      // A slot may move to the gap if its home is not behind the gap.
      if (index - home) & mask >= (index - gap) & mask {
        slots[gap] = slots[index]
        gap = index
      }
    }
    slots[gap].node = -1
  }

  private mutating func place(_ slot: Slot) {
    let mask = slots.count - 1
    var index = Int(truncatingIfNeeded: slot.hash) & mask
    while slots[index].node >= 0 { index = (index + 1) & mask }
    slots[index] = slot
  }

  private mutating func grow() {
    let old = slots
    slots = Array(repeating: Slot(hash: 0, node: -1), count: old.count * 2)
    for slot in old where slot.node >= 0 { place(slot) }
  }
}

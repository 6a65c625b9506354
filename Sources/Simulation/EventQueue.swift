internal import Base

/// What is to happen and when: a binary heap by time, then by order of planning.
///
/// Two events of one instant happen in the order in which they were planned, so that one seed gives
/// one history.
struct EventQueue {
  private struct Entry {
    let time: Instant
    let order: UInt64
    let act: () -> Void

    /// Whether it happens before `other`.
    func precedes(_ other: Entry) -> Bool {
      time == other.time ? order < other.order : time < other.time
    }
  }

  private var heap: [Entry] = []
  private var planned: UInt64 = 0

  /// When the next event happens; nil when none is planned.
  var nextTime: Instant? { heap.first?.time }

  /// Plans `act` for `time`.
  mutating func plan(at time: Instant, _ act: @escaping () -> Void) {
    heap.append(Entry(time: time, order: planned, act: act))
    planned += 1
    var index = heap.count - 1
    while index > 0, heap[index].precedes(heap[(index - 1) / 2]) {
      heap.swapAt(index, (index - 1) / 2)
      index = (index - 1) / 2
    }
  }

  /// Takes the next event.
  mutating func next() -> (time: Instant, act: () -> Void)? {
    guard let first = heap.first else { return nil }
    let last = heap.removeLast()
    guard !heap.isEmpty else { return (first.time, first.act) }
    heap[0] = last
    var index = 0
    while true {
      var least = index
      for child in [2 * index + 1, 2 * index + 2]
      where child < heap.count && heap[child].precedes(heap[least]) { least = child }
      guard least != index else { break }
      heap.swapAt(index, least)
      index = least
    }
    return (first.time, first.act)
  }
}

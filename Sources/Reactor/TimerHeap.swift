internal import Base

/// What a timer wakes.
public protocol TimerTarget: AnyObject {
  /// The deadline passed; `token` is what `schedule` was given.
  func timerFired(token: Int)
}

/// Pending deadlines in a binary heap, earliest first. O(log n) to add and to take.
///
/// There is no cancel: an owner keeps its real deadline in a field, lets the timer fire and arms it
/// again when the deadline moved. So a busy connection touches the heap once per timeout, not once
/// per request.
struct TimerHeap {
  /// One pending deadline.
  private struct Entry {
    let deadline: Instant
    let token: Int
    let target: any TimerTarget
  }

  private var entries: [Entry] = []

  /// The earliest deadline; `.never` when there is none.
  var earliest: Instant { entries.first?.deadline ?? .never }

  /// Adds a deadline; the target is held until it fires. A weak reference would make every later
  /// retain of the target take the slow path.
  mutating func schedule(at deadline: Instant, _ target: any TimerTarget, token: Int) {
    entries.append(Entry(deadline: deadline, token: token, target: target))
    var child = entries.count - 1
    while child > 0 {
      let parent = (child - 1) / 2
      guard entries[child].deadline < entries[parent].deadline else { break }
      entries.swapAt(child, parent)
      child = parent
    }
  }

  /// Takes the earliest deadline if it is not after `now`; nil when none is due.
  mutating func popDue(_ now: Instant) -> (target: any TimerTarget, token: Int)? {
    guard let first = entries.first, first.deadline <= now else { return nil }
    entries.swapAt(0, entries.count - 1)
    entries.removeLast()
    var parent = 0
    while true {
      let left = 2 * parent + 1
      guard left < entries.count else { break }
      let right = left + 1
      let child =
        right < entries.count && entries[right].deadline < entries[left].deadline ? right : left
      guard entries[child].deadline < entries[parent].deadline else { break }
      entries.swapAt(child, parent)
      parent = child
    }
    return (first.target, first.token)
  }
}

internal import Base

/// Keys that were marked until some time: as not storable, or as failing. Bounded; a newer mark
/// takes the place of an older one, and forgetting one costs no more than an idle wait.
struct MarkTable {
  private struct Mark {
    var hash: UInt64 = 0
    var until = Instant(nanoseconds: 0)
  }

  private var marks: [Mark]

  /// Makes a table of `count` places, a power of two.
  init(count: Int) {
    precondition(count > 0 && count & (count - 1) == 0, "a power of two")
    marks = Array(repeating: Mark(), count: count)
  }

  /// Marks a key.
  mutating func insert(_ hash: UInt64, until: Instant) {
    marks[Int(truncatingIfNeeded: hash) & (marks.count - 1)] = Mark(hash: hash, until: until)
  }

  /// Takes the key's mark away.
  mutating func remove(_ hash: UInt64) {
    let place = Int(truncatingIfNeeded: hash) & (marks.count - 1)
    if marks[place].hash == hash { marks[place] = Mark() }
  }

  /// Whether the key is marked at `now`.
  func contains(_ hash: UInt64, at now: Instant) -> Bool {
    let mark = marks[Int(truncatingIfNeeded: hash) & (marks.count - 1)]
    return mark.hash == hash && now < mark.until
  }
}

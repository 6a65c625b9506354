/// Numbers from `lower` on and below `upper`; an `upper` of `.max` is no bound.
struct NumberRange: Sendable, Hashable {
  var lower: UInt64 = 0
  var upper: UInt64 = .max

  /// Whether `value` is in the range.
  func contains(_ value: UInt64) -> Bool { value >= lower && (value < upper || upper == .max) }
}

/// The values of a number that a policy can tell apart: the intervals between its thresholds.
///
/// Interval `i` starts at threshold `i - 1` (the first one at zero) and ends before threshold `i`.
struct Cuts: Sendable {
  /// Where intervals start, ascending; without the first one's zero.
  let starts: [UInt64]

  /// Cuts at the bounds of `ranges`.
  init(_ ranges: some Sequence<NumberRange>) {
    var bounds: Set<UInt64> = []
    for range in ranges {
      bounds.insert(range.lower)
      bounds.insert(range.upper)
    }
    bounds.remove(0)
    bounds.remove(.max)
    starts = bounds.sorted()
  }

  /// How many intervals there are.
  var count: Int { starts.count + 1 }

  /// The interval that holds `value`; allocates nothing.
  func code(_ value: UInt64) -> Int {
    var (low, high) = (0, starts.count)
    while low < high {
      let middle = (low + high) / 2
      if starts[middle] <= value { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// The interval with this code.
  func interval(_ code: Int) -> NumberRange {
    NumberRange(
      lower: code == 0 ? 0 : starts[code - 1], upper: code < starts.count ? starts[code] : .max)
  }
}

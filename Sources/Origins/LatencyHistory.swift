/// Which time nineteen of twenty answers of an endpoint take at most, of the last few hundred.
///
/// A histogram in steps of a quarter of a power of two: the result is at most a quarter too long.
/// Counts are halved as they grow, so that older answers fade. Owned by one loop.
struct LatencyHistory: Sendable {
  private static let bucketCount = 96
  /// Answers after which the result is worked out again.
  private static let refreshCount: UInt32 = 32
  /// Answers at which the counts are halved.
  private static let fadeCount: UInt32 = 1_024

  private var counts = [UInt32](repeating: 0, count: bucketCount)
  private var total: UInt32 = 0
  private var untilRefresh = refreshCount
  /// The 95th percentile in microseconds; nil before there were enough answers.
  private(set) var p95Microseconds: UInt64?

  /// Takes one answer's time to first byte.
  mutating func observe(microseconds: UInt64) {
    counts[Self.bucket(microseconds)] += 1
    total += 1
    untilRefresh -= 1
    if untilRefresh == 0 { refresh() }
  }

  private mutating func refresh() {
    untilRefresh = Self.refreshCount
    // Those above the percentile, counted from the slowest.
    var left = total / 20
    var index = Self.bucketCount - 1
    while index > 0, counts[index] <= left {
      left -= counts[index]
      index -= 1
    }
    p95Microseconds = Self.upperBound(index)
    guard total >= Self.fadeCount else { return }
    total = 0
    for index in counts.indices {
      counts[index] /= 2
      total += counts[index]
    }
  }

  /// The step that a time falls into; the last one takes all that is longer.
  static func bucket(_ microseconds: UInt64) -> Int {
    guard microseconds >= 4 else { return Int(microseconds) }
    let power = 63 - microseconds.leadingZeroBitCount
    let quarter = Int(truncatingIfNeeded: microseconds >> UInt64(power - 2)) & 3
    return min(4 * (power - 1) + quarter, bucketCount - 1)
  }

  /// The first time that is longer than all of a step.
  static func upperBound(_ bucket: Int) -> UInt64 {
    guard bucket >= 4 else { return UInt64(bucket) + 1 }
    return UInt64(5 + bucket % 4) << UInt64(bucket / 4 - 1)
  }
}

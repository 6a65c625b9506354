internal import Base

/// Two counts over the last ten seconds, second by second.
///
/// Time that stands still or goes back changes nothing. Owned by whoever counts.
struct SlidingCounts: Sendable {
  private struct Second {
    var first: UInt64 = 0
    var second: UInt64 = 0
  }

  /// How many seconds are remembered, the current one included.
  static let secondCount = 10

  private var seconds = [Second](repeating: Second(), count: secondCount)
  private var current: UInt64
  /// The sum of what `add` was given as first.
  private(set) var first: UInt64 = 0
  /// The sum of what `add` was given as second.
  private(set) var second: UInt64 = 0

  /// Makes empty counts.
  init(at now: Instant) { current = now.nanoseconds / 1_000_000_000 }

  /// Counts more of either in the current second.
  mutating func add(first: UInt64 = 0, second: UInt64 = 0, at now: Instant) {
    advance(to: now)
    let index = Int(current % UInt64(Self.secondCount))
    seconds[index].first += first
    seconds[index].second += second
    self.first += first
    self.second += second
  }

  /// Forgets everything.
  mutating func removeAll() {
    for index in seconds.indices { seconds[index] = Second() }
    first = 0
    second = 0
  }

  /// Forgets the seconds that left the window.
  mutating func advance(to now: Instant) {
    let second = now.nanoseconds / 1_000_000_000
    guard second > current else { return }
    for step in 1...min(second - current, UInt64(Self.secondCount)) {
      let index = Int((current + step) % UInt64(Self.secondCount))
      first -= seconds[index].first
      self.second -= seconds[index].second
      seconds[index] = Second()
    }
    current = second
  }
}

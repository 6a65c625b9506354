import Base
import Proxy
import Testing

/// A loop that was held up blames nobody, but not for ever.
@Suite struct LateTicksTests {
  @Test(
    arguments: [
      // Milliseconds between ticks; whether each may be the loop's own fault.
      ([0, 25, 25, 25], [true, false, false, false]),
      ([0, 25, 200, 25], [true, false, true, false]),
      ([0, 60, 60, 60, 60], [true, false, true, false, true]),
      ([0, 50, 51, 51], [true, false, true, false]),
    ] as [([UInt64], [Bool])])
  func oneLateTickIsExcused(_ gaps: [UInt64], _ expected: [Bool]) {
    var ticks = LateTicks(lateMilliseconds: 50)
    var now = Instant(nanoseconds: 7_000_000_000)
    let excused = gaps.map { gap in
      now = now.adding(milliseconds: gap)
      return ticks.ticked(at: now)
    }
    #expect(excused == expected)
  }
}

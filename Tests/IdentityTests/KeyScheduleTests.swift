import Base
import Testing

@testable import Identity

/// When an issuer's keys are fetched.
@Suite struct KeyScheduleTests {
  private func at(_ seconds: UInt64) -> Instant {
    Instant(nanoseconds: (1_000 + seconds) * 1_000_000_000)
  }

  /// A schedule whose first fetch ended well at zero.
  private func running(_ refresh: UInt64 = 600, maxAge: UInt64? = nil) -> KeySchedule {
    var schedule = KeySchedule(at: at(0))
    #expect(schedule.isDue(at: at(0)))
    schedule.began(at: at(0))
    #expect(!schedule.isDue(at: at(0)) && schedule.isUnderWay)
    schedule.succeeded(at: at(0), refreshMilliseconds: refresh * 1_000, maxAgeSeconds: maxAge)
    return schedule
  }

  /// The refresh interval, `max-age`, and when the next fetch is due, in seconds.
  static let waits: [(refresh: UInt64, maxAge: UInt64?, due: UInt64)] = [
    (600, nil, 600), (600, 60, 60), (600, 3_600, 600), (600, 0, 5), (600, 4, 5), (600, .max, 600),
    (2, nil, 2), (2, 0, 2), (2, 1, 2),
  ]

  @Test(arguments: waits.indices)
  func answersAreUsedAsLongAsBothSidesSay(_ index: Int) {
    let row = Self.waits[index]
    let schedule = running(row.refresh, maxAge: row.maxAge)
    #expect(!schedule.isDue(at: at(row.due - 1)))
    #expect(schedule.isDue(at: at(row.due)))
  }

  @Test func failuresAreRepeatedLessAndLessOften() {
    var schedule = running()
    var now: UInt64 = 600
    for wait: UInt64 in [1, 2, 4, 8, 16, 32, 60, 60, 60] {
      #expect(schedule.isDue(at: at(now)))
      schedule.began(at: at(now))
      schedule.failed(at: at(now), refreshMilliseconds: 600_000)
      #expect(!schedule.isDue(at: at(now + wait - 1)) || wait == 0)
      now += wait
    }
    schedule.began(at: at(now))
    schedule.succeeded(at: at(now), refreshMilliseconds: 600_000, maxAgeSeconds: nil)
    #expect(!schedule.isDue(at: at(now + 599)) && schedule.isDue(at: at(now + 600)))
    schedule.began(at: at(now + 600))
    schedule.failed(at: at(now + 600), refreshMilliseconds: 600_000)
    #expect(schedule.isDue(at: at(now + 601)))
  }

  @Test func unknownKeysCauseAFetchNowAndThen() {
    var schedule = running()
    func want(_ second: UInt64, _ helps: Bool) {
      let answer = schedule.wanted(at: at(second))
      #expect(answer == helps, "after \(second) s")
    }
    want(4, false)
    #expect(!schedule.isDue(at: at(4)))
    want(5, true)
    #expect(schedule.isDue(at: at(5)))
    schedule.began(at: at(5))
    // Everybody may wait for the one that is under way.
    want(6, true)
    #expect(!schedule.isDue(at: at(6)))
    schedule.failed(at: at(7), refreshMilliseconds: 600_000)
    want(9, false)
    want(10, true)
  }

  @Test(arguments: [UInt64](1...20))
  func fetchesForUnknownKeysAreFarApart(_ seed: UInt64) {
    var random = SplitMix64(seed: seed)
    var schedule = running()
    var beganAt: [UInt64] = [0]
    for second: UInt64 in 1..<500 {
      if Int.random(in: 0..<3, using: &random) > 0 { _ = schedule.wanted(at: at(second)) }
      if schedule.isDue(at: at(second)) {
        schedule.began(at: at(second))
        beganAt.append(second)
        schedule.succeeded(at: at(second), refreshMilliseconds: 600_000, maxAgeSeconds: 0)
      }
    }
    #expect(beganAt.count > 50)
    #expect(zip(beganAt, beganAt.dropFirst()).allSatisfy { $1 - $0 >= 5 })
  }
}

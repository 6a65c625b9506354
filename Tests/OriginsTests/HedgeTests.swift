import Base
import Testing

@testable import Origins

/// When a read is sent twice, and how often.
@Suite struct HedgeTests {
  /// Each step begins where the one before ends, and is a quarter of a power of two at most.
  @Test func stepsLieSideBySide() {
    var last = 0
    for microseconds: UInt64 in 0..<100_000 {
      let bucket = LatencyHistory.bucket(microseconds)
      #expect(bucket == last || bucket == last + 1)
      let bound = LatencyHistory.upperBound(bucket)
      #expect(bound > microseconds && bound <= microseconds + max(1, microseconds / 4 + 1))
      last = bucket
    }
    for power: UInt64 in 0..<64 {
      #expect((0..<96).contains(LatencyHistory.bucket(1 << power)))
    }
    #expect(LatencyHistory.bucket(.max) == 95)
  }

  @Test func nothingIsKnownWithoutHistory() throws {
    var loads = EndpointLoads(topology: try demoTopology(), limits: OriginLimits(), at: at(0))
    let endpoint = EndpointID(1)
    for count in 0..<40 {
      #expect((loads.hedgeMicroseconds(endpoint) != nil) == (count >= 32))
      loads.started(endpoint)
      _ = loads.succeeded(endpoint, microseconds: 40, at: at(0))
    }
    // Faster than a millisecond is not worth it.
    #expect(loads.hedgeMicroseconds(endpoint) == 1_000)
  }

  /// Who is overtaken is slower than before, though it never answered.
  @Test func whoIsOvertakenCostsMore() throws {
    var loads = EndpointLoads(topology: try demoTopology(), limits: OriginLimits(), at: at(0))
    let endpoint = EndpointID(1)
    loads.started(endpoint)
    _ = loads.succeeded(endpoint, microseconds: 1_000, at: at(0))
    let before = loads.cost(endpoint, at: at(0))
    loads.started(endpoint)
    loads.overtaken(endpoint, microseconds: 50_000, at: at(0))
    #expect(loads.cost(endpoint, at: at(0)) == 50 * before)
    #expect(loads.inFlightCount(endpoint) == 0)
  }

  /// A sorted list of all answers referees the histogram.
  @Test(arguments: 0..<50 as Range<UInt64>)
  func nineteenOfTwentyAreFaster(_ seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    var history = LatencyHistory()
    var all: [UInt64] = []
    let scale = UInt64.random(in: 10...1_000_000, using: &random)
    for _ in 0..<32 * Int.random(in: 2...30, using: &random) {
      let isSlow = Int.random(in: 0..<20, using: &random) == 0
      let sample = UInt64.random(in: 0...scale, using: &random) * (isSlow ? 20 : 1)
      all.append(sample)
      history.observe(microseconds: sample)
    }
    let sorted = all.sorted()
    let found = try #require(history.p95Microseconds)
    // One in twenty lies above it, give or take the width of a step.
    let exact = sorted[sorted.count - 1 - sorted.count / 20]
    #expect(found > exact && found <= exact + exact / 4 + 2, "\(found) for \(exact)")
  }

  /// What was slow once is forgotten.
  @Test func olderAnswersFade() throws {
    var history = LatencyHistory()
    for _ in 0..<1_024 { history.observe(microseconds: 1_000_000) }
    for _ in 0..<16_384 { history.observe(microseconds: 1_000) }
    #expect(try #require(history.p95Microseconds) < 2_000)
  }

  /// Never more than two in a hundred, whatever happens, and none on a quiet loop.
  @Test(arguments: 0..<20 as Range<UInt64>)
  func atMostTwoPercentAreSentTwice(_ seed: UInt64) {
    var random = SplitMix64(seed: seed)
    var budget = HedgeBudget(limits: OriginLimits(), at: at(0))
    var requests = RetryBudget(limits: OriginLimits(), at: at(0))
    var events: [(second: UInt64, isHedge: Bool)] = []
    var now: UInt64 = 0
    var hedgeCount = 0
    for _ in 0..<5_000 {
      now += UInt64.random(in: 0...8, using: &random)
      let second = at(now).nanoseconds / 1_000_000_000
      requests.requestStarted(at: at(now))
      events.append((second, false))
      guard Int.random(in: 0..<3, using: &random) == 0 else { continue }
      let count = requests.requestCount(at: at(now))
      let recent = events.filter { $0.second + 10 > second }
      #expect(count == UInt64(recent.count { !$0.isHedge }))
      let isGranted = budget.withdraw(requestCount: count, at: at(now))
      let hedged = recent.count { $0.isHedge }
      #expect(isGranted == ((hedged + 1) * 50 <= Int(count)))
      if isGranted {
        events.append((second, true))
        hedgeCount += 1
      }
    }
    #expect((1...100).contains(hedgeCount))
    let quiet = budget.withdraw(requestCount: 49, at: at(now + 60_000))
    #expect(!quiet)
  }
}

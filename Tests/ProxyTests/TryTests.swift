import HTTP
import Origins
import Proxy
import Testing

/// Attempts that end because another choice may answer sooner.
@Suite struct TryTests {
  private let bench = MachineBench()

  @Test(arguments: LatencyClass.allCases)
  func aReadIsTimedByItsClassUntilTheLastChoice(_ latency: LatencyClass) {
    _ = bench.begin(.get, isDurable: false, choiceCount: 2, latency: latency)
    #expect(bench.machine.tryClass == nil)
    _ = bench.apply(.fresh)
    #expect(bench.machine.tryClass == latency)
    #expect(bench.slow() == .acquire(choice: 1, requiresFresh: false))
    _ = bench.apply(.fresh)
    // The last choice has the ordinary time.
    #expect(bench.machine.tryClass == nil && bench.slow() == nil)
    #expect(bench.apply(.ok) == .forwardHead)
    #expect(bench.slow() == nil)
  }

  @Test(arguments: [Method.put, .post, .delete, .patch])
  func aWriteHasTheOrdinaryTime(_ method: Method) {
    _ = bench.begin(method, isDurable: false, latency: .alarm)
    _ = bench.apply(.fresh)
    #expect(bench.machine.tryClass == nil && bench.slow() == nil)
    #expect(bench.apply(.ok) == .forwardHead)
  }

  /// What no other attempt is granted for may still be answered late.
  @Test func nothingIsRefusedForBeingSlow() {
    var limits = OriginLimits()
    limits.retryFloorPerSecond = 0
    limits.retryPercentMax = 0
    var benches = [MachineBench(limits: limits), MachineBench(isReplayable: false)]
    limits = OriginLimits()
    limits.attemptCountMax = 1
    benches.append(MachineBench(limits: limits))
    for bench in benches {
      _ = bench.begin(.get, isDurable: false, latency: .alarm)
      _ = bench.apply(.fresh)
      #expect(bench.slow() == nil)
      #expect(bench.apply(.ok) == .forwardHead)
    }
  }

  /// A durable read whose head waits for the disk is not slow.
  @Test func aHeldHeadIsNotTriedElsewhere() {
    _ = bench.begin(.get, isDurable: true, latency: .alarm)
    _ = bench.apply(.fresh)
    #expect(bench.apply(.ok) == .awaitRecord)
    #expect(bench.slow() == nil)
    #expect(bench.apply(.durable) == .forwardHead)
  }
}

/// A second copy of a read.
@Suite struct HedgedTests {
  /// Once the second copy is the request, its failures lead on from its choice.
  @Test func theSecondCopyIsTheRequest() {
    let bench = MachineBench()
    _ = bench.begin(.get, isDurable: true, choiceCount: 3, latency: .chart)
    _ = bench.apply(.reused)
    bench.move(to: 1)
    #expect(bench.machine.choice == 1 && bench.machine.tryClass == .chart)
    #expect(bench.apply(.lost) == .acquire(choice: 2, requiresFresh: false))
    _ = bench.apply(.fresh)
    #expect(bench.machine.tryClass == nil)
    #expect(bench.apply(.ok) == .awaitRecord)
    #expect(bench.apply(.durable) == .forwardHead)
  }
}

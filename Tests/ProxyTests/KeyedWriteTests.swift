import HTTP
import Origins
import Testing

@testable import Proxy

/// Row 6 of the fault matrix, in the machine: writes that their server carries out once.
@Suite struct KeyedWriteTests {
  private func begun(
    _ method: Method = .post, limits: OriginLimits = OriginLimits(), isReplayable: Bool = true,
    isKeyed: Bool = true
  ) -> MachineBench {
    let bench = MachineBench(isReplayable: isReplayable, limits: limits)
    _ = bench.begin(method, isDurable: false, isKeyed: isKeyed)
    _ = bench.apply(.fresh)
    return bench
  }

  @Test(arguments: [Method.post, .put, .patch, .delete], [Event.lost, .reset, .timeout])
  func itIsSentAgainToTheSameServer(_ method: Method, _ event: Event) {
    let bench = begun(method)
    #expect(bench.machine.doubt == nil)
    #expect(bench.apply(event).word == "get0!")
    #expect(bench.machine.doubt == (event == .timeout ? .originTimeout : .originReset))
    #expect(bench.apply(.fresh) == .sendRequest)
    // What the server says of the key is the answer, an error as well.
    #expect(bench.answered(event == .lost ? 200 : 503) == .forwardHead)
  }

  @Test func twiceAtMost() {
    let bench = begun()
    for _ in 0..<2 {
      #expect(bench.apply(.lost).word == "get0!")
      _ = bench.apply(.fresh)
    }
    #expect(bench.apply(.lost).word == "origin-reset")
  }

  /// Once it may have been carried out, no later failure says that it was not.
  @Test func whatFailsAfterwardsIsNoProofThatNothingHappened() {
    for (refusal, doubt) in [(Event.lost, "origin-reset"), (.timeout, "origin-timeout")] {
      let bench = begun()
      _ = bench.apply(refusal)
      var word = ""
      // The connection is refused until there are no attempts left.
      for _ in 0..<8 {
        word = bench.apply(.unreachable).word
        if word != "get0!" { break }
      }
      #expect(word == doubt)
    }
    let full = begun()
    _ = full.apply(.lost)
    #expect(full.unreachable(.classLimit).word == "origin-reset")
  }

  @Test func withoutAKeyABodyOrABudgetItIsTheAnswer() {
    var limits = OriginLimits()
    limits.retryFloorPerSecond = 0
    limits.retryPercentMax = 0
    for bench in [begun(isKeyed: false), begun(isReplayable: false), begun(limits: limits)] {
      #expect(bench.apply(.lost).word == "origin-reset")
    }
  }

  /// What comes before its time is over is not carried elsewhere: a write has one place.
  @Test func itIsNeverHedgedOrPassedBy() {
    let bench = MachineBench()
    _ = bench.begin(.post, isDurable: false, isKeyed: true)
    #expect(!bench.machine.mayPassBy)
    _ = bench.apply(.fresh)
    #expect(bench.machine.tryClass == nil && bench.slow() == nil)
  }

  @Test func aReadMayPassADeadServerByWhileAnotherIsLeft() {
    let bench = MachineBench()
    #expect(!bench.machine.mayPassBy)
    _ = bench.begin(.get, isDurable: false, choiceCount: 2)
    #expect(bench.machine.mayPassBy)
    #expect(bench.apply(.unreachable).word == "get1")
    #expect(!bench.machine.mayPassBy)
  }
}

import Base
import Testing

@testable import Control

@Suite struct EdgePresenceTests {
  private func at(_ milliseconds: UInt64) -> Instant {
    Instant(nanoseconds: 1_000_000_000).adding(milliseconds: milliseconds)
  }

  /// An edge's registration after `seen` acts, made at `time`.
  private func edge(_ name: String, seen: Int = 1, at time: UInt64) -> EdgeRegistration {
    EdgeRegistration(
      edge: name, seen: seen, writes: [:], time: Shift.at(0),
      bootMilliseconds: at(time).nanoseconds / 1_000_000)
  }

  /// What is written at `time`; nil when what is there does.
  private func register(
    _ presence: inout EdgePresence, seen: Int = 1, writes: Int = 0, moving: [String] = [],
    at time: UInt64
  ) -> EdgeRegistration? {
    presence.next(
      seen: seen, writes: ["west": writes], moving: moving, time: Shift.at(0), at: at(time))
  }

  @Test func itRegistersWhenSomethingIsNewOrTimeHasPassed() throws {
    var presence = EdgePresence("a.1")
    let first = try #require(register(&presence, writes: 2, at: 0))
    #expect(presence.wrote(first, at: at(0)) == nil)
    #expect(register(&presence, writes: 2, at: 1_499) == nil)
    // Writes that come and go are told while an authority moves.
    #expect(register(&presence, writes: 1, at: 10) == nil)
    #expect(register(&presence, writes: 1, moving: ["west"], at: 10)?.writes == ["west": 1])
    #expect(register(&presence, seen: 2, writes: 2, at: 10)?.seen == 2)
    #expect(register(&presence, writes: 2, at: 1_500)?.edge == "a.1")
  }

  /// Else the others could take away what it has just written.
  @Test func whoWasSilentComesBackUnderAnotherName() throws {
    var presence = EdgePresence("a.1")
    let first = try #require(register(&presence, at: 0))
    _ = presence.wrote(first, at: at(0))
    #expect(register(&presence, at: 6_399)?.edge == "a.1")
    // The store does not take it at first.
    for time: UInt64 in [6_400, 6_420, 9_000] {
      #expect(register(&presence, at: time)?.edge == "a.1.2")
    }
    let second = try #require(register(&presence, at: 9_020))
    #expect(presence.wrote(second, at: at(9_020)) == "a.1")
    #expect(presence.edge == "a.1.2")
    #expect(register(&presence, at: 16_000)?.edge == "a.1.3")
  }

  @Test func whoIsForgottenLeavesNothing() throws {
    let storage = MemoryStorage()
    for name in ["a.1", "a.1.new", "b.1", "b.1.new"] { storage.tamper("ops/edges/\(name)", []) }
    OperatorFolder("ops").forget(["a.1"], storage)
    #expect(storage.files.keys.sorted() == ["ops/edges/b.1", "ops/edges/b.1.new"])
  }

  @Test func aSilentEdgeIsGoneAfterTwiceALease() {
    var silent = SilentEdges()
    #expect(silent.look([edge("a", at: 0), edge("b", at: 0)], at: at(100)).isEmpty)
    #expect(silent.look([edge("a", at: 0), edge("b", at: 1_500)], at: at(1_600)).isEmpty)
    #expect(silent.look([edge("a", at: 0), edge("b", at: 9_000)], at: at(12_899)).isEmpty)
    #expect(silent.look([edge("a", at: 0), edge("b", at: 9_000)], at: at(12_900)) == ["a"])
    // One that comes anew is watched anew.
    #expect(silent.look([edge("b", at: 9_000)], at: at(12_910)).isEmpty)
    #expect(silent.look([edge("a", at: 0), edge("b", at: 9_000)], at: at(20_000)).isEmpty)
    #expect(silent.look([edge("a", at: 0), edge("b", at: 9_000)], at: at(32_800)) == ["a", "b"])
  }
}

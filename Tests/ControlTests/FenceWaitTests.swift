import Base
import Testing

@testable import Control

@Suite struct FenceWaitTests {
  /// A record that is FENCING since the act of number 2.
  private func fencing() throws -> AuthorityRecord {
    try #require(
      try Shift.changed([.claim(endpoint: "p", epoch: 1), .fence(plan: "")]).authority("west"))
  }

  private func edge(
    _ name: String, seen: Int?, writes: [String: Int] = [:], boot: UInt64 = 0
  ) -> EdgeRegistration {
    EdgeRegistration(
      edge: name, seen: seen, writes: writes, time: Shift.at(0), bootMilliseconds: boot)
  }

  private func at(_ milliseconds: UInt64) -> Instant {
    Instant(nanoseconds: 1_000_000_000).adding(milliseconds: milliseconds)
  }

  @Test(
    arguments: [
      ([], FenceWait.Verdict.acknowledged),
      ([("a", 2, 0), ("b", 7, 0)], .acknowledged),
      ([("a", 2, 0), ("b", 1, 0)], .waits(for: ["b"])),
      ([("a", 2, 1), ("b", 2, 0)], .waits(for: ["a"])),
      ([("a", nil, 0)], .waits(for: ["a"])),
    ] as [([(String, Int?, Int)], FenceWait.Verdict)])
  func everyEdgeMustHaveSeenItAndBeIdle(
    _ edges: [(String, Int?, Int)], _ verdict: FenceWait.Verdict
  ) throws {
    var wait = FenceWait(try fencing(), committedAt: at(0))
    let registrations = edges.map { edge($0.0, seen: $0.1, writes: ["west": $0.2, "east": 5]) }
    #expect(wait.look(registrations, at: at(6_399)) == verdict)
  }

  @Test func aSilentEdgeIsWaitedForAsLongAsALeaseLasts() throws {
    var wait = FenceWait(try fencing(), committedAt: at(0))
    let silent = edge("a", seen: 1)
    #expect(
      wait.look([silent, edge("b", seen: 1, boot: 1)], at: at(10)) == .waits(for: ["a", "b"]))
    #expect(
      wait.look([silent, edge("b", seen: 1, boot: 2)], at: at(6_399)) == .waits(for: ["a", "b"]))
    // Who speaks but does not acknowledge is no reason to wait longer, nor to be forgotten.
    #expect(
      wait.look([silent, edge("b", seen: 1, boot: 3)], at: at(6_400)) == .leaseOver(silent: ["a"]))
  }

  @Test func registrationsSurviveTheirFilesAndAreForgotten() throws {
    let storage = MemoryStorage()
    let folder = OperatorFolder("ops")
    #expect(try folder.registrations(storage).isEmpty)
    let known = [
      edge("a.1", seen: 0), edge("b.2", seen: 12, writes: ["us-west": 3, "us-east": 0], boot: 9),
    ]
    try storage.makeDirectory(folder.edgesPath)
    for registration in known {
      try storage.replace(folder.edgePath(registration.edge), registration.bytes)
    }
    #expect(try folder.registrations(storage) == known)
    folder.forget(["a.1"], storage)
    #expect(try folder.registrations(storage).map(\.edge) == ["b.2"])
  }

  /// What cannot be read whole has seen nothing: it holds a wait up, and never ends it early.
  @Test func aDamagedRegistrationHasSeenNothing() {
    let good = edge("b", seen: 12, writes: ["us-west": 3])
    for count in 0..<good.bytes.count {
      #expect(EdgeRegistration(edge: "b", Array(good.bytes.prefix(count))).seen == nil)
    }
    #expect(EdgeRegistration(edge: "c", good.bytes).seen == nil)
    #expect(EdgeRegistration(edge: "b", good.bytes) == good)
  }
}

import Base
import HTTP
import Testing

@testable import Cache

/// Requests that wait for one answer, and how each of them gets away.
@Suite struct CollapseTests {
  private func waiter(_ token: UInt64) -> Waiter { Waiter(loop: 1, token: token) }

  @Test func aHerdAsksOnce() throws {
    let bench = try StoreBench()
    try bench.fill(during: {
      for token in 0..<200 {
        #expect((try? bench.outcome(waiter: waiter(UInt64(token)))) == "wait")
      }
      #expect(bench.store.takeReleases().isEmpty)
    })
    let released = bench.store.takeReleases()
    #expect(released.count == 200)
    #expect(released.allSatisfy { $0.next == .lookUp })
    #expect(Set(released.map(\.waiter.token)).count == 200)
    #expect(try bench.outcome() == "hit body")
    #expect(bench.store.takeReleases().isEmpty)
    #expect(bench.store.statistics().classes[0].collapsedCount == 200)
  }

  /// As soon as the head says that nothing is stored, all ask; and then nobody waits any more.
  @Test func anUncacheableHerdIsReleasedByTheHead() throws {
    let bench = try StoreBench()
    let reason = try bench.fill(
      body: "body", ["Cache-Control: private, no-store"],
      during: { #expect((try? bench.outcome(waiter: waiter(1))) == "wait") })
    #expect(reason == .noStore)
    #expect(bench.store.takeReleases() == [Release(waiter: waiter(1), next: .fetch)])
    // Each gets a permit of its own: nobody waits, and the answer may be storable next time.
    #expect(try bench.outcome(waiter: waiter(2)) == "fill")
    let permit = try bench.permit()
    #expect(try bench.outcome(waiter: waiter(3)) == "fill")
    _ = consume permit
    #expect(bench.store.takeReleases().isEmpty)
    bench.now = second(121)
    let later = try bench.permit()
    #expect(try bench.outcome(waiter: waiter(4)) == "wait")
    _ = consume later
  }

  /// What did not exist for a moment, and does now, is fetched once for all again.
  @Test func whatIsStoredIsWaitedFor() throws {
    let bench = try StoreBench()
    #expect(try bench.fill(status: 404) == .status)
    #expect(try bench.fill(body: "made", ["Cache-Control: max-age=1"]) == nil)
    bench.now = second(100)
    let permit = try bench.permit()
    #expect(try bench.outcome(waiter: waiter(1)) == "wait")
    _ = consume permit
  }

  /// Attack: a request with another authorisation never waits for this one's answer.
  @Test func otherViewsDoNotWait() throws {
    let bench = try StoreBench()
    let permit = try bench.permit()
    #expect(
      try bench.outcome(request(), bench.ruling { $0.view = 2 }, waiter: waiter(1)) == "fetch")
    #expect(
      try bench.outcome(request(), bench.ruling { $0.view = nil }, waiter: waiter(2)) == "fetch")
    #expect(try bench.outcome(waiter: waiter(3)) == "wait")
    #expect(try bench.outcome() == "fetch")
    _ = consume permit
    #expect(bench.store.takeReleases().map(\.waiter.token) == [3])
  }

  @Test func whoGivesUpPassesThePermitOn() throws {
    let bench = try StoreBench()
    let permit = try bench.permit()
    #expect(try bench.outcome(waiter: waiter(1)) == "wait")
    #expect(try bench.outcome(waiter: waiter(2)) == "wait")
    bench.store.leave(try bench.key(request(), bench.ruling()), waiter(1))
    _ = consume permit
    #expect(bench.store.takeReleases() == [Release(waiter: waiter(2), next: .lookUp)])
    let next = try bench.permit()
    #expect(try bench.outcome(waiter: waiter(2)) == "wait")
    _ = consume next
  }

  @Test func patienceAndNumbersAreBounded() throws {
    var limits = StoreBench.smallLimits
    limits.waitersPerFillMax = 2
    limits.fillsPerShardMax = 1
    limits.shardCount = 1
    let bench = try StoreBench(limits: limits)
    let permit = try bench.permit()
    #expect(try bench.outcome(waiter: waiter(1)) == "wait")
    #expect(try bench.outcome(waiter: waiter(2)) == "wait")
    #expect(try bench.outcome(waiter: waiter(3)) == "fetch")
    #expect(try bench.outcome(request(.get, "/b")) == "fetch")
    bench.now = second(5)
    #expect(try bench.outcome(waiter: waiter(4)) == "fetch")
    _ = consume permit
  }

  @Test func rowsMaySayThatNobodyWaits() throws {
    let bench = try StoreBench(publicRules { $0.collapse = .never })
    let permit = try bench.permit()
    #expect(try bench.outcome(waiter: waiter(1)) == "fetch")
    _ = consume permit
  }

  @Test(arguments: ["no-cache", "max-age=0", "min-fresh=5"])
  func whoWantsSomethingNewerDoesNotWait(directive: String) throws {
    let bench = try StoreBench()
    let permit = try bench.permit()
    let head = request(.get, "/a", authority: "ehr.example", ["Cache-Control: \(directive)"])
    #expect(try bench.outcome(head, waiter: waiter(1)) == "fetch")
    _ = consume permit
  }

  /// One refresh at a time, and only when somebody asks.
  @Test func onlyOneRefreshes() throws {
    let bench = try StoreBench()
    try bench.fill(body: "body", ["Cache-Control: max-age=60"])
    bench.now = second(61)
    guard case .refresh(_, let permit) = try bench.lookUp() else {
      Issue.record("no refresh")
      return
    }
    #expect(try bench.outcome() == "hit body")
    _ = consume permit
    #expect(try bench.outcome() == "refresh body")
  }

  /// What could not be had behind a client's back is not asked for by the next one at once.
  @Test func aRefreshThatFailedRests() throws {
    let bench = try StoreBench()
    try bench.fill(body: "body", ["Cache-Control: max-age=60"])
    bench.now = second(61)
    guard case .refresh(_, let permit) = try bench.lookUp() else {
      Issue.record("no refresh")
      return
    }
    let reason = permit.forwardReason
    #expect(reason == .stale)
    _ = consume permit
    bench.store.refreshFailed(try bench.key(request(), bench.ruling()), at: bench.now)
    #expect(try bench.outcome() == "hit body")
    bench.now = second(62.5)
    #expect(try bench.outcome() == "refresh body")
  }

  @Test func whyAnOriginIsAsked() throws {
    let bench = try StoreBench()
    let first = try bench.permit().forwardReason
    #expect(first == .uriMiss)
    try bench.fill(body: "body", ["Cache-Control: max-age=60"])
    let head = request(.get, "/a", authority: "ehr.example", ["Cache-Control: no-cache"])
    let asked = try bench.permit(head).forwardReason
    #expect(asked == .request)
    bench.now = second(200)
    let late = try bench.permit().forwardReason
    #expect(late == .stale)
  }

  /// Who knows before he asks that his answer is for nobody else sends all on, not one by one.
  @Test func whoDeclinesSendsAllOn() throws {
    let bench = try StoreBench()
    let permit = try bench.permit()
    for token in 1...3 { #expect(try bench.outcome(waiter: waiter(UInt64(token))) == "wait") }
    permit.decline()
    #expect(bench.store.takeReleases().map(\.next) == [.fetch, .fetch, .fetch])
    // That says nothing of those who come later.
    let later = try bench.permit()
    #expect(try bench.outcome(waiter: waiter(4)) == "wait")
    _ = consume later
  }

  /// A fill that failed because its origin did makes the others try again, not all at once.
  @Test func errorsAreNotRemembered() throws {
    let bench = try StoreBench()
    #expect(try bench.fill(status: 503) == .status)
    let permit = try bench.permit()
    #expect(try bench.outcome(waiter: waiter(1)) == "wait")
    _ = consume permit
  }
}

import Base
import Synchronization
import Testing

@testable import Admin
@testable import Control

/// Does what it is asked for in the store, and carries nothing.
private final class StubDriver: PlanDriver {
  private let run: PlanRun
  /// What it was asked for, as it was understood.
  let asked = Mutex<[String]>([])

  init(_ run: PlanRun) { self.run = run }

  private func note(_ text: String) { asked.withLock { $0.append(text) } }

  func preview(_ request: PlanRequest) throws(Problem) -> JSONValue {
    note("preview \(request.text.count) \(request.isBack) \(request.accepts)")
    throw Problem(422, "malformed-plan", "no plan")
  }

  func begin(_ request: PlanRequest) throws(Problem) -> PlanRun {
    note("begin by \(request.warrant.author)")
    return run
  }

  func resume(
    _ number: Int, _ outline: RegionOutline, _ warrant: Warrant, isConfirmed: Bool
  ) throws(Problem) -> PlanRun {
    note("resume \(number) \(isConfirmed)")
    return run
  }

  func abort(
    _ number: Int, _ outline: RegionOutline, _ warrant: Warrant
  ) throws(Problem) -> (run: PlanRun, isCarried: Bool) {
    note("abort \(number)")
    return (run, false)
  }

  func abandon(_ number: Int, _ warrant: Warrant) throws(Problem) -> PlanRun {
    note("abandon \(number) by \(warrant.author)")
    return run
  }

  func carries(_ number: Int) -> Bool { number == 1 }
  func works(of plan: PlanName) -> [String]? { ["check", "fence west", "wait 1 ms"] }
}

@Suite struct PlanRoutesTests {
  private static let plan = PlanName(
    id: "move", version: 2, hash: String(repeating: "a", count: 64))

  /// A store in which somebody began a run.
  private func store(approvals: Int = 0) throws -> MemoryStore {
    let store = MemoryStore()
    let terms = PlanTerms(stepCount: 3, approvalCount: approvals, roles: ["sre"], claims: ["west"])
    let act = OperatorAct(
      .plan(.begin(Self.plan, terms)), Warrant(author: "zoe", reason: "a test"))
    let line = try store.append(act, at: Fixture.start, to: store.read())
    #expect(line != nil)
    return store
  }

  private static let reason = #"{"reason": "look first"}"#

  @Test func aRunIsSeenAndPaused() throws {
    let desk = try Fixture.desk(store())
    let runs = try desk.call("GET", "/v1/plans", "otto-token").json["runs"]?.items
    #expect(runs?.first?["id"] == .text("R-1"))
    #expect(runs?.first?["status"] == .text("in-progress"))
    #expect(runs?.first?["carried"] == .boolean(false))
    let paused = try desk.call("POST", "/v1/plans/R-1/pause", body: Self.reason)
    #expect(paused.status == 200)
    #expect(paused.json["run"]?["status"] == .text("paused-by-operator"))
    let again = try desk.call("POST", "/v1/plans/R-1/pause", body: Self.reason)
    #expect(again.status == 409 && again.json["title"] == .text("run-state"))
    #expect(try desk.call("POST", "/v1/plans/R-9/pause", body: Self.reason).status == 404)
    #expect(try desk.call("POST", "/v1/plans/nine/abort", body: Self.reason).status == 404)
    // Who only looks changes nothing, and where nobody drives nothing is driven.
    #expect(
      try desk.call("POST", "/v1/plans/R-1/pause", "otto-token", body: Self.reason).status == 403)
    let alone = try desk.call("POST", "/v1/plans/R-1/abort", body: Self.reason)
    #expect(alone.status == 409 && alone.json["title"] == .text("no-operators"))
  }

  @Test func aDriverIsAskedByWhoMay() throws {
    let store = try store()
    let driver = StubDriver(try #require(try store.read().books.state.plans.run(1)))
    let desk = try Fixture.desk(store, driver: driver)
    desk.note(.part, .object([]))
    let body = #"{"text": "plan", "back": true, "accepts": ["S3"], "reason": "x"}"#
    let begun = try desk.call("POST", "/v1/plans", body: body)
    #expect(begun.status == 201 && begun.json["run"]?["carried"] == .boolean(true))
    // Who follows from here misses nothing.
    let after = try #require(begun.json["after"]?.text)
    let answer = try desk.call("GET", "/v1/events", fields: ["last-event-id": after]).answer
    guard case .events(2, isComplete: true) = answer.body else {
      Issue.record("\(answer.body)")
      return
    }
    let tried = try desk.call("POST", "/v1/plans?dry-run=true", body: body)
    #expect(tried.status == 422 && tried.json["title"] == .text("malformed-plan"))
    #expect(try desk.call("POST", "/v1/plans", "otto-token", body: body).status == 403)
    let confirm = #"{"confirm": true, "reason": "x"}"#
    #expect(try desk.call("POST", "/v1/plans/R-1/resume", body: confirm).status == 200)
    let aborted = try desk.call("POST", "/v1/plans/R-1/abort", body: Self.reason)
    #expect(aborted.status == 200 && aborted.json["run"]?["carried"] == .boolean(false))
    let closed = try desk.call("POST", "/v1/plans/R-1/abandon", body: Self.reason)
    #expect(closed.status == 200 && closed.json["run"]?["carried"] == .boolean(false))
    #expect(
      try desk.call("POST", "/v1/plans/R-1/abandon", "otto-token", body: Self.reason).status == 403)
    let shown = try desk.call("GET", "/v1/plans/R-1", "otto-token").json
    #expect(shown["works"]?.items.count == 3 && shown["carried"] == .boolean(true))
    #expect(try desk.call("GET", "/v1/plans/R-2").status == 404)
    #expect(
      driver.asked.withLock { $0 } == [
        "begin by ana", "preview 4 true [\"S3\"]", "resume 1 true", "abort 1",
        "abandon 1 by ana",
      ])
  }

  /// A body, the status, and the code of the refusal.
  @Test(
    arguments: [
      (#""role": "sre", "sha256": "HASH""#, 200, ""),
      (#""role": "officer", "sha256": "HASH""#, 409, "approver-role"),
      (#""role": "sre", "sha256": "HASHx""#, 422, "malformed-hash"),
      (#""role": "sre", "sha256": "A""#, 422, "malformed-hash"),
    ] as [(String, UInt16, String)])
  func whoAgreesDoesSoAsWhatTheyAre(_ members: String, _ status: UInt16, _ code: String) throws {
    let desk = try Fixture.desk(store(approvals: 1))
    let body =
      #"{"plan": "move", "version": 2, "reason": "read it", MEMBERS}"#
      .replacing("MEMBERS", with: members).replacing("HASH", with: Self.plan.hash)
    let reply = try desk.call("POST", "/v1/plans/approvals", body: body)
    #expect(reply.status == status, "\(reply.json)")
    if status == 200 {
      #expect(reply.json["approvals"]?.items.first?["author"] == .text("ana"))
      let shown = try desk.call("GET", "/v1/plans").json
      #expect(shown["approvals"]?.items.first?["author"] == .text("ana"))
      #expect(shown["runs"]?.items.first?["status"] == .text("in-progress"))
    } else {
      #expect(reply.json["title"] == .text(code))
    }
  }
}

import Base
import Testing

@testable import Admin
@testable import Control

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

  @Test func aRunIsPausedResumedAndTurnedBack() throws {
    let desk = try Fixture.desk(store())
    let runs = try desk.call("GET", "/v1/plans", "otto-token").json["runs"]?.items
    #expect(runs?.first?["id"] == .text("R-1"))
    #expect(runs?.first?["status"] == .text("in-progress"))
    let paused = try desk.call("POST", "/v1/plans/R-1/pause", body: Self.reason)
    #expect(paused.status == 200)
    #expect(paused.json["runs"]?.items.first?["status"] == .text("paused-by-operator"))
    let again = try desk.call("POST", "/v1/plans/R-1/pause", body: Self.reason)
    #expect(again.status == 409 && again.json["title"] == .text("run-state"))
    #expect(try desk.call("POST", "/v1/plans/R-1/resume", body: Self.reason).status == 200)
    let over = try desk.call("POST", "/v1/plans/R-1/abort", body: Self.reason)
    #expect(over.status == 200 && over.json["runs"] == .list([]))
    #expect(try desk.call("POST", "/v1/plans/R-9/abort", body: Self.reason).status == 404)
    #expect(try desk.call("POST", "/v1/plans/nine/abort", body: Self.reason).status == 404)
    // Who only looks changes nothing.
    #expect(
      try desk.call("POST", "/v1/plans/R-1/pause", "otto-token", body: Self.reason).status == 403)
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
      #expect(reply.json["runs"]?.items.first?["status"] == .text("in-progress"))
      let shown = try desk.call("GET", "/v1/plans").json["approvals"]?.items
      #expect(shown?.first?["author"] == .text("ana"))
    } else {
      #expect(reply.json["title"] == .text(code))
    }
  }
}

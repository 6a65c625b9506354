import Base
import StrictYAML
import Testing

@testable import Control

/// Plans for tests.
enum Drawer {
  static let move = """
    plan: west-move
    version: 3
    say: The writes of west move to west-2
    domains: [west]
    from: west-1
    to: west-2
    rto_target: 2s
    hooks:
      west-1:
        fence: { http: "http://127.0.0.1:9101/role", body: '{"read_only":true}' }
        unfence: { http: "http://127.0.0.1:9101/role", body: '{"read_only":false}' }
        retire: { http: "http://127.0.0.1:9101/role", body: '{"role":"replica"}' }
      west-2:
        fence: { http: "http://127.0.0.1:9102/role", body: '{"read_only":true}' }
        promote: { http: "http://127.0.0.1:9102/role", body: '{"role":"primary","epoch":{epoch}}' }
    """

  static let evacuation = """
    plan: west-away
    say: Reads leave west
    ramp: { percents: [1, 50, 100], every: 10s }
    steps:
      - { do: drain, region: west, tier: replica, for: 2h }
      - { do: wait, for: 5s }
    """

  static func load(_ text: String) -> (FailoverPlan?, [Diagnostic]) {
    FailoverPlan.load(Array(text.utf8), file: "p.yaml")
  }

  static func plan(_ text: String) throws -> FailoverPlan {
    let (plan, diagnostics) = load(text)
    return try #require(plan, "\(diagnostics)")
  }
}

@Suite struct PlanFileTests {
  @Test func aMoveIsReadWithItsDefaults() throws {
    let plan = try Drawer.plan(Drawer.move)
    #expect(plan.name.id == "west-move" && plan.name.version == 3)
    #expect(plan.name.hash.count == 64)
    #expect(
      plan.steps.map(\.work.description) == [
        "check", "fence west", "close west", "catch-up west", "promote west", "activate west",
        "retire west", "verify west",
      ])
    #expect(plan.claims == ["west"])
    #expect(plan.mode == .graceful && plan.approvalCount == 0 && plan.rpoMilliseconds == 0)
    #expect(plan.ramp == Ramp())
  }

  @Test func theWayBackHasAnIdentityOfItsOwn() throws {
    let plan = try Drawer.plan(Drawer.evacuation)
    let back = try #require(
      FailoverPlan.load(FailoverPlan.back(Array(Drawer.evacuation.utf8)), file: "p.yaml").0)
    #expect(back.isBack && back.name.hash != plan.name.hash)
    #expect(
      back.steps.map(\.work.description) == [
        "check", "share west/replica 1 %", "release west/replica", "wait 10000 ms",
        "share west/replica 50 %", "wait 10000 ms", "share west/replica 100 %",
      ])
    // West-1 needs a promote hook for the way back.
    let moveBack = try #require(
      FailoverPlan.load(FailoverPlan.back(Array(Drawer.move.utf8)), file: "p").0)
    #expect(moveBack.move == PlanMove(domains: ["west"], from: "west-2", to: "west-1"))
    #expect(moveBack.steps.count == 7)
  }

  /// A change of the plan above, and the place and code of the complaint.
  @Test(
    arguments: [
      ("plan: west-move", "plan: west move", "1:7 E601"),
      ("version: 3", "version: 0", "2:10 E206"),
      ("say: The writes of west move to west-2", "", "1:1 E"),
      ("to: west-2", "to: west-1", "6:5 E605"),
      ("from: west-1", "", "1:1 E"),
      ("domains: [west]", "domains: []", "4:10 E607"),
      ("rto_target: 2s", "rto_target: 2", "7:13 E"),
      ("rto_target: 2s", "expires: tomorrow", "7:10 E602"),
      ("rto_target: 2s", "approvals: { roles: [sre, \"sre;lead\"] }", "7:27 E601"),
      ("rto_target: 2s", "approvals: { required: 12 }", "7:24 E"),
      ("rto_target: 2s", "ramp: { percents: [50, 5, 100] }", "7:19 E609"),
      ("rto_target: 2s", "ramp: { percents: [1, 5] }", "7:19 E609"),
      ("rto_target: 2s", "mode: gentle", "7:7 E"),
      ("rto_target: 2s", "moed: graceful", "7:1 E"),
      ("rto_target: 2s", "abort_conditions: [{ down: west-2, file: /x }]", "7:20 E605"),
      ("rto_target: 2s", "prechecks: [{ command: [true] }]", "7:24 E603"),
      ("rto_target: 2s", "prechecks: [{ manual: look, http: x }]", "7:13 E603"),
      ("rto_target: 2s", "steps: [{ do: wait, for: 5s }]", "7:8 E605"),
      ("rto_target: 2s", "steps: [{ do: move }, { do: drain, region: a b }]", "7:44 E601"),
      ("rto_target: 2s", "steps: [{ do: move }, { do: fly }]", "7:29 E208"),
      (
        "rto_target: 2s", "blocked: [{ from: 2026-11-22T00:00:00Z, until: 2026-11-21T00:00:00Z }]",
        "7:48 E602"
      ),
      ("{epoch}", "{epoche}", "15:58 E610"),
      (
        "127.0.0.1:9102/role\", body: '{\"role", "192.0.2.1:9102/role\", body: '{\"role",
        "15:22 E604"
      ),
      ("    promote:", "    promoted:", "15:5 E"),
    ] as [(String, String, String)])
  func aMistakeIsShownWhereItStands(_ old: String, _ new: String, _ place: String) {
    let text = Drawer.move.replacing(old, with: new)
    #expect(text != Drawer.move)
    let (plan, diagnostics) = Drawer.load(text)
    #expect(plan == nil)
    #expect(
      diagnostics.contains { "\($0.line):\($0.column) \($0.code)".hasPrefix(place) },
      "\(diagnostics.map { "\($0.line):\($0.column) \($0.code) \($0.message)" })")
  }

  @Test func aPlanThatDoesNothingIsNone() {
    let (plan, diagnostics) = Drawer.load("plan: nothing\nsay: nothing\n")
    #expect(plan == nil)
    #expect(diagnostics.map(\.code) == ["E605"])
  }

  @Test func hooksAreToldWordsAndNothingElse() {
    let hook = Hook(
      .http(
        address: "127.0.0.1:1", target: "/", method: "POST",
        body: #"{"a":{epoch},"b":"{position}{other}","c":{"#))
    let filled = hook.filled(["epoch": "8", "position": "{epoch}"])
    #expect(
      filled.call
        == .http(
          address: "127.0.0.1:1", target: "/", method: "POST",
          body: #"{"a":8,"b":"{epoch}{other}","c":{"#))
  }
}

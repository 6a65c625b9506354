import Base
import Testing

@testable import Admin
@testable import Control

/// Calls find their route, if they may.
@Suite struct DeskTests {
  @Test(
    arguments: [
      ("GET", "/v1/regions", nil, 401, "no-credentials"),
      ("GET", "/v1/regions", "wrong", 401, "unknown-token"),
      ("GET", "/v1/nothing", "ana-token", 404, "no-such-route"),
      ("PUT", "/v1/regions", "ana-token", 405, "wrong-method"),
      ("POST", "/v1/orders", "otto-token", 403, "wrong-role"),
      ("DELETE", "/v1/orders/O-1?reason=x", "otto-token", 403, "wrong-role"),
      ("GET", "/v1/regions?x=1", "ana-token", 400, "unknown-parameter"),
      ("GET", "/v1/endpoints?region=a&region=b", "ana-token", 400, "malformed-target"),
      ("GET", "/v1/endpoints?region=%zz", "ana-token", 400, "malformed-target"),
      ("GET", "/v1/endpoints?region=%00", "ana-token", 400, "malformed-target"),
      ("DELETE", "/v1/orders/O-1", "ana-token", 400, "missing-parameter"),
      ("DELETE", "/v1/orders/O-1?reason=x&dry-run=yes", "ana-token", 400, "malformed-parameter"),
      ("DELETE", "/v1/orders/O-1?reason=x", "ana-token", 404, "no-such-order"),
      ("DELETE", "/v1/orders/seven?reason=x", "ana-token", 404, "no-such-order"),
      ("POST", "/v1/orders", "ana-token", 415, "media-type"),
    ] as [(String, String, String?, UInt16, String)])
  func problemsAreNamed(
    method: String, target: String, token: String?, status: UInt16, code: String
  ) throws {
    let reply = try Fixture.desk().call(method, target, token)
    #expect(reply.status == status)
    #expect(reply.json["title"] == .text(code))
    #expect(reply.json["status"] == .number(Int(status)))
    guard case .document(let type, _) = reply.answer.body else {
      Issue.record("no document")
      return
    }
    #expect(type == "application/problem+json")
  }

  @Test(
    arguments: [
      ("{", 400, "malformed-json", "byte 1"),
      (#"{"kind": "drain", "kind": "drain"}"#, 400, "malformed-json", "twice"),
      ("[]", 422, "malformed-body", "must be an object"),
      (#"{"kind": "drain"}"#, 422, "malformed-body", "needs `region`"),
      (
        #"{"kind": "stop", "region": "west", "seconds": 9, "reason": "x"}"#, 422, "malformed-body",
        "`kind` must be one of"
      ),
      (
        #"{"kind": "drain", "region": "west", "seconds": 0, "reason": "x"}"#, 422, "malformed-body",
        "`seconds` must be a whole number from 1 to 604800"
      ),
      (
        #"{"kind": "drain", "region": "west", "seconds": 9, "reason": "x", "author": "me"}"#, 422,
        "malformed-body", "must not have `author`"
      ),
      (
        #"{"kind": "drain", "region": "north", "seconds": 9, "reason": "x"}"#, 422,
        "unknown-region",
        "there are west, east"
      ),
      (
        #"{"kind": "drain", "region": "west", "seconds": 9, "reason": " "}"#, 422, "warrant",
        "must say something"
      ),
      (
        #"{"kind": "drain", "region": "west", "seconds": 9, "reason": "x"}"#, 409, "rule-s1",
        "home `west`"
      ),
    ] as [(String, UInt16, String, String)])
  func wrongOrdersAreRefused(body: String, status: UInt16, code: String, words: String) throws {
    let reply = try Fixture.desk().call("POST", "/v1/orders", body: body)
    #expect(reply.status == status)
    #expect(reply.json["title"] == .text(code))
    #expect(reply.json["detail"]?.text?.contains(words) == true, "\(reply.json)")
  }

  static let drain = """
    {"kind": "drain", "region": "west", "tier": "replica", "seconds": 60, "reason": "work",
     "ticket": "T-1"}
    """

  @Test func anOrderIsGivenByWhoProvedIt() throws {
    let desk = try Fixture.desk()
    let preview = try desk.call("POST", "/v1/orders?dry-run=true", body: Self.drain)
    #expect(preview.status == 200)
    #expect(preview.json["changes"] == .list([.text("west replica: auto -> drain")]))
    #expect(preview.json["ok"] == .boolean(true))
    #expect(try desk.call("GET", "/v1/orders").json["orders"] == .list([]))

    let given = try desk.call("POST", "/v1/orders", body: Self.drain)
    #expect(given.status == 201)
    let order = try #require(given.json["begun"]?.items.first)
    #expect(order["id"] == .text("O-1"))
    #expect(order["author"] == .text("ana"))
    #expect(order["ticket"] == .text("T-1"))
    #expect(given.answer.fields.first?.value == "\"1\"")

    let listed = try desk.call("GET", "/v1/orders", "otto-token")
    #expect(listed.json["orders"] == .list([order]))
    let regions = try desk.call("GET", "/v1/regions").json["regions"]?.items ?? []
    #expect(regions.map { $0["name"] } == [.text("west"), .text("east")])
    let states = regions.flatMap { $0["servers"]?.items ?? [] }.map { $0["state"]?.text }
    #expect(states == ["auto", "drain", "auto", "auto"])

    // Another act wants another revision, and some seconds between.
    let old = ["if-match": "\"0\""]
    let release = "/v1/orders/O-1?reason=done%20now"
    #expect(try desk.call("DELETE", release, fields: old, seconds: 9).status == 412)
    #expect(try desk.call("DELETE", release, fields: ["if-match": "7"]).status == 400)
    #expect(try desk.call("DELETE", release).json["title"] == .text("rule-s6"))
    let new = ["if-match": "\"1\""]
    let ended = try desk.call("DELETE", release, fields: new, seconds: 9)
    #expect(ended.status == 200)
    #expect(ended.json["ended"] == .list([order]))
    #expect(try desk.call("GET", "/v1/orders", seconds: 10).json["orders"] == .list([]))
  }

  @Test func aStoreThatFailsIsNoState() throws {
    let store = MemoryStore()
    let desk = try Fixture.desk(store)
    store.fault = .busy(path: "lock")
    let busy = try desk.call("GET", "/v1/regions")
    #expect(busy.status == 503)
    #expect(busy.answer.fields.contains { $0.value == "1" })
    store.fault = .archiveMissing(path: "x")
    #expect(try desk.call("POST", "/v1/orders", body: Self.drain).status == 500)
  }

  @Test func failuresAreRecordedAndLimited() throws {
    let desk = try Fixture.desk()
    let first = try desk.call("GET", "/v1/regions", "wrong")
    let record = try #require(first.answer.records.first)
    #expect(record.subject == "admin call refused")
    #expect(record.scope == "192.0.2.1")
    #expect(!record.detail.contains("wrong"))
    for _ in 1..<10 { #expect(try desk.call("GET", "/v1/regions", "wrong").status == 401) }
    let last = try desk.call("GET", "/v1/regions", "wrong")
    #expect(last.status == 429)
    #expect(last.answer.records.isEmpty)
    #expect(try desk.call("GET", "/v1/regions").status == 200)
  }

  @Test func everyRouteIsDescribed() throws {
    let description = try Fixture.desk().call("GET", "/openapi.json", "otto-token")
    #expect(description.status == 200)
    let paths = try #require(description.json["paths"])
    let outline = try Fixture.outline()
    let routes = RegionRoutes(
      OperatorActs(store: nil, outline: { outline }, report: { _ in nil })
    ).all
    for route in routes + AdminDesk.ownRoutes {
      let operation = paths[route.path]?[route.method.rawValue.lowercased()]
      #expect(operation?["operationId"] == .text(route.name), "\(route.path)")
      for outcome in route.outcomes {
        #expect(operation?["responses"]?["\(outcome.status)"] != nil)
      }
    }
    #expect(Set((routes + AdminDesk.ownRoutes).map(\.name)).count == routes.count + 2)
  }

  @Test func withoutAStoreNobodyGivesOrders() throws {
    let outline = try Fixture.outline()
    let routes = RegionRoutes(
      OperatorActs(store: nil, outline: { outline }, report: { _ in nil })
    ).all
    let desk = AdminDesk(rules: try Fixture.rules(), routes: routes, since: Fixture.start)
    #expect(try desk.call("GET", "/v1/regions").status == 200)
    let reply = try desk.call("POST", "/v1/orders", body: Self.drain)
    #expect(reply.status == 409)
    #expect(reply.json["title"] == .text("no-operators"))
  }
}

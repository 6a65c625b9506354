internal import Base
public import Control

/// The routes about regions, their servers and operators' orders about them.
///
/// The same for a running edge and for a command that works on its folder: both say where orders
/// are kept, what is configured, and what was last seen.
public struct RegionRoutes {
  private let store: (any ControlStore)?
  private let outline: () -> RegionOutline
  private let report: (AdminCall) -> RegionReport?

  /// How often an act is judged again because another one came first.
  private static let attemptCountMax = 5

  /// For orders kept in `store`; nil: nobody can give any.
  public init(
    store: (any ControlStore)?, outline: @escaping () -> RegionOutline,
    report: @escaping (AdminCall) -> RegionReport?
  ) {
    self.store = store
    self.outline = outline
    self.report = report
  }

  /// All of them.
  public var all: [AdminRoute] { [regions, endpoints, orders, giveOrder, releaseOrder] }

  private static let revision = Schema.Field(
    "revision", .integer, "counts changes of orders; the ETag is the same number")
  private static let warning = Schema.Field(
    "warning", .optional(.text), "what is wrong with the store of orders")
  private static let orderList = Schema.Field("orders", .list(.named("Order")), "those in force")
  private static let edge = Schema.Field(
    "edge", .optional(.time), "when the edge saw this; null: it has not been heard of lately")

  // MARK: Looking

  private var regions: AdminRoute {
    AdminRoute(
      .get, "/v1/regions", name: "getRegions", roles: .anybody,
      "Regions with their servers, and the orders in force",
      outcomes: [
        .init(
          200, "regions, those of the policy first",
          .object([
            Self.revision, Self.edge,
            .init("process", .optional(.integer), "the edge's process"), Self.warning,
            .init(
              "regions",
              .list(
                .object([.init("name", .text), .init("servers", .list(.named("Server")))]))),
            Self.orderList,
            .init("waivers", .list(Waiver.schema), "safety rules that are set aside"),
            .init("plans", .list(PlanRun.summarySchema), "runs of plans that are not over"),
          ]))
      ]
    ) { call throws(Problem) in
      let (state, warning) = try self.state(at: call.time)
      let report = self.report(call)
      let regions = self.outline().regions.map { region in
        JSONValue.object([
          ("name", .text(region.name)),
          ("servers", .list(self.servers(region, state, report).map(\.json))),
        ])
      }
      return .json(
        .object([
          ("revision", .number(state.revision)), ("edge", .optional(report?.time.text)),
          ("process", .optional(report?.process)), ("warning", .optional(warning)),
          ("regions", .list(regions)), ("orders", .list(state.overrides.map(\.json))),
          ("waivers", .list(state.waivers.map(\.json))),
          ("plans", .list(state.plans.active.map(\.summary))),
        ]), revision: state.revision)
    }
  }

  private var endpoints: AdminRoute {
    AdminRoute(
      .get, "/v1/endpoints", name: "getEndpoints", roles: .anybody,
      "Every server with health, lag, traffic and why",
      parameters: [.init("region", "only this region's")],
      outcomes: [
        .init(
          200, "the servers", .object([Self.edge, .init("endpoints", .list(.named("Server")))]))
      ]
    ) { call throws(Problem) in
      let (state, _) = try self.state(at: call.time)
      let report = self.report(call)
      let wanted = call.parameter("region")
      let servers = self.outline().regions.filter { wanted == nil || $0.name == wanted }
        .flatMap { self.servers($0, state, report) }
      return .json(
        .object([
          ("edge", .optional(report?.time.text)), ("endpoints", .list(servers.map(\.json))),
        ]))
    }
  }

  private var orders: AdminRoute {
    AdminRoute(
      .get, "/v1/orders", name: "getOrders", roles: .anybody, "The orders in force",
      outcomes: [
        .init(200, "the orders", .object([Self.revision, Self.warning, Self.orderList]))
      ]
    ) { call throws(Problem) in
      let (state, warning) = try self.state(at: call.time)
      return .json(
        .object([
          ("revision", .number(state.revision)), ("warning", .optional(warning)),
          ("orders", .list(state.overrides.map(\.json))),
        ]), revision: state.revision)
    }
  }

  private func servers(
    _ region: RegionOutline.Region, _ state: OperatorState, _ report: RegionReport?
  ) -> [ServerDocument] {
    region.servers.map { server in
      ServerDocument(
        region: region.name, server: server,
        seen: report?.servers.first { $0.name == server.name },
        effect: state.effect(region.name, server.tier, server.name),
        percent: state.percent(region.name, server.tier, server.name))
    }
  }

  // MARK: Acting

  private static let done = Schema.object([
    .init("ok", .boolean), revision, .init("begun", .list(.named("Order")), "orders that begin"),
    .init("ended", .list(.named("Order")), "orders that end"),
  ])

  private static let refusals: [UInt16: String] = [
    409: "refused by a safety rule, by another order, or because nobody can give orders here",
    412: "the revision has changed since the caller looked",
    422: "the order contradicts itself or names what is not there",
  ]

  private var giveOrder: AdminRoute {
    AdminRoute(
      .post, "/v1/orders", name: "giveOrder", roles: [.sre],
      "Give an order about a region: in force on every loop within 50 ms",
      parameters: [.dryRun, .ifMatch],
      body: .object([
        .init("kind", .word(OverrideKind.allCases.map(\.rawValue))), .init("region", .text),
        .init("tier", Override.tierSchema, "without it, all", isRequired: false),
        .init("endpoint", .text, "one of its servers only", isRequired: false),
        .init("seconds", .count(1...604_800), "how long; seven days at most"),
        .init("reason", .text, "stands in the record; no patient's data"),
        .init("ticket", .text, "of the change", isRequired: false),
      ]),
      outcomes: [
        .init(201, "it holds", Self.done), .init(200, "what it would do", .named("Preview")),
      ], problems: Self.refusals
    ) { call throws(Problem) in
      let kind = OverrideKind(rawValue: call.text("kind")) ?? .freeze
      let tiers = OverrideTiers(rawValue: call.text("tier")) ?? .all
      let region = call.text("region")
      let endpoint = call.text("endpoint")
      let scope =
        endpoint.isEmpty
        ? OverrideScope(region, tiers) : OverrideScope(region, endpoint: endpoint)
      let duration = UInt64(call.number("seconds")) * 1_000_000
      return try self.act(call, ticket: call.text("ticket"), reason: call.text("reason")) { state in
        let until = max(call.time, state.time).microseconds + duration
        return .order(kind, scope, until: WallTime(microseconds: until))
      }
    }
  }

  private var releaseOrder: AdminRoute {
    AdminRoute(
      .delete, "/v1/orders/{id}", name: "releaseOrder", roles: [.sre],
      "End an order before its time",
      parameters: [
        .init("id", in: .path, "the order, such as O-7", isRequired: true),
        .init("reason", "stands in the record; no patient's data", isRequired: true), .dryRun,
        .ifMatch,
      ],
      outcomes: [
        .init(200, "it has ended, or what ending it would do", .named("Released"))
      ],
      problems: Self.refusals.merging([404: "no such order is in force"]) { $1 }
    ) { call throws(Problem) in
      let id = call.place("id")
      guard id.hasPrefix("O-"), let number = Int(id.dropFirst(2)), number > 0 else {
        throw Problem(404, "no-such-order", "an order's name is such as O-7")
      }
      return try self.act(call, ticket: "", reason: call.parameter("reason") ?? "") { _ in
        .release(number)
      }
    }
  }

  /// Judges what `deed` wants and does it, or says what it would do, or why it is not done.
  private func act(
    _ call: AdminCall, ticket: String, reason: String, _ deed: (OperatorState) -> OperatorDeed
  ) throws(Problem) -> AdminAnswer {
    guard let store else { throw Self.noStore }
    let expected = try call.expectedRevision()
    let outline = self.outline()
    for _ in 0..<Self.attemptCountMax {
      let stored: StoredBooks
      do throws(StateFault) { stored = try store.read() } catch { throw Problem(error) }
      let before = stored.books.state.settled(at: call.time)
      let safety = Safety(outline.world(report(call), before, outline.rows))
      let act = OperatorAct(
        deed(before), Warrant(author: call.caller.name, reason: reason, ticket: ticket),
        expected: expected)
      if call.isDryRun {
        return .json(
          RegionPreview(act, before, safety, outline, at: call.time).json,
          revision: before.revision)
      }
      let after: OperatorState
      do throws(OperatorRefusal) {
        after = try safety.judge(act, on: before, at: call.time)
      } catch {
        throw Problem(error)
      }
      do throws(StateFault) {
        guard try store.append(act, at: call.time, to: stored) != nil else { continue }
      } catch {
        throw Problem(error)
      }
      return done(after, before)
    }
    throw Problem(
      503, "busy", "others act at the same time; look what they did, and try again",
      retryAfterSeconds: 1)
  }

  private func done(_ after: OperatorState, _ before: OperatorState) -> AdminAnswer {
    let begun = after.overrides.filter { !before.overrides.contains($0) }
    let ended = before.overrides.filter { !after.overrides.contains($0) }
    return .json(
      .object([
        ("ok", .boolean(true)), ("revision", .number(after.revision)),
        ("begun", .list(begun.map(\.json))), ("ended", .list(ended.map(\.json))),
      ]), status: begun.isEmpty ? 200 : 201, revision: after.revision)
  }

  private static let noStore = Problem(
    409, "no-operators",
    "this edge has no folder for operators' orders; give its configuration"
      + " `operators: { directory: ... }` and restart it")

  /// What is ordered, and what is wrong with the store.
  private func state(at time: WallTime) throws(Problem) -> (OperatorState, String?) {
    guard let store else { return (OperatorState(), nil) }
    do throws(StateFault) {
      let stored = try store.read()
      return (stored.books.state.settled(at: time), stored.warning.map { "\($0)" })
    } catch {
      throw Problem(error)
    }
  }

  /// The documents that these routes refer to by name.
  static let components: [(String, Schema)] = [
    ("Order", Override.schema), ("Server", ServerDocument.schema),
    ("Preview", RegionPreview.schema),
    ("Released", .either(done, RegionPreview.schema)),
  ]
}

extension Problem {
  /// Why an act is not done.
  init(_ refusal: OperatorRefusal) {
    let status: UInt16 =
      switch refusal {
      case .changed: 412
      case .noSuchOrder, .noSuchWaiver, .plan(.noSuchRun): 404
      case .unknownRegion, .unknownEndpoint, .duration, .waiverDuration, .warrant: 422
      case .taken, .frozen, .tooMany, .authority, .rule, .sameAuthor, .firmRule, .plan: 409
      }
    self.init(status, refusal.code, "\(refusal)")
  }

  /// Why the store of orders cannot be used.
  init(_ fault: StateFault) {
    if case .busy = fault {
      self.init(503, fault.code, "\(fault)", retryAfterSeconds: 1)
    } else {
      self.init(500, fault.code, "\(fault)")
    }
  }
}

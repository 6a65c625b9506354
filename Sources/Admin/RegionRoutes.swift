internal import Base
internal import Control

/// The routes about regions, their servers and operators' orders about them.
public struct RegionRoutes {
  private let acts: OperatorActs

  /// For what operators may ask for.
  public init(_ acts: OperatorActs) { self.acts = acts }

  /// All of them.
  public var all: [AdminRoute] {
    [regions, endpoints, orders, giveOrder, releaseOrder, askWaiver, agreeWaiver]
  }

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
            .init("waivers", .list(.named("Waiver")), "safety rules that are set aside"),
            .init("plans", .list(PlanRun.summarySchema), "runs of plans that are not over"),
          ]))
      ]
    ) { call throws(Problem) in
      let (state, warning) = try self.acts.state(at: call.time)
      let report = self.acts.report(call)
      let regions = self.acts.outline().regions.map { region in
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
      let (state, _) = try self.acts.state(at: call.time)
      let report = self.acts.report(call)
      let wanted = call.parameter("region")
      let servers = self.acts.outline().regions.filter { wanted == nil || $0.name == wanted }
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
      let (state, warning) = try self.acts.state(at: call.time)
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
      outcomes: OperatorActs.outcomes, problems: OperatorActs.refusals
    ) { call throws(Problem) in
      let kind = OverrideKind(rawValue: call.text("kind")) ?? .freeze
      let tiers = OverrideTiers(rawValue: call.text("tier")) ?? .all
      let region = call.text("region")
      let endpoint = call.text("endpoint")
      let scope =
        endpoint.isEmpty
        ? OverrideScope(region, tiers) : OverrideScope(region, endpoint: endpoint)
      let duration = UInt64(call.number("seconds")) * 1_000_000
      return try self.acts.act(call) { state throws(Problem) in
        .order(kind, scope, until: state.time(after: duration, call.time))
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
        .init(200, "it has ended, or what ending it would do", OperatorActs.outcomes[1].schema)
      ], problems: OperatorActs.refusals
    ) { call throws(Problem) in
      let number = try call.number("O-", "order")
      return try self.acts.act(call, reason: call.parameter("reason") ?? "") { _ throws(Problem) in
        .release(number)
      }
    }
  }

  private var askWaiver: AdminRoute {
    AdminRoute(
      .post, "/v1/waivers", name: "askWaiver", roles: [.sre],
      "Break glass: ask to set safety rules aside, an hour at most; another person agrees",
      parameters: [.dryRun, .ifMatch],
      body: .object([
        .init("rules", .text, "such as S1 or S1+S6; the law is none of them"),
        .init("seconds", .count(1...604_800), "how long; an hour at most"),
        .init("reason", .text, "stands in the record; no patient's data"),
        .init("ticket", .text, "of the change", isRequired: false),
      ]), outcomes: OperatorActs.outcomes, problems: OperatorActs.refusals
    ) { call throws(Problem) in
      guard let rules = Waiver.rules(call.text("rules")) else {
        throw Problem(
          422, "unknown-rules",
          "`\(call.text("rules"))` names no rules such as S1+S6, each once and in order")
      }
      let duration = UInt64(call.number("seconds")) * 1_000_000
      return try self.acts.act(call) { state throws(Problem) in
        .waive(rules, until: state.time(after: duration, call.time))
      }
    }
  }

  private var agreeWaiver: AdminRoute {
    AdminRoute(
      .post, "/v1/waivers/{id}/agreement", name: "agreeWaiver", roles: [.sre],
      "Agree to set rules aside that somebody else asked for",
      parameters: [
        .init("id", in: .path, "what was asked for, such as B-7", isRequired: true), .dryRun,
        .ifMatch,
      ],
      body: .object([
        .init("reason", .text, "stands in the record; no patient's data"),
        .init("ticket", .text, "of the change", isRequired: false),
      ]), outcomes: [OperatorActs.outcomes[1]], problems: OperatorActs.refusals
    ) { call throws(Problem) in
      let number = try call.number("B-", "waiver")
      return try self.acts.act(call) { _ throws(Problem) in .agree(number) }
    }
  }

  /// The documents that these routes refer to by name.
  static let components: [(String, Schema)] = [
    ("Order", Override.schema), ("Server", ServerDocument.schema), ("Waiver", Waiver.schema),
  ]
}

extension OperatorState {
  /// So many microseconds after `now`, or after the last act if that is later.
  fileprivate func time(after microseconds: UInt64, _ now: WallTime) -> WallTime {
    WallTime(microseconds: max(now, time).microseconds + microseconds)
  }
}

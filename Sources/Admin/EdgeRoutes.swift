internal import Base
internal import Control
internal import Origins
internal import Policy

/// The routes about the edge as a whole.
public struct EdgeRoutes {
  private let seen: () -> EdgeView
  private let account: () -> AuditAccount

  /// For an edge; `account` tells how its audit log stands.
  public init(_ view: @escaping () -> EdgeView, account: @escaping () -> AuditAccount) {
    seen = view
    self.account = account
  }

  private var view: EdgeView { seen() }

  /// All of them.
  public var all: [AdminRoute] { [status, ready, policy] }

  private var status: AdminRoute {
    AdminRoute(
      .get, "/v1/status", name: "getStatus", roles: .anybody, "The edge as a whole",
      outcomes: [
        .init(
          200, "the edge",
          .object([
            .init("instance", .text), .init("process", .integer), .init("since", .time),
            .init("loops", .integer),
            .init("configuration", .text, "the content hash of the configuration in force"),
            .init("policy", .named("PolicyName")),
            .init("draining", .boolean, "whether it takes no more clients"),
            .init("self_doubt", .boolean, "whether it sees so much failing that it doubts itself"),
            .init("endpoints", .integer), .init("healthy", .integer),
            .init(
              "audit",
              .object([
                .init("decided", .integer), .init("committed", .integer),
                .init("refused", .integer), .init("lost", .integer), .init("failed", .boolean),
              ]), "the account of the audit log"),
          ]))
      ]
    ) { _ throws(Problem) in
      let account = self.account()
      let statuses = self.view.health.topology.endpoints.map { self.view.health[$0.id] }
      return .json(
        .object([
          ("instance", .text(self.view.identity.instance)),
          ("process", .number(self.view.identity.process)),
          ("since", .text(self.view.identity.since.text)),
          ("loops", .number(self.view.identity.loopCount)),
          ("configuration", .text(self.view.configurationHash)),
          ("policy", self.view.policy.nameDocument),
          ("draining", .boolean(self.view.isDraining)),
          ("self_doubt", .boolean(self.view.health.isSelfDoubting)),
          ("endpoints", .number(statuses.count)),
          ("healthy", .number(statuses.count { $0.reach == .healthy })),
          (
            "audit",
            .object([
              ("decided", .number(account.decidedCount)),
              ("committed", .number(account.committedCount)),
              ("refused", .number(account.refusedCount)), ("lost", .number(account.lostCount)),
              ("failed", .boolean(account.hasFailed)),
            ])
          ),
        ]))
    }
  }

  private var ready: AdminRoute {
    AdminRoute(
      .get, "/v1/ready", name: "getReady", roles: .anybody,
      "Whether the edge should get clients: ask this in a balancer's check",
      outcomes: [.init(200, "it should", .object([.init("ready", .boolean)]))],
      problems: [
        503: "it should not: `self-doubt` (so much fails that the edge is more likely to be cut off"
          + " itself), `draining` or `audit-failed`"
      ]
    ) { _ throws(Problem) in
      if let reason = self.unreadiness { throw reason }
      return .json(.object([("ready", .boolean(true))]))
    }
  }

  /// Why clients had better go elsewhere; nil when they need not.
  private var unreadiness: Problem? {
    if view.isDraining { return Problem(503, "draining", "the edge takes no more clients") }
    if account().hasFailed {
      return Problem(503, "audit-failed", "the audit log has failed; restart the edge")
    }
    guard view.health.isSelfDoubting else { return nil }
    return Problem(
      503, "self-doubt",
      "most endpoints of several regions look dead: this edge is more likely to be cut off")
  }

  private var policy: AdminRoute {
    AdminRoute(
      .get, "/v1/policy", name: "getPolicy", roles: .anybody,
      "The policy version that decides, and the one that is shadowed",
      outcomes: [
        .init(
          200, "the versions",
          .object([
            .init("active", .named("PolicyName")),
            .init("shadow", .optional(.named("PolicyName"))),
            .init("regions", .list(.text)), .init("rules", .integer),
          ]))
      ]
    ) { _ throws(Problem) in
      let policy = self.view.policy
      return .json(
        .object([
          ("active", policy.nameDocument), ("shadow", self.view.shadow?.nameDocument ?? .null),
          ("regions", .list(policy.regions.map { .text($0.name) })),
          ("rules", .number(policy.rules.count)),
        ]))
    }
  }

  /// The documents that these routes refer to by name.
  static let components: [(String, Schema)] = [
    (
      "PolicyName",
      .object([
        .init("name", .text), .init("version", .integer),
        .init("sha256", .text, "the content hash"),
      ])
    )
  ]
}

extension Policy {
  /// The version for programs.
  var nameDocument: JSONValue {
    .object([
      ("name", .text(name)), ("version", .number(version)), ("sha256", .text(contentHash)),
    ])
  }
}

internal import Base
public import Control
internal import Origins
internal import Policy

/// Turns what a running edge is told into events: keeps the view, and notes what changed in it.
public final class EdgeWatcher {
  /// The desk.
  public let desk: AdminDesk
  private let view: EdgeView
  private let store: (any ControlStore)?
  /// What was in force when it was last looked at.
  private var known: OperatorState

  /// Watches for a desk; orders that are in force now are no news.
  public init(
    _ desk: AdminDesk, _ view: EdgeView, _ store: (any ControlStore)?, at moment: AdminDesk.Moment
  ) {
    self.desk = desk
    self.view = view
    self.store = store
    known = (try? store?.read())?.books.state.settled(at: moment.time) ?? OperatorState()
  }

  /// Takes news.
  public func take(_ news: AdminNews, at moment: AdminDesk.Moment) {
    switch news {
    case .health(let health): compare(health)
    case .orders: look(at: moment)
    case .policy(let policy, _) where policy.contentHash != view.policy.contentHash:
      desk.note(.policy, policy.nameDocument)
    case .progress(let progress): desk.note(.progress, progress.json)
    case .policy, .traffic, .configuration, .draining: break
    }
    view.take(news, at: moment.now)
  }

  private func compare(_ health: HealthSnapshot) {
    for endpoint in health.topology.endpoints {
      let new = health[endpoint.id]
      let known = view.health.topology.endpoints.first { $0.name == endpoint.name }
      if let old = known.map({ view.health[$0.id] }), old.reach == new.reach,
        old.freshness == new.freshness, old.role.name == new.role.name
      {
        continue
      }
      desk.note(
        .endpoint,
        .object([
          ("name", .text(endpoint.name)), ("region", .text(endpoint.regionName)),
          ("tier", .text(endpoint.tier.rawValue)), ("reach", .text(new.reach.rawValue)),
          ("freshness", .text(new.freshness.rawValue)), ("role", .text(new.role.name)),
        ]))
    }
  }

  /// Looks what operators did since the last look, and notes it.
  public func look(at moment: AdminDesk.Moment) {
    guard let state = state(at: moment) else { return }
    let before = known
    known = state
    func note(_ kind: EventLog.Kind, _ members: [(String, JSONValue)]) {
      desk.note(kind, .object([("revision", .number(state.revision))] + members))
    }
    func news<Item: Equatable>(_ items: [Item], _ old: [Item]) -> [Item] {
      items.filter { !old.contains($0) }
    }
    for order in news(before.overrides, state.overrides) {
      note(.order, [("change", .text("ended")), ("order", order.json)])
    }
    for order in news(state.overrides, before.overrides) {
      note(.order, [("change", .text("begun")), ("order", order.json)])
    }
    for record in news(state.authorities, before.authorities) {
      note(.authority, [("authority", record.json)])
    }
    for waiver in before.waivers where !state.waivers.contains(where: { $0.id == waiver.id }) {
      note(.waiver, [("change", .text("ended")), ("waiver", waiver.json)])
    }
    for waiver in news(state.waivers, before.waivers) {
      let change = waiver.second == nil ? "asked" : "agreed"
      note(.waiver, [("change", .text(change)), ("waiver", waiver.json)])
    }
    for run in state.plans.runs where before.plans.run(run.number)?.status != run.status {
      note(.plan, [("run", run.summary)])
    }
  }

  /// What is ordered; nil while it cannot be read.
  private func state(at moment: AdminDesk.Moment) -> OperatorState? {
    (try? store?.read())?.books.state.settled(at: moment.time)
  }

  /// What events hold, by their kinds.
  static let components: [(String, Schema)] = [
    (
      "EndpointEvent",
      .object([
        .init("name", .text), .init("region", .text), .init("tier", .text),
        .init("reach", .text), .init("freshness", .text), .init("role", .text),
      ])
    ),
    (
      "OrderEvent",
      .object([
        .init("change", .word(["begun", "ended"])), .init("revision", .integer),
        .init("order", .named("Order")),
      ])
    ),
    ("PolicyEvent", .named("PolicyName")),
    (
      "AuthorityEvent",
      .object([.init("revision", .integer), .init("authority", .named("Authority"))])
    ),
    (
      "WaiverEvent",
      .object([
        .init("revision", .integer), .init("change", .word(["asked", "agreed", "ended"])),
        .init("waiver", .named("Waiver")),
      ])
    ),
    ("ProgressEvent", PlanProgress.schema),
    ("PlanEvent", .object([.init("revision", .integer), .init("run", PlanRun.summarySchema)])),
  ]
}

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
  private var orders: [Override] = []

  /// Watches for a desk; orders that are in force now are no news.
  public init(
    _ desk: AdminDesk, _ view: EdgeView, _ store: (any ControlStore)?, at moment: AdminDesk.Moment
  ) {
    self.desk = desk
    self.view = view
    self.store = store
    orders = state(at: moment)?.overrides ?? []
  }

  /// Takes news.
  public func take(_ news: AdminNews, at moment: AdminDesk.Moment) {
    switch news {
    case .health(let health): compare(health)
    case .orders: compareOrders(at: moment)
    case .policy(let policy, _) where policy.contentHash != view.policy.contentHash:
      desk.note(.policy, policy.nameDocument)
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

  private func compareOrders(at moment: AdminDesk.Moment) {
    guard let state = state(at: moment) else { return }
    for order in orders where !state.overrides.contains(order) { note(order, "ended", state) }
    for order in state.overrides where !orders.contains(order) { note(order, "begun", state) }
    orders = state.overrides
  }

  private func note(_ order: Override, _ change: String, _ state: OperatorState) {
    desk.note(
      .order,
      .object([
        ("change", .text(change)), ("revision", .number(state.revision)), ("order", order.json),
      ]))
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
  ]
}

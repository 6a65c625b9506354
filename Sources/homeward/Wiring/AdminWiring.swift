internal import Admin
internal import Control
internal import Edge
internal import Origins
internal import Reactor

/// The admin API's routes: everything that can be asked of an edge.
enum AdminRoutes {
  /// All of them. Parts of the edge add theirs here; `homeward admin openapi` describes them, and
  /// deploy/openapi.json must say the same.
  static func all(
    view: @escaping () -> EdgeView, account: @escaping () -> AuditAccount,
    store: (any ControlStore)?, cache: CacheOperations?
  ) -> [AdminRoute] {
    EdgeRoutes(view, account: account).all
      + RegionRoutes(
        store: store, outline: { view().outline() },
        report: { call in view().report(call.now, call.time) }
      ).all
      + AuthorityRoutes(store).all + PlanRoutes(store).all + CacheRoutes(cache).all
  }

  /// The description of them all.
  static var description: [UInt8] {
    OpenAPI.description(
      of: all(
        view: { preconditionFailure("described, not called") }, account: { AuditAccount() },
        store: nil, cache: nil))
  }
}

extension AdminService {
  /// The admin API of a checked configuration; nil when it has none.
  static func make(
    _ configuration: Configuration, _ definition: Definition?
  ) throws -> AdminService? {
    guard let definition else { return nil }
    let folder = configuration.operators?.directory
    return try AdminService(definition) { edge in
      let store = folder.map { FileControlStore(OperatorFolder($0), SystemStorage()) }
      let routes = AdminRoutes.all(
        view: { edge.view }, account: edge.account, store: store, cache: edge.cache)
      let desk = AdminDesk(rules: edge.rules, routes: routes, since: edge.moment.time)
      return EdgeWatcher(desk, edge.view, store, at: edge.moment)
    }
  }
}

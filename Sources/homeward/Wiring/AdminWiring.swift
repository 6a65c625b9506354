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
    store: (any ControlStore)?
  ) -> [AdminRoute] {
    EdgeRoutes(view, account: account).all
      + RegionRoutes(
        store: store, outline: { view().outline() },
        report: { call in view().report(call.now, call.time) }
      ).all
  }

  /// The description of them all.
  static var description: [UInt8] {
    OpenAPI.description(
      of: all(
        view: { preconditionFailure("described, not called") }, account: { AuditAccount() },
        store: nil))
  }
}

extension AdminService {
  /// The admin API of a checked configuration; nil when it has none.
  static func make(
    _ configuration: Configuration, _ definition: Definition?
  ) throws -> AdminService? {
    guard let definition else { return nil }
    let folder = configuration.operators?.directory
    return try AdminService(definition) { view, rules, account, moment in
      let store = folder.map { FileControlStore(OperatorFolder($0), SystemStorage()) }
      let routes = AdminRoutes.all(view: { view }, account: account, store: store)
      let desk = AdminDesk(rules: rules, routes: routes, since: moment.time)
      return EdgeWatcher(desk, view, store, at: moment)
    }
  }
}

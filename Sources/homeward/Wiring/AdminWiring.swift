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
    folder: OperatorFolder?, driver: (any PlanDriver)?, cache: CacheOperations?
  ) -> [AdminRoute] {
    let acts = OperatorActs(
      store: folder.map { FileControlStore($0, SystemStorage()) },
      outline: { view().outline() }, report: { call in view().report(call.now, call.time) })
    return EdgeRoutes(view, account: account).all + operators(acts, folder, driver)
      + CacheRoutes(cache).all
  }

  /// Those by which operators look and act, with a running edge or on the folder of one.
  static func operators(
    _ acts: OperatorActs, _ folder: OperatorFolder?, _ driver: (any PlanDriver)?
  ) -> [AdminRoute] {
    let edges = { () throws(StateFault) -> [EdgeRegistration] in
      try folder?.registrations(SystemStorage()) ?? []
    }
    return RegionRoutes(acts).all + AuthorityRoutes(acts, edges: edges).all
      + PlanRoutes(acts, driver: driver).all
  }

  /// The description of them all.
  static var description: [UInt8] {
    OpenAPI.description(
      of: all(
        view: { preconditionFailure("described, not called") }, account: { AuditAccount() },
        folder: nil, driver: nil, cache: nil))
  }
}

extension AdminService {
  /// The admin API of a checked configuration; nil when it has none.
  static func make(
    _ configuration: Configuration, _ definition: Definition?, _ office: PlanOffice?
  ) throws -> AdminService? {
    guard let definition else { return nil }
    let folder = configuration.operators.map { OperatorFolder($0.directory) }
    return try AdminService(definition) { edge in
      let store = folder.map { FileControlStore($0, SystemStorage()) }
      let routes = AdminRoutes.all(
        view: { edge.view }, account: edge.account, folder: folder, driver: office,
        cache: edge.cache)
      office?.listen { [tell = edge.tell] in tell(.progress($0)) }
      let desk = AdminDesk(rules: edge.rules, routes: routes, since: edge.moment.time)
      return EdgeWatcher(desk, edge.view, store, at: edge.moment)
    }
  }
}

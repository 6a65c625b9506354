public import Base

/// Answers calls: who is it, which route, may he, what does it do.
///
/// Owned by one thread. Neither socket nor clock: a driver hands in requests and time.
public final class AdminDesk {
  /// Who may call.
  public var rules: CallerRules
  /// Whether nothing may be changed, because no record of it would be kept.
  public var isReadOnly = false
  /// What changed lately.
  public private(set) var events: EventLog
  private let routes: [AdminRoute]
  private var meter = FailureMeter()
  private let openAPI: [UInt8]

  /// A call's surroundings.
  public struct Moment: Sendable {
    /// The edge's clock.
    public let now: Instant
    /// The clock on the wall.
    public let time: WallTime

    /// Joins two readings.
    public init(_ now: Instant, _ time: WallTime) {
      self.now = now
      self.time = time
    }
  }

  /// What a request came to.
  public struct Reply {
    /// The answer.
    public let answer: AdminAnswer
    /// Whether its sender proved who he is.
    public let isKnown: Bool
  }

  /// Makes a desk with these routes. `since` is when its process began.
  public init(rules: CallerRules, routes: [AdminRoute], since: WallTime) {
    self.rules = rules
    events = EventLog(since: since)
    self.routes = routes + Self.ownRoutes
    openAPI = OpenAPI.document(self.routes)
  }

  /// Notes what happened, for clients that follow.
  public func note(_ kind: EventLog.Kind, _ data: JSONValue) { events.append(kind, data) }

  /// Answers a request whose sender is at `address` and shows these credentials.
  public func reply(
    to request: AdminRequest, _ credentials: Credentials, from address: IPAddress, at moment: Moment
  ) -> Reply {
    do throws(CallerFault) {
      let caller = try rules.caller(credentials)
      return Reply(answer: answer(request, of: caller, at: moment), isKnown: true)
    } catch {
      return Reply(answer: refuse(error, address, at: moment), isKnown: false)
    }
  }

  /// Answers a request of somebody known.
  public func answer(_ request: AdminRequest, of caller: Caller, at moment: Moment) -> AdminAnswer {
    do throws(Problem) {
      return try find(request, caller, moment)
    } catch {
      return error.answer
    }
  }

  private func refuse(
    _ fault: CallerFault, _ address: IPAddress, at moment: Moment
  ) -> AdminAnswer {
    let verdict = meter.failed(address, at: moment.now)
    let problem =
      verdict.isTooMany
      ? Problem(
        429, "too-many-failures", "too many attempts from \(address) proved nothing; wait",
        retryAfterSeconds: 1) : Problem(401, fault.rawValue, fault.detail)
    var answer = problem.answer
    if verdict.recordCount > 0 {
      answer.records.append(
        AdminRecord(
          subject: "admin call refused", author: "unknown", scope: "\(address)",
          detail: "\(fault.rawValue); attempts since the last record: \(verdict.recordCount)"))
    }
    return answer
  }

  private func find(
    _ request: AdminRequest, _ caller: Caller, _ moment: Moment
  ) throws(Problem) -> AdminAnswer {
    let target = try AdminTarget(request.target)
    let there = routes.compactMap { route in
      route.places(target.segments).map { (route, $0) }
    }
    guard !there.isEmpty else {
      throw Problem(404, "no-such-route", "nothing is here; GET /openapi.json lists what there is")
    }
    guard let (route, places) = there.first(where: { $0.0.method.rawValue == request.method })
    else {
      let allowed = there.map(\.0.method.rawValue).joined(separator: ", ")
      var problem = Problem(405, "wrong-method", "this route takes \(allowed)")
      problem.allow = allowed
      throw problem
    }
    guard !route.roles.isDisjoint(with: caller.roles) else {
      throw Self.roleProblem(route, caller)
    }
    try checkQuery(target.query, of: route)
    let call = AdminCall(
      caller: caller, time: moment.time, now: moment.now, places: places, query: target.query,
      body: try body(of: request, for: route), request: request,
      lastEventID: events.lastID)
    if isReadOnly, !route.isRead, !call.isDryRun {
      throw Problem(
        503, "audit-failed",
        "the audit log has failed, and nothing is changed without a record; restart the edge")
    }
    switch route.name {
    case Self.descriptionName:
      return AdminAnswer(status: 200, .document("application/json", openAPI))
    case Self.eventsName:
      let place = events.place(after: request.fields["last-event-id"])
      return AdminAnswer(
        status: 200, .events(from: place.number, isComplete: place.isComplete))
    default: return try route.handler(call)
    }
  }

  private static func roleProblem(_ route: AdminRoute, _ caller: Caller) -> Problem {
    func list(_ roles: Set<AdminRole>) -> String {
      roles.isEmpty ? "none" : roles.sorted().map(\.rawValue).joined(separator: ", ")
    }
    return Problem(
      403, "wrong-role",
      "this needs one of the roles \(list(route.roles)); `\(caller.name)` has"
        + " \(list(caller.roles))")
  }

  private func checkQuery(
    _ query: [String: String], of route: AdminRoute
  ) throws(Problem) {
    let known = route.parameters.filter { $0.place == .query }
    for name in query.keys.sorted() where !known.contains(where: { $0.name == name }) {
      let names = known.map { "`\($0.name)`" }.joined(separator: ", ")
      throw Problem(
        400, "unknown-parameter",
        "`\(name)` is no parameter here; "
          + (names.isEmpty ? "there are none" : "there are \(names)"))
    }
    for parameter in known {
      guard let value = query[parameter.name] else {
        guard !parameter.isRequired else {
          throw Problem(400, "missing-parameter", "the target needs `?\(parameter.name)=`")
        }
        continue
      }
      if case .boolean = parameter.schema, value != "true", value != "false" {
        throw Problem(
          400, "malformed-parameter", "`\(parameter.name)` must be `true` or `false`")
      }
    }
  }

  private func body(
    of request: AdminRequest, for route: AdminRoute
  ) throws(Problem) -> JSONValue {
    guard let schema = route.body else {
      guard request.body.isEmpty else {
        throw Problem(400, "unexpected-body", "this route reads no body")
      }
      return .null
    }
    let type = request.fields["content-type"]?.prefix { $0 != ";" }
    guard type?.lowercased() == "application/json" else {
      throw Problem(415, "media-type", "the body must be `application/json`, and say so")
    }
    let value: JSONValue
    do throws(JSONTextFault) {
      value = try JSONReader.read(request.body, depthMax: AdminLimits.depthMax)
    } catch {
      throw Problem(400, "malformed-json", "the body is not JSON: \(error.words)")
    }
    if let complaint = schema.complaint(value, "the body") {
      throw Problem(422, "malformed-body", complaint)
    }
    return value
  }

  // MARK: Routes that the desk itself answers

  private static let descriptionName = "getDescription"
  private static let eventsName = "getEvents"

  private static var openAPIRoute: AdminRoute {
    AdminRoute(
      .get, "/openapi.json", name: descriptionName, roles: .anybody,
      "This description, OpenAPI 3.1", outcomes: [.init(200, "the description", .any)]
    ) { _ throws(Problem) in preconditionFailure("answered by the desk") }
  }

  private static var eventsRoute: AdminRoute {
    AdminRoute(
      .get, "/v1/events", name: eventsName, roles: .anybody,
      "What changes, as server-sent events: `endpoint`, `order`, `policy`, `authority`, `waiver`,"
        + " `plan`, `progress` of the runs that this edge carries, and `gap` after which"
        + " everything must be read again",
      parameters: [
        .init("Last-Event-ID", in: .header, "the last event seen: what followed comes first")
      ], outcomes: [.init(200, "events, until the client goes or reads too slowly", nil)],
      problems: [503: "too many clients follow already"]
    ) { _ throws(Problem) in preconditionFailure("answered by the desk") }
  }

  static var ownRoutes: [AdminRoute] { [openAPIRoute, eventsRoute] }
}

extension JSONTextFault {
  /// What is wrong; nothing of the text is repeated.
  fileprivate var words: String {
    switch self {
    case .syntax(let offset): "it breaks at byte \(offset)"
    case .duplicate(let offset): "a member stands twice, before byte \(offset)"
    case .nested: "it is nested too deeply"
    }
  }
}

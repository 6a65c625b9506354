internal import Base

/// The description of the API for programs and people (OpenAPI 3.1), made from the routes.
public enum OpenAPI {
  /// The document of a desk with these routes, as it serves it.
  public static func description(of routes: [AdminRoute]) -> [UInt8] {
    document(routes + AdminDesk.ownRoutes)
  }

  /// The document's bytes; the same for the same routes.
  static func document(_ routes: [AdminRoute]) -> [UInt8] {
    var paths: [(String, [AdminRoute])] = []
    for route in routes {
      if let index = paths.firstIndex(where: { $0.0 == route.path }) {
        paths[index].1.append(route)
      } else {
        paths.append((route.path, [route]))
      }
    }
    let schemas =
      [("Problem", Problem.schema)] + OperatorActs.components + RegionRoutes.components
      + EdgeRoutes.components
      + AuthorityRoutes.components + PlanRoutes.components + EdgeWatcher.components
    let document = JSONValue.object([
      ("openapi", .text("3.1.0")),
      (
        "info",
        .object([
          ("title", .text("Homeward admin API")), ("version", .text("1")),
          (
            "description",
            .text(
              "What operators and auditors may ask of one edge. Every caller proves who he is by a"
                + " client certificate or a bearer token; x-roles names who may use an operation.")
          ),
        ])
      ),
      (
        "security", .list([.object([("certificate", .list([]))]), .object([("token", .list([]))])])
      ),
      (
        "paths",
        .object(
          paths.map { path, routes in
            (path, .object(routes.map { ($0.method.rawValue.lowercased(), operation($0)) }))
          })
      ),
      (
        "components",
        .object([
          ("schemas", .object(schemas.map { ($0.0, $0.1.json) })),
          (
            "securitySchemes",
            .object([
              ("certificate", .object([("type", .text("mutualTLS"))])),
              ("token", .object([("type", .text("http")), ("scheme", .text("bearer"))])),
            ])
          ),
        ])
      ),
    ])
    return Array("\(document)\n".utf8)
  }

  /// Answers that every route may give.
  private static let commonProblems: [UInt16: String] = [
    400: "the request cannot be read", 401: "nothing proves who calls",
    403: "the caller has none of the roles in x-roles",
    429: "too many attempts from this address proved nothing",
    500: "something here failed", 503: "it cannot be done now",
  ]

  private static func operation(_ route: AdminRoute) -> JSONValue {
    var members: [(String, JSONValue)] = [
      ("operationId", .text(route.name)), ("summary", .text(route.summary)),
      ("x-roles", .list(route.roles.sorted().map { .text($0.rawValue) })),
    ]
    if !route.parameters.isEmpty {
      members.append(("parameters", .list(route.parameters.map(parameter))))
    }
    var problems = commonProblems.merging(route.problems) { $1 }
    if let body = route.body {
      members.append(
        (
          "requestBody",
          .object([("required", .boolean(true)), ("content", content("application/json", body))])
        ))
      problems[413] = "the body is longer than \(AdminLimits.bodyByteCountMax) bytes"
      problems[415] = "the body is not `application/json`"
      problems[422] = problems[422] ?? "the body is not what it should be"
    }
    let outcomes = route.outcomes.map { outcome in
      (
        "\(outcome.status)",
        JSONValue.object([
          ("description", .text(outcome.summary)),
          (
            "content",
            outcome.schema.map { content("application/json", $0) }
              ?? content("text/event-stream", .text)
          ),
        ])
      )
    }
    let failures = problems.sorted { $0.key < $1.key }.map { status, summary in
      (
        "\(status)",
        JSONValue.object([
          ("description", .text(summary)),
          ("content", content("application/problem+json", .named("Problem"))),
        ])
      )
    }
    members.append(("responses", .object(outcomes + failures)))
    return .object(members)
  }

  private static func parameter(_ parameter: AdminRoute.Parameter) -> JSONValue {
    .object([
      ("name", .text(parameter.name)), ("in", .text(parameter.place.rawValue)),
      ("required", .boolean(parameter.isRequired)), ("description", .text(parameter.summary)),
      ("schema", parameter.schema.json),
    ])
  }

  private static func content(_ type: String, _ schema: Schema) -> JSONValue {
    .object([(type, .object([("schema", schema.json)]))])
  }
}

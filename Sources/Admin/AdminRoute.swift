internal import Base

/// One thing that can be asked for: everything about it, in one place.
public struct AdminRoute {
  /// A parameter of the query or a field.
  public struct Parameter: Sendable {
    /// Where it stands.
    public enum Place: String, Sendable { case query, header, path }

    /// Its name.
    public let name: String
    /// Where it stands.
    public let place: Place
    /// What it holds.
    public let schema: Schema
    /// For people.
    public let summary: String
    /// Whether it must be there.
    public let isRequired: Bool

    /// Makes a parameter.
    public init(
      _ name: String, in place: Place = .query, _ summary: String, of schema: Schema = .text,
      isRequired: Bool = false
    ) {
      self.name = name
      self.place = place
      self.schema = schema
      self.summary = summary
      self.isRequired = isRequired
    }

    /// `?dry-run=true`.
    public static let dryRun = Parameter(
      "dry-run", "change nothing; say what would change", of: .boolean)
    /// `If-Match`.
    public static let ifMatch = Parameter(
      "If-Match", in: .header, "the ETag that the caller saw: act only if it holds still")
  }

  /// An answer that the route gives when all is well.
  public struct Outcome: Sendable {
    /// The status.
    public let status: UInt16
    /// For people.
    public let summary: String
    /// What it holds; nil for events.
    public let schema: Schema?

    /// Makes an outcome.
    public init(_ status: UInt16, _ summary: String, _ schema: Schema?) {
      self.status = status
      self.summary = summary
      self.schema = schema
    }
  }

  /// The methods that there are.
  public enum Method: String, CaseIterable, Sendable {
    case get = "GET"
    case post = "POST"
    case delete = "DELETE"
  }

  /// What a route does.
  public typealias Handler = (AdminCall) throws(Problem) -> AdminAnswer

  /// The method.
  public let method: Method
  /// The path; `{name}` stands for one segment.
  public let path: String
  /// A name for programs, unique.
  public let name: String
  /// For people.
  public let summary: String
  /// Who may use it: anybody with one of these roles.
  public let roles: Set<AdminRole>
  /// Its parameters, those of the path included.
  public let parameters: [Parameter]
  /// What the body must hold; nil: none is read.
  public let body: Schema?
  /// What it answers when all is well.
  public let outcomes: [Outcome]
  /// Further statuses, each a problem.
  public let problems: [UInt16: String]
  /// Whether it changes nothing: every GET, and what asks with a body.
  let isRead: Bool
  let handler: Handler
  private let segments: [String]

  /// Makes a route.
  public init(
    _ method: Method, _ path: String, name: String, roles: Set<AdminRole>, _ summary: String,
    parameters: [Parameter] = [], body: Schema? = nil, outcomes: [Outcome],
    problems: [UInt16: String] = [:], isRead: Bool = false, handler: @escaping Handler
  ) {
    self.method = method
    self.path = path
    self.name = name
    self.summary = summary
    self.roles = roles
    self.parameters = parameters
    self.body = body
    self.outcomes = outcomes
    self.problems = problems
    self.isRead = isRead || method == .get
    self.handler = handler
    segments = path.split(separator: "/").map(String.init)
  }

  /// What stands at the places of the path; nil when it is another path.
  func places(_ given: [String]) -> [String: String]? {
    guard given.count == segments.count else { return nil }
    var places: [String: String] = [:]
    for (segment, text) in zip(segments, given) {
      if segment.hasPrefix("{") {
        places[String(segment.dropFirst().dropLast())] = text
      } else if segment != text {
        return nil
      }
    }
    return places
  }

  /// The parameters of the query.
  var queryNames: [String] { parameters.filter { $0.place == .query }.map(\.name) }
}

extension Set<AdminRole> {
  /// Everybody who may call at all.
  public static var anybody: Set<AdminRole> { Set(AdminRole.allCases) }
}

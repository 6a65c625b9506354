public import Base

/// A request as the connection read it.
public struct AdminRequest: Sendable {
  /// The method as sent.
  public var method: String
  /// The target: path, and query behind `?`.
  public var target: String
  /// The fields that matter, by lower-case name.
  public var fields: [String: String]
  /// The body.
  public var body: [UInt8]

  /// Makes a request.
  public init(method: String, target: String, fields: [String: String] = [:], body: [UInt8] = []) {
    self.method = method
    self.target = target
    self.fields = fields
    self.body = body
  }

  /// The fields that a connection has to hand on.
  public static let fieldNames = ["if-match", "last-event-id", "content-type"]
}

/// An answer.
public struct AdminAnswer: Sendable {
  /// What follows the head.
  public enum Body: Sendable {
    /// A document of this media type.
    case document(String, [UInt8])
    /// Nothing.
    case none
    /// What this says, which takes a while: the driver calls it on another thread.
    case later(@Sendable () -> AdminAnswer)
    /// Events from this number on, until the client goes.
    case events(from: Int, isComplete: Bool)
  }

  /// The status.
  public var status: UInt16
  /// Further fields.
  public var fields: [(name: StaticString, value: String)] = []
  /// The body.
  public var body: Body
  /// What the audit log has to say; the answer is sent when it took that.
  public var records: [AdminRecord] = []

  /// Makes an answer.
  public init(status: UInt16, _ body: Body) {
    self.status = status
    self.body = body
  }

  /// A JSON document; `revision` becomes its ETag.
  public static func json(
    _ value: JSONValue, status: UInt16 = 200, revision: Int? = nil
  ) -> AdminAnswer {
    var answer = AdminAnswer(
      status: status, .document("application/json", Array("\(value)\n".utf8)))
    if let revision { answer.fields.append(("etag", "\"\(revision)\"")) }
    return answer
  }
}

/// What somebody did, or failed to do, for the audit log.
public struct AdminRecord: Equatable, Sendable {
  /// What, such as `purge cache`.
  public var subject: String
  /// Who, as it was proved.
  public var author: String
  /// What it is about.
  public var scope: String
  /// More for people; no patient's data.
  public var detail: String

  /// Makes a record.
  public init(subject: String, author: String, scope: String, detail: String) {
    self.subject = subject
    self.author = author
    self.scope = scope
    self.detail = detail
  }
}

/// Why a call fails: a problem document (RFC 9457).
public struct Problem: Error, Equatable, Sendable {
  /// The status.
  public var status: UInt16
  /// A stable word for programs.
  public var code: String
  /// For people: what is wrong, and what to do.
  public var detail: String
  /// `Retry-After`, seconds.
  public var retryAfterSeconds: Int?
  /// `Allow`, of a wrong method.
  public var allow: String?

  /// Makes a problem.
  public init(_ status: UInt16, _ code: String, _ detail: String, retryAfterSeconds: Int? = nil) {
    self.status = status
    self.code = code
    self.detail = detail
    self.retryAfterSeconds = retryAfterSeconds
  }

  /// What each problem document holds.
  static let schema = Schema.object([
    Schema.Field("type", .word(["about:blank"]), "no page describes problems further"),
    Schema.Field("title", .text, "the problem's stable word"),
    Schema.Field("status", .integer, "the answer's status"),
    Schema.Field("detail", .text, "what is wrong, and what to do"),
  ])

  /// The answer.
  public var answer: AdminAnswer {
    let document = JSONValue.object([
      ("type", .text("about:blank")), ("title", .text(code)), ("status", .number(Int(status))),
      ("detail", .text(detail)),
    ])
    var answer = AdminAnswer(
      status: status, .document("application/problem+json", Array("\(document)\n".utf8)))
    if status == 401 { answer.fields.append(("www-authenticate", "Bearer realm=\"homeward\"")) }
    if let retryAfterSeconds { answer.fields.append(("retry-after", "\(retryAfterSeconds)")) }
    if let allow { answer.fields.append(("allow", allow)) }
    return answer
  }
}

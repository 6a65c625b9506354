public import Base

/// A request of somebody known, at a route that he may use.
public struct AdminCall: Sendable {
  /// Who calls.
  public let caller: Caller
  /// When, on the wall.
  public let time: WallTime
  /// When, on the clock of the edge.
  public let now: Instant
  /// What stands in the places of the route's path, by name.
  let places: [String: String]
  /// The query's parameters.
  let query: [String: String]
  /// The body, for routes that have one.
  public let body: JSONValue
  /// The request.
  let request: AdminRequest
  /// The last event before the call: who follows from here misses nothing of what it does.
  let lastEventID: String

  /// What stands at a place of the path, such as `{id}`.
  public func place(_ name: String) -> String { places[name] ?? "" }

  /// A parameter of the query.
  public func parameter(_ name: String) -> String? { query[name] }

  /// Whether nothing is to be changed: `?dry-run=true`.
  public var isDryRun: Bool { query["dry-run"] == "true" }

  /// The revision that the caller saw: `If-Match`; nil when it does not matter.
  public func expectedRevision() throws(Problem) -> Int? {
    guard let text = request.fields["if-match"], text != "*" else { return nil }
    guard text.count > 2, text.first == "\"", text.last == "\"",
      let revision = Int(text.dropFirst().dropLast()), revision >= 0
    else {
      throw Problem(
        400, "malformed-if-match", "`If-Match` must be an ETag of this API such as \"7\"")
    }
    return revision
  }

  /// A text of the body; empty when it is left out. The route's schema has been checked.
  public func text(_ name: String) -> String { body[name]?.text ?? "" }

  /// A whole number of the body; zero when it is left out.
  public func number(_ name: String) -> Int { body[name]?.number ?? 0 }
}

/// A target taken apart.
struct AdminTarget {
  let segments: [String]
  let query: [String: String]

  /// Takes `target` apart; throws on what cannot be read, and on a parameter that stands twice.
  init(_ target: String) throws(Problem) {
    let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    segments = try parts[0].split(separator: "/").map { text throws(Problem) in
      try Self.decoded(text, isQuery: false)
    }
    var query: [String: String] = [:]
    for pair in parts.count > 1 ? parts[1].split(separator: "&") : [] {
      let sides = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let name = try Self.decoded(sides[0], isQuery: true)
      let value = sides.count > 1 ? try Self.decoded(sides[1], isQuery: true) : ""
      guard query.updateValue(value, forKey: name) == nil else {
        throw Problem(400, "malformed-target", "a parameter stands twice in the target")
      }
    }
    self.query = query
  }

  /// Undoes percent-encoding (RFC 3986 section 2.1), and `+` in a query.
  private static func decoded(_ text: Substring, isQuery: Bool) throws(Problem) -> String {
    let fault = Problem(400, "malformed-target", "the target is not percent-encoded UTF-8")
    var bytes: [UInt8] = []
    var rest = text.utf8
    while let byte = rest.popFirst() {
      switch byte {
      case UInt8(ascii: "%"):
        let digits = rest.prefix(2)
        guard digits.count == 2, let value = UInt8(String(Substring(digits)), radix: 16) else {
          throw fault
        }
        rest = rest.dropFirst(2)
        bytes.append(value)
      case UInt8(ascii: "+") where isQuery: bytes.append(0x20)
      default: bytes.append(byte)
      }
    }
    guard let text = String(validating: bytes, as: UTF8.self),
      text.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F })
    else { throw fault }
    return text
  }
}

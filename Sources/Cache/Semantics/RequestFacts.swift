public import HTTP

/// What caching needs to know of a request's head. Making it allocates only for fields that few
/// requests have.
public struct RequestFacts: Sendable {
  /// The method.
  public var method: Method
  /// Whether a body follows, of whatever length.
  public var hasBody: Bool
  /// What the client asks of caches.
  public var directives = RequestDirectives()
  /// Whether the request carries credentials.
  public var isAuthenticated = false
  /// Whether the request carries cookies.
  public var hasCookie = false
  /// Whether it is conditional in a way that only an origin can judge (`If-Match`,
  /// `If-Unmodified-Since`).
  public var hasStateCondition = false
  /// The combined lines of `If-None-Match`.
  public var ifNoneMatch: [UInt8]?
  /// The combined lines of `If-Modified-Since`.
  public var ifModifiedSince: [UInt8]?
  /// The combined lines of `Range`.
  public var range: [UInt8]?
  /// The combined lines of `If-Range`.
  public var ifRange: [UInt8]?

  /// Whether the request itself is no reason against storing its answer: what fetches for others
  /// says nothing of a cookie, and does not ask that nothing be kept.
  public var mayBeStored: Bool { !hasCookie && !directives.noStore }

  /// Reads a head. Credentials that are not fields (a client's certificate) do not count: the key
  /// and the ruling hold what they prove.
  public init(_ head: borrowing RequestHead, hasBody: Bool) {
    method = head.method
    self.hasBody = hasBody
    var cacheControl: [UInt8]?
    var pragma: [UInt8]?
    for index in 0..<head.fields.lines.count {
      let line = head.fields.lines[index]
      switch line.known {
      case .authorization: isAuthenticated = true
      case .cookie: hasCookie = true
      case .cacheControl: Self.add(line, of: head.fields, to: &cacheControl)
      case .other:
        switch CacheField(line, of: head.fields) {
        case .ifNoneMatch: Self.add(line, of: head.fields, to: &ifNoneMatch)
        case .ifModifiedSince: Self.add(line, of: head.fields, to: &ifModifiedSince)
        case .ifMatch, .ifUnmodifiedSince: hasStateCondition = true
        case .range: Self.add(line, of: head.fields, to: &range)
        case .ifRange: Self.add(line, of: head.fields, to: &ifRange)
        case .pragma: Self.add(line, of: head.fields, to: &pragma)
        default: break
        }
      default: break
      }
    }
    if let cacheControl {
      directives = RequestDirectives(cacheControl: cacheControl)
    } else if let pragma, pragma.spells("no-cache") {
      directives.noCache = true
    }
  }

  /// Combines a line with those before it.
  private static func add(
    _ line: Fields.Line, of fields: borrowing Fields, to value: inout [UInt8]?
  ) {
    var combined = value ?? []
    combined.combine(fields.bytes(line))
    value = combined
  }
}

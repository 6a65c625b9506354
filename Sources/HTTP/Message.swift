/// The request methods that change what the proxy does; others are `other` and unsafe.
public enum Method: String, Sendable {
  case get = "GET"
  case head = "HEAD"
  case post = "POST"
  case put = "PUT"
  case patch = "PATCH"
  case delete = "DELETE"
  case options = "OPTIONS"
  case trace = "TRACE"
  case connect = "CONNECT"
  case other

  /// RFC 9110 section 9.2.1.
  public var isSafe: Bool { self == .get || self == .head || self == .options || self == .trace }

  /// RFC 9110 section 9.2.2.
  public var isIdempotent: Bool { isSafe || self == .put || self == .delete }
}

/// A request's control data and header fields, the same for HTTP/1.1 and HTTP/2.
public struct RequestHead: Sendable {
  /// The method, classified.
  public var method: Method = .get
  /// The method as sent; a token.
  public var methodName: String = "GET"
  /// Whether the client used TLS (`https`).
  public var isSecure = true
  /// `:authority` or `Host`: host and optional port, validated; empty when HTTP/1.0 sent none.
  public var authority: [UInt8] = []
  /// The canonical target: path, and query after `?`; see `CanonicalTarget`.
  public var target: [UInt8] = []
  /// How many bytes of `target` are the path.
  public var pathCount = 0
  /// The header fields without pseudo-header fields and without `host`.
  public var fields = Fields()
  /// The declared body length; nil when not declared.
  public var contentLength: UInt64?

  /// Makes an empty head for a codec to fill.
  public init() {}

  /// Bytes of memory that its texts hold.
  public var byteCapacity: Int { authority.capacity + target.capacity + fields.byteCapacity }

  /// Forgets the request and keeps the memory.
  public mutating func removeAll() {
    method = .get
    methodName = "GET"
    isSecure = true
    authority.removeAll(keepingCapacity: true)
    target.removeAll(keepingCapacity: true)
    pathCount = 0
    fields.removeAll()
    contentLength = nil
  }
}

/// A response's status and header fields.
public struct ResponseHead: Sendable {
  /// The status code, 100 to 599.
  public var status: UInt16 = 200
  /// The header fields.
  public var fields = Fields()
  /// The declared body length; nil when not declared.
  public var contentLength: UInt64?

  /// Makes an empty head for a codec to fill.
  public init() {}

  /// Makes a head with `status` and no fields.
  public init(status: UInt16) { self.status = status }

  /// Forgets the response and keeps the memory, unless it is unusually much.
  public mutating func removeAll() {
    status = 200
    if fields.byteCapacity <= Self.keptBytesMax { fields.removeAll() } else { fields = Fields() }
    contentLength = nil
  }

  /// Heads are seldom larger; larger ones must not pile up in memory.
  private static let keptBytesMax = 8_192
}

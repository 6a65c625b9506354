/// Field names that the proxy acts upon, recognised once when the line is read.
public enum KnownField: UInt8, Sendable {
  case other
  // Hop by hop: RFC 9110 section 7.6.1, and what older peers send.
  case connection, keepAlive, proxyConnection, te, trailer, transferEncoding, upgrade
  case proxyAuthenticate, proxyAuthorization, http2Settings
  // Framing and routing.
  case contentLength, host, expect, via, forwarded, maxForwards
  case xForwardedFor, xForwardedHost, xForwardedProto, xForwardedPort, xRealIP
  // Identity and tracing.
  case authorization, cookie, setCookie, xRequestID, traceparent, tracestate
  // The rest that decides something.
  case accept, contentType, date, server, retryAfter, age, cacheControl, etag, idempotencyKey
  case proxyStatus
  /// `ehr-*`: set by the edge towards clients, and never believed from them.
  case ehr
  /// Names that other gateways trust for tenancy, consent, location, method or path; never
  /// believed.
  case spoofable

  /// Whether the value is a secret: HPACK must not index it and logs must not hold it.
  public var isCredential: Bool {
    self == .authorization || self == .cookie || self == .setCookie
      || self == .proxyAuthorization
  }

  /// Whether the field belongs to one connection and must not be forwarded.
  public var isHopByHop: Bool {
    switch self {
    case .connection, .keepAlive, .proxyConnection, .te, .trailer, .transferEncoding, .upgrade,
      .proxyAuthenticate, .proxyAuthorization, .http2Settings:
      true
    default: false
    }
  }
}

extension KnownField {
  /// Recognises a lower-case name; by length first, so that most names cost one comparison.
  @inline(__always)
  init(lowercased name: UnsafeRawBufferPointer) {
    self = unsafe Self.recognise(name)
  }

  /// Whether the name starts with `ehr-` and goes on.
  @inline(__always)
  private static func isOurs(_ name: UnsafeRawBufferPointer) -> Bool {
    unsafe name.count > 4 && name[0] == 0x65 && name[1] == 0x68 && name[2] == 0x72
      && name[3] == 0x2D
  }

  private static func recognise(_ name: UnsafeRawBufferPointer) -> KnownField {
    func matches(_ literal: StaticString) -> Bool {
      guard literal.utf8CodeUnitCount == name.count else { return false }
      for index in 0..<name.count
      where unsafe literal.utf8Start[index] != name[index] { return false }
      return true
    }
    if unsafe isOurs(name) { return .ehr }
    switch name.count {
    case 2: return matches("te") ? .te : .other
    case 3: return matches("via") ? .via : matches("age") ? .age : .other
    case 4:
      return matches("host") ? .host : matches("date") ? .date : matches("etag") ? .etag : .other
    case 6:
      return matches("expect")
        ? .expect
        : matches("cookie")
          ? .cookie
          : matches("accept") ? .accept : matches("server") ? .server : .other
    case 7: return matches("trailer") ? .trailer : matches("upgrade") ? .upgrade : .other
    case 9: return matches("forwarded") ? .forwarded : matches("x-real-ip") ? .xRealIP : .other
    case 10:
      return matches("connection")
        ? .connection
        : matches("keep-alive")
          ? .keepAlive
          : matches("set-cookie") ? .setCookie : matches("tracestate") ? .tracestate : .other
    case 11:
      return matches("retry-after")
        ? .retryAfter
        : matches("traceparent")
          ? .traceparent
          : matches("x-fhir-dsid") ? .spoofable : .other
    case 12:
      return matches("content-type")
        ? .contentType
        : matches("x-request-id")
          ? .xRequestID
          : matches("max-forwards") ? .maxForwards : matches("proxy-status") ? .proxyStatus : .other
    case 13:
      return matches("authorization")
        ? .authorization
        : matches("cache-control")
          ? .cacheControl
          : matches("x-rewrite-url") || matches("x-http-method") ? .spoofable : .other
    case 14:
      return matches("content-length")
        ? .contentLength
        : matches("http2-settings")
          ? .http2Settings
          : matches("x-original-url") ? .spoofable : .other
    case 15:
      return matches("x-forwarded-for")
        ? .xForwardedFor
        : matches("idempotency-key")
          ? .idempotencyKey
          : matches("x-consent-scope") ? .spoofable : .other
    case 16:
      return matches("proxy-connection")
        ? .proxyConnection
        : matches("x-forwarded-host")
          ? .xForwardedHost
          : matches("x-forwarded-port")
            ? .xForwardedPort
            : matches("x-fhir-tenant-id") ? .spoofable : .other
    case 17:
      return matches("transfer-encoding")
        ? .transferEncoding
        : matches("x-forwarded-proto")
          ? .xForwardedProto
          : matches("x-authority-epoch") || matches("x-method-override") ? .spoofable : .other
    case 18: return matches("proxy-authenticate") ? .proxyAuthenticate : .other
    case 19: return matches("proxy-authorization") ? .proxyAuthorization : .other
    case 22: return matches("x-http-method-override") ? .spoofable : .other
    default: return .other
    }
  }
}

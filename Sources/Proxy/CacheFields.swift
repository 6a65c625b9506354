internal import Base
internal import Cache
internal import HTTP

extension JudgedRequest {
  /// Whether the client sent a field that is not in the key, and not known to choose nothing. It
  /// could choose an answer that others are given: such a request passes the cache by. For heads
  /// that are fit for an origin.
  public var hasUnkeyedField: Bool {
    for index in 0..<head.fields.lines.count {
      let line = head.fields.lines[index]
      switch line.known {
      case .accept, .authorization, .cookie, .cacheControl, .via, .forwarded, .xForwardedFor,
        .xRequestID, .traceparent, .tracestate, .contentType, .te:
        break
      case .xForwardedHost:
        // A trusted proxy may name another one than the key does.
        if unsafe head.fields.withValue(line, { unsafe !$0.elementsEqual(head.authority) }) {
          return true
        }
      case .xForwardedProto:
        let isSecure = unsafe head.fields.withValue(line) { unsafe $0.equalsFolded("https") }
        if isSecure != head.isSecure { return true }
      case .other:
        if !UnkeyedFields.isHarmless(line, of: head.fields) { return true }
      default: return true
      }
    }
    return false
  }

  /// Whether the client wants nothing but a stored answer (RFC 9111 section 5.2.1.7).
  public var wantsOnlyStored: Bool {
    for index in 0..<head.fields.lines.count where head.fields.lines[index].known == .cacheControl {
      let text = unsafe head.fields.withValue(head.fields.lines[index]) { unsafe Array($0) }
      if RequestDirectives(cacheControl: text).onlyIfCached { return true }
    }
    return false
  }

  /// Whether answers to the request's method are ever stored.
  public var mayBeStored: Bool { head.method == .get || head.method == .head }

  /// Takes away what a fill does not need: an answer that others get is asked for as anybody would,
  /// without the client's address. Credentials stay, since origins ask for them: what they answer
  /// may be shared only if they say so (RFC 9111 section 3.5).
  mutating func dropUnkeyedFields(isOneUsers: Bool) {
    let fields = head.fields
    let requestID = UInt128(decision.id.high) << 64 | UInt128(decision.id.low)
    changeFields { changed in
      changed.removeLines { line in
        line.known == .contentType || UnkeyedFields.isDropped(line, of: fields)
      }
    }
    changeHead { Forwarding.shareRequest(&$0, requestID: requestID, keepsAddress: isOneUsers) }
  }
}

/// Request fields that choose nothing of an answer, though they are in no key.
enum UnkeyedFields {
  /// Whether a field without a meaning of its own here is in the key, conditional, or harmless.
  @inline(__always)
  static func isHarmless(_ line: Fields.Line, of fields: borrowing Fields) -> Bool {
    isKnown(line, of: fields) || isSecurity(line, of: fields)
  }

  /// Whether the field is one of these, by the length of its name.
  @inline(__always)
  private static func isKnown(_ line: Fields.Line, of fields: borrowing Fields) -> Bool {
    switch line.nameCount {
    case 3: fields.isNamed(line, "dnt")
    case 5: fields.isNamed(line, "range")
    case 6:
      fields.isNamed(line, "prefer") || fields.isNamed(line, "origin")
        || fields.isNamed(line, "pragma")
    case 7: fields.isNamed(line, "referer")
    case 8:
      fields.isNamed(line, "if-range") || fields.isNamed(line, "if-match")
        || fields.isNamed(line, "priority")
    case 10: fields.isNamed(line, "user-agent")
    case 13: fields.isNamed(line, "if-none-match")
    case 14: fields.isNamed(line, "accept-charset")
    case 15: fields.isNamed(line, "accept-encoding") || fields.isNamed(line, "accept-language")
    case 17: fields.isNamed(line, "if-modified-since")
    case 19: fields.isNamed(line, "if-unmodified-since")
    case 25: fields.isNamed(line, "upgrade-insecure-requests")
    default: false
    }
  }

  /// Whether a fill leaves without the field.
  static func isDropped(_ line: Fields.Line, of fields: borrowing Fields) -> Bool {
    fields.isNamed(line, "dnt") || fields.isNamed(line, "referer")
      || fields.isNamed(line, "priority") || fields.isNamed(line, "accept-charset")
      || fields.isNamed(line, "upgrade-insecure-requests") || isSecurity(line, of: fields)
  }

  /// What browsers say of themselves, and scripts cannot (`Sec-`).
  private static func isSecurity(_ line: Fields.Line, of fields: borrowing Fields) -> Bool {
    guard line.nameCount > 4 else { return false }
    return unsafe fields.withName(line) { name in
      unsafe UnsafeRawBufferPointer(rebasing: name[..<4]).equalsFolded("sec-")
    }
  }
}

/// Why a codec cannot hand on a request: what arrived is not one that two readers would take
/// alike, or passes a bound. The owner answers it; each kind has a status of its own there.
public enum RequestFault: CaseIterable, Sendable {
  /// Not HTTP, or HTTP that contradicts itself: lines, names, authority, framing.
  case malformed
  /// The target has no canonical form; see `CanonicalTarget`.
  case target
  /// The target passes `HTTPLimits.targetBytesMax`.
  case targetTooLong
  /// The header section, or the trailers, pass `HTTPLimits.fieldBytesMax` or `fieldCountMax`.
  case fieldsTooLarge
  /// The method passes `HTTPLimits.methodBytesMax`.
  case method
  /// The client asks for a tunnel (CONNECT).
  case connect
  /// The client expects what nobody here knows.
  case expectation
  /// The body is in a transfer coding that is not known.
  case coding
  /// A version of HTTP that is not spoken here.
  case version
}

extension RequestHead {
  /// A head of which nothing was read yet.
  static var unread: RequestHead {
    var head = RequestHead()
    head.forgetMethod()
    return head
  }

  /// Takes back what an empty head says of the method.
  mutating func forgetMethod() { (method, methodName) = (.other, "") }

  /// What may be kept of a head that is refused: the method, and the media types that an answer may
  /// have. Nothing that says who asks, where from or for whom: it may be cut off or forged.
  func refused() -> RequestHead {
    var rest = RequestHead()
    (rest.method, rest.methodName, rest.isSecure) = (method, methodName, isSecure)
    for line in fields.lines where line.known == .accept {
      unsafe fields.withValue(line) { value in
        unsafe rest.fields.append("accept", bytes: value)
      }
    }
    return rest
  }
}

internal import Native

/// Turns received lines into heads, and refuses what nghttp2 lets pass but the proxy must not.
enum HTTP2Reader {
  /// Reads a request's lines; returns why it is refused, or nil.
  static func readRequest(
    _ event: HTTP2Event, _ session: borrowing HTTP2Session, limits: HTTPLimits,
    into head: inout RequestHead
  ) -> RequestFault? {
    let lines = event.firstLine..<event.firstLine + event.count
    head.fields.reserve(
      lineCount: event.count, byteCount: session.byteCount(ofLines: lines))
    var refusal: RequestFault?
    var host: Int?
    var cookie: Int?
    var cookies: [UInt8] = []
    for index in lines {
      unsafe session.withLine(index) { name, value, isSensitive in
        if unsafe name.first == 0x3A {
          if refusal == nil {
            refusal = unsafe readPseudo(name, value, limits: limits, into: &head)
          }
          return
        }
        // Back ends that fold `_` into `-` would see a field that we did not check.
        if unsafe name.contains(0x5F) {
          refusal = refusal ?? .malformed
          return
        }
        let known = unsafe KnownField(lowercased: name)
        switch known {
        case .host:
          if host != nil { refusal = refusal ?? .malformed }
          host = index
          return
        case .cookie:
          // RFC 9113 section 8.2.3: crumbs are one field to everybody else.
          if cookie != nil { unsafe joinCookie(value, cookie, session, into: &cookies) }
          cookie = cookie ?? index
          return
        case .contentLength:
          head.contentLength = unsafe decimal(value)
          return
        default: break
        }
        unsafe head.fields.append(known, name: name, value: value, isSensitive: isSensitive)
      }
    }
    if let cookie { appendCookie(cookie, cookies, session, into: &head.fields) }
    if let host { refusal = refusal ?? readHost(host, session, into: &head) }
    return refusal ?? check(head)
  }

  /// Appends one crumb to the joined ones; the first comes along when it is alone so far.
  private static func joinCookie(
    _ value: UnsafeRawBufferPointer, _ first: Int?, _ session: borrowing HTTP2Session,
    into cookies: inout [UInt8]
  ) {
    if cookies.isEmpty, let first {
      unsafe session.withLine(first) { _, value, _ in unsafe cookies.append(contentsOf: value) }
    }
    cookies.append(0x3B)
    cookies.append(0x20)
    unsafe cookies.append(contentsOf: value)
  }

  /// Appends the one cookie field.
  private static func appendCookie(
    _ first: Int, _ joined: [UInt8], _ session: borrowing HTTP2Session, into fields: inout Fields
  ) {
    unsafe session.withLine(first) { name, value, _ in
      if joined.isEmpty {
        unsafe fields.append(.cookie, name: name, value: value, isSensitive: true)
      } else {
        unsafe joined.withUnsafeBytes {
          unsafe fields.append(.cookie, name: name, value: $0, isSensitive: true)
        }
      }
    }
  }

  /// Uses `host` when there is no `:authority`; both must agree (RFC 9113 section 8.3.1).
  private static func readHost(
    _ index: Int, _ session: borrowing HTTP2Session, into head: inout RequestHead
  ) -> RequestFault? {
    unsafe session.withLine(index) { _, value, _ -> RequestFault? in
      var host: [UInt8] = []
      guard unsafe CanonicalAuthority.canonicalize(value, into: &host) else { return .malformed }
      if head.authority.isEmpty { head.authority = host }
      return host == head.authority ? nil : .malformed
    }
  }

  /// Reads one pseudo-header field; nghttp2 made sure that each comes at most once.
  private static func readPseudo(
    _ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer, limits: HTTPLimits,
    into head: inout RequestHead
  ) -> RequestFault? {
    // `:method` and `:scheme` have seven bytes; their second byte tells them apart.
    switch unsafe (name.count, name[1]) {
    case (5, 0x70):
      if value.count > limits.targetBytesMax { return .targetTooLong }
      return unsafe storeTarget(value, into: &head) ? nil : .target
    case (7, 0x6D):
      if value.count > limits.methodBytesMax {
        (head.method, head.methodName) = (.other, "")
        return .method
      }
      if unsafe !value.elementsEqual("GET".utf8) {
        head.methodName = unsafe String(decoding: value, as: UTF8.self)
        head.method = Method(rawValue: head.methodName) ?? .other
      }
      return head.method == .connect ? .connect : nil
    case (7, 0x73):
      head.isSecure = unsafe value.elementsEqual("https".utf8)
      return unsafe head.isSecure || value.elementsEqual("http".utf8) ? nil : .malformed
    case (10, 0x61):
      return unsafe CanonicalAuthority.canonicalize(value, into: &head.authority) ? nil : .malformed
    default: return .connect
    }
  }

  /// Keeps the canonical target; false when there is none.
  private static func storeTarget(
    _ raw: UnsafeRawBufferPointer, into head: inout RequestHead
  ) -> Bool {
    if unsafe raw.count == 1 && raw[0] == 0x2A {
      // nghttp2 lets the asterisk pass with OPTIONS only.
      head.target.append(0x2A)
      head.pathCount = 1
      return true
    }
    guard case .ok(let pathCount) = unsafe CanonicalTarget.canonicalize(raw, into: &head.target)
    else { return false }
    head.pathCount = pathCount
    return true
  }

  /// Checks what needs the whole head.
  private static func check(_ head: borrowing RequestHead) -> RequestFault? {
    !head.authority.isEmpty && !head.target.isEmpty ? nil : .malformed
  }

  /// Reads a response's lines; nghttp2 made sure of a three-digit `:status`.
  static func readResponse(
    _ event: HTTP2Event, _ session: borrowing HTTP2Session, into head: inout ResponseHead
  ) {
    let lines = event.firstLine..<event.firstLine + event.count
    head.fields.reserve(
      lineCount: event.count, byteCount: session.byteCount(ofLines: lines))
    for index in lines {
      unsafe session.withLine(index) { name, value, isSensitive in
        if unsafe name.first == 0x3A {
          head.status = unsafe UInt16(truncatingIfNeeded: decimal(value) ?? 0)
          return
        }
        let known = unsafe KnownField(lowercased: name)
        if known == .contentLength {
          head.contentLength = unsafe decimal(value)
          return
        }
        unsafe head.fields.append(known, name: name, value: value, isSensitive: isSensitive)
      }
    }
  }

  /// A decimal number; nil when it is none or too large.
  private static func decimal(_ digits: UnsafeRawBufferPointer) -> UInt64? {
    guard digits.count > 0 && digits.count <= 19 else { return nil }
    var number: UInt64 = 0
    for index in 0..<digits.count {
      let digit = unsafe digits[index]
      guard digit >= 0x30 && digit <= 0x39 else { return nil }
      number = number * 10 + UInt64(digit &- 0x30)
    }
    return number
  }
}

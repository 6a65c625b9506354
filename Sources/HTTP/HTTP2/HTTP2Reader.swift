internal import Native

/// Turns received lines into heads, and refuses what nghttp2 lets pass but the proxy must not.
enum HTTP2Reader {
  /// Reads a request's lines; returns the status that refuses it, or nil.
  static func readRequest(
    _ event: HTTP2Event, _ session: borrowing HTTP2Session, limits: HTTPLimits,
    into head: inout RequestHead
  ) -> UInt16? {
    let lines = event.firstLine..<event.firstLine + event.count
    head.fields.reserve(
      lineCount: event.count, byteCount: session.byteCount(ofLines: lines))
    var refusal: UInt16?
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
          refusal = refusal ?? 400
          return
        }
        let known = unsafe KnownField(lowercased: name)
        switch known {
        case .host:
          if host != nil { refusal = refusal ?? 400 }
          host = index
          return
        case .cookie:
          // RFC 9113 section 8.2.3: crumbs are one field to everybody else.
          if cookie != nil { unsafe joinCookie(value, cookie, session, into: &cookies) }
          cookie = cookie ?? index
          return
        case .contentLength: head.contentLength = unsafe decimal(value)
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
  ) -> UInt16? {
    unsafe session.withLine(index) { _, value, _ -> UInt16? in
      if head.authority.isEmpty {
        head.authority = unsafe Array(value)
        return nil
      }
      return unsafe value.elementsEqual(head.authority) ? nil : 400
    }
  }

  /// Reads one pseudo-header field; nghttp2 made sure that each comes at most once.
  private static func readPseudo(
    _ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer, limits: HTTPLimits,
    into head: inout RequestHead
  ) -> UInt16? {
    // `:method` and `:scheme` have seven bytes; their second byte tells them apart.
    switch unsafe (name.count, name[1]) {
    case (5, 0x70):
      if value.count > limits.targetBytesMax { return 414 }
      return unsafe storeTarget(value, into: &head) ? nil : 400
    case (7, 0x6D):
      if value.count > 32 { return 405 }
      if unsafe !value.elementsEqual("GET".utf8) {
        head.methodName = unsafe String(decoding: value, as: UTF8.self)
        head.method = Method(rawValue: head.methodName) ?? .other
      }
      return head.method == .connect ? 405 : nil
    case (7, 0x73):
      head.isSecure = unsafe value.elementsEqual("https".utf8)
      return unsafe head.isSecure || value.elementsEqual("http".utf8) ? nil : 400
    case (10, 0x61):
      head.authority = unsafe Array(value)
      return nil
    default: return 405
    }
  }

  /// Keeps the target. The seam to the canonical form: a raw copy and the place of `?` until then.
  private static func storeTarget(
    _ raw: UnsafeRawBufferPointer, into head: inout RequestHead
  ) -> Bool {
    guard unsafe raw.count > 0 && !raw.contains(0x23) else { return false }
    head.target = unsafe Array(raw)
    head.pathCount = unsafe raw.firstIndex(of: 0x3F) ?? raw.count
    return true
  }

  /// Checks what needs the whole head.
  private static func check(_ head: borrowing RequestHead) -> UInt16? {
    isAuthority(head.authority) && !head.target.isEmpty ? nil : 400
  }

  /// Whether the bytes are a host with an optional port (RFC 3986 section 3.2), without userinfo.
  static func isAuthority(_ bytes: borrowing [UInt8]) -> Bool {
    guard let first = bytes.first, bytes.count <= 262 else { return false }
    var portStart = bytes.count
    for index in bytes.indices.reversed() {
      if bytes[index] == 0x3A {
        portStart = index + 1
        break
      }
      if bytes[index] < 0x30 || bytes[index] > 0x39 { break }
    }
    guard bytes.count - portStart <= 5 else { return false }
    let hostEnd = portStart < bytes.count || bytes.last == 0x3A ? portStart - 1 : bytes.count
    guard hostEnd > 0 else { return false }
    if first == 0x5B {
      guard hostEnd > 3, bytes[hostEnd - 1] == 0x5D else { return false }
      for index in 1..<hostEnd - 1 {
        switch bytes[index] {
        case 0x30...0x39, 0x3A, 0x2E, 0x41...0x46, 0x61...0x66: continue
        default: return false
        }
      }
      return true
    }
    for index in 0..<hostEnd {
      switch bytes[index] {
      case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E: continue
      default: return false
      }
    }
    return true
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
        if known == .contentLength { head.contentLength = unsafe decimal(value) }
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

import Base

extension Forwarding {
  /// What a believed peer said about the way of the request; RFC 7239 and its forerunners.
  struct Chains {
    /// The members of `Forwarded` so far, joined.
    private var forwarded: [UInt8] = []
    /// The members of `X-Forwarded-For` so far, joined.
    private var forwardedFor: [UInt8] = []
    /// Whether exactly one `X-Forwarded-Host` stands there and is kept.
    private(set) var hasHost = false
    /// Whether exactly one valid `X-Forwarded-Proto` stands there and is kept.
    private(set) var hasProto = false

    /// Reads the peer's lines.
    mutating func collect(_ fields: borrowing Fields) {
      var hostCount = 0
      var protoCount = 0
      for index in 0..<fields.lines.count {
        let line = fields.lines[index]
        unsafe fields.withValue(line) { value in
          switch line.known {
          case .forwarded: unsafe Self.join(value, to: &forwarded)
          case .xForwardedFor: unsafe Self.join(value, to: &forwardedFor)
          case .xForwardedHost:
            var authority: [UInt8] = []
            hostCount += unsafe CanonicalAuthority.canonicalize(value, into: &authority) ? 1 : 2
          case .xForwardedProto:
            let isValid =
              unsafe ByteScan.equalsIgnoringCase(value, "https")
              || ByteScan.equalsIgnoringCase(value, "http")
            protoCount += isValid ? 1 : 2
          default: break
          }
        }
      }
      hasHost = hostCount == 1
      hasProto = protoCount == 1
    }

    /// Adds a line's members to a list: one line, since some origins read only the first or last.
    private static func join(_ value: UnsafeRawBufferPointer, to list: inout [UInt8]) {
      guard value.count > 0 else { return }
      if !list.isEmpty { list.append(literal: ", ") }
      unsafe list.append(contentsOf: value)
    }

    /// Appends the lines to the head, with our member behind the peer's.
    func append(to head: inout RequestHead, peer: IPAddress) {
      let (isSecure, authority) = (head.isSecure, head.authority)
      let byteCountMax =
        forwarded.count + authority.count + IPAddress.textByteCountMax
        + Self.punctuationByteCountMax
      head.fields.append("forwarded", byteCountMax: byteCountMax) { value in
        value.append(forwarded)
        if !forwarded.isEmpty { value.append(", ") }
        value.append("for=")
        // An IPv6 address needs brackets and so quotes; RFC 7239 section 6.
        if !peer.isIPv4 { value.append("\"[") }
        peer.write(to: &value)
        if !peer.isIPv4 { value.append("]\"") }
        value.append(isSecure ? ";proto=https" : ";proto=http")
        Self.append(host: authority, to: &value)
      }
      let listByteCountMax = forwardedFor.count + 2 + IPAddress.textByteCountMax
      head.fields.append("x-forwarded-for", byteCountMax: listByteCountMax) { value in
        value.append(forwardedFor)
        if !forwardedFor.isEmpty { value.append(", ") }
        peer.write(to: &value)
      }
      if !hasProto {
        if isSecure {
          head.fields.append("x-forwarded-proto", "https")
        } else {
          head.fields.append("x-forwarded-proto", "http")
        }
      }
      if !hasHost && !authority.isEmpty {
        head.fields.append("x-forwarded-host", byteCountMax: authority.count) {
          $0.append(authority)
        }
      }
    }

    /// Appends a member that says how the client asked, and nothing of who that was.
    static func appendHost(to head: inout RequestHead) {
      let (isSecure, authority) = (head.isSecure, head.authority)
      let byteCountMax = authority.count + punctuationByteCountMax
      head.fields.append("forwarded", byteCountMax: byteCountMax) { value in
        value.append(isSecure ? "proto=https" : "proto=http")
        append(host: authority, to: &value)
      }
    }

    /// Bytes of our member of `Forwarded` beside the peer's members, the address and the host.
    private static let punctuationByteCountMax = 32

    /// Appends the `host` parameter, in quotes when it is no token.
    private static func append(host: [UInt8], to value: inout ByteWriter) {
      guard !host.isEmpty else { return }
      let needsQuotes = !host.allSatisfy { ByteSet.token.contains($0) }
      value.append(needsQuotes ? ";host=\"" : ";host=")
      value.append(host)
      if needsQuotes { value.append(0x22) }
    }
  }
}

extension [UInt8] {
  /// Appends the bytes of a literal.
  mutating func append(literal: StaticString) {
    unsafe append(
      contentsOf: UnsafeRawBufferPointer(
        start: literal.utf8Start, count: literal.utf8CodeUnitCount))
  }
}

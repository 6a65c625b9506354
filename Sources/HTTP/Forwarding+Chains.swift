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
      head.fields.append("forwarded") { value in
        value.append(contentsOf: forwarded)
        if !forwarded.isEmpty { value.append(literal: ", ") }
        value.append(literal: "for=")
        // An IPv6 address needs brackets and so quotes; RFC 7239 section 6.
        if !peer.isIPv4 { value.append(literal: "\"[") }
        peer.append(to: &value)
        if !peer.isIPv4 { value.append(literal: "]\"") }
        value.append(literal: isSecure ? ";proto=https" : ";proto=http")
        Self.append(host: authority, to: &value)
      }
      head.fields.append("x-forwarded-for") { value in
        value.append(contentsOf: forwardedFor)
        if !forwardedFor.isEmpty { value.append(literal: ", ") }
        peer.append(to: &value)
      }
      if !hasProto { head.fields.append("x-forwarded-proto", isSecure ? "https" : "http") }
      if !hasHost && !authority.isEmpty {
        head.fields.append("x-forwarded-host") { $0.append(contentsOf: authority) }
      }
    }

    /// Appends the `host` parameter, in quotes when it is no token.
    private static func append(host: [UInt8], to value: inout [UInt8]) {
      guard !host.isEmpty else { return }
      let needsQuotes = !host.allSatisfy { ByteSet.token.contains($0) }
      value.append(literal: needsQuotes ? ";host=\"" : ";host=")
      value.append(contentsOf: host)
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

  /// Appends `value` in `digitCount` lower-case hexadecimal digits.
  mutating func append(hexadecimal value: UInt128, digitCount: Int) {
    // In halves: 64-bit shifts are single instructions.
    if digitCount > 16 {
      append(hexadecimal: UInt64(truncatingIfNeeded: value >> 64), digitCount: digitCount - 16)
    }
    append(hexadecimal: UInt64(truncatingIfNeeded: value), digitCount: Swift.min(digitCount, 16))
  }

  /// Appends the last `digitCount` lower-case hexadecimal digits of `value`.
  private mutating func append(hexadecimal value: UInt64, digitCount: Int) {
    for shift in stride(from: 4 * (digitCount - 1), through: 0, by: -4) {
      let nibble = UInt8(truncatingIfNeeded: (value >> UInt64(shift)) & 0xF)
      append(nibble < 10 ? 0x30 &+ nibble : 0x57 &+ nibble)
    }
  }
}

public import Base

/// Which field names the addresses that a request passed. Trusted proxies write one of them; the
/// other may come from the client untouched, so only one is read.
public enum ForwardedSource: String, Sendable {
  case xForwardedFor = "x-forwarded-for"
  case forwarded
}

/// Who sent a request, and how that is known.
public struct ClientAddress: Equatable, Sendable {
  /// How an address is known.
  public enum Provenance: String, CaseIterable, Sendable {
    /// It is the connection's other end, which is no trusted proxy or said nothing.
    case connection
    /// Trusted proxies named it, and it is none of them.
    case forwarded
    /// Trusted proxies named only each other; it is the outermost of them.
    case allTrusted = "all-trusted"
    /// The chain holds something that does not read (or is too long); it is the last trusted
    /// address before that, so the client itself is not known.
    case unreadable
  }

  /// The address.
  public var address: IPAddress
  /// How it is known.
  public var provenance: Provenance

  /// Makes the finding.
  public init(address: IPAddress, provenance: Provenance) {
    self.address = address
    self.provenance = provenance
  }

  /// Finds the client: walks the forwarding chain from right to left as long as the address reached
  /// lies in a trusted network, so that a client can claim nothing about itself.
  public static func resolve(
    peer: IPAddress, fields: borrowing Fields, trusted: [CIDR],
    source: ForwardedSource = .xForwardedFor, hopsMax: Int = HTTPLimits().forwardedHopsMax
  ) -> ClientAddress {
    var found = ClientAddress(address: peer, provenance: .connection)
    guard isTrusted(peer, trusted) else { return found }
    let known: KnownField = source == .forwarded ? .forwarded : .xForwardedFor
    var hopCount = 0
    for index in stride(from: fields.lines.count - 1, through: 0, by: -1)
    where fields.lines[index].known == known {
      let isDone = unsafe fields.withValue(fields.lines[index]) { value in
        var end = value.count
        while end >= 0 {
          let start = unsafe lastMemberStart(value, before: end)
          let member = unsafe ByteScan.trim(value, start..<end)
          end = start - 1
          if member.isEmpty { continue }
          hopCount += 1
          let text = unsafe ByteScan.slice(value, member)
          guard hopCount <= hopsMax,
            let address = unsafe source == .forwarded ? forwardedFor(text) : node(text)
          else {
            found.provenance = .unreadable
            return true
          }
          found.address = address
          found.provenance = isTrusted(address, trusted) ? .allTrusted : .forwarded
          if found.provenance == .forwarded { return true }
        }
        return false
      }
      if isDone { break }
    }
    return found
  }

  /// Whether `address` lies in one of the networks.
  private static func isTrusted(_ address: IPAddress, _ networks: [CIDR]) -> Bool {
    for network in networks where network.contains(address) { return true }
    return false
  }

  /// Where the list member starts that ends at `end`. Commas in quoted strings do not occur in what
  /// is accepted, so a quoted comma only makes the member unreadable.
  private static func lastMemberStart(_ value: UnsafeRawBufferPointer, before end: Int) -> Int {
    var start = end
    while unsafe start > 0 && value[start - 1] != 0x2C { start -= 1 }
    return start
  }

  /// Reads `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]` or `[2001:db8::1]:80`.
  private static func node(_ text: UnsafeRawBufferPointer) -> IPAddress? {
    guard text.count > 0 else { return nil }
    if unsafe text[0] == 0x5B {
      var end = 1
      while unsafe end < text.count && text[end] != 0x5D { end += 1 }
      guard end < text.count, unsafe isPort(text, from: end + 1) else { return nil }
      let inner = unsafe ByteScan.slice(text, 1..<end)
      let address = unsafe IPAddress(text: inner)
      // A dotted IPv4 address has no place in brackets; a mapped one has.
      return unsafe inner.contains(0x3A) ? address : nil
    }
    if let address = unsafe IPAddress(text: text) { return address }
    var colon = 0
    while unsafe colon < text.count && text[colon] != 0x3A { colon += 1 }
    guard colon < text.count, unsafe isPort(text, from: colon) else { return nil }
    return unsafe IPAddress(text: ByteScan.slice(text, 0..<colon))
  }

  /// Whether nothing, or a colon and one to five digits, stands from `start` on.
  private static func isPort(_ text: UnsafeRawBufferPointer, from start: Int) -> Bool {
    guard start < text.count else { return true }
    return unsafe text[start] == 0x3A && text.count - start <= 6
      && ByteScan.decimal(ByteScan.slice(text, (start + 1)..<text.count)) != nil
  }

  /// Reads the `for` parameter of one member of `Forwarded` (RFC 7239 section 4).
  private static func forwardedFor(_ member: UnsafeRawBufferPointer) -> IPAddress? {
    var start = 0
    var found: IPAddress?
    while start < member.count {
      var end = start
      while unsafe end < member.count && member[end] != 0x3B { end += 1 }
      let pair = unsafe ByteScan.trimmed(ByteScan.slice(member, start..<end))
      start = end + 1
      guard unsafe ByteScan.startsIgnoringCase(pair, "for=") else { continue }
      guard found == nil else { return nil }
      var node = unsafe ByteScan.slice(pair, 4..<pair.count)
      if unsafe node.count >= 2 && node[0] == 0x22 && node[node.count - 1] == 0x22 {
        unsafe node = ByteScan.slice(node, 1..<(node.count - 1))
      }
      found = unsafe Self.node(node)
      if found == nil { return nil }
    }
    return found
  }
}

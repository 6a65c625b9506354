import Base

/// The one form of an authority: a lower-case host name or address, and an optional port.
public enum CanonicalAuthority {
  /// Bytes in a host name: RFC 1035 section 2.3.4.
  private static let hostBytesMax = 255

  /// Writes the canonical form of `raw` to `authority`; false when there is none.
  ///
  /// Refused: user information, empty hosts, percent-encoding, address literals that do not read,
  /// empty ports, ports out of range and ports with leading zeros. RFC 3986 section 3.2.
  public static func canonicalize(
    _ raw: UnsafeRawBufferPointer, into authority: inout [UInt8]
  ) -> Bool {
    authority.removeAll(keepingCapacity: true)
    guard let hostCount = unsafe hostCount(raw),
      unsafe isPort(ByteScan.slice(raw, hostCount..<raw.count))
    else { return false }
    unsafe authority.append(contentsOf: raw)
    for index in 0..<hostCount { authority[index] = ByteScan.lowercase(authority[index]) }
    return true
  }

  /// Bytes of the host at the start of `raw`; nil when it is not one.
  private static func hostCount(_ raw: UnsafeRawBufferPointer) -> Int? {
    guard raw.count > 0 else { return nil }
    if unsafe raw[0] == 0x5B {
      var end = 1
      while unsafe end < raw.count && raw[end] != 0x5D { end += 1 }
      guard end < raw.count, unsafe isIPv6(ByteScan.slice(raw, 1..<end)) else { return nil }
      return end + 1
    }
    var count = 0
    while unsafe count < raw.count && ByteSet.hostName.contains(raw[count]) { count += 1 }
    return count > 0 && count <= hostBytesMax ? count : nil
  }

  /// Whether `text` is an IPv6 address; a dotted IPv4 address has no place in brackets.
  private static func isIPv6(_ text: UnsafeRawBufferPointer) -> Bool {
    for index in 0..<text.count where unsafe text[index] == 0x3A {
      return unsafe IPAddress(text: text) != nil
    }
    return false
  }

  /// Whether `rest` is nothing, or a colon and a port from 1 to 65535.
  private static func isPort(_ rest: UnsafeRawBufferPointer) -> Bool {
    guard rest.count > 0 else { return true }
    guard unsafe rest.count >= 2 && rest.count <= 6 && rest[0] == 0x3A && rest[1] != 0x30,
      let port = unsafe ByteScan.decimal(ByteScan.slice(rest, 1..<rest.count))
    else { return false }
    return port <= 65535
  }
}

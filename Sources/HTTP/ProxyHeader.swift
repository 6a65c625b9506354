public import Base

/// The PROXY protocol's header (versions 1 and 2), by which a load balancer that passes bytes on
/// says, before them, who connected to it.
///
/// A pure function of the first bytes of a connection. Strict: one spelling of each number, TCP
/// over IPv4 or IPv6 only, additional values well-formed (they are not read). A balancer that does
/// not know its client is refused: that client would be taken for the balancer.
/// <https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt>
public enum ProxyHeader {
  /// What the bytes so far are.
  public enum Finding: Equatable, Sendable {
    /// The beginning of a header.
    case needsMore
    /// A header of so many bytes. The source is the client's address and port; nil when the
    /// balancer speaks for itself (`LOCAL`), as its health checks do.
    case complete(Source?, byteCount: Int)
    /// Something else; says what.
    case malformed(String)
  }

  /// Who connected to the balancer.
  public struct Source: Equatable, Sendable {
    /// The address.
    public let address: IPAddress
    /// The port.
    public let port: UInt16
  }

  /// Bytes of a header of version 1 at most: as many as the protocol allows, line end included.
  public static let textByteCountMax = 107
  /// Bytes of a header of version 2 at most: with the additional values that clouds send, and a
  /// client certificate's names.
  public static let byteCountMax = 2_048

  private static let signature: [UInt8] = [
    0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A,
  ]
  private static let word: [UInt8] = Array("PROXY ".utf8)

  /// Reads the header at the beginning of `bytes`, which may hold more.
  public static func read(_ bytes: UnsafeRawBufferPointer) -> Finding {
    guard bytes.count > 0 else { return .needsMore }
    let isText = unsafe bytes[0] == word[0]
    let start = isText ? word : signature
    let known = min(bytes.count, start.count)
    for index in 0..<known where unsafe bytes[index] != start[index] {
      return .malformed("no PROXY header")
    }
    if known < start.count { return .needsMore }
    return isText ? unsafe readText(bytes) : unsafe readBinary(bytes)
  }

  // MARK: Version 1

  /// `PROXY TCP4 192.0.2.1 198.51.100.1 56324 443`, CR, LF.
  private static func readText(_ bytes: UnsafeRawBufferPointer) -> Finding {
    let limit = min(bytes.count, textByteCountMax)
    var end = word.count
    while unsafe end < limit && bytes[end] != 0x0A { end += 1 }
    guard end < limit else {
      return limit == textByteCountMax ? .malformed("the PROXY line is too long") : .needsMore
    }
    guard unsafe bytes[end - 1] == 0x0D else {
      return .malformed("the PROXY line ends in LF alone")
    }
    let line = unsafe UnsafeRawBufferPointer(rebasing: bytes[word.count..<(end - 1)])
    var fields: [Range<Int>] = []
    var start = 0
    for index in 0...line.count where unsafe index == line.count || line[index] == 0x20 {
      fields.append(start..<index)
      start = index + 1
    }
    func field(_ index: Int) -> UnsafeRawBufferPointer {
      unsafe UnsafeRawBufferPointer(rebasing: line[fields[index]])
    }
    let isIPv4 = unsafe field(0).elementsEqual("TCP4".utf8)
    guard unsafe isIPv4 || field(0).elementsEqual("TCP6".utf8), fields.count == 5 else {
      return .malformed("the PROXY line names no TCP client")
    }
    guard let source = unsafe address(field(1), isIPv4), unsafe address(field(2), isIPv4) != nil,
      let port = unsafe port(field(3)), unsafe self.port(field(4)) != nil
    else { return .malformed("an address of the PROXY line does not read") }
    return .complete(Source(address: source, port: port), byteCount: end + 1)
  }

  /// An address of this family's spelling.
  private static func address(_ text: UnsafeRawBufferPointer, _ isIPv4: Bool) -> IPAddress? {
    guard unsafe text.contains(0x3A) != isIPv4 else { return nil }
    return unsafe IPAddress(text: text)
  }

  /// A port without leading zeros.
  private static func port(_ text: UnsafeRawBufferPointer) -> UInt16? {
    guard (1...5).contains(text.count), unsafe text.count == 1 || text[0] != 0x30,
      let number = unsafe ByteScan.decimal(text)
    else { return nil }
    return UInt16(exactly: number)
  }

  // MARK: Version 2

  private static func readBinary(_ bytes: UnsafeRawBufferPointer) -> Finding {
    guard bytes.count >= 16 else { return .needsMore }
    let rest = unsafe Int(bytes[14]) << 8 | Int(bytes[15])
    guard 16 + rest <= byteCountMax else { return .malformed("the PROXY header is too long") }
    let isLocal: Bool
    switch unsafe bytes[12] {
    case 0x20: isLocal = true
    case 0x21: isLocal = false
    default: return .malformed("the PROXY header has another version or command")
    }
    let addressCount: Int
    switch unsafe bytes[13] {
    case 0x11: addressCount = 12
    case 0x21: addressCount = 36
    case 0x00 where isLocal: addressCount = 0
    default: return .malformed("the PROXY header names no TCP client")
    }
    guard rest >= addressCount else { return .malformed("the PROXY header is too short") }
    guard bytes.count >= 16 + rest else { return .needsMore }
    guard unsafe isWellFormed(bytes, from: 16 + addressCount, to: 16 + rest) else {
      return .malformed("the PROXY header's additional values do not add up")
    }
    guard !isLocal else { return .complete(nil, byteCount: 16 + rest) }
    let width = (addressCount - 4) / 2
    let portIndex = 16 + 2 * width
    guard
      let address = unsafe IPAddress(
        networkBytes: UnsafeRawBufferPointer(rebasing: bytes[16..<(16 + width)]))
    else { preconditionFailure("an address has four or sixteen bytes") }
    let port = unsafe UInt16(bytes[portIndex]) << 8 | UInt16(bytes[portIndex + 1])
    return .complete(Source(address: address, port: port), byteCount: 16 + rest)
  }

  /// Whether additional values (type, length, value) fill the range.
  private static func isWellFormed(
    _ bytes: UnsafeRawBufferPointer, from start: Int, to end: Int
  ) -> Bool {
    var index = start
    while index < end {
      guard index + 3 <= end else { return false }
      index += 3 + (unsafe Int(bytes[index + 1]) << 8 | Int(bytes[index + 2]))
    }
    return index == end
  }
}

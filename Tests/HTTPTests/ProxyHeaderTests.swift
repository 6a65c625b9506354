import Base
import Testing

@testable import HTTP

/// PROXY headers: what is read, and what is refused.
@Suite struct ProxyHeaderTests {
  private static func read(_ bytes: [UInt8]) -> ProxyHeader.Finding {
    unsafe bytes.withUnsafeBytes { unsafe ProxyHeader.read($0) }
  }

  private static func source(_ address: String, _ port: UInt16) -> ProxyHeader.Source? {
    IPAddress(address).map { ProxyHeader.Source(address: $0, port: port) }
  }

  /// A header of version 2 with these bytes behind its first sixteen.
  private static func binary(
    _ command: UInt8, _ family: UInt8, _ rest: [UInt8], length: Int? = nil
  ) -> [UInt8] {
    let count = length ?? rest.count
    return [0x0D, 0x0A, 0x0D, 0x0A, 0, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A, command, family]
      + [UInt8(count >> 8), UInt8(count & 255)] + rest
  }

  private static let v4: [UInt8] = [198, 51, 100, 7, 10, 0, 0, 1, 0xDC, 0x04, 0x01, 0xBB]
  private static let v6: [UInt8] =
    [0x20, 0x01, 0x0D, 0xB8] + [UInt8](repeating: 0, count: 11) + [7]
    + [UInt8](repeating: 0xFD, count: 16) + [0xDC, 0x04, 0x01, 0xBB]

  static let good: [(bytes: [UInt8], address: String?, port: UInt16)] = [
    (Array("PROXY TCP4 198.51.100.7 10.0.0.1 56324 443\r\n".utf8), "198.51.100.7", 56324),
    (Array("PROXY TCP4 198.51.100.7 10.0.0.1 0 65535\r\n".utf8), "198.51.100.7", 0),
    (Array("PROXY TCP6 2001:db8::7 fd00::1 56324 443\r\n".utf8), "2001:db8::7", 56324),
    (Array("PROXY TCP6 ::ffff:198.51.100.7 ::1 1 443\r\n".utf8), "198.51.100.7", 1),
    (binary(0x21, 0x11, v4), "198.51.100.7", 56324), (binary(0x21, 0x21, v6), "2001:db8::7", 56324),
    (binary(0x21, 0x11, v4 + [4, 0, 0]), "198.51.100.7", 56324),
    (binary(0x21, 0x11, v4 + [4, 0, 2, 9, 9, 0xEA, 0, 1, 1]), "198.51.100.7", 56324),
    (binary(0x20, 0x00, []), nil, 0), (binary(0x20, 0x11, v4), nil, 0),
  ]

  @Test(arguments: good.indices)
  func goodHeadersAreRead(_ index: Int) {
    let row = Self.good[index]
    let source = row.address.flatMap { Self.source($0, row.port) }
    for tail in [[], Array("GET / HTTP/1.1\r\n".utf8), [0x16, 3, 1]] {
      #expect(
        Self.read(row.bytes + tail) == .complete(source, byteCount: row.bytes.count))
    }
    for count in 0..<row.bytes.count {
      #expect(Self.read(Array(row.bytes[..<count])) == .needsMore, "\(count)")
    }
  }

  static let bad: [[UInt8]] = [
    Array("GET / HTTP/1.1\r\n".utf8), [0x16, 3, 1], Array("PROXI".utf8), Array("proxy ".utf8),
    [0x0D, 0x0A, 0x0D, 0x0B],
    Array("PROXY UNKNOWN\r\n".utf8), Array("PROXY UNKNOWN 1.2.3.4 1.2.3.4 1 2\r\n".utf8),
    Array("PROXY TCP4 198.51.100.7 10.0.0.1 56324 443\n".utf8),
    Array("PROXY TCP4 198.51.100.7 10.0.0.1 56324\r\n".utf8),
    Array("PROXY TCP4 198.51.100.7 10.0.0.1 56324 443 1\r\n".utf8),
    Array("PROXY TCP4  198.51.100.7 10.0.0.1 56324 443\r\n".utf8),
    Array("PROXY TCP4 198.51.100.7 10.0.0.1 56324 443 \r\n".utf8),
    Array("PROXY TCP4\t198.51.100.7 10.0.0.1 56324 443\r\n".utf8),
    Array("PROXY TCP4 198.51.100.07 10.0.0.1 56324 443\r\n".utf8),
    Array("PROXY TCP4 198.51.100.7 10.0.0.1 056324 443\r\n".utf8),
    Array("PROXY TCP4 198.51.100.7 10.0.0.1 65536 443\r\n".utf8),
    Array("PROXY TCP4 198.51.100.7 10.0.0.1 -1 443\r\n".utf8),
    Array("PROXY TCP4 198.51.100.7 10.0.0.1 +1 443\r\n".utf8),
    Array("PROXY TCP4 2001:db8::7 fd00::1 56324 443\r\n".utf8),
    Array("PROXY TCP6 198.51.100.7 10.0.0.1 56324 443\r\n".utf8),
    Array("PROXY TCP4 198.51.100.7 fd00::1 56324 443\r\n".utf8),
    Array("PROXY TCP4 localhost 10.0.0.1 56324 443\r\n".utf8),
    Array("PROXY TCP5 198.51.100.7 10.0.0.1 56324 443\r\n".utf8),
    Array("PROXY \r\n".utf8), Array("PROXY TCP4\r\n".utf8),
    Array(("PROXY TCP4 " + String(repeating: "1", count: 100)).utf8),
    binary(0x22, 0x11, v4), binary(0x11, 0x11, v4), binary(0x00, 0x11, v4),
    binary(0x21, 0x00, []), binary(0x21, 0x31, [UInt8](repeating: 0, count: 216)),
    binary(0x21, 0x12, v4), binary(0x21, 0x22, v6), binary(0x21, 0x01, v4),
    binary(0x21, 0x11, Array(v4.dropLast())), binary(0x21, 0x21, v4),
    binary(0x21, 0x11, v4 + [4]), binary(0x21, 0x11, v4 + [4, 0]),
    binary(0x21, 0x11, v4 + [4, 0, 2, 9]), binary(0x21, 0x11, v4 + [4, 0xFF, 0xFF]),
    binary(0x21, 0x11, v4, length: 2_033), binary(0x21, 0x11, v4, length: 65_535),
  ]

  @Test(arguments: bad.indices)
  func everythingElseIsRefused(_ index: Int) {
    guard case .malformed = Self.read(Self.bad[index]) else {
      Issue.record("taken: \(Self.bad[index])")
      return
    }
  }

  /// Random bytes, and good headers with some bytes changed: nothing traps, what is complete lies
  /// within the bytes and its bounds, and more bytes never change what was found.
  @Test(arguments: [UInt64](1...40))
  func anyBytesAreRead(_ seed: UInt64) {
    var random = SplitMix64(seed: seed)
    for _ in 0..<400 {
      var bytes = Self.good[Int.random(in: 0..<Self.good.count, using: &random)].bytes
      if Bool.random(using: &random) {
        bytes += (0..<Int.random(in: 0...80, using: &random)).map { _ in
          UInt8.random(in: 0...255, using: &random)
        }
      }
      for _ in 0..<Int.random(in: 0...3, using: &random) {
        let index = Int.random(in: 0..<bytes.count, using: &random)
        bytes[index] = UInt8.random(in: 0...255, using: &random)
      }
      let whole = Self.read(bytes)
      if case .complete(_, let byteCount) = whole {
        #expect(byteCount <= bytes.count && byteCount <= ProxyHeader.byteCountMax)
      }
      let part = Self.read(Array(bytes[..<Int.random(in: 0...bytes.count, using: &random)]))
      #expect(part == .needsMore || part == whole)
    }
  }
}

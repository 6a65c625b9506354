/// A 128-bit identifier: of a decision, an instance, a log, or a patient under a pseudonym.
public struct AuditID: Hashable, Sendable {
  /// The first eight bytes, big-endian.
  public var high: UInt64
  /// The last eight bytes, big-endian.
  public var low: UInt64

  /// Makes the identifier from its halves.
  public init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }

  /// Reads 32 hexadecimal digits of either case; nil for anything else.
  public init?(hexadecimal text: some StringProtocol) {
    let digits = Array(text.utf8)
    guard digits.count == 32 else { return nil }
    var halves: (UInt64, UInt64) = (0, 0)
    for (index, digit) in digits.enumerated() {
      let value: UInt8
      switch digit {
      case 0x30...0x39: value = digit - 0x30
      case 0x41...0x46: value = digit - 0x37
      case 0x61...0x66: value = digit - 0x57
      default: return nil
      }
      if index < 16 {
        halves.0 = halves.0 << 4 | UInt64(value)
      } else {
        halves.1 = halves.1 << 4 | UInt64(value)
      }
    }
    self.init(high: halves.0, low: halves.1)
  }
}

extension AuditID: CustomStringConvertible {
  /// 32 lower-case hexadecimal digits.
  public var description: String { Self.hexadecimal(high) + Self.hexadecimal(low) }

  /// 16 lower-case hexadecimal digits.
  private static func hexadecimal(_ value: UInt64) -> String {
    let text = String(value, radix: 16)
    return String(repeating: "0", count: 16 - text.count) + text
  }
}

/// An IP address as a record keeps it.
public struct ClientAddress: Hashable, Sendable {
  /// The 16 bytes of IPv6, or the four of IPv4 in `low`'s lower half; big-endian.
  public var high: UInt64
  /// See `high`.
  public var low: UInt64
  /// 4 or 6; 0 when there is no address.
  public var family: UInt8

  /// No address.
  public static let none = ClientAddress(high: 0, low: 0, family: 0)

  /// An IPv4 address in host order: 127.0.0.1 is 0x7F000001.
  public static func v4(_ address: UInt32) -> ClientAddress {
    ClientAddress(high: 0, low: UInt64(address), family: 4)
  }

  /// An IPv6 address, its halves big-endian.
  public static func v6(high: UInt64, low: UInt64) -> ClientAddress {
    ClientAddress(high: high, low: low, family: 6)
  }
}

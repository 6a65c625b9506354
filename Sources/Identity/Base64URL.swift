public import Base

/// Base64 for URLs without padding (RFC 4648 section 5, RFC 7515 section 2).
public enum Base64URL {
  /// The bytes that `text` writes; nil when it holds another byte, has an impossible length, or
  /// spare bits that are set: every value has one spelling.
  public static func decode(_ text: ArraySlice<UInt8>) -> [UInt8]? {
    guard text.count % 4 != 1 else { return nil }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.count * 3 / 4)
    var bits: UInt32 = 0
    var bitCount = 0
    for character in text {
      guard let value = value(of: character) else { return nil }
      bits = bits << 6 | value
      bitCount += 6
      guard bitCount >= 8 else { continue }
      bitCount -= 8
      bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(bitCount)))
      bits &= (1 << UInt32(bitCount)) - 1
    }
    return bits == 0 ? bytes : nil
  }

  /// Appends what writes `bytes`: four characters for three of them.
  public static func encode(_ bytes: UnsafeRawBufferPointer, into text: inout ByteWriter) {
    var (bits, bitCount) = (UInt32(0), 0)
    for index in 0..<bytes.count {
      bits = bits << 8 | UInt32(unsafe bytes[index])
      bitCount += 8
      while bitCount >= 6 {
        bitCount -= 6
        text.append(character(of: bits >> UInt32(bitCount) & 0x3F))
      }
    }
    if bitCount > 0 { text.append(character(of: bits << UInt32(6 - bitCount) & 0x3F)) }
  }

  private static func character(of value: UInt32) -> UInt8 {
    switch value {
    case 0..<26: UInt8(value) + 0x41
    case 26..<52: UInt8(value) + 0x61 - 26
    case 52..<62: UInt8(value) + 0x30 - 52
    case 62: UInt8(ascii: "-")
    default: UInt8(ascii: "_")
    }
  }

  private static func value(of character: UInt8) -> UInt32? {
    switch character {
    case 0x41...0x5A: UInt32(character - 0x41)
    case 0x61...0x7A: UInt32(character - 0x61 + 26)
    case 0x30...0x39: UInt32(character - 0x30 + 52)
    case UInt8(ascii: "-"): 62
    case UInt8(ascii: "_"): 63
    default: nil
    }
  }
}

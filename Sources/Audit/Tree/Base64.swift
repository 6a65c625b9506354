/// Base64 with the standard alphabet and padding (RFC 4648, section 4). Slow paths only.
enum Base64 {
  private static let alphabet = Array(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

  /// The text of `bytes`.
  static func encode(_ bytes: [UInt8]) -> String {
    var text: [UInt8] = []
    for start in stride(from: 0, to: bytes.count, by: 3) {
      let group = bytes[start..<min(start + 3, bytes.count)]
      var word: UInt32 = 0
      for byte in group { word = word << 8 | UInt32(byte) }
      word <<= UInt32(8 * (3 - group.count))
      for place in 0..<4 {
        let digit = alphabet[Int(word >> UInt32(18 - 6 * place) & 63)]
        text.append(place <= group.count ? digit : UInt8(ascii: "="))
      }
    }
    return String(decoding: text, as: UTF8.self)
  }

  /// The bytes of `text`; nil for anything but the one form that `encode` gives.
  static func decode(_ text: some StringProtocol) -> [UInt8]? {
    let digits = Array(text.utf8)
    guard digits.count.isMultiple(of: 4) else { return nil }
    var bytes: [UInt8] = []
    for start in stride(from: 0, to: digits.count, by: 4) {
      let isLast = start + 4 == digits.count
      var word: UInt32 = 0
      var padding = 0
      for digit in digits[start..<(start + 4)] {
        if digit == UInt8(ascii: "="), isLast {
          padding += 1
          word <<= 6
          continue
        }
        guard padding == 0, let value = alphabet.firstIndex(of: digit) else { return nil }
        word = word << 6 | UInt32(value)
      }
      // Bits behind the last byte must be zero, or two texts would mean the same bytes.
      guard padding <= 2, word & (padding == 2 ? 0xFFFF : padding == 1 ? 0xFF : 0) == 0 else {
        return nil
      }
      let group = [24, 16, 8].map { UInt8(truncatingIfNeeded: word >> UInt32($0 - 8)) }
      bytes += group.prefix(3 - padding)
    }
    return bytes
  }
}

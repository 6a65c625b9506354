/// Base64 with padding (RFC 4648 section 4), strict: what does not encode back is refused.
public enum Base64 {
  private static let alphabet = Array(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

  /// The text of `bytes`.
  public static func encode(_ bytes: [UInt8]) -> String {
    var text: [UInt8] = []
    for start in stride(from: 0, to: bytes.count, by: 3) {
      let group = bytes[start..<min(start + 3, bytes.count)]
      let word = group.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - group.count))
      for place in 0..<4 {
        text.append(
          place <= group.count ? alphabet[word >> (18 - 6 * place) & 63] : UInt8(ascii: "="))
      }
    }
    return String(decoding: text, as: UTF8.self)
  }

  /// The bytes of `text`; nil unless it is exactly what `encode` writes for them.
  public static func decode(_ text: some StringProtocol) -> [UInt8]? {
    let characters = Array(text.utf8)
    guard characters.count.isMultiple(of: 4) else { return nil }
    let paddingCount = characters.reversed().prefix { $0 == UInt8(ascii: "=") }.count
    guard paddingCount <= 2 else { return nil }
    var bytes: [UInt8] = []
    var word = 0
    var bitCount = 0
    for character in characters.dropLast(paddingCount) {
      guard let value = alphabet.firstIndex(of: character) else { return nil }
      word = (word << 6 | value) & 0xFFFF
      bitCount += 6
      guard bitCount >= 8 else { continue }
      bitCount -= 8
      bytes.append(UInt8(truncatingIfNeeded: word >> bitCount))
    }
    // Bits beyond the last byte must be zero: one key has one spelling.
    return encode(bytes) == text ? bytes : nil
  }
}

internal import Native

/// The hash that links a line of a history to all lines before it.
enum Chain {
  /// The chain before the first line.
  static let start = String(repeating: "0", count: 64)

  /// The chain up to a line that says `rest`.
  static func link(_ chain: String, _ rest: String) -> String {
    "\(SHA256.hash(Array("\(chain) \(rest)".utf8)))"
  }

  /// A count as a file gives it; nil for anything that is none, or not one of this world.
  static func count(_ text: some StringProtocol, from least: Int = 0) -> Int? {
    Int(text).flatMap { (least...Limits.countMax).contains($0) ? $0 : nil }
  }

  /// Words that fit into a line: no control characters, and not endless.
  static func clean(
    _ text: String, byteCountMax: Int = Limits.detailByteCountMax
  ) -> String {
    var line = String.UnicodeScalarView()
    var byteCount = 0
    for scalar in text.unicodeScalars {
      byteCount += UTF8.width(scalar)
      if byteCount > byteCountMax { break }
      line.append(scalar.value < 0x20 || scalar.value == 0x7F ? " " : scalar)
    }
    return String(line)
  }
}

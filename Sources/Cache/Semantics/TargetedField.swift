/// Reads a targeted cache field: a dictionary of RFC 9651, as RFC 9213 section 2.1 uses it.
///
/// One error anywhere makes the field as if absent. Of each member the last value counts.
struct TargetedField {
  private var scan: TextScan

  /// The directives of the combined lines of one field; nil when it is empty or has an error.
  static func directives(_ value: [UInt8]) -> ResponseDirectives? {
    var field = TargetedField(scan: TextScan(value))
    guard let members = field.dictionary(), !members.isEmpty else { return nil }
    var directives = ResponseDirectives()
    for member in members { directives.note(member.name, member.argument) }
    return directives
  }

  /// The members of a list of strings (RFC 9651 section 3.1), each as it is written between its
  /// quotes: there is one way to write it. The first `countMax` of them, and whether those are all;
  /// nil on an error, or when a member is no string.
  static func strings(_ value: [UInt8], countMax: Int) -> (strings: [[UInt8]], isWhole: Bool)? {
    var field = TargetedField(scan: TextScan(value))
    var strings: [[UInt8]] = []
    var isWhole = true
    while field.scan.next == 0x20 { field.scan.index += 1 }
    while !field.scan.isAtEnd {
      let start = field.scan.index + 1
      guard field.string() else { return nil }
      let string = Array(field.scan.bytes[start..<(field.scan.index - 1)])
      guard field.parameters() else { return nil }
      if strings.count < countMax { strings.append(string) } else { isWhole = false }
      field.scan.skipBlanks()
      if field.scan.isAtEnd { break }
      guard field.scan.skip(0x2C) else { return nil }
      field.scan.skipBlanks()
      if field.scan.isAtEnd { return nil }
    }
    return (strings, isWhole)
  }

  /// One member of the dictionary.
  private typealias Member = (name: [UInt8], argument: Directive.Argument)

  /// All members; nil on an error (RFC 9651 section 4.2.2).
  private mutating func dictionary() -> [Member]? {
    var members: [Member] = []
    while scan.next == 0x20 { scan.index += 1 }
    guard !scan.isAtEnd else { return members }
    while members.count < CacheLimits.dictionaryMemberCountMax {
      guard let name = key() else { return nil }
      var argument = Directive.Argument.boolean(true)
      if scan.skip(0x3D) {
        guard let value = scan.next == 0x28 ? innerList() : bareItem() else { return nil }
        argument = value
      }
      guard parameters() else { return nil }
      members.removeAll { $0.name == name }
      members.append((name, argument))
      scan.skipBlanks()
      if scan.isAtEnd { return members }
      guard scan.skip(0x2C) else { return nil }
      scan.skipBlanks()
      if scan.isAtEnd { return nil }
    }
    return nil
  }

  /// A key: lower case only.
  private mutating func key() -> [UInt8]? {
    let start = scan.index
    guard let first = scan.next, Self.isLower(first) || first == 0x2A else { return nil }
    while let byte = scan.next,
      Self.isLower(byte) || Self.isDigit(byte) || [0x5F, 0x2D, 0x2E, 0x2A].contains(byte)
    { scan.index += 1 }
    return Array(scan.bytes[start..<scan.index])
  }

  /// Parameters are read and mean nothing.
  private mutating func parameters() -> Bool {
    while scan.skip(0x3B) {
      while scan.next == 0x20 { scan.index += 1 }
      guard key() != nil else { return false }
      if scan.skip(0x3D) {
        guard bareItem() != nil else { return false }
      }
    }
    return true
  }

  /// An inner list: no directive takes one.
  private mutating func innerList() -> Directive.Argument? {
    guard scan.skip(0x28) else { return nil }
    while true {
      while scan.next == 0x20 { scan.index += 1 }
      if scan.skip(0x29) { return .other }
      guard bareItem() != nil, parameters() else { return nil }
      guard scan.next == 0x20 || scan.next == 0x29 else { return nil }
    }
  }

  /// One item without its parameters.
  private mutating func bareItem() -> Directive.Argument? {
    guard let first = scan.next else { return nil }
    switch first {
    case 0x2D, 0x30...0x39: return number()
    case 0x22: return string() ? .words : nil
    case 0x3F:
      scan.index += 1
      if scan.skip(0x31) { return .boolean(true) }
      return scan.skip(0x30) ? .boolean(false) : nil
    case 0x3A: return byteSequence() ? .other : nil
    case 0x40:
      scan.index += 1
      if case .integer? = number() { return .other }
      return nil
    case 0x25:
      scan.index += 1
      return displayString() ? .other : nil
    default:
      guard first == 0x2A || Self.isLower(first | 0x20) else { return nil }
      while let byte = scan.next, Self.isTokenByte(byte) { scan.index += 1 }
      return .words
    }
  }

  /// An integer of up to 15 digits, or a decimal.
  private mutating func number() -> Directive.Argument? {
    let isNegative = scan.skip(0x2D)
    var value: Int64 = 0
    var digitCount = 0
    while let byte = scan.next, Self.isDigit(byte) {
      digitCount += 1
      guard digitCount <= 15 else { return nil }
      value = value * 10 + Int64(byte - 0x30)
      scan.index += 1
    }
    guard digitCount > 0 else { return nil }
    guard scan.skip(0x2E) else { return .integer(isNegative ? -value : value) }
    var fractionCount = 0
    while let byte = scan.next, Self.isDigit(byte) {
      fractionCount += 1
      scan.index += 1
    }
    return digitCount <= 12 && (1...3).contains(fractionCount) ? .other : nil
  }

  /// A string: visible ASCII and spaces, with escaped quotes and backslashes.
  private mutating func string() -> Bool {
    guard scan.skip(0x22) else { return false }
    while let byte = scan.next {
      scan.index += 1
      switch byte {
      case 0x22: return true
      case 0x5C:
        guard let escaped = scan.next, escaped == 0x22 || escaped == 0x5C else { return false }
        scan.index += 1
      case 0x20..<0x7F: break
      default: return false
      }
    }
    return false
  }

  /// `:base64:`.
  private mutating func byteSequence() -> Bool {
    guard scan.skip(0x3A) else { return false }
    while let byte = scan.next {
      scan.index += 1
      if byte == 0x3A { return true }
      guard Self.isLower(byte | 0x20) || Self.isDigit(byte) || [0x2B, 0x2F, 0x3D].contains(byte)
      else { return false }
    }
    return false
  }

  /// `%"..."` with percent-encoded bytes.
  private mutating func displayString() -> Bool {
    guard scan.skip(0x22) else { return false }
    while let byte = scan.next {
      scan.index += 1
      switch byte {
      case 0x22: return true
      case 0x25:
        for _ in 0..<2 {
          guard let digit = scan.next, Self.isDigit(digit) || (0x61...0x66).contains(digit)
          else { return false }
          scan.index += 1
        }
      case 0x20..<0x7F: break
      default: return false
      }
    }
    return false
  }

  private static func isLower(_ byte: UInt8) -> Bool { byte >= 0x61 && byte <= 0x7A }
  private static func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }
  private static func isTokenByte(_ byte: UInt8) -> Bool {
    isLower(byte | 0x20) || isDigit(byte) || "!#$%&'*+-.^_`|~:/".utf8.contains(byte)
  }
}

/// What keeps a text from being read. Positions only: nothing of the text is repeated.
public enum JSONTextFault: Error, Equatable, Sendable {
  /// The byte at this offset does not fit, or the text ends there.
  case syntax(offset: Int)
  /// The member whose name ends at this offset stands twice.
  case duplicate(offset: Int)
  /// Objects and lists are nested too deeply.
  case nested
}

/// Reads one JSON text (RFC 8259); for what is not on a loop's hot path.
///
/// Strict: an object that names a member twice is refused, because two readers would see two
/// documents. Numbers that are no 64-bit integers become fractions.
public struct JSONReader {
  private let bytes: [UInt8]
  private let depthMax: Int
  private var offset = 0

  private init(_ bytes: [UInt8], _ depthMax: Int) {
    self.bytes = bytes
    self.depthMax = depthMax
  }

  /// The value that `bytes` hold, and nothing behind it. Objects and lists may be nested
  /// `depthMax` deep.
  public static func read(_ bytes: [UInt8], depthMax: Int) throws(JSONTextFault) -> JSONValue {
    var reader = JSONReader(bytes, depthMax)
    let value = try reader.value(depth: 0)
    reader.skipSpace()
    guard reader.offset == bytes.count else { throw reader.fault }
    return value
  }

  private var fault: JSONTextFault { .syntax(offset: offset) }
  private var peek: UInt8? { offset < bytes.count ? bytes[offset] : nil }

  private mutating func skipSpace() {
    while let byte = peek, [0x20, 0x09, 0x0A, 0x0D].contains(byte) { offset += 1 }
  }

  private mutating func takes(_ byte: Character) -> Bool {
    skipSpace()
    guard peek == byte.asciiValue else { return false }
    offset += 1
    return true
  }

  private mutating func value(depth: Int) throws(JSONTextFault) -> JSONValue {
    skipSpace()
    switch peek {
    case UInt8(ascii: "{"): return try object(depth: depth + 1)
    case UInt8(ascii: "["): return try list(depth: depth + 1)
    case UInt8(ascii: "\""): return .text(try string())
    case UInt8(ascii: "t"): return try word("true", .boolean(true))
    case UInt8(ascii: "f"): return try word("false", .boolean(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    default: return try number()
    }
  }

  private mutating func object(depth: Int) throws(JSONTextFault) -> JSONValue {
    guard depth <= depthMax else { throw .nested }
    offset += 1
    var members: [(String, JSONValue)] = []
    var names: Set<String> = []
    if takes("}") { return .object([]) }
    repeat {
      skipSpace()
      guard peek == UInt8(ascii: "\"") else { throw fault }
      let name = try string()
      guard names.insert(name).inserted else { throw .duplicate(offset: offset) }
      guard takes(":") else { throw fault }
      members.append((name, try value(depth: depth)))
    } while takes(",")
    guard takes("}") else { throw fault }
    return .object(members)
  }

  private mutating func list(depth: Int) throws(JSONTextFault) -> JSONValue {
    guard depth <= depthMax else { throw .nested }
    offset += 1
    var items: [JSONValue] = []
    if takes("]") { return .list([]) }
    repeat { items.append(try value(depth: depth)) } while takes(",")
    guard takes("]") else { throw fault }
    return .list(items)
  }

  private mutating func word(_ word: String, _ value: JSONValue) throws(JSONTextFault) -> JSONValue
  {
    guard bytes[offset...].starts(with: word.utf8) else { throw fault }
    offset += word.utf8.count
    return value
  }

  private mutating func string() throws(JSONTextFault) -> String {
    offset += 1
    var text: [UInt8] = []
    while let byte = peek {
      switch byte {
      case UInt8(ascii: "\""):
        offset += 1
        guard let valid = String(validating: text, as: UTF8.self) else { throw fault }
        return valid
      case UInt8(ascii: "\\"): try escape(into: &text)
      case 0..<0x20: throw fault
      default:
        text.append(byte)
        offset += 1
      }
    }
    throw fault
  }

  private mutating func escape(into text: inout [UInt8]) throws(JSONTextFault) {
    offset += 1
    guard let letter = peek else { throw fault }
    offset += 1
    switch letter {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(letter)
    case UInt8(ascii: "b"): text.append(0x08)
    case UInt8(ascii: "f"): text.append(0x0C)
    case UInt8(ascii: "n"): text.append(0x0A)
    case UInt8(ascii: "r"): text.append(0x0D)
    case UInt8(ascii: "t"): text.append(0x09)
    case UInt8(ascii: "u"): text.append(contentsOf: String(try scalar()).utf8)
    default: throw fault
    }
  }

  /// The scalar behind `\u`; a surrogate needs its other half.
  private mutating func scalar() throws(JSONTextFault) -> Unicode.Scalar {
    let first = try fourDigits()
    if let scalar = Unicode.Scalar(first) { return scalar }
    guard first < 0xDC00, bytes[offset...].starts(with: [0x5C, 0x75]) else { throw fault }
    offset += 2
    let second = try fourDigits()
    guard (0xDC00..<0xE000).contains(second),
      let scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
    else { throw fault }
    return scalar
  }

  private mutating func fourDigits() throws(JSONTextFault) -> UInt32 {
    guard offset + 4 <= bytes.count else { throw fault }
    let digits = bytes[offset..<offset + 4]
    guard digits.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }),
      let value = UInt32(String(decoding: digits, as: UTF8.self), radix: 16)
    else { throw fault }
    offset += 4
    return value
  }

  /// RFC 8259 section 6.
  private mutating func number() throws(JSONTextFault) -> JSONValue {
    let start = offset
    if peek == UInt8(ascii: "-") { offset += 1 }
    let firstDigit = peek
    let count = digits()
    guard count == 1 || (count > 1 && firstDigit != UInt8(ascii: "0")) else { throw fault }
    var isWhole = true
    if peek == UInt8(ascii: ".") {
      offset += 1
      isWhole = false
      guard digits() > 0 else { throw fault }
    }
    if peek == UInt8(ascii: "e") || peek == UInt8(ascii: "E") {
      offset += 1
      isWhole = false
      if peek == UInt8(ascii: "+") || peek == UInt8(ascii: "-") { offset += 1 }
      guard digits() > 0 else { throw fault }
    }
    let text = String(decoding: bytes[start..<offset], as: UTF8.self)
    if isWhole, let value = Int(text) { return .number(value) }
    guard let value = Double(text), value.isFinite else { throw fault }
    return .fraction(value)
  }

  private mutating func digits() -> Int {
    let start = offset
    while let byte = peek, (0x30...0x39).contains(byte) { offset += 1 }
    return offset - start
  }
}

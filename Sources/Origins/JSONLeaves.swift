/// What is wrong with a JSON text. Positions only: nothing the peer sent is repeated.
public enum JSONFault: Error, Hashable, Sendable {
  /// The text is longer than its bound.
  case tooLong
  /// The byte at this offset does not fit (RFC 8259), or the text ends there.
  case syntax(offset: Int)
  /// Objects or arrays are nested too deeply.
  case nested(offset: Int)
}

/// A reader of one small JSON object (RFC 8259) as its leaves, each with the keys that lead to it.
///
/// Strict: no comments, no trailing comma, no bytes after the object, strings must be valid UTF-8.
/// Arrays are checked and left out.
struct JSONLeaves {
  /// A leaf's value.
  enum Value: Equatable {
    case string(String)
    /// A number without fraction or exponent that fits.
    case integer(Int64)
    /// Any other number; infinite when it is too large.
    case number(Double)
    case boolean(Bool)
    case null
  }

  /// Objects and arrays inside each other: more than a health report has, small for the stack.
  private static let depthMax = 4

  private let bytes: [UInt8]
  private var offset = 0
  private var leaves: [(path: [String], value: Value)] = []

  private init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// The leaves of the object that `bytes` hold, in their order.
  static func read(
    _ bytes: [UInt8], byteCountMax: Int
  ) throws(JSONFault) -> [(path: [String], value: Value)] {
    guard bytes.count <= byteCountMax else { throw .tooLong }
    var reader = JSONLeaves(bytes)
    guard try reader.peek() == UInt8(ascii: "{") else { throw .syntax(offset: reader.offset) }
    try reader.object(at: [], depth: 1)
    reader.skipSpace()
    guard reader.offset == bytes.count else { throw .syntax(offset: reader.offset) }
    return reader.leaves
  }

  /// Reads an object; `path` is nil inside an array, where leaves are left out.
  private mutating func object(at path: [String]?, depth: Int) throws(JSONFault) {
    try expect(UInt8(ascii: "{"))
    if try takes(UInt8(ascii: "}")) { return }
    repeat {
      guard try peek() == UInt8(ascii: "\"") else { throw .syntax(offset: offset) }
      let key = try string()
      try expect(UInt8(ascii: ":"))
      try value(at: path.map { $0 + [key] }, depth: depth)
    } while try takes(UInt8(ascii: ","))
    try expect(UInt8(ascii: "}"))
  }

  private mutating func array(depth: Int) throws(JSONFault) {
    try expect(UInt8(ascii: "["))
    if try takes(UInt8(ascii: "]")) { return }
    repeat { try value(at: nil, depth: depth) } while try takes(UInt8(ascii: ","))
    try expect(UInt8(ascii: "]"))
  }

  private mutating func value(at path: [String]?, depth: Int) throws(JSONFault) {
    let first = try peek()
    if first == UInt8(ascii: "{") || first == UInt8(ascii: "[") {
      guard depth < Self.depthMax else { throw .nested(offset: offset) }
      return first == UInt8(ascii: "{")
        ? try object(at: path, depth: depth + 1) : try array(depth: depth + 1)
    }
    let leaf = try leaf()
    if let path { leaves.append((path, leaf)) }
  }

  private mutating func skipSpace() {
    while offset < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[offset]) { offset += 1 }
  }

  /// The next byte that is not white space, not consumed.
  private mutating func peek() throws(JSONFault) -> UInt8 {
    skipSpace()
    guard offset < bytes.count else { throw .syntax(offset: offset) }
    return bytes[offset]
  }

  private mutating func expect(_ byte: UInt8) throws(JSONFault) {
    guard try peek() == byte else { throw .syntax(offset: offset) }
    offset += 1
  }

  /// Consumes `byte` if it comes next.
  private mutating func takes(_ byte: UInt8) throws(JSONFault) -> Bool {
    guard try peek() == byte else { return false }
    offset += 1
    return true
  }

  private mutating func leaf() throws(JSONFault) -> Value {
    switch try peek() {
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): return try word("true", .boolean(true))
    case UInt8(ascii: "f"): return try word("false", .boolean(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    default: return try number()
    }
  }

  private mutating func word(_ text: StaticString, _ value: Value) throws(JSONFault) -> Value {
    for byte in text.description.utf8 {
      guard offset < bytes.count, bytes[offset] == byte else { throw .syntax(offset: offset) }
      offset += 1
    }
    return value
  }

  /// Consumes digits and returns how many there were.
  private mutating func digits() -> Int {
    let start = offset
    while offset < bytes.count, (0x30...0x39).contains(bytes[offset]) { offset += 1 }
    return offset - start
  }

  private mutating func number() throws(JSONFault) -> Value {
    let start = offset
    var isInteger = true
    if bytes[offset] == UInt8(ascii: "-") { offset += 1 }
    let first = offset
    let count = digits()
    guard count == 1 || (count > 1 && bytes[first] != 0x30) else { throw .syntax(offset: first) }
    if offset < bytes.count, bytes[offset] == UInt8(ascii: ".") {
      isInteger = false
      offset += 1
      guard digits() > 0 else { throw .syntax(offset: offset) }
    }
    if offset < bytes.count, bytes[offset] | 0x20 == UInt8(ascii: "e") {
      isInteger = false
      offset += 1
      if offset < bytes.count, [0x2B, 0x2D].contains(bytes[offset]) { offset += 1 }
      guard digits() > 0 else { throw .syntax(offset: offset) }
    }
    let text = String(decoding: bytes[start..<offset], as: UTF8.self)
    if isInteger, let number = Int64(text) { return .integer(number) }
    return .number(Double(text) ?? .infinity)
  }

  private mutating func string() throws(JSONFault) -> String {
    try expect(UInt8(ascii: "\""))
    let start = offset
    var content: [UInt8] = []
    while true {
      guard offset < bytes.count, bytes[offset] >= 0x20 else { throw .syntax(offset: offset) }
      let byte = bytes[offset]
      offset += 1
      if byte == UInt8(ascii: "\"") { break }
      if byte == UInt8(ascii: "\\") { try escape(into: &content) } else { content.append(byte) }
    }
    guard let text = String(validating: content, as: UTF8.self) else {
      throw .syntax(offset: start)
    }
    return text
  }

  private mutating func escape(into content: inout [UInt8]) throws(JSONFault) {
    guard offset < bytes.count else { throw .syntax(offset: offset) }
    let byte = bytes[offset]
    offset += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): content.append(byte)
    case UInt8(ascii: "b"): content.append(0x08)
    case UInt8(ascii: "f"): content.append(0x0C)
    case UInt8(ascii: "n"): content.append(0x0A)
    case UInt8(ascii: "r"): content.append(0x0D)
    case UInt8(ascii: "t"): content.append(0x09)
    case UInt8(ascii: "u"): content.append(contentsOf: String(try scalar()).utf8)
    default: throw .syntax(offset: offset - 1)
    }
  }

  /// A `\u` escape, with its second half when it is a surrogate.
  private mutating func scalar() throws(JSONFault) -> Unicode.Scalar {
    let start = offset
    var code = UInt32(try hexadecimal())
    if (0xD800..<0xDC00).contains(code) {
      guard offset + 1 < bytes.count, bytes[offset] == UInt8(ascii: "\\"),
        bytes[offset + 1] == UInt8(ascii: "u")
      else { throw .syntax(offset: start) }
      offset += 2
      let low = UInt32(try hexadecimal())
      guard (0xDC00..<0xE000).contains(low) else { throw .syntax(offset: start) }
      code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00)
    }
    guard let scalar = Unicode.Scalar(code) else { throw .syntax(offset: start) }
    return scalar
  }

  private mutating func hexadecimal() throws(JSONFault) -> UInt16 {
    var code: UInt16 = 0
    for _ in 0..<4 {
      guard offset < bytes.count else { throw .syntax(offset: offset) }
      let digit: UInt8
      switch bytes[offset] {
      case 0x30...0x39: digit = bytes[offset] - 0x30
      case 0x41...0x46: digit = bytes[offset] - 0x37
      case 0x61...0x66: digit = bytes[offset] - 0x57
      default: throw .syntax(offset: offset)
      }
      code = code << 4 | UInt16(digit)
      offset += 1
    }
    return code
  }
}

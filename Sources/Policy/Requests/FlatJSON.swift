/// Reads one JSON object (RFC 8259) of strings, whole numbers and booleans: a request on a line.
///
/// Strict: no key twice, no nesting, no `null`, no fractions, nothing behind the object.
struct FlatJSON {
  /// A value of a member.
  enum Value: Equatable {
    case text(String)
    case number(Int)
    case boolean(Bool)
  }

  /// A member and the column at which its key starts, from 1, in bytes.
  struct Member: Equatable {
    let key: String
    let value: Value
    let column: Int
  }

  private let bytes: [UInt8]
  private var position = 0

  private init(_ text: some StringProtocol) { bytes = Array(text.utf8) }

  /// The members of the object in `text`, in their order.
  static func members(_ text: some StringProtocol) throws(RequestTextFault) -> [Member] {
    var reader = FlatJSON(text)
    guard reader.bytes.count <= Limits.requestByteCountMax else {
      throw RequestTextFault(
        column: 1, message: "the request is longer than \(Limits.requestByteCountMax) bytes")
    }
    let members = try reader.object()
    reader.skipSpace()
    if reader.position < reader.bytes.count { throw reader.fault("something after the object") }
    return members
  }

  private mutating func object() throws(RequestTextFault) -> [Member] {
    skipSpace()
    try take("{", "an object such as `{\"operation\": \"read\"}`")
    var members: [Member] = []
    skipSpace()
    if peek == UInt8(ascii: "}") {
      position += 1
      return members
    }
    while true {
      skipSpace()
      let column = position + 1
      let key = try string()
      if members.contains(where: { $0.key == key }) {
        throw RequestTextFault(column: column, message: "the key `\(key)` stands twice")
      }
      skipSpace()
      try take(":", "`:`")
      members.append(Member(key: key, value: try value(), column: column))
      skipSpace()
      guard peek == UInt8(ascii: ",") else { break }
      position += 1
    }
    try take("}", "`,` or `}`")
    return members
  }

  private mutating func value() throws(RequestTextFault) -> Value {
    skipSpace()
    switch peek {
    case UInt8(ascii: "\""): return .text(try string())
    case UInt8(ascii: "t"): return .boolean(try word("true", true))
    case UInt8(ascii: "f"): return .boolean(try word("false", false))
    case .some(0x30...0x39): return .number(try number())
    default: throw fault("a value must be text, a whole number, `true` or `false`")
    }
  }

  private mutating func word(_ word: String, _ value: Bool) throws(RequestTextFault) -> Bool {
    guard bytes[position...].starts(with: word.utf8) else {
      throw fault("a value must be text, a whole number, `true` or `false`")
    }
    position += word.utf8.count
    return value
  }

  private mutating func number() throws(RequestTextFault) -> Int {
    let start = position
    while let byte = peek, (0x30...0x39).contains(byte) { position += 1 }
    let digits = bytes[start..<position]
    guard digits.count == 1 || digits.first != 0x30,
      let value = Int(String(decoding: digits, as: UTF8.self))
    else {
      position = start
      throw fault("not a whole number that can be read")
    }
    if let next = peek, next == 0x2E || next | 0x20 == 0x65 {
      throw fault("a number must be whole")
    }
    return value
  }

  private mutating func string() throws(RequestTextFault) -> String {
    try take("\"", "text in double quotes")
    var text: [UInt8] = []
    while true {
      guard let byte = peek else { throw fault("text without an end") }
      position += 1
      switch byte {
      case UInt8(ascii: "\""):
        let result = String(decoding: text, as: UTF8.self)
        // Messages repeat texts on terminals, and no word of the language needs such characters.
        let isPlain = result.unicodeScalars.allSatisfy {
          $0.value >= 0x20 && !(0x7F...0x9F).contains($0.value)
        }
        if !isPlain { throw fault("a control character in text") }
        return result
      case UInt8(ascii: "\\"): text += Array(try escape().utf8)
      case 0..<0x20: throw fault("a control character in text")
      default: text.append(byte)
      }
    }
  }

  /// What stands behind a backslash.
  private mutating func escape() throws(RequestTextFault) -> String {
    guard let byte = peek else { throw fault("text without an end") }
    position += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"):
      return String(Unicode.Scalar(byte))
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{C}"
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "u"):
      // No word of the language needs a character outside the first plane.
      guard position + 4 <= bytes.count,
        let code = UInt32(
          String(decoding: bytes[position..<position + 4], as: UTF8.self), radix: 16),
        let scalar = Unicode.Scalar(code)
      else { throw fault("an escape that cannot be read") }
      position += 4
      return String(scalar)
    default: throw fault("an escape that cannot be read")
    }
  }

  private var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

  private mutating func skipSpace() {
    while let byte = peek, byte == 0x20 || byte == 0x09 || byte == 0x0D || byte == 0x0A {
      position += 1
    }
  }

  private mutating func take(_ expected: Unicode.Scalar, _ what: String) throws(RequestTextFault) {
    guard peek == UInt8(ascii: expected) else { throw fault("\(what) was expected") }
    position += 1
  }

  private func fault(_ message: String) -> RequestTextFault {
    RequestTextFault(column: position + 1, message: message)
  }
}

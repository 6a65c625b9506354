/// Builds one JSON object on one line (RFC 8259). For exports and people, never on a request's way.
struct JSONText {
  /// The text so far.
  private var text = "{"
  /// Whether a member is due without a comma.
  private var isFirst = true

  /// The finished object.
  var object: String { text + "}" }

  /// A member with a string; left out when empty.
  mutating func add(_ key: StaticString, _ value: String) {
    if value.isEmpty { return }
    begin(key)
    Self.quote(value, into: &text)
  }

  /// A member with a number; left out when nil.
  mutating func add(_ key: StaticString, _ value: UInt64?) {
    guard let value else { return }
    begin(key)
    text += String(value)
  }

  /// A member with a truth value.
  mutating func add(_ key: StaticString, _ value: Bool) {
    begin(key)
    text += value ? "true" : "false"
  }

  /// A member with a list of finished objects; left out when empty.
  mutating func add(_ key: StaticString, _ objects: [JSONText]) {
    if objects.isEmpty { return }
    begin(key)
    text += "[" + objects.map(\.object).joined(separator: ",") + "]"
  }

  /// A member with a list of strings; left out when empty.
  mutating func add(_ key: StaticString, texts: [String]) {
    if texts.isEmpty { return }
    begin(key)
    text += "["
    for (index, value) in texts.enumerated() {
      if index > 0 { text += "," }
      Self.quote(value, into: &text)
    }
    text += "]"
  }

  /// A member with an object.
  mutating func add(_ key: StaticString, _ member: JSONText) {
    begin(key)
    text += member.object
  }

  /// Writes a member's name; names are the program's own and need no escape.
  private mutating func begin(_ key: StaticString) {
    if !isFirst { text += "," }
    isFirst = false
    text += "\"\(key)\":"
  }

  /// Appends a JSON string; also escapes DEL, the C1 controls and the line separators, so that a
  /// hostile subject can neither break a line nor steer a terminal.
  static func quote(_ value: String, into text: inout String) {
    text += "\""
    for scalar in value.unicodeScalars {
      switch scalar {
      case "\"": text += "\\\""
      case "\\": text += "\\\\"
      case "\n": text += "\\n"
      case "\r": text += "\\r"
      case "\t": text += "\\t"
      default:
        if isControl(scalar) {
          let digits = String(scalar.value, radix: 16)
          text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        } else {
          text.unicodeScalars.append(scalar)
        }
      }
    }
    text += "\""
  }

  /// Whether a character does something instead of showing something.
  static func isControl(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0..<0x20, 0x7F...0x9F, 0x200E...0x200F, 0x2028...0x202E, 0x2066...0x2069: true
    default: false
    }
  }
}

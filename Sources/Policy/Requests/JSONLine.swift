/// Writes one JSON object (RFC 8259) on a line, its members in the order of their writing.
struct JSONLine {
  private var body = ""

  /// The object.
  var text: String { "{\(body)}" }

  /// Adds a member whose value is JSON already.
  mutating func add(_ key: String, raw value: String) {
    body += (body.isEmpty ? "" : ",") + Self.quoted(key) + ":" + value
  }

  /// Adds a text; nil becomes `null`.
  mutating func add(_ key: String, text value: String?) {
    add(key, raw: value.map(Self.quoted) ?? "null")
  }

  /// Adds a number; nil becomes `null`.
  mutating func add(_ key: String, number value: Int?) {
    add(key, raw: value.map { String($0) } ?? "null")
  }

  /// Adds a list of texts.
  mutating func add(_ key: String, texts: [String]) {
    add(key, raw: "[\(texts.map(Self.quoted).joined(separator: ","))]")
  }

  /// A JSON string.
  static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case _ where scalar.value < 0x20:
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}

/// A JSON document to be printed (RFC 8259). Keys keep their order.
indirect enum JSONValue: Sendable {
  case null
  case boolean(Bool)
  case number(Int)
  case text(String)
  case list([JSONValue])
  case object([(String, JSONValue)])
  /// What is JSON already; stands as it is.
  case raw(String)

  /// Text, or `null`.
  static func optional(_ text: String?) -> JSONValue { text.map { .text($0) } ?? .null }
}

extension JSONValue: CustomStringConvertible {
  /// The document, two spaces a level, without a line feed at the end.
  var description: String {
    var text = ""
    write(to: &text, indentation: "")
    return text
  }

  /// Appends the document; lines after the first are indented.
  private func write(to text: inout String, indentation: String) {
    switch self {
    case .null: text += "null"
    case .boolean(let value): text += value ? "true" : "false"
    case .number(let value): text += String(value)
    case .text(let value): Self.quote(value, to: &text)
    case .raw(let json): text += json
    case .list(let items):
      Self.write(items, "[", "]", to: &text, indentation) { item, text, inner in
        item.write(to: &text, indentation: inner)
      }
    case .object(let members):
      Self.write(members, "{", "}", to: &text, indentation) { member, text, inner in
        Self.quote(member.0, to: &text)
        text += ": "
        member.1.write(to: &text, indentation: inner)
      }
    }
  }

  /// Writes items between brackets, one a line.
  private static func write<Item>(
    _ items: [Item], _ open: String, _ close: String, to text: inout String,
    _ indentation: String, _ writeItem: (Item, inout String, String) -> Void
  ) {
    guard !items.isEmpty else {
      text += open + close
      return
    }
    let inner = indentation + "  "
    text += open
    for (index, item) in items.enumerated() {
      text += (index == 0 ? "\n" : ",\n") + inner
      writeItem(item, &text, inner)
    }
    text += "\n" + indentation + close
  }

  /// Writes a string with the escapes that JSON demands.
  private static func quote(_ value: String, to text: inout String) {
    text += "\""
    for scalar in value.unicodeScalars {
      switch scalar {
      case "\"": text += "\\\""
      case "\\": text += "\\\\"
      case "\n": text += "\\n"
      case _ where scalar.value < 0x20:
        let digits = String(scalar.value, radix: 16)
        text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: text.unicodeScalars.append(scalar)
      }
    }
    text += "\""
  }
}

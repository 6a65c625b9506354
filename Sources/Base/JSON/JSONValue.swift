/// A JSON document (RFC 8259) as a tree; for what people and programs read and write beside the
/// data plane. Keys keep their order.
public indirect enum JSONValue: Sendable {
  case null
  case boolean(Bool)
  case number(Int)
  /// A number that is no 64-bit integer; read, never written.
  case fraction(Double)
  case text(String)
  case list([JSONValue])
  case object([(String, JSONValue)])
  /// What is JSON already; stands as it is, and is never read.
  case raw(String)

  /// Text, or `null`.
  public static func optional(_ text: String?) -> JSONValue { text.map { .text($0) } ?? .null }

  /// A number, or `null`.
  public static func optional(_ number: Int?) -> JSONValue {
    number.map { .number($0) } ?? .null
  }

  /// The member of an object; nil when there is none, or when this is no object.
  public subscript(_ name: String) -> JSONValue? {
    guard case .object(let members) = self else { return nil }
    return members.first { $0.0 == name }?.1
  }

  /// The text of a text.
  public var text: String? {
    if case .text(let text) = self { return text }
    return nil
  }

  /// The number of a whole number.
  public var number: Int? {
    if case .number(let number) = self { return number }
    return nil
  }

  /// The value of a boolean.
  public var boolean: Bool? {
    if case .boolean(let value) = self { return value }
    return nil
  }

  /// The items of a list; none of anything else.
  public var items: [JSONValue] {
    if case .list(let items) = self { return items }
    return []
  }
}

extension JSONValue: Equatable {
  /// Compares trees; the order of members counts.
  public static func == (left: JSONValue, right: JSONValue) -> Bool {
    switch (left, right) {
    case (.object(let a), .object(let b)):
      a.count == b.count && zip(a, b).allSatisfy { $0.0 == $1.0 && $0.1 == $1.1 }
    case (.list(let a), .list(let b)): a == b
    case (.text(let a), .text(let b)): a == b
    case (.number(let a), .number(let b)): a == b
    case (.fraction(let a), .fraction(let b)): a == b
    case (.boolean(let a), .boolean(let b)): a == b
    case (.raw(let a), .raw(let b)): a == b
    case (.null, .null): true
    default: false
    }
  }
}

extension JSONValue: CustomStringConvertible {
  /// The document, two spaces a level, without a line feed at the end.
  public var description: String {
    var text = ""
    write(to: &text, indentation: "")
    return text
  }

  /// The document on one line.
  public var line: String {
    var text = ""
    write(to: &text, indentation: nil)
    return text
  }

  /// Appends the document; lines after the first are indented, unless it is to be one line.
  private func write(to text: inout String, indentation: String?) {
    switch self {
    case .null: text += "null"
    case .boolean(let value): text += value ? "true" : "false"
    case .number(let value): text += String(value)
    case .fraction(let value): text += String(value)
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

  /// Writes items between brackets, one a line where lines are indented.
  private static func write<Item>(
    _ items: [Item], _ open: String, _ close: String, to text: inout String,
    _ indentation: String?, _ writeItem: (Item, inout String, String?) -> Void
  ) {
    guard !items.isEmpty else {
      text += open + close
      return
    }
    let inner = indentation.map { $0 + "  " }
    text += open
    for (index, item) in items.enumerated() {
      if index > 0 { text += inner == nil ? ", " : "," }
      if let inner { text += "\n" + inner }
      writeItem(item, &text, inner)
    }
    if let indentation { text += "\n" + indentation }
    text += close
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

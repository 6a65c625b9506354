internal import Base

/// What a document of the API holds, as JSON Schema (2020-12, the dialect of OpenAPI 3.1).
public indirect enum Schema: Sendable {
  /// A member of an object.
  public struct Field: Sendable {
    /// Its name.
    public let name: String
    /// What it holds.
    public let schema: Schema
    /// For people.
    public let summary: String
    /// Whether it must be there.
    public let isRequired: Bool

    /// Makes a member.
    public init(_ name: String, _ schema: Schema, _ summary: String = "", isRequired: Bool = true) {
      self.name = name
      self.schema = schema
      self.summary = summary
      self.isRequired = isRequired
    }
  }

  case text
  /// A moment: RFC 3339, UTC.
  case time
  case integer
  /// A whole number within this range.
  case count(ClosedRange<Int>)
  case number
  case boolean
  /// One of these texts.
  case word([String])
  /// Or `null`.
  case optional(Schema)
  case list(Schema)
  /// These members and no others.
  case object([Field])
  /// One that is described once, by this name.
  case named(String)
  /// One of two.
  case either(Schema, Schema)
  /// A document that is described elsewhere.
  case any

  /// The schema's own document.
  var json: JSONValue {
    switch self {
    case .text: .object([("type", .text("string"))])
    case .time: .object([("type", .text("string")), ("format", .text("date-time"))])
    case .integer: .object([("type", .text("integer"))])
    case .count(let range):
      .object([
        ("type", .text("integer")), ("minimum", .number(range.lowerBound)),
        ("maximum", .number(range.upperBound)),
      ])
    case .number: .object([("type", .text("number"))])
    case .boolean: .object([("type", .text("boolean"))])
    case .word(let words):
      .object([("type", .text("string")), ("enum", .list(words.map { .text($0) }))])
    case .optional(let schema):
      .object([("anyOf", .list([schema.json, .object([("type", .text("null"))])]))])
    case .list(let schema): .object([("type", .text("array")), ("items", schema.json)])
    case .object(let fields): Self.object(fields)
    case .named(let name): .object([("$ref", .text("#/components/schemas/\(name)"))])
    case .either(let one, let other): .object([("anyOf", .list([one.json, other.json]))])
    case .any: .object([("type", .text("object"))])
    }
  }

  private static func object(_ fields: [Field]) -> JSONValue {
    let required = fields.filter(\.isRequired).map { JSONValue.text($0.name) }
    return .object([
      ("type", .text("object")),
      ("properties", .object(fields.map { ($0.name, $0.json) })),
      ("required", .list(required)), ("additionalProperties", .boolean(false)),
    ])
  }
}

extension Schema.Field {
  /// The member's schema with what it is for; beside `$ref` that may stand since OpenAPI 3.1.
  fileprivate var json: JSONValue {
    guard !summary.isEmpty, case .object(let members) = schema.json else { return schema.json }
    return .object([("description", .text(summary))] + members)
  }
}

extension Schema {
  /// What is wrong with `value`, which is `what`; nil when it is as it should be. For bodies of
  /// requests, which refer to nothing by name.
  func complaint(_ value: JSONValue, _ what: String) -> String? {
    switch (self, value) {
    case (.any, .object), (.text, .text), (.time, .text), (.integer, .number), (.number, .number),
      (.number, .fraction), (.boolean, .boolean), (.optional, .null):
      return nil
    case (.count(let range), .number(let number)) where range.contains(number): return nil
    case (.word(let words), .text(let text)) where words.contains(text): return nil
    case (.optional(let schema), _): return schema.complaint(value, what)
    case (.either(let one, let other), _):
      let complaint = one.complaint(value, what)
      return complaint == nil ? nil : other.complaint(value, what)
    case (.list(let schema), .list(let items)):
      return items.lazy.compactMap { schema.complaint($0, "an item of \(what)") }.first
    case (.object(let fields), .object(let members)):
      if let stranger = members.first(where: { member in
        !fields.contains { $0.name == member.0 }
      }) {
        return "\(what) must not have `\(stranger.0)`; it may have "
          + fields.map { "`\($0.name)`" }.joined(separator: ", ")
      }
      for field in fields {
        if let inner = value[field.name] {
          if let complaint = field.schema.complaint(inner, "`\(field.name)`") { return complaint }
        } else if field.isRequired {
          return "\(what) needs `\(field.name)`"
        }
      }
      return nil
    default: return "\(what) must be \(words)"
    }
  }

  /// What a value must be.
  private var words: String {
    switch self {
    case .text, .named: "a text"
    case .time: "a time such as 2026-12-01T00:00:00Z"
    case .integer: "a whole number"
    case .count(let range): "a whole number from \(range.lowerBound) to \(range.upperBound)"
    case .number: "a number"
    case .boolean: "`true` or `false`"
    case .word(let words): "one of \(words.joined(separator: ", "))"
    case .optional(let schema): schema.words + " or `null`"
    case .list: "a list"
    case .either(let one, let other): "\(one.words) or \(other.words)"
    case .object, .any: "an object"
    }
  }
}

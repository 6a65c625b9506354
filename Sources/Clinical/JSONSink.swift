/// What a `JSONScanner` tells while it reads. Calls come in the document's order.
protocol JSONSink {
  /// Whether nothing more is to be read.
  var isStopped: Bool { get }
  /// An object or an array begins.
  mutating func begin(isArray: Bool)
  /// The innermost object or array ends.
  mutating func end(isArray: Bool)
  /// A member's name; the member's value follows.
  mutating func key(_ text: JSONText)
  /// Whether the bytes of the string value that begins now are wanted; others are checked only.
  mutating func wantsString() -> Bool
  /// A string value; empty and not whole when it was not wanted.
  mutating func string(_ text: JSONText)
  /// A number, `true`, `false` or `null`.
  mutating func scalar()
}

/// A decoded string; its bytes live during the call only.
@safe
struct JSONText {
  /// The decoded bytes, valid UTF-8 unless they were cut.
  let bytes: ByteView
  /// Whether these are all of the string's bytes: it was wanted, and no longer than the bound.
  let isWhole: Bool
}

/// Why a text is not JSON as RFC 8259 defines it, or is more than a scanner takes.
public enum JSONFault: UInt8, CaseIterable, Sendable {
  /// A byte that cannot stand there.
  case syntax
  /// A control byte, an escape that does not exist, or half a surrogate pair in a string.
  case string
  /// Bytes that are not UTF-8.
  case encoding
  /// More levels than `ClinicalLimits.jsonDepthMax`.
  case depth
  /// Something follows the value.
  case trailing
  /// The text ends too early.
  case incomplete

  /// What people read.
  public var sentence: StaticString {
    switch self {
    case .syntax: "a byte stands where JSON allows none"
    case .string: "a string holds a control byte or a wrong escape"
    case .encoding: "a string is not UTF-8"
    case .depth: "objects and arrays are nested too deeply"
    case .trailing: "something follows the JSON value"
    case .incomplete: "the JSON value ends too early"
    }
  }
}

/// A short text in a record, in whichever form its owner already has it.
///
/// Making and storing one allocates nothing: snapshots keep their names as bytes, enums as
/// literals. Two names are equal when their bytes are.
public enum Name: Sendable, ExpressibleByStringLiteral {
  /// A literal of the program.
  case literal(StaticString)
  /// Bytes that a snapshot owns; UTF-8.
  case bytes([UInt8])
  /// Text, such as an enum's raw value.
  case text(String)

  /// The name without bytes: the field is left out.
  public static let empty = Name.literal("")

  /// Makes the name from a literal.
  public init(stringLiteral value: StaticString) { self = .literal(value) }

  /// How many bytes of UTF-8 there are.
  @inline(__always)
  var byteCount: Int {
    switch self {
    case .literal(let text): text.utf8CodeUnitCount
    case .bytes(let bytes): bytes.count
    case .text(let text): text.utf8.count
    }
  }

  /// Hands the bytes to `body`.
  @inline(__always)
  func withBytes<R>(_ body: (UnsafeRawBufferPointer) -> R) -> R {
    switch self {
    case .literal(let text):
      // A StaticString's bytes live as long as the program.
      return unsafe body(
        UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    case .bytes(let bytes): return unsafe bytes.withUnsafeBytes { unsafe body($0) }
    case .text(var text): return text.withUTF8 { unsafe body(UnsafeRawBufferPointer($0)) }
    }
  }

  /// The name as text; bytes that are not UTF-8 become U+FFFD.
  public var string: String {
    unsafe withBytes { unsafe String(decoding: $0, as: UTF8.self) }
  }
}

extension Name: Equatable {
  /// Compares the bytes.
  public static func == (left: Name, right: Name) -> Bool {
    unsafe left.withBytes { a in
      unsafe right.withBytes { b in unsafe a.elementsEqual(b) }
    }
  }
}

/// A position in a text: both numbers start at 1, columns count Unicode scalars.
public struct Mark: Hashable, Comparable, Sendable {
  /// Line number, from 1.
  public let line: Int
  /// Column number, from 1.
  public let column: Int

  /// Makes the position at `line` and `column`.
  public init(line: Int, column: Int) {
    self.line = line
    self.column = column
  }

  /// The first character of a text.
  public static let start = Mark(line: 1, column: 1)

  /// Orders by place in the text.
  public static func < (left: Mark, right: Mark) -> Bool {
    (left.line, left.column) < (right.line, right.column)
  }
}

/// A value of a document, with its position.
public enum Node: Sendable {
  case mapping([Entry], Mark)
  case sequence([Node], Mark)
  case scalar(Scalar)

  /// A single value as it stands in the file.
  public struct Scalar: Sendable, Equatable {
    /// The text without quotes, escapes resolved.
    public let text: String
    /// Whether it stands without quotes, so that it may be a number or a boolean.
    public let isPlain: Bool
    /// Where it starts.
    public let mark: Mark

    /// Whether the document's form was refused here and reported: nothing else is said about it.
    public let isRefused: Bool

    /// Makes a value; readers get theirs from `Document.parse`.
    public init(text: String, isPlain: Bool, mark: Mark) {
      self.text = text
      self.isPlain = isPlain
      self.mark = mark
      self.isRefused = false
    }

    /// Stands where something was refused, so that its key does not count as missing.
    init(refusedAt mark: Mark) {
      self.text = ""
      self.isPlain = true
      self.mark = mark
      self.isRefused = true
    }

    /// Whether nothing at all stands here.
    var isAbsent: Bool { isPlain && text.isEmpty }
  }

  /// A key and its value.
  public struct Entry: Sendable {
    /// The key; unique in its mapping.
    public let key: Scalar
    /// The value.
    public let value: Node
  }

  /// Where the value starts.
  public var mark: Mark {
    switch self {
    case .mapping(_, let mark), .sequence(_, let mark): mark
    case .scalar(let scalar): scalar.mark
    }
  }

  /// What the value is, for messages.
  public var shape: String {
    switch self {
    case .mapping: "a mapping"
    case .sequence: "a list"
    case .scalar: "a single value"
    }
  }
}

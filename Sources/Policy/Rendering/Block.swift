/// A piece of a rendered policy, before it is known whether a terminal or a page shows it.
public enum Block: Equatable, Sendable {
  /// A heading; level 1 is the policy itself.
  case heading(level: Int, String)
  /// Running text.
  case paragraph(String)
  /// A numbered list.
  case steps([String])
  /// A table; every row has as many cells as the header.
  case table(header: [String], rows: [[String]])
}

extension Block {
  /// A table of two columns without headings: what things are, and what they are here.
  static func facts(_ rows: [(String, String)]) -> Block {
    .table(header: ["", ""], rows: rows.map { [$0.0, $0.1] })
  }
}

// StrictYAML: files that people write, read without guessing.
//
// Problem: YAML guesses (`NO` is false, `010` is eight, a repeated key wins silently), and a
// misspelt key is a setting that does nothing. A policy or a configuration must mean what it says.
// Shape: `Document.parse` turns text into a tree of `Node`s with positions, over Yams, and refuses
// everything outside a strict subset of YAML 1.2. `MappingReader` takes keys out of a mapping,
// checks each value, and `finish` reports what was missing or unknown. Complaints collect in
// `Diagnostics`, so that one pass shows all of them; `Diagnostic` prints itself with the source
// line, a caret and a suggestion.
// Limits: one document, `Limits` below; no anchors, aliases, tags, directives, tabs. Single
// threaded; used at start and on reload, never per request.

/// Bounds on what is read, so that no file can exhaust memory or stack.
enum Limits {
  /// A policy of 5,000 rules is under 2 MiB; anything far above is not a file people wrote.
  static let textByteCountMax = 8 << 20
  /// Nesting deeper than this is no configuration; the parser below recurses once per level.
  static let depthMax = 64
  /// Deeper indentation than this is nesting in disguise.
  static let indentationColumnMax = 160
  /// More complaints than this help nobody; the rest is counted.
  static let diagnosticCountMax = 200
  /// Longer source lines are not repeated under a complaint.
  static let excerptColumnMax = 160
  /// Longer words get no spelling suggestion: the comparison is quadratic.
  static let suggestionByteCountMax = 64
}

/// The stable codes of what this target complains about; `E1xx` is YAML, `E2xx` is a schema.
public enum Code: String, CaseIterable, Sendable {
  /// The text is not YAML.
  case syntax = "E101"
  /// A key stands twice in one mapping.
  case duplicateKey = "E102"
  /// An anchor, or an alias.
  case anchor = "E103"
  /// A tag (`!word`) or a directive (`%word`).
  case tag = "E104"
  /// A second document.
  case secondDocument = "E105"
  /// A word that other readers of YAML take for a boolean or for nothing.
  case implicitWord = "E106"
  /// A tab, or a character that does not belong into a text file.
  case character = "E107"
  /// Too long, or nested too deeply.
  case size = "E108"
  /// A key that is not a plain word.
  case key = "E109"
  /// The file holds nothing.
  case empty = "E110"

  /// A key that this mapping does not have.
  case unknownKey = "E201"
  /// A key that must be there is not.
  case missingKey = "E202"
  /// A mapping, a list or a single value stands where another was due.
  case shape = "E203"
  /// A key without a value.
  case noValue = "E204"
  /// A value of the wrong kind: a word for a number, a number for a word.
  case kind = "E205"
  /// A number outside its range.
  case range = "E206"
  /// A quantity without a unit, or with one that is not accepted.
  case unit = "E207"
  /// A word outside the accepted ones.
  case unknownWord = "E208"
  /// A word that stands twice in one list.
  case duplicateItem = "E209"
}

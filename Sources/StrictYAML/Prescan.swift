/// Looks at the raw text first: what is refused here never reaches the YAML parser.
///
/// The parser recurses once per level and expands aliases, so depth and aliases are bounded here.
enum Prescan {
  /// Whether the text may be handed to the parser; complaints go into `diagnostics`.
  static func isReadable(_ diagnostics: Diagnostics) -> Bool {
    guard diagnostics.text.utf8.count <= Limits.textByteCountMax else {
      diagnostics.error(
        .size, at: .start, "the file is longer than \(Limits.textByteCountMax >> 20) MiB")
      return false
    }
    var scan = Scan()
    for scalar in diagnostics.text.unicodeScalars {
      scan.take(scalar, diagnostics)
      if diagnostics.hasErrors, scan.isHopeless { break }
    }
    scan.end(diagnostics)
    return !diagnostics.hasErrors
  }

  /// The state of the walk over the text.
  private struct Scan {
    private var line = 1
    private var column = 1
    /// Brackets open so far; quotes are not looked at, so text may add to it.
    private var bracketDepth = 0
    /// Spaces at the start of this line; nil once something else came.
    private var indentation: Int? = 0
    /// `- ` so often at the start of this line.
    private var dashCount = 0
    private var last: Unicode.Scalar = "\n"
    private var beforeLast: Unicode.Scalar = "\n"
    private var anchor: Mark?
    private var alias: Mark?
    private var hasTab = false
    /// Whether going on would only repeat the complaint.
    private(set) var isHopeless = false

    /// Looks at the next character.
    mutating func take(_ scalar: Unicode.Scalar, _ diagnostics: Diagnostics) {
      let mark = Mark(line: line, column: column)
      check(scalar, at: mark, diagnostics)
      measure(scalar, at: mark, diagnostics)
      noteReference(scalar, at: mark)
      beforeLast = last
      last = scalar
      if scalar == "\n" {
        line += 1
        column = 1
        indentation = 0
        dashCount = 0
      } else {
        column += 1
      }
    }

    /// Reports what only the whole text shows.
    mutating func end(_ diagnostics: Diagnostics) {
      // INVARIANT (no expansion): a text that could hold both an anchor and its alias is refused,
      // whatever the quotes say, because hashing an aliased key costs exponential time.
      if let anchor, alias != nil {
        diagnostics.error(
          .anchor, at: anchor, "anchors and aliases are not accepted; write it out, or quote it")
      }
    }

    /// Refuses characters that do not belong into a text file, and directives.
    private mutating func check(
      _ scalar: Unicode.Scalar, at mark: Mark, _ diagnostics: Diagnostics
    ) {
      switch scalar.value {
      case 0x0A, 0x20...0x7E: break
      case 0x09:
        if !hasTab { diagnostics.error(.character, at: mark, "a tab; use spaces") }
        hasTab = true
      case 0x0D: break
      case 0x00...0x1F, 0x7F...0x9F, 0x2028, 0x2029, 0xFEFF, 0xFFFE, 0xFFFF:
        diagnostics.error(
          .character, at: mark,
          "character U+\(String(scalar.value, radix: 16, uppercase: true)) is not accepted")
        isHopeless = true
      default: break
      }
      if last == "\r", scalar != "\n" {
        diagnostics.error(.character, at: mark, "a carriage return without a line feed")
        isHopeless = true
      }
      if scalar == "%", mark.column == 1 {
        diagnostics.error(.tag, at: mark, "directives are not accepted")
      }
    }

    /// Bounds the nesting, whatever style it is written in.
    private mutating func measure(
      _ scalar: Unicode.Scalar, at mark: Mark, _ diagnostics: Diagnostics
    ) {
      switch scalar {
      case "[", "{": bracketDepth += 1
      case "]", "}": bracketDepth = max(0, bracketDepth - 1)
      case " ":
        if last == "-" || last == "?" || last == ":" { dashCount += 1 }
        if let spaces = indentation { indentation = spaces + 1 }
      default: if scalar != "-" && scalar != "?" && scalar != ":" { indentation = nil }
      }
      if bracketDepth > Limits.depthMax || dashCount > Limits.depthMax
        || indentation ?? 0 > Limits.indentationColumnMax
      {
        diagnostics.error(.size, at: mark, "nested more than \(Limits.depthMax) levels deep")
        isHopeless = true
      }
    }

    /// Remembers where an anchor or an alias might stand: only where a value may start.
    private mutating func noteReference(_ scalar: Unicode.Scalar, at mark: Mark) {
      guard scalar != " ", scalar != "\n", scalar != "\r" else { return }
      guard last == "&" || last == "*" else { return }
      switch beforeLast {
      case " ", "\n", "[", "{", ",", ":": break
      default: return
      }
      let reference = Mark(line: mark.line, column: mark.column - 1)
      if last == "&" { anchor = anchor ?? reference } else { alias = alias ?? reference }
    }
  }
}

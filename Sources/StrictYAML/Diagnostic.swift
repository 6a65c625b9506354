/// One complaint about a file: where, what, and what to do about it.
public struct Diagnostic: Hashable, Sendable {
  /// How bad it is.
  public enum Severity: String, Sendable {
    /// The file is not used.
    case error
    /// The file is used; someone should look.
    case warning
  }

  /// The file's name as the caller gave it.
  public let file: String
  /// Where it is.
  public let mark: Mark
  /// How bad it is.
  public let severity: Severity
  /// The stable code, such as `E201`.
  public let code: String
  /// One sentence, lower case, without a full stop.
  public let message: String
  /// The word that was probably meant.
  public let suggestion: String?
  /// The source line, when it is short enough to repeat.
  public let excerpt: String?

  /// Line number, from 1.
  public var line: Int { mark.line }
  /// Column number, from 1.
  public var column: Int { mark.column }
}

extension Diagnostic: CustomStringConvertible {
  /// `file:line:column: error: message [code]`, the source line, a caret, and the suggestion.
  public var description: String {
    var text = "\(file):\(line):\(column): \(severity): \(message) [\(code)]"
    if let excerpt {
      text += "\n    \(excerpt)\n    \(String(repeating: " ", count: column - 1))^"
    }
    if let suggestion { text += "\n    did you mean `\(suggestion)`?" }
    return text
  }
}

/// Collects the complaints about one file while it is read.
///
/// Owned by whoever reads the file; one thread.
public final class Diagnostics {
  /// The file's name as it appears in messages.
  public let file: String
  /// The file's text.
  public let text: String
  /// How many complaints above the bound were dropped.
  private var droppedCount = 0
  private var collected: [Diagnostic] = []
  private lazy var lines = text.unicodeScalars.split(
    separator: "\n", omittingEmptySubsequences: false)

  /// Makes an empty collection for the file of this name and text.
  public init(file: String, text: String) {
    self.file = file
    self.text = text
  }

  /// Whether an error, not only a warning, was reported.
  public private(set) var hasErrors = false

  /// Reports an error.
  public func error(
    _ code: String, at mark: Mark, _ message: String, suggestion: String? = nil
  ) {
    hasErrors = true
    report(.error, code, mark, message, suggestion)
  }

  /// Reports a warning.
  public func warning(
    _ code: String, at mark: Mark, _ message: String, suggestion: String? = nil
  ) {
    report(.warning, code, mark, message, suggestion)
  }

  /// Reports an error of this target.
  func error(_ code: Code, at mark: Mark, _ message: String, suggestion: String? = nil) {
    error(code.rawValue, at: mark, message, suggestion: suggestion)
  }

  /// Everything reported, by position; the order of reporting decides between equals.
  public func sorted() -> [Diagnostic] {
    var all = collected.enumerated()
      .sorted { ($0.element.mark, $0.offset) < ($1.element.mark, $1.offset) }
      .map(\.element)
    if droppedCount > 0, let last = all.last {
      all.append(
        Diagnostic(
          file: file, mark: last.mark, severity: .error, code: Code.size.rawValue,
          message: "\(droppedCount) more complaints are not shown", suggestion: nil, excerpt: nil))
    }
    return all
  }

  /// The character at `mark`, or nil past the end.
  func character(at mark: Mark) -> Unicode.Scalar? {
    guard mark.line <= lines.count else { return nil }
    return lines[mark.line - 1].dropFirst(mark.column - 1).first
  }

  /// The source line `number`, from 1; nil past the end.
  func sourceLine(_ number: Int) -> Substring.UnicodeScalarView? {
    guard number >= 1, number <= lines.count else { return nil }
    return lines[number - 1]
  }

  private func report(
    _ severity: Diagnostic.Severity, _ code: String, _ mark: Mark, _ message: String,
    _ suggestion: String?
  ) {
    guard collected.count < Limits.diagnosticCountMax else {
      droppedCount += 1
      return
    }
    collected.append(
      Diagnostic(
        file: file, mark: mark, severity: severity, code: code, message: message,
        suggestion: suggestion, excerpt: excerpt(of: mark)))
  }

  /// The place of the text that is nearest to `mark`: the parser looks behind the end, where a
  /// quote or a bracket was never closed.
  func nearestMark(to mark: Mark) -> Mark {
    let line = min(mark.line, lines.count)
    let columnMax = lines[line - 1].count + 1
    return Mark(line: line, column: line < mark.line ? columnMax : min(mark.column, columnMax))
  }

  /// The line at `mark` for people: control characters become spaces so that the caret fits.
  private func excerpt(of mark: Mark) -> String? {
    if text.isEmpty { return nil }
    guard var line = sourceLine(mark.line), mark.column <= line.count + 1 else { return nil }
    if line.last == "\r" { line.removeLast() }
    guard line.count <= Limits.excerptColumnMax else { return nil }
    var text = ""
    for scalar in line { text.unicodeScalars.append(scalar.value < 0x20 ? " " : scalar) }
    return text
  }
}

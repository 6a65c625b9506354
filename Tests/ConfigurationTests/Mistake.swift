import StrictYAML
import Testing

@testable import homeward

/// One mistake, made in the smallest good configuration, and every complaint it must give.
struct Mistake: Sendable, CustomTestStringConvertible {
  /// What stands in the good file, once.
  let original: String
  /// What stands there instead.
  let replacement: String
  /// `line:column: severity: message [code]`, then `; did you mean`; a line for each complaint.
  let complaints: String

  init(_ original: String, _ replacement: String, _ complaints: String) {
    self.original = original
    self.replacement = replacement
    self.complaints = complaints
  }

  var testDescription: String {
    replacement.split(separator: "\n").joined(separator: " / ")
  }

  static let all = files + listeners + identity + admin + regions + locality + bounds
}

@Test("every mistake is named at its place, alone", arguments: Mistake.all)
func mistake(_ mistake: Mistake) throws {
  let parts = TestFiles.minimal.split(separator: mistake.original, omittingEmptySubsequences: false)
  try #require(parts.count == 2, "the original must stand in the file once")
  let load = TestFiles.load(parts.joined(separator: mistake.replacement))
  #expect(load.diagnostics.map(short).joined(separator: "\n") == mistake.complaints)
  #expect((load.configuration == nil) == mistake.complaints.contains(": error: "))
}

@Test func theTableIsLargeAndWithoutRepetitions() {
  let all = Mistake.all
  #expect(all.count >= 40)
  #expect(Set(all.map { $0.original + "\n" + $0.replacement }).count == all.count)
}

@Test func everyCodeOfTheConfigurationIsMet() {
  let text = Mistake.all.map(\.complaints).joined()
  // Met in the tests of files, of material and of the lifecycle, which need other files.
  let elsewhere: Set<ConfigurationCode> = [
    .openSecret, .expiry, .directory, .noActivePolicy, .policyState, .policyDoubt,
  ]
  for code in ConfigurationCode.allCases where !elsewhere.contains(code) {
    #expect(text.contains("[\(code.rawValue)]"), "\(code) is not in the table")
  }
}

/// A complaint without the file's name and the excerpt.
func short(_ diagnostic: Diagnostic) -> String {
  let suggestion = diagnostic.suggestion.map { "; did you mean `\($0)`?" } ?? ""
  return "\(diagnostic.line):\(diagnostic.column): \(diagnostic.severity):"
    + " \(diagnostic.message) [\(diagnostic.code)]\(suggestion)"
}

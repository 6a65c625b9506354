import Base
import Policy
import StrictYAML
import Testing

/// The officers' reference, as lines.
private func reference() throws -> [String] {
  let text = try #require(repositoryText("policies/README.md"))
  return text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
}

/// The lines of the first fenced block behind the line `heading`.
private func block(after heading: String, _ lines: [String]) throws -> [String] {
  let start = try #require(lines.firstIndex(of: heading))
  let open = try #require(lines[start...].firstIndex { $0.hasPrefix("```") })
  let close = try #require(lines[(open + 1)...].firstIndex { $0 == "```" })
  return Array(lines[(open + 1)..<close])
}

/// The whole policy of the reference.
private func example() throws -> Policy {
  let text = try block(after: "## A whole policy", reference()).joined(separator: "\n")
  let (policy, diagnostics) = Policy.load(text: text, file: "README.md", hash: "")
  #expect(diagnostics.isEmpty, "\(diagnostics.map(\.description).joined(separator: "\n"))")
  return try #require(policy)
}

@Test func theReferencesPolicyPassesItsTests() throws {
  let report = try example().runTests()
  #expect(report.isPassed && report.unexercised.isEmpty)
  for result in report.results {
    #expect(result.failures.isEmpty, "\(result.say): \(result.failures)")
  }
}

@Test func theReferencesDecisionsAreTrue() throws {
  let policy = try example()
  let lines = try block(after: "## Requests and decisions as JSON", reference())
  #expect(lines.count == 8)
  for index in stride(from: 0, to: lines.count, by: 2) {
    let facts = try RequestText.facts(lines[index], for: policy)
    #expect(policy.decisionJSON(facts) == lines[index + 1])
  }
}

/// Every key and word of the language stands in the reference.
@Test func theReferenceIsComplete() throws {
  let text = try reference().joined(separator: "\n")
  let words =
    Operation.allCases.map(\.rawValue) + DataClass.allCases.map(\.rawValue)
    + Sensitivity.allCases.map(\.rawValue) + Role.allCases.map(\.rawValue)
    + Purpose.allCases.map(\.rawValue) + Consent.allCases.map(\.rawValue)
    + Assurance.allCases.map(\.rawValue) + Device.allCases.map(\.rawValue)
    + TokenScope.allCases.map(\.rawValue) + Tier.allCases.map(\.rawValue)
    + Obligations.vocabulary.map(\.word) + Phase.allCases.map(\.rawValue)
    + CacheKeyParts.vocabulary.map(\.word) + CacheSeal.allCases.map(\.rawValue)
    + CacheInvalidations.vocabulary.map(\.word) + Durability.allCases.map(\.rawValue)
  for word in words { #expect(text.contains("`\(word)`"), "`\(word)` is not explained") }
}

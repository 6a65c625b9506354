import Base
import Policy
import StrictYAML
import Testing

/// Lines that the language knows, to be put anywhere.
private let snippets = [
  "unless: { hour: { below: 7 } }", "effective: { from: 2026-01-01T00:00:00Z }", "$chart", "[", "}",
  "{ at_least: 1h, below: 2h }", "- { id: N-9, say: x, when: {}, refuse: true }", "tenants: [a]",
  "supersedes: sha256:00", "&a", "*a", "!x", "\"", "'", ": ", "- ", "? ", "|", ">", "#", "\u{FEFF}",
  "ä", "\u{1F3E5}", "\r\n", "\r", "\t", "\0", "~", "NO", "0x10", "1e9", "-", "...", "---",
]

/// The text with some bytes, words or lines changed.
private func mutated(_ text: String, _ random: inout SplitMix64) -> String {
  var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
  for _ in 0..<Int.random(in: 1...3, using: &random) {
    let index = Int.random(in: lines.indices, using: &random)
    switch Int.random(in: 0..<9, using: &random) {
    case 0: lines.remove(at: index)
    case 1: lines.insert(lines[index], at: index)
    case 2: lines.swapAt(index, Int.random(in: lines.indices, using: &random))
    case 3: lines[index] = "  " + lines[index]
    case 4: lines.insert(any(of: snippets, &random), at: index)
    case 5: lines = Array(lines[...index])
    default:
      var scalars = Array(lines[index].unicodeScalars)
      let place = Int.random(in: 0...scalars.count, using: &random)
      switch Int.random(in: 0..<3, using: &random) {
      case 0: scalars.insert(contentsOf: any(of: snippets, &random).unicodeScalars, at: place)
      case 1: if place < scalars.count { scalars.remove(at: place) }
      default: scalars = Array(scalars[..<place])
      }
      lines[index] = String(String.UnicodeScalarView(scalars))
    }
    if lines.isEmpty { return "" }
  }
  return lines.joined(separator: "\n")
}

/// Loads a mutation: whatever it says, every complaint stands at a place of the file, and a policy
/// comes out exactly when there is no error.
private func check(_ text: String, _ context: String, _ outcomes: inout [Int]) {
  let (policy, diagnostics) = Policy.load(text: text, file: "mutation.yaml", hash: "")
  let hasErrors = diagnostics.contains { $0.severity == .error }
  #expect((policy == nil) == hasErrors, "\(context)")
  let lines = text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false)
  for complaint in diagnostics {
    let isInside =
      (1...lines.count).contains(complaint.line)
      && (1...lines[complaint.line - 1].count + 1).contains(complaint.column)
    if !isInside { Issue.record("\(context): \(complaint) stands nowhere in\n\(text)") }
  }
  if let policy {
    // Whatever was accepted can be used.
    let facts = Facts(operation: .read, dataClass: .vitals)
    #expect(policy.runTests().results.count == policy.tests.count)
    #expect(policy.explain(facts).lines.count > policy.rules.count)
  }
  outcomes[policy == nil ? 1 : 0] += 1
}

/// Small policies, each with a mistake in it already: 4,000 mutations.
@Test(arguments: 0..<8)
func mutationsOfSmallPoliciesAreAnswered(seed: UInt64) {
  var random = SplitMix64(seed: seed)
  let texts = (ruleMistakes + sectionMistakes).map(\.text)
  var outcomes = [0, 0]
  for round in 0..<500 {
    check(mutated(any(of: texts, &random), &random), "seed \(seed), round \(round)", &outcomes)
  }
  #expect(outcomes[1] > 300)
}

/// The policy with every key, and the shipped one: 1,000 mutations.
@Test(arguments: 0..<8)
func mutationsOfWholePoliciesAreAnswered(seed: UInt64) throws {
  var random = SplitMix64(seed: seed &+ 100)
  let texts = [
    wholePolicyText, wholePolicyText, wholePolicyText, try #require(shippedPolicyText()),
  ]
  var outcomes = [0, 0]
  for round in 0..<125 {
    check(mutated(any(of: texts, &random), &random), "seed \(seed), round \(round)", &outcomes)
  }
  // Both ends are reached: some mutations mean nothing.
  #expect(outcomes[0] > 0 && outcomes[1] > 40, "\(outcomes)")
}

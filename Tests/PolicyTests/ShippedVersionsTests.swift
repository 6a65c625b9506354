import Base
import Native
import Policy
import StrictYAML
import Testing

/// Every policy that is shipped, in the order of versions.
private let shippedFiles = [
  "policies/clinical-routing/0001.yaml", "policies/clinical-routing/0002.yaml",
  "policies/clinical-routing/0003.yaml", "policies/clinical-routing/0004.yaml",
  "policies/single-primary-edge-cache/0001.yaml", "policies/clinic-edge/0001.yaml",
  "policies/primary-regional-replicas/0001.yaml", "policies/active-passive/0001.yaml",
  "policies/hybrid-by-domain/0001.yaml", "policies/active-active-stateless/0001.yaml",
]

private func load(_ path: String) throws -> (Policy, text: String) {
  let text = try #require(repositoryText(path))
  let (policy, diagnostics) = Policy.load(text: text, file: path, hash: "test")
  #expect(diagnostics.map(\.description) == [])
  return (try #require(policy), text)
}

@Test(arguments: shippedFiles)
func shippedPolicyPassesItsOwnTests(_ path: String) throws {
  let (policy, _) = try load(path)
  let report = policy.runTests()
  #expect(report.results.filter { !$0.failures.isEmpty }.map { "\($0.say): \($0.failures)" } == [])
  #expect(policy.requiresFullCoverage && report.results.count >= policy.regions.count)
  #expect(report.unexercised.map { policy.rules[$0].id } == [])
}

@Test func shippedVersionsNameWhatTheySupersede() throws {
  var before: String?
  for (index, path) in shippedFiles.prefix(4).enumerated() {
    let (policy, text) = try load(path)
    #expect(policy.name == "clinical-routing" && policy.version == index + 1)
    #expect(policy.supersedes == before)
    before = "sha256:\(SHA256.hash(Array(text.utf8)))"
  }
}

@Test(arguments: shippedFiles)
func shippedPolicyIsRenderedForPeople(_ path: String) throws {
  let (policy, _) = try load(path)
  let text = policy.terminalText(width: 100)
  #expect(text.split(separator: "\n").allSatisfy { $0.count <= 100 })
  let page = policy.htmlPage()
  for rule in policy.rules {
    #expect(text.contains("\(rule.id): "))
    #expect(page.contains("<h3>\(rule.id): "))
  }
}

import ArgumentParser
import Audit
import Base
import Policy
import StrictYAML
import Testing

@testable import homeward

/// A policy with a test that fails and a rule that no test exercises.
private let text = """
  policy: small
  version: 1
  coverage: full
  regions: { west: { near: [US-CA] } }
  deny:
    - { id: D-1, say: Not for nurses, when: { role: nurse } }
  routes:
    - id: R-1
      say: Vitals
      when: { data_class: vitals }
      serve: [{ region: west, tier: primary }]
  tests:
    - say: Vitals are refused
      given: { data_class: vitals }
      expect: { decision: forbidden, rule: D-1 }

  """

private func file(_ text: String) -> PolicyFile {
  var files = TestFiles()
  files.contents["conf/p.yaml"] = Array(text.utf8)
  return PolicyFile("conf/p.yaml", files: files)
}

@Test func policyCommandsAreParsed() throws {
  for arguments in [
    ["policy", "check", "a", "b", "--json"], ["policy", "test", "a", "--coverage"],
    ["policy", "explain", "a", "--request", "{}"], ["policy", "eval", "a", "--requests", "-"],
  ] {
    _ = try Homeward.parseAsRoot(arguments)
  }
  for arguments in [["policy", "check"], ["policy", "eval", "a"], ["policy", "explain", "a"]] {
    #expect(throws: (any Error).self) { _ = try Homeward.parseAsRoot(arguments) }
  }
}

@Test func aPolicyIsSummedUp() throws {
  let good = file(text)
  let policy = try #require(good.policy)
  let report = PolicyCheckReport(good)
  #expect(
    report.summary
      == "conf/p.yaml: ok, small version 1, 2 rules for 1 region, 0 guarantees, 1 test,"
      + " sha256:\(policy.contentHash)\n")
  #expect(report.json.description.contains("\"name\": \"small\""))
  let bad = PolicyCheckReport(file(text + "phasses: {}\n"))
  #expect(bad.file.hasErrors && bad.summary.isEmpty)
  #expect(bad.json.description.contains("\"suggestion\": \"phases\""))
  let missing = PolicyFile("conf/nothing.yaml", files: TestFiles())
  #expect(missing.source == nil && missing.hasErrors)
}

@Test func failedTestsAndMissingCoverageAreErrors() throws {
  let file = file(text)
  let result = PolicyTestResult(
    file: "conf/p.yaml", policy: try #require(file.policy), source: try #require(file.source))
  #expect(result.isFailed)
  #expect(
    result.diagnostics.map { $0.description.split(separator: "\n")[0] } == [
      "conf/p.yaml:6:11: error: no test exercises `D-1`; add one, or leave `coverage: full` out"
        + " [E331]",
      "conf/p.yaml:13:5: error: test `Vitals are refused`: decision is permit, not forbidden;"
        + " rule is R-1, not D-1 [E330]",
    ])
  #expect(
    result.summary
      == "conf/p.yaml: 1 test, 1 failed; rules exercised: never 0 of 0, deny 0 of 1, route 1 of 1\n"
  )
  #expect(
    result.table == """
      layer  rule  exercised  decisive
      deny   D-1   0          0
      route  R-1   1          1

      """)
  let json = result.json.description
  #expect(json.contains("\"ok\": false") && json.contains("\"full_coverage_required\": true"))
}

@Test func recordsThatNobodyCanReadAreCounted() throws {
  let policy = try #require(file(text).policy)
  var past = PastDecisions()
  var keys: LogKeys?
  // A format to come, a decision that was cut, and another kind of record, which is none.
  for bytes in [[9, 1, 0, 0], [1, 1, 7], [1, 3]] as [[UInt8]] {
    unsafe bytes.withUnsafeBytes { raw in
      unsafe past.add(raw, &keys, under: policy) { _ in Issue.record("nothing can be weighed") }
    }
  }
  #expect(past.unreadableCount == 2)
  #expect(
    past.lines(changedCount: 0)
      == "audit log: 0 of 0 decisions would be others\n  2 records cannot be read by this program\n"
  )
}

@Test func linesAreDecidedOneByOne() throws {
  let policy = try #require(file(text).policy)
  let good = PolicyEvalCommand.decide(Array(#"{"data_class":"vitals"}"#.utf8), number: 1, policy)
  #expect(good.fault == nil && good.json.hasPrefix(#"{"decision":"permit","rule":"R-1""#))
  let bad = PolicyEvalCommand.decide(Array(#"{"data_class":"vitls"}"#.utf8), number: 7, policy)
  #expect(bad.fault?.suggestion == "vitals")
  #expect(
    bad.json
      == #"{"error":"unknown word `vitls` for `data_class`; did you mean `vitals`?","#
      + #""line":7,"column":2}"#)
}

internal import Control
internal import Policy
internal import StrictYAML

extension VersionChecks {
  /// The checks of this program: what is proved, tested and compared before a version counts.
  ///
  /// `regionNames` are those of the edge's configuration; nil where there is no edge.
  static func standard(regionNames: [String]?) -> VersionChecks {
    VersionChecks(
      proofs: { policy in
        let report = ProofProgress.report(policy)
        return Proofs(
          text: report.text,
          violations: report.findings.filter { $0.code.severity == .error }.map {
            "\($0.mark.line): \($0.message) [\($0.code.rawValue)]"
          })
      },
      tests: { failures(of: $0) },
      fit: { policy in regionNames.map { misfits(policy, regionNames: $0) } ?? [] })
  }

  /// What the file's own tests say against it, with their lines; rules that no test reaches when
  /// the file asks for full coverage.
  private static func failures(of policy: Policy) -> [String] {
    let report = policy.runTests()
    let failed = report.results.flatMap { result in
      result.failures.map { "\(result.mark.line): \(result.say): \($0)" }
    }
    guard policy.requiresFullCoverage else { return failed }
    return failed
      + report.unexercised.map { "rule `\(policy.rules[$0].id)` is exercised by no test" }
  }

  /// The regions that the policy names and the edge does not have. One that only the edge has is
  /// none: a later version may name it.
  static func misfits(_ policy: Policy, regionNames: [String]) -> [String] {
    policy.regions.map(\.name).filter { !regionNames.contains($0) }.map {
      "region `\($0)` of the policy has no endpoints in the configuration"
    }
  }
}

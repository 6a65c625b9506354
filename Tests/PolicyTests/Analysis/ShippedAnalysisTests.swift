import Testing

@testable import Policy

/// The shipped policy is proved, and its report does not change from run to run.
@Test func theShippedPolicyIsProved() throws {
  let text = try #require(shippedPolicyText())
  let policy = try loaded(text)
  let report = Analysis.report(policy)
  #expect(!report.hasErrors, "\(report.text)")
  #expect(report.proved.count >= policy.rules.count { $0.layer == .never })
  #expect(Analysis.report(try loaded(text)).text == report.text)
}

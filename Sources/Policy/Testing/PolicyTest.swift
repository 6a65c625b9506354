public import Base
public import StrictYAML

/// One of the file's own tests: a request and what the policy must say about it.
public struct PolicyTest: Sendable {
  /// The officer's sentence.
  public let say: String
  /// The request.
  public let facts: Facts
  /// What must come of it.
  public let expectation: Expectation
  /// Where the test stands.
  public let mark: Mark

  /// What must come of a request; nil and absent parts are not looked at.
  public struct Expectation: Sendable {
    /// Permit, or the kind of refusal.
    public let verdict: Verdict
    /// The rule that must decide; nil for `no-rule`.
    public let rule: String?
    /// The candidates, in the words of `Policy.text`.
    public let candidates: [String]?
    /// What must be demanded.
    public let obligations: Obligations?
    /// How the decision must be recorded.
    public let durability: Durability?
  }
}

import Base

/// The ways in which a policy can be evaluated; all give one answer.
public enum EvaluationForm: String, CaseIterable, Sendable {
  /// The diagram, flattened: how the edge decides.
  case compiled
  /// The bit-vector index: how it decides when there would be too many nodes.
  case index
  /// The rules word by word.
  case interpreted
}

/// What benchmarks and comparisons need beside plans.
extension Policy {
  /// The verdict and the rule for `facts`, found in this way; for benchmarks.
  public func decision(
    for facts: borrowing Facts, by form: EvaluationForm
  ) -> (verdict: Verdict, ruleIndex: Int?) {
    switch form {
    case .compiled:
      let plan = compiled.plan(facts)
      return (plan.verdict, plan.ruleIndex)
    case .index:
      let plan = compiled.planByIndex(facts)
      return (plan.verdict, plan.ruleIndex)
    case .interpreted:
      let result = interpreter.decide(copy facts)
      return (result.verdict, result.ruleIndex)
    }
  }

  /// Whether a diagram decides, or the index because the diagram would be too large.
  public var isDecidedByDiagram: Bool { (try? diagram.get()) != nil }

  /// Requests made of chance, each value code as likely as any other; equal seeds give equal ones.
  public func randomRequests(count: Int, seed: UInt64) -> [Facts] {
    var random = SplitMix64(seed: seed)
    return (0..<count).map { _ in
      domains.facts(
        Attribute.allCases.map { Int.random(in: 0..<domains.count($0), using: &random) })
    }
  }
}

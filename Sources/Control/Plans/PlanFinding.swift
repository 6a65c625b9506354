/// What a rule says about a plan.
public struct PlanFinding: Hashable, Sendable {
  /// How it stands with the rule.
  public enum Verdict: Hashable, Sendable {
    /// It is kept.
    case holds(String)
    /// It is broken, and people may set it aside by the name it has.
    case broken(String, wayOut: String)
    /// Nobody can tell; whoever runs the plan may accept that by the rule's name.
    case unknown(String, wayOut: String)
    /// It is broken or unknown, and was set aside or accepted.
    case setAside(String)
  }

  /// The rule's code: `S1` to `S12`, or `LAW`, which nobody sets aside.
  public let code: String
  /// What it demands.
  public let text: String
  /// How it stands.
  public let verdict: Verdict

  /// Makes a finding.
  public init(_ code: String, _ text: String, _ verdict: Verdict) {
    self.code = code
    self.text = text
    self.verdict = verdict
  }

  /// Whether the plan may go on.
  public var isKept: Bool {
    switch verdict {
    case .holds, .setAside: true
    case .broken, .unknown: false
    }
  }

  /// Whether it depends on who answered a moment ago: what serves now, and what the candidate has.
  var isBySight: Bool {
    code == SafetyRule.lawfulTarget.rawValue || code == SafetyRule.dataLoss.rawValue
  }

  /// `S1: why not; the way out`.
  public var complaint: String {
    switch verdict {
    case .holds(let words), .setAside(let words): "\(code): \(words)"
    case .broken(let words, let wayOut), .unknown(let words, let wayOut):
      "\(code): \(words); \(wayOut)"
    }
  }
}

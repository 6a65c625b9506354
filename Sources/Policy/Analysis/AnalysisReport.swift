import Base
public import StrictYAML

/// What was proved of a policy and what was found, in the order of the file.
public struct AnalysisReport: Sendable {
  /// One thing that the analysis found.
  public struct Finding: Sendable {
    /// What kind of thing it is.
    public let code: AnalysisCode
    /// The rules concerned, the one to look at first; none for a gap.
    public let rules: [String]
    /// Where that rule stands; line and column 1 for a gap.
    public let mark: Mark
    /// One sentence, lower case, without a full stop.
    public let message: String
    /// A request that shows it, confirmed by the interpreter.
    public let example: Facts?
    /// The same as one line of JSON, as `homeward policy eval` reads it.
    public let exampleText: String?
  }

  /// Numbers about the policy.
  public struct Statistics: Sendable {
    /// Rules by layer.
    public let ruleCounts: [Layer: Int]
    /// Nodes of the diagram.
    public let nodeCount: Int
    /// Edges of the diagram.
    public let edgeCount: Int
    /// The different ends of walks through it.
    public let terminalCount: Int
    /// How many requests the vocabulary tells apart.
    public let requestCount: UInt128
    /// How many of them a route decides.
    public let routedCount: UInt128
    /// How many of them a `never` or `deny` rule refuses.
    public let refusedCount: UInt128
    /// How many of them no rule covers.
    public let uncoveredCount: UInt128
  }

  /// The policy's name and version, and the hash of its content.
  public let policy: String
  /// What was found: errors first, then by position and code.
  public let findings: [Finding]
  /// Nil when the rules were too many-sided for a diagram.
  public let statistics: Statistics?
  /// The invariants and guarantees that hold for every request.
  public let proved: [String]

  /// Whether the version must not come into force.
  public var hasErrors: Bool { findings.contains { $0.code.severity == .error } }

  /// The whole report; equal policies give equal texts, so approvals can sign its hash.
  public var text: String {
    var lines = ["analysis of \(policy)"]
    if let statistics {
      lines += statistics.lines
    }
    lines.append(
      "proved for every request: \(proved.isEmpty ? "-" : proved.joined(separator: ", "))")
    lines.append("findings: \(findings.count)")
    for finding in findings {
      lines.append(
        "\(finding.mark.line):\(finding.mark.column): \(finding.code.severity): \(finding.message)"
          + " [\(finding.code.rawValue)]")
      if let example = finding.exampleText { lines.append("    example: \(example)") }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// The findings as complaints about the file of this name and text; of the gaps as many as asked
  /// for, and how many more there are.
  public func diagnostics(
    file: String, text: String, gapCountMax: Int = .max
  ) -> [Diagnostic] {
    let diagnostics = Diagnostics(file: file, text: text)
    let gaps = findings.filter { $0.code == .gap }
    let hidden = max(0, gaps.count - gapCountMax)
    for finding in findings.filter({ $0.code != .gap }) + gaps.dropLast(hidden) {
      let message = finding.message + (finding.exampleText.map { "; example: \($0)" } ?? "")
      switch finding.code.severity {
      case .error: diagnostics.error(finding.code.rawValue, at: finding.mark, message)
      case .warning: diagnostics.warning(finding.code.rawValue, at: finding.mark, message)
      }
    }
    if hidden > 0 {
      diagnostics.warning(
        AnalysisCode.gap.rawValue, at: .start,
        "no rule covers further kinds of requests: \(hidden); `--gaps` lists them")
    }
    return diagnostics.sorted()
  }
}

extension AnalysisReport.Statistics {
  /// Two lines for the report.
  fileprivate var lines: [String] {
    let layers = Layer.allCases.map { "\(ruleCounts[$0] ?? 0) \($0.rawValue)" }
    return [
      "rules: \(layers.joined(separator: ", ")); diagram: \(nodeCount) nodes, \(edgeCount) edges,"
        + " \(terminalCount) ends",
      "requests told apart: \(requestCount); by a route: \(share(routedCount)), refused by a rule:"
        + " \(share(refusedCount)), covered by no rule: \(share(uncoveredCount))",
    ]
  }

  /// A part of all requests, in hundredths of a percent, rounded down.
  private func share(_ count: UInt128) -> String { percentText(count, of: requestCount) }
}

/// `12.34 %`, rounded down; `under 0.01 %` for less that is not nothing.
func percentText(_ count: UInt128, of total: UInt128) -> String {
  // Counts have up to 107 bits; a factor of ten thousand fits.
  let hundredths = total == 0 ? 0 : Int(count * 10_000 / total)
  if hundredths == 0, count > 0 { return "under 0.01 %" }
  let fraction = String(hundredths % 100)
  return "\(hundredths / 100).\(fraction.utf8.count < 2 ? "0" : "")\(fraction) %"
}

/// The stable codes of what the analysis finds, with the reason why it matters.
public enum AnalysisCode: String, CaseIterable, Sendable {
  case neverViolated = "E335"
  case guaranteeBroken = "E336"
  case notProved = "E337"
  case unreachable = "W331"
  case shadowed = "W332"
  case redundant = "W333"
  case needlessOverride = "W334"
  case gap = "W335"

  /// Whether it keeps a version from coming into force.
  public var severity: Diagnostic.Severity { rawValue.hasPrefix("E") ? .error : .warning }

  /// Why it matters.
  public var reason: String {
    switch self {
    case .neverViolated:
      "a route or its words contradict an invariant; the edge would refuse in silence what the"
        + " route promises"
    case .guaranteeBroken: "a promise of availability does not hold for every request"
    case .notProved: "the rules tell too many cases apart to be proved"
    case .unreachable: "no request can match the rule, so its sentence says nothing"
    case .shadowed: "other rules always decide in its place"
    case .redundant: "taking the rule out changes no decision"
    case .needlessOverride: "the overriding route says what the overridden one says"
    case .gap: "no rule covers these requests; they are refused without a reason of the policy"
    }
  }
}

import Base
import StrictYAML

/// Proves a policy's invariants and guarantees for every request, and finds what its officers would
/// want to know before they approve it.
///
/// Everything is read from the rules' diagram, so the cost follows its size and not the number of
/// requests. Each example is decided again by the interpreter, which shares no code with the
/// diagram: INVARIANT (confirmed example).
public struct Analysis {
  /// What is being looked at.
  public enum Step: String, CaseIterable, Sendable {
    case invariants, guarantees, rules, gaps
  }

  let policy: Policy
  let rules: RulesDiagram
  let plans: TerminalPlans
  var findings: [AnalysisReport.Finding] = []
  var proved: [String] = []

  /// Analyses `policy`; `progress` hears which step begins or goes on, and how much of it is done,
  /// from 0 to 1. Takes about as long as loading the policy did.
  public static func report(
    _ policy: Policy, progress: (Step, Double) -> Void = { _, _ in }
  ) -> AnalysisReport {
    let title =
      "\(policy.name) version \(policy.version)"
      + (policy.contentHash.isEmpty ? "" : ", \(policy.contentHash)")
    do throws(DiagramError) {
      var analysis = Analysis(policy: policy, rules: try policy.diagram.get())
      progress(.invariants, 0)
      analysis.checkInvariants()
      progress(.guarantees, 0)
      try analysis.checkGuarantees()
      progress(.rules, 0)
      try analysis.checkRules { progress(.rules, $0) }
      progress(.gaps, 0)
      try analysis.findGaps()
      progress(.gaps, 1)
      return AnalysisReport(
        policy: title, findings: analysis.findings.inOrder, statistics: analysis.statistics(),
        proved: analysis.proved.sorted())
    } catch {
      let finding = AnalysisReport.Finding(
        code: .notProved, rules: [], mark: .start, message: "nothing was proved: \(error)",
        example: nil, exampleText: nil)
      return AnalysisReport(policy: title, findings: [finding], statistics: nil, proved: [])
    }
  }

  private init(policy: Policy, rules: RulesDiagram) {
    self.policy = policy
    self.rules = rules
    plans = TerminalPlans(policy.regions, policy.rules)
  }

  /// What the diagram says about all requests together.
  private func statistics() -> AnalysisReport.Statistics {
    let counts = rules.diagram.pointCounts(
      rules.space.classes, terminalCount: rules.terminals.count)
    var (routed, refused, uncovered) = (UInt128(0), UInt128(0), UInt128(0))
    for (count, terminal) in zip(counts, rules.terminals) {
      let isRefused = terminal.collected.contains { policy.rules[$0].forbidden == nil }
      switch terminal.decider.map({ policy.rules[$0].layer }) {
      case .route? where !isRefused: routed += count
      case nil where !isRefused: uncovered += count
      default: refused += count
      }
    }
    return AnalysisReport.Statistics(
      ruleCounts: Dictionary(grouping: policy.rules, by: \.layer).mapValues(\.count),
      nodeCount: rules.diagram.nodeCount, edgeCount: rules.diagram.edgeCount,
      terminalCount: rules.terminals.count, requestCount: rules.space.pointCount,
      routedCount: routed, refusedCount: refused, uncoveredCount: uncovered)
  }

  /// Adds a finding about `rule`, with the request of `path` as its example.
  mutating func report(
    _ code: AnalysisCode, _ rule: (id: String, mark: Mark), others: [String] = [],
    _ message: String, path: [Int?]? = nil
  ) {
    let example = path.map(facts)
    findings.append(
      AnalysisReport.Finding(
        code: code, rules: (rule.id.isEmpty ? [] : [rule.id]) + others, mark: rule.mark,
        message: message, example: example,
        exampleText: example.map { RequestText.json($0, for: policy) }))
  }

  /// The facts of a path, at the default time if the path holds then.
  func facts(_ path: [Int?]) -> Facts {
    let (domains, codes) = (rules.space.domains, rules.space.codes(path))
    var facts = domains.facts(codes)
    let time = facts.time
    facts.time = policy.defaultTime
    if domains.codes(facts)[.time] != codes[Attribute.time.rawValue] { facts.time = time }
    return facts
  }

  /// Ids for a message, at most four.
  func list(_ ids: [String]) -> String {
    let shown = ids.prefix(4).map { "`\($0)`" }.joined(separator: ", ")
    return ids.count > 4 ? "\(shown) and \(ids.count - 4) more" : shown
  }
}

extension [AnalysisReport.Finding] {
  /// Errors first, then by position and code.
  fileprivate var inOrder: [AnalysisReport.Finding] {
    enumerated().sorted { one, other in
      let (left, right) = (one.element, other.element)
      let isError = left.code.severity == .error
      if isError != (right.code.severity == .error) { return isError }
      if left.mark != right.mark { return left.mark < right.mark }
      if left.code != right.code { return left.code.rawValue < right.code.rawValue }
      return one.offset < other.offset
    }.map(\.element)
  }
}

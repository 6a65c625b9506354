import Base
import StrictYAML

/// Why a request is decided as it is.
public struct Explanation: Sendable {
  /// A rule, and what it has to do with the request.
  public struct Consideration: Sendable {
    /// The rule's layer.
    public let layer: Layer
    /// The rule's id.
    public let rule: String
    /// Whether the request is one of the rule's.
    public let matches: Bool
    /// Why it matched or not, and what that came to.
    public let why: String
  }

  /// Each attribute and the request's value in words.
  public let facts: [(key: String, word: String)]
  /// Every rule, in the order of `Policy.rules`.
  public let rules: [Consideration]
  /// The candidates that were taken away, and the `never` rule that did.
  public let removals: [(candidate: String, rule: String)]
  /// The decision, in a few lines.
  public let conclusion: [String]

  /// All of it, one line each.
  public var lines: [String] {
    facts.map { "\($0.key): \($0.word)" }
      + rules.map { "\($0.layer) \($0.rule): \($0.matches ? "" : "no: ")\($0.why)" }
      + removals.map { "removed: \($0.candidate), by never \($0.rule)" } + conclusion
  }
}

extension Policy {
  /// The facts in words, every rule and why it matched or not, the candidates that were taken away
  /// and by what, and the decision.
  public func explain(_ facts: Facts) -> Explanation {
    let trace = interpreter.trace(facts)
    return Explanation(
      facts: Attribute.allCases.map { ($0.key, interpreter.word($0, facts)) },
      rules: rules.indices.map { index in
        let (matches, why) = reason(index, facts, trace)
        return Explanation.Consideration(
          layer: rules[index].layer, rule: rules[index].id, matches: matches, why: why)
      },
      removals: trace.removals.map { (text($0), rules[$1].id) },
      conclusion: decision(facts, trace.result))
  }

  /// Whether and why a rule matched, and what that came to.
  private func reason(
    _ index: Int, _ facts: Facts, _ trace: Interpreter.Trace
  ) -> (matches: Bool, why: String) {
    let rule = rules[index]
    switch interpreter.outcome(rule, facts) {
    case .failed(let attribute):
      let wanted = rule.when.clauses.first { $0.attribute == attribute }?.words ?? []
      let shown = wanted.count <= 6 ? wanted : Array(wanted[..<5]) + ["\(wanted.count - 5) more"]
      let word = interpreter.word(attribute, facts)
      return (false, "\(attribute.key) is \(word), not \(shown.joined(separator: ", "))")
    case .excepted: return (false, "left out by `unless`")
    case .doubtful: return (false, "left out by `unless`, which cannot be ruled out")
    case .matched:
      let higher = trace.matched.first { rules[$0].overrides.contains(rule.id) }
      if let higher { return (true, "matches, but \(rules[higher].id) overrides it: \(rule.say)") }
      return (true, "matches: \(rule.say)")
    }
  }

  private func decision(_ facts: Facts, _ result: Interpreter.Result) -> [String] {
    let rule = result.ruleIndex.map { "\(rules[$0].layer) \(rules[$0].id)" } ?? "no route"
    let phase = "phase: \(phase(of: facts.dataClass).rawValue)"
    let audit = "audit \(result.durability.rawValue)"
    guard case .permit = result.verdict else {
      return [phase, "decision: refuse, \(result.verdict.word), by \(rule), \(audit)"]
    }
    let row = result.cacheRow.map { "row \($0 + 1) (line \(cacheRows[$0].mark.line))" }
    let obligations = result.obligations.words.joined(separator: ", ")
    let kept = result.candidates.map(text).joined(separator: "; ")
    return [
      phase, "cache: \(row ?? "never")",
      "obligations: \(obligations.isEmpty ? "none" : obligations)",
      "decision: permit by \(rule), \(audit): \(kept)",
    ]
  }
}

extension Clause {
  /// The values and ranges in words.
  var words: [String] {
    let ranges = ranges.map { range in
      switch attribute.kind {
      case .numbers(let quantity): range.text(quantity.text)
      default: range.text { timestamp(WallTime(microseconds: $0)) }
      }
    }
    return ranges + values
  }
}

import Base
import StrictYAML

extension Policy {
  /// The facts in words, every rule and why it matched or not, the candidates that were taken away
  /// and by what, and the decision; one line each.
  public func explain(_ facts: Facts) -> [String] {
    let trace = interpreter.trace(facts)
    var lines = Attribute.allCases.map { "\($0.key): \(interpreter.word($0, facts))" }
    for index in rules.indices {
      lines.append("\(rules[index].layer) \(rules[index].id): \(reason(index, facts, trace))")
    }
    for (candidate, rule) in trace.removals {
      lines.append("removed: \(text(candidate)), by never \(rules[rule].id)")
    }
    return lines + decision(facts, trace.result)
  }

  /// Why a rule matched or not, and what that came to.
  private func reason(_ index: Int, _ facts: Facts, _ trace: Interpreter.Trace) -> String {
    let rule = rules[index]
    switch interpreter.outcome(rule, facts) {
    case .failed(let attribute):
      let wanted = rule.when.clauses.first { $0.attribute == attribute }?.words ?? []
      let shown = wanted.count <= 6 ? wanted : Array(wanted[..<5]) + ["\(wanted.count - 5) more"]
      return "no: \(attribute.key) is \(interpreter.word(attribute, facts)),"
        + " not \(shown.joined(separator: ", "))"
    case .excepted: return "no: left out by `unless`"
    case .doubtful: return "no: left out by `unless`, which cannot be ruled out"
    case .matched:
      let higher = trace.matched.first { rules[$0].overrides.contains(rule.id) }
      if let higher { return "matches, but \(rules[higher].id) overrides it: \(rule.say)" }
      return "matches: \(rule.say)"
    }
  }

  private func decision(_ facts: Facts, _ result: Interpreter.Result) -> [String] {
    let rule = result.ruleIndex.map { "\(rules[$0].layer) \(rules[$0].id)" } ?? "no route"
    let phase = "phase: \(phase(of: facts.dataClass).rawValue)"
    guard case .permit = result.verdict else {
      return [
        phase, "decision: refuse, \(result.verdict.word), by \(rule), audit \(result.durability)",
      ]
    }
    let row = result.cacheRow.map { "row \($0 + 1) (line \(cacheRows[$0].mark.line))" }
    let obligations = result.obligations.words.joined(separator: ", ")
    let kept = result.candidates.map(text).joined(separator: "; ")
    return [
      phase, "cache: \(row ?? "never")",
      "obligations: \(obligations.isEmpty ? "none" : obligations)",
      "decision: permit by \(rule), audit \(result.durability): \(kept)",
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

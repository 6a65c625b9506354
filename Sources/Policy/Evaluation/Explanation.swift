import Base
import StrictYAML

extension Interpreter {
  /// Every rule considered and why it matched or not, then the decision; one line each.
  func explain(_ facts: Facts) -> [String] {
    var lines = Attribute.allCases.map { "\($0.key): \(word($0, facts))" }
    for rule in rules {
      let reason =
        switch outcome(rule, facts) {
        case .matched: "matches: \(rule.say)"
        case .failed(let attribute): failure(rule, attribute, facts)
        case .excepted: "no: left out by `unless`"
        }
      lines.append("\(rule.layer) \(rule.id): \(reason)")
    }
    return lines + decision(facts)
  }

  private func failure(_ rule: Rule, _ attribute: Attribute, _ facts: Facts) -> String {
    let wanted = rule.when.clauses.first { $0.attribute == attribute }?.values ?? []
    let shown = wanted.count <= 6 ? wanted : Array(wanted[..<5]) + ["\(wanted.count - 5) more"]
    return "no: \(attribute.key) is \(word(attribute, facts)),"
      + " not \(shown.joined(separator: ", "))"
  }

  private func decision(_ facts: Facts) -> [String] {
    let result = decide(facts)
    let rule = result.ruleIndex.map { "\(rules[$0].layer) \(rules[$0].id)" } ?? "no route"
    guard case .permit = result.verdict else {
      guard case .refuse(let kind) = result.verdict else { return [] }
      return ["decision: refuse, \(kind.rawValue), by \(rule), audit \(result.durability)"]
    }
    let kept = result.candidates.map { describe($0) }.joined(separator: "; ")
    var lines = ["decision: permit by \(rule), audit \(result.durability): \(kept)"]
    if let index = result.ruleIndex {
      let removed = surroundings(facts).candidates(rules[index].serve)
        .filter { !result.candidates.contains($0) }
      if !removed.isEmpty {
        let list = removed.map { describe($0) }.joined(separator: "; ")
        lines.append("removed by never: \(list)")
      }
    }
    return lines
  }

  /// A candidate in words: `us-west replica within 10s, marked stale`.
  private func describe(_ candidate: Candidate) -> String {
    var text = "\(regions[Int(candidate.region.index)].name) \(candidate.tier)"
    if let bound = candidate.stalenessMillisecondsMax {
      text += " within \(durationText(milliseconds: Int(bound)))"
    }
    return text + (candidate.isMarkedStale ? ", marked stale" : "")
  }
}

import Base

/// Writes tests for a policy file: for each rule a request that it decides, and for each of its
/// conditions a request that just misses it, with the answers of the interpreter.
///
/// The answers are what the policy says, not what it should say: an officer reads them, keeps what
/// is meant and has found a mistake where it is not.
public struct TestWriter {
  private let policy: Policy
  private let rules: RulesDiagram
  private var text = "tests:\n"
  private var seen: Set<String> = []

  /// The tests of `policy` as the value of `tests`, ready to be pasted.
  public static func yaml(for policy: Policy) throws(DiagramError) -> String {
    var writer = TestWriter(policy: policy, rules: try policy.diagram.get())
    for index in policy.rules.indices { try writer.write(index) }
    return writer.text
  }

  private init(policy: Policy, rules: RulesDiagram) {
    self.policy = policy
    self.rules = rules
  }

  private mutating func write(_ index: Int) throws(DiagramError) {
    let rule = policy.rules[index]
    let guide = try rules.points(of: DiagramRule(rule, policy.boxes[index], policy.domains))
    var path = guide.firstPath(to: 1)
    var isDecided = false
    rules.diagram.visitTerminals(within: guide) { number, found in
      guard !isDecided, rules.terminals[number].decider == index else { return }
      path = found
      isDecided = true
    }
    // No request matches a rule without a path.
    guard let path else { return }
    let codes = rules.space.codes(path)
    write(rule.id, "matches", policy.domains.facts(codes))
    let box = policy.boxes[index].when
    for attribute in RuleSpace.order {
      let set = box.sets[attribute.rawValue]
      guard set.count < policy.domains.count(attribute) else { continue }
      for (facts, what) in nearMisses(codes, attribute, set) {
        write(rule.id, "misses by \(attribute.key), \(what)", facts)
      }
    }
  }

  /// Requests that differ in one attribute, so that `set` does not hold it: on both sides of the
  /// bounds of a number, else the first other value, and `unknown`.
  private func nearMisses(
    _ codes: [Int], _ attribute: Attribute, _ set: ValueSet
  ) -> [(Facts, String)] {
    let outside = ValueSet(count: policy.domains.count(attribute), isFull: true).subtracting(set)
    let unknown = policy.domains.unknownCode(attribute)
    var chosen: [Int] = []
    if let cuts = policy.domains.cuts(attribute) {
      chosen = outside.values.filter { code in
        code < cuts.count && ((code > 0 && set.contains(code - 1)) || set.contains(code + 1))
      }
    } else if let first = outside.values.first(where: { $0 != unknown }) {
      chosen = [first]
    }
    if let unknown, outside.contains(unknown) { chosen.append(unknown) }
    return chosen.map { code in
      var other = codes
      other[attribute.rawValue] = code
      var facts = policy.domains.facts(other)
      if let cuts = policy.domains.cuts(attribute), code < cuts.count, set.contains(code + 1) {
        facts.setLast(of: cuts.interval(code), attribute)
      }
      return (facts, policy.interpreter.word(attribute, facts))
    }
  }

  /// Writes one test, unless the same request was there already.
  private mutating func write(_ id: String, _ what: String, _ facts: Facts) {
    let given = RuleSpace.order.compactMap { attribute -> String? in
      let word = policy.interpreter.word(attribute, facts)
      // The time has no `unknown`; where no rule asks for it, the default does.
      if attribute == .time { return policy.domains.time.count > 1 ? "time: \(word)" : nil }
      return word == "unknown" ? nil : "\(attribute.key): \(word == "NO" ? "\"NO\"" : word)"
    }.joined(separator: ", ")
    guard seen.insert(given).inserted else { return }
    let result = policy.interpreter.decide(facts)
    var expect = ["decision: \(result.verdict.word)"]
    if let rule = result.ruleIndex { expect.append("rule: \(policy.rules[rule].id)") }
    if result.verdict == .permit {
      let candidates = result.candidates.map { policy.interpreter.text($0) }
      expect.append("candidates: [\(candidates.joined(separator: ", "))]")
      if !result.obligations.isEmpty {
        expect.append("obligations: [\(result.obligations.words.joined(separator: ", "))]")
      }
      expect.append("audit: \(result.durability)")
    }
    text += "  - say: A request that \(id) \(what.replacing(": ", with: " "))\n"
    text += "    given: { \(given) }\n    expect: { \(expect.joined(separator: ", ")) }\n"
  }
}

extension Facts {
  /// Sets a number to the last value of an interval that has an end.
  fileprivate mutating func setLast(of interval: NumberRange, _ attribute: Attribute) {
    guard interval.upper != .max else { return }
    switch attribute {
    case .directoryAge: directoryAgeSeconds = UInt32(interval.upper - 1)
    case .authenticationAge: authenticationAgeSeconds = UInt32(interval.upper - 1)
    case .hour: hour = UInt8(interval.upper - 1)
    // Files write whole seconds.
    case .time: time = WallTime(microseconds: max(interval.lower, interval.upper - 1_000_000))
    default: break
    }
  }
}

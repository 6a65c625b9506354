public import Base

/// Writes tests for a policy file: for each rule a request that it decides, and for each of its
/// conditions a request that just misses it, with the answers of the interpreter.
///
/// The answers are what the policy says, not what it should say: an officer reads them, keeps what
/// is meant and has found a mistake where it is not.
public struct TestWriter {
  /// A test as it stands in a policy file.
  public struct Test: Sendable {
    /// What it is about.
    public let say: String
    /// The facts that are known, in the file's words.
    public let given: [(key: String, word: String)]
    /// What the policy says.
    public let decision: Verdict
    /// The rule that decides; nil for `no-rule`.
    public let rule: String?
    /// The candidates in words; empty for refusals.
    public let candidates: [String]
    /// What is demanded besides.
    public let obligations: [String]
    /// How a permitted request is recorded; nil for refusals.
    public let durability: Durability?
  }

  private let policy: Policy
  private let rules: RulesDiagram
  private var tests: [Test] = []
  private var seen: Set<String> = []

  /// The tests of `policy`.
  public static func tests(for policy: Policy) throws(DiagramError) -> [Test] {
    var writer = TestWriter(policy: policy, rules: try policy.diagram.get())
    for index in policy.rules.indices { try writer.write(index) }
    return writer.tests
  }

  /// The tests of `policy` as the value of `tests`, ready to be pasted.
  public static func yaml(for policy: Policy) throws(DiagramError) -> String {
    "tests:\n" + (try tests(for: policy)).map(\.yaml).joined()
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
    let given = RuleSpace.order.compactMap { attribute -> (key: String, word: String)? in
      let word = policy.interpreter.word(attribute, facts)
      // The time has no `unknown`; where no rule asks for it, the default does.
      let isLeftOut = attribute == .time ? policy.domains.time.count <= 1 : word == "unknown"
      return isLeftOut ? nil : (attribute.key, word)
    }
    let request = given.map { "\($0.key) \($0.word)" }.joined(separator: ", ")
    guard seen.insert(request).inserted else { return }
    let result = policy.interpreter.decide(facts)
    let isPermitted = result.verdict == .permit
    tests.append(
      Test(
        say: "A request that \(id) \(what.replacing(": ", with: " "))", given: given,
        decision: result.verdict, rule: result.ruleIndex.map { policy.rules[$0].id },
        candidates: isPermitted ? result.candidates.map { policy.interpreter.text($0) } : [],
        obligations: isPermitted ? result.obligations.words : [],
        durability: isPermitted ? result.durability : nil))
  }
}

extension TestWriter.Test {
  /// The test as an item of `tests`.
  fileprivate var yaml: String {
    // Norway would be read as a refusal to answer.
    let given = given.map { "\($0.key): \($0.word == "NO" ? "\"NO\"" : $0.word)" }
    var expect = ["decision: \(decision.word)"]
    if let rule { expect.append("rule: \(rule)") }
    if decision == .permit { expect.append("candidates: [\(candidates.joined(separator: ", "))]") }
    if !obligations.isEmpty {
      expect.append("obligations: [\(obligations.joined(separator: ", "))]")
    }
    if let durability { expect.append("audit: \(durability.rawValue)") }
    return """
        - say: \(say)
          given: { \(given.joined(separator: ", ")) }
          expect: { \(expect.joined(separator: ", ")) }

      """
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

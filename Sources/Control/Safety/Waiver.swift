public import Base

/// Rules set aside by two people for a while: the break-glass order. Never the law, which no order
/// touches, and never a rule that keeps data from harm.
public struct Waiver: Hashable, Sendable {
  /// The number of the act that asked for it: `B-7` for people.
  public let number: Int
  /// The rules, by their codes' order.
  public let rules: [SafetyRule]
  /// Who asked, and why.
  public let warrant: Warrant
  /// Who agreed; nil while nobody did, and then nothing is set aside.
  public internal(set) var second: String?
  /// Until when.
  public let until: WallTime

  /// The identifier for people.
  public var id: String { "B-\(number)" }

  /// The rules as one word: `S1+S6`.
  public var words: String { rules.map(\.rawValue).joined(separator: "+") }

  /// Reads `S1+S6`: known rules, each once, in order; nil for anything else.
  public static func rules(_ text: String) -> [SafetyRule]? {
    let words = text.split(separator: "+", omittingEmptySubsequences: false).map(String.init)
    let rules = words.compactMap { SafetyRule(rawValue: $0) }
    let sorted = SafetyRule.allCases.filter(rules.contains)
    return !rules.isEmpty && rules.count == words.count && sorted.count == rules.count
      ? sorted : nil
  }
}

extension OperatorState {
  /// The waiver in force that sets `rule` aside; nil when it counts.
  public func waiver(of rule: SafetyRule) -> Waiver? {
    waivers.first { $0.second != nil && $0.until > time && $0.rules.contains(rule) }
  }

  /// Takes the first half of a break-glass order.
  mutating func ask(
    _ rules: [SafetyRule], until: WallTime, _ warrant: Warrant
  ) throws(OperatorRefusal) {
    let latest = time.microseconds + UInt64(Limits.waiverMillisecondsMax) * 1_000
    guard until > time, until.microseconds <= latest else { throw .waiverDuration }
    if let firm = rules.first(where: { !$0.isWaivable }) { throw .firmRule(firm) }
    guard waivers.count < Limits.waiverCountMax else { throw .tooMany }
    waivers.append(
      Waiver(number: actCount, rules: rules, warrant: warrant, second: nil, until: until))
  }

  /// Takes the second half: another person agrees.
  mutating func agree(to number: Int, _ warrant: Warrant) throws(OperatorRefusal) {
    guard let index = waivers.firstIndex(where: { $0.number == number && $0.second == nil })
    else { throw .noSuchWaiver(number) }
    guard waivers[index].warrant.author != warrant.author else { throw .sameAuthor }
    waivers[index].second = warrant.author
  }
}

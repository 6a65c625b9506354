public import Base
public import Policy

/// How often two policy versions said different things, by what they said: a bounded table.
///
/// Owned by one loop's decider; a copy is handed on now and then.
public struct DifferenceTable: Sendable, Equatable {
  /// One way to differ.
  public struct Key: Hashable, Sendable {
    /// The data class concerned, as phases are by data class.
    public let dataClass: DataClass
    /// The version that decided.
    public let source: PolicyPair.Source
    /// Its rule, by its own numbers; nil for `no-rule`.
    public let ruleIndex: Int?
    /// Its verdict.
    public let verdict: Verdict
    /// What the other one would have said.
    public let other: PolicyPair.Other
  }

  /// More ways than this are counted as one: who reads them would read no more.
  public static let keyCountMax = 64

  /// How often by way.
  public private(set) var counts: [Key: UInt64] = [:]
  /// Differences beyond the table's bound.
  public private(set) var uncountedCount: UInt64 = 0

  /// Makes an empty table.
  public init() {}

  /// Whether nothing differed.
  public var isEmpty: Bool { counts.isEmpty && uncountedCount == 0 }

  /// Counts a difference once more, or `count` times.
  public mutating func add(_ key: Key, count: UInt64 = 1) {
    if counts[key] == nil, counts.count >= Self.keyCountMax {
      uncountedCount &+= count
    } else {
      counts[key, default: 0] &+= count
    }
  }

  /// Counts another table's differences.
  public mutating func add(_ table: DifferenceTable) {
    for (key, count) in table.counts { add(key, count: count) }
    uncountedCount &+= table.uncountedCount
  }
}

extension DifferenceTable.Key {
  /// What `other` would have said instead of `decided`.
  init(
    _ decided: borrowing PolicyPair.Decision, _ dataClass: DataClass, _ other: PolicyPair.Other
  ) {
    self.init(
      dataClass: dataClass, source: decided.source, ruleIndex: decided.plan.ruleIndex,
      verdict: decided.plan.verdict, other: other)
  }
}

/// Everything in which the versions of one snapshot differed.
public struct PolicyDifferences: Sendable, Equatable {
  /// Between the version in force and the one before, where phases ask both.
  public var phases = DifferenceTable()
  /// Between what decided and the version that is shadowed.
  public var shadow = DifferenceTable()
  /// How many requests the shadowed version was asked about.
  public var comparedCount: UInt64 = 0

  /// Makes an empty count.
  public init() {}

  /// Whether nothing was compared.
  public var isEmpty: Bool { phases.isEmpty && comparedCount == 0 }

  /// Counts another one's differences.
  public mutating func add(_ more: PolicyDifferences) {
    phases.add(more.phases)
    shadow.add(more.shadow)
    comparedCount &+= more.comparedCount
  }

  /// Begins to count anew what the shadowed version would change.
  public mutating func forgetShadow() {
    shadow = DifferenceTable()
    comparedCount = 0
  }
}

extension Snapshot {
  /// Where the version in force and the one before differ, a line each way.
  public func phaseLines(of differences: PolicyDifferences) -> [String] {
    policies.superseded.map { old in
      lines(of: differences.phases) { $0 == .active ? old.policy : policy }
    } ?? []
  }

  /// What the shadowed version would change, a line each way.
  public func shadowLines(of differences: PolicyDifferences) -> [String] {
    policies.successor.map { next in lines(of: differences.shadow) { _ in next.policy } } ?? []
  }

  /// The table's lines for people, the most frequent first: `count class: version says by rule,
  /// version would say by rule`. `other` is the version beside the one that decided.
  private func lines(
    of table: DifferenceTable, beside other: (PolicyPair.Source) -> Policy
  ) -> [String] {
    func says(_ policy: Policy, _ verdict: Verdict, _ rule: Int?) -> String {
      let id = rule.flatMap { policy.rules.indices.contains($0) ? policy.rules[$0].id : nil }
      return "version \(policy.version) \(verdict.word)" + (id.map { " by \($0)" } ?? "")
    }
    let lines = table.counts.map { key, count in
      let decider = key.source == .active ? policy : policies.superseded?.policy ?? policy
      return (
        count,
        "\(key.dataClass.rawValue): \(says(decider, key.verdict, key.ruleIndex)) decides,"
          + " \(says(other(key.source), key.other.verdict, key.other.ruleIndex)) differs"
      )
    }
    let sorted = lines.sorted { ($1.0, $0.1) < ($0.0, $1.1) }.map { "\($0.0) \($0.1)" }
    return table.uncountedCount == 0 ? sorted : sorted + ["\(table.uncountedCount) others"]
  }
}

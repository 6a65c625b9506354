public import Base

/// What changes between two versions of a policy, for every request there can be.
///
/// Both diagrams are brought into one store, where equal decisions are one node, and walked side by
/// side; only where they differ does the walk go down. What is found is grouped by the decisions
/// before and after, and told in boxes.
public struct PolicyDiff: Sendable {
  /// How two decisions about a request compare.
  public enum Change: String, CaseIterable, Sendable {
    /// Refused before, or fewer candidates, and no more obligations now.
    case more = "more permissive"
    /// Permitted before, or more candidates, or fewer obligations.
    case less = "less permissive"
    /// Some candidates or obligations went and others came.
    case both = "both"
    /// Another order, reason of refusal, or durability of the record.
    case other = "different"
    /// The same decision by another rule.
    case attribution = "same decision, other rule"
  }

  /// The decision of one version, for the group's example.
  public struct Decision: Sendable, Equatable {
    /// Permit, or the kind of refusal.
    public let verdict: Verdict
    /// The rule that decides; nil for `no-rule`.
    public let rule: String?
    /// Who may serve, best first, in the words of `Policy.text`.
    public let candidates: [String]
    /// What is demanded besides.
    public let obligations: [String]
    /// How the decision is recorded.
    public let durability: Durability
  }

  /// Requests for which the same rules decide before, and the same after.
  public struct Group: Sendable {
    /// How the decisions compare.
    public let change: Change
    /// The decisions about the example.
    public let before: Decision
    /// The same in the new version.
    public let after: Decision
    /// How many of the requests that the vocabularies tell apart.
    public let requestCount: UInt128
    /// How many requests of the sample.
    public internal(set) var sampleCount: Int
    /// The requests in words; boxes may overlap.
    public let boxes: [String]
    /// Whether the boxes are all there are.
    public let isComplete: Bool
    /// A request of the group in the words of the new version.
    public let example: String
  }

  /// The groups: what is permitted newly first, the largest first.
  public private(set) var groups: [Group]
  /// How many requests the vocabularies tell apart, all together.
  public let requestCount: UInt128
  /// For how many of them the decision changes.
  public let changedCount: UInt128
  /// How many requests were weighed.
  public private(set) var sampleCount = 0
  /// For how many of them the decision changes.
  public private(set) var sampleChangedCount = 0
  /// Classes of data whose row of the cache matrix says something else now.
  public let cacheChanges: [DataClass]
  private let space: JointSpace
  /// Terminal 0 where both versions decide alike, else a position in `positions` + 1.
  private let differences: DecisionDiagram
  /// By group of the walk: its place in `groups`.
  private let positions: [Int]

  /// The verdict about the whole; nil when every decision stays as it is.
  public var change: Change? {
    let changes = Set(groups.map(\.change)).subtracting([.attribution])
    if changes.isEmpty { return cacheChanges.isEmpty ? nil : .other }
    if changes.contains(.both) || changes.isSuperset(of: [.more, .less]) { return .both }
    if changes.contains(.more) { return .more }
    return changes.contains(.less) ? .less : .other
  }

  /// The changed part of all requests, in hundredths of a percent.
  public var changedShare: String { percentText(changedCount, of: requestCount) }

  /// Counts a request, in the numbers of the old version, to the group that it belongs to.
  public mutating func weigh(_ facts: Facts) {
    sampleCount += 1
    let number = differences.terminal(space.point(facts))
    guard number > 0 else { return }
    let position = positions[number - 1]
    groups[position].sampleCount += 1
    if groups[position].change != .attribution { sampleChangedCount += 1 }
  }

  /// Compares two versions.
  public init(_ old: Policy, _ new: Policy) throws(DiagramError) {
    let space = try JointSpace(old, new)
    var walk = try DiffWalk(space)
    let differences = try walk.run()
    let counts = differences.pointCounts(space.classes, terminalCount: walk.groups.count + 1)
    let text = SpaceText(domains: space.domains, groups: new.groups)
    var groups: [Group] = []
    for (index, key) in walk.groups.enumerated() {
      let points = try differences.mapped { $0 == index + 1 ? 1 : 0 }
      let cover = try BoxCover(points, countMax: Limits.diffBoxCountMax)
      let path = points.firstPath(to: 1) ?? []
      let codes = space.codes(path)
      let time = space.time(codes, preferring: new.defaultTime)
      func example(_ side: JointSpace.Side) -> Facts {
        var facts = space.facts(codes, for: side)
        facts.time = time
        return facts
      }
      groups.append(
        Group(
          change: key.change, before: Self.decision(old, example(space.old)),
          after: Self.decision(new, example(space.new)),
          requestCount: counts[index + 1], sampleCount: 0,
          boxes: cover.boxes.map { box in
            text.describe(zip(space.classes, box).map { $0.values(of: $1) })
          }, isComplete: cover.isComplete,
          example: RequestText.json(example(space.new), for: new)))
    }
    let order = Change.allCases
    let sorted = groups.enumerated().sorted { one, other in
      let (left, right) = (one.element, other.element)
      if left.change != right.change {
        return order.firstIndex(of: left.change) ?? 0 < order.firstIndex(of: right.change) ?? 0
      }
      if left.requestCount != right.requestCount { return left.requestCount > right.requestCount }
      return one.offset < other.offset
    }
    self.groups = sorted.map(\.element)
    var positions = [Int](repeating: 0, count: sorted.count)
    for (position, group) in sorted.enumerated() { positions[group.offset] = position }
    self.positions = positions
    self.space = space
    self.differences = differences
    let isChanged = walk.groups.map { $0.change != .attribution }
    requestCount = space.classes.reduce(1) { $0 * UInt128($1.classes.count) }
    changedCount = zip(isChanged, counts.dropFirst()).reduce(0) { $0 + ($1.0 ? $1.1 : 0) }
    cacheChanges = DataClass.allCases.filter { dataClass in
      Sensitivity.allCases.contains { sensitivity in
        Self.store(space.old, dataClass, sensitivity)
          != Self.store(space.new, dataClass, sensitivity)
      }
    }
  }

  /// How a version stores answers of a class, in joint numbers of regions; nil for never.
  private static func store(
    _ side: JointSpace.Side, _ dataClass: DataClass, _ sensitivity: Sensitivity
  ) -> CacheStorage? {
    var store = side.policy.cacheRows.first {
      $0.store != nil && $0.dataClasses.contains(dataClass)
        && $0.sensitivities.contains(sensitivity)
    }?.store
    let regions = store?.regions ?? []
    store?.regions = regions.map { RegionID(side.regions[Int($0.index)]) }
    return store
  }

  /// What the interpreter, which shares no code with the walk, says about an example.
  private static func decision(_ policy: Policy, _ facts: Facts) -> Decision {
    let result = policy.interpreter.decide(facts)
    return Decision(
      verdict: result.verdict, rule: result.ruleIndex.map { policy.rules[$0].id },
      candidates: result.candidates.map { policy.interpreter.text($0) },
      obligations: result.obligations.words, durability: result.durability)
  }
}

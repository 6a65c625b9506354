public import Base

/// Kinds of servers by region: a bit for each `RegionID`.
public struct TargetSet: Hashable, Sendable {
  /// Regions whose replicas belong to the set.
  public var replicas: UInt64 = 0
  /// Regions whose primary belongs to the set.
  public var primaries: UInt64 = 0

  /// Makes a set.
  public init(replicas: UInt64 = 0, primaries: UInt64 = 0) {
    self.replicas = replicas
    self.primaries = primaries
  }

  /// Whether nothing belongs to it.
  public var isEmpty: Bool { replicas == 0 && primaries == 0 }

  /// What belongs to both.
  public func intersection(_ other: TargetSet) -> TargetSet {
    TargetSet(replicas: replicas & other.replicas, primaries: primaries & other.primaries)
  }

  /// What belongs to this set only.
  public func subtracting(_ other: TargetSet) -> TargetSet {
    TargetSet(replicas: replicas & ~other.replicas, primaries: primaries & ~other.primaries)
  }
}

/// Where the requests of one home, data class and operation may lawfully be served.
public struct ServiceRow: Hashable, Sendable {
  /// The patient's home; nil when it is not known, or no patient is concerned.
  public let home: RegionID?
  /// What is asked for.
  public let dataClass: DataClass
  /// What is done with it.
  public let operation: Operation
  /// Each different set of targets that some permitted request of the row has; none is empty.
  public let targets: [TargetSet]

  /// Makes a row.
  public init(
    home: RegionID?, dataClass: DataClass, operation: Operation, targets: [TargetSet]
  ) {
    self.home = home
    self.dataClass = dataClass
    self.operation = operation
    self.targets = targets
  }
}

extension Policy {
  /// For each home, data class and operation that the policy permits at all, where it does: read
  /// from the diagram, so for every possible request. Nil when the policy has no diagram.
  public func serviceRows() -> [ServiceRow]? {
    guard let rules = try? diagram.get() else { return nil }
    var walk = ServiceWalk(rules, TerminalPlans(regions, self.rules))
    return walk.rows()
  }
}

/// Collects the target sets below nodes of the diagram; each node is looked at once for each kind
/// of surroundings.
private struct ServiceWalk {
  private struct Key: Hashable {
    let ref: DecisionDiagram.Ref
    /// A code; the region count stands for none.
    let home: Int
    /// -1 while open.
    let nearest: Int
  }

  private let rules: RulesDiagram
  private let plans: TerminalPlans
  private var memo: [Key: Set<TargetSet>] = [:]

  init(_ rules: RulesDiagram, _ plans: TerminalPlans) {
    precondition(
      Array(RuleSpace.order.prefix(3)) == [.dataClass, .home, .operation], "the rows' levels")
    self.rules = rules
    self.plans = plans
  }

  /// Every row that permits something.
  mutating func rows() -> [ServiceRow] {
    var rows: [ServiceRow] = []
    let (space, noRegion) = (rules.space, rules.space.domains.noRegion)
    for home in 0...noRegion {
      for dataClass in DataClass.allCases {
        let atHome = child(rules.diagram.root, 0, space.classes[0].classes[dataClass.ordinal])
        let below = child(atHome, 1, space.classes[1].classes[home])
        for operation in Operation.allCases {
          let ref = child(below, 2, space.classes[2].classes[operation.ordinal])
          let targets = sets(ref, home: home, nearest: -1).compactMap { set -> TargetSet? in
            // A write goes to a primary or nowhere; see `Narrowing`.
            let usable = operation.isSafe ? set : TargetSet(primaries: set.primaries)
            return usable.isEmpty ? nil : usable
          }
          guard !targets.isEmpty else { continue }
          rows.append(
            ServiceRow(
              home: home < noRegion ? RegionID(UInt8(home)) : nil, dataClass: dataClass,
              operation: operation,
              targets: Set(targets).sorted {
                ($0.replicas, $0.primaries) < ($1.replicas, $1.primaries)
              }))
        }
      }
    }
    return rows
  }

  /// Where `ref` leads at `level`; itself when it does not ask about that.
  private func child(
    _ ref: DecisionDiagram.Ref, _ level: Int, _ valueClass: Int
  ) -> DecisionDiagram.Ref {
    rules.diagram.level(ref) == level ? rules.diagram.child(ref, valueClass) : ref
  }

  /// The target sets of all permitted requests below `ref`.
  private mutating func sets(
    _ ref: DecisionDiagram.Ref, home: Int, nearest: Int
  ) -> Set<TargetSet> {
    let key = Key(ref: ref, home: home, nearest: nearest)
    if let known = memo[key] { return known }
    var result: Set<TargetSet> = []
    let level = rules.diagram.level(ref)
    if nearest < 0, level >= RuleSpace.locationLevel {
      for location in 0..<rules.diagram.widths[RuleSpace.locationLevel] {
        let region = rules.space.nearest(locationClass: location, home: home)
        result.formUnion(
          sets(child(ref, RuleSpace.locationLevel, location), home: home, nearest: region))
      }
    } else if ref.isTerminal {
      let plan = plans.plan(rules.terminals[ref.index], home: home, nearest: nearest)
      if plan.verdict == .permit { result.insert(TargetSet(plan.candidates)) }
    } else {
      for below in Set(rules.diagram.children(ref)) {
        result.formUnion(sets(below, home: home, nearest: nearest))
      }
    }
    memo[key] = result
    return result
  }
}

extension TargetSet {
  /// The servers that candidates name; the cache is none.
  fileprivate init(_ candidates: [Candidate]) {
    self.init()
    for candidate in candidates {
      let bit = UInt64(1) << UInt64(candidate.region.index)
      switch candidate.tier {
      case .replica: replicas |= bit
      case .primary: primaries |= bit
      case .cache: break
      }
    }
  }
}

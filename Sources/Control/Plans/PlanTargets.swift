public import Base
internal import Policy

/// Which kinds of servers each home's requests have before a plan and after it: the part of a dry
/// run that needs no past decisions.
public struct PlanTargets {
  /// Requests of one home, class and operation whose servers change.
  public struct Row: Sendable {
    /// The home region's name; nil without one.
    public let home: String?
    /// What is asked for.
    public let dataClass: DataClass
    /// What is done with it.
    public let operation: Operation
    /// Kinds of servers that are lawful and in service, such as `us-west/replica`.
    public let before, after: [String]
  }

  /// The rows that change.
  public let rows: [Row]

  /// Compares what `world` serves under `state` with what it serves once `plan` is through.
  public init(_ plan: FailoverPlan, _ world: ServingWorld, _ state: OperatorState) {
    let (after, later) = world.after(plan, state)
    let names = world.regions.map(\.name)
    rows = (world.rows ?? []).compactMap { row in
      let all = row.targets.reduce(TargetSet()) { $0.union($1) }
      let old = all.intersection(world.fit(home: row.home, under: state))
      let new = all.intersection(after.fit(home: row.home, under: later))
      let isMoved = plan.move.map { move in
        !row.operation.isSafe && move.domains.contains(row.home.map { names[Int($0.index)] } ?? "")
      }
      guard old != new || isMoved == true else { return nil }
      return Row(
        home: row.home.map { names[Int($0.index)] }, dataClass: row.dataClass,
        operation: row.operation, before: old.names(names), after: new.names(names))
    }
  }
}

extension ServingWorld {
  /// The world and the orders once a plan is through: who is primary, and what is out of service.
  func after(
    _ plan: FailoverPlan, _ state: OperatorState
  ) -> (ServingWorld, OperatorState) {
    var (world, later) = (self, state)
    if let move = plan.move {
      for region in world.regions.indices {
        for index in world.regions[region].servers.indices {
          let server = world.regions[region].servers[index].name
          if server == move.from {
            world.regions[region].servers[index].tier = .replica
            // It serves again as a replica once it follows.
            if plan.hooks[server]?.retire == nil {
              world.regions[region].servers[index].isFit = false
            }
          } else if server == move.to {
            world.regions[region].servers[index].tier = .primary
          }
        }
      }
    }
    for step in plan.steps {
      switch step.work {
      case .order(let kind, let scope, let milliseconds):
        let until = WallTime(microseconds: later.time.microseconds + UInt64(milliseconds) * 1_000)
        let act = OperatorAct(
          .order(kind, scope, until: until), Warrant(author: "plan", reason: "tried"))
        later = (try? later.applying(act, at: later.time)) ?? later
      case .release(let scope):
        later.overrides.removeAll { $0.scope == scope && $0.kind.takesOut }
      default: break
      }
    }
    return (world, later)
  }
}

extension TargetSet {
  /// What belongs to either.
  fileprivate func union(_ other: TargetSet) -> TargetSet {
    TargetSet(
      replicas: replicas | other.replicas, primaries: primaries | other.primaries)
  }

  /// `us-west/replica`, `us-west/primary` and so on, in the order of the regions.
  fileprivate func names(_ regions: [String]) -> [String] {
    regions.enumerated().flatMap { index, name -> [String] in
      let bit = UInt64(1) << UInt64(index)
      return (replicas & bit != 0 ? ["\(name)/replica"] : [])
        + (primaries & bit != 0 ? ["\(name)/primary"] : [])
    }
  }
}

public import Base
public import Policy

/// The safety rules that the result of an act must keep.
public enum SafetyRule: String, CaseIterable, Sendable {
  /// Each home, data class and operation keeps a lawful target in service.
  case lawfulTarget = "S1"
  /// At least one region is in service, and at most one is out by hand.
  case regionsInService = "S5"
  /// Some seconds lie between two acts that move requests.
  case spacing = "S6"

  /// What it demands, for people.
  public var text: String {
    switch self {
    case .lawfulTarget: "each home, data class and operation keeps a lawful target"
    case .regionsInService: "one region in service at least, one out by hand at most"
    case .spacing: "5 seconds between two acts that move requests"
    }
  }
}

/// What is there to serve, region by region.
public struct ServingWorld: Sendable {
  /// One region's servers.
  public struct Region: Sendable {
    /// Its name.
    public let name: String
    /// Whether it has replicas and a primary at all.
    public var hasReplica, hasPrimary: Bool
    /// Whether one of them answers, has the role that it should, and is fresh.
    public var isReplicaFit, isPrimaryFit: Bool
    /// Whether one of them may answer yet: false only when all are known to be down.
    public var isReplicaPossible, isPrimaryPossible: Bool
    /// The other regions of whose data a replica here has a copy of measured age; nil: of all.
    public var copiedHomes: Set<String>?

    /// Makes a region; without news of its health everything there counts as fit.
    public init(_ name: String, hasReplica: Bool = true, hasPrimary: Bool = true) {
      self.name = name
      self.hasReplica = hasReplica
      self.hasPrimary = hasPrimary
      isReplicaFit = hasReplica
      isPrimaryFit = hasPrimary
      isReplicaPossible = hasReplica
      isPrimaryPossible = hasPrimary
    }
  }

  /// The regions; those of the policy first, in its order.
  public var regions: [Region]
  /// What the law allows; nil when that cannot be told, and then nothing may leave service.
  public let rows: [ServiceRow]?

  /// Joins regions and law.
  public init(_ regions: [Region], rows: [ServiceRow]?) {
    self.regions = regions
    self.rows = rows
  }

  /// The servers that are fit to serve data of `home`: a copy elsewhere must have been measured.
  func fit(home: RegionID?) -> TargetSet {
    let name = home.map { regions[Int($0.index)].name }
    return servers { region in
      let isCopied =
        name.map { region.name == $0 || region.copiedHomes?.contains($0) != false } ?? true
      return (region.isReplicaFit && isCopied, region.isPrimaryFit)
    }
  }

  /// The servers that are not known to be down.
  var possible: TargetSet { servers { ($0.isReplicaPossible, $0.isPrimaryPossible) } }

  /// The servers that are fit.
  var fit: TargetSet { servers { ($0.isReplicaFit, $0.isPrimaryFit) } }

  /// The servers that `state` keeps requests away from.
  func out(_ state: OperatorState) -> TargetSet {
    servers { region in
      (
        state.effect(region.name, .replica).out != nil,
        state.effect(region.name, .primary).out != nil
      )
    }
  }

  private func servers(_ has: (Region) -> (Bool, Bool)) -> TargetSet {
    var set = TargetSet()
    for (index, region) in regions.enumerated().prefix(64) {
      let (replica, primary) = has(region)
      if replica { set.replicas |= 1 << UInt64(index) }
      if primary { set.primaries |= 1 << UInt64(index) }
    }
    return set
  }
}

/// Judges the state that an act would leave, and those that time would make of it.
///
/// A rule is about what operators do: what has no target because servers failed is no reason to
/// refuse an act that does not concern it. What is taken out counts unless it is known to be down,
/// what is left only if it is known to be fit.
public struct Safety {
  private let world: ServingWorld

  /// For a world as it is now.
  public init(_ world: ServingWorld) { self.world = world }

  /// The state after `act`, or why not. The first broken rule is named.
  public func judge(
    _ act: OperatorAct, on state: OperatorState, at now: WallTime
  ) throws(OperatorRefusal) -> OperatorState {
    let before = state.settled(at: now)
    let after = try result(of: act, on: before, at: now)
    for rule in SafetyRule.allCases {
      if let complaint = complaint(rule, after, before) {
        throw .rule(rule, complaint, wayOut: wayOut(rule, act, before, now))
      }
    }
    return after
  }

  /// The state that `act` would leave, the rules not asked.
  public func result(
    of act: OperatorAct, on state: OperatorState, at now: WallTime
  ) throws(OperatorRefusal) -> OperatorState {
    if case .order(_, let scope, _) = act.deed,
      !world.regions.contains(where: { $0.name == scope.region })
    {
      throw .unknownRegion(scope.region, known: world.regions.map(\.name))
    }
    if case .authority(let domain, _) = act.deed,
      !world.regions.contains(where: { $0.name == domain })
    {
      throw .unknownRegion(domain, known: world.regions.map(\.name))
    }
    return try state.applying(act, at: now)
  }

  /// What `rule` has against `state`, which follows `before`, and against what time will make of
  /// it; nil when it is kept.
  public func complaint(
    _ rule: SafetyRule, _ state: OperatorState, _ before: OperatorState
  ) -> String? {
    if rule == .spacing { return spacingComplaint(state, before) }
    var future = state
    while true {
      let complaint =
        rule == .lawfulTarget ? lostTargets(future) : regionComplaint(future)
      if let complaint {
        return future == state ? complaint : "from \(future.time.text) on, \(complaint)"
      }
      guard let next = future.nextExpiry else { return nil }
      future.settle(at: next)
    }
  }

  private func spacingComplaint(_ state: OperatorState, _ before: OperatorState) -> String? {
    guard state.moved(from: before), let last = before.switchedAt else { return nil }
    let passed = (state.time.microseconds - last.microseconds) / 1_000
    let left = Limits.switchSpacingMilliseconds - Int(clamping: passed)
    return left > 0
      ? "the last act that moved requests was \(passed / 1_000) s ago; wait"
        + " \((left + 999) / 1_000) s to see what it does" : nil
  }

  private func regionComplaint(_ state: OperatorState) -> String? {
    let out = world.regions.filter { region in
      let tiers = [(region.hasReplica, Tier.replica), (region.hasPrimary, .primary)]
        .filter(\.0).map(\.1)
      return !tiers.isEmpty && tiers.allSatisfy { state.effect(region.name, $0).out != nil }
    }.map(\.name)
    if out.count > 1 {
      return "\(out.map { "`\($0)`" }.joined(separator: " and ")) would be out by hand together"
    }
    let taken = world.out(state)
    if !world.possible.intersection(taken).isEmpty, world.fit.subtracting(taken).isEmpty {
      return "no region would be left in service"
    }
    return nil
  }

  /// The requests that lose their last fit target by `state`; nil when none do.
  private func lostTargets(_ state: OperatorState) -> String? {
    let out = world.out(state)
    if out.isEmpty { return nil }
    guard let rows = world.rows else {
      return "what the policy allows cannot be told, because its rules have no diagram"
    }
    let taken = world.possible.intersection(out)
    var fits: [RegionID?: TargetSet] = [:]
    let lost = rows.filter { row in
      let fit = fits[row.home] ?? world.fit(home: row.home)
      fits[row.home] = fit
      return row.targets.contains { targets in
        !targets.intersection(taken).isEmpty
          && targets.intersection(fit).subtracting(out).isEmpty
      }
    }
    return lost.isEmpty ? nil : LostRequests(lost, world.regions.map(\.name)).description
  }

  /// What an operator can do instead.
  private func wayOut(
    _ rule: SafetyRule, _ act: OperatorAct, _ state: OperatorState, _ now: WallTime
  ) -> String {
    switch rule {
    case .spacing: return "repeat the command then"
    case .regionsInService:
      let out = state.overrides.filter { $0.kind.takesOut }.map(\.id)
      return out.isEmpty ? "leave one region in service" : "release \(out[0]) first"
    case .lawfulTarget:
      if case .order(let kind, let scope, let until) = act.deed, scope.tiers == .all {
        let narrower = OperatorAct(
          .order(kind, OverrideScope(scope.region, .replica), until: until), act.warrant)
        if (try? judge(narrower, on: state, at: now)) != nil {
          return "take only its replicas out (`--tier replica`), or move the write authority first"
        }
      }
      return "bring other servers that may serve them into service first, or have the officers"
        + " widen the policy"
    }
  }
}

/// Requests that lose their targets, put into a few words.
struct LostRequests: CustomStringConvertible {
  private let rows: [ServiceRow]
  private let names: [String]

  /// For rows whose homes are indices of `names`.
  init(_ rows: [ServiceRow], _ names: [String]) {
    self.rows = rows
    self.names = names
  }

  /// `read, search of medications, orders of home `us-west`, and 3 more kinds of requests would
  /// lose their last lawful target`.
  var description: String {
    // The home that loses most is the one that the act is about.
    let sameHome =
      Dictionary(grouping: rows, by: \.home).values
      .max { ($0.count, $1[0].index) < ($1.count, $0[0].index) } ?? []
    guard let first = sameHome.first else { return "nothing" }
    let operations = unique(
      sameHome.filter { $0.dataClass == first.dataClass }.map(\.operation.rawValue))
    let classes = unique(
      sameHome.filter { $0.operation == first.operation }.map(\.dataClass.rawValue))
    let home = first.home.map { "home `\(names[Int($0.index)])`" } ?? "no known home"
    let count = rows.count
    return "\(list(operations)) of \(list(classes)) of \(home) would lose the last lawful target"
      + (count > 1 ? " (\(count) combinations of home, class and operation in all)" : "")
  }

  private func unique(_ words: [String]) -> [String] {
    words.enumerated().filter { words.firstIndex(of: $0.element) == $0.offset }.map(\.element)
  }

  private func list(_ words: [String]) -> String {
    words.prefix(4).joined(separator: ", ")
      + (words.count > 4 ? " and \(words.count - 4) more" : "")
  }
}

extension ServiceRow {
  /// The home's index; the region bound without one.
  fileprivate var index: Int { home.map { Int($0.index) } ?? 64 }
}

extension OperatorRefusal: CustomStringConvertible {
  /// What is wrong, and what to do.
  public var description: String {
    switch self {
    case .taken(let other):
      "\(other.id) (\(other.kind.rawValue) \(other.scope), by \(other.warrant.author)) stands there"
        + " already; ask its author, or release it first"
    case .frozen(let other):
      "\(other.id) freezes \(other.scope), by \(other.warrant.author); ask its author, or release"
        + " it first"
    case .changed(let expected, let present):
      "revision \(expected) was expected, but it is \(present) by now; look at `homeward region"
        + " status` and decide again"
    case .unknownRegion(let name, let known):
      "there is no region `\(name)`; there are \(known.joined(separator: ", "))"
    case .noSuchOrder(let number):
      "no order O-\(number) is in force; `homeward region status` lists them"
    case .duration: "an order lasts longer than no time and at most seven days"
    case .warrant:
      "author and reason must say something, in \(Limits.wordsByteCountMax) bytes at most each"
    case .tooMany: "\(Limits.overrideCountMax) orders are in force; release some first"
    case .authority(let refusal): "\(refusal)"
    case .rule(let rule, let complaint, let wayOut):
      "\(rule.rawValue): \(complaint); \(wayOut)"
    }
  }

  /// A stable word for programs.
  public var code: String {
    switch self {
    case .taken: "order-taken"
    case .frozen: "region-frozen"
    case .changed: "revision-changed"
    case .unknownRegion: "unknown-region"
    case .noSuchOrder: "no-such-order"
    case .duration: "duration"
    case .warrant: "warrant"
    case .tooMany: "too-many-orders"
    case .authority(let refusal): refusal.code
    case .rule(let rule, _, _): "rule-\(rule.rawValue.lowercased())"
    }
  }
}

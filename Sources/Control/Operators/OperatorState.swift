public import Base

/// All orders in force for the regions, as of one moment: a value, changed by acts and by time.
///
/// Time acts by itself: `settle` ends what has expired, in order of expiry, so that everybody who
/// replays the same acts up to the same moment has the same state, and no process has to run for an
/// order to end.
public struct OperatorState: Hashable, Sendable {
  /// Counts changes, those by time included; an act names the one that it was made for.
  public internal(set) var revision = 0
  /// Acts so far; the next order gets the next number.
  public internal(set) var actCount = 0
  /// The last moment that was settled; earlier ones count as this one.
  public internal(set) var time = WallTime(microseconds: 0)
  /// When an act last moved requests; nil before the first.
  public internal(set) var switchedAt: WallTime?
  /// The orders in force, by number.
  public internal(set) var overrides: [Override] = []
  /// The parts of the reads for servers that come back, by number.
  public internal(set) var shares: [Share] = []
  /// The rules that people set aside or ask to, by number.
  public internal(set) var waivers: [Waiver] = []
  /// The runs of plans, and who agreed to which.
  public internal(set) var plans = PlanBook()
  /// Who takes the writes of which domain, in the order of the claims.
  public internal(set) var authorities: [AuthorityRecord] = []

  /// Makes the state in which every region is `auto`.
  public init() {}

  /// When time changes the state next; nil when nothing expires.
  public var nextExpiry: WallTime? {
    [overrides.compactMap(\.until).min(), shares.map(\.until).min(), waivers.map(\.until).min()]
      .compactMap { $0 }.min()
  }

  /// Lets time pass until `now`. An evacuation that expires leaves its scope in `hold-out`, which
  /// takes the place of softer orders there; everything else ends.
  public mutating func settle(at now: WallTime) {
    while let due = nextExpiry, due <= now {
      revision += 1
      shares.removeAll { $0.until == due }
      waivers.removeAll { $0.until == due }
      guard let index = overrides.firstIndex(where: { $0.until == due }) else { continue }
      var ended = overrides.remove(at: index)
      if ended.kind == .evacuate {
        ended.kind = .holdOut
        ended.since = due
        ended.until = nil
        overrides.removeAll {
          $0.kind.level == .soft && $0.scope.intersects(ended.scope)
        }
        overrides.append(ended)
        overrides.sort { $0.number < $1.number }
      }
    }
    time = max(time, now)
  }

  /// The state after time has passed until `now`.
  public func settled(at now: WallTime) -> OperatorState {
    var later = self
    later.settle(at: now)
    return later
  }

  /// Which records of write authority these are: the number of the last act that changed one.
  public var authorityRevision: Int { authorities.map(\.number).max() ?? 0 }

  /// The record of a domain's write authority; nil when there is none.
  public func authority(_ domain: String) -> AuthorityRecord? {
    authorities.first { $0.domain == domain }
  }

  /// The orders about a region's servers of one tier, strongest first; about one of them if named.
  public func orders(_ region: String, _ tier: Tier, _ server: String? = nil) -> [Override] {
    overrides.filter { $0.scope.region == region && $0.scope.contains(tier, server) }
      .sorted { $0.kind.ordinal < $1.kind.ordinal }
  }

  /// What the orders about a region's servers of one tier come to; about one of them if named.
  public func effect(
    _ region: String, _ tier: Tier, _ server: String? = nil
  ) -> OverrideEffect {
    OverrideEffect(orders(region, tier, server))
  }
}

/// What orders about the same servers come to together.
public struct OverrideEffect: Hashable, Sendable {
  /// The order that keeps requests away; nil when none does.
  public private(set) var out: Override?
  /// Whether health does not count.
  public private(set) var isForcedIn = false
  /// Whether passive ejection does not count.
  public private(set) var isFrozen = false
  /// Whether they are first among equals.
  public private(set) var isPreferred = false

  /// Joins orders that stand strongest first. What keeps away and what forces in contradict each
  /// other: the stronger one wins. A freeze keeps what it found.
  init(_ orders: [Override]) {
    for order in orders {
      switch order.kind {
      case .evacuate, .drain, .holdOut: if out == nil, !isForcedIn { out = order }
      case .forceIn: if out == nil { isForcedIn = true }
      case .freeze: isFrozen = true
      case .prefer: isPreferred = true
      }
    }
  }
}

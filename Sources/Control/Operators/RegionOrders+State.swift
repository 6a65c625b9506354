internal import Base
public import Origins

extension RegionOrders {
  /// The orders of a state as loops follow them.
  public init(_ state: OperatorState) {
    self.init()
    let scopes = state.overrides.map(\.scope) + state.shares.map(\.scope)
    for region in Set(scopes.map(\.region)) {
      let names = Set(scopes.filter { $0.region == region }.compactMap(\.endpoint))
      regions[region] = Region(
        Servers(state, region, nil),
        endpoints: Dictionary(
          uniqueKeysWithValues: names.map { ($0, Servers(state, region, $0)) }))
    }
    for record in state.authorities { authorities[record.domain] = DomainAuthority(record) }
    authorityRevision = state.authorityRevision
  }
}

extension DomainAuthority {
  /// A record in the words of narrowing.
  fileprivate init(_ record: AuthorityRecord) {
    let state: State =
      switch record.state {
      case .active: .active
      case .fencing, .fenced, .promoting: .moving
      case .orphan, .conflict: .stopped
      }
    self.init(
      state: state, holder: record.endpoint, candidate: record.candidate, history: record.history)
  }
}

extension RegionOrders.Servers {
  /// What a state orders about a server; about those that no order names when there is no name.
  fileprivate init(_ state: OperatorState, _ region: String, _ name: String?) {
    self.init(
      replica: ServerOrder(state.effect(region, .replica, name)),
      primary: ServerOrder(state.effect(region, .primary, name)),
      replicaPercent: UInt8(clamping: state.percent(region, .replica, name)),
      primaryPercent: UInt8(clamping: state.percent(region, .primary, name)))
  }
}

extension ServerOrder {
  /// What orders come to, in the words of narrowing.
  fileprivate init(_ effect: OverrideEffect) {
    self = []
    switch effect.out?.kind {
    case .drain: insert(.drained)
    case .evacuate: insert(.evacuated)
    case .holdOut: insert(.heldOut)
    case .forceIn, .freeze, .prefer, nil: break
    }
    if effect.isForcedIn { insert(.forcedIn) }
    if effect.isFrozen { insert(.frozen) }
    if effect.isPreferred { insert(.preferred) }
  }
}

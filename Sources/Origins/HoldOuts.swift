/// Which endpoints wait for an operator, as an edge keeps it over a restart: those that were DOWN
/// and were not let in since, under `recovery: operator`.
public struct HoldOuts: Hashable, Sendable {
  /// Their names: those outlive topologies.
  public var names: Set<String>
  /// Whether that is all there is to know. If not, whoever does not answer the first question after
  /// the start waits, too.
  public var isKnown: Bool

  /// Makes marks.
  public init(_ names: Set<String> = [], isKnown: Bool = true) {
    self.names = names
    self.isKnown = isKnown
  }
}

extension HealthSnapshot {
  /// What is to be kept.
  public var holdOuts: HoldOuts {
    let waiting = zip(topology.endpoints, statuses).filter { _, status in
      status.isHeldOut || status.willBeHeldOut
    }
    return HoldOuts(Set(waiting.map(\.0.name)))
  }
}

extension HealthBoard {
  /// Lets those wait who did before the edge began; before its first probe.
  public mutating func remember(_ holdOuts: HoldOuts) {
    for index in machines.indices {
      machines[index].remember(
        isHeldOut: holdOuts.names.contains(machines[index].endpoint.name),
        isKnown: holdOuts.isKnown)
    }
    isChanged = true
  }
}

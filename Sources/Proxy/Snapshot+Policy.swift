public import Origins
public import Policy

extension Snapshot {
  /// The same configuration under another policy. Throws when the policy names a region that has no
  /// endpoints: such a policy needs another configuration.
  public func replacing(policies next: PolicyPair) throws(TopologyFaults) -> Snapshot {
    let regionNames = next.active.regions.map(\.name)
    // The same topology keeps connections and what is known of health as they are. It will do if
    // it numbers the policy's regions as the policy does; others may lie behind them.
    let places =
      topology.regionNames.starts(with: regionNames)
      ? topology
      : try Topology.make(
        regionNames: regionNames, definitions: topology.endpoints.map(\.definition),
        locality: topology.localityTable)
    return copy(next, places)
  }

  /// Whether both ask the same versions, so that rules have the same numbers.
  public func hasSamePolicies(as other: Snapshot) -> Bool {
    policy.contentHash == other.policy.contentHash
      && policies.superseded?.policy.contentHash == other.policies.superseded?.policy.contentHash
      && shadowHash == other.shadowHash
  }

  /// The same snapshot with counted objects of its own, for one loop: two loops that count
  /// references on the same names would pass their cache line to and fro with each request.
  public func copyForLoop() -> Snapshot { copy(policies, topology) }

  private func copy(_ policies: PolicyPair, _ topology: Topology) -> Snapshot {
    Snapshot(
      policy: policies.active, superseded: policies.superseded?.policy,
      successor: policies.successor?.policy, topology: topology,
      classifier: classifier, directory: directory, locations: locations,
      trustedProxies: trustedProxies, listeners: listeners, originContexts: originContexts,
      healthTarget: String(decoding: healthTarget, as: UTF8.self), limits: limits,
      timeouts: timeouts, identity: identity, cache: cacheSetting,
      sessionKeys: sessionKeys)
  }
}

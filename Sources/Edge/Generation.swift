internal import Base
internal import Origins
internal import Proxy
internal import Reactor

/// One snapshot on one loop, with the loop's own pools and loads for its endpoints.
///
/// Exchanges keep the generation that they began with, so that endpoint indices mean the same from
/// start to end; pools of endpoints that did not change are shared with the generation before.
/// Confined to its loop.
final class Generation {
  let snapshot: Snapshot
  /// By endpoint index.
  let pools: [OriginPool]
  /// In-flight counts and latencies by endpoint index.
  var loads: EndpointLoads
  /// The newest health of this generation's endpoints.
  var health: HealthSnapshot

  /// Makes the successor of `old`, or the first generation.
  init(_ snapshot: Snapshot, health: HealthSnapshot, after old: Generation?, worker: Worker) {
    self.snapshot = snapshot
    self.health = health
    loads = EndpointLoads(
      topology: snapshot.topology, limits: snapshot.limits.origins, at: worker.context.loop.now)
    let kept = old.map { snapshot.topology.connectionsKept(from: $0.snapshot.topology) } ?? []
    pools = snapshot.topology.endpoints.map { endpoint in
      let index = Int(endpoint.id.index)
      if let old, let before = kept[index], old.canKeepPool(before, in: snapshot, as: endpoint) {
        return old.pools[Int(before.index)]
      }
      return OriginPool(worker: worker, endpoint: endpoint, snapshot: snapshot)
    }
  }

  /// A pool is kept when a connection of it could have been made under the new snapshot too: the
  /// same bounds, and the same TLS material.
  private func canKeepPool(_ id: EndpointID, in next: Snapshot, as endpoint: Endpoint) -> Bool {
    snapshot.topology[id].definition == endpoint.definition
      && snapshot.originContexts[Int(id.index)] === next.originContexts[Int(endpoint.id.index)]
      && snapshot.limits == next.limits
  }
}

extension SocketAddress {
  /// Where an endpoint listens; its host is a literal address, checked when the topology was made.
  init(_ endpoint: Endpoint) {
    guard let address = IPAddress(endpoint.definition.host) else {
      preconditionFailure("an endpoint's host is not an address")
    }
    self.init(address, port: endpoint.definition.port)
  }
}

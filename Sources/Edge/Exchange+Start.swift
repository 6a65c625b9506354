internal import HTTP
internal import Proxy

/// From the decision to the first action.
extension Exchange {
  /// Queues the record of what was decided and starts.
  func start(hasRoom: Bool) {
    record()
    guard mayGoOn else { return answer(.auditUnavailable) }
    guard hasRoom else { return answer(.overloaded) }
    request.planLabels(snapshot)
    if let refusal = request.decision.refusal ?? prepare() {
      answer(refusal)
    } else {
      var asked = request.machineRequest
      if !asked.method.isSafe {
        write.isKeyed = request.isKeyed(snapshot)
        asked.isKeyed = write.isKeyed
      }
      // What was found to hold more than its request says is nobody else's.
      asked.usesCache =
        request.decision.cacheStep != nil && reconsiderationCount == 0 && usesCache()
      // Also where this cache has nothing for such a request: no origin is to be asked.
      if !asked.usesCache, snapshot.cacheSetting != nil, request.mayBeStored,
        request.wantsOnlyStored
      {
        return answer(.notStored)
      }
      perform(machine.begin(asked))
    }
  }

  /// Makes the head fit for an origin, once.
  private func prepare() -> Refusal? {
    if write.isPrepared { return nil }
    write.isPrepared = true
    return client.prepare(&request)
  }
}

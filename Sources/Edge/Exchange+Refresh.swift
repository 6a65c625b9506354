internal import Base
internal import Cache
internal import HTTP
internal import Proxy

/// A new answer in place of a stale one that a client was given (RFC 5861 section 3): an exchange
/// of its own, inside the same plan, with a decision and an outcome of its own, and with nobody at
/// its client's side. Only a request begins one; a key has one at a time, a loop a few.
extension Exchange {
  /// Begins to fetch with `permit`, unless the loop fetches enough in this way.
  func refresh(_ permit: consuming FillPermit) {
    guard let port = worker.cache, port.mayRefresh else { return }
    worker.makeExchange().beginRefresh(of: self, permit)
  }

  /// Asks what `other`'s client asked.
  private func beginRefresh(of other: Exchange, _ permit: consuming FillPermit) {
    var permit = permit
    bindRefresh(of: other)
    request.takeRefresh(of: other.request)
    upload.isEnded = true
    outcome.startedAt = now
    let hasRoom = worker.began(self)
    worker.decideAgain(self)
    record()
    guard mayGoOn else { return answer(.auditUnavailable) }
    guard hasRoom else { return answer(.overloaded) }
    if let refusal = request.decision.refusal { return answer(refusal) }
    guard let ruling = request.cacheRuling(snapshot), let port = worker.cache else {
      return answer(.unavailable)
    }
    cacheUse = port.begin(request, ruling, hasBody: false)
    cacheUse?.becomeRefresh()
    port.refreshCount += 1
    guard cacheUse?.key != nil else { return answer(.unavailable) }
    permit.hand(to: request.storedID)
    cacheUse?.fetches(permit, &request)
    var asked = request.machineRequest
    asked.usesCache = true
    // What was looked up is at hand.
    _ = machine.begin(asked)
    perform(machine.cacheMissed(mayStandIn: false))
  }

  /// A refresh is over: nobody was sent its answer.
  func refreshEnded() {
    outcome.responseBytes = 0
    worker.cache?.refreshCount -= 1
    guard cacheUse?.isRefreshed == false, let key = cacheUse?.key else { return }
    worker.cache?.store.refreshFailed(key, at: now)
  }

  /// Whether the answer goes to nobody.
  var isRefresh: Bool { clientCodec is NobodyCodec }
}

internal import Base
internal import Origins
internal import Proxy

/// What an exchange costs its endpoint: stands for `Edge/Exchange+Load`.
extension SimulatedExchange {
  func givePlaceBack() {
    guard let place = place.take() else { return }
    edge.loads.giveBack(place, machine.latency)
  }

  func noteOverload(_ answer: Answer) -> Overload? {
    guard answer.status == 429 || answer.status == 503, let endpoint,
      let seconds = answer.retryAfterSeconds
    else { return nil }
    isOverloaded = true
    edge.loads.overloaded(endpoint, seconds: seconds, at: now)
    let count = choices.count { edge.loads.isOverloaded($0.endpoint, at: now) }
    return 2 * count > choices.count ? .widespread : .partial
  }

  func settleLoad(_ verdict: Verdict) {
    guard let endpoint else { return }
    if isOverloaded { return edge.loads.abandoned(endpoint) }
    switch verdict {
    case .succeeded:
      let took = now.microseconds(since: connectedAt ?? now)
      let count = edge.loads.succeeded(endpoint, microseconds: took, at: now)
      if count > 0 { edge.requestSucceeded(endpoint, count: count) }
    case .failed: edge.loads.failed(endpoint, at: now)
    case .abandoned: edge.loads.abandoned(endpoint)
    case .overtaken:
      let took = now.microseconds(since: connectedAt ?? now)
      edge.loads.overtaken(endpoint, microseconds: took, at: now)
    }
  }
}

internal import Base
internal import HTTP
internal import Origins
internal import Proxy

/// What an exchange tells the loop's account of its endpoints.
extension Exchange {
  /// The exchange neither waits for an endpoint nor uses it any more.
  func givePlaceBack() {
    guard let place else { return }
    self.place = nil
    generation.loads.giveBack(place, machine.latency)
  }

  /// What it means when the endpoint answered 429 or 503 with Retry-After: it has too much to do,
  /// which says nothing of its health, and is left alone as long as it says. Nil for other answers.
  func noteOverload() -> Overload? {
    guard held.head.status == 429 || held.head.status == 503,
      let endpoint = outcome.endpoint, let seconds = held.head.retryAfterSeconds
    else { return nil }
    isOverloaded = true
    generation.loads.overloaded(endpoint, seconds: seconds, at: now)
    let choices = request.decision.narrowed.choices
    let count = choices.count { generation.loads.isOverloaded($0.endpoint, at: now) }
    return 2 * count > choices.count ? .widespread : .partial
  }
}

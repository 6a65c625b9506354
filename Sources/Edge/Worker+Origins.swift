internal import Base
internal import Origins
internal import Proxy
internal import Reactor

/// What a loop does about its origins beside requests: hedges, health, and the pools' time.
extension Worker {
  /// Whether a read may be sent twice now.
  func mayHedge() -> Bool {
    let now = context.loop.now
    return hedges.withdraw(requestCount: judge.budget.requestCount(at: now), at: now)
  }

  /// Tells the health machines of a failure that a request met.
  func requestFailed(_ endpoint: Endpoint, _ failure: RequestFailure) {
    reports.post(.requestFailed(endpoint, failure))
  }

  /// Tells the health machines of so many successes.
  func requestSucceeded(_ endpoint: Endpoint, count: UInt64) {
    reports.post(.requestSucceeded(endpoint, count))
  }

  /// Lets time pass for the pools; near endpoints connect sooner.
  func tickPools() {
    let near = snapshot.limits.origins.nearProbeMicrosecondsMax
    for (index, pool) in generation.pools.enumerated() {
      pool.tick(isNear: generation.health.statuses[index].isNear(within: near))
    }
    for pool in retiringPools { pool.tick(isNear: false) }
    retiringPools.removeAll { $0.isEmpty }
  }
}

public import Base

/// What one loop has counted of an endpoint since it began.
public struct EndpointTraffic: Sendable, Hashable {
  /// The endpoint's name.
  public let name: String
  /// Requests that were sent there.
  public let startedCount: UInt64
  /// Those that failed.
  public let failedCount: UInt64
  /// Those that are under way.
  public let inFlightCount: UInt64

  /// Makes a count.
  public init(name: String, startedCount: UInt64, failedCount: UInt64, inFlightCount: UInt64) {
    self.name = name
    self.startedCount = startedCount
    self.failedCount = failedCount
    self.inFlightCount = inFlightCount
  }
}

/// What one loop itself knows of the endpoints: latency, requests under way, recent failures.
///
/// Owned by one loop. Requests that began under an older topology are accounted in its own value.
public struct EndpointLoads: Sendable {
  private struct Load {
    var latency: LatencyEstimate
    var inFlightCount: UInt64 = 0
    /// Requests sent there, and those that failed, since the topology was adopted.
    var startedCount: UInt64 = 0
    var failedCount: UInt64 = 0
    /// Tried after its peers until then.
    var avoidUntil = Instant(nanoseconds: 0)
    /// From when on successes are told to the prober, and how many wait for that.
    var tellSuccessAt = Instant(nanoseconds: 0)
    var untoldCount: UInt64 = 0
    /// Until then no second request tests an endpoint on probation.
    var probationUntil = Instant(nanoseconds: 0)
    var weight: UInt64
  }

  private var loads: [Load]
  private let limits: OriginLimits

  /// Makes the counters for a topology's endpoints.
  public init(topology: Topology, limits: OriginLimits, at now: Instant) {
    self.limits = limits
    loads = topology.endpoints.map {
      Load(
        latency: LatencyEstimate(
          initialMicroseconds: limits.latencyInitialMicroseconds, at: now),
        weight: UInt64($0.definition.weight))
    }
  }

  /// How many endpoints are counted.
  public var count: Int { loads.count }

  /// A request was sent to `endpoint`; exactly one of `succeeded`, `failed` or `abandoned` follows.
  public mutating func started(_ endpoint: EndpointID) {
    loads[Int(endpoint.index)].inFlightCount += 1
    loads[Int(endpoint.index)].startedCount &+= 1
  }

  /// Its response came after `microseconds`. The number of successes that the prober should be told
  /// of now, zero for most.
  public mutating func succeeded(
    _ endpoint: EndpointID, microseconds: UInt64, at now: Instant
  ) -> UInt64 {
    let index = Int(endpoint.index)
    finish(index)
    loads[index].latency.observe(
      microseconds: microseconds, at: now, decayMilliseconds: limits.latencyDecayMilliseconds)
    loads[index].avoidUntil = Instant(nanoseconds: 0)
    loads[index].untoldCount += 1
    guard now >= loads[index].tellSuccessAt else { return 0 }
    loads[index].tellSuccessAt = now.adding(milliseconds: limits.successReportMilliseconds)
    defer { loads[index].untoldCount = 0 }
    return loads[index].untoldCount
  }

  /// It failed; the prober is always told. The next success is told at once.
  public mutating func failed(_ endpoint: EndpointID, at now: Instant) {
    let index = Int(endpoint.index)
    finish(index)
    loads[index].failedCount &+= 1
    loads[index].avoidUntil = now.adding(milliseconds: limits.avoidMilliseconds)
    loads[index].tellSuccessAt = Instant(nanoseconds: 0)
  }

  /// The client went away first: nothing is learned.
  public mutating func abandoned(_ endpoint: EndpointID) { finish(Int(endpoint.index)) }

  /// Requests under way.
  public func inFlightCount(_ endpoint: EndpointID) -> UInt64 {
    loads[Int(endpoint.index)].inFlightCount
  }

  /// What was counted of the endpoints of `topology`, whose loads these are.
  public func traffic(_ topology: Topology) -> [EndpointTraffic] {
    precondition(topology.endpoints.count == loads.count, "another topology")
    return zip(topology.endpoints, loads).map { endpoint, load in
      EndpointTraffic(
        name: endpoint.name, startedCount: load.startedCount, failedCount: load.failedCount,
        inFlightCount: load.inFlightCount)
    }
  }

  /// Whether this loop saw it fail so recently that the prober's verdict may not be known yet.
  public func isAvoided(_ endpoint: EndpointID, at now: Instant) -> Bool {
    now < loads[Int(endpoint.index)].avoidUntil
  }

  /// Whether a real request may test the endpoint, which is on probation: one at a time.
  public func isProbationFree(_ endpoint: EndpointID, at now: Instant) -> Bool {
    let load = loads[Int(endpoint.index)]
    return load.inFlightCount == 0 && now >= load.probationUntil
  }

  /// A request is on its way to test the endpoint.
  public mutating func beginProbation(_ endpoint: EndpointID, at now: Instant) {
    loads[Int(endpoint.index)].probationUntil =
      now.adding(milliseconds: limits.probationMilliseconds)
  }

  /// What one more request would cost there: latency × (requests under way + 1) ÷ weight.
  /// Comparable between endpoints; no unit. An endpoint that is WARMING until `warmUntil` has a
  /// share of its weight.
  public func cost(
    _ endpoint: EndpointID, warmUntil: Instant = Instant(nanoseconds: 0), at now: Instant
  ) -> UInt64 {
    let load = loads[Int(endpoint.index)]
    let latency = load.latency.microseconds(
      at: now, decayMilliseconds: limits.latencyDecayMilliseconds)
    let pending = min(load.inFlightCount, 1 << 20) + 1
    let cost = max(1, latency) * pending * 1000 / load.weight
    guard now < warmUntil else { return cost }
    let left = warmUntil.milliseconds(since: now)
    let window = max(1, limits.slowStartMilliseconds)
    let share = 1000 - min(1000, left * 1000 / window)
    return cost / max(share, limits.slowStartPermilleMin) * 1000
  }

  private mutating func finish(_ index: Int) {
    precondition(loads[index].inFlightCount > 0, "a request ended that was not started")
    loads[index].inFlightCount -= 1
    loads[index].probationUntil = Instant(nanoseconds: 0)
  }
}

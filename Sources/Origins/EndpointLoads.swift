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
    var history = LatencyHistory()
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
    /// Requests that wait or are under way, by the places that they took.
    var takenCount: UInt64 = 0
    /// Requests that it carries at once.
    var placeCount: UInt64
    /// It said that it has too much to do, until then.
    var overloadedUntil = Instant(nanoseconds: 0)
    /// Its region and tier.
    var bulkhead: Int
    var weight: UInt64
  }

  private var loads: [Load]
  /// By region and tier.
  private var bulkheads: [Bulkhead]
  private let limits: OriginLimits

  /// Makes the counters for a topology's endpoints.
  public init(topology: Topology, limits: OriginLimits, at now: Instant) {
    self.limits = limits
    loads = topology.endpoints.map {
      Load(
        latency: LatencyEstimate(
          initialMicroseconds: limits.latencyInitialMicroseconds, at: now),
        placeCount: UInt64($0.definition.placeCount),
        bulkhead: Self.bulkhead($0.region, $0.tier), weight: UInt64($0.definition.weight))
    }
    bulkheads = topology.regionNames.indices.flatMap { region in
      [Tier.replica, .primary].map { tier in
        let members = topology.endpoints(of: RegionID(UInt8(region)), tier: tier)
        return Bulkhead(endpoints: members.map { topology[$0].definition }, limits: limits)
      }
    }
  }

  /// How many endpoints are counted.
  public var count: Int { loads.count }

  private static func bulkhead(_ region: RegionID, _ tier: Tier) -> Int {
    2 * Int(region.index) + (tier == .primary ? 1 : 0)
  }

  /// A request wants a place at `endpoint`; false when its class has its share of the region's
  /// tier. A place that was taken is given back once, whatever becomes of the request.
  public mutating func take(_ endpoint: EndpointID, _ latency: LatencyClass) -> Bool {
    let index = Int(endpoint.index)
    guard bulkheads[loads[index].bulkhead].take(latency) else { return false }
    loads[index].takenCount += 1
    return true
  }

  /// The request neither waits for the endpoint nor uses it any more.
  public mutating func giveBack(_ endpoint: EndpointID, _ latency: LatencyClass) {
    let index = Int(endpoint.index)
    bulkheads[loads[index].bulkhead].giveBack(latency)
    loads[index].takenCount -= 1
  }

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
    loads[index].history.observe(microseconds: microseconds)
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

  /// Another server answered the same request first, after `microseconds`: it takes at least as
  /// long.
  public mutating func overtaken(_ endpoint: EndpointID, microseconds: UInt64, at now: Instant) {
    let index = Int(endpoint.index)
    finish(index)
    loads[index].latency.observe(
      microseconds: microseconds, at: now, decayMilliseconds: limits.latencyDecayMilliseconds)
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
    let load = loads[Int(endpoint.index)]
    return now < load.avoidUntil || now < load.overloadedUntil
  }

  /// It said that it has too much to do, and when to come back: until then it is read from only
  /// when nothing else of a plan is left.
  public mutating func overloaded(_ endpoint: EndpointID, seconds: UInt64, at now: Instant) {
    let seconds = min(max(1, seconds), limits.retryAfterSecondsMax)
    let until = now.adding(milliseconds: seconds * 1000)
    let index = Int(endpoint.index)
    loads[index].overloadedUntil = max(loads[index].overloadedUntil, until)
  }

  /// Whether it said so, and the time is not over.
  public func isOverloaded(_ endpoint: EndpointID, at now: Instant) -> Bool {
    now < loads[Int(endpoint.index)].overloadedUntil
  }

  /// After how long a read there may be sent to a second server: what nineteen of twenty answers
  /// take at most. Nil before there were enough.
  public func hedgeMicroseconds(_ endpoint: EndpointID) -> UInt64? {
    loads[Int(endpoint.index)].history.p95Microseconds.map { max($0, limits.hedgeMicrosecondsMin) }
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
  /// share of its weight. One that has few places left, or was overloaded of late, costs four times
  /// as much, one that says it is busy up to ten times (`ReportedLoad`), and one where a request
  /// would have to wait more than any where it would not.
  public func cost(
    _ endpoint: EndpointID, warmUntil: Instant = Instant(nanoseconds: 0),
    load reported: ReportedLoad = ReportedLoad(), at now: Instant
  ) -> UInt64 {
    let load = loads[Int(endpoint.index)]
    let latency = load.latency.microseconds(
      at: now, decayMilliseconds: limits.latencyDecayMilliseconds)
    let pending = min(max(load.inFlightCount, load.takenCount), 1 << 16) + 1
    var cost = reported.weighed(
      min(max(1, latency) * pending * 1000 / load.weight, 1 << 50), at: now)
    if pending * 5 > load.placeCount * 4 { cost *= 4 }
    if load.overloadedUntil.nanoseconds != 0,
      now < load.overloadedUntil.adding(milliseconds: limits.overloadMemoryMilliseconds)
    {
      cost *= 4
    }
    if now < warmUntil { cost = cost / sharePermille(warmUntil, at: now) * 1000 }
    return pending > load.placeCount ? cost + Self.waitingCost : cost
  }

  /// Of a thousand requests whose nearest region this is in, how many take it for that: all but
  /// those for which a server elsewhere is preferred, because it has few places left, was
  /// overloaded of late, comes back, or says that it is busy.
  func nearSharePermille(
    _ endpoint: EndpointID, warmUntil: Instant, load reported: ReportedLoad, at now: Instant
  ) -> UInt64 {
    let load = loads[Int(endpoint.index)]
    let pending = max(load.inFlightCount, load.takenCount) + 1
    if pending * 5 > load.placeCount * 4 { return 0 }
    var share = reported.nearSharePermille(at: now)
    if load.overloadedUntil.nanoseconds != 0,
      now < load.overloadedUntil.adding(milliseconds: limits.overloadMemoryMilliseconds)
    {
      // As in `cost`: it counts for a quarter.
      share = min(share, 250)
    }
    return now < warmUntil ? min(share, sharePermille(warmUntil, at: now)) : share
  }

  /// The share of its weight that an endpoint has which is WARMING until `warmUntil`.
  private func sharePermille(_ warmUntil: Instant, at now: Instant) -> UInt64 {
    let left = warmUntil.milliseconds(since: now)
    let share = 1000 - min(1000, left * 1000 / max(1, limits.slowStartMilliseconds))
    return max(share, limits.slowStartPermilleMin)
  }

  /// More than any endpoint with a free place costs: 2^50, times 10, 4, 4 and at most 10.
  private static let waitingCost: UInt64 = 1 << 62

  private mutating func finish(_ index: Int) {
    precondition(loads[index].inFlightCount > 0, "a request ended that was not started")
    loads[index].inFlightCount -= 1
    loads[index].probationUntil = Instant(nanoseconds: 0)
  }
}

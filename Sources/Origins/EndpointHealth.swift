public import Base

/// A probe that the driver shall start now. It supersedes any earlier one of the same endpoint.
public struct ProbeStart: Hashable, Sendable {
  /// Whom to ask.
  public let endpoint: EndpointID
  /// Repeated with the result, so that a late result of an abandoned probe is recognised.
  public let number: UInt32
  /// When the probe counts as timed out.
  public let deadline: Instant
}

/// The health of one endpoint on three axes: reach, freshness, role. Owned by the prober's thread.
///
///     UNKNOWN ─2 ok→ HEALTHY ─1 failure→ SUSPECT ─2 failed probes, or 1 and a request→ DOWN
///     HEALTHY, SUSPECT ─5 failed requests in a row→ EJECTED ─time, then 2 ok→ HEALTHY
///     SUSPECT ─1 ok→ HEALTHY     DOWN ─2 ok→ HEALTHY (EJECTED while its time runs)
///
/// INVARIANT (no gift): only a successful probe improves reach, freshness or role.
public struct EndpointHealth: Sendable {
  /// Counts while UNKNOWN.
  private struct Unknown {
    var successCount: UInt8 = 0
    var failureCount: UInt8 = 0
  }
  /// What speaks against a suspect.
  private struct Suspect {
    var probeFailureCount: UInt8 = 0
    var hasRequestFailure = false
  }
  /// Probes of an ejected endpoint; successes count once its time is over.
  private struct Ejected {
    var successCount: UInt8 = 0
    var failureCount: UInt8 = 0
  }
  private enum State {
    case unknown(Unknown)
    case healthy
    case suspect(Suspect)
    case down(successCount: UInt8)
    case ejected(Ejected)

    var reach: Reach {
      switch self {
      case .unknown: .unknown
      case .healthy: .healthy
      case .suspect: .suspect
      case .down: .down
      case .ejected: .ejected
      }
    }
  }
  /// A probe under way.
  private struct Flight {
    let number: UInt32
    let startedAt: Instant
    /// Permille of the interval until the next start.
    let spread: UInt64
  }

  /// Whom this machine judges.
  public let endpoint: Endpoint
  /// What is published; kept equal to the machine's state by every event.
  public private(set) var status: EndpointStatus
  /// The topology's regions, to number the regions that a report names.
  private let regionNames: [String]
  private let limits: OriginLimits
  private var state = State.unknown(Unknown())
  private var flight: Flight?
  private var probeCount: UInt32 = 0
  private var nextProbeAt: Instant
  /// Whether the probe under way may have been asked too early to count.
  private var isUrgent = false
  /// Failed requests since the last successful one.
  private var failuresInRow: UInt8 = 0
  /// Ejections that are still remembered; the exponent of the next one's time.
  private var ejectionCount: UInt64 = 0
  private var ejectedUntil = Instant(nanoseconds: 0)
  /// Samples in a row that speak for a change of freshness.
  private var turnCount: UInt8 = 0

  /// Makes the machine of an endpoint about which nothing is known; the first probe is due at once.
  public init(endpoint: Endpoint, of topology: Topology, limits: OriginLimits, at now: Instant) {
    self.endpoint = endpoint
    regionNames = topology.regionNames
    self.limits = limits
    status = EndpointStatus(at: now)
    nextProbeAt = now
  }

  /// Goes on with the state of `old` under a new topology; nil when it is another endpoint.
  init?(
    endpoint: Endpoint, of topology: Topology, limits: OriginLimits, keeping old: EndpointHealth,
    at now: Instant
  ) {
    guard old.endpoint.definition.identity == endpoint.definition.identity,
      old.endpoint.name == endpoint.name, old.endpoint.regionName == endpoint.regionName,
      old.endpoint.tier == endpoint.tier
    else { return nil }
    self.init(endpoint: endpoint, of: topology, limits: limits, at: now)
    status = old.status
    // Numbers of regions that are others now measure nothing.
    if old.regionNames != regionNames {
      status.homeLagsMilliseconds = []
      status.homePositions = []
      status.homeClaims = []
    }
    state = old.state
    failuresInRow = old.failuresInRow
    ejectionCount = old.ejectionCount
    ejectedUntil = old.ejectedUntil
    turnCount = old.turnCount
    // A probe under way belongs to the old driver state: its number is not accepted here.
    probeCount = old.probeCount &+ 1
    nextProbeAt = min(old.nextProbeAt, now.adding(milliseconds: interval))
  }

  /// When `tick` has something to do.
  public var nextDue: Instant { flight.map(deadline) ?? nextProbeAt }

  /// Lets time pass: fails a probe that ran out of time, starts one that is due.
  public mutating func tick(at now: Instant, using random: inout SplitMix64) -> ProbeStart? {
    if let flight, now >= deadline(flight) {
      probeFailed(flight.number, .timeout, at: now, using: &random)
    }
    expireSample(at: now)
    guard flight == nil, now >= nextProbeAt else { return nil }
    probeCount &+= 1
    let jitter = UInt64.random(in: 0...limits.probeJitterPercentMax * 10, using: &random)
    let started = Flight(number: probeCount, startedAt: now, spread: 1000 - jitter)
    flight = started
    return ProbeStart(endpoint: endpoint.id, number: probeCount, deadline: deadline(started))
  }

  /// The endpoint answered probe `number` with `report`; a report of another endpoint is a failure.
  public mutating func probeSucceeded(
    _ number: UInt32, report: ProbeReport, at now: Instant, using random: inout SplitMix64
  ) {
    guard let flight, flight.number == number else { return }
    guard report.name == endpoint.name, report.region == endpoint.regionName else {
      return probeFailed(number, .wrongEndpoint, at: now, using: &random)
    }
    guard report.status != .unready else {
      return probeFailed(number, .unready, at: now, using: &random)
    }
    measure(report, askedAt: flight.startedAt)
    status.probeMicroseconds = now.microseconds(since: flight.startedAt)
    rise(at: now)
    land(at: now)
  }

  /// Probe `number` did not succeed.
  public mutating func probeFailed(
    _ number: UInt32, _ failure: ProbeFailure, at now: Instant, using random: inout SplitMix64
  ) {
    guard let flight, flight.number == number else { return }
    status.lastFailure = .probe(failure)
    if failure.isConclusive { enter(.down(successCount: 0), at: now) } else { fall(at: now) }
    land(at: now)
  }

  /// Probe `number` could not be made for a reason of our own: it says nothing of the endpoint.
  public mutating func probeAbandoned(_ number: UInt32, at now: Instant) {
    guard let flight, flight.number == number else { return }
    land(at: now)
  }

  /// A request got a response that is no failure.
  public mutating func requestSucceeded(at now: Instant) {
    failuresInRow = 0
    guard case .suspect(var suspect) = state else { return }
    suspect.hasRequestFailure = false
    state = .suspect(suspect)
  }

  /// A request failed.
  public mutating func requestFailed(
    _ failure: RequestFailure, at now: Instant, using random: inout SplitMix64
  ) {
    failuresInRow = failuresInRow == .max ? .max : failuresInRow + 1
    status.lastFailure = .request(failure)
    switch state {
    case .unknown, .down, .ejected:
      return
    case .healthy:
      if failuresInRow >= limits.ejectionFailureCount { return eject(at: now, using: &random) }
      guard failure.isUnreached,
        failure != .reset || failuresInRow >= limits.resetSuspectCount
      else { return }
      enter(.suspect(Suspect(hasRequestFailure: true)), at: now)
      nextProbeAt = min(nextProbeAt, now)
    case .suspect(var suspect):
      if failure.isUnreached { suspect.hasRequestFailure = true }
      if failuresInRow >= limits.ejectionFailureCount { return eject(at: now, using: &random) }
      judge(suspect, at: now)
    }
  }

  /// Sets or clears the conflict that the board sees across endpoints.
  mutating func setConflict(_ isConflicted: Bool) {
    switch status.role {
    case .primary(let epoch) where isConflicted: status.role = .conflict(epoch: epoch)
    case .conflict(let epoch) where !isConflicted: status.role = .primary(epoch: epoch)
    default: break
    }
  }
}

// MARK: - Reach

extension EndpointHealth {
  private mutating func enter(_ new: State, at now: Instant) {
    state = new
    guard status.reach != new.reach else { return }
    status.reach = new.reach
    status.reachSince = now
  }

  private mutating func rise(at now: Instant) {
    switch state {
    case .unknown(var unknown):
      unknown.successCount += 1
      unknown.failureCount = 0
      enter(unknown.successCount >= limits.riseCount ? .healthy : .unknown(unknown), at: now)
    case .healthy:
      break
    case .suspect:
      enter(.healthy, at: now)
    case .down(let count):
      guard count + 1 >= limits.riseCount else {
        return enter(.down(successCount: count + 1), at: now)
      }
      failuresInRow = 0
      enter(now < ejectedUntil ? .ejected(Ejected()) : .healthy, at: now)
    case .ejected(var ejected):
      ejected.failureCount = 0
      if now >= ejectedUntil { ejected.successCount += 1 }
      guard ejected.successCount >= limits.riseCount else {
        return enter(.ejected(ejected), at: now)
      }
      failuresInRow = 0
      enter(.healthy, at: now)
    }
  }

  private mutating func fall(at now: Instant) {
    switch state {
    case .unknown(var unknown):
      unknown.successCount = 0
      unknown.failureCount += 1
      let isDown = unknown.failureCount >= limits.fallCount
      enter(isDown ? .down(successCount: 0) : .unknown(unknown), at: now)
    case .healthy:
      judge(Suspect(probeFailureCount: 1, hasRequestFailure: false), at: now)
    case .suspect(var suspect):
      suspect.probeFailureCount += 1
      judge(suspect, at: now)
    case .down:
      enter(.down(successCount: 0), at: now)
    case .ejected(var ejected):
      ejected.successCount = 0
      ejected.failureCount += 1
      let isDown = ejected.failureCount >= limits.fallCount
      enter(isDown ? .down(successCount: 0) : .ejected(ejected), at: now)
    }
  }

  /// DOWN when two probes failed, or a probe and a request agree.
  private mutating func judge(_ suspect: Suspect, at now: Instant) {
    let isDown =
      suspect.probeFailureCount >= limits.fallCount
      || (suspect.probeFailureCount >= 1 && suspect.hasRequestFailure)
    enter(isDown ? .down(successCount: 0) : .suspect(suspect), at: now)
  }

  private mutating func eject(at now: Instant, using random: inout SplitMix64) {
    let forgetAt = ejectedUntil.adding(milliseconds: limits.ejectionMemoryMilliseconds)
    if ejectionCount > 0, now >= forgetAt { ejectionCount = 0 }
    let factor = UInt64(1) << min(ejectionCount, 16)
    let time = min(limits.ejectionMilliseconds * factor, limits.ejectionMillisecondsMax)
    let jitter = UInt64.random(in: 0...limits.ejectionJitterPercentMax, using: &random)
    ejectedUntil = now.adding(milliseconds: time + time * jitter / 100)
    ejectionCount += 1
    enter(.ejected(Ejected()), at: now)
  }
}

// MARK: - Probing

extension EndpointHealth {
  /// The next probe is due at once: what the endpoint says of its role may have changed.
  mutating func hasten() {
    nextProbeAt = Instant(nanoseconds: 0)
    isUrgent = flight != nil
  }

  private func deadline(_ flight: Flight) -> Instant {
    flight.startedAt.adding(milliseconds: limits.probeTimeoutMilliseconds)
  }

  private var interval: UInt64 {
    switch state {
    case .unknown, .suspect: limits.probeIntervalSuspectMilliseconds
    case .healthy, .ejected: limits.probeIntervalHealthyMilliseconds
    case .down: limits.probeIntervalDownMilliseconds
    }
  }

  /// Ends the probe under way and plans the next, one interval of the new state after its start.
  private mutating func land(at now: Instant) {
    guard let flight else { return }
    let pause = interval * flight.spread / 1000
    nextProbeAt =
      isUrgent ? now : max(now, flight.startedAt.adding(milliseconds: pause))
    isUrgent = false
    self.flight = nil
  }
}

// MARK: - Freshness and role

extension EndpointHealth {
  private mutating func measure(_ report: ProbeReport, askedAt: Instant) {
    let isPrimary = report.role == .primary
    status.role = isPrimary ? .primary(epoch: report.epoch) : .replica(epoch: report.epoch)
    status.isDraining = report.status == .draining
    status.position = report.position
    status.measuredAt = askedAt
    let lag = isPrimary ? 0 : report.lagMilliseconds
    status.reportedLagMilliseconds = lag
    status.homeLagsMilliseconds = regionNames.map { report.homeLagsMilliseconds[$0] }
    status.homePositions = regionNames.map { report.homePositions[$0] }
    status.homeClaims =
      report.homeClaims.isEmpty ? [] : regionNames.map { report.homeClaims[$0] ?? .unknown }
    guard let lag else { return setFreshness(.unmeasured) }
    switch status.freshness {
    case .unmeasured:
      setFreshness(lag > limits.lagMillisecondsMax ? .lagging : .fresh)
    case .fresh:
      turn(lag > limits.lagMillisecondsMax, after: limits.lagRiseCount, to: .lagging)
    case .lagging:
      turn(lag < limits.lagMillisecondsMax / 2, after: limits.lagFallCount, to: .fresh)
    }
  }

  private mutating func turn(_ speaksForIt: Bool, after count: UInt8, to freshness: Freshness) {
    turnCount = speaksForIt ? turnCount + 1 : 0
    if turnCount >= count { setFreshness(freshness) }
  }

  private mutating func setFreshness(_ freshness: Freshness) {
    status.freshness = freshness
    turnCount = 0
  }

  private mutating func expireSample(at now: Instant) {
    guard status.reportedLagMilliseconds != nil,
      now.milliseconds(since: status.measuredAt) > limits.sampleAgeMillisecondsMax
    else { return }
    status.reportedLagMilliseconds = nil
    setFreshness(.unmeasured)
  }
}

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
///     HEALTHY, SUSPECT, WARMING ─5 failed requests in a row, or below 80 % of 20→ EJECTED
///     DOWN ─2 ok→ PROBING (EJECTED while its time runs)     EJECTED ─time, then 2 ok→ PROBING
///     PROBING ─3 real requests→ WARMING ─a minute→ HEALTHY     SUSPECT ─1 ok→ what it was
///
/// A real request that fails in PROBING ejects again, for longer. Nobody is ejected while the board
/// holds that back. Each fall to DOWN is remembered (`FlapDamping`).
///
/// INVARIANT (no gift): only success improves: reach by probes, and after an ejection by real
/// requests as well; freshness and role by probes alone.
public struct EndpointHealth: Sendable {
  /// Counts while UNKNOWN.
  struct Unknown {
    var successCount: UInt8 = 0
    var failureCount: UInt8 = 0
  }
  /// What speaks against a suspect.
  struct Suspect {
    var probeFailureCount: UInt8 = 0
    var hasRequestFailure = false
  }
  /// Probes of an ejected endpoint; successes count once its time is over.
  struct Ejected {
    var successCount: UInt8 = 0
    var failureCount: UInt8 = 0
  }
  /// Real requests and probes of an endpoint that may be back.
  struct Probing {
    var requestCount: UInt8 = 0
    var probeCount: UInt8 = 0
    var failureCount: UInt8 = 0
  }
  /// Where on the axis of reach it is; see the picture above.
  enum State {
    case unknown(Unknown)
    case healthy
    case suspect(Suspect)
    case down(successCount: UInt8)
    case ejected(Ejected)
    case probing(Probing)
    case warming

    var reach: Reach {
      switch self {
      case .unknown: .unknown
      case .healthy: .healthy
      case .suspect: .suspect
      case .down: .down
      case .ejected: .ejected
      case .probing: .probing
      case .warming: .warming
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
  public internal(set) var status: EndpointStatus
  /// The topology's regions, to number the regions that a report names.
  let regionNames: [String]
  let limits: OriginLimits
  var state = State.unknown(Unknown())
  private var flight: Flight?
  private var probeCount: UInt32 = 0
  private var nextProbeAt: Instant
  /// Whether the probe under way may have been asked too early to count.
  private var isUrgent = false
  /// When the newest probe started.
  private var lastProbeAt: Instant
  /// What speaks for and against an ejection.
  var failures: RequestFailures
  /// How often it fell.
  var damping = FlapDamping()
  /// Whether no operator is waited for after this fall; see `excuse`.
  var isExcused = false
  /// Whether nobody knows what it was before this process: it waits unless it answers at once.
  var isDoubted = false
  /// Samples in a row that speak for a change of freshness.
  var turnCount: UInt8 = 0

  /// Makes the machine of an endpoint about which nothing is known; the first probe is due at once.
  public init(endpoint: Endpoint, of topology: Topology, limits: OriginLimits, at now: Instant) {
    self.endpoint = endpoint
    regionNames = topology.regionNames
    self.limits = limits
    status = EndpointStatus(at: now)
    failures = RequestFailures(at: now)
    nextProbeAt = now
    lastProbeAt = now
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
    // Who need not wait any more does not.
    if !endpoint.definition.waitsForOperator {
      status.isHeldOut = false
      status.willBeHeldOut = false
    }
    isDoubted = old.isDoubted
    isExcused = old.isExcused
    // Numbers of regions that are others now measure nothing.
    if old.regionNames != regionNames {
      status.homeLagsMilliseconds = []
      status.homePositions = []
      status.homeClaims = []
    }
    state = old.state
    failures = old.failures
    damping = old.damping
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
    settle(at: now)
    guard flight == nil, now >= nextProbeAt else { return nil }
    probeCount &+= 1
    let jitter = UInt64.random(in: 0...limits.probeJitterPercentMax * 10, using: &random)
    let started = Flight(number: probeCount, startedAt: now, spread: 1000 - jitter)
    flight = started
    lastProbeAt = now
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
    if failure.isConclusive { fallAtOnce(at: now) } else { fall(at: now) }
    land(at: now)
  }

  /// Probe `number` could not be made for a reason of our own: it says nothing of the endpoint.
  public mutating func probeAbandoned(_ number: UInt32, at now: Instant) {
    guard let flight, flight.number == number else { return }
    land(at: now)
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
    case .unknown, .suspect, .probing: limits.probeIntervalSuspectMilliseconds
    case .healthy, .warming, .ejected: limits.probeIntervalHealthyMilliseconds
    case .down: limits.probeIntervalDownMilliseconds
    }
  }

  /// Looks as soon as a verdict is wanted, however many requests ask for one.
  mutating func probeSoon(at now: Instant) {
    let soon = lastProbeAt.adding(milliseconds: limits.probeIntervalSuspectMilliseconds)
    nextProbeAt = min(nextProbeAt, max(now, soon))
  }

  /// Looks at once.
  mutating func probeNow(at now: Instant) { nextProbeAt = min(nextProbeAt, now) }

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

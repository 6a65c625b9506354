/// Every threshold of health, pools and retries, with the reason for its value.
///
/// A blackhole is noticed in at most one second, with or without traffic:
/// `probeIntervalHealthyMilliseconds` (the fault came right after a good probe) +
/// `probeTimeoutMilliseconds` (SUSPECT) + `probeTimeoutMilliseconds` (DOWN; the next probe starts
/// at once, because the suspect interval is shorter than the timeout) = 400 + 250 + 250 = 900 ms.
/// Jitter only shortens an interval, so 900 ms is a bound. Under traffic one timed-out or refused
/// request makes the endpoint SUSPECT and starts a probe at once, and one failed probe then
/// suffices: 250 ms after the first request that noticed. A refused connection answers in
/// microseconds, so a dead process is noticed in at most 400 + 200 ms.
public struct OriginLimits: Sendable, Equatable {
  // Probes.

  /// Start of one probe to the start of the next while HEALTHY or EJECTED; see the sum above. One
  /// prober per process asks, so nine endpoints cost 23 small requests a second.
  public var probeIntervalHealthyMilliseconds: UInt64 = 400
  /// The same while UNKNOWN or SUSPECT: a verdict is wanted.
  public var probeIntervalSuspectMilliseconds: UInt64 = 200
  /// The same while DOWN: a returning endpoint is seen within a second, a dead one is left alone.
  public var probeIntervalDownMilliseconds: UInt64 = 500
  /// A probe without an answer after this long has failed: three round trips across a continent.
  /// Raise it together with the goal of one second where regions are farther apart.
  public var probeTimeoutMilliseconds: UInt64 = 250
  /// An interval is shortened by up to this many percent, so that edges do not probe in step.
  public var probeJitterPercentMax: UInt64 = 10
  /// An endpoint whose last probe (TCP, TLS, answer: three round trips) took less is near.
  public var nearProbeMicrosecondsMax: UInt64 = 50_000
  /// Bytes of a health report; an honest one has about 200.
  public var reportBytesMax = 4096

  // Reach.

  /// Successful probes from UNKNOWN to HEALTHY, and from DOWN or an expired ejection to PROBING:
  /// one answer may be luck.
  public var riseCount: UInt8 = 2
  /// Failed probes in a row to DOWN; the first one makes SUSPECT.
  public var fallCount: UInt8 = 2
  /// Connection resets in a row to SUSPECT: one alone is usual when an idle connection is closed.
  public var resetSuspectCount: UInt8 = 2
  /// Failed requests in a row, gateway errors included, to EJECTED. A count, not a share: with two
  /// to four endpoints percentages eject nobody or everybody.
  public var ejectionFailureCount: UInt8 = 5
  /// The first ejection lasts this long; each further one twice as long.
  public var ejectionMilliseconds: UInt64 = 5_000
  /// No ejection lasts longer (before jitter): above this it is an operator's matter.
  public var ejectionMillisecondsMax: UInt64 = 300_000
  /// An ejection is lengthened by up to this many percent, so that endpoints do not return in step.
  public var ejectionJitterPercentMax: UInt64 = 50
  /// After this long without a new ejection the next one is a first one again.
  public var ejectionMemoryMilliseconds: UInt64 = 300_000

  /// Share of good answers, in percent, below which an endpoint is EJECTED.
  public var successPercentMin: UInt64 = 80
  /// Requests of the last ten seconds below which that share says nothing.
  public var successRequestCountMin: UInt64 = 20
  /// Real requests that must succeed in PROBING: an active probe may miss what requests need.
  public var probationRequestCount: UInt8 = 3
  /// Probes that do instead, for an endpoint that was DOWN and never EJECTED: probes saw its fault,
  /// so they may see its end, and a region without traffic comes back as well.
  public var probationProbeCount: UInt8 = 5
  /// How long a loop waits for the end of a probation request before it may send another one.
  public var probationMilliseconds: UInt64 = 1_000
  /// WARMING: an endpoint that comes back takes its share of the load over this time.
  public var slowStartMilliseconds: UInt64 = 60_000
  /// The share that it begins with, in permille of its weight (Envoy: 10 %).
  public var slowStartPermilleMin: UInt64 = 100

  // Damping: RFC 2439's shape. Four falls within a few minutes suppress; a single one never does.

  /// What one fall to DOWN costs.
  public var flapPenalty: UInt64 = 1_000
  /// After this long half of it is forgiven.
  public var flapHalfLifeMilliseconds: UInt64 = 300_000
  /// From here on the endpoint serves only where nobody else may.
  public var flapSuppressPenalty: UInt64 = 3_000
  /// Until here.
  public var flapReusePenalty: UInt64 = 1_000
  /// Or for this long: what flaps longer is an operator's matter.
  public var flapSuppressedMillisecondsMax: UInt64 = 1_800_000

  // Freshness.

  /// Lag above this, twice, is LAGGING; below half of it, three times, is FRESH again. It orders
  /// and informs: whether a request may be served is decided by the plan's own bound.
  public var lagMillisecondsMax: UInt64 = 5_000
  /// Samples above the limit to LAGGING.
  public var lagRiseCount: UInt8 = 2
  /// Samples below half the limit to FRESH.
  public var lagFallCount: UInt8 = 3
  /// An older sample measures nothing any more. The age is added to the lag anyway; this ends the
  /// trust in role and epoch when probing itself has stopped.
  public var sampleAgeMillisecondsMax: UInt64 = 6_000

  // Write authority.

  /// How long one good read of the store lets an edge write under a record. The same for all edges
  /// and for whoever waits for them: not configurable.
  static let writeLeaseMilliseconds: UInt64 = 6_000
  /// An edge stops this much earlier: for a loop that is held up between the look and the sending.
  static let writeLeaseMarginMilliseconds: UInt64 = 1_000

  // Selection.

  /// How long a loop tries an endpoint after its peers once it failed a request of that loop:
  /// covers the time until the prober's verdict is published.
  public var avoidMilliseconds: UInt64 = 1_000
  /// How often a loop tells the prober about successes of one endpoint.
  public var successReportMilliseconds: UInt64 = 100
  /// Time constant of the latency estimate (Finagle, Linkerd: 10 s).
  public var latencyDecayMilliseconds: UInt64 = 10_000
  /// Assumed latency of an endpoint that never answered (Linkerd: 30 ms).
  public var latencyInitialMicroseconds: UInt64 = 30_000
  /// Reported load, in permille, from which reads go elsewhere while there is anything else: there
  /// a request waits for nineteen others (M/M/1), and any burst makes it many more.
  public var loadSaturatedPermille: UInt16 = 950
  /// Reported load from which the nearest region shares its requests with others, before it is
  /// saturated; who was saturated is used again below this.
  public var loadSpillPermille: UInt16 = 800
  /// A load that was reported longer ago says nothing: five probes of a healthy endpoint.
  public var loadAgeMilliseconds: UInt64 { 5 * probeIntervalHealthyMilliseconds }

  // Pools.

  /// Requests of one loop that may wait for one endpoint: more is overload, which is answered.
  /// Urgent ones may be a quarter more, and a quarter may be such that nobody waits for.
  public var waiterCountMax = 256
  /// So many more may wait while connections are being made: a cold edge meets a burst.
  public var waiterCountConnectingMax = 1024
  /// And for this long after the newest connection was made.
  public var coldMilliseconds: UInt64 = 1_000
  /// Idle connections kept per pool.
  public var idleCountMax = 64
  /// An idle connection is closed after this long: below the 60 s of common servers, so that ours
  /// is the side that closes.
  public var idleMilliseconds: UInt64 = 45_000
  /// No connection lives longer: address and certificate changes take effect.
  public var connectionAgeMilliseconds: UInt64 = 3_600_000
  /// An HTTP/2 connection that completed a response within this time counts as fresh for a request
  /// that must not be sent twice.
  public var provenAliveMilliseconds: UInt64 = 1_000
  /// No new connection is tried for this long after the first failed one; doubles with each.
  public var connectBackoffMilliseconds: UInt64 = 50
  /// The longest such pause: a returning endpoint takes traffic within two seconds.
  public var connectBackoffMillisecondsMax: UInt64 = 2_000

  // Retries.

  /// Attempts of one request in all: the nearest, the home and the backup region of a plan hold up
  /// to seven endpoints, and refused connections cost microseconds. The budget bounds the others.
  public var attemptCountMax: UInt8 = 8
  /// How often a request that was never processed is sent again.
  public var requeueCountMax: UInt8 = 3
  /// How often a write with a key is sent again that may have been carried out: a server that
  /// breaks off twice more has something against it.
  public var repeatCountMax: UInt8 = 2
  /// The longest pause before a refused stream is sent again; doubles with each. A random part of
  /// it is waited for.
  public var refusedPauseMilliseconds: UInt64 = 25
  /// An origin's Retry-After is believed up to this long; the prober sees what lasts longer.
  public var retryAfterSecondsMax: UInt64 = 30
  /// After that, the endpoint costs four times as much for this long.
  public var overloadMemoryMilliseconds: UInt64 = 10_000
  /// Reads that are sent twice, in percent of the requests of the last ten seconds (Finagle,
  /// The Tail at Scale: a few percent take the tail off).
  public var hedgePercentMax: UInt64 = 2
  /// A read is not sent twice before this long: faster answers are not worth it.
  public var hedgeMicrosecondsMin: UInt64 = 1_000
  /// Retries that cost an origin work, in percent of the requests of the last ten seconds.
  public var retryPercentMax: UInt64 = 20
  /// Such retries per second that are allowed at any rate (Finagle), so that a quiet edge can
  /// retry.
  public var retryFloorPerSecond: UInt64 = 10

  // Configuration.

  /// Endpoints in one topology.
  public static let endpointCountMax = 1_024
  /// Regions in one topology: what `RegionID` can number.
  public static let regionCountMax = 256
  /// Connections of one pool: they are found by a scan.
  public static let connectionCountMax = 1_024
  /// Requests at once on one HTTP/2 connection.
  public static let requestCountMax = 1_024
  /// The largest load in permille that is kept of a report: ten times of what an endpoint can carry
  /// says no more than that.
  public static let loadPermilleMax: UInt16 = 9_999
  /// Regions in one list of the locality table: a policy has no more.
  public static let localityRegionCountMax = 32
  /// Places in the locality table: every state of the United States, every country, and some.
  public static let localityPlaceCountMax = 1_024
  /// Bytes in the name of an endpoint or region.
  public static let nameBytesMax = 64

  /// Makes the default limits.
  public init() {}
}

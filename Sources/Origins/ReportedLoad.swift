public import Base

/// How busy an endpoint says it is, and what follows from that for choosing.
///
/// The report is a utilisation as ORCA's `application_utilization` (open request cost
/// aggregation, read by Envoy and gRPC): 0 is idle, 1 saturated, more is possible. What follows is
/// worked out once a report, never once a request:
///
/// - **Cost.** With utilisation u a queue takes 1/(1-u) times as long as the work itself (M/M/1).
///   Up to one half that is left to the measured times; from there on the cost is multiplied by
///   1 / (2 (1-u)): twice at 0.75, five times at 0.9, ten times at 0.95 and above.
/// - **Nearness.** Between `loadSpillPermille` and `loadSaturatedPermille` a growing share of the
///   requests prefers a server elsewhere to this one, though this one is nearer.
/// - **Last resort.** From `loadSaturatedPermille` on, reads go there when nothing else is left.
///
/// Why that does not make all edges rush from one server to the next: each compares two servers
/// drawn at random, a factor of ten at most moves a share of the requests and not all of them
/// (what goes elsewhere makes elsewhere dearer at once, by the requests under way), and the value
/// is damped: a rise counts at once, a fall only by an eighth of the difference with each report.
/// So who was saturated stays out for some reports, and comes back while it is still dear.
public struct ReportedLoad: Hashable, Sendable {
  /// What the endpoint said last, in permille of what it can carry; nil when it did not say, or too
  /// long ago.
  public private(set) var permille: UInt16?
  /// Whether it is read from only when nothing else of a plan is left.
  public private(set) var isSaturated = false
  /// The damped value.
  private var damped: UInt16 = 0
  /// What its cost is multiplied by, in parts of `costUnit`.
  private var costFactor = Self.costUnit
  /// Of a thousand requests that are nearest to it, how many take it for that.
  private var nearShare: UInt16 = 1_000
  /// From when on all this says nothing.
  private var until = Instant(nanoseconds: 0)

  /// Nothing was said.
  public init() {}

  /// The multiplier of a cost that stays as it is.
  static let costUnit: UInt32 = 64
  /// The largest multiplier, in times: `EndpointLoads.cost` has room for no more.
  static let costFactorMax: UInt32 = 10

  /// Takes a report that was asked for at `askedAt`; nil: it does not speak of load.
  public mutating func take(_ permille: UInt16?, askedAt: Instant, limits: OriginLimits) {
    guard let permille else {
      self = ReportedLoad()
      return
    }
    // What is above saturated is no reason to stay out for longer.
    let load = min(permille, 1_000)
    damped = load >= damped ? load : damped - (damped - load + 7) / 8
    self.permille = permille
    isSaturated =
      damped >= (isSaturated ? limits.loadSpillPermille : limits.loadSaturatedPermille)
    let left = UInt32(1_000 - min(damped, limits.loadSaturatedPermille))
    let factor = Self.costUnit * 500 / max(1, left)
    costFactor = min(max(Self.costUnit, factor), Self.costUnit * Self.costFactorMax)
    let band = limits.loadSaturatedPermille - limits.loadSpillPermille
    let above = min(max(damped, limits.loadSpillPermille) - limits.loadSpillPermille, band)
    nearShare = 1_000 - UInt16(UInt32(above) * 1_000 / UInt32(max(1, band)))
    until = askedAt.adding(milliseconds: limits.loadAgeMilliseconds)
  }

  /// Lets an old report say nothing any more.
  mutating func expire(at now: Instant) {
    if permille != nil, now >= until { self = ReportedLoad() }
  }

  /// Whether it is to be read from only when nothing else is left, at `now`.
  @inline(__always)
  func isSaturated(at now: Instant) -> Bool { isSaturated && now < until }

  /// What `cost` becomes by it.
  @inline(__always)
  func weighed(_ cost: UInt64, at now: Instant) -> UInt64 {
    costFactor == Self.costUnit || now >= until
      ? cost : cost * UInt64(costFactor) / UInt64(Self.costUnit)
  }

  /// Of a thousand requests that are nearest to it, how many take it for that.
  @inline(__always)
  func nearSharePermille(at now: Instant) -> UInt64 {
    now < until ? UInt64(nearShare) : 1_000
  }
}

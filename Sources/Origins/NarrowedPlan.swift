public import Base

/// One step of a plan: which endpoints may lawfully serve, and how stale their data may be.
public struct Step: Hashable, Sendable {
  /// The region.
  public var region: RegionID
  /// The tier; `.cache` is the cache's own step and names no endpoint.
  public var tier: Tier
  /// Upper bound of the lag, milliseconds; nil when any lag is acceptable.
  public var stalenessMillisecondsMax: UInt32?
  /// Whether an answer from this step says that it is stale.
  public var isMarkedStale: Bool
  /// Neighbours with an equal group are one choice between equals; zero is no group.
  public var orderGroup: UInt8

  /// Makes a step.
  public init(
    region: RegionID, tier: Tier, stalenessMillisecondsMax: UInt32? = nil,
    isMarkedStale: Bool = false, orderGroup: UInt8 = 0
  ) {
    self.region = region
    self.tier = tier
    self.stalenessMillisecondsMax = stalenessMillisecondsMax
    self.isMarkedStale = isMarkedStale
    self.orderGroup = orderGroup
  }
}

/// Why the state of the world took an endpoint out of a plan.
public enum Removal: Hashable, Sendable {
  /// It does not answer.
  case down
  /// It failed too many requests in a row.
  case ejected
  /// It fell too often of late.
  case suppressed
  /// It says that it has too much to do, and when to come back.
  case overloaded
  /// It reports that it carries as much as it can.
  case saturated
  /// It is about to stop.
  case draining
  /// Its data is, or may be, older than the step allows; both in milliseconds.
  case lagging(lagMilliseconds: UInt64, boundMilliseconds: UInt32)
  /// Its lag or role has not been measured, or too long ago.
  case unmeasured
  /// The step or the write needs a primary, and it says it is a replica.
  case notPrimary
  /// It and another endpoint both take writes in one epoch.
  case conflict
  /// It follows an epoch that is over, or has not taken the record's yet.
  case oldEpoch
  /// The write authority is held in a region that the step does not allow.
  case authorityElsewhere
  /// The write authority moves.
  case authorityMoving
  /// Nobody may take writes until a person has decided.
  case authorityStopped
  /// The region has no endpoint of the tier.
  case noEndpoint
  /// The request's form (an unknown parameter, a join) needs the authority's answer.
  case replicaUnfit
  /// It is not known to have what the client's session has seen.
  case behindSession
  /// An operator drained it.
  case drained
  /// An operator evacuated it.
  case evacuated
  /// It waits until an operator lets it back: one held it out, or it was DOWN and is configured so.
  case heldOut
  /// It comes back with a share of the reads, and this one was not among them.
  case ramping

  /// The stable word for headers, audit and metrics.
  public var name: String {
    switch self {
    case .down: "down"
    case .ejected: "ejected"
    case .suppressed: "suppressed"
    case .overloaded: "overloaded"
    case .saturated: "saturated"
    case .draining: "draining"
    case .lagging: "lagging"
    case .unmeasured: "unmeasured"
    case .notPrimary: "not-primary"
    case .conflict: "conflict"
    case .oldEpoch: "old-epoch"
    case .authorityElsewhere: "authority-elsewhere"
    case .authorityMoving: "authority-moving"
    case .authorityStopped: "authority-stopped"
    case .noEndpoint: "no-endpoint"
    case .replicaUnfit: "replica-unfit"
    case .behindSession: "behind-session"
    case .drained: "drained"
    case .evacuated: "evacuated"
    case .heldOut: "held-out"
    case .ramping: "ramping"
    }
  }
}

extension Removal: CustomStringConvertible {
  /// The word, with the measured lag and the bound.
  public var description: String {
    guard case .lagging(let lag, let bound) = self else { return name }
    return "lagging \(lag) ms, bound \(bound) ms"
  }
}

/// The endpoints to try for one request, in order, and why others are not among them.
///
/// Reused from request to request: after warm-up narrowing allocates nothing. Owned by one loop.
public struct NarrowedPlan: Sendable {
  /// One endpoint to try.
  public struct Choice: Hashable, Sendable {
    /// Whom to ask.
    public let endpoint: EndpointID
    /// Index of the plan's step that allows it.
    public let step: UInt8
    /// Upper bound of its lag when the plan was narrowed, milliseconds; nil when unmeasured.
    public let lagMilliseconds: UInt64?
    /// Whether the answer says that it is stale.
    public let isMarkedStale: Bool
    /// Whether it comes first only so that a real request tests it.
    public var isProbation = false
    /// Why it would have been removed, had anything else been left.
    public let lastResort: Removal?
    /// The epoch in which it takes the write; nil for reads.
    public let epoch: UInt64?
    /// How far it is from the user among equals; see `Locality`.
    var rank: UInt8 = 0
  }

  /// Why a write has no endpoint, as far as that is a matter of write authority.
  public enum AuthorityWait: Hashable, Sendable {
    /// It is not.
    case none
    /// The authority over this region's data moves, or its new holder is not confirmed yet.
    case moving(RegionID)
    /// Nobody takes writes.
    case stopped
  }

  /// One endpoint that is not tried for one step.
  public struct Removed: Hashable, Sendable {
    /// The endpoint; nil for `noEndpoint`.
    public let endpoint: EndpointID?
    /// Index of the plan's step.
    public let step: UInt8
    /// Why.
    public let reason: Removal
  }

  /// Whom to try, first to last. Empty: the request is refused as `unavailable`.
  public internal(set) var choices: [Choice] = []
  /// Who was removed, step by step; neighbours of one group are one step.
  public internal(set) var removed: [Removed] = []
  /// Endpoints that are used only when `choices` stays empty.
  var lastResorts: [Choice] = []
  /// Whether some servers get a share of the reads only, and the draw that decides, below 100.
  var isSparing = false
  var draw: UInt8 = 0
  /// Whether some choices have a rank of their own.
  var isRanked = false
  /// Why what only the holder of an authority may do has no choice.
  public internal(set) var authorityWait = AuthorityWait.none

  /// Makes an empty plan.
  public init() {}

  /// Forgets the request and keeps the memory.
  public mutating func removeAll() {
    choices.removeAll(keepingCapacity: true)
    removed.removeAll(keepingCapacity: true)
    lastResorts.removeAll(keepingCapacity: true)
    authorityWait = .none
    isRanked = false
  }
}

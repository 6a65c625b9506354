public import Base
public import Origins

/// How far a change of write authority has come.
///
///     ACTIVE(e) → FENCING(e) → FENCED(e) → PROMOTING(e+1) → ACTIVE(e+1)
///
/// From FENCING and FENCED the way back to ACTIVE(e) is open as long as no later epoch was given.
/// ORPHAN and CONFLICT may be declared in any state; out of them leads only FENCED.
public enum AuthorityState: String, CaseIterable, Sendable {
  /// The endpoint takes the domain's writes.
  case active
  /// Edges stop starting writes, and say so.
  case fencing
  /// The endpoint takes no writes any more.
  case fenced
  /// The candidate is made the primary of the next epoch.
  case promoting
  /// Nobody may take writes.
  case orphan
  /// Two servers take writes in one epoch, or may.
  case conflict

  /// Whether writes wait for the end of this state: a change is under way that people or a plan
  /// carry on.
  public var isMoving: Bool { self == .fencing || self == .fenced || self == .promoting }
}

/// Who takes the writes of one data domain: the data of a home region.
///
/// Part of `OperatorState`: changed by acts only, each a line of the one chained history.
public struct AuthorityRecord: Hashable, Sendable {
  /// The home region's name.
  public let domain: String
  /// How far a change has come.
  public internal(set) var state: AuthorityState
  /// The highest epoch that was given; never decreases, and none is given twice.
  public internal(set) var epoch: UInt64
  /// Who holds the writes, or held them last. Reads that need the primary go there.
  public internal(set) var endpoint: String
  /// The epoch in which it holds or held them.
  public internal(set) var holderEpoch: UInt64
  /// Who is to take them in `epoch`; nil but in PROMOTING.
  public internal(set) var candidate: String?
  /// In FENCED the last position of the endpoint, in PROMOTING the one at which the candidate's
  /// epoch begins; nil when it is not known.
  public internal(set) var position: UInt64?
  /// Where the last epochs began that were ever ACTIVE, oldest first; of a claimed one that is not
  /// known.
  public internal(set) var forks: [EpochHistory.Fork]
  /// The plan that changes it; empty without one.
  public internal(set) var plan: String
  /// Who brought it into this state, and why.
  public internal(set) var warrant: Warrant
  /// When.
  public internal(set) var since: WallTime
  /// The number of the act that did: an edge that has seen it knows this state.
  public internal(set) var number: Int

  /// Whether the endpoint may take writes again in its own epoch.
  var canBeRestored: Bool { (state == .fencing || state == .fenced) && epoch == holderEpoch }

  /// How the domain's log came about.
  public var history: EpochHistory { EpochHistory(holderEpoch: holderEpoch, forks: forks) }
}

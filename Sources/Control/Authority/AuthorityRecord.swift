public import Base

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
  /// Where an epoch begins in the domain's log.
  public struct Fork: Hashable, Sendable {
    /// The epoch that begins there.
    public let epoch: UInt64
    /// The last position of the epochs before it that it holds; nil when that was not known.
    public let position: UInt64?

    /// Makes a fork.
    public init(epoch: UInt64, position: UInt64?) {
      self.epoch = epoch
      self.position = position
    }
  }

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
  public internal(set) var forks: [Fork]
  /// The plan that changes it; empty without one.
  public internal(set) var plan: String
  /// Who brought it into this state, and why.
  public internal(set) var warrant: Warrant
  /// When.
  public internal(set) var since: WallTime
  /// The number of the act that did: an edge that has seen it knows this state.
  public internal(set) var number: Int

  /// Whether a write is still there that `old`, the holder's epoch or an earlier one, acknowledged
  /// at `position`. What is not known is lost.
  public func keeps(epoch old: UInt64, position: UInt64) -> Bool {
    if old >= holderEpoch { return old == holderEpoch }
    if position == 0 { return true }
    guard let oldest = forks.first, oldest.epoch <= old else { return false }
    return forks.drop { $0.epoch <= old }.allSatisfy { fork in
      fork.position.map { position <= $0 } ?? false
    }
  }

  /// How much of this history a log has that ends at `position` in `epoch`: from where a later
  /// epoch began, it may have what was lost instead. Nil when that place is not known.
  public func sharedPosition(epoch old: UInt64, position: UInt64) -> UInt64? {
    guard old < holderEpoch else { return position }
    guard let oldest = forks.first, oldest.epoch <= old + 1 else { return nil }
    var shared = position
    for fork in forks where fork.epoch > old {
      guard let begin = fork.position else { return nil }
      shared = min(shared, begin)
    }
    return shared
  }
}

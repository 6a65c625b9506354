public import Base

/// One place that may serve a request.
public struct Candidate: Hashable, Sendable {
  /// The region.
  public let region: RegionID
  /// The kind of server there.
  public let tier: Tier
  /// How old its data may be; nil for a primary, which is never stale.
  public let stalenessMillisecondsMax: UInt32?
  /// Whether the answer must tell its reader that it may be stale.
  public let isMarkedStale: Bool
  /// Neighbours with an equal group may be tried in any order; zero is no group.
  public let orderGroup: UInt8

  /// Makes a candidate.
  public init(
    region: RegionID, tier: Tier, stalenessMillisecondsMax: UInt32?, isMarkedStale: Bool = false,
    orderGroup: UInt8 = 0
  ) {
    self.region = region
    self.tier = tier
    self.stalenessMillisecondsMax = stalenessMillisecondsMax
    self.isMarkedStale = isMarkedStale
    self.orderGroup = orderGroup
  }

  /// Whether `other` is the same, whatever the groups: naming it twice means nothing.
  func isSame(_ other: Candidate) -> Bool {
    region == other.region && tier == other.tier && isMarkedStale == other.isMarkedStale
      && stalenessMillisecondsMax == other.stalenessMillisecondsMax
  }
}

/// What the policy says about a request.
public enum Verdict: Hashable, Sendable {
  /// The plan's candidates may serve it.
  case permit
  /// Nobody may: `forbidden` by a `never` or `deny` rule, `noRule` when no route matches, or
  /// `unavailable` when the route's regions cannot be told because the home is not known.
  case refuse(RefusalKind)
}

/// The policy's answer to the facts of one request; narrowing may only remove or reorder from it.
public struct Plan: Sendable {
  /// Permit, or the kind of refusal.
  public let verdict: Verdict
  /// Index into `Policy.rules` of the rule that decided; nil for `noRule`.
  public let ruleIndex: Int?
  /// Who may serve, best first; empty exactly when the verdict is a refusal.
  public let candidates: CandidateList
  /// How surely the decision must be on disk, and when.
  public let durability: Durability
  /// What must be done besides serving; empty for refusals.
  public let obligations: Obligations
  /// Index into `Policy.cacheRows` of the row by which the answer may be stored; nil: never.
  public let cacheRow: Int?
}

/// An ordered list of candidates: a window into the policy's shared storage without those that a
/// `never` rule removed. Making one allocates nothing.
public struct CandidateList: RandomAccessCollection, Sendable {
  private let storage: [Candidate]
  private let offset: Int
  /// A set bit for every candidate of the window that is left.
  private let kept: UInt64

  /// The candidates `storage[offset + i]` for every set bit `i` of `kept`.
  init(storage: [Candidate], offset: Int, kept: UInt64) {
    self.storage = storage
    self.offset = offset
    self.kept = kept
  }

  /// A list of its own; for tests and simulations.
  public init(_ candidates: [Candidate]) {
    precondition(candidates.count <= Limits.candidateCountMax, "too many candidates")
    self.init(storage: candidates, offset: 0, kept: Self.bits(candidates.count))
  }

  /// The list without the candidates for which `isBanned` says so; allocates nothing.
  func removing(_ isBanned: (Candidate) -> Bool) -> CandidateList {
    var left = kept
    var bits = kept
    while bits != 0 {
      let position = bits.trailingZeroBitCount
      bits &= bits &- 1
      if isBanned(storage[offset + position]) { left &= ~(1 << UInt64(position)) }
    }
    return CandidateList(storage: storage, offset: offset, kept: left)
  }

  /// The lowest `count` bits.
  static func bits(_ count: Int) -> UInt64 { count == 64 ? .max : (1 << UInt64(count)) - 1 }

  /// The first position.
  public var startIndex: Int { 0 }
  /// The position behind the last one.
  public var endIndex: Int { kept.nonzeroBitCount }

  /// The candidate at this place; traps when there is none.
  public subscript(position: Int) -> Candidate {
    var bits = kept
    for _ in 0..<position { bits &= bits &- 1 }
    precondition(bits != 0, "no candidate at this position")
    return storage[offset + bits.trailingZeroBitCount]
  }
}

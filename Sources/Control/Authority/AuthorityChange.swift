internal import Base
internal import Origins

/// A step in the life of a domain's write authority.
public enum AuthorityChange: Hashable, Sendable {
  /// The first record of a domain: what its configured primary reports. Nothing → ACTIVE(epoch).
  case claim(endpoint: String, epoch: UInt64)
  /// ACTIVE(e) → FENCING(e), for a plan or by hand.
  case fence(plan: String)
  /// The endpoint takes no writes any more: FENCING(e), ORPHAN(e) or CONFLICT(e) → FENCED(e), with
  /// its last position if that is known.
  case fenced(position: UInt64?)
  /// Compensation: FENCING(e) or FENCED(e) → ACTIVE(e) of the same endpoint.
  case restore
  /// FENCED(e) → PROMOTING(e+1), which begins behind `position`.
  case promote(endpoint: String, position: UInt64?)
  /// The candidate is seen to be the primary of e+1: PROMOTING(e+1) → ACTIVE(e+1).
  case activate
  /// Nobody may take writes: any state → ORPHAN.
  case orphan
  /// Two take writes in one epoch, or may: any state → CONFLICT.
  case conflict

  /// A stable word for the history and for people.
  public var word: String {
    switch self {
    case .claim: "claim"
    case .fence: "fence"
    case .fenced: "fenced"
    case .restore: "restore"
    case .promote: "promote"
    case .activate: "activate"
    case .orphan: "orphan"
    case .conflict: "conflict"
    }
  }
}

/// Why a change of write authority is not made.
public enum AuthorityRefusal: Error, Hashable, Sendable {
  /// The domain has no record.
  case noRecord(domain: String)
  /// The domain has a record.
  case claimed(domain: String, endpoint: String, epoch: UInt64)
  /// The change does not follow from the state.
  case notNext(change: String, domain: String, state: AuthorityState, epoch: UInt64)
  /// The endpoint's epoch is over: a later one was given to a candidate, who may have it.
  case epochGiven(domain: String, epoch: UInt64)
  /// A name says nothing or is too long, or no epoch is left.
  case form
}

extension AuthorityRecord {
  /// The record after `change`; pure, and all that is legal.
  ///
  /// INVARIANT (one authority): of one epoch no two endpoints are ever ACTIVE, and no epoch becomes
  /// ACTIVE after a later one was given.
  static func applying(
    _ change: AuthorityChange, of domain: String, to record: AuthorityRecord?, by warrant: Warrant,
    at time: WallTime, number: Int
  ) throws(AuthorityRefusal) -> AuthorityRecord {
    guard isWord(domain) else { throw .form }
    if case .claim(let endpoint, let epoch) = change {
      if let record {
        throw .claimed(domain: domain, endpoint: record.endpoint, epoch: record.epoch)
      }
      guard isWord(endpoint), epoch < .max else { throw .form }
      return AuthorityRecord(
        domain: domain, state: .active, epoch: epoch, endpoint: endpoint, holderEpoch: epoch,
        candidate: nil, position: nil, forks: [.init(epoch: epoch, position: nil)], plan: "",
        warrant: warrant, since: time, number: number)
    }
    guard var next = record else { throw .noRecord(domain: domain) }
    try next.take(change)
    next.warrant = warrant
    next.since = time
    next.number = number
    return next
  }

  private mutating func take(_ change: AuthorityChange) throws(AuthorityRefusal) {
    switch (change, state) {
    case (.fence(let plan), .active):
      guard plan.isEmpty || Self.isWord(plan) else { throw .form }
      state = .fencing
      self.plan = plan
      position = nil
    case (.fenced(let position), .fencing), (.fenced(let position), .orphan),
      (.fenced(let position), .conflict):
      state = .fenced
      self.position = position
    case (.restore, .fencing), (.restore, .fenced):
      guard epoch == holderEpoch else { throw .epochGiven(domain: domain, epoch: epoch) }
      state = .active
      plan = ""
      position = nil
    case (.promote(let endpoint, let position), .fenced):
      guard Self.isWord(endpoint), epoch < .max - 1 else { throw .form }
      state = .promoting
      epoch += 1
      candidate = endpoint
      self.position = position
    case (.activate, .promoting):
      guard let candidate else { preconditionFailure("PROMOTING without a candidate") }
      state = .active
      endpoint = candidate
      holderEpoch = epoch
      forks.append(.init(epoch: epoch, position: position))
      forks.removeFirst(max(0, forks.count - Limits.forkCountMax))
      self.candidate = nil
      position = nil
      plan = ""
    case (.orphan, _):
      state = .orphan
      candidate = nil
      position = nil
    case (.conflict, _):
      state = .conflict
      candidate = nil
      position = nil
    default:
      throw .notNext(change: change.word, domain: domain, state: state, epoch: epoch)
    }
  }

  /// Whether a name fits a line of the history as it is.
  private static func isWord(_ text: String) -> Bool {
    (1...Limits.wordsByteCountMax).contains(text.utf8.count) && Chain.clean(text) == text
  }
}

extension AuthorityRefusal: CustomStringConvertible {
  /// What is wrong, and what to do.
  public var description: String {
    switch self {
    case .noRecord(let domain):
      "the data of `\(domain)` has no record of who takes its writes; `homeward authority init"
        + " \(domain)` makes one"
    case .claimed(let domain, let endpoint, let epoch):
      "the writes of `\(domain)` have a record already: `\(endpoint)` in epoch \(epoch); move them"
        + " instead"
    case .notNext(let change, let domain, let state, let epoch):
      "`\(change)` does not follow: the writes of `\(domain)` are \(state.rawValue) in epoch"
        + " \(epoch); look at `homeward authority show`"
    case .epochGiven(let domain, let epoch):
      "epoch \(epoch) of `\(domain)` was given to a candidate, who may have taken writes; promote"
        + " somebody in the next one"
    case .form:
      "names are 1 to \(Limits.wordsByteCountMax) bytes without control characters, and epochs end"
        + " below 2^64"
    }
  }

  /// A stable word for programs.
  public var code: String {
    switch self {
    case .noRecord: "no-authority-record"
    case .claimed: "authority-claimed"
    case .notNext: "authority-state"
    case .epochGiven: "epoch-given"
    case .form: "authority-form"
    }
  }
}

public import Audit
public import Base
public import Clinical
public import HTTP
public import Identity
public import Origins
public import Policy

/// What is known of the client apart from the request.
public struct ClientFacts: Sendable {
  /// Where the request comes from, and who says so.
  public var address: HTTP.ClientAddress
  /// Where that address is; unknown for anonymisers, which may be anywhere.
  public var place: Place
  /// What the place was taken from.
  public var placeProvenance: LocationProvenance
  /// The subject of the client's verified certificate; nil without one.
  public var subject: String?
  /// What that certificate proves; nil when no rule is about it.
  public var certified: Subject?

  /// Nobody is known yet.
  public static let unknown = ClientFacts(
    address: HTTP.ClientAddress(address: IPAddress(ipv4: 0), provenance: .unreadable),
    place: .unknown,
    subject: nil)

  /// Makes facts of a client.
  public init(
    address: HTTP.ClientAddress, place: Place, placeProvenance: LocationProvenance = .geoDatabase,
    subject: String?, certified: Subject? = nil
  ) {
    self.address = address
    self.place = place
    self.placeProvenance = placeProvenance
    self.subject = subject
    self.certified = certified
  }
}

/// One decision: what was asked, what the policy says, and what is left of that now.
public struct Decision: Sendable {
  /// Its name in answers and records.
  public internal(set) var id = DecisionID(high: 0, low: 0)
  /// Who asks.
  public internal(set) var client: ClientFacts
  /// Who that is, as far as he proved it; set before the decision is taken.
  public var identification = Identification.notConfigured
  /// How surely the user must be who he says he is, when that was not enough.
  public internal(set) var neededAssurance: Assurance?
  /// Why the user asks, in his words, where that mattered; empty otherwise. For the record only.
  public internal(set) var statedReason: [UInt8] = []
  /// When it was taken.
  public internal(set) var time = WallTime(microseconds: 0)
  /// When its endpoints were looked at, by the clock that measures; their lags are of that time.
  public internal(set) var narrowedAt = Instant(nanoseconds: 0)
  /// The newest failover of which the store knew then; see `JudgedRequest.cacheDoubt`.
  var failoverSeen: UInt64 = 0
  /// What the request's target tells.
  public internal(set) var classification = Classification()
  /// What the request's body adds to that; nil when it was not needed. Set before
  /// the decision is taken.
  public var body: JudgedBody?
  /// Whether the answer is read for its labels; see `planLabels`.
  public internal(set) var judgesAnswer = false
  /// What the request says of its session.
  public internal(set) var session = SessionRequest()
  /// What the policy was asked.
  public internal(set) var facts = Facts()
  /// Which policy version decided.
  public internal(set) var source = PolicyPair.Source.active
  /// What the other version would have said, if it was asked and said something else.
  public internal(set) var other: PolicyPair.Other?
  /// What the policy said; nil when the request was refused before it was asked.
  public internal(set) var plan: Plan?
  /// The plan's endpoints in the order to try, and those removed.
  public internal(set) var narrowed = NarrowedPlan()
  /// Index of the plan's candidate by which this edge's cache may answer; nil for most requests.
  public internal(set) var cacheStep: UInt8?
  /// Whether the request's head could not be read: nothing is known of it then.
  public internal(set) var isUnread = false
  /// Why nothing is forwarded; nil when something may be.
  public internal(set) var refusal: Refusal?

  /// Makes an empty decision for `Decider.decide` to fill.
  public init(client: ClientFacts) { self.client = client }

  /// Forgets everything and keeps the memory of the narrowed plan.
  mutating func removeAll() {
    var narrowed = NarrowedPlan()
    swap(&narrowed, &self.narrowed)
    narrowed.removeAll()
    self = Decision(client: .unknown)
    self.narrowed = narrowed
  }

  /// Whether the record must be on disk before anything is disclosed.
  public var isDurable: Bool { plan?.durability == .durable }

  /// Whether it is carried out even when the log does not take its record.
  public var mayGoUnrecorded: Bool { plan?.durability.mayGoUnrecorded(facts.operation) == true }

  /// What the exchange's machine needs to know. A search by POST is a read like any other, and so
  /// is a batch that only reads.
  public func machineRequest(_ head: borrowing RequestHead) -> ExchangeMachine.Request {
    let isRead =
      !head.method.isSafe && (facts.operation.isSafe || body?.isReadOnly == true)
    return ExchangeMachine.Request(
      method: isRead ? .get : head.method, isDurable: isDurable,
      choiceCount: narrowed.choices.count,
      latency: LatencyClass(facts.operation, facts.dataClass))
  }

  /// Whether the choice at this index comes first only so that the request tests it.
  public func isProbation(ofChoice index: Int) -> Bool { narrowed.choices[index].isProbation }

  /// Whether the choice behind this one is another server of the same step, and as good.
  public func hasPeer(ofChoice index: Int) -> Bool {
    let next = index + 1
    return next < narrowed.choices.count
      && narrowed.choices[next].step == narrowed.choices[index].step
      && narrowed.choices[next].lastResort == nil && narrowed.choices[index].lastResort == nil
  }

  /// Whether the choice behind this one is no worse to wait for: a slow fresh answer beats a quick
  /// one that is marked as stale.
  public func isNextAsGood(afterChoice index: Int) -> Bool {
    let next = index + 1
    return next < narrowed.choices.count
      && (!narrowed.choices[next].isMarkedStale || narrowed.choices[index].isMarkedStale)
  }

  /// The endpoint of the choice at this index.
  public func endpoint(ofChoice index: Int) -> EndpointID { narrowed.choices[index].endpoint }
}

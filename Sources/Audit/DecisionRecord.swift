public import Base

/// What a policy said about a request.
public enum Verdict: Equatable, Sendable {
  /// It may be served.
  case permit
  /// It must not, or cannot, be served.
  case refuse(RefusalKind)
  /// It was malformed or contradicted itself; no policy was asked.
  case reject

  /// The stored word.
  public var word: String {
    switch self {
    case .permit: "permit"
    case .refuse(let kind): kind.rawValue
    case .reject: "reject"
    }
  }

  /// Reads the stored word.
  init?(word: String) {
    switch word {
    case "permit": self = .permit
    case "reject": self = .reject
    default:
      guard let kind = RefusalKind(rawValue: word) else { return nil }
      self = .refuse(kind)
    }
  }
}

/// One place of the plan, as policy gave it.
public struct RecordedCandidate: Equatable, Sendable {
  /// The region.
  public var region: Name
  /// The kind of server.
  public var tier: Tier
  /// How stale it may be, milliseconds; nil when there is no bound.
  public var stalenessMilliseconds: UInt32?
  /// Whether its answer must be marked as stale.
  public var isMarked: Bool

  /// Makes a candidate.
  public init(region: Name, tier: Tier, stalenessMilliseconds: UInt32?, isMarked: Bool) {
    self.region = region
    self.tier = tier
    self.stalenessMilliseconds = stalenessMilliseconds
    self.isMarked = isMarked
  }
}

/// One thing that narrowing took off the plan.
public struct RecordedRemoval: Equatable, Sendable {
  /// Index of the candidate in the plan.
  public var candidateIndex: UInt8
  /// The endpoint; empty when the whole candidate was removed.
  public var endpoint: Name
  /// Why.
  public var reason: RemovalReason

  /// Makes a removal.
  public init(candidateIndex: UInt8, endpoint: Name, reason: RemovalReason) {
    self.candidateIndex = candidateIndex
    self.endpoint = endpoint
    self.reason = reason
  }
}

/// What a policy may ask beyond who, what, where and whose: all that a replay needs.
public struct RecordedConditions: Equatable, Sendable {
  /// Whether the user broke the glass; nil when that could not be established.
  public var breakGlass: Bool?
  /// How surely the user is who he says he is.
  public var assurance = Assurance.unknown
  /// Whether the user's device is looked after.
  public var device = Device.unknown
  /// Whether the user is the patient, or his proxy; nil when that could not be established.
  public var ownRecord: Bool?
  /// Whether the token's scopes cover the request.
  public var scope = TokenScope.unknown
  /// The organisation for which the user acts, when the policy declares it.
  public var tenant = Name.empty
  /// Whether an organisation was established that the policy does not declare.
  public var isTenantOther = false
  /// How old the patient directory's knowledge was, in seconds.
  public var directoryAgeSeconds: UInt32?
  /// How long ago the user had proved himself, in seconds.
  public var authenticationAgeSeconds: UInt32?
  /// The hour of the day in UTC.
  public var hour: UInt8?
  /// Where role, purpose, tenant and the like were taken from.
  public var identityProvenance = IdentityProvenance.none
  /// Where home, residency and consent were taken from.
  public var patientProvenance = PatientProvenance.none

  /// Nothing is known.
  public init() {}
}

/// Everything that led to one decision.
///
/// A plain value that one loop keeps and fills anew for each request: `reset` keeps the memory of
/// its lists, and names are handed over as their owners have them, so nothing is allocated.
public struct DecisionRecord: Equatable, Sendable {
  /// The decision; printed as 32 hexadecimal digits.
  public var id = AuditID(high: 0, low: 0)
  /// When it was made.
  public var time = WallTime(microseconds: 0)
  /// The loop that made it.
  public var loop: UInt16 = 0
  /// The client's address. Stored sealed.
  public var address = ClientAddress.none
  /// Where the address was taken from.
  public var addressProvenance = AddressProvenance.connection
  /// Where the user is.
  public var location = Place.unknown
  /// Where the location was taken from.
  public var locationProvenance = LocationProvenance.unknown
  /// Who asks; empty when nobody was established. Stored sealed.
  public var subject = Name.empty
  /// Why the user asks, in his words; empty when that did not matter. Stored sealed.
  public var statedReason = Name.empty
  /// The token under which the subject is found; made when the record is stored.
  public var subjectToken: AuditID?
  /// The user's role.
  public var role = Role.unknown
  /// Why data is asked for.
  public var purpose = Purpose.unknown
  /// The request's method.
  public var method = Name.empty
  /// The interaction.
  public var operation = Operation.unknown
  /// The resource type's name.
  public var resourceType = Name.empty
  /// The patient's id; empty when none or unknown. Stored sealed.
  public var patientID = PatientIdentifier()
  /// The token under which the patient is found: a pseudonym that this log alone uses; made when
  /// the record is stored.
  public var patient: AuditID?
  /// The data class.
  public var dataClass = DataClass.unknown
  /// The confidentiality assumed.
  public var sensitivity = Sensitivity.unknown
  /// Whether the answer may hold a specially protected category.
  public var mayContainRestricted = false
  /// How sure the facts are.
  public var confidence = Name.empty
  /// Why they are not surer.
  public var ambiguity = Name.empty
  /// The patient's home region.
  public var home = Name.empty
  /// Where the patient lives.
  public var residency = Place.unknown
  /// The patient's consent.
  public var consent = Consent.unknown
  /// What else the policy was asked.
  public var conditions = RecordedConditions()
  /// The policy.
  public var policyName = Name.empty
  /// The policy's version.
  public var policyVersion: UInt64 = 0
  /// The policy file's content hash.
  public var policyHash = Name.empty
  /// The rule that decided.
  public var rule = Name.empty
  /// What it said.
  public var verdict = Verdict.reject
  /// The rule's words, or why the request was refused.
  public var reason = Name.empty
  /// How surely the record had to be on disk.
  public var durability = Durability.durable
  /// What had to be done besides serving.
  public var obligations = Obligations()
  /// How far the version in force decided for the data class: `enforce`, `observe` or `shadow`;
  /// empty when no policy was asked.
  public var phase = Name.empty
  /// Whether the cache was asked: `none` when the policy keeps nothing of the request, `bypass`
  /// when it would and the plan or the edge does not, `asked` when it was (the outcome says what
  /// came of it); empty when no policy was asked.
  public var cacheVerdict = Name.empty
  /// The plan, in order.
  public var candidates: [RecordedCandidate] = []
  /// What narrowing took away.
  public var removals: [RecordedRemoval] = []
  /// The region that was chosen; empty when none was.
  public var region = Name.empty
  /// The endpoint that was chosen; empty when none was.
  public var endpoint = Name.empty
  /// Whether something was cut to its bound when the record was written.
  public var isTruncated = false
  /// Whether address, subject, stated reason and patient were read without the key, and so are
  /// missing here.
  public var isSealed = false

  /// Makes an empty record.
  public init() {}

  /// Empties the record and keeps the memory of its lists.
  public mutating func reset() {
    var keptCandidates: [RecordedCandidate] = []
    var keptRemovals: [RecordedRemoval] = []
    swap(&keptCandidates, &candidates)
    swap(&keptRemovals, &removals)
    keptCandidates.removeAll(keepingCapacity: true)
    keptRemovals.removeAll(keepingCapacity: true)
    self = DecisionRecord()
    candidates = keptCandidates
    removals = keptRemovals
  }
}

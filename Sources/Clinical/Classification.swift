public import Base

/// The request methods that change what a FHIR request means.
public enum ClinicalMethod: Sendable {
  case get, head, post, put, patch, delete, other

  /// GET or HEAD.
  var isRead: Bool { self == .get || self == .head }
}

/// Which patient a request names, as far as its target tells.
public enum PatientReference: Equatable, Sendable {
  /// No patient is concerned: terminology, organisations, capabilities, an application's files.
  case none
  /// Exactly one: the patient's id is these bytes of the target.
  case one(Range<Int>)
  /// More than one; the classification also carries a refusal.
  case several
  /// A patient or many are concerned, and the target does not say which.
  case unknown
}

/// Two different ids of one request. Whether they are one person's only a directory knows.
public struct PatientPair: Equatable, Sendable {
  /// Where in the target the first id lies.
  public var first: Range<Int>
  /// Where the other one lies.
  public var second: Range<Int>
}

/// How sure the facts are.
public enum Confidence: String, CaseIterable, Sendable {
  /// The target itself says so.
  case exact
  /// Derived by a convention (an id's prefix, an untyped reference, a join).
  case inferred
  /// Not known: the safe default stands in.
  case unknown
}

/// Why a request is refused before any policy is asked: client errors, answered with 400.
public enum ClassificationRefusal: String, CaseIterable, Sendable {
  /// The path has encoded slashes, empty or dot segments, control bytes, or too many segments.
  case malformedPath = "malformed-path"
  /// The query has a broken percent escape or a byte that no query may hold.
  case malformedQuery = "malformed-query"
  /// An id is not `[A-Za-z0-9\-.]{1,64}`.
  case malformedID = "malformed-id"
  /// The request names two different patients; regions are never merged.
  case twoPatients = "two-patients"
  /// More parameters, list elements, Bundle entries or patients than `ClinicalLimits` grants.
  case tooManyParameters = "too-many-parameters"
  /// The body is not what its content type says, or not what the interaction needs.
  case malformedBody = "malformed-body"
  /// A name that decides stands twice in one object, or in another spelling: readers differ.
  case duplicateKey = "duplicate-key"
  /// The body names another resource type, id or patient than the target.
  case bodyContradicts = "body-contradicts"
}

/// The most weighty reason why a fact is not exact; the record says it. Later cases weigh more.
public enum Ambiguity: UInt8, CaseIterable, Comparable, Sendable {
  case none
  /// A parameter without a value: servers ignore it.
  case emptyParameter
  /// The patient is the prefix of a resource's id.
  case derivedFromID
  /// `subject=A`: the reference has no type.
  case untypedReference
  /// The body mentions one patient only, and not where its subject stands.
  case mentioned
  /// A parameter that the classifier does not know: no replica, no cache.
  case unknownParameter
  /// A modifier that keeps a token from narrowing anything.
  case modifier
  /// `_include`, `_revinclude`, `_has`: resources of other types, perhaps of other patients.
  case joined
  /// `subject.name=`, `patient.organization=`: selected through another resource.
  case chained
  /// `Patient?identifier=`, `patient.identifier=`: a business identifier, not an id.
  case identifierSearch
  /// A reference that is a URL: it may name another server's patient.
  case absoluteReference
  /// The interaction needs a patient and the target names none.
  case noPatient
  /// The request makes a new patient, or concerns one that it makes.
  case newPatient
  /// The body names several patients; whether one region is home to all is not known here.
  case severalPatients
  /// An opaque paging token decides what is returned.
  case pagingToken
  /// The request's body decides, and it was not looked at.
  case body
  /// The body decides and cannot be judged: XML, multipart, a content coding, no content type.
  case unreadableBody
  /// The body decides and is longer than is looked at.
  case largeBody
  /// A GraphQL query decides what is returned.
  case graphQL
  /// The resource type is not one of the server's release.
  case unknownType
  /// The operation or the shape of the request is not known.
  case unknownOperation
  /// Neither FHIR nor a configured public path.
  case notFHIR
  /// The answer had to be read for its labels and cannot be.
  case unreadableAnswer
  /// The answer's labels or codes said more than the request.
  case labelled

  /// Orders by weight.
  public static func < (left: Ambiguity, right: Ambiguity) -> Bool {
    left.rawValue < right.rawValue
  }

  /// The word that records and people use.
  public var word: StaticString {
    switch self {
    case .none: "none"
    case .emptyParameter: "empty-parameter"
    case .derivedFromID: "derived-from-id"
    case .untypedReference: "untyped-reference"
    case .mentioned: "mentioned"
    case .unknownParameter: "unknown-parameter"
    case .modifier: "modifier"
    case .joined: "joined"
    case .chained: "chained"
    case .identifierSearch: "identifier-search"
    case .absoluteReference: "absolute-reference"
    case .noPatient: "no-patient"
    case .newPatient: "new-patient"
    case .severalPatients: "several-patients"
    case .pagingToken: "paging-token"
    case .body: "body"
    case .unreadableBody: "unreadable-body"
    case .largeBody: "large-body"
    case .graphQL: "graphql"
    case .unknownType: "unknown-type"
    case .unknownOperation: "unknown-operation"
    case .notFHIR: "not-fhir"
    case .unreadableAnswer: "unreadable-answer"
    case .labelled: "labelled"
    }
  }
}

/// What a request's body can say about its facts.
public enum BodyUse: String, CaseIterable, Sendable {
  /// Nothing: the target decides.
  case none
  /// Search parameters (`POST T/_search`).
  case search
  /// The resource that is created or stored.
  case resource
  /// Changes to a resource: JSON Patch, or FHIR Patch as Parameters.
  case patch
  /// A batch or a transaction.
  case bundle
  /// What a named operation works on.
  case parameters
}

/// The facts that one request's method and target give.
///
/// A plain value; `patient` points into the target it was made from.
public struct Classification: Equatable, Sendable {
  /// Whether the path lies below the FHIR base (or is one of the server's well-known files).
  public var isFHIR = false
  /// The interaction.
  public var operation = Operation.unknown
  /// The resource type that is asked for or changed.
  public var resourceType = ResourceType.none
  /// The patient concerned.
  public var patient = PatientReference.unknown
  /// The two ids behind the refusal `twoPatients`, when there are no more than these.
  public var pair: PatientPair?
  /// What kind of data is asked for or changed.
  public var dataClass = DataClass.unknown
  /// The confidentiality to assume.
  public var sensitivity = Sensitivity.unknown
  /// Whether the answer may hold a specially protected category; such answers are never cached.
  public var mayContainRestricted = true
  /// The least sure of the facts above.
  public var confidence = Confidence.unknown
  /// Why the request must be refused; nil when it may go on.
  public var refusal: ClassificationRefusal?
  /// Whether the request's form allows an answer from a replica; policy decides within that.
  public var canUseReplica = false
  /// Why a fact is not exact.
  public var ambiguity = Ambiguity.none
  /// What the body can add.
  public var bodyUse = BodyUse.none
  /// Where in the target the id of the resource itself stands.
  public var resourceID: Range<Int>?

  /// Makes the most careful classification: nothing is known.
  public init() {}

  /// Keeps the weightier of two reasons.
  mutating func note(_ reason: Ambiguity) { ambiguity = max(ambiguity, reason) }

  /// Lowers the confidence to `level` when it is higher.
  mutating func lower(to level: Confidence) {
    if level == .unknown || confidence == .exact { confidence = level }
  }

  /// Refuses with `reason` unless an earlier reason stands.
  mutating func refuse(_ reason: ClassificationRefusal) {
    if refusal == nil { refusal = reason }
  }
}

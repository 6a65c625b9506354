// The closed vocabulary of clinical routing. Policy files, the classifier, the audit log and the
// answer's headers all use these words; the raw strings are what people write and read.

/// A FHIR interaction, as the policy language names it.
public enum Operation: String, CaseIterable, Sendable {
  case read, vread, history, search, create, update, patch, delete
  case batch, transaction
  /// A named operation (`$everything`, `$validate`) that no other word covers.
  case operation
  /// Bulk data (`$export`), its polls and files.
  case export
  /// `metadata` and `.well-known/smart-configuration`.
  case capabilities
  /// A request that is not FHIR: portal pages, images, static files.
  case asset
  case unknown

  /// Whether the interaction cannot change what is stored. `unknown` counts as unsafe.
  public var isSafe: Bool {
    switch self {
    case .read, .vread, .history, .search, .export, .capabilities, .asset: true
    case .create, .update, .patch, .delete, .batch, .transaction, .operation, .unknown: false
    }
  }
}

/// What kind of clinical data a request asks for or changes.
public enum DataClass: String, CaseIterable, Sendable {
  /// Terminology, organisations, locations, practitioners: no patient is concerned.
  case reference
  case scheduling, demographics, encounters
  case vitals, laboratory, problems, allergies, immunizations
  case medications, orders
  /// Clinical notes and documents without a special category.
  case notes
  case imaging, billing, consent, audit
  /// Psychotherapy notes and other behavioural-health records (HL7 `PSY`, `BH`).
  case behavioralHealth = "behavioral-health"
  /// Substance-use records under 42 CFR Part 2 (HL7 `SUD`, `ETHUD`, `OPIOIDUD`).
  case substanceUse = "substance-use"
  /// Sexual and reproductive health (HL7 `SEX`).
  case reproductiveHealth = "reproductive-health"
  /// A search that does not narrow a type which may hold a special category.
  case mixed
  /// Whole populations: `$export` and searches without a patient.
  case bulk
  /// Files of an application, not of a patient.
  case asset
  case unknown

  /// Whether nothing of the class can be about a patient.
  public var concernsNoPatient: Bool { self == .reference || self == .asset }
}

/// HL7 confidentiality, reduced to what routing distinguishes.
public enum Sensitivity: String, CaseIterable, Sendable {
  case normal, restricted
  case veryRestricted = "very-restricted"
  case unknown
}

/// The kinds of server that a plan may name.
public enum Tier: String, CaseIterable, Sendable {
  case cache, replica, primary
}

/// The user's role, from a verified token or certificate.
public enum Role: String, CaseIterable, Sendable {
  case clinician, nurse, pharmacist, administrator, billing, patient, support, system, unknown
}

/// Why data is asked for (HL7 v3 PurposeOfUse).
public enum Purpose: String, CaseIterable, Sendable {
  case treatment, payment, operations, research, emergency, unknown
}

/// The patient's consent as the directory knows it.
public enum Consent: String, CaseIterable, Sendable {
  case granted, withdrawn, unknown
}

/// How surely the decision's record must be on disk, and when.
public enum Durability: String, CaseIterable, Sendable {
  /// On disk before an unsafe request is forwarded, or before a safe one's headers leave.
  case durable
  /// Committed within the group interval; backpressure instead of loss.
  case standard
  /// Like `standard`, but carried out even when the log does not take the record: counted, and told
  /// in a gap. For reads that concern no patient.
  case bestEffort = "best-effort"

  /// Whether a record that is kept like this is kept as surely as `other` demands.
  public func covers(_ other: Durability) -> Bool { rank >= other.rank }

  /// The higher, the surer.
  private var rank: Int {
    switch self {
    case .durable: 2
    case .standard: 1
    case .bestEffort: 0
    }
  }

  /// Whether a request for `operation` is carried out when the log does not take its record. What
  /// may change something never is, whatever a policy says.
  public func mayGoUnrecorded(_ operation: Operation) -> Bool {
    self == .bestEffort && operation.isSafe
  }
}

/// Why a request was not served; each means something else to client, officer and SRE.
public enum RefusalKind: String, CaseIterable, Sendable {
  /// An invariant or a deny rule says no.
  case forbidden
  /// No rule covers the request.
  case noRule = "no-rule"
  /// Lawful, but nothing healthy and fresh enough is left.
  case unavailable
  /// Who asks could not be established.
  case unauthenticated
}

/// A region of the active policy: its index in the policy's `regions` list.
public struct RegionID: Hashable, Sendable {
  /// Index into the active policy's region list.
  public let index: UInt8

  /// Makes the identifier of the region at `index`.
  public init(_ index: UInt8) { self.index = index }
}

public import Base
public import Native

/// What the policy and the proven identity say about one request, as far as the cache is concerned.
///
/// Made by who decides, for permitted requests only: there is no default that stores or serves.
public struct Ruling: Sendable {
  /// The row of the matrix by which the answer may be stored.
  public var row: MatrixRow
  /// The hash of the policy version that decided.
  public var policy: SHA256Digest
  /// What kind of data is asked for.
  public var dataClass: DataClass
  /// How confidential it is.
  public var sensitivity: Sensitivity
  /// The organisation for which the user acts.
  public var tenant = TenantNumber.unnamed
  /// Where this edge stands: where an entry is stored and served.
  public var region: RegionNumber
  /// The regions that the plan lets answer this request: an entry must come from one of them.
  public var sourceRegions: RegionSet
  /// The user's role.
  public var role = Role.unknown
  /// What the data is asked for.
  public var purpose = Purpose.unknown
  /// Who the user is, in a form that is his alone; empty: not known.
  public var user: [UInt8] = []
  /// Whom the request is about; empty: nobody in particular, or not known.
  public var patient: [UInt8] = []
  /// The patient's consent.
  public var consent = Consent.unknown
  /// Changes whenever anything of the patient's consent does.
  public var consentFingerprint: UInt64 = 0
  /// Names what the user's authorisation shows of a record; nil: not known. Requests wait for each
  /// other only within one view.
  public var view: UInt64?
  /// How old an answer may be, in milliseconds, as the plan's step of tier `cache` says.
  public var stalenessMillisecondsMax: UInt64 = .max
  /// Whether the plan has a step of tier `cache` in this edge's region.
  public var mayServe = false
  /// Whether the row lets an edge here store for this patient's home.
  public var mayStore = false
  /// The decision's identifier.
  public var decision: UInt128 = 0

  /// Makes a ruling that neither stores nor serves.
  public init(
    row: MatrixRow, policy: SHA256Digest, dataClass: DataClass, sensitivity: Sensitivity,
    region: RegionNumber, sourceRegions: RegionSet
  ) {
    self.row = row
    self.policy = policy
    self.dataClass = dataClass
    self.sensitivity = sensitivity
    self.region = region
    self.sourceRegions = sourceRegions
  }

  /// Why the row has nothing for such a request; nil when it has.
  func bypass() -> CacheBypass? {
    let rules = row.rules
    guard row.dataClassBits >> UInt64(ordinal(dataClass)) & 1 == 1,
      row.sensitivityBits >> ordinal(sensitivity) & 1 == 1
    else { return .classOfRow }
    if let reason = readerBypass() { return reason }
    let parts = rules.keyParts
    if parts.contains(.tenant) && tenant == .unnamed { return .tenantUnknown }
    if parts.contains(.role) && role == .unknown { return .roleUnknown }
    if parts.contains(.purpose) && purpose == .unknown { return .purposeUnknown }
    if parts.contains(.user) && user.isEmpty { return .userUnknown }
    if parts.contains(.patient) && patient.isEmpty { return .patientUnknown }
    if parts.contains(.consent) && consent == .unknown { return .consentUnknown }
    if parts.contains(.view) && view == nil { return .viewUnknown }
    switch rules.seal {
    case .user: return user.isEmpty ? .userUnknown : nil
    case .tenant: return tenant == .unnamed ? .tenantUnknown : nil
    case .none, .region: return nil
    }
  }

  /// Whether this user may be served an entry of the row at all.
  @inline(__always)
  func readerBypass() -> CacheBypass? {
    row.readerRoleBits >> UInt16(ordinal(role)) & 1 == 1
      && row.readerPurposeBits >> UInt16(ordinal(purpose)) & 1 == 1 ? nil : .reader
  }
}

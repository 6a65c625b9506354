import Base

/// The fields of a decision, by tag. Never reuse one.
private enum Tag {
  static let id: UInt8 = 1
  static let time: UInt8 = 2
  static let loop: UInt8 = 3
  static let address: UInt8 = 4
  static let addressProvenance: UInt8 = 5
  static let location: UInt8 = 6
  static let locationProvenance: UInt8 = 7
  static let subject: UInt8 = 8
  static let role: UInt8 = 9
  static let purpose: UInt8 = 10
  static let method: UInt8 = 11
  static let operation: UInt8 = 12
  static let resourceType: UInt8 = 13
  static let patient: UInt8 = 14
  static let dataClass: UInt8 = 15
  static let sensitivity: UInt8 = 16
  static let mayContainRestricted: UInt8 = 17
  static let confidence: UInt8 = 18
  static let ambiguity: UInt8 = 19
  static let home: UInt8 = 20
  static let residency: UInt8 = 21
  static let consent: UInt8 = 22
  static let policyName: UInt8 = 23
  static let policyVersion: UInt8 = 24
  static let policyHash: UInt8 = 25
  static let rule: UInt8 = 26
  static let verdict: UInt8 = 27
  static let reason: UInt8 = 28
  static let durability: UInt8 = 29
  static let candidate: UInt8 = 30
  static let removal: UInt8 = 31
  static let region: UInt8 = 32
  static let endpoint: UInt8 = 33
  static let isTruncated: UInt8 = 34
  static let subjectToken: UInt8 = 35
  static let patientID: UInt8 = 36
  static let breakGlass: UInt8 = 37
  static let assurance: UInt8 = 38
  static let device: UInt8 = 39
  static let ownRecord: UInt8 = 40
  static let scope: UInt8 = 41
  static let tenant: UInt8 = 42
  static let isTenantOther: UInt8 = 43
  static let directoryAge: UInt8 = 44
  static let authenticationAge: UInt8 = 45
  static let hour: UInt8 = 46
  static let identityProvenance: UInt8 = 47
  static let patientProvenance: UInt8 = 48
  static let obligations: UInt8 = 49
  static let phase: UInt8 = 50
  static let cacheVerdict: UInt8 = 51
  static let statedReason: UInt8 = 52
  static let sealed: UInt8 = 0xF0
}

extension DecisionRecord {
  /// The tag of the private fields in sealed form.
  static var sealedTag: UInt8 { Tag.sealed }
  /// The tags of what search tokens stand for, and of the tokens.
  static var patientTag: UInt8 { Tag.patientID }
  static var patientTokenTag: UInt8 { Tag.patient }
  static var subjectTag: UInt8 { Tag.subject }
  static var subjectTokenTag: UInt8 { Tag.subjectToken }
  /// The tags of what else is searched for.
  static var idTag: UInt8 { Tag.id }
  static var timeTag: UInt8 { Tag.time }
  static var tenantTag: UInt8 { Tag.tenant }
  static var regionTag: UInt8 { Tag.region }
  static var dataClassTag: UInt8 { Tag.dataClass }
  static var verdictTag: UInt8 { Tag.verdict }
}

extension Tier {
  /// The stored number.
  var code: UInt8 {
    switch self {
    case .cache: 1
    case .replica: 2
    case .primary: 3
    }
  }

  /// Reads the stored number.
  init?(code: UInt8) {
    switch code {
    case 1: self = .cache
    case 2: self = .replica
    case 3: self = .primary
    default: return nil
    }
  }
}

extension RemovalReason {
  /// The stored number: the case's place in the declaration, which only grows at its end.
  var code: UInt8 {
    switch self {
    case .noEndpoint: 1
    case .unhealthy: 2
    case .stale: 3
    case .lagUnknown: 4
    case .notAuthority: 5
    case .drained: 6
    case .overridden: 7
    case .breakerOpen: 8
    case .saturated: 9
    case .tried: 10
    case .replicaNotAllowed: 11
    case .other: 12
    }
  }

  /// Reads the stored number; a later version's reason becomes `other`.
  init(code: UInt8) { self = Self.allCases.first { $0.code == code } ?? .other }
}

extension DecisionRecord: EncodableRecord {
  var kind: RecordKind { .decision }

  var byteCountMax: Int {
    var count = 1_280 + conditions.tenant.byteCount + phase.byteCount + cacheVerdict.byteCount
    count += min(subject.byteCount, AuditLimits.subjectBytesMax)
    count += min(statedReason.byteCount, AuditLimits.statedReasonBytesMax)
    count += method.byteCount + resourceType.byteCount + confidence.byteCount
    count += ambiguity.byteCount + home.byteCount + policyName.byteCount + policyHash.byteCount
    count += rule.byteCount + reason.byteCount + region.byteCount + endpoint.byteCount
    for candidate in candidates.prefix(AuditLimits.candidatesMax) {
      count += 9 + min(candidate.region.byteCount, AuditLimits.nameBytesMax)
    }
    for removal in removals.prefix(AuditLimits.removalsMax) {
      count += 9 + min(removal.endpoint.byteCount, AuditLimits.nameBytesMax)
    }
    return count
  }

  func encode(to writer: inout RecordWriter) {
    writer.id(Tag.id, id)
    writer.integer(Tag.time, time.microseconds)
    writer.integer(Tag.loop, UInt64(loop))
    writer.word(Tag.addressProvenance, addressProvenance)
    writer.place(Tag.location, location)
    writer.word(Tag.locationProvenance, locationProvenance)
    writer.word(Tag.role, role)
    writer.word(Tag.purpose, purpose)
    writer.name(Tag.method, method)
    writer.word(Tag.operation, operation)
    writer.name(Tag.resourceType, resourceType)
    writer.word(Tag.dataClass, dataClass)
    writer.word(Tag.sensitivity, sensitivity)
    writer.flag(Tag.mayContainRestricted, mayContainRestricted)
    writer.name(Tag.confidence, confidence)
    writer.name(Tag.ambiguity, ambiguity)
    writer.name(Tag.home, home)
    writer.place(Tag.residency, residency)
    writer.word(Tag.consent, consent)
    encodeConditions(to: &writer)
    writer.name(Tag.policyName, policyName)
    writer.integer(Tag.policyVersion, policyVersion)
    writer.name(Tag.policyHash, policyHash)
    writer.name(Tag.rule, rule)
    writer.name(Tag.verdict, .text(verdict.word))
    writer.name(Tag.reason, reason)
    writer.word(Tag.durability, durability)
    writer.integer(Tag.obligations, UInt64(obligations.rawValue))
    writer.name(Tag.phase, phase)
    writer.name(Tag.cacheVerdict, cacheVerdict)
    for candidate in candidates.prefix(AuditLimits.candidatesMax) {
      let bound = candidate.stalenessMilliseconds
      writer.entry(
        Tag.candidate, candidate.tier.code, (candidate.isMarked ? 1 : 0) | (bound == nil ? 0 : 2),
        bound ?? 0, candidate.region)
    }
    for removal in removals.prefix(AuditLimits.removalsMax) {
      writer.entry(
        Tag.removal, removal.candidateIndex, removal.reason.code, 0, removal.endpoint)
    }
    writer.name(Tag.region, region)
    writer.name(Tag.endpoint, endpoint)
    writer.flag(
      Tag.isTruncated,
      isTruncated || writer.isTruncated || candidates.count > AuditLimits.candidatesMax
        || removals.count > AuditLimits.removalsMax
        || subject.byteCount > AuditLimits.subjectBytesMax
        || statedReason.byteCount > AuditLimits.statedReasonBytesMax)
    writer.startPrivate()
    writer.address(Tag.address, address)
    writer.name(Tag.subject, subject, byteCountMax: AuditLimits.subjectBytesMax)
    unsafe patientID.withBytes { unsafe writer.bytes(Tag.patientID, $0) }
    writer.name(
      Tag.statedReason, statedReason, byteCountMax: AuditLimits.statedReasonBytesMax)
  }

  /// Writes what differs from "unknown"; most requests have little of it.
  @inline(__always)
  private func encodeConditions(to writer: inout RecordWriter) {
    writer.integer(Tag.breakGlass, conditions.breakGlass.map { $0 ? 1 : 0 })
    if conditions.assurance != .unknown { writer.word(Tag.assurance, conditions.assurance) }
    if conditions.device != .unknown { writer.word(Tag.device, conditions.device) }
    writer.integer(Tag.ownRecord, conditions.ownRecord.map { $0 ? 1 : 0 })
    if conditions.scope != .unknown { writer.word(Tag.scope, conditions.scope) }
    writer.name(Tag.tenant, conditions.tenant)
    writer.flag(Tag.isTenantOther, conditions.isTenantOther)
    writer.integer(Tag.directoryAge, conditions.directoryAgeSeconds.map(UInt64.init))
    writer.integer(Tag.authenticationAge, conditions.authenticationAgeSeconds.map(UInt64.init))
    writer.integer(Tag.hour, conditions.hour.map(UInt64.init))
    if conditions.identityProvenance != .none {
      writer.word(Tag.identityProvenance, conditions.identityProvenance)
    }
    if conditions.patientProvenance != .none {
      writer.word(Tag.patientProvenance, conditions.patientProvenance)
    }
  }

  /// Takes a condition; false when the field is none.
  private mutating func take(condition field: RecordField) throws(RecordFault) -> Bool {
    switch field.tag {
    case Tag.breakGlass: conditions.breakGlass = try field.integer() == 1
    case Tag.assurance: conditions.assurance = try field.word(as: Assurance.self)
    case Tag.device: conditions.device = try field.word(as: Device.self)
    case Tag.ownRecord: conditions.ownRecord = try field.integer() == 1
    case Tag.scope: conditions.scope = try field.word(as: TokenScope.self)
    case Tag.tenant: conditions.tenant = field.name
    case Tag.isTenantOther: conditions.isTenantOther = true
    case Tag.directoryAge: conditions.directoryAgeSeconds = try field.integer(as: UInt32.self)
    case Tag.authenticationAge:
      conditions.authenticationAgeSeconds = try field.integer(as: UInt32.self)
    case Tag.hour: conditions.hour = try field.integer(as: UInt8.self)
    case Tag.identityProvenance:
      conditions.identityProvenance = try field.word(as: IdentityProvenance.self)
    case Tag.patientProvenance:
      conditions.patientProvenance = try field.word(as: PatientProvenance.self)
    default: return false
    }
    return true
  }

  /// Reads the fields of a decision; those that are not known are passed over.
  ///
  /// `opened` are the private fields as `LogKeys.open` gave them; empty without the key.
  init(_ reader: inout RecordReader, opened: [UInt8]) throws(RecordFault) {
    self.init()
    try take(&reader)
    guard !opened.isEmpty else { return }
    isSealed = false
    let fault: RecordFault? = unsafe opened.withUnsafeBytes { raw in
      var reader = unsafe RecordReader(fields: raw, kind: .decision)
      do throws(RecordFault) {
        try take(&reader)
        return nil
      } catch {
        return error
      }
    }
    if let fault { throw fault }
  }

  /// Takes fields up to the end.
  private mutating func take(_ reader: inout RecordReader) throws(RecordFault) {
    while let field = try reader.next() {
      if try take(request: field) { continue }
      if try take(condition: field) { continue }
      try take(decision: field)
    }
  }

  /// Takes a field that describes who asked for what; false when it is none of them.
  private mutating func take(request field: RecordField) throws(RecordFault) -> Bool {
    switch field.tag {
    case Tag.id: id = try field.id()
    case Tag.time: time = WallTime(microseconds: try field.integer())
    case Tag.loop: loop = try field.integer(as: UInt16.self)
    case Tag.address: address = try field.address()
    case Tag.addressProvenance: addressProvenance = try field.word(as: AddressProvenance.self)
    case Tag.location: location = try field.place()
    case Tag.locationProvenance: locationProvenance = try field.word(as: LocationProvenance.self)
    case Tag.subject: subject = field.name
    case Tag.role: role = try field.word(as: Role.self)
    case Tag.purpose: purpose = try field.word(as: Purpose.self)
    case Tag.method: method = field.name
    case Tag.operation: operation = try field.word(as: Operation.self)
    case Tag.resourceType: resourceType = field.name
    case Tag.patient: patient = try field.id()
    case Tag.patientID:
      guard let id = unsafe PatientIdentifier(field.raw) else { throw field.fault }
      patientID = id
    case Tag.statedReason: statedReason = field.name
    case Tag.subjectToken: subjectToken = try field.id()
    case Tag.sealed: isSealed = true
    case Tag.dataClass: dataClass = try field.word(as: DataClass.self)
    case Tag.sensitivity: sensitivity = try field.word(as: Sensitivity.self)
    case Tag.mayContainRestricted: mayContainRestricted = true
    case Tag.confidence: confidence = field.name
    case Tag.ambiguity: ambiguity = field.name
    case Tag.home: home = field.name
    case Tag.residency: residency = try field.place()
    case Tag.consent: consent = try field.word(as: Consent.self)
    default: return false
    }
    return true
  }

  /// Takes a field that describes the policy's answer and the plan.
  private mutating func take(decision field: RecordField) throws(RecordFault) {
    switch field.tag {
    case Tag.policyName: policyName = field.name
    case Tag.policyVersion: policyVersion = try field.integer()
    case Tag.policyHash: policyHash = field.name
    case Tag.rule: rule = field.name
    case Tag.verdict:
      guard let known = Verdict(word: field.name.string) else { throw field.fault }
      verdict = known
    case Tag.reason: reason = field.name
    case Tag.durability: durability = try field.word(as: Durability.self)
    case Tag.obligations:
      obligations = Obligations(rawValue: try field.integer(as: UInt8.self))
    case Tag.phase: phase = field.name
    case Tag.cacheVerdict: cacheVerdict = field.name
    case Tag.candidate:
      let (code, flags, bound, region) = try field.entry()
      guard let tier = Tier(code: code) else { throw field.fault }
      candidates.append(
        RecordedCandidate(
          region: region, tier: tier, stalenessMilliseconds: flags & 2 == 0 ? nil : bound,
          isMarked: flags & 1 == 1))
    case Tag.removal:
      let (index, code, _, endpoint) = try field.entry()
      removals.append(
        RecordedRemoval(
          candidateIndex: index, endpoint: endpoint, reason: RemovalReason(code: code)))
    case Tag.region: region = field.name
    case Tag.endpoint: endpoint = field.name
    case Tag.isTruncated: isTruncated = true
    default: break
    }
  }
}

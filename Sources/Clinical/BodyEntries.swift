import Base

/// The entries of a batch or transaction: each is judged by itself when it ends, and they are
/// joined to what is true of all.
struct BodyEntries {
  /// A UUID, as two halves.
  private struct UUID: Equatable { var high: UInt64, low: UInt64 }

  /// What kind of Bundle this is.
  enum Kind { case missing, batch, transaction, other }

  private let classifier: Classifier
  /// What kind of Bundle this is.
  private(set) var kind = Kind.missing
  /// Why the Bundle must be refused, and by which of its entries.
  private(set) var refusal: ClassificationRefusal?
  private(set) var refusedIndex: Int?
  /// How many entries ended, and which is the first without a request of this server.
  private(set) var count = 0
  private(set) var indexWithoutRequest: Int?
  /// What is true of all entries; nil while there is none.
  private(set) var joined: Classification?
  /// The patients of all entries.
  private(set) var bits: UInt64 = 0
  /// Whether an entry's patient is not known.
  private(set) var hasUnknown = false
  /// Whether all entries only read.
  private(set) var areReads = true
  /// The types that entries may change, each once; `none` stands for whatever an entry may change.
  private(set) var writtenTypes: [ResourceType] = []

  // The entry at hand.
  private var method: ClinicalMethod?
  private var hasURL = false
  private var target: [UInt8] = []
  private var condition: [UInt8] = []
  private var fullURL: UUID?
  /// The entries that make patients, by their names inside the Bundle.
  private var newPatients: [UUID] = []
  /// The subjects that are named so.
  private var subjects: [UUID] = []

  /// Makes the entries of one classifier.
  init(_ classifier: Classifier) { self.classifier = classifier }

  /// Forgets everything; keeps the memory.
  mutating func removeAll() {
    kind = .missing
    refusal = nil
    refusedIndex = nil
    count = 0
    indexWithoutRequest = nil
    joined = nil
    bits = 0
    hasUnknown = false
    areReads = true
    writtenTypes.removeAll(keepingCapacity: true)
    newPatients.removeAll(keepingCapacity: true)
    subjects.removeAll(keepingCapacity: true)
    begin()
  }

  /// Whether every subject that is named by a UUID is a patient of this Bundle.
  var areSubjectsInside: Bool { subjects.allSatisfy(newPatients.contains) }

  // MARK: Parts of an entry

  /// An entry begins.
  mutating func begin() {
    method = nil
    hasURL = false
    fullURL = nil
    target.removeAll(keepingCapacity: true)
    condition.removeAll(keepingCapacity: true)
  }

  /// The Bundle's type.
  mutating func setType(_ text: JSONText) {
    kind =
      text.bytes.equals("batch")
      ? .batch : text.bytes.equals("transaction") ? .transaction : .other
  }

  /// `request.method`, in FHIR's spelling only.
  mutating func setMethod(_ text: JSONText) {
    method = ClinicalMethod(text.bytes)
  }

  /// `request.url`: relative to the base, or absolute below one of the server's own URLs.
  mutating func setURL(_ text: JSONText) {
    guard text.isWhole else { return fail(.malformedPath) }
    let local = classifier.tables.local(text.bytes)
    // The path comes first, so a colon before any question mark is a scheme's.
    hasURL = local.index(of: 0x3A) > local.index(of: 0x3F) || local.index(of: 0x3A) == local.count
    guard hasURL else { return }
    target.append(contentsOf: classifier.base)
    if local.isEmpty || (local[0] != 0x2F && local[0] != 0x3F) { target.append(0x2F) }
    Percent.normalize(local, into: &target)
  }

  /// `request.ifNoneExist`.
  mutating func setCondition(_ text: JSONText) {
    guard text.isWhole else { return fail(.malformedQuery) }
    Percent.normalize(text.bytes, into: &condition)
  }

  /// `fullUrl`, where it is a UUID.
  mutating func setFullURL(_ text: JSONText) {
    fullURL = text.isWhole ? Self.uuid(text.bytes) : nil
  }

  /// A subject's reference inside the Bundle; false when it is none, or one too many.
  mutating func addSubject(_ text: ByteView) -> Bool {
    guard let uuid = Self.uuid(text) else { return false }
    if subjects.contains(uuid) { return true }
    guard subjects.count < ClinicalLimits.bodyPatientsMax else { return false }
    subjects.append(uuid)
    return true
  }

  /// Keeps the first refusal.
  private mutating func fail(_ reason: ClassificationRefusal) {
    guard refusal == nil else { return }
    refusal = reason
    refusedIndex = count
  }

  // MARK: Judging

  /// An entry ends: judges it by its request and its resource.
  mutating func end(_ facts: ResourceFacts, _ patients: inout PatientSet) {
    defer { count += 1 }
    guard count < ClinicalLimits.entriesMax else { return fail(.tooManyParameters) }
    guard let method, hasURL else {
      if indexWithoutRequest == nil { indexWithoutRequest = count }
      bits |= facts.mentions
      hasUnknown = true
      areReads = false
      return
    }
    if facts.type == .patient, let fullURL {
      guard newPatients.count < ClinicalLimits.bodyPatientsMax else {
        return fail(.tooManyParameters)
      }
      newPatients.append(fullURL)
    }
    var (head, bit, hasOtherID) = classified(method, facts, &patients)
    if head.operation == .create, !condition.isEmpty {
      bit |= conditionBit(&head, &patients)
    }
    let judgement = BodyJudgement(
      head, headBit: bit, facts: facts, hasOtherID: hasOtherID, tables: classifier.tables)
    join(judgement)
  }

  /// What the request says, the bit of its patient, and whether the resource has another id.
  private func classified(
    _ method: ClinicalMethod, _ facts: ResourceFacts, _ patients: inout PatientSet
  ) -> (Classification, UInt64, Bool) {
    unsafe target.withUnsafeBytes { raw in
      let view = unsafe ByteView(raw)
      let head = unsafe classifier.classify(
        method: method, target: raw, pathCount: view.index(of: 0x3F))
      return (
        head, head.patientBit(in: view, &patients), facts.hasOtherID(than: head, in: view)
      )
    }
  }

  /// The bit of the patient that `ifNoneExist` names.
  private mutating func conditionBit(
    _ head: inout Classification, _ patients: inout PatientSet
  ) -> UInt64 {
    unsafe condition.withUnsafeBytes { query in
      unsafe classifier.addCondition(query, to: &head, &patients, room: &target)
    }
  }

  /// Joins one entry's verdict to those before.
  private mutating func join(_ judgement: BodyJudgement) {
    let result = judgement.result
    if let reason = result.refusal { fail(reason) }
    bits |= judgement.scope.bits
    if case .unknown = judgement.scope { hasUnknown = true }
    areReads = areReads && result.operation.isSafe
    if !result.operation.isSafe, !writtenTypes.contains(result.resourceType) {
      writtenTypes.append(result.resourceType)
    }
    guard var all = joined else {
      joined = result
      return
    }
    all.dataClass = all.dataClass.joined(with: result.dataClass)
    if result.sensitivity.rank > all.sensitivity.rank { all.sensitivity = result.sensitivity }
    all.mayContainRestricted = all.mayContainRestricted || result.mayContainRestricted
    if all.dataClass == .mixed, all.mayContainRestricted, all.sensitivity == .normal {
      all.sensitivity = .unknown
    }
    all.note(result.ambiguity)
    all.lower(to: result.confidence)
    if all.resourceType != result.resourceType { all.resourceType = .none }
    joined = all
  }

  /// Reads `urn:uuid:` and a UUID.
  private static func uuid(_ text: ByteView) -> UUID? {
    guard text.count == 45, text.starts(with: "urn:uuid:") else { return nil }
    var (uuid, digits) = (UUID(high: 0, low: 0), 0)
    for index in 9..<45 {
      if index == 17 || index == 22 || index == 27 || index == 32 {
        guard text[index] == 0x2D else { return nil }
        continue
      }
      guard let digit = Percent.digit(text[index]) else { return nil }
      if digits < 16 {
        uuid.high = uuid.high << 4 | UInt64(digit)
      } else {
        uuid.low = uuid.low << 4 | UInt64(digit)
      }
      digits += 1
    }
    return uuid
  }
}

extension ClinicalMethod {
  /// The method that a Bundle's entry names (FHIR `http-verb`); nil for any other word.
  init?(_ text: ByteView) {
    if text.equals("GET") {
      self = .get
    } else if text.equals("POST") {
      self = .post
    } else if text.equals("PUT") {
      self = .put
    } else if text.equals("DELETE") {
      self = .delete
    } else if text.equals("PATCH") {
      self = .patch
    } else if text.equals("HEAD") {
      self = .head
    } else {
      return nil
    }
  }
}

extension DataClass {
  /// The class of two things at once: the more protected one, or `mixed`.
  func joined(with other: DataClass) -> DataClass {
    if self == other || other == .reference { return self }
    if self == .reference { return other }
    if self == .unknown || other == .unknown { return .unknown }
    switch (isSpecial, other.isSpecial) {
    case (true, false): return self
    case (false, true): return other
    case (true, true): return .mixed
    case (false, false): return self == .bulk || other == .bulk ? .bulk : .mixed
    }
  }
}

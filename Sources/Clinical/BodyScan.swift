import Base

/// What a request's head and body say together.
public struct BodyVerdict: Equatable, Sendable {
  /// The facts. `patient` as `.one` is all of `patientText`, not a range of the target; `.several`
  /// without a refusal means: ask `BodyScan.home`.
  public internal(set) var classification: Classification
  /// The one patient concerned.
  public internal(set) var patientText: PatientText?
  /// Different patients that the request names.
  public internal(set) var patientCount = 0
  /// Entries of a batch or transaction.
  public internal(set) var entryCount = 0
  /// The entry for which the whole must be refused.
  public internal(set) var refusedEntry: Int?
  /// Whether nothing stored can change: a search by form, or a batch of reads.
  public internal(set) var isReadOnly = false
  /// The types that entries of a batch or transaction may change; nil for any other body.
  public internal(set) var writtenTypes: [ResourceType]?
  /// What is wrong with the JSON.
  public internal(set) var fault: JSONFault?
}

/// Judges a request by head and body (FHIR R4 and R5), the body in pieces cut anywhere.
///
/// Life of one: `begin` with the head's classification, `feed` what comes up to the need's bound,
/// `finish`. Whoever feeds holds the bytes back until then. Memory is bounded by
/// `ClinicalLimits`, and kept from one request to the next. One owner; any thread.
public struct BodyScan {
  private let classifier: Classifier
  private var scanner = JSONScanner(textBytesMax: ClinicalLimits.bodyTextBytesMax)
  private var sink: BodySink
  private var need = BodyNeed.none
  private var head = Classification()
  /// The bit of the patient that the head names.
  private var headBit: UInt64 = 0
  /// The head's target; for a form, the target of the same search by GET.
  private var target: [UInt8] = []
  private var room: [UInt8] = []
  private var byteCount = 0
  private var bits: UInt64 = 0
  private var isPatientUnknown = false
  /// Whether a long resource was judged by its beginning, so that the rest has to agree.
  private var isConfirming = false

  /// Makes a scan for requests that `classifier` judges.
  public init(_ classifier: Classifier) {
    self.classifier = classifier
    sink = BodySink(classifier)
  }

  /// Begins a request whose head gave `head` from `target`, and whose `bodyNeed` is `need`.
  ///
  /// `ifNoneExist` is the field of a conditional create; nil when there is none.
  public mutating func begin(
    _ need: BodyNeed, head: Classification, target: UnsafeRawBufferPointer, pathCount: Int,
    ifNoneExist: UnsafeRawBufferPointer? = nil
  ) {
    self.need = need
    self.head = head
    byteCount = 0
    headBit = 0
    bits = 0
    isPatientUnknown = false
    isConfirming = false
    self.target.removeAll(keepingCapacity: true)
    scanner.reset()
    sink.reset(use: head.bodyUse)
    let view = unsafe ByteView(target)
    if case .form = need { return beginForm(view, pathCount) }
    unsafe self.target.append(contentsOf: target)
    headBit = head.patientBit(in: view, &sink.patients)
    if let ifNoneExist = unsafe ifNoneExist, head.operation == .create {
      headBit |= unsafe classifier.addCondition(
        ifNoneExist, to: &self.head, &sink.patients, room: &room)
    }
  }

  /// Reads the next piece of the body; the bytes need to live during the call only.
  public mutating func feed(_ bytes: UnsafeRawBufferPointer) {
    byteCount += bytes.count
    guard byteCount <= need.byteCountMax || mayBeLong else { return }
    if case .form = need {
      unsafe room.append(contentsOf: bytes)
    } else {
      unsafe scanner.feed(bytes, into: &sink)
    }
  }

  /// Whether more of the body cannot change the verdict: it is refused, or too long.
  public var isDecided: Bool {
    byteCount > need.byteCountMax || sink.refusal != nil || scanner.fault != nil
  }

  /// Whether what was read is refused, whatever follows.
  public var isBroken: Bool { sink.refusal != nil || scanner.fault != nil }

  /// Whether the rest of a body that is too long is read all the same.
  private var mayBeLong: Bool {
    if case .json = need { head.bodyUse == .resource } else { false }
  }

  /// Judges a resource that is too long by its beginning; nil unless that names type and patient.
  ///
  /// Whoever acts upon it goes on to `feed`, and lets the origin have the last byte only when
  /// `finish` agrees.
  public mutating func preview() -> BodyVerdict? {
    guard mayBeLong, byteCount > need.byteCountMax, !isBroken else { return nil }
    bits = headBit
    var verdict = finishResource(isWhole: false)
    guard verdict.patientText != nil, verdict.classification.refusal == nil else { return nil }
    verdict.classification.note(.largeBody)
    verdict.classification.lower(to: .inferred)
    isConfirming = true
    return verdict
  }

  /// Says that the body is complete (or that `isDecided`), and judges.
  public mutating func finish() -> BodyVerdict {
    bits = headBit
    if case .unjudged(let reason) = need { return verdict(head.withoutBody(reason)) }
    guard byteCount <= need.byteCountMax || isConfirming else {
      return verdict(head.withoutBody(.largeBody))
    }
    if case .form = need { return finishForm() }
    guard case .json = need else { return verdict(head) }
    let isOptional = head.bodyUse == .parameters
    if byteCount > 0 || !isOptional { scanner.finish(into: &sink) }
    var verdict = head.bodyUse == .bundle ? finishBundle() : finishResource()
    verdict.fault = scanner.fault
    return verdict
  }

  /// The home of all patients of the request that was judged last, by what `home` says of each.
  public func home<Home: Equatable & Sendable>(
    _ home: (UnsafeRawBufferPointer) -> Home?
  ) -> JointHome<Home> {
    var found: Home?
    var isUnknown = isPatientUnknown
    for (index, patient) in sink.patients.patients.enumerated() where bits >> UInt64(index) & 1 == 1
    {
      guard let next = unsafe patient.withBytes({ unsafe home($0) }) else {
        isUnknown = true
        continue
      }
      if let found, found != next { return .several }
      found = next
    }
    if isUnknown { return .unknown }
    return found.map { .one($0) } ?? .none
  }

  // MARK: Forms

  /// Prepares the target of the same search by GET: path and query of the URL, then the form.
  private mutating func beginForm(_ view: ByteView, _ pathCount: Int) {
    let tail: StaticString = "/_search"
    let cut = max(0, pathCount - tail.utf8CodeUnitCount)
    let isTail = view[cut..<pathCount].equals(tail)
    unsafe target.append(contentsOf: view[0..<(isTail ? cut : pathCount)].raw)
    if target.isEmpty { target.append(0x2F) }
    room.removeAll(keepingCapacity: true)
    unsafe room.append(contentsOf: view[min(pathCount + 1, view.count)..<view.count].raw)
    if !room.isEmpty { room.append(0x26) }
  }

  /// Judges a search whose parameters are complete.
  private mutating func finishForm() -> BodyVerdict {
    let pathCount = target.count
    target.append(0x3F)
    unsafe room.withUnsafeBytes { unsafe Percent.normalize(ByteView($0), into: &target) }
    var (result, bit) = unsafe target.withUnsafeBytes { raw in
      let result = unsafe classifier.classify(method: .get, target: raw, pathCount: pathCount)
      return (result, unsafe result.patientBit(in: ByteView(raw), &sink.patients))
    }
    result.bodyUse = .search
    bits = bit
    var verdict = verdict(result)
    verdict.isReadOnly = true
    return verdict
  }

  // MARK: JSON

  /// Judges a resource, a patch, or an operation's parameters, or what came of it so far.
  private mutating func finishResource(isWhole: Bool = true) -> BodyVerdict {
    let facts = sink.facts
    let hasOtherID = unsafe target.withUnsafeBytes {
      unsafe facts.hasOtherID(than: head, in: ByteView($0))
    }
    var judged = head
    if isWhole, let reason = broken { judged.refuse(reason) }
    let judgement = BodyJudgement(
      judged, headBit: headBit, facts: facts, hasOtherID: hasOtherID, tables: classifier.tables)
    return verdict(judgement.result, judgement.scope)
  }

  /// Judges a batch or transaction.
  private mutating func finishBundle() -> BodyVerdict {
    let entries = sink.entries
    var result = entries.joined ?? head
    result.isFHIR = true
    result.bodyUse = .bundle
    result.resourceType = .none
    result.resourceID = nil
    result.canUseReplica = false
    result.refusal = nil
    if let reason = broken ?? entries.refusal { result.refuse(reason) }
    if sink.facts.type != .bundle { result.refuse(.bodyContradicts) }
    switch entries.kind {
    case .batch: result.operation = .batch
    case .transaction: result.operation = .transaction
    case .missing:
      result.operation = head.operation
      result.refuse(.malformedBody)
    case .other:
      result.operation = .unknown
      result.note(.unknownOperation)
      result.lower(to: .unknown)
    }
    let indexWithoutRequest = entries.kind == .other ? nil : entries.indexWithoutRequest
    if indexWithoutRequest != nil { result.refuse(.malformedBody) }
    var scope = PatientScope.named(entries.bits)
    if !entries.areSubjectsInside { result.note(.absoluteReference) }
    if entries.hasUnknown || entries.joined == nil || !entries.areSubjectsInside {
      scope = .unknown(entries.bits)
    } else if entries.bits == 0 {
      scope = .none
    }
    if let special = sink.facts.narrowing.special {
      if special.rank > result.sensitivity.rank { result.sensitivity = special }
      result.mayContainRestricted = true
      if let named = sink.facts.narrowing.dataClass {
        result.dataClass = result.dataClass.joined(with: named)
      }
    }
    if entries.bits.nonzeroBitCount > 1 { result.note(.severalPatients) }
    var verdict = verdict(result, scope)
    verdict.entryCount = entries.count
    verdict.writtenTypes = entries.writtenTypes
    verdict.refusedEntry = entries.refusedIndex ?? indexWithoutRequest
    if sink.refusal != nil, sink.depth > 2, entries.refusedIndex == nil {
      verdict.refusedEntry = entries.count
    }
    verdict.isReadOnly =
      entries.areReads && entries.kind == .batch && entries.count > 0
      && verdict.classification.refusal == nil
    return verdict
  }

  /// Why the body cannot be used at all.
  private var broken: ClassificationRefusal? {
    if let reason = sink.refusal { return reason }
    if sink.patients.isOverfull { return .tooManyParameters }
    let isEmpty = head.bodyUse == .parameters && byteCount == 0
    return scanner.isDone || isEmpty ? nil : .malformedBody
  }

  // MARK: Verdicts

  /// The verdict for facts whose patients are `scope`.
  private mutating func verdict(
    _ classification: Classification, _ scope: PatientScope
  ) -> BodyVerdict {
    var result = classification
    bits = scope.bits
    switch scope {
    case .none: result.patient = .none
    case .named(let bits) where bits.nonzeroBitCount == 1: result.patient = .one(0..<0)
    case .named: result.patient = .several
    case .unknown:
      result.patient = .unknown
      result.lower(to: .unknown)
    }
    if result.refusal != nil { result.lower(to: .unknown) }
    return verdict(result)
  }

  /// The verdict with the patient's own text.
  private mutating func verdict(_ classification: Classification) -> BodyVerdict {
    switch classification.patient {
    case .one, .none: isPatientUnknown = false
    case .unknown: isPatientUnknown = true
    case .several: isPatientUnknown = bits.nonzeroBitCount < 2
    }
    var verdict = BodyVerdict(classification: classification)
    verdict.patientCount = bits.nonzeroBitCount
    if case .one = classification.patient {
      if bits.nonzeroBitCount == 1 {
        let text = sink.patients.patients[bits.trailingZeroBitCount]
        verdict.patientText = text
        verdict.classification.patient = .one(0..<text.count)
      } else {
        verdict.classification.patient = .unknown
      }
    }
    return verdict
  }
}

extension Classification {
  /// The bit of the patient that the target names; zero when it names none.
  func patientBit(in target: ByteView, _ patients: inout PatientSet) -> UInt64 {
    guard case .one(let range) = patient, let text = PatientText(target[range]) else { return 0 }
    return patients.bit(of: text)
  }
}

extension ResourceFacts {
  /// Whether the resource has an id, and the target that stores it names another one.
  func hasOtherID(than head: Classification, in target: ByteView) -> Bool {
    guard head.operation == .update, let range = head.resourceID, let id else { return false }
    return PatientText(target[range]) != id
  }
}

extension Classifier {
  /// Takes the query of a conditional create into account; gives the bit of the patient it names.
  func addCondition(
    _ query: UnsafeRawBufferPointer, to head: inout Classification, _ patients: inout PatientSet,
    room: inout [UInt8]
  ) -> UInt64 {
    room.removeAll(keepingCapacity: true)
    room.append(contentsOf: base)
    room.append(0x2F)
    let name = head.resourceType.name
    // A StaticString's bytes live as long as the program.
    unsafe room.append(
      contentsOf: UnsafeRawBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount))
    let pathCount = room.count
    room.append(0x3F)
    unsafe Percent.normalize(ByteView(query), into: &room)
    return unsafe room.withUnsafeBytes { raw in
      let condition = unsafe classify(method: .get, target: raw, pathCount: pathCount)
      if let reason = condition.refusal { head.refuse(reason) }
      if condition.ambiguity != .noPatient { head.note(condition.ambiguity) }
      let bit = unsafe condition.patientBit(in: ByteView(raw), &patients)
      if case .one(let range) = condition.patient {
        head.patient = .one(range)
        head.confidence = .inferred
      }
      return bit
    }
  }
}

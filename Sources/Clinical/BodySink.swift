import Base

/// Reads what decides from a FHIR resource, a Bundle, a patch or an operation's parameters.
///
/// Keeps the facts of one resource at a time; each entry of the outermost Bundle is handed to
/// `BodyEntries` when it ends. A name that decides must stand once in its object.
struct BodySink: JSONSink {
  /// What an open object or array is.
  enum Role: UInt8 {
    /// A value inside a resource.
    case other
    /// The resource that is judged: the body itself, or an entry's.
    case resource
    /// A resource inside another one.
    case inner
    /// `Bundle.entry`, one of it, and its request.
    case entries, entry, request
    /// `meta`, `meta.security`, and one label.
    case meta, labels, label
    /// What stands at a subject's place.
    case subject
    /// `category`, `code` or `type` of the resource, their `coding`s, and one coding.
    case concept, codings, coding
  }

  /// One open object or array.
  struct Frame {
    var role = Role.other
    var isArray = false
    /// Whether a reference was read (`subject`), or a resource's contents are contained (`inner`).
    var isSet = false
    /// Whether a resource inside another one is a Patient.
    var isPatient = false
    /// The parameter that a concept stands for.
    var kind = ParameterKind.neutral
    /// The members that came already.
    var seen: UInt32 = 0
    var coding = CodingFrame()
  }

  let tables: ClassifierTables
  /// What the body is used for.
  var use = BodyUse.none
  /// Why the request must be refused.
  private(set) var refusal: ClassificationRefusal?
  /// The open objects and arrays; the lowest stands for what is around the body.
  var frames = InlineArray<65, Frame>(repeating: Frame())
  var depth = 0
  /// The member whose value comes next.
  var member = BodyMember.other
  /// The resource at hand.
  var facts = ResourceFacts()
  /// The facts of the Bundle while its entries are read.
  private var outerFacts = ResourceFacts()
  /// The last id of a resource inside another one, and at which level it stood.
  private var innerID: (depth: Int, id: PatientText?) = (0, nil)
  /// The patients of the whole body.
  var patients = PatientSet()
  /// The entries of the whole body.
  var entries: BodyEntries

  /// Makes a sink for one classifier.
  init(_ classifier: Classifier) {
    tables = classifier.tables
    entries = BodyEntries(classifier)
  }

  /// Forgets everything; keeps the memory.
  mutating func reset(use: BodyUse) {
    self.use = use
    refusal = nil
    depth = 0
    frames[0] = Frame()
    member = .other
    facts = ResourceFacts()
    outerFacts = ResourceFacts()
    innerID = (0, nil)
    patients.removeAll()
    entries.removeAll()
  }

  /// Keeps the first refusal.
  mutating func refuse(_ reason: ClassificationRefusal) {
    if refusal == nil { refusal = reason }
  }

  var isStopped: Bool { refusal != nil }

  // MARK: Objects and arrays

  mutating func begin(isArray: Bool) {
    var frame = Frame()
    frame.isArray = isArray
    if depth == 0 {
      frame.role = isArray ? .other : .resource
      if isArray, use != .patch { refuse(.malformedBody) }
      facts.exists = true
    } else {
      frame.role = role(isArray: isArray, outer: frames[depth], kind: &frame.kind)
    }
    switch frame.role {
    case .entries where frames[depth].role == .resource:
      outerFacts = facts
      facts = ResourceFacts()
    case .entry: entries.begin()
    case .resource where depth > 0: facts.exists = true
    default: break
    }
    if frame.role == .inner { frame.isSet = member == .contained || frames[depth].isSet }
    if frame.role == .other, isArray, member == .contained { frame.isSet = true }
    depth += 1
    frames[depth] = frame
    member = .other
  }

  /// What the value that begins is, by what is around it and the member's name.
  private func role(isArray: Bool, outer: Frame, kind: inout ParameterKind) -> Role {
    kind = outer.kind
    if outer.isArray {
      switch outer.role {
      case .entries: return isArray ? .entries : .entry
      case .labels: return isArray ? .labels : .label
      case .subject, .concept: return outer.role
      case .codings: return isArray ? .codings : .coding
      default: return outer.isSet && !isArray ? .inner : .other
      }
    }
    switch (outer.role, member) {
    case (.resource, .entry) where use == .bundle && depth == 1: return .entries
    case (.entry, .request) where !isArray: return .request
    case (.entry, .resource) where !isArray: return .resource
    case (_, .resource) where !isArray: return .inner
    case (.resource, .meta), (.inner, .meta): return isArray ? .other : .meta
    case (.meta, .security): return isArray ? .labels : .label
    case (.resource, .category), (.resource, .code), (.resource, .type):
      kind = member == .category ? .category : member == .code ? .code : .type
      return .concept
    case (.concept, .coding): return isArray ? .codings : .coding
    case (.resource, _) where member.isSubject: return .subject
    default: return .other
    }
  }

  mutating func end(isArray: Bool) {
    let frame = frames[depth]
    depth -= 1
    member = .other
    if frame.role == .entries, depth == 1 { facts = outerFacts }
    guard !isArray else { return }
    settle(frame)
    switch frame.role {
    case .subject where !frame.isSet: facts.openSubject = .identifierSearch
    case .entry:
      entries.end(facts, &patients)
      if let reason = entries.refusal { refuse(reason) }
      facts = ResourceFacts()
    default: break
    }
  }

  /// Lets the coding of an object that ends count.
  private mutating func settle(_ frame: Frame) {
    if frame.role == .label {
      if let row = frame.coding.label(tables) { return facts.add(special: row) }
      if case .known(CodeSystem.confidentiality.rawValue) = frame.coding.system,
        !frame.coding.isOrdinary
      {
        facts.hasUnknownLabel = true
      }
      return
    }
    if let row = frame.coding.row(tables), row.isSpecial { facts.add(special: row) }
    guard frame.role == .coding else { return }
    guard case .known(let index) = frame.coding.code else {
      return facts.add(row: nil, in: frame.kind)
    }
    let row = tables.row(at: Int(index))
    let isItsSystem =
      frame.coding.system == .missing || frame.coding.system == .known(row.system.rawValue)
    facts.add(row: isItsSystem ? index : nil, in: frame.kind)
  }

  // MARK: Members

  mutating func key(_ text: JSONText) {
    member = .other
    guard text.isWhole else { return }
    guard let named = BodyMember.named(text.bytes) else { return refuse(.duplicateKey) }
    guard named != .other else { return }
    member = named
    if frames[depth].seen & named.bit != 0 { refuse(.duplicateKey) }
    frames[depth].seen |= named.bit
  }

  mutating func wantsString() -> Bool {
    if use == .patch { return true }
    let role = frames[depth].role
    switch member {
    case .reference, .code, .system: return true
    case .resourceType, .id, .type: return role == .resource || role == .inner
    case .method, .url, .ifNoneExist: return role == .request
    case .fullUrl: return role == .entry
    default: return false
    }
  }

  mutating func string(_ text: JSONText) {
    defer { member = .other }
    let frame = frames[depth]
    if frame.isArray {
      // A string where a subject's object should stand.
      if frame.role == .subject { facts.openSubject = .identifierSearch }
      if use == .patch { reference(text, isSubject: false) }
      return
    }
    switch (frame.role, member) {
    case (_, .reference):
      if frame.role == .subject { frames[depth].isSet = true }
      reference(text, isSubject: frame.role == .subject)
    case (_, .system): frames[depth].coding.setSystem(text, tables)
    case (_, .code): frames[depth].coding.setCode(text, tables)
    case (.resource, .resourceType): facts.type = type(text)
    case (.resource, .id): setID(text)
    case (.resource, .type) where depth == 1: entries.setType(text)
    case (.inner, .id) where !frame.isSet, (.inner, .resourceType) where !frame.isSet:
      innerMember(text)
    case (.request, .method): entries.setMethod(text)
    case (.request, .url): entries.setURL(text)
    case (.request, .ifNoneExist): entries.setCondition(text)
    case (.entry, .fullUrl): entries.setFullURL(text)
    case (.resource, _) where member.isSubject: facts.openSubject = .identifierSearch
    default: if use == .patch { reference(text, isSubject: false) }
    }
  }

  mutating func scalar() {
    if member.isSubject, frames[depth].role == .resource { facts.openSubject = .identifierSearch }
    member = .other
  }

  /// The type that a text names.
  private func type(_ text: JSONText) -> ResourceType {
    text.isWhole ? tables.type(text.bytes) ?? .unknown : .unknown
  }

  /// The id of the resource at hand.
  private mutating func setID(_ text: JSONText) {
    facts.id = text.isWhole ? PatientText(text.bytes) : nil
    facts.hasBadID = facts.id == nil
  }

  /// The id or the type of a resource inside another one: that of a patient is a mention, in
  /// whichever order both come. Contained ones have ids of their own making.
  mutating func innerMember(_ text: JSONText) {
    if member == .resourceType {
      frames[depth].isPatient = type(text) == .patient
      if frames[depth].isPatient, innerID.depth == depth { mention(innerID.id) }
      return
    }
    guard text.isWhole, let id = PatientText(text.bytes) else { return }
    if frames[depth].isPatient { return mention(id) }
    // The id of an outer one whose type is not known yet would be forgotten.
    if let known = innerID.id, known != id, innerID.depth < depth, innerID.depth > 0 {
      facts.openMention = .body
    }
    innerID = (depth, id)
  }

  /// Takes a patient into account who is mentioned.
  mutating func mention(_ patient: PatientText?) {
    if let patient { facts.mentions |= patients.bit(of: patient) }
  }
}

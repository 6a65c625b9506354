import Base

/// One walk over a request's query: patients, narrowing codes, joins, and what is not understood.
///
/// Holds views of the target and of a scratch buffer on the stack; lives for one call.
@safe
struct QueryScan {
  /// The whole target.
  let target: ByteView
  /// The classifier's tables.
  let tables: ClassifierTables
  /// The type that is searched.
  let type: ResourceType
  /// The byte between a patient's id and the rest of a resource's id.
  let separator: UInt8?
  /// Whether the server selects by these parameters. Elsewhere it ignores them (FHIR R4 section
  /// 3.1.0.1): whom they name is mentioned, and the answer may be anybody's.
  let isSelection: Bool
  /// Room for a decoded name and, behind it, a decoded element.
  private let scratch: UnsafeMutableRawBufferPointer

  /// The patients named so far; the caller puts the path's in first.
  var patients: PatientFinder
  /// What codes say about the class.
  var narrowing = Narrowing()
  /// The weightiest ambiguity met.
  var ambiguity = Ambiguity.none
  /// Why the query must be refused.
  var refusal: ClassificationRefusal?
  /// Whether resources of other types may come along.
  var isJoined = false
  /// Whether resources are selected through others.
  var isChained = false
  /// Whether an opaque token decides what is returned.
  var hasPagingToken = false
  /// Whether something was not understood: no replica.
  var hasUnknown = false
  /// Whether the query tries to name a patient, in whatever form.
  var namesPatient = false

  /// Bytes of scratch that a scan needs.
  static let scratchBytes = 2 * ClinicalLimits.decodedBytesMax

  /// Prepares a scan; `scratch` has `scratchBytes` and outlives it.
  init(
    target: ByteView, tables: ClassifierTables, type: ResourceType, separator: UInt8?,
    isSelection: Bool, patients: PatientFinder, scratch: UnsafeMutableRawBufferPointer
  ) {
    precondition(scratch.count >= Self.scratchBytes, "scratch too small")
    self.target = target
    self.tables = tables
    self.type = type
    self.separator = separator
    self.isSelection = isSelection
    self.patients = patients
    unsafe self.scratch = unsafe scratch
  }

  /// Walks the parameters in `query`, a range of the target without the question mark.
  mutating func run(_ query: Range<Int>) {
    guard Percent.isClean(target[query]) else {
      refuse(.malformedQuery)
      return
    }
    var start = query.lowerBound
    var parameters = 0
    while start < query.upperBound {
      var end = start
      while end < query.upperBound, target[end] != 0x26 { end += 1 }
      if end > start {
        parameters += 1
        guard parameters <= ClinicalLimits.parametersMax else {
          refuse(.tooManyParameters)
          return
        }
        parameter(start..<end)
      }
      start = end + 1
    }
  }

  /// Keeps the first refusal.
  mutating func refuse(_ reason: ClassificationRefusal) {
    if refusal == nil { refusal = reason }
  }

  /// Keeps the weightier ambiguity.
  mutating func note(_ reason: Ambiguity) { ambiguity = max(ambiguity, reason) }

  /// Judges one `name=value`.
  private mutating func parameter(_ range: Range<Int>) {
    var equals = range.lowerBound
    while equals < range.upperBound, target[equals] != 0x3D { equals += 1 }
    let value = min(equals + 1, range.upperBound)..<range.upperBound
    guard let name = decoded(range.lowerBound..<equals, half: 0) else {
      // Too long to be a plain parameter, long enough for a reverse chain.
      unknown()
      isJoined = true
      references(in: value)
      return
    }
    let colon = name.index(of: 0x3A)
    let word = name[0..<colon]
    let modifier = name[min(colon + 1, name.count)..<name.count]
    let kind = tables.parameters[word].flatMap(ParameterKind.init(rawValue:))
    if kind != .has, name.index(of: 0x2E) < name.count {
      chained(name: name, word: word)
      references(in: value)
      return
    }
    judge(kind, modifier: modifier, value: value)
  }

  /// Judges a parameter by its kind; nil means that the name is not known.
  private mutating func judge(_ kind: ParameterKind?, modifier: ByteView, value: Range<Int>) {
    switch kind {
    case .patient, .subject, .beneficiary, .individual, .actor:
      patientParameter(kind, modifier, value)
    case .id: ids(modifier, value)
    case .identifier:
      if type == .patient {
        namesPatient = namesPatient || (modifier.isEmpty && !value.isEmpty)
        note(.identifierSearch)
      }
    case .category: tokens(.category, modifier, value)
    case .code: tokens(.code, modifier, value)
    case .type: tokens(.type, modifier, value)
    case .token: tokens(.token, modifier, value)
    case .security: tokens(.security, modifier, value)
    case .include: include(value, isIterated: !modifier.isEmpty)
    case .reverseInclude: reverseInclude(value, isIterated: !modifier.isEmpty)
    case .has:
      isJoined = true
      note(.joined)
      references(in: value)
    case .paging:
      hasPagingToken = true
      note(.pagingToken)
    case .query:
      isJoined = true
      unknown()
    case .neutral: references(in: value, isTyped: modifier.equals("Patient"))
    case nil:
      unknown()
      references(in: value, isTyped: modifier.equals("Patient"))
    }
  }

  /// Takes a name that is not understood into account.
  private mutating func unknown() {
    hasUnknown = true
    note(.unknownParameter)
  }

  /// `subject.name=`, `patient.identifier=`: the selection runs through another resource.
  private mutating func chained(name: ByteView, word: ByteView) {
    isChained = true
    let dot = word.index(of: 0x2E)
    let first = word[0..<dot]
    let kind = tables.parameters[first].flatMap(ParameterKind.init(rawValue:))
    if let way = kind?.patientParameter, type.patientParameters(in: tables.release).contains(way) {
      namesPatient = true
    }
    let tail: StaticString = ".identifier"
    let isIdentifier =
      name.count > tail.utf8CodeUnitCount
      && name[(name.count - tail.utf8CodeUnitCount)..<name.count].equals(tail)
    note(isIdentifier ? .identifierSearch : .chained)
  }

  // MARK: Elements

  /// Decodes `range` of the target into one half of the scratch; nil when it does not fit.
  func decoded(_ range: Range<Int>, half: Int) -> ByteView? {
    let size = ClinicalLimits.decodedBytesMax
    // In bounds: `scratch` has two halves of `size` bytes, checked at init.
    let room = unsafe UnsafeMutableRawBufferPointer(
      rebasing: scratch[(half * size)..<((half + 1) * size)])
    guard let count = unsafe Percent.decode(target[range], into: room) else { return nil }
    return unsafe ByteView(UnsafeRawBufferPointer(rebasing: room[0..<count]))
  }

  /// The end of the comma-separated element that starts at `start`, and where the next one starts.
  private func element(from start: Int, in value: Range<Int>) -> (end: Int, next: Int) {
    var index = start
    while index < value.upperBound {
      if target[index] == 0x2C { return (index, index + 1) }
      if target[index] == 0x25, index + 2 < value.upperBound, target[index + 1] == 0x32,
        target[index + 2] | 0x20 == 0x63
      {
        return (index, index + 3)
      }
      index += 1
    }
    return (value.upperBound, value.upperBound + 1)
  }

  /// Calls `body` with each element's range; refuses a list that is too long.
  mutating func forEachElement(
    _ value: Range<Int>, _ body: (inout QueryScan, Range<Int>) -> Void
  ) {
    var start = value.lowerBound
    var elements = 0
    while start <= value.upperBound {
      elements += 1
      guard elements <= ClinicalLimits.elementsMax else {
        refuse(.tooManyParameters)
        return
      }
      let (end, next) = element(from: start, in: value)
      body(&self, start..<end)
      start = next
    }
  }

  // MARK: Patients

  /// `patient=`, `subject=` and the like: establishes the patient when the type defines it.
  private mutating func patientParameter(
    _ kind: ParameterKind?, _ modifier: ByteView, _ value: Range<Int>
  ) {
    let isTyped = modifier.equals("Patient")
    guard let way = kind?.patientParameter, type.patientParameters(in: tables.release).contains(way)
    else {
      // A lenient server ignores it and returns everybody's resources.
      unknown()
      return references(in: value, isTyped: kind == .patient || isTyped)
    }
    if way == .actor, !isTyped, !startsWithPatient(value) { return references(in: value) }
    if value.isEmpty { return note(.emptyParameter) }
    if modifier.equals("identifier") {
      namesPatient = true
      return note(.identifierSearch)
    }
    guard modifier.isEmpty || isTyped else {
      // Another type, or `:missing`: no patient is named by this parameter, but one may be inside.
      note(.modifier)
      return references(in: value)
    }
    namesPatient = true
    forEachElement(value) { scan, range in
      scan.patientElement(range, isTyped: way == .patient || isTyped)
    }
  }

  /// Whether the value's first element is a reference to a patient.
  private func startsWithPatient(_ value: Range<Int>) -> Bool {
    let first = value.lowerBound..<element(from: value.lowerBound, in: value).end
    return decoded(first, half: 1).map(tables.local)?.starts(with: "Patient/") ?? false
  }

  /// One element of a patient parameter: `A`, `Patient/A`, or something that is neither.
  private mutating func patientElement(_ range: Range<Int>, isTyped: Bool) {
    guard let whole = decoded(range, half: 1) else { return refuse(.malformedID) }
    let text = tables.local(whole)
    if text.starts(with: "Patient/") {
      return addPatient(text, from: 8, raw: range, inferred: false)
    }
    if text.index(of: 0x2F) < text.count {
      // Another type's reference or a URL: the alternative stays open.
      patients.isOpen = true
      return note(isURL(text) ? .absoluteReference : .modifier)
    }
    if !isTyped { note(.untypedReference) }
    addPatient(text, from: 0, raw: range, inferred: !isTyped)
  }

  /// Whether the text has a scheme.
  private func isURL(_ text: ByteView) -> Bool { text.index(of: 0x3A) < text.count }

  /// Adds the patient whose id is `text` from `offset` on.
  private mutating func addPatient(
    _ text: ByteView, from offset: Int, raw: Range<Int>, inferred: Bool
  ) {
    guard let range = idRange(text, from: offset, raw: raw) else { return refuse(.malformedID) }
    add(range, inferred: inferred)
  }

  /// Adds the patient at `range`, if the server selects by him.
  private mutating func add(_ range: Range<Int>, inferred: Bool) {
    if isSelection {
      patients.add(range, of: target, isInferred: inferred)
    } else {
      patients.mention(range, of: target)
    }
  }

  /// Where in the target the id stands that is `text` from `offset` on; nil when it is no id or
  /// does not stand there as it is.
  private func idRange(_ text: ByteView, from offset: Int, raw: Range<Int>) -> Range<Int>? {
    let id = text[offset..<text.count]
    let range = max(raw.lowerBound, raw.upperBound - id.count)..<raw.upperBound
    return id.isID && target[range].equals(id) ? range : nil
  }

  /// `_id=`: names patients of the type Patient, and by their prefix those of other types.
  private mutating func ids(_ modifier: ByteView, _ value: Range<Int>) {
    if !modifier.isEmpty { return note(.modifier) }
    if value.isEmpty { return note(.emptyParameter) }
    if type == .patient { namesPatient = true }
    let wasFound = patients.found != nil
    forEachElement(value) { scan, range in
      guard scan.target[range].isID else { return scan.refuse(.malformedID) }
      // An alternative that tells no patient leaves the whole list open, unless another parameter
      // has established the patient already.
      if !scan.resourceID(range), !wasFound { scan.patients.isOpen = true }
    }
  }

  /// Takes the id of a resource of the searched type into account; false when it tells no patient.
  private mutating func resourceID(_ range: Range<Int>) -> Bool {
    if type == .patient {
      add(range, inferred: false)
      return true
    }
    guard type.row.concernsPatient, type != .unknown, let separator else { return false }
    let count = target[range].index(of: separator)
    guard count > 0, count < range.count - 1 else { return false }
    namesPatient = true
    note(.derivedFromID)
    add(range.lowerBound..<(range.lowerBound + count), inferred: true)
    return true
  }

  /// Mentions every `Patient/id` in a value that does not establish the patient; with `isTyped`,
  /// every plain id as well (`:Patient`).
  private mutating func references(in value: Range<Int>, isTyped: Bool = false) {
    forEachElement(value) { scan, range in
      guard let whole = scan.decoded(range, half: 1) else {
        scan.hasUnknown = true
        return
      }
      let text = scan.tables.local(whole)
      if text.starts(with: "Patient/") {
        guard let id = scan.idRange(text, from: 8, raw: range) else {
          return scan.refuse(.malformedID)
        }
        scan.patients.mention(id, of: scan.target)
      } else if isTyped, let id = scan.idRange(text, from: 0, raw: range) {
        scan.patients.mention(id, of: scan.target)
      } else if scan.isURL(text), scan.mentionsPatient(text) {
        scan.note(.absoluteReference)
        scan.hasUnknown = true
      }
    }
  }

  /// Whether `/Patient/` occurs in the text.
  private func mentionsPatient(_ text: ByteView) -> Bool {
    let word: StaticString = "/Patient/"
    guard text.count >= word.utf8CodeUnitCount else { return false }
    for start in 0...(text.count - word.utf8CodeUnitCount)
    where text[start..<(start + word.utf8CodeUnitCount)].equals(word) {
      return true
    }
    return false
  }

  // MARK: Codes

  /// A coded parameter: `category=`, `code=`, `type=`, `_security=`.
  private mutating func tokens(
    _ kind: ParameterKind, _ modifier: ByteView, _ value: Range<Int>
  ) {
    let isNegated =
      modifier.equals("not") || modifier.equals("not-in") || modifier.equals("missing")
    if !modifier.isEmpty { note(.modifier) }
    if value.isEmpty { return note(.emptyParameter) }
    if isNegated { return }
    var alternatives = Narrowing.Alternatives()
    if !modifier.isEmpty { alternatives.isOpen = true }
    forEachElement(value) { scan, range in
      guard let text = scan.decoded(range, half: 1),
        let row = scan.tables.token(text, type: scan.type, in: kind)
      else {
        alternatives.isOpen = true
        return
      }
      if row.isSpecial {
        scan.narrowing.add(special: row)
        alternatives.isOpen = true
      } else {
        alternatives.add(row)
      }
    }
    narrowing.add(alternatives)
  }
}

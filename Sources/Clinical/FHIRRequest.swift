import Base

/// One FHIR request while it is judged: the path decides the shape, then the query is walked.
@safe
struct FHIRRequest {
  /// What the path's shape says the request wants.
  private enum Shape {
    case capabilities
    case instance, version, history, search, bodySearch, create, conditional, batch
    case named(NamedOperation)
    case unknown
  }

  private let method: ClinicalMethod
  private let path: FHIRPath
  private let target: ByteView
  private let query: Range<Int>
  /// The verdict.
  private(set) var result = Classification()

  /// Which segment holds the id of the resource itself, if any.
  private var idSegment: Int?
  /// Which segment holds the id of the compartment's owner, and its type.
  private var compartment: (segment: Int, type: ResourceType)?
  /// Whether the path holds an id that is none.
  private var hasBadID = false

  /// Takes the parts of one request; `query` is the range behind the question mark.
  init(method: ClinicalMethod, path: FHIRPath, target: ByteView, query: Range<Int>) {
    self.method = method
    self.path = path
    self.target = target
    self.query = query
  }

  /// Fills `result`.
  mutating func classify(
    tables: ClassifierTables, separator: UInt8?, scratch: UnsafeMutableRawBufferPointer
  ) {
    result.isFHIR = true
    result.confidence = .exact
    let shape = shape(tables)
    if case .capabilities = shape {
      result = Classifier.wellKnown
      return
    }
    if hasBadID { result.refuse(.malformedID) }
    if result.resourceType == .unknown {
      result.note(.unknownType)
      result.lower(to: .unknown)
    }
    var patients = PatientFinder()
    addPathPatients(to: &patients, separator: separator)
    var scan = unsafe QueryScan(
      target: target, tables: tables, type: result.resourceType, separator: separator,
      patients: patients, scratch: scratch)
    scan.run(query)
    if let refusal = scan.refusal { result.refuse(refusal) }
    result.note(scan.ambiguity)
    judge(shape, scan)
    conclude(scan)
  }

  // MARK: Shape

  /// Reads the path; notes type, ids and compartment on the way.
  private mutating func shape(_ tables: ClassifierTables) -> Shape {
    guard path.count > 0 else {
      if method == .post { return .batch }
      return method.isRead && !query.isEmpty ? .search : .unknown
    }
    if let shape = systemShape(tables) { return shape }
    result.resourceType = tables.type(path[0]) ?? .unknown
    switch path.count {
    case 1:
      switch method {
      case .get, .head: return .search
      case .post: return .create
      case .put, .patch, .delete: return query.isEmpty ? .unknown : .conditional
      case .other: return .unknown
      }
    case 2: return typeShape(tables)
    default: return instanceShape(tables)
    }
  }

  /// `metadata`, `_history`, `_search`, `$operation` and `.well-known` on the server as a whole.
  private func systemShape(_ tables: ClassifierTables) -> Shape? {
    if path[0].equals(".well-known") { return method.isRead ? .capabilities : .unknown }
    if let name = path.operationName(0) {
      return path.count == 1 ? .named(tables.operation(name)) : .unknown
    }
    if path[0].equals("metadata") {
      return path.count == 1 && method.isRead ? .capabilities : .unknown
    }
    if path[0].equals("_history") {
      return path.count == 1 && method.isRead ? .history : .unknown
    }
    if path[0].equals("_search") {
      return path.count == 1 && method == .post ? .bodySearch : .unknown
    }
    return nil
  }

  /// `T/id`, `T/_search`, `T/_history`, `T/$operation`.
  private mutating func typeShape(_ tables: ClassifierTables) -> Shape {
    if let name = path.operationName(1) { return .named(tables.operation(name)) }
    if path[1].equals("_search") {
      return method == .post ? .bodySearch : method.isRead ? .search : .unknown
    }
    if path[1].equals("_history") { return method.isRead ? .history : .unknown }
    setID(1)
    return method == .post || method == .other ? .unknown : .instance
  }

  /// `T/id/_history[/v]`, `T/id/$operation`, `T/id/T2`, `T/id/*`, `T/id/T2/_search`.
  private mutating func instanceShape(_ tables: ClassifierTables) -> Shape {
    setID(1)
    if path[2].equals("_history") {
      guard method.isRead else { return .unknown }
      if path.count == 3 { return .history }
      if path.count == 4, !path[3].isID { hasBadID = true }
      return path.count == 4 ? .version : .unknown
    }
    if let name = path.operationName(2) {
      return path.count == 3 ? .named(tables.operation(name)) : .unknown
    }
    let owner = result.resourceType
    guard Self.ownsCompartment(owner), path.isWildcard(2) || tables.type(path[2]) != nil else {
      return .unknown
    }
    result.resourceType = tables.type(path[2]) ?? .none
    compartment = (1, owner)
    idSegment = nil
    if path.count == 3, method.isRead { return .search }
    if path.count == 4, path[3].equals("_search") {
      return method == .post ? .bodySearch : method.isRead ? .search : .unknown
    }
    return .unknown
  }

  /// Notes that segment `index` holds the resource's id.
  private mutating func setID(_ index: Int) {
    idSegment = index
    if !path[index].isID { hasBadID = true }
  }

  /// The compartments of R4.
  private static func ownsCompartment(_ type: ResourceType) -> Bool {
    switch type {
    case .patient, .encounter, .practitioner, .relatedPerson, .device: true
    default: false
    }
  }

  // MARK: Patient

  /// Adds the patient that the path names, exactly or by an id's prefix.
  private mutating func addPathPatients(to patients: inout PatientFinder, separator: UInt8?) {
    guard !hasBadID else { return }
    if let compartment {
      add(compartment.segment, of: compartment.type, to: &patients, separator: separator)
    } else if let idSegment {
      add(idSegment, of: result.resourceType, to: &patients, separator: separator)
    }
  }

  /// Adds the patient of the resource of `type` whose id stands in segment `index`.
  private mutating func add(
    _ index: Int, of type: ResourceType, to patients: inout PatientFinder, separator: UInt8?
  ) {
    let range = path.range(index)
    if type == .patient { return patients.add(range, of: target, isInferred: false) }
    guard let separator, type.row.concernsPatient, type != .unknown else { return }
    let count = path[index].index(of: separator)
    guard count > 0, count < range.count - 1 else { return }
    result.note(.derivedFromID)
    patients.add(
      range.lowerBound..<(range.lowerBound + count), of: target, isInferred: true)
  }

  // MARK: Judgement

  /// Sets operation, class, sensitivity and replica use for the shape.
  private mutating func judge(_ shape: Shape, _ scan: QueryScan) {
    let row = result.resourceType.row
    switch shape {
    case .capabilities: break
    case .instance: judgeInstance(row)
    case .version:
      result.operation = .vread
      assume(row, isWrite: false)
      result.canUseReplica = true
    case .history: judgeHistory(row)
    case .search:
      result.operation = .search
      judgeSearch(row, scan)
    case .bodySearch:
      result.operation = .search
      result.note(.body)
      result.lower(to: row.concernsPatient ? .unknown : .inferred)
      result.dataClass = row.concernsPatient ? .mixed : row.dataClass
      restrict(scan)
    case .create:
      result.operation = .create
      assume(row, isWrite: true)
      if row.concernsPatient { result.note(.body) }
    case .conditional:
      switch method {
      case .put: result.operation = .update
      case .patch: result.operation = .patch
      default: result.operation = .delete
      }
      result.lower(to: .inferred)
      assume(row, isWrite: true)
    case .batch:
      result.operation = .batch
      result.dataClass = .mixed
      result.note(.body)
      result.lower(to: .unknown)
    case .named(let operation): judgeOperation(operation, row)
    case .unknown:
      result.note(.unknownOperation)
      result.lower(to: .unknown)
      result.dataClass = result.resourceType == .none ? .unknown : row.dataClass
    }
  }

  /// `T/id` by method.
  private mutating func judgeInstance(_ row: ResourceRow) {
    switch method {
    case .put: result.operation = .update
    case .patch: result.operation = .patch
    case .delete: result.operation = .delete
    default:
      result.operation = .read
      result.canUseReplica = true
    }
    assume(row, isWrite: !method.isRead)
  }

  /// Histories: a replica may lack the newest versions, so they come from the primary.
  private mutating func judgeHistory(_ row: ResourceRow) {
    result.operation = .history
    if idSegment != nil { return assume(row, isWrite: false) }
    if result.resourceType != .none, !row.concernsPatient { return assume(row, isWrite: false) }
    result.dataClass = .bulk
    result.note(.noPatient)
  }

  /// A search judged from its URL.
  private mutating func judgeSearch(_ row: ResourceRow, _ scan: QueryScan) {
    result.canUseReplica = !scan.hasUnknown && !scan.hasPagingToken
    assume(row, isWrite: false)
    let isShared = !row.concernsPatient
    if isShared, !scan.isJoined, !scan.hasPagingToken { return }
    let narrowing = scan.narrowing
    let isOpen = scan.isJoined || scan.isChained || scan.hasPagingToken
    if isOpen { result.lower(to: .inferred) }
    result.mayContainRestricted =
      isOpen || (narrowing.dataClass == nil ? row.canBeSensitive : narrowing.mayContainRestricted)
    if let special = narrowing.special {
      result.sensitivity = special
      result.mayContainRestricted = true
      result.dataClass = narrowing.dataClass ?? .mixed
      return
    }
    if isOpen {
      result.dataClass = .mixed
      result.sensitivity = .unknown
    } else if isPopulation(row, scan) {
      result.dataClass = .bulk
      result.sensitivity = .unknown
      result.mayContainRestricted = true
      result.note(.noPatient)
    } else if let named = narrowing.dataClass {
      result.dataClass = named
      result.sensitivity = named == .mixed ? .unknown : .normal
    } else if row.canBeSensitive {
      result.sensitivity = .unknown
      switch row.dataClass {
      case .problems, .notes, .mixed: result.dataClass = .mixed
      case .unknown where result.resourceType == .none: result.dataClass = .mixed
      default: break
      }
    }
  }

  /// Whether a search runs over many patients: it concerns patients and tries to name none.
  private func isPopulation(_ row: ResourceRow, _ scan: QueryScan) -> Bool {
    row.concernsPatient && row.dataClass != .scheduling && scan.patients.found == nil
      && !scan.namesPatient
  }

  /// Named operations, on the server, a type or an instance.
  private mutating func judgeOperation(_ operation: NamedOperation, _ row: ResourceRow) {
    let mayCall = method.isRead || method == .post
    guard mayCall else {
      result.note(.unknownOperation)
      return result.lower(to: .unknown)
    }
    switch operation {
    case .terminology where isTerminologyType:
      result.operation = .read
      result.dataClass = .reference
      result.sensitivity = .normal
      result.mayContainRestricted = false
      result.canUseReplica = true
    case .export:
      result.operation = .export
      result.dataClass = .bulk
      if idSegment == nil || result.resourceType != .patient { result.note(.noPatient) }
    case .everything:
      result.operation = .operation
      result.dataClass = .mixed
      result.canUseReplica = method.isRead
      if method == .post { result.note(.body) }
    case .terminology, .other:
      result.operation = .operation
      result.dataClass = .mixed
      result.note(.unknownOperation)
      result.lower(to: .unknown)
    }
  }

  /// Whether the type owns terminology operations.
  private var isTerminologyType: Bool {
    switch result.resourceType {
    case .valueSet, .codeSystem, .conceptMap: true
    default: false
    }
  }

  /// Takes class and sensitivity from the type alone.
  private mutating func assume(_ row: ResourceRow, isWrite: Bool) {
    result.dataClass = isWrite && row.writesAreOrders ? .orders : row.dataClass
    result.sensitivity = row.canBeSensitive ? .unknown : .normal
    result.mayContainRestricted = row.canBeSensitive
  }

  /// Lets special codes of the URL count where the rest is in the body.
  private mutating func restrict(_ scan: QueryScan) {
    guard let special = scan.narrowing.special else { return }
    result.sensitivity = special
    result.dataClass = scan.narrowing.dataClass ?? .mixed
  }

  /// Sets the patient and what follows from it.
  private mutating func conclude(_ scan: QueryScan) {
    var reference = scan.patients.reference
    if reference == .several {
      result.refuse(.twoPatients)
      result.pair = scan.patients.onlyTwo
    }
    if result.refusal != nil {
      result.lower(to: .unknown)
      result.canUseReplica = false
    }
    if result.resourceType == .unknown { result.canUseReplica = false }
    // An opaque token may belong to another patient's page than the one named beside it.
    if scan.hasPagingToken, case .one = reference { reference = .unknown }
    let isTypeShared = result.resourceType != .none && !result.resourceType.row.concernsPatient
    // Not when a join or a body may bring a patient's data.
    let concernsNobody =
      isTypeShared && !scan.isJoined && !scan.hasPagingToken && result.operation != .unknown
      && result.operation != .operation && scan.patients.found == nil
    if reference == .unknown, concernsNobody {
      result.patient = .none
      return
    }
    result.patient = reference
    switch reference {
    case .one:
      if scan.patients.isInferred { result.lower(to: .inferred) }
    case .none: break
    case .several, .unknown:
      result.lower(to: .unknown)
      if result.ambiguity == .none { result.note(.noPatient) }
    }
  }
}

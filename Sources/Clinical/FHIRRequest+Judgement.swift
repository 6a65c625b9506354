import Base

extension FHIRRequest {
  /// Sets operation, class, sensitivity and replica use for the shape.
  mutating func judge(_ shape: Shape, _ scan: QueryScan) {
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
    case .page:
      isPage = true
      result.operation = .search
      result.dataClass = .mixed
      result.note(.pagingToken)
      result.lower(to: .unknown)
    case .bodySearch:
      result.operation = .search
      result.bodyUse = .search
      result.note(.body)
      result.lower(to: row.concernsPatient ? .unknown : .inferred)
      result.dataClass = row.concernsPatient ? .mixed : row.dataClass
      restrict(scan)
    case .create:
      result.operation = .create
      result.bodyUse = .resource
      assume(row, isWrite: true)
      if row.concernsPatient { result.note(.body) }
    case .conditional:
      write()
      result.lower(to: .inferred)
      assume(row, isWrite: true)
    case .batch:
      result.operation = .batch
      result.bodyUse = .bundle
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
    write()
    if method.isRead {
      result.operation = .read
      result.canUseReplica = true
    }
    assume(row, isWrite: !method.isRead)
  }

  /// The operation of a method that changes an instance, and what its body is.
  private mutating func write() {
    switch method {
    case .put:
      result.operation = .update
      result.bodyUse = .resource
    case .patch:
      result.operation = .patch
      result.bodyUse = .patch
    default: result.operation = .delete
    }
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
    case .includes where method.isRead:
      isPage = true
      result.operation = .search
      result.dataClass = .mixed
      result.note(.pagingToken)
      result.lower(to: .unknown)
    case .validate:
      result.operation = .operation
      result.dataClass = .mixed
      if method == .post { result.note(.body) }
    case .graphQL:
      result.operation = .operation
      result.dataClass = .mixed
      result.note(.graphQL)
      result.lower(to: .unknown)
    case .terminology, .selection, .other, .includes:
      result.operation = .operation
      result.dataClass = .mixed
      result.note(.unknownOperation)
      result.lower(to: .unknown)
    }
    let isQuery = operation == .graphQL || operation == .export
    if result.operation == .operation, method == .post, !isQuery { result.bodyUse = .parameters }
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
  mutating func conclude(_ scan: QueryScan) {
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
    if scan.hasPagingToken || isPage, case .one = reference { reference = .unknown }
    let isTypeShared = result.resourceType != .none && !result.resourceType.row.concernsPatient
    // Not when a join or a body may bring a patient's data.
    let concernsNobody =
      isTypeShared && !scan.isJoined && !scan.hasPagingToken && !isPage
      && result.operation != .unknown
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

import Base

/// One FHIR request while it is judged: the path decides the shape, then the query is walked.
@safe
struct FHIRRequest {
  /// What the path's shape says the request wants.
  enum Shape {
    case capabilities
    case instance, version, history, search, bodySearch, create, conditional, batch, page
    case named(NamedOperation)
    case unknown

    /// Whether the server looks its resources up by the parameters of the query.
    var isSelection: Bool {
      switch self {
      case .search, .bodySearch, .conditional, .named(.selection): true
      default: false
      }
    }
  }

  let method: ClinicalMethod
  private let path: FHIRPath
  private let target: ByteView
  private let query: Range<Int>
  /// The verdict.
  var result = Classification()

  /// Which segment holds the id of the resource itself, if any.
  var idSegment: Int?
  /// Which segment holds the id of the compartment's owner, and its type.
  private var compartment: (segment: Int, type: ResourceType)?
  /// Whether the path holds an id that is none.
  private var hasBadID = false
  /// Whether the path says that a paging token decides, wherever that stands.
  var isPage = false

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
      isSelection: shape.isSelection, patients: patients, scratch: scratch)
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
    if isPage(0) { return .page }
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
    default: return isPage(1) ? .page : instanceShape(tables)
    }
  }

  /// Whether segment `index` begins a page's address (`__page/token`): a token in the path.
  private func isPage(_ index: Int) -> Bool {
    let segment = path[index]
    guard segment.count >= 6, segment[0] == 0x5F, method.isRead || method == .post,
      path.count <= index + 3
    else { return false }
    return segment.equals("__page") || segment.equals("__history-page")
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
    if isPage(1) { return .page }
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
    result.resourceID = nil
    if path.count == 3, method.isRead { return .search }
    if path.count == 4, path[3].equals("_search") {
      return method == .post ? .bodySearch : method.isRead ? .search : .unknown
    }
    return .unknown
  }

  /// Notes that segment `index` holds the resource's id.
  private mutating func setID(_ index: Int) {
    idSegment = index
    result.resourceID = path.range(index)
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
}

import Base

/// Tells what a request is about from its method and canonical target alone (FHIR R4 RESTful API).
///
/// A value over immutable tables; any thread. `classify` allocates nothing.
public struct Classifier: Sendable {
  /// The FHIR base path, without a closing slash.
  let base: [UInt8]
  /// The byte between a patient's id and the rest of a resource's id; nil when ids tell nothing.
  let separator: UInt8?
  /// Paths of the application.
  private let patterns: PathPatterns
  /// The catalogues.
  let tables: ClassifierTables

  /// Makes a classifier.
  ///
  /// - `fhirBasePath`: starts with a slash and does not end in one; empty for the server's root.
  /// - `patientIDSeparator`: set it only when every resource id starts with its patient's id, and
  ///   patient ids never hold the byte.
  /// - `patterns`: what lies outside FHIR; `bulk` ones may lie below the base as well.
  /// - `release`: what the server speaks; types and parameters of another release are not known.
  /// - `serverURLs`: absolute URLs under which clients know the FHIR base; a reference below one of
  ///   them is local, any other absolute one may mean another server's patient.
  public init(
    fhirBasePath: String = "/fhir", patientIDSeparator: UInt8? = 0x2E,
    patterns: PathPatterns = .none, release: FHIRRelease = .r4, serverURLs: [String] = []
  ) {
    precondition(
      fhirBasePath.isEmpty || (fhirBasePath.hasPrefix("/") && !fhirBasePath.hasSuffix("/")),
      "the FHIR base path starts with a slash and does not end in one")
    base = Array(fhirBasePath.utf8)
    separator = patientIDSeparator
    self.patterns = patterns
    tables = ClassifierTables(release: release, serverURLs: serverURLs)
  }

  /// Classifies one request. `target` is the canonical target; its first `pathCount` bytes are the
  /// path. The bytes need to live during the call only; `patient` is a range of them.
  public func classify(
    method: ClinicalMethod, target: UnsafeRawBufferPointer, pathCount: Int
  ) -> Classification {
    let view = unsafe ByteView(target)
    var result = Classification()
    guard pathCount >= 1, pathCount <= view.count, view[0] == 0x2F,
      pathCount == view.count || view[pathCount] == 0x3F,
      FHIRPath.isClean(view[0..<pathCount])
    else {
      result.refuse(.malformedPath)
      return result
    }
    let path = view[0..<pathCount]
    if isBelowBase(path) {
      guard let segments = FHIRPath(base.count..<pathCount, of: view) else {
        result.refuse(.malformedPath)
        return result
      }
      let query = min(pathCount + 1, view.count)..<view.count
      let verdict = unsafe withUnsafeTemporaryAllocation(
        byteCount: QueryScan.scratchBytes, alignment: 8
      ) { scratch in
        var request = FHIRRequest(method: method, path: segments, target: view, query: query)
        unsafe request.classify(tables: tables, separator: separator, scratch: scratch)
        return request.result
      }
      return isBulkJob(path, verdict) ? Self.outside(.bulk, method) : verdict
    }
    if method.isRead, path.starts(with: "/.well-known/") { return Self.wellKnown }
    if !looksLikeBase(path), let dataClass = patterns.dataClass(path) {
      return Self.outside(dataClass, method)
    }
    result.note(.notFHIR)
    return result
  }

  /// The server's public metadata.
  static let wellKnown: Classification = {
    var result = Classification()
    result.isFHIR = true
    result.operation = .capabilities
    result.patient = .none
    result.dataClass = .reference
    result.sensitivity = .normal
    result.mayContainRestricted = false
    result.confidence = .exact
    result.canUseReplica = true
    return result
  }()

  /// What a pattern says; anything but a read of it is not understood.
  private static func outside(_ dataClass: DataClass, _ method: ClinicalMethod) -> Classification {
    var result = Classification()
    result.dataClass = dataClass
    let isCancelled = dataClass == .bulk && method == .delete
    switch dataClass {
    case .asset, .reference:
      result.patient = .none
      result.sensitivity = .normal
      result.mayContainRestricted = false
      result.confidence = method.isRead ? .exact : .inferred
      result.canUseReplica = method.isRead
    case .bulk:
      // A job's files lie where it ran.
      result.isFHIR = true
      result.note(.noPatient)
    default:
      if dataClass.isSpecial { result.sensitivity = .restricted }
      result.canUseReplica = method.isRead
      result.note(.noPatient)
    }
    guard method.isRead || isCancelled else {
      result.note(.unknownOperation)
      return result
    }
    result.operation = dataClass == .bulk ? (isCancelled ? .operation : .export) : .asset
    return result
  }

  /// Whether a path below the base that no interaction of FHIR has is one of a bulk job's.
  private func isBulkJob(_ path: ByteView, _ verdict: Classification) -> Bool {
    guard patterns.namesBulk, verdict.resourceType == .none || verdict.resourceType == .unknown,
      verdict.operation != .capabilities, verdict.refusal == nil || verdict.refusal == .malformedID
    else { return false }
    return patterns.dataClass(path) == .bulk
  }

  /// Whether the path is the base or lies below it.
  private func isBelowBase(_ path: ByteView) -> Bool {
    guard path.starts(with: base) else { return false }
    return path.count == base.count || path[base.count] == 0x2F
  }

  /// Whether the path would lie below the base on a server that ignores case.
  private func looksLikeBase(_ path: ByteView) -> Bool {
    guard !base.isEmpty, path.count >= base.count else { return false }
    for index in 0..<base.count where path[index] | 0x20 != base[index] | 0x20 { return false }
    return path.count == base.count || path[base.count] == 0x2F
  }
}

extension DataClass {
  /// Whether the class is a specially protected category.
  var isSpecial: Bool {
    switch self {
    case .behavioralHealth, .substanceUse, .reproductiveHealth: true
    default: false
    }
  }
}

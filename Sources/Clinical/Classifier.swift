import Base

/// Tells what a request is about from its method and canonical target alone (FHIR R4 RESTful API).
///
/// A value over immutable tables; any thread. `classify` allocates nothing.
public struct Classifier: Sendable {
  /// The FHIR base path, without a closing slash.
  private let base: [UInt8]
  /// The byte between a patient's id and the rest of a resource's id; nil when ids tell nothing.
  let separator: UInt8?
  /// Paths of the application: one that ends in a slash covers what lies below it.
  private let publicPaths: [[UInt8]]
  /// The catalogues.
  let tables: ClassifierTables

  /// Makes a classifier.
  ///
  /// - `fhirBasePath`: starts with a slash and does not end in one; empty for the server's root.
  /// - `patientIDSeparator`: set it only when every resource id starts with its patient's id, and
  ///   patient ids never hold the byte.
  /// - `publicPaths`: `/name` for one path, `/name/` for all below it. `/` is the root page only.
  public init(
    fhirBasePath: String = "/fhir", patientIDSeparator: UInt8? = 0x2E, publicPaths: [String] = []
  ) {
    precondition(
      fhirBasePath.isEmpty || (fhirBasePath.hasPrefix("/") && !fhirBasePath.hasSuffix("/")),
      "the FHIR base path starts with a slash and does not end in one")
    precondition(publicPaths.allSatisfy { $0.hasPrefix("/") }, "a public path starts with a slash")
    base = Array(fhirBasePath.utf8)
    separator = patientIDSeparator
    self.publicPaths = publicPaths.map { Array($0.utf8) }
    tables = ClassifierTables()
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
      return unsafe withUnsafeTemporaryAllocation(byteCount: QueryScan.scratchBytes, alignment: 8) {
        scratch in
        var request = FHIRRequest(
          method: method, path: segments, target: view,
          query: min(pathCount + 1, view.count)..<view.count)
        unsafe request.classify(tables: tables, separator: separator, scratch: scratch)
        return request.result
      }
    }
    if method.isRead, path.starts(with: "/.well-known/") { return Self.wellKnown }
    if isPublic(path) { return Self.asset(method) }
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

  /// A file of the application; anything but a read of it is not understood.
  private static func asset(_ method: ClinicalMethod) -> Classification {
    var result = Classification()
    result.dataClass = .asset
    result.patient = .none
    result.sensitivity = .normal
    result.mayContainRestricted = false
    result.operation = method.isRead ? .asset : .unknown
    result.confidence = method.isRead ? .exact : .inferred
    result.canUseReplica = method.isRead
    if !method.isRead { result.note(.unknownOperation) }
    return result
  }

  /// Whether the path is the base or lies below it.
  private func isBelowBase(_ path: ByteView) -> Bool {
    guard path.starts(with: base) else { return false }
    return path.count == base.count || path[base.count] == 0x2F
  }

  /// Whether a public path covers `path`; what differs from the base in case only is not public.
  private func isPublic(_ path: ByteView) -> Bool {
    if looksLikeBase(path) { return false }
    for rule in publicPaths {
      let coversBelow = rule.count > 1 && rule[rule.count - 1] == 0x2F
      if path.starts(with: rule), coversBelow || path.count == rule.count { return true }
    }
    return false
  }

  /// Whether the path would lie below the base on a server that ignores case.
  private func looksLikeBase(_ path: ByteView) -> Bool {
    guard !base.isEmpty, path.count >= base.count else { return false }
    for index in 0..<base.count where path[index] | 0x20 != base[index] | 0x20 { return false }
    return path.count == base.count || path[base.count] == 0x2F
  }
}

internal import Base
public import Cache
internal import Clinical
internal import Directory
public import HTTP
internal import Policy

/// What stored answers depend on, and what changes end: both sides name the same tags.
///
/// A read of one resource depends on that resource, and on changes of its type that name none (a
/// conditional update). A search depends on its type: a new resource may start to match. A named
/// operation may look at any terminology, so it depends on whatever changes reference data. All
/// depend on changes of which nothing is known. Tags name no tenant: tenants may share an origin.
enum CacheTags {
  /// Changes of which nothing is known.
  static let anything = CacheTag(.type, id: Array("*".utf8))
  /// Changes of reference data of any type.
  static let reference = CacheTag(.type, id: Array("reference".utf8))
  /// Files that belong to no type.
  static let asset = CacheTag(.type, id: Array("asset".utf8))

  /// All of a type.
  static func type(_ type: ResourceType) -> CacheTag {
    CacheTag(.type, id: Array(type.bytes))
  }

  /// Whichever resources of a type.
  static func anyOf(_ type: ResourceType) -> CacheTag {
    CacheTag(.type, id: Array(type.bytes) + [0x2F, 0x2A])
  }

  /// One resource.
  static func resource(_ type: ResourceType, _ id: some Sequence<UInt8>) -> CacheTag {
    CacheTag(.resource, id: Array(type.bytes) + [0x2F] + Array(id))
  }

  /// A change of anything of a patient; of nobody in particular without one.
  static func patient(_ person: [UInt8]) -> CacheTag { CacheTag(.patient, id: person) }

  /// A change of a patient's consent; of anybody's without one.
  static func consent(_ person: [UInt8]) -> CacheTag { CacheTag(.consent, id: person) }
}

extension CacheStore {
  /// Something else is known of a patient, his consent perhaps: what depends on it ends.
  public func patientChanged(_ person: [UInt8]) { generations.bump(CacheTags.consent(person)) }

  /// Ends all that depends on a FHIR type (`ValueSet`) or on one resource (`ValueSet/123`), as a
  /// change of it would: searches of the type, and whatever may look at any terminology. False for
  /// a text that names neither; nothing is ended then.
  public func purge(tag text: String) -> Bool {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count <= 2, let type = ResourceType(purged: parts[0]),
      parts.count == 1 || !parts[1].isEmpty
    else { return false }
    purge(CacheTags.type(type))
    purge(CacheTags.reference)
    purge(
      parts.count == 1 ? CacheTags.anyOf(type) : CacheTags.resource(type, parts[1].utf8))
    return true
  }

  /// Ends all that depends on a patient, whichever of his ids this is.
  public func purge(patient id: String, _ snapshot: Snapshot) {
    let person = unsafe Array(id.utf8).withUnsafeBytes { unsafe snapshot.personBytes($0) }
    purge(CacheTags.patient(person))
    purge(CacheTags.consent(person))
  }
}

extension ResourceType {
  /// The type that FHIR writes so.
  fileprivate init?(purged name: Substring) {
    let type = Self.allCases.first { $0 != .none && $0 != .unknown && "\($0.name)" == name }
    guard let type else { return nil }
    self = type
  }

  /// The type's name as bytes.
  fileprivate var bytes: [UInt8] { Array("\(name)".utf8) }
}

extension JudgedRequest {
  /// Makes the answer that `permit` fetches end with what it depends on.
  public func watchTags(_ permit: inout FillPermit, _ ruling: borrowing Ruling) {
    let classification = decision.classification
    let type = classification.resourceType
    permit.watch(CacheTags.anything)
    if classification.operation == .asset || !classification.isFHIR {
      permit.watch(CacheTags.asset)
    } else if isNamedOperation || type == .none {
      permit.watch(CacheTags.reference)
    } else if let id = classification.resourceID {
      permit.watch(CacheTags.resource(type, head.target[id]))
      permit.watch(CacheTags.anyOf(type))
    } else {
      permit.watch(CacheTags.type(type))
      if mayJoin { permit.watch(CacheTags.reference) }
    }
    guard ruling.row.dependsOnPatient, !ruling.patient.isEmpty else { return }
    permit.watch(CacheTags.patient(ruling.patient))
    permit.watch(CacheTags.patient([]))
    permit.watch(CacheTags.consent(ruling.patient))
    permit.watch(CacheTags.consent([]))
  }

  /// Whether a search may bring resources of other types: includes, chains and modifiers have such
  /// bytes, and so have spellings of them that are not looked into.
  private var mayJoin: Bool {
    head.target[head.pathCount...].contains { $0 == 0x25 || $0 == 0x2A || $0 == 0x2E || $0 == 0x3A }
  }

  /// Whether the target names an operation (`/ValueSet/$expand`).
  private var isNamedOperation: Bool {
    let path = head.target[..<head.pathCount]
    guard let slash = path.lastIndex(of: 0x2F), slash + 1 < path.endIndex else { return false }
    return path[slash + 1] == 0x24
  }

  /// Whether the request may change something that is stored.
  @inline(__always)
  public var mayChange: Bool {
    UnsafeEffect.mayChange(head.method) && !machineRequest.method.isSafe
  }

  /// What a request that may change something may end. Made once, before it is sent.
  public func changedTags(_ snapshot: Snapshot) -> [CacheTag] {
    var tags = [CacheTag.target(AffectedTarget(head))]
    let classification = decision.classification
    guard classification.isFHIR else { return tags }
    appendTypeTags(&tags)
    if mayConcernReference { tags.append(CacheTags.reference) }
    appendPatientTags(&tags, snapshot)
    return tags
  }

  /// The tags of the types, and of the resource if the target names one.
  private func appendTypeTags(_ tags: inout [CacheTag]) {
    let classification = decision.classification
    let type = classification.resourceType
    switch classification.operation {
    case .create, .update, .patch, .delete, .operation:
      if type == .none { return tags.append(CacheTags.anything) }
      tags.append(CacheTags.type(type))
      if classification.operation == .create { return }
      if let id = classification.resourceID, classification.operation != .operation {
        tags.append(CacheTags.resource(type, head.target[id]))
      } else {
        tags.append(CacheTags.anyOf(type))
      }
    case .batch, .transaction:
      guard let written = decision.body?.writtenTypes, !written.contains(.none) else {
        return tags.append(CacheTags.anything)
      }
      for type in written { tags += [CacheTags.type(type), CacheTags.anyOf(type)] }
    default: tags.append(CacheTags.anything)
    }
  }

  /// Whether reference data may be among what changes.
  private var mayConcernReference: Bool { mayConcern { $0 == .reference } }

  /// Whether something may change of a class that `isMeant`.
  private func mayConcern(_ isMeant: (DataClass) -> Bool) -> Bool {
    switch decision.classification.operation {
    case .create, .update, .patch, .delete: break
    case .batch, .transaction:
      guard let written = decision.body?.writtenTypes else { return true }
      return written.contains { isUncertain($0.usualClass) || isMeant($0.usualClass) }
    default: return true
    }
    let dataClass = decision.facts.dataClass
    return isUncertain(dataClass) || isMeant(dataClass)
  }

  /// Whether a class stands for others.
  private func isUncertain(_ dataClass: DataClass) -> Bool {
    switch dataClass {
    case .mixed, .unknown, .bulk: true
    default: false
    }
  }

  /// Whether something may change of which this edge may keep answers.
  public func changesKept(_ snapshot: Snapshot) -> Bool {
    guard let cache = snapshot.cachePlan else { return false }
    return mayConcern { cache.keeps($0) }
  }

  /// The tags of the patient, or of all when it is not known whose records change.
  private func appendPatientTags(_ tags: inout [CacheTag], _ snapshot: Snapshot) {
    if case .none = decision.classification.patient { return }
    let person = unsafe decision.withPatient(head) { unsafe snapshot.personBytes($0) } ?? []
    tags.append(CacheTags.patient(person))
    if decision.facts.dataClass == .consent || decision.classification.resourceType == .consent
      || person.isEmpty
    {
      tags.append(CacheTags.consent(person))
    }
  }

  /// What the answer adds to that: targets that it names as changed (RFC 9111 section 4.4), and
  /// groups that it ends (RFC 9875).
  public func changedTargets(_ answer: borrowing ResponseHead) -> [CacheTag] {
    UnsafeEffect.targets(of: head, answered: answer).dropFirst().map { CacheTag.target($0) }
      + CacheGroups.ended(by: answer, to: head)
  }
}

/// An archived version with enough officers' signatures.
public struct SignedVersion: Sendable {
  /// The version's number and name, as the officers signed them.
  public let subject: ApprovalSubject
  /// The officers whose approval carries it.
  public let officers: [String]

  /// Reads a version from the archive. `identify` gets the file's bytes and reads the policy's name
  /// and number; it gives nil when they do not load any more.
  public init(
    _ hash: ContentHash, _ state: PolicyState, _ files: any StateFiles, rule: ApprovalRule,
    identify: ([UInt8]) -> (name: String, version: Int)?
  ) throws(StateFault) {
    let bytes = try state.policy(hash, files)
    guard let (name, version) = identify(bytes) else {
      throw .archiveDamaged(path: state.path(of: hash, .policy))
    }
    let (approvals, report) = try state.evidence(hash, files)
    subject = ApprovalSubject(
      policy: name, version: version, content: hash, report: ContentHash(of: report))
    // Nil: what was signed in time stays in force when a key is retired later.
    let verdict = rule.verdict(on: subject, approvals, at: nil)
    guard verdict.isEnough else {
      throw .notApproved(
        path: state.path(of: hash, .approvals),
        reasons: ["\(verdict.officers.count) of \(verdict.required) approvals count"]
          + verdict.defects.map(\.description))
    }
    officers = verdict.officers
  }
}

/// The version that an edge runs, as the state holds it.
///
/// An edge believes the content hash and the officers' signatures and nothing else: whoever can
/// write the state but has no officer's key can stop an edge from starting, not change its policy.
public struct ActiveVersion: Sendable {
  /// What is in force.
  public let pointer: ActivePointer
  /// The version's number and name, as the officers signed them.
  public let subject: ApprovalSubject
  /// The officers whose approval carries it.
  public let officers: [String]
  /// Faults that do not stop an edge, but that somebody must look at.
  public let warnings: [StateFault]

  /// Reads what is in force; nil before the first activation. `identify` reads name and number of
  /// the policy; nil when the file does not load any more.
  public init?(
    _ state: PolicyState, _ files: any StateFiles, rule: ApprovalRule,
    identify: ([UInt8]) -> (name: String, version: Int)?
  ) throws(StateFault) {
    guard let pointer = try state.pointer(files) else { return nil }
    let signed = try SignedVersion(pointer.hash, state, files, rule: rule, identify: identify)
    var warnings: [StateFault] = []
    do throws(StateFault) { _ = try state.books(files) } catch { warnings = [error] }
    self.pointer = pointer
    subject = signed.subject
    officers = signed.officers
    self.warnings = warnings
  }
}

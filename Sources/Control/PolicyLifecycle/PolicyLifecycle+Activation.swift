internal import Base
public import Policy

extension PolicyLifecycle {
  /// What a version that passed every check goes into force with.
  private struct Cleared {
    let policy: Policy
    let report: [UInt8]
    let approvals: Approvals
    let officers: [String]
  }

  /// Puts a version into force when it passes every check; otherwise the one before stays, and the
  /// history says why.
  public mutating func activate(_ file: VersionFile) throws(LifecycleError) -> Outcome {
    let cleared: Cleared
    do throws(ActivationRefusal) {
      cleared = try clear(file)
    } catch {
      noteRefusal(error, version: file.policy?.version ?? file.number ?? 0, hash: file.hash)
      throw .refused(error)
    }
    // Also when it is in force already: that is how a damaged archive is repaired.
    try archive(
      file.hash, policy: file.bytes, approvals: cleared.approvals, report: cleared.report)
    // A crash here leaves the old version in force, and an archive that nothing names.
    if pointer?.hash == file.hash, let present = history.inForce { return .unchanged(present) }
    let detail =
      "policy=\(cleared.policy.name) approved-by=\(cleared.officers.joined(separator: ","))"
      + " report=\(ContentHash(of: cleared.report))"
    return .inForce(
      try commit(
        .activating, version: cleared.policy.version, hash: file.hash, detail: detail))
  }

  /// Checks everything that must hold, the cheapest first; nothing is written.
  private func clear(_ file: VersionFile) throws(ActivationRefusal) -> Cleared {
    guard let policy = file.policy else {
      throw .invalid(path: file.path, complaints: file.complaints)
    }
    if let number = file.number, number != policy.version {
      throw .misnumbered(path: file.path, version: policy.version)
    }
    try checkSuccession(policy, file.hash)
    let misfits = checks.fit(policy)
    guard misfits.isEmpty else { throw .doesNotFit(misfits) }
    let proofs = checks.proofs(policy)
    guard proofs.violations.isEmpty else { throw .proofs(proofs.violations) }
    let failures = checks.tests(policy)
    guard failures.isEmpty else { throw .tests(failures) }
    let report = Array(proofs.text.utf8)
    let subject = ApprovalSubject(
      policy: policy.name, version: policy.version, content: file.hash,
      report: ContentHash(of: report))
    let verdict = rule.verdict(on: subject, file.approvals, at: time)
    guard verdict.isEnough else { throw .approvals(verdict, path: file.approvalsPath) }
    try Self.checkDates(policy, at: time)
    var counting = Approvals()
    for approval in file.approvals.approvals
    where rule.verdict(on: subject, Approvals([approval]), at: time).defects.isEmpty {
      counting.add(approval)
    }
    return Cleared(
      policy: policy, report: report, approvals: counting, officers: verdict.officers)
  }

  /// The version follows the one in force. Before the first activation any version may come.
  private func checkSuccession(
    _ policy: Policy, _ hash: ContentHash
  ) throws(ActivationRefusal) {
    if policy.needsPredecessor {
      guard let before = policy.supersedes.flatMap({ ContentHash($0) }),
        history.inForce(before) != nil
      else { throw .noPredecessor(says: policy.supersedes) }
    }
    guard let present = history.inForce, hash != present.hash else { return }
    let operation = history.entries.last { $0.hash == present.hash && $0.word("policy") != nil }
    if let name = operation?.word("policy"), name != policy.name {
      throw .otherPolicy(name: policy.name, active: name)
    }
    guard policy.version > present.version else {
      throw .notNewer(version: policy.version, active: present.version)
    }
    let said = policy.supersedes
    guard said.flatMap({ ContentHash($0) }) == present.hash else {
      throw .followsOther(says: said, active: present.hash, activeVersion: present.version)
    }
  }

  /// The version may be in force at `time`.
  static func checkDates(_ policy: Policy, at time: WallTime) throws(ActivationRefusal) {
    if let from = policy.effectiveFrom, time < from { throw .notYetEffective(from: from.text) }
    if let until = policy.effectiveUntil, time >= until {
      throw .noLongerEffective(until: until.text)
    }
  }

  /// Writes a refusal to the history. A disk that does not take it does not change the answer.
  mutating func noteRefusal(_ refusal: ActivationRefusal, version: Int, hash: ContentHash) {
    _ = try? journal(
      .refused, version: version, hash: hash, detail: "\(refusal.code): \(refusal)")
  }
}

extension Policy {
  /// Whether a phase lets the superseded version decide, or be compared.
  public var needsPredecessor: Bool {
    DataClass.allCases.contains { phase(of: $0) != .enforce }
  }
}

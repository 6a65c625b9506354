internal import Policy

/// The version to go back to.
public enum RollbackTarget: Equatable, Sendable {
  /// The one that was in force before the present one was activated.
  case previous
  /// The one of this number.
  case version(Int)
  /// The one with this content.
  case hash(ContentHash)
}

extension PolicyLifecycle {
  /// Puts a version into force again that was in force before. Its archived approvals count, those
  /// of keys that were retired since included; proofs and tests are not repeated.
  public mutating func rollback(to target: RollbackTarget) throws(LifecycleError) -> Outcome {
    let entry = try self.entry(of: target)
    if let present = history.inForce, present.hash == entry.hash { return .unchanged(present) }
    let name: String
    do throws(LifecycleError) {
      name = try recheck(entry.hash, retiredKeysCount: true)
    } catch {
      if case .refused(let refusal) = error {
        noteRefusal(refusal, version: entry.version, hash: entry.hash)
      }
      throw error
    }
    return .inForce(
      try commit(
        .rollingBack, version: entry.version, hash: entry.hash, detail: "policy=\(name)"))
  }

  /// The last entry by which the target came into force.
  private func entry(of target: RollbackTarget) throws(LifecycleError) -> HistoryEntry {
    switch target {
    case .previous:
      guard let entry = history.previous else { throw .refused(.nothingBefore) }
      return entry
    case .version(let number):
      guard let entry = history.inForce(version: number) else {
        throw .refused(.neverInForce("\(number)"))
      }
      return entry
    case .hash(let hash):
      guard let entry = history.inForce(hash) else {
        throw .refused(.neverInForce("\(hash)"))
      }
      return entry
    }
  }

  /// Checks what an archived version still must pass, and gives the policy's name.
  private func recheck(
    _ hash: ContentHash, retiredKeysCount: Bool
  ) throws(LifecycleError) -> String {
    let path = state.path(of: hash, .policy)
    let bytes: [UInt8]
    let evidence: (approvals: Approvals, report: [UInt8])
    do throws(StateFault) {
      bytes = try state.policy(hash, storage)
      evidence = try state.evidence(hash, storage)
    } catch {
      throw .fault(error)
    }
    let (policy, complaints) = VersionFile.load(bytes, file: path)
    guard let policy else { throw .refused(.invalid(path: path, complaints: complaints)) }
    let misfits = checks.fit(policy)
    guard misfits.isEmpty else { throw .refused(.doesNotFit(misfits)) }
    let subject = ApprovalSubject(
      policy: policy.name, version: policy.version, content: hash,
      report: ContentHash(of: evidence.report))
    let verdict = rule.verdict(
      on: subject, evidence.approvals, at: retiredKeysCount ? nil : time)
    guard verdict.isEnough else {
      throw .refused(.approvals(verdict, path: state.path(of: hash, .approvals)))
    }
    do throws(ActivationRefusal) {
      try Self.checkDates(policy, at: time)
    } catch {
      throw .refused(error)
    }
    return policy.name
  }

  /// Brings to its end what a crash interrupted.
  ///
  /// With the new pointer in place, only the history's last line is missing. Otherwise all checks
  /// had been passed and the version is archived: it goes into force now, if time and keys still
  /// permit; else the operation is closed as refused.
  mutating func resume() throws(LifecycleError) {
    guard let pending = history.pending else { return }
    if pointer != ActivePointer(pending) {
      do throws(LifecycleError) {
        _ = try recheck(pending.hash, retiredKeysCount: pending.event == .rollingBack)
      } catch {
        do throws(JournalFailure) {
          try journal(
            .refused, version: pending.version, hash: pending.hash,
            detail: "operation=\(pending.number) \(error.code): \(error)")
        } catch {
          throw .fault(error.fault)
        }
        return
      }
    }
    do throws(JournalFailure) {
      try journal(
        .resumed, version: pending.version, hash: pending.hash,
        detail: "operation=\(pending.number)")
    } catch {
      throw .interrupted(error.fault, version: pending.version)
    }
    // A crash here leaves the operation open, as before.
    resumed = try finish(pending)
  }
}

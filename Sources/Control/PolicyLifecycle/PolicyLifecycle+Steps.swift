internal import Reactor

// The durable steps, in their order: archive, journal, pointer, journal. Each is followed by what a
// crash leaves there. Tests crash after every single operation of the storage, and in it.
extension PolicyLifecycle {
  /// Puts an archived version into force: `opening` is `activating` or `rollingBack`.
  mutating func commit(
    _ opening: HistoryEvent, version: Int, hash: ContentHash, detail: String
  ) throws(LifecycleError) -> HistoryEntry {
    let operation: HistoryEntry
    do throws(JournalFailure) {
      operation = try journal(opening, version: version, hash: hash, detail: detail)
    } catch {
      throw error.isUndone ? .fault(error.fault) : .interrupted(error.fault, version: version)
    }
    // A crash here leaves the old version in force; the next command finishes the operation.
    return try finish(operation)
  }

  /// Replaces the pointer for an operation that stands in the history, and closes it there.
  mutating func finish(_ operation: HistoryEntry) throws(LifecycleError) -> HistoryEntry {
    let next = ActivePointer(operation)
    if pointer != next { try replacePointer(next, operation) }
    do throws(SystemError) {
      try storage.synchronizeDirectory(state.directory)
    } catch {
      throw .interrupted(
        .storage(path: state.directory, error), version: operation.version)
    }
    pointer = next
    // A crash here leaves the new version in force; the next command closes the operation.
    let closing: HistoryEntry
    do throws(JournalFailure) {
      closing = try journal(
        operation.event == .activating ? .activated : .rolledBack, version: operation.version,
        hash: operation.hash, detail: "operation=\(operation.number)")
    } catch {
      throw .interrupted(error.fault, version: operation.version)
    }
    // A crash here leaves a shadow that the next command forgets.
    forgetShadowInForce()
    return closing
  }

  /// Writes the new pointer beside the old one and renames it. When that fails and the old one is
  /// still there, the operation is closed as refused.
  private mutating func replacePointer(
    _ next: ActivePointer, _ operation: HistoryEntry
  ) throws(LifecycleError) {
    let path = state.pointerPath
    do throws(SystemError) {
      try storage.create(path + ".new", next.bytes)
      // A crash here leaves the old version in force, and a file beside that nobody reads.
      try storage.rename(path + ".new", to: path)
      // A crash here leaves the old version in force or the new one, whole.
    } catch {
      let fault = StateFault.storage(path: path, error)
      guard isPointerUnchanged,
        (try? journal(
          .refused, version: operation.version, hash: operation.hash, detail: "storage: \(error)"))
          != nil
      else { throw .interrupted(fault, version: operation.version) }
      throw .fault(fault)
    }
  }

  /// Whether the pointer on disk is still the one that this command found.
  private var isPointerUnchanged: Bool {
    do throws(StateFault) { return try state.pointer(storage) == pointer } catch { return false }
  }

  /// A line that did not reach the history.
  struct JournalFailure: Error {
    /// What failed.
    let fault: StateFault
    /// Whether the history is known to be as before.
    let isUndone: Bool
  }

  /// Appends an entry to the history, durably.
  @discardableResult
  mutating func journal(
    _ event: HistoryEvent, version: Int, hash: ContentHash, detail: String
  ) throws(JournalFailure) -> HistoryEntry {
    let entry = HistoryEntry(
      after: history.entries.last, at: time.text, event, version: version, hash: hash,
      detail: detail)
    let bytes = Array((entry.line + "\n").utf8)
    do throws(SystemError) {
      if history.entries.isEmpty {
        try storage.replace(state.historyPath, bytes)
      } else {
        try storage.append(bytes, to: state.historyPath, at: history.byteCount)
      }
      // A crash before this leaves a cut line, which the next append removes, or the whole line.
    } catch {
      throw JournalFailure(fault: .storage(path: state.historyPath, error), isUndone: undoJournal())
    }
    history.append(entry)
    return entry
  }

  /// Cuts off what a failed append may have left; false when that cannot be done either.
  private func undoJournal() -> Bool {
    do throws(SystemError) {
      try storage.append([], to: state.historyPath, at: history.byteCount)
      return true
    } catch {
      return error.isNotFound && history.entries.isEmpty
    }
  }

  /// Writes a version's files to the archive, those that are not there already as they should be.
  ///
  /// A crash leaves files that no entry names: harmless, and overwritten by the next activation.
  func archive(
    _ hash: ContentHash, policy: [UInt8], approvals: Approvals, report: [UInt8]
  ) throws(LifecycleError) {
    var path = state.versionsPath
    do throws(SystemError) {
      try storage.makeDirectory(path)
      for (file, bytes) in [
        (PolicyState.ArchivedFile.policy, policy), (.report, report),
        (.approvals, approvals.bytes),
      ] {
        path = state.path(of: hash, file)
        if let present = try? storage.read(path, byteCountMax: bytes.count), present == bytes {
          continue
        }
        try storage.replace(path, bytes)
      }
      // What was there already may have been left by a crash that came before the names were safe.
      try storage.synchronizeDirectory(state.versionsPath)
    } catch {
      throw .fault(.storage(path: path, error))
    }
  }
}

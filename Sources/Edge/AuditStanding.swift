public import Audit
internal import Base
internal import Reactor

extension AuditLedger {
  /// Reads what the control logs among `folders` tell.
  public static func read(_ folders: [AuditFolder]) throws(AuditReadError) -> AuditLedger {
    var ledger = AuditLedger()
    for chain in try AuditFolder.chains(folders) where chain[0].name.retention == LogName.control {
      for (_, folder) in chain {
        try unsafe folder.forEachEntry { _, entry throws(AuditReadError) in
          if case .event(let event)? = try? unsafe AuditRecord(decoding: entry) {
            ledger.take(event)
          }
          return true
        }
      }
    }
    return ledger
  }
}

extension AuditFolder {
  /// The proof of its first entry that an expired log leaves behind; nil for one that did not
  /// expire.
  public func tombstone() throws(AuditReadError) -> InclusionProof? {
    guard isExpired else { return nil }
    let file = "\(path)/\(AuditPaths.expired)"
    let bytes: [UInt8]?
    do throws(SystemError) { bytes = try disk.readSmall(file) } catch {
      throw AuditReadError(path: file, finding: "\(error)")
    }
    guard let bytes, let proof = InclusionProof(parsing: String(decoding: bytes, as: UTF8.self))
    else { throw AuditReadError(path: file, finding: "it is no proof of the first entry") }
    return proof
  }

  /// The first entry, which says what the log follows and how long it is kept; nil while it is just
  /// being begun.
  public func opening() throws(AuditReadError) -> EventRecord? {
    var entry: [UInt8]? = try tombstone()?.entry
    if entry == nil {
      try unsafe forEachEntry { _, bytes throws(AuditReadError) in
        entry = unsafe [UInt8](bytes)
        return false
      }
    }
    guard let entry else { return nil }
    let record = unsafe entry.withUnsafeBytes { try? unsafe AuditRecord(decoding: $0) }
    guard case .event(let event)? = record, event.kind == .logOpen else {
      throw AuditReadError(path: path, finding: "its first entry does not open a log")
    }
    return event
  }

  /// Whether the log's keys lie beside it; nil for a copy without the folder of keys.
  public func hasKeys() throws(AuditReadError) -> Bool? {
    guard let slash = path.lastIndex(of: "/") else { return nil }
    let folder = "\(path[..<slash])/\(AuditPaths.keys)"
    do throws(SystemError) {
      let names = try disk.names(in: folder)
      return names.contains(String(path[path.index(after: slash)...]))
    } catch {
      if error.isNotFound || error.isNoFolder { return nil }
      throw AuditReadError(path: folder, finding: "\(error)")
    }
  }
}

extension AuditVerification {
  /// How a log stands beside being whole.
  public enum Standing: Equatable, Sendable {
    /// All of it is there.
    case whole
    /// Its keys were destroyed, as the control log tells; false while that is not finished.
    case shredded(AuditLedger.Deed)
    /// Its keys are not there, and no record says why.
    case withoutKeys
    /// Its entries were removed, as the control log tells.
    case expired(AuditLedger.Deed)
  }

  /// How a log stands that was found whole.
  public static func standing(
    _ folder: AuditFolder, _ name: LogName, _ ledger: AuditLedger
  ) throws(AuditReadError) -> Standing {
    if let deed = ledger.shreddings[name.origin] { return .shredded(deed) }
    guard name.retention != LogName.control else { return .whole }
    return try folder.hasKeys() == false ? .withoutKeys : .whole
  }

  /// Checks what an expired log leaves behind: the signed checkpoint, the first entry's proof under
  /// it, and the control log's record of the same checkpoint. Without that record the entries were
  /// not expired but removed.
  public static func expired(
    _ folder: AuditFolder, _ name: LogName, _ ledger: AuditLedger,
    keys: ((_ origin: String) -> [NoteKey])?
  ) throws(AuditReadError) -> AuditLedger.Deed {
    // Signature and key, as for any log.
    _ = try AuditVerification(folder, keys: keys)
    let path = "\(folder.path)/\(AuditPaths.expired)"
    guard let proof = try folder.tombstone(), let (note, checkpoint) = try folder.checkpoint()
    else { throw AuditReadError(path: path, finding: "it is no proof of the first entry") }
    let published = try folder.publishedKey().map { [$0] } ?? []
    guard proof.index == 0,
      case .proved(let proved) = proof.check(keys: keys ?? { _ in published }),
      proved == checkpoint
    else {
      throw AuditReadError(
        path: path,
        finding: "it does not prove the first entry of the tree that the checkpoint"
          + " signs")
    }
    guard try folder.opening()?.subject.string == name.origin else {
      throw AuditReadError(path: path, finding: "it is another log's")
    }
    guard let deed = ledger.expiries[name.origin] else {
      throw AuditReadError(
        path: folder.path,
        finding: "its entries are gone, and no control log beside it says that they expired:"
          + " they were removed, or the control log is missing")
    }
    guard deed.note == note.description else {
      throw AuditReadError(
        path: folder.path,
        finding: "its checkpoint is not the one with which the control log says that it expired")
    }
    return deed
  }
}

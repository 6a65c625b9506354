public import Audit
public import Base
internal import Native
internal import Reactor

/// Why something is not done to a log, and what to do.
public struct AuditLifeError: Error, Equatable, CustomStringConvertible {
  /// What is wrong.
  public let description: String

  init(_ description: String) { self.description = description }
}

/// Ends the life of logs, or keeps them alive: holds, expiries, shreddings.
///
/// Writes the control log of the folder, which no edge writes; the edge's own logs may be written
/// at the same time. One thread, one process (a lock of its own).
///
/// INVARIANT (told first): what destroys something is on disk in the control log, signed, before
/// anything is destroyed. A crash leaves a deed that is begun; the same command brings it to its
/// end.
public final class AuditLife {
  private let directory: String
  private let disk: any AuditDisk
  private let writer: AuditWriter
  private var group = GroupCommit(firstSequence: 1)
  /// What was done so far.
  public private(set) var ledger: AuditLedger
  private let time: WallTime

  /// Opens the control log of `directory`, whose logs `instance` writes.
  public convenience init(
    directory: String, instance: String, signingKeyPath: String, retiringKeyPath: String? = nil,
    at time: WallTime
  ) throws {
    let signer = try AuditSigner(path: signingKeyPath, retiringPath: retiringKeyPath)
    guard let lock = try FileLock(path: "\(directory)/\(AuditPaths.controlLock)") else {
      throw AuditLifeError("`\(directory)`: another command is at work; wait for it")
    }
    try self.init(
      directory: directory, instance: instance, disk: SystemDisk(), signer: signer, lock: lock,
      at: time)
  }

  init(
    directory: String, instance: String, disk: any AuditDisk, signer: AuditSigner,
    lock: FileLock?, at time: WallTime
  ) throws {
    self.directory = directory
    self.disk = disk
    self.time = time
    var options = AuditOptions(
      directory: directory, intervalMilliseconds: 1, segmentByteCountMax: 1 << 24,
      pseudonymKey: [], signingKeyPath: "", instance: instance, pendingByteCountMax: 1 << 20)
    options.retention = RetentionClasses([RetentionClass(name: LogName.control)])
    writer = try AuditWriter(options, disk: disk, signer: signer, lock: lock, at: time)
    ledger = try AuditLedger.read(try AuditFolder.logs(in: directory, disk: disk))
    for (_, recovery) in writer.recoveries { try record(recovery) }
  }

  /// Ends in order.
  public func close() throws { try writer.close() }

  // MARK: Records

  /// Puts an event on disk, signed, and takes it into account.
  private func record(_ event: EventRecord) throws {
    guard case .accepted = group.append(event) else { throw AuditLifeError("the log is full") }
    var batch = ByteQueue()
    _ = group.begin(into: &batch)
    try writer.write(batch, at: time)
    _ = group.wrote(byteCount: batch.count)
    guard try writer.synchronize() else {
      throw AuditLifeError("`\(directory)`: the control log was replaced while it was written")
    }
    _ = group.synced()
    try writer.synchronizeLevels()
    try writer.publish()
    ledger.take(event)
  }

  private func event(
    _ kind: RecordKind, _ subject: String, _ deed: AuditWarrant, isDone: Bool = false
  ) -> EventRecord {
    var event = EventRecord(kind: kind, time: time)
    event.subject = .text(subject)
    event.author = .text(deed.author)
    event.detail = .text(deed.reason)
    event.isDone = isDone
    return event
  }

  // MARK: Holds

  /// Places a hold; gives its id.
  public func place(_ scope: LogScope, _ warrant: AuditWarrant) throws -> String {
    let id = ledger.nextHoldID
    var event = event(.hold, id, warrant)
    event.scope = .text("\(scope)")
    try record(event)
    return id
  }

  /// Lifts a hold.
  public func lift(_ id: String, _ warrant: AuditWarrant) throws {
    guard let hold = ledger.holds.first(where: { $0.id == id }) else {
      throw AuditLifeError("there is no hold `\(id)`; `homeward audit hold list` names them")
    }
    guard hold.lifted == nil else { throw AuditLifeError("the hold `\(id)` was lifted already") }
    try record(event(.holdLift, id, warrant))
  }

  // MARK: Expiry

  /// Removes the entries of a log whose time is over; see `AuditExpiry.plan`.
  ///
  /// What stays: the signed checkpoint, the key, and the first entry with its proof, by which the
  /// chain of logs can be followed through the gap.
  public func expire(_ item: AuditExpiry, _ warrant: AuditWarrant) throws {
    guard item.isDue else {
      throw AuditLifeError("`\(item.name.folder)` is not due: \(item.standing)")
    }
    let folder = "\(directory)/\(item.name.folder)"
    if ledger.expiries[item.name.origin] == nil {
      let log = try AuditFolder(folder, disk: disk)
      guard let note = try log.checkpoint()?.note else {
        throw AuditLifeError("`\(folder)` has no checkpoint")
      }
      var begun = event(.expiry, item.name.origin, warrant)
      begun.predecessor = .text(note.description)
      try record(begun)
    }
    // A crash from here on leaves a log that is about to expire; this is done again.
    if try disk.byteCount(of: "\(folder)/\(AuditPaths.expired)") == nil {
      let log = try AuditFolder(folder, disk: disk)
      guard let proof = try log.proof(of: 0) else {
        throw AuditLifeError("`\(folder)`: its first entry cannot be proved")
      }
      try disk.replace("\(folder)/\(AuditPaths.expired)", with: Array(proof.text.utf8))
    }
    // An interrupted try may have named it in memory only.
    try disk.synchronizeFolder(folder)
    // A crash from here on leaves an expired log with some of its files.
    try destroyKeys(item.name)
    for name in try disk.names(in: folder) where !AuditPaths.remaining.contains(name) {
      try disk.remove("\(folder)/\(name)")
    }
    try disk.synchronizeFolder(folder)
    try record(event(.expiry, item.name.origin, warrant, isDone: true))
  }

  // MARK: Shredding

  /// Destroys the keys of a log: who and whose can never be read again, and everything else stays
  /// provable.
  public func shred(_ name: LogName, _ warrant: AuditWarrant) throws {
    let chains = try AuditFolder.chains(try AuditFolder.logs(in: directory, disk: disk))
    guard let chain = chains.first(where: { $0.contains { $0.name == name } }) else {
      throw AuditLifeError("`\(directory)` holds no log `\(name.folder)`")
    }
    guard chain.last?.name != name else {
      throw AuditLifeError(
        "`\(name.folder)` is the newest log of its class, whose keys an edge needs; wait for the"
          + " end of its month")
    }
    guard name.retention != LogName.control else {
      throw AuditLifeError("`\(name.folder)` holds nothing that is sealed")
    }
    if let hold = ledger.holds(on: name).first {
      throw AuditLifeError(
        "`\(name.folder)` is under the hold \(hold.id) (\(hold.reason)); nothing of it may be"
          + " destroyed")
    }
    if ledger.expiries[name.origin] != nil {
      throw AuditLifeError("`\(name.folder)` expired, and its keys with it")
    }
    if ledger.shreddings[name.origin]?.isDone == true {
      throw AuditLifeError("`\(name.folder)` was shredded already")
    }
    if ledger.shreddings[name.origin] == nil {
      try record(event(.shredding, name.origin, warrant))
    }
    // A crash from here on leaves a shredding that is begun; this is done again.
    try destroyKeys(name)
    try record(event(.shredding, name.origin, warrant, isDone: true))
  }

  /// Overwrites and removes a log's key file. It is sealed under the operator's key besides; copies
  /// of the folder elsewhere are the operator's to destroy.
  private func destroyKeys(_ name: LogName) throws {
    let folder = "\(directory)/\(AuditPaths.keys)"
    let path = "\(folder)/\(name.folder)"
    guard let count = try disk.byteCount(of: path) else {
      // An interrupted try may have removed it in memory only.
      return try disk.synchronizeFolder(folder)
    }
    let file = try disk.open(path, isNew: false)
    let zeros = [UInt8](repeating: 0, count: count)
    var failure: SystemError?
    unsafe zeros.withUnsafeBytes { raw in
      do throws(SystemError) { try unsafe file.write(raw, at: 0) } catch { failure = error }
    }
    if let failure { throw failure }
    try file.synchronize()
    try disk.remove(path)
    try disk.synchronizeFolder(folder)
  }
}

/// Who does something to a log, and why; both stand in the control log.
public struct AuditWarrant: Sendable {
  /// Who.
  public var author: String
  /// Why; no patient's data.
  public var reason: String

  /// Makes a warrant.
  public init(author: String, reason: String) {
    self.author = author
    self.reason = reason
  }
}

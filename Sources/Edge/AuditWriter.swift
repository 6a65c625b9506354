internal import Audit
internal import Base
internal import Native
internal import Reactor

/// The folder of an edge's logs: goes on with the newest of each retention class, and begins a new
/// one when its month is over.
///
/// Opened on the main thread, then handed to the committer's; used by one thread at a time.
final class AuditWriter: @unchecked Sendable {
  private let options: AuditOptions
  private let disk: any AuditDisk
  private let signer: AuditSigner
  /// No other process writes here; nil on a disk that is no disk.
  private let lock: FileLock?
  /// By retention class.
  private var logs: [AuditLogFiles] = []
  /// Which of them were written since the last sync.
  private var isTouched: [Bool]

  /// What to record in which class's log when a torn tail was cut off.
  private(set) var recoveries: [(retention: Int, event: EventRecord)] = []

  /// Opens the folder on this machine's disk.
  convenience init(_ options: AuditOptions, at time: WallTime) throws {
    let signer = try AuditSigner(path: options.signingKeyPath)
    do {
      let disk = SystemDisk()
      try disk.makeFolder(options.directory)
      guard let lock = try FileLock(path: options.directory + "/lock") else {
        throw AuditOpenError(
          path: options.directory, reason: "another process writes it; stop that first")
      }
      try self.init(options, disk: disk, signer: signer, lock: lock, at: time)
    } catch let error as SystemError {
      throw AuditOpenError(path: options.directory, error)
    }
  }

  /// Opens the folder on `disk`.
  init(
    _ options: AuditOptions, disk: any AuditDisk, signer: AuditSigner, lock: FileLock?,
    at time: WallTime
  ) throws {
    self.options = options
    self.disk = disk
    self.signer = signer
    self.lock = lock
    try disk.makeFolder("\(options.directory)/\(AuditPaths.keys)")
    isTouched = Array(repeating: false, count: options.retention.count)
    for (index, retention) in options.retention.classes.enumerated() {
      let log = try maker(retention).newest(at: time)
      logs.append(log)
      guard log.droppedByteCount > 0 else { continue }
      var event = EventRecord(kind: .recovery, time: time)
      event.bytesDropped = UInt64(log.droppedByteCount)
      recoveries.append((index, event))
    }
    try rotate(at: time) { _ in AuditCounters() }
  }

  private func maker(_ retention: RetentionClass) -> Maker {
    Maker(options: options, retention: retention, disk: disk, signer: signer)
  }

  /// Writes a batch as one frame to each log that it touches.
  ///
  /// A crash between two of them leaves what nobody acknowledged: the batch is durable when all of
  /// them are synced.
  func write(_ batch: borrowing ByteQueue, at time: WallTime) throws(SystemError) {
    if logs.count == 1 {
      isTouched[0] = true
      return try logs[0].write(batch, of: 0, byteCount: batch.count, at: time)
    }
    let byteCounts = BatchClasses(batch)
    for index in logs.indices where byteCounts[index] > 0 {
      isTouched[index] = true
      try logs[index].write(batch, of: index, byteCount: byteCounts[index], at: time)
    }
  }

  /// Puts everything written on disk, one sync for each log that was written; false when a file is
  /// no longer the log's.
  func synchronize() throws(SystemError) -> Bool {
    for index in logs.indices where isTouched[index] {
      guard try logs[index].synchronize() else { return false }
      isTouched[index] = false
    }
    return true
  }

  /// Signs checkpoints over what is durable.
  func publish() throws(SystemError) { for log in logs { try log.publish() } }

  /// Ends in order.
  func close() throws(SystemError) { for log in logs { try log.close() } }

  /// A class's log under way, and how many of its entries are on disk.
  func state(of index: Int) -> (name: LogName, size: UInt64, byteCount: Int) {
    (logs[index].name, logs[index].size, logs[index].byteCount)
  }

  /// Bytes of frames that were written since it was opened.
  var byteCount: Int { logs.reduce(0) { $0 + $1.byteCount } }

  /// Begins the next logs when the month of the current ones is over; between two batches only.
  /// `counters` gives a class's account of the moment.
  func rotate(at time: WallTime, counters: (_ index: Int) -> AuditCounters) throws {
    for (index, retention) in options.retention.classes.enumerated() {
      guard logs[index].name.isOver(at: time) else { continue }
      let predecessor = try logs[index].close()
      logs[index] = try maker(retention).begin(
        after: logs[index].name, predecessor, counters(index), at: time)
    }
  }

  /// Makes and opens logs in the folder.
  private struct Maker {
    let options: AuditOptions
    let retention: RetentionClass
    let disk: any AuditDisk
    let signer: AuditSigner

    /// The newest log of this edge and class; begun when there is none.
    func newest(at time: WallTime) throws -> AuditLogFiles {
      var names = try disk.names(in: options.directory).compactMap { LogName(folder: $0) }
        .filter { $0.instance == options.instance && $0.retention == retention.name }
      guard let newest = names.popLast() else {
        return try begin(after: nil, nil, AuditCounters(), at: time)
      }
      let folder = "\(options.directory)/\(newest.folder)"
      do {
        guard try AuditRecovery.isUnborn(disk, folder: folder) else {
          return try files(newest, try recovered(newest, folder))
        }
        // A crash while it was begun: it is begun once more, as what follows the one before.
        return try begin(newest, after: names.last, at: time)
      } catch let error as SystemError {
        throw AuditOpenError(path: folder, error)
      } catch let error as SegmentFault {
        throw AuditOpenError(path: folder, reason: "\(error)")
      }
    }

    private func recovered(_ name: LogName, _ folder: String) throws -> OpenedLog {
      try AuditRecovery(
        disk: disk, folder: folder, name: name, key: try signer.noteKey(name.origin)
      ).open()
    }

    /// Begins again a log whose beginning a crash cut short.
    private func begin(
      _ name: LogName, after earlier: LogName?, at time: WallTime
    ) throws -> AuditLogFiles {
      let folder = "\(options.directory)/\(name.folder)"
      for file in try disk.names(in: folder) { try disk.remove("\(folder)/\(file)") }
      var note: SignedNote?
      if let earlier {
        let path = "\(options.directory)/\(earlier.folder)/\(AuditPaths.checkpoint)"
        let bytes = try disk.readSmall(path) ?? []
        note = SignedNote(parsing: String(decoding: bytes, as: UTF8.self))
      }
      return try begin(name, note, AuditCounters(), at: time)
    }

    /// Begins the log that follows `earlier`, whose last checkpoint is `predecessor`.
    func begin(
      after earlier: LogName?, _ predecessor: SignedNote?, _ counters: AuditCounters,
      at time: WallTime
    ) throws -> AuditLogFiles {
      let name = LogName(
        instance: options.instance, retention: retention.name, at: time, after: earlier)
      try disk.makeFolder("\(options.directory)/\(name.folder)")
      return try begin(name, predecessor, counters, at: time)
    }

    private func begin(
      _ name: LogName, _ predecessor: SignedNote?, _ counters: AuditCounters, at time: WallTime
    ) throws -> AuditLogFiles {
      let folder = "\(options.directory)/\(name.folder)"
      try makeKeys(name)
      let log = try files(
        name, AuditLogFiles.begin(name, folder: folder, disk: disk, at: time))
      var event = EventRecord(kind: .logOpen, time: time)
      event.subject = .text(name.origin)
      event.counters = counters
      event.keepDays = retention.keepDays
      if let predecessor { event.predecessor = .text(predecessor.description) }
      try log.write(event)
      guard try log.synchronize() else {
        throw AuditOpenError(path: folder, reason: "its file was replaced while it was made")
      }
      try log.publishKey()
      // A crash up to here leaves an unborn log, which the next start begins again or goes on with.
      try log.publish()
      return log
    }

    /// A log's files with its keys.
    private func files(_ name: LogName, _ log: OpenedLog) throws -> AuditLogFiles {
      try AuditLogFiles(
        name, folder: "\(options.directory)/\(name.folder)", log, keys: try keys(name),
        signer: signer, disk: disk, segmentByteCountMax: options.segmentByteCountMax)
    }

    private func keyPath(_ name: LogName) -> String {
      "\(options.directory)/\(AuditPaths.keys)/\(name.folder)"
    }

    /// Draws the log's own keys and stores them sealed, before anything is sealed under them.
    private func makeKeys(_ name: LogName) throws(SystemError) {
      let secret = randomBytes(LogKeys.secretByteCount)
      try disk.replace(
        keyPath(name),
        with: LogKeyFile.wrap(
          secret, origin: name.origin, operatorKey: options.pseudonymKey, nonce: .random()))
    }

    private func keys(_ name: LogName) throws -> LogKeys {
      guard let file = try disk.readSmall(keyPath(name)) else {
        throw AuditOpenError(
          path: keyPath(name),
          reason: "the log's keys are missing; restore the file, or move the log away so that a new"
            + " one begins")
      }
      guard
        let secret = LogKeyFile.unwrap(
          file, origin: name.origin, operatorKey: options.pseudonymKey)
      else {
        throw AuditOpenError(
          path: keyPath(name),
          reason: "`audit.pseudonym_key` does not open the log's keys; name the key that the log"
            + " began with, or move the log away so that a new one begins")
      }
      let opening = randomBytes(4).reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
      return LogKeys(secret: secret, opening: opening)
    }

    private func randomBytes(_ count: Int) -> [UInt8] {
      var bytes = [UInt8](repeating: 0, count: count)
      unsafe bytes.withUnsafeMutableBytes { unsafe secureRandom(into: $0) }
      return bytes
    }
  }
}

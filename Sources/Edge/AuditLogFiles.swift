internal import Audit
internal import Base
internal import Native
internal import Reactor

/// The key that signs checkpoints, shared by the logs of one edge. Used by one thread at a time.
final class AuditSigner {
  private let key: SigningKey

  /// Takes the key.
  init(_ key: consuming SigningKey) { self.key = key }

  /// Reads the key's file, which nobody else may read.
  convenience init(path: String) throws {
    let remedy = "`homeward audit keys \(path)` makes one"
    let status: FileStatus
    do throws(SystemError) { status = try FileSystem.status(of: path) } catch {
      throw AuditOpenError(path: path, reason: "\(error); \(remedy)")
    }
    guard !status.isOpenToOthers else {
      throw AuditOpenError(
        path: path, reason: "the signing key is open to others; `chmod 600 \(path)` closes it")
    }
    do throws(TLSError) {
      self.init(try SigningKey(pemFile: path))
    } catch {
      throw AuditOpenError(path: path, reason: "\(error); \(remedy)")
    }
  }

  /// The public half under the name of a log.
  func noteKey(_ origin: String) throws -> NoteKey {
    guard let key = NoteKey(name: origin, key: key.verifyingKey) else {
      throw AuditOpenError(path: origin, reason: "an instance's name must not hold spaces or `+`")
    }
    return key
  }

  /// Signs a checkpoint.
  func sign(_ checkpoint: Checkpoint, key noteKey: NoteKey) -> SignedNote {
    SignedNote(checkpoint.text, key: noteKey, signer: key)
  }
}

/// One log's files, open for writing: frames go to the last segment, hashes to the level files,
/// checkpoints over what is durable. Used by one thread at a time.
final class AuditLogFiles {
  let name: LogName
  private let disk: any AuditDisk
  private let folder: String
  private let segmentByteCountMax: Int
  private let signer: AuditSigner
  private let key: NoteKey
  private var builder: FrameBuilder
  private var log: OpenedLog
  /// Bytes of the segment that have space on the disk.
  private var allocatedByteCount: Int
  private var frame = ByteQueue()
  /// The tree that the last sync put on disk.
  private var durable: Checkpoint

  /// Space is taken in steps from this one, each double the one before, up to `stepMax`: a quiet
  /// log stays small, and a busy one changes its file's length a few times a second.
  private static let (stepMin, stepMax) = (1 << 20, 16 << 20)

  /// Goes on with `log`.
  init(
    _ name: LogName, folder: String, _ log: OpenedLog, keys: consuming LogKeys,
    signer: AuditSigner, disk: any AuditDisk, segmentByteCountMax: Int
  ) throws {
    self.name = name
    self.folder = folder
    self.log = log
    self.signer = signer
    self.disk = disk
    self.segmentByteCountMax = segmentByteCountMax
    key = try signer.noteKey(name.origin)
    builder = FrameBuilder(frontier: log.frontier, keys: keys)
    allocatedByteCount = log.end
    durable = Checkpoint(origin: name.origin, size: log.frontier.size, root: builder.root())
  }

  /// Bytes of a torn write that opening cut off.
  var droppedByteCount: Int { log.droppedByteCount }
  /// Bytes of frames that were written since it was opened.
  private(set) var byteCount = 0
  /// How many entries are on disk.
  var size: UInt64 { durable.size }

  /// Begins a log in an empty folder: nothing is on disk for sure until the first `synchronize`.
  static func begin(
    _ name: LogName, folder: String, disk: any AuditDisk, at time: WallTime
  ) throws(SystemError) -> OpenedLog {
    let frontier = MerkleFrontier()
    guard let levels = try AuditLevels(disk, folder: folder, size: 0) else {
      preconditionFailure("an empty tree needs no files")
    }
    let segment = try beginSegment(
      SegmentHeader(origin: name.origin, number: 0, created: time, frontier: frontier),
      folder: folder, disk: disk)
    return OpenedLog(
      frontier: frontier, levels: levels, segment: segment, number: 0, end: SegmentHeader.byteCount)
  }

  /// Makes a segment's file with its header, durably.
  private static func beginSegment(
    _ header: SegmentHeader, folder: String, disk: any AuditDisk
  ) throws(SystemError) -> any AuditFile {
    let file = try disk.open("\(folder)/\(AuditPaths.segment(header.firstIndex))", isNew: true)
    var bytes = ByteQueue()
    header.encode(into: &bytes)
    try unsafe bytes.withReadable { raw throws(SystemError) in try unsafe file.write(raw, at: 0) }
    try file.synchronize()
    // A crash up to here leaves a stump or an empty segment; both reopen.
    try disk.synchronizeFolder(folder)
    return file
  }

  /// Writes the records of a retention class of a batch, `byteCount` bytes, as one frame.
  func write(
    _ batch: borrowing ByteQueue, of retention: Int, byteCount: Int, at time: WallTime
  ) throws(SystemError) {
    try makeRoom(byteCount, at: time)
    builder.build(batch, of: retention, into: &frame)
    try writeFrame()
  }

  /// Writes an event of the log's own as a frame.
  func write(_ event: EventRecord) throws(SystemError) {
    builder.build(event, into: &frame)
    try writeFrame()
  }

  private func writeFrame() throws(SystemError) {
    let end = log.end + frame.count
    if end > allocatedByteCount {
      let step = max(Self.stepMin, min(allocatedByteCount, Self.stepMax))
      let wanted = max(end, min(allocatedByteCount + step, segmentByteCountMax))
      try log.segment.allocate(allocatedByteCount..<wanted)
      allocatedByteCount = wanted
    }
    try unsafe frame.withReadable { raw throws(SystemError) in
      try unsafe log.segment.write(raw, at: log.end)
    }
    log.end = end
    byteCount += frame.count
    frame.removeAll()
    try log.levels.append(builder.tiles)
    builder.tiles.removeAll()
  }

  /// Puts everything written on disk; `fileReplaced` when that is no longer the log's file.
  func synchronize() throws(SystemError) -> Bool {
    try log.segment.synchronize()
    guard try log.segment.isIntact() else { return false }
    durable = Checkpoint(
      origin: name.origin, size: builder.frontier.size, root: builder.root())
    return true
  }

  /// Begins a new segment when the current one is full.
  private func makeRoom(_ byteCount: Int, at time: WallTime) throws(SystemError) {
    guard log.end > SegmentHeader.byteCount, log.end + byteCount > segmentByteCountMax else {
      return
    }
    try endSegment()
    log.number += 1
    log.segment = try Self.beginSegment(
      SegmentHeader(
        origin: name.origin, number: log.number, created: time, frontier: builder.frontier),
      folder: folder, disk: disk)
    log.end = SegmentHeader.byteCount
    allocatedByteCount = log.end
  }

  /// Gives back the space that was not used, and makes segment and levels whole on disk.
  private func endSegment() throws(SystemError) {
    if allocatedByteCount > log.end { try log.segment.truncate(byteCount: log.end) }
    allocatedByteCount = log.end
    try log.segment.synchronize()
    try log.levels.synchronize()
  }

  /// Signs a checkpoint over what is durable, unless the last one says the same.
  func publish() throws(SystemError) {
    guard durable != log.signed else { return }
    let note = signer.sign(durable, key: key)
    try disk.replace(
      "\(folder)/\(AuditPaths.checkpoint)", with: Array(note.description.utf8))
    log.signed = durable
  }

  /// Writes the public key beside the log, for whoever has no better source of it.
  func publishKey() throws(SystemError) {
    try disk.replace(
      "\(folder)/\(AuditPaths.verifierKey)", with: Array((key.text + "\n").utf8))
  }

  /// Ends in order: a last checkpoint over everything. Gives its note.
  @discardableResult
  func close() throws(SystemError) -> SignedNote {
    try endSegment()
    durable = Checkpoint(
      origin: name.origin, size: builder.frontier.size, root: builder.root())
    try publish()
    return signer.sign(durable, key: key)
  }
}

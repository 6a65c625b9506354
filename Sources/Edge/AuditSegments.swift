internal import Audit
internal import Base
internal import Native
internal import Reactor

/// Why a log could not be opened.
struct AuditOpenError: Error, CustomStringConvertible {
  let path: String
  let reason: String
  var description: String { "audit log `\(path)`: \(reason)" }
}

/// The log's files: opens the last one, cuts off a torn tail, begins new ones.
///
/// A segment is named by its number and carries the SHA-256 of the one before. Opened on the main
/// thread, then handed to the committer's; used by one thread at a time.
final class AuditSegments: @unchecked Sendable {
  private let options: AuditOptions
  /// No other process writes here.
  private let lock: FileLock
  private let instance: AuditID
  /// Names the log from its first segment on.
  private var logID: AuditID
  private var file: AppendFile?
  private var number: UInt64 = 0
  private var byteCount = 0
  /// Over all bytes of the current segment, for the next one's header.
  private var hash = SHA256()
  private var previous = SHA256Digest.zero
  /// The number of the next record.
  private(set) var nextSequence: UInt64 = 1
  /// What to record when a torn tail was cut off.
  private(set) var recovery: EventRecord?

  /// Bytes of one segment that are read whole when the log is opened.
  private static let readByteCountMax = 4 << 30

  init(_ options: AuditOptions, at time: WallTime) throws {
    self.options = options
    let directory = options.directory
    try FileSystem.makeDirectory(directory)
    guard let lock = try FileLock(path: directory + "/lock") else {
      throw AuditOpenError(path: directory, reason: "another process writes it; stop that first")
    }
    self.lock = lock
    instance = Self.id(of: SHA256.hash(Array(options.instance.utf8)))
    var seed = [UInt8](repeating: 0, count: 16)
    unsafe seed.withUnsafeMutableBytes { unsafe secureRandom(into: $0) }
    logID = Self.id(of: SHA256.hash(seed))
    let names = try FileSystem.names(in: directory).filter { $0.hasSuffix(Self.suffix) }
    try reopen(names.map { directory + "/" + $0 }, at: time)
  }

  private static let suffix = ".segment"

  /// Eight digits sort by number.
  private static func name(_ number: UInt64) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, 8 - digits.count)) + digits + suffix
  }

  private static func id(of digest: SHA256Digest) -> AuditID {
    unsafe digest.withBytes { bytes in
      unsafe AuditID(
        high: UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self)),
        low: UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)))
    }
  }

  /// Judges the last segment and goes on behind it, or refuses.
  private func reopen(_ paths: [String], isLast: Bool = true, at time: WallTime) throws {
    guard let path = paths.last else { return }
    var bytes = try FileSystem.read(path, byteCountMax: Self.readByteCountMax)
    if isLast, unsafe bytes.withUnsafeBytes({ unsafe SegmentScanner.isStump($0) }) {
      // A crash while this segment was begun: it is made anew. The one before it was whole on disk
      // by then, so that one must not be torn.
      try reopen(paths.dropLast(), isLast: false, at: time)
      return try FileSystem.remove(path)
    }
    let found: Findings
    do {
      found = try unsafe bytes.withUnsafeBytes { (raw) throws(SegmentFault) in
        try unsafe Findings(raw, isLast: isLast)
      }
    } catch {
      throw AuditOpenError(path: path, reason: "\(error)")
    }
    let file = try AppendFile(path: path, isNew: false)
    if found.end < bytes.count {
      try file.truncate(byteCount: found.end)
      try file.synchronize()
      bytes.removeLast(bytes.count - found.end)
    }
    if found.dropped > 0 {
      var event = EventRecord(kind: .recovery, time: time)
      event.bytesDropped = UInt64(found.dropped)
      recovery = event
    }
    hash.update(bytes)
    byteCount = bytes.count
    logID = found.header.log
    number = found.header.number + 1
    nextSequence = found.next
    self.file = consume file
  }

  /// What one pass over a segment tells.
  private struct Findings {
    let header: SegmentHeader
    /// Where its last whole frame ends.
    var end = 0
    /// The number of the next record.
    var next: UInt64 = 0
    /// Bytes of a torn write behind the end.
    var dropped = 0

    init(_ bytes: UnsafeRawBufferPointer, isLast: Bool) throws(SegmentFault) {
      var scanner = try unsafe SegmentScanner(bytes, isLast: isLast)
      header = scanner.header
      while true {
        let step = scanner.next()
        next = scanner.nextSequence
        switch step {
        case .frame: continue
        case .end(let offset): end = offset
        case .torn(let offset, let byteCount): (end, dropped) = (offset, byteCount)
        case .corrupt(let fault): throw fault
        }
        return
      }
    }
  }

  /// Appends a batch; begins a new segment when the current one is full.
  func write(
    _ batch: borrowing ByteQueue, firstSequence: UInt64, at time: WallTime
  ) throws(SystemError) {
    if file == nil || byteCount + batch.count > options.segmentByteCountMax {
      try beginSegment(firstSequence: firstSequence, at: time)
    }
    try append(batch)
  }

  private func append(_ bytes: borrowing ByteQueue) throws(SystemError) {
    try unsafe bytes.withReadable { (raw) throws(SystemError) in
      try unsafe file?.write(raw)
      unsafe hash.update(raw)
    }
    byteCount += bytes.count
  }

  /// Puts everything written on disk.
  func synchronize() throws(SystemError) { try file?.synchronize() }

  private func beginSegment(firstSequence: UInt64, at time: WallTime) throws(SystemError) {
    if file != nil {
      // The old segment is whole on disk before a new one names it.
      try synchronize()
      previous = hash.finish()
    }
    var header = SegmentHeader(
      instance: instance, log: logID, number: number, firstSequence: firstSequence, created: time)
    unsafe previous.withBytes { bytes in
      for index in 0..<32 { unsafe header.previousHash[index] = bytes[index] }
    }
    let path = options.directory + "/" + Self.name(number)
    file = try AppendFile(path: path, isNew: true)
    number += 1
    byteCount = 0
    var encoded = ByteQueue()
    header.encode(into: &encoded)
    try append(encoded)
    // A crash here leaves a header without records, which reopens as an empty segment.
    try FileSystem.synchronizeDirectory(options.directory)
  }
}

internal import Audit
internal import Reactor

/// A file of the log that is being written.
protocol AuditFile: AnyObject {
  /// Writes all of `bytes` at `offset`; after an error it is unknown how much.
  func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(SystemError)
  /// Takes space, which reads as zeros.
  func allocate(_ range: Range<Int>) throws(SystemError)
  /// Puts what was written on disk; never to be repeated after an error.
  func synchronize() throws(SystemError)
  /// Cuts the file.
  func truncate(byteCount: Int) throws(SystemError)
  /// Whether it still stands at its path, under that name only.
  func isIntact() throws(SystemError) -> Bool
}

extension DiskFile: AuditFile {}

/// What the log asks of a disk: the real one, or one that fails when a test wants it.
protocol AuditDisk: AnyObject {
  /// The names in a folder, sorted.
  func names(in folder: String) throws(SystemError) -> [String]
  /// Makes a folder unless it is there, durably.
  func makeFolder(_ path: String) throws(SystemError)
  /// Makes a folder's entries durable.
  func synchronizeFolder(_ path: String) throws(SystemError)
  /// A file's length; nil when there is none.
  func byteCount(of path: String) throws(SystemError) -> Int?
  /// Up to so many bytes of a file.
  func read(_ path: String, at offset: Int, _ byteCount: Int) throws(SystemError) -> [UInt8]
  /// Opens a file for writing; a new one must not exist.
  func open(_ path: String, isNew: Bool) throws(SystemError) -> any AuditFile
  /// Replaces a small file as a whole, durably: a crash leaves the old or the new one.
  func replace(_ path: String, with bytes: [UInt8]) throws(SystemError)
  /// Removes a file.
  func remove(_ path: String) throws(SystemError)
}

/// The disk of this machine.
final class SystemDisk: AuditDisk {
  func names(in folder: String) throws(SystemError) -> [String] {
    try FileSystem.names(in: folder)
  }

  func makeFolder(_ path: String) throws(SystemError) {
    if FileSystem.exists(path), try FileSystem.status(of: path).kind == .directory { return }
    try FileSystem.makeDirectory(path)
    try FileSystem.synchronizeDirectory(FileSystem.directory(of: path))
  }

  func synchronizeFolder(_ path: String) throws(SystemError) {
    try FileSystem.synchronizeDirectory(path)
  }

  func byteCount(of path: String) throws(SystemError) -> Int? {
    do throws(SystemError) {
      return try FileSystem.status(of: path).byteCount
    } catch {
      if error.isNotFound { return nil }
      throw error
    }
  }

  func read(_ path: String, at offset: Int, _ byteCount: Int) throws(SystemError) -> [UInt8] {
    try FileSystem.read(path, at: offset, byteCount)
  }

  func open(_ path: String, isNew: Bool) throws(SystemError) -> any AuditFile {
    try DiskFile(path: path, isNew: isNew)
  }

  func replace(_ path: String, with bytes: [UInt8]) throws(SystemError) {
    try FileSystem.replace(path, with: bytes)
  }

  func remove(_ path: String) throws(SystemError) { try FileSystem.remove(path) }
}

extension AuditDisk {
  /// All bytes of a small file; nil when there is none.
  func readSmall(_ path: String) throws(SystemError) -> [UInt8]? {
    guard let count = try byteCount(of: path) else { return nil }
    return try read(path, at: 0, min(count, 1 << 16))
  }
}

/// A segment on a disk, read in windows.
struct DiskSource: SegmentSource {
  private let disk: any AuditDisk
  private let path: String
  let byteCount: Int
  private var window: [UInt8] = []
  private var windowStart = 0

  private static let windowByteCount = 1 << 20

  init(_ disk: any AuditDisk, _ path: String) throws(SystemError) {
    self.disk = disk
    self.path = path
    byteCount = try disk.byteCount(of: path) ?? 0
  }

  mutating func forget() { window = [] }

  mutating func read(at offset: Int, _ count: Int) throws(SegmentFault) -> ArraySlice<UInt8> {
    let end = max(offset, min(offset + count, byteCount))
    if offset < windowStart || end > windowStart + window.count {
      do throws(SystemError) {
        window = try disk.read(path, at: offset, max(count, Self.windowByteCount))
        windowStart = offset
      } catch {
        throw SegmentFault(kind: .unreadable("\(error)"), offset: offset, index: 0)
      }
    }
    // A file that got shorter meanwhile gives fewer.
    let last = min(end - windowStart, window.count)
    return window[(offset - windowStart)..<max(offset - windowStart, last)]
  }
}

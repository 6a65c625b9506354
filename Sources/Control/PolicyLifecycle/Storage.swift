public import Reactor

/// Files that can be read; enough to find the version in force.
public protocol StateFiles {
  /// The bytes of a file of at most `byteCountMax`.
  func read(_ path: String, byteCountMax: Int) throws(SystemError) -> [UInt8]
}

/// The few operations by which the lifecycle changes files. Each is durable when it returns, but
/// for names: those are durable after `synchronizeDirectory`.
public protocol Storage: StateFiles {
  /// The names in a folder, sorted.
  func names(in path: String) throws(SystemError) -> [String]
  /// Makes a folder unless it is there.
  func makeDirectory(_ path: String) throws(SystemError)
  /// Writes and syncs a file under a new name; a leftover of that name is removed first.
  func create(_ path: String, _ bytes: [UInt8]) throws(SystemError)
  /// Cuts a file to `byteCount` bytes, appends `bytes` and syncs.
  func append(_ bytes: [UInt8], to path: String, at byteCount: Int) throws(SystemError)
  /// Gives a file another name, in place of the file that had it.
  func rename(_ path: String, to target: String) throws(SystemError)
  /// Removes a file.
  func remove(_ path: String) throws(SystemError)
  /// Makes the names in a folder durable.
  func synchronizeDirectory(_ path: String) throws(SystemError)
  /// Takes the writers' lock until the result is let go; nil when another process has it.
  func lock(_ path: String) throws(SystemError) -> AnyObject?
}

extension Storage {
  /// Replaces a file so that a crash leaves the old bytes or the new.
  public func replace(_ path: String, _ bytes: [UInt8]) throws(SystemError) {
    try create(path + ".new", bytes)
    // A crash here leaves the old file, and one beside it that the next `create` removes.
    try rename(path + ".new", to: path)
    // A crash here leaves the old file or the new one, whole.
    try synchronizeDirectory(FileSystem.directory(of: path))
  }
}

/// The machine's own files.
public struct SystemStorage: Storage, Sendable {
  /// Makes it; it holds nothing.
  public init() {}

  /// The bytes of a file.
  public func read(_ path: String, byteCountMax: Int) throws(SystemError) -> [UInt8] {
    try FileSystem.read(path, byteCountMax: byteCountMax)
  }

  /// The names in a folder.
  public func names(in path: String) throws(SystemError) -> [String] {
    try FileSystem.names(in: path)
  }

  /// Makes a folder, and its name durable.
  public func makeDirectory(_ path: String) throws(SystemError) {
    try FileSystem.makeDirectory(path)
    try FileSystem.synchronizeDirectory(FileSystem.directory(of: path))
  }

  /// Writes and syncs a new file.
  public func create(_ path: String, _ bytes: [UInt8]) throws(SystemError) {
    if FileSystem.exists(path) { try FileSystem.remove(path) }
    let file = try AppendFile(path: path, isNew: true)
    try file.write(bytes)
    try file.synchronize()
  }

  /// Cuts, appends and syncs.
  public func append(_ bytes: [UInt8], to path: String, at byteCount: Int) throws(SystemError) {
    let file = try AppendFile(path: path, isNew: false)
    try file.truncate(byteCount: byteCount)
    try file.write(bytes)
    try file.synchronize()
  }

  /// Renames over the target.
  public func rename(_ path: String, to target: String) throws(SystemError) {
    try FileSystem.rename(path, to: target)
  }

  /// Removes a file.
  public func remove(_ path: String) throws(SystemError) { try FileSystem.remove(path) }

  /// Syncs a folder.
  public func synchronizeDirectory(_ path: String) throws(SystemError) {
    try FileSystem.synchronizeDirectory(path)
  }

  /// Takes a lock that goes with the process.
  public func lock(_ path: String) throws(SystemError) -> AnyObject? { try FileLock(path: path) }
}

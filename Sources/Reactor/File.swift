internal import CLinux
internal import Glibc

/// A file that is only appended to. Owns its descriptor; used by one thread at a time.
public struct AppendFile: ~Copyable {
  private let descriptor: Descriptor

  /// Opens `path` for appending, creating it when `isNew` (it must not exist then), for its owner
  /// alone unless it is public.
  public init(path: String, isNew: Bool, isPublic: Bool = false) throws(SystemError) {
    let flags = O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW | (isNew ? O_CREAT | O_EXCL : 0)
    descriptor = Descriptor(
      owning: Int32(
        try blockingCall("open") {
          unsafe homeward_open(path, flags, isPublic ? 0o644 : 0o600).asInt
        }))
  }

  /// Writes all of `bytes`. After an error it is unknown how much reached the file.
  public func write(_ bytes: UnsafeRawBufferPointer) throws(SystemError) {
    var rest = unsafe bytes
    while rest.count > 0 {
      let count = try blockingCall("write") {
        unsafe Glibc.write(descriptor.number, rest.baseAddress, rest.count)
      }
      unsafe rest = UnsafeRawBufferPointer(rebasing: rest[count...])
    }
  }

  /// Writes all of `bytes`.
  public func write(_ bytes: [UInt8]) throws(SystemError) {
    let failure: SystemError? = unsafe bytes.withUnsafeBytes { raw in
      do throws(SystemError) {
        try unsafe write(raw)
        return nil
      } catch {
        return error
      }
    }
    if let failure { throw failure }
  }

  /// Puts what was written on disk. After an error nothing may be assumed durable, and the call
  /// must not be repeated: the kernel may have dropped the pages.
  public func synchronize() throws(SystemError) {
    _ = try blockingCall("fdatasync") { fdatasync(descriptor.number).asInt }
  }

  /// Cuts the file to `byteCount` bytes.
  public func truncate(byteCount: Int) throws(SystemError) {
    _ = try blockingCall("ftruncate") { ftruncate(descriptor.number, byteCount).asInt }
  }
}

/// A lock on a file that other processes respect; let go when the owner is gone.
public final class FileLock {
  private let descriptor: Descriptor

  /// Takes the lock, creating the file; nil when another process holds it.
  public init?(path: String) throws(SystemError) {
    let descriptor = Descriptor(
      owning: Int32(
        try blockingCall("open") {
          unsafe homeward_open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600).asInt
        }))
    guard
      case .value = try systemCall(
        "flock", { flock(descriptor.number, LOCK_EX | LOCK_NB).asInt })
    else { return nil }
    self.descriptor = descriptor
  }
}

/// Whole files and directories; for start, reload and tools, never on a loop's hot path.
public enum FileSystem {
  /// Reads a whole file of at most `byteCountMax` bytes.
  public static func read(
    _ path: String, byteCountMax: Int = 1 << 30
  ) throws(SystemError) -> [UInt8] {
    let descriptor = Descriptor(
      owning: Int32(
        try blockingCall("open") { unsafe homeward_open(path, O_RDONLY | O_CLOEXEC, 0).asInt }))
    var status = stat()
    _ = try blockingCall("fstat") { unsafe fstat(descriptor.number, &status).asInt }
    guard status.st_mode & S_IFMT != S_IFDIR else { throw SystemError(code: EISDIR, call: "read") }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(min(Int(status.st_size) + 1, byteCountMax))
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = try blockingCall("read") {
        unsafe chunk.withUnsafeMutableBytes { raw in
          unsafe Glibc.read(descriptor.number, raw.baseAddress, raw.count)
        }
      }
      guard count > 0 else { return bytes }
      guard bytes.count + count <= byteCountMax else {
        throw SystemError(code: EFBIG, call: "read")
      }
      bytes.append(contentsOf: chunk[..<count])
    }
  }

  /// Writes `path` so that a crash leaves the old content or the new, never a mixture: a temporary
  /// file beside it, synced, renamed, and the directory synced.
  public static func replace(
    _ path: String, with bytes: [UInt8], isPublic: Bool = false
  ) throws(SystemError) {
    try replace(path, isPublic: isPublic) { file throws(SystemError) in try file.write(bytes) }
  }

  /// The same for content that `write` writes piece by piece.
  public static func replace(
    _ path: String, isPublic: Bool = false,
    writing write: (borrowing AppendFile) throws(SystemError) -> Void
  ) throws(SystemError) {
    let temporary = path + ".new"
    _ = unsafe unlink(temporary)
    do {
      let file = try AppendFile(path: temporary, isNew: true, isPublic: isPublic)
      try write(file)
      try file.synchronize()
    }
    // A crash here leaves the old file and a temporary one, which the next call removes.
    _ = try blockingCall("rename") { unsafe Glibc.rename(temporary, path).asInt }
    try synchronizeDirectory(directory(of: path))
  }

  /// Makes `path` a directory (mode 0700) unless it is one.
  public static func makeDirectory(_ path: String) throws(SystemError) {
    do throws(SystemError) {
      _ = try blockingCall("mkdir") { unsafe mkdir(path, 0o700).asInt }
    } catch {
      if error.code != EEXIST { throw error }
    }
  }

  /// Makes `path` a directory, with those above it that are missing.
  public static func makeDirectories(_ path: String) throws(SystemError) {
    for index in path.indices.dropFirst() where path[index] == "/" {
      try makeDirectory(String(path[..<index]))
    }
    try makeDirectory(path)
  }

  /// Gives a file another name, replacing the file that had it; durable once the directory is
  /// synchronized.
  public static func rename(_ path: String, to target: String) throws(SystemError) {
    _ = try blockingCall("rename") { unsafe Glibc.rename(path, target).asInt }
  }

  /// Removes a file.
  public static func remove(_ path: String) throws(SystemError) {
    _ = try blockingCall("unlink") { unsafe unlink(path).asInt }
  }

  /// The names in a directory, sorted, without `.` and `..`.
  public static func names(in path: String) throws(SystemError) -> [String] {
    guard let stream = unsafe opendir(path) else { throw SystemError(code: errno, call: "opendir") }
    defer { unsafe closedir(stream) }
    var names: [String] = []
    while let entry = unsafe readdir(stream) {
      let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { raw in
        unsafe String(decoding: raw.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name != "." && name != ".." { names.append(name) }
    }
    return names.sorted()
  }

  /// Whether something exists at `path`.
  public static func exists(_ path: String) -> Bool { unsafe access(path, F_OK) == 0 }

  /// Makes a directory's entries durable.
  public static func synchronizeDirectory(_ path: String) throws(SystemError) {
    let descriptor = Descriptor(
      owning: Int32(
        try blockingCall("open") {
          unsafe homeward_open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0).asInt
        }))
    _ = try blockingCall("fsync") { fsync(descriptor.number).asInt }
  }

  /// The part of `path` before its last slash; `.` when there is none.
  public static func directory(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }
}

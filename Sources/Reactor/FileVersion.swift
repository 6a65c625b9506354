internal import CLinux
internal import Glibc

/// Which file is at a path, and how far it was written: differs after every append or replacement.
public struct FileVersion: Hashable, Sendable {
  /// The file system's number.
  public let device: UInt64
  /// The file's number in it.
  public let inode: UInt64
  /// Its length.
  public let byteCount: Int
  /// When it was last written, in nanoseconds since the epoch.
  public let modifiedNanoseconds: Int64

  fileprivate init(_ status: stat) {
    device = UInt64(status.st_dev)
    inode = UInt64(status.st_ino)
    byteCount = Int(status.st_size)
    modifiedNanoseconds =
      Int64(status.st_mtim.tv_sec) &* 1_000_000_000 &+ Int64(status.st_mtim.tv_nsec)
  }

  /// Whether both are states of one file.
  public func isSameFile(as other: FileVersion) -> Bool {
    device == other.device && inode == other.inode
  }
}

extension FileSystem {
  /// What is at `path` now.
  public static func version(of path: String) throws(SystemError) -> FileVersion {
    var status = stat()
    _ = try blockingCall("stat") { unsafe stat(path, &status).asInt }
    return FileVersion(status)
  }

  /// At most `byteCountMax` bytes of the file at `path`, from where `offset` says for the file that
  /// is there when it is opened.
  public static func read(
    _ path: String, byteCountMax: Int, from offset: (FileVersion) -> Int
  ) throws(SystemError) -> (bytes: [UInt8], version: FileVersion) {
    let descriptor = Descriptor(
      owning: Int32(
        try blockingCall("open") { unsafe homeward_open(path, O_RDONLY | O_CLOEXEC, 0).asInt }))
    var status = stat()
    _ = try blockingCall("fstat") { unsafe fstat(descriptor.number, &status).asInt }
    let version = FileVersion(status)
    let start = offset(version)
    let wanted = max(0, min(version.byteCount - start, byteCountMax))
    var bytes = [UInt8](repeating: 0, count: wanted)
    var done = 0
    while done < wanted {
      let count = try blockingCall("pread") {
        unsafe bytes.withUnsafeMutableBytes { raw in
          let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: raw[done...])
          return unsafe pread(descriptor.number, rest.baseAddress, rest.count, start + done)
        }
      }
      guard count > 0 else { break }
      done += count
    }
    bytes.removeLast(wanted - done)
    return (bytes, version)
  }
}

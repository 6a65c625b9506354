internal import CLinux
internal import Glibc

/// What is known of a file without opening it.
public struct FileStatus: Hashable, Sendable {
  /// The kinds of file that matter here.
  public enum Kind: Sendable {
    case file, directory
    /// A device, a socket, a pipe.
    case other
  }

  /// What it is; symbolic links are followed.
  public let kind: Kind
  /// The nine permission bits, as in `0o640`.
  public let permissions: UInt16
  /// Its length.
  public let byteCount: Int

  /// Describes a file.
  public init(kind: Kind, permissions: UInt16, byteCount: Int) {
    self.kind = kind
    self.permissions = permissions
    self.byteCount = byteCount
  }

  /// Whether its group or everyone may read or change it.
  public var isOpenToOthers: Bool { permissions & 0o077 != 0 }
}

extension FileSystem {
  /// What is at `path`.
  public static func status(of path: String) throws(SystemError) -> FileStatus {
    var status = stat()
    _ = try blockingCall("stat") { unsafe stat(path, &status).asInt }
    let kind: FileStatus.Kind =
      switch status.st_mode & S_IFMT {
      case S_IFREG: .file
      case S_IFDIR: .directory
      default: .other
      }
    return FileStatus(
      kind: kind, permissions: UInt16(status.st_mode & 0o777), byteCount: Int(status.st_size))
  }

  /// Bytes that this process may still write to the file system that holds `path`.
  public static func availableByteCount(at path: String) throws(SystemError) -> UInt64 {
    var status = statvfs()
    _ = try blockingCall("statvfs") { unsafe statvfs(path, &status).asInt }
    return UInt64(status.f_bavail) * UInt64(status.f_frsize)
  }

  /// Whether this process may read what is at `path`.
  public static func isReadable(_ path: String) -> Bool { unsafe access(path, R_OK) == 0 }

  /// Whether this process may write what is at `path`.
  public static func isWritable(_ path: String) -> Bool { unsafe access(path, W_OK) == 0 }
}

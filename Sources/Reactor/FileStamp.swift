public import Base
internal import CLinux
internal import Glibc

/// What changes when a file is replaced or written: equal stamps, equal content.
public struct FileStamp: Hashable, Sendable {
  private let device: UInt64
  private let inode: UInt64
  private let byteCount: Int
  private let modifiedSeconds: Int
  private let modifiedNanoseconds: Int

  init(_ status: stat) {
    device = UInt64(status.st_dev)
    inode = UInt64(status.st_ino)
    byteCount = Int(status.st_size)
    modifiedSeconds = status.st_mtim.tv_sec
    modifiedNanoseconds = status.st_mtim.tv_nsec
  }

  /// Whether a later change would show: the kernel's clock for files is coarse, so that two writes
  /// in quick succession can leave one stamp.
  public func isSettled(at now: WallTime) -> Bool {
    now.microseconds / 1_000_000 > UInt64(max(0, modifiedSeconds)) + 2
  }
}

extension FileSystem {
  /// The stamp of what is at `path`.
  public static func stamp(of path: String) throws(SystemError) -> FileStamp {
    var status = stat()
    _ = try blockingCall("stat") { unsafe stat(path, &status).asInt }
    return FileStamp(status)
  }
}

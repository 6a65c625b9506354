internal import CLinux
internal import Glibc

/// A file of fixed size without a name: for its owner alone, and gone with him, however he ends.
///
/// Any thread; closed when the last reference is gone.
public final class UnnamedFile: Sendable {
  /// Bytes of the file; the disk has room for all of them.
  public let byteCount: Int
  private let descriptor: Descriptor

  /// Makes a file in a folder and takes all its room at once, so that a full disk is told now and
  /// not later. Throws ENOSPC where there is not enough.
  public init(in folder: String, byteCount: Int) throws(SystemError) {
    // Taking what is not there would fill the disk for a moment.
    guard try FileSystem.availableByteCount(at: folder) >= UInt64(byteCount) else {
      throw SystemError(code: ENOSPC, call: "statvfs")
    }
    self.byteCount = byteCount
    descriptor = try Self.open(folder)
    let number = descriptor.number
    // Gives its error as its result.
    let code = posix_fallocate(number, 0, byteCount)
    guard code == 0 else { throw SystemError(code: code, call: "posix_fallocate") }
  }

  /// A file that never had a name; where the file system knows none, one whose name goes at once.
  private static func open(_ folder: String) throws(SystemError) -> Descriptor {
    do throws(SystemError) {
      return Descriptor(
        owning: Int32(
          try blockingCall("open") { unsafe homeward_open_unnamed(folder).asInt }))
    } catch {
      guard error.code == EOPNOTSUPP || error.code == EISDIR else { throw error }
    }
    let path = "\(folder)/.homeward-cache-\(getpid())"
    let flags = O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW
    let descriptor = Descriptor(
      owning: Int32(try blockingCall("open") { unsafe homeward_open(path, flags, 0o600).asInt }))
    // A crash before this leaves an empty file.
    _ = try blockingCall("unlink") { unsafe unlink(path).asInt }
    return descriptor
  }

  /// Writes all of `bytes` at `offset`.
  public func write(_ bytes: [UInt8], at offset: Int) throws(SystemError) {
    precondition(offset >= 0 && offset + bytes.count <= byteCount, "a write outside the file")
    var done = 0
    while done < bytes.count {
      done += try blockingCall("pwrite") {
        unsafe bytes.withUnsafeBytes { raw in
          unsafe pwrite(
            descriptor.number, raw.baseAddress.map { unsafe $0 + done }, bytes.count - done,
            offset + done)
        }
      }
    }
  }

  /// Reads exactly `count` bytes from `offset` on.
  public func read(byteCount count: Int, at offset: Int) throws(SystemError) -> [UInt8] {
    precondition(offset >= 0 && offset + count <= byteCount, "a read outside the file")
    var failure: SystemError?
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
      do throws(SystemError) {
        while initialized < count {
          let done = initialized
          let read = try blockingCall("pread") {
            unsafe pread(
              descriptor.number, buffer.baseAddress.map { unsafe $0 + done }, count - done,
              offset + done)
          }
          // Nobody else has the file, so that nobody made it shorter: the disk lost its end.
          guard read > 0 else { throw SystemError(code: EIO, call: "pread") }
          initialized += read
        }
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
    return bytes
  }
}

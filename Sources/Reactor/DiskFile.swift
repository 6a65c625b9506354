internal import CLinux
internal import Glibc

/// A file that is written at places, and whose identity can be checked. Used by one thread at a
/// time; closed when the last reference is gone.
public final class DiskFile {
  private let descriptor: Descriptor
  private let path: String

  /// Opens `path` for writing, creating it with mode 0600 when `isNew` (it must not exist then).
  public init(path: String, isNew: Bool) throws(SystemError) {
    let flags = O_RDWR | O_CLOEXEC | O_NOFOLLOW | (isNew ? O_CREAT | O_EXCL : 0)
    self.path = path
    descriptor = Descriptor(
      owning: Int32(try blockingCall("open") { unsafe homeward_open(path, flags, 0o600).asInt }))
  }

  /// Writes all of `bytes` at `offset`. After an error it is unknown how much reached the file.
  public func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(SystemError) {
    var (rest, place) = unsafe (bytes, offset)
    while rest.count > 0 {
      let count = try blockingCall("write") {
        unsafe pwrite(descriptor.number, rest.baseAddress, rest.count, place)
      }
      unsafe rest = UnsafeRawBufferPointer(rebasing: rest[count...])
      place += count
    }
  }

  /// Writes all of `bytes` at `offset`.
  public func write(_ bytes: [UInt8], at offset: Int) throws(SystemError) {
    let failure: SystemError? = unsafe bytes.withUnsafeBytes { raw in
      do throws(SystemError) {
        try unsafe write(raw, at: offset)
        return nil
      } catch {
        return error
      }
    }
    if let failure { throw failure }
  }

  /// Takes space for `range`, which reads as zeros until it is written; the file grows to its end.
  /// A file system that cannot is left to take space when bytes are written.
  public func allocate(_ range: Range<Int>) throws(SystemError) {
    do throws(SystemError) {
      _ = try blockingCall("fallocate") {
        homeward_allocate(descriptor.number, Int64(range.lowerBound), Int64(range.count)).asInt
      }
    } catch {
      if error.code != EOPNOTSUPP { throw error }
    }
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

  /// Whether the file still stands at its path, under that one name only.
  public func isIntact() throws(SystemError) -> Bool {
    var own = stat()
    _ = try blockingCall("fstat") { unsafe fstat(descriptor.number, &own).asInt }
    var there = stat()
    guard unsafe lstat(path, &there) == 0 else { return false }
    return own.st_nlink == 1 && own.st_ino == there.st_ino && own.st_dev == there.st_dev
  }
}

extension FileSystem {
  /// Up to `byteCount` bytes of a file from `offset` on; fewer at its end.
  public static func read(
    _ path: String, at offset: Int, _ byteCount: Int
  ) throws(SystemError) -> [UInt8] {
    let descriptor = Descriptor(
      owning: Int32(
        try blockingCall("open") { unsafe homeward_open(path, O_RDONLY | O_CLOEXEC, 0).asInt }))
    var failure: SystemError?
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: byteCount) { buffer, initialized in
      do throws(SystemError) {
        while initialized < byteCount {
          let done = initialized
          let count = try blockingCall("read") {
            unsafe pread(
              descriptor.number, buffer.baseAddress.map { unsafe $0 + done }, byteCount - done,
              offset + done)
          }
          if count == 0 { return }
          initialized += count
        }
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
    return bytes
  }
}

internal import CLinux
internal import Glibc

/// The kernel's memory of files; for measurements of what a disk takes.
public enum FileCache {
  /// What was forgotten.
  public enum Extent: String, Sendable {
    /// Everything on this machine, names of files included.
    case machine
    /// The content of the given files.
    case files
  }

  /// Makes the kernel forget what it holds of some files; of all files, when this process may.
  public static func forget(_ paths: [String]) throws(SystemError) -> Extent {
    // What was not written yet is not forgotten.
    Glibc.sync()
    do throws(SystemError) {
      try AppendFile(path: "/proc/sys/vm/drop_caches", isNew: false).write(Array("3\n".utf8))
      return .machine
    } catch {
      for path in paths {
        let descriptor = Descriptor(
          owning: Int32(
            try blockingCall("open") { unsafe homeward_open(path, O_RDONLY | O_CLOEXEC, 0).asInt }))
        _ = posix_fadvise(descriptor.number, 0, 0, POSIX_FADV_DONTNEED)
      }
      return .files
    }
  }
}

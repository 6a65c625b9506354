internal import CLinux
internal import Glibc

/// What this process has used so far; for benchmarks and reports.
public enum ProcessUsage {
  /// Bytes of the heap in use.
  public static var heapByteCount: Int { Int(homeward_heap_byte_count()) }

  /// The most memory that was ever resident, in bytes.
  public static var peakByteCount: Int {
    var usage = rusage()
    // Cannot fail for the own process with a valid pointer; Linux counts in KiB.
    _ = unsafe getrusage(0, &usage)
    return usage.ru_maxrss * 1024
  }
}

/// The folder of the user who runs the process; nil when the environment does not say.
public func homeFolder() -> String? {
  guard let text = unsafe getenv("HOME") else { return nil }
  let path = unsafe String(cString: text)
  return path.hasPrefix("/") ? path : nil
}

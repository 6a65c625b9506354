internal import COpenSSL

/// The version of the OpenSSL library that the process runs with.
public enum OpenSSLVersion {
  /// The library's own words, such as `OpenSSL 3.0.17 1 Jul 2025`; for `--version` and the log.
  public static var text: String {
    guard let words = unsafe OpenSSL_version(OPENSSL_VERSION) else { return "OpenSSL" }
    return unsafe String(cString: words)
  }
}

/// OpenSSL's per-thread error queue. The rule everywhere: clear it, call, translate at once.
enum ErrorQueue {
  /// Empties the queue of this thread, so that what is found after a call belongs to the call.
  @inline(__always) static func clear() { homeward_clear_errors() }

  /// The library and reason of the oldest entry, and the queue emptied; zeroes when there was none.
  static func take() -> (library: Int32, reason: Int32) {
    let code = ERR_get_error()
    ERR_clear_error()
    return (ERR_GET_LIB(code), ERR_GET_REASON(code))
  }

  /// What to tell people about a file that could not be opened, and the queue emptied.
  static func takeFileReason() -> String {
    let (library, reason) = take()
    guard library == ERR_LIB_SYS else { return "cannot be read" }
    return fileReason(errno: reason)
  }

  /// The words for the `errno` values that an operator can do something about.
  static func fileReason(errno: Int32) -> String {
    switch errno {
    case ENOENT: "no such file"
    case EACCES: "permission denied"
    case EISDIR: "is a directory"
    case EEXIST: "already exists"
    default: "cannot be read (errno \(errno))"
    }
  }
}

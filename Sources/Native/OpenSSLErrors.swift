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

  /// The library and reason of the oldest entry, of `preferred` if that library has one, and the
  /// queue emptied; zeroes when there was none.
  static func take(preferring preferred: Int32 = 0) -> (library: Int32, reason: Int32) {
    let oldest = ERR_get_error()
    var chosen = oldest
    while chosen != 0, preferred != 0, ERR_GET_LIB(chosen) != preferred { chosen = ERR_get_error() }
    if chosen == 0 { chosen = oldest }
    ERR_clear_error()
    return (ERR_GET_LIB(chosen), ERR_GET_REASON(chosen))
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

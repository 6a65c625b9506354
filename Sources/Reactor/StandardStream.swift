internal import CLinux
internal import Glibc

/// The process's two streams for people, unbuffered. Any thread may write.
public enum StandardStream: Int32, Sendable {
  /// What was asked for.
  case output = 1
  /// What went wrong.
  case error = 2

  /// Whether a person looks at it: then progress may be shown.
  public var isTerminal: Bool { isatty(rawValue) == 1 }

  /// Writes all of `text`; when nobody listens any more, the rest is dropped.
  public func write(_ text: String) {
    var text = text
    text.withUTF8 { buffer in
      var rest = UnsafeRawBufferPointer(buffer)
      while rest.count > 0 {
        let count = unsafe Glibc.write(rawValue, rest.baseAddress, rest.count)
        if count < 0 && errno == EINTR { continue }
        guard count > 0 else { return }
        unsafe rest = UnsafeRawBufferPointer(rebasing: rest[count...])
      }
    }
  }
}

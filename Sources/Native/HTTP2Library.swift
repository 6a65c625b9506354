import CNGHTTP2
import Glibc

/// Why the installed nghttp2 cannot be used.
public struct HTTP2LibraryFault: Error, Equatable, CustomStringConvertible {
  /// The functions that are missing, comma-separated.
  public let missing: String
  /// What to install.
  public var description: String {
    "libnghttp2 lacks \(missing); install libnghttp2-14 1.52.0-1+deb12u2 or later"
  }
}

/// What the process asks of the nghttp2 it was linked with.
public enum HTTP2Library {
  /// Refuses a library without the limits against rapid reset (CVE-2023-44487) and CONTINUATION
  /// floods (CVE-2024-28182); both came as backports, so the version number tells nothing.
  public static func check() throws(HTTP2LibraryFault) {
    let wanted: [String] = [
      "nghttp2_option_set_stream_reset_rate_limit", "nghttp2_option_set_max_continuations",
    ]
    let missing = wanted.filter { unsafe symbol($0) == nil }
    if !missing.isEmpty { throw HTTP2LibraryFault(missing: missing.joined(separator: ", ")) }
  }

  /// The address of a function that the headers may or may not declare; nil when it is missing.
  static func symbol(_ name: String) -> UnsafeMutableRawPointer? {
    // A nil handle searches the program and everything loaded with it (RTLD_DEFAULT).
    unsafe dlsym(nil, name)
  }

  /// Sets the two backported options when the library has them.
  static func setBackportedLimits(
    _ option: OpaquePointer, resetBurst: UInt64, resetRate: UInt64, continuationsMax: Int
  ) {
    typealias ResetLimit = @convention(c) (OpaquePointer, UInt64, UInt64) -> Void
    typealias ContinuationLimit = @convention(c) (OpaquePointer, Int) -> Void
    if let address = unsafe resetLimitAddress {
      let function = unsafe unsafeBitCast(address, to: ResetLimit.self)
      unsafe function(option, resetBurst, resetRate)
    }
    if let address = unsafe continuationLimitAddress {
      let function = unsafe unsafeBitCast(address, to: ContinuationLimit.self)
      unsafe function(option, continuationsMax)
    }
  }

  /// Looked up once; the loader's answer never changes.
  nonisolated(unsafe) private static let resetLimitAddress =
    unsafe symbol("nghttp2_option_set_stream_reset_rate_limit")
  /// Looked up once; the loader's answer never changes.
  nonisolated(unsafe) private static let continuationLimitAddress =
    unsafe symbol("nghttp2_option_set_max_continuations")
}

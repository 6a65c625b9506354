internal import CLinux
internal import Glibc

/// A system call that failed, with the errno it left.
public struct SystemError: Error, Sendable, Equatable {
  /// The errno value.
  public let code: Int32
  /// The call's name, for the log.
  public let call: String

  /// Makes the error that `call` left.
  public init(code: Int32, call: String) {
    self.code = code
    self.call = call
  }

  /// Whether the process or the system has no descriptor left (EMFILE, ENFILE).
  public var isDescriptorTableFull: Bool { code == EMFILE || code == ENFILE }
  /// Whether the file or path does not exist (ENOENT).
  public var isNotFound: Bool { code == ENOENT }
  /// Whether the disk or quota is full (ENOSPC, EDQUOT).
  public var isDiskFull: Bool { code == ENOSPC || code == EDQUOT }
  /// Whether the file system takes no writes (EROFS).
  public var isReadOnly: Bool { code == EROFS }
  /// Whether the process may not (EACCES, EPERM).
  public var isDenied: Bool { code == EACCES || code == EPERM }
  /// Whether the disk failed (EIO).
  public var isDiskFault: Bool { code == EIO }
  /// Whether a folder of the path is missing or no folder (ENOENT, ENOTDIR).
  public var isNoFolder: Bool { code == ENOENT || code == ENOTDIR }
  /// Whether the path is a symbolic link that is not followed (ELOOP).
  public var isSymbolicLink: Bool { code == ELOOP }
}

extension SystemError: CustomStringConvertible {
  /// `call: reason`, as the kernel words it.
  public var description: String {
    unsafe "\(call): \(String(cString: strerror(code)))"
  }
}

/// What a call on a non-blocking descriptor gave.
enum CallResult {
  /// The call's non-negative result.
  case value(Int)
  /// It would have blocked, or is in progress.
  case wouldBlock
}

/// The one wrapper of system calls: retries EINTR, makes "would block" a value, traps on errnos
/// that only a bug can cause, throws the rest.
@inline(__always)
func systemCall(
  _ name: StaticString, _ body: () -> Int
) throws(SystemError) -> CallResult {
  while true {
    let result = body()
    if result >= 0 { return .value(result) }
    let code = errno
    switch code {
    case EINTR: continue
    case EAGAIN, EINPROGRESS: return .wouldBlock
    case EBADF, EFAULT: preconditionFailure("\(name): errno \(code) means a bug of ours")
    default: throw SystemError(code: code, call: "\(name)")
    }
  }
}

/// A call on a descriptor that cannot block: "would block" is an error like any other.
func blockingCall(_ name: StaticString, _ body: () -> Int) throws(SystemError) -> Int {
  switch try systemCall(name, body) {
  case .value(let value): return value
  case .wouldBlock: throw SystemError(code: EAGAIN, call: "\(name)")
  }
}

/// A file descriptor with one owner; closed when the owner is gone.
struct Descriptor: ~Copyable {
  /// The kernel's number.
  let number: Int32

  /// Takes ownership of `number`.
  init(owning number: Int32) { self.number = number }

  deinit {
    // EINTR on close leaves the descriptor closed on Linux; retrying could close a stranger's.
    _ = close(number)
  }
}

internal import CLinux
internal import Glibc

/// A signal that the process acts upon.
public enum Signal: Sendable {
  /// SIGTERM or SIGINT: drain and end.
  case terminate
  /// SIGHUP: reload.
  case reload
}

/// SIGTERM, SIGINT and SIGHUP as messages on a loop; SIGPIPE ignored.
public final class Signals: Pollable {
  private let descriptor: Descriptor
  private let receive: (Signal) -> Void

  /// Blocks the signals for the calling thread and those it starts later: call it first in `main`.
  public static func block() {
    var set = mask
    _ = unsafe pthread_sigmask(SIG_BLOCK, &set, nil)
    signal(SIGPIPE, SIG_IGN)
  }

  /// Delivers signals to `receive` on `loop`'s thread.
  public init(on loop: EventLoop, _ receive: @escaping (Signal) -> Void) throws(SystemError) {
    var set = Self.mask
    let number = try blockingCall("signalfd") {
      unsafe Int(signalfd(-1, &set, Int32(SFD_CLOEXEC | SFD_NONBLOCK)))
    }
    descriptor = Descriptor(owning: Int32(number))
    self.receive = receive
    _ = try loop.register(descriptor.number, self)
  }

  private static var mask: sigset_t {
    var set = sigset_t()
    unsafe sigemptyset(&set)
    for number in [SIGTERM, SIGINT, SIGHUP] { unsafe sigaddset(&set, number) }
    return set
  }

  /// Hands on every signal that has come.
  public func becameReady(_ readiness: Readiness) {
    var info = signalfd_siginfo()
    while case .value(let count)? = try? systemCall(
      "read", { unsafe read(descriptor.number, &info, MemoryLayout<signalfd_siginfo>.size) }),
      count == MemoryLayout<signalfd_siginfo>.size
    {
      receive(Int32(info.ssi_signo) == SIGHUP ? .reload : .terminate)
    }
  }
}

internal import CLinux
internal import Glibc

/// A running system thread; joined once, by the thread that started it.
@safe
public final class Thread {
  private let handle: pthread_t

  /// Starts a thread called `name` (15 bytes at most) that runs `body`.
  public init(name: String, _ body: sending @escaping () -> Void) throws(SystemError) {
    let box = unsafe Unmanaged.passRetained(Box(name: String(name.prefix(15)), body: body))
    var handle = pthread_t()
    let code = unsafe pthread_create(
      &handle, nil,
      { argument in
        guard let argument = unsafe argument else { return nil }
        // The reference that `passRetained` made is taken over here, once.
        let box = unsafe Unmanaged<Box>.fromOpaque(argument).takeRetainedValue()
        unsafe box.name.withCString { unsafe homeward_name_thread($0) }
        box.body()
        return nil
      }, box.toOpaque())
    guard code == 0 else {
      unsafe box.release()
      throw SystemError(code: code, call: "pthread_create")
    }
    self.handle = handle
  }

  /// Lets other threads go first when processors are short; for the calling thread.
  public static func yieldToOthers() {
    // On Linux, 0 names the calling thread. A thread that may not has its usual share.
    _ = setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, 10)
  }

  /// Lets the calling thread rest. Never on a loop.
  public static func pause(milliseconds: Int) {
    // A signal ends it early: whoever waits for something looks again.
    _ = poll(nil, 0, Int32(clamping: milliseconds))
  }

  /// Lets the thread end by itself: nobody joins it.
  public func detach() { _ = pthread_detach(handle) }

  /// Waits until the thread has ended.
  public func join() {
    _ = pthread_join(handle, nil)
  }

  /// Carries the closure across `pthread_create`.
  private final class Box {
    let name: String
    let body: () -> Void
    init(name: String, body: @escaping () -> Void) {
      self.name = name
      self.body = body
    }
  }
}

/// The number of this process.
public func processIdentifier() -> Int { Int(getpid()) }

/// How many processors the process may use.
public func processorCount() -> Int { max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))) }

internal import CLinux
internal import Glibc

/// A program that is run and waited for. For hooks of the control plane, never on a loop.
public enum Subprocess {
  /// How it ended.
  public enum End: Equatable, Sendable {
    /// By itself, with this status.
    case exited(Int32)
    /// By a signal, a deadline's included.
    case killed
  }

  /// Runs `words`, the first of which is the program's path: no shell, nothing to read, and what it
  /// writes goes where this process's errors go. Killed when it takes longer.
  public static func run(
    _ words: [String], timeoutMilliseconds: Int
  ) throws(SystemError) -> End {
    precondition(!words.isEmpty, "a program has a path")
    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    defer { unsafe posix_spawn_file_actions_destroy(&actions) }
    unsafe posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    unsafe posix_spawn_file_actions_adddup2(&actions, 2, 1)
    // An edge blocks signals and ignores SIGPIPE; a program that it runs has them as usual.
    var attributes = posix_spawnattr_t()
    unsafe posix_spawnattr_init(&attributes)
    defer { unsafe posix_spawnattr_destroy(&attributes) }
    var nothing = sigset_t()
    unsafe sigemptyset(&nothing)
    unsafe posix_spawnattr_setsigmask(&attributes, &nothing)
    var usual = sigset_t()
    unsafe sigemptyset(&usual)
    unsafe sigaddset(&usual, SIGPIPE)
    unsafe posix_spawnattr_setsigdefault(&attributes, &usual)
    unsafe posix_spawnattr_setflags(
      &attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
    // The child's copies are its own: `strdup` owns them here until the end.
    let arguments = unsafe words.map { unsafe strdup($0) } + [nil]
    defer { unsafe arguments.forEach { unsafe free($0) } }
    var process = pid_t()
    let code = unsafe posix_spawn(&process, words[0], &actions, &attributes, arguments, environ)
    guard code == 0 else { throw SystemError(code: code, call: "posix_spawn") }
    var (status, spent) = (Int32(0), 0)
    while true {
      let ended = unsafe waitpid(process, &status, WNOHANG)
      if ended == process { break }
      if ended < 0, errno != EINTR { throw SystemError(code: errno, call: "waitpid") }
      if spent >= timeoutMilliseconds {
        kill(process, SIGKILL)
        _ = unsafe waitpid(process, &status, 0)
        return .killed
      }
      Thread.pause(milliseconds: 5)
      spent += 5
    }
    return status & 0x7F == 0 ? .exited((status >> 8) & 0xFF) : .killed
  }
}

internal import CLinux

/// Who may see this process's memory.
public enum ProcessMemory {
  /// From here on the process leaves no core dump, and other processes of the same user neither
  /// trace it nor read its memory.
  public static func keepPrivate() {
    // Cannot fail with these arguments.
    _ = homeward_keep_private()
  }
}

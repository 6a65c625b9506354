public import Base
internal import CLinux
internal import Glibc

/// The machine's clocks. Only drivers read them; machines get the time handed in.
public enum Clock {
  /// Now on the monotonic clock.
  public static func monotonic() -> Instant {
    Instant(nanoseconds: nanoseconds(CLOCK_MONOTONIC))
  }

  /// Now on the clock that counts what the monotonic one leaves out, the machine's suspension; of
  /// no use beside `monotonic`.
  public static func boot() -> Instant {
    Instant(nanoseconds: nanoseconds(CLOCK_BOOTTIME))
  }

  /// Now on the wall clock.
  public static func wall() -> WallTime {
    WallTime(microseconds: nanoseconds(CLOCK_REALTIME) / 1000)
  }

  /// Processor time that the calling thread has used so far, nanoseconds; for measurements.
  public static func threadNanoseconds() -> UInt64 { nanoseconds(CLOCK_THREAD_CPUTIME_ID) }

  private static func nanoseconds(_ clock: clockid_t) -> UInt64 {
    var time = timespec()
    // Cannot fail for these clocks with a valid pointer.
    _ = unsafe clock_gettime(clock, &time)
    return UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
  }
}

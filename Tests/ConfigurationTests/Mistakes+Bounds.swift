/// Mistakes in health, timeouts and limits, and what is said about them.
extension Mistake {
  static let bounds: [Mistake] = [
    Mistake(
      "instance: edge-1", "instance: edge-1\ntimeout: { drain: 5s }",
      """
      2:1: error: unknown key `timeout` in the configuration [E201]; did you mean `timeouts`?
      """),
    Mistake(
      "instance: edge-1", "instance: edge-1\nhealth: { path: health }",
      """
      2:17: error: `path` must be a path such as `/health`: from `/`, without a `/` at the end, \
      of letters, digits, `-`, `_`, `.` and `~` [E412]; did you mean `/health`?
      """),
    Mistake(
      "instance: edge-1",
      "instance: edge-1\nhealth: { interval: 200ms, suspect_interval: 400ms }",
      """
      2:46: error: `suspect_interval` (400ms) must not be longer than `interval` (200ms) [E410]
      """),
    Mistake(
      "instance: edge-1", "instance: edge-1\nhealth: { timeout: 1m }",
      """
      2:20: error: `timeout` must be from 20ms to 10s, not 1m [E206]
      """),
    Mistake(
      "instance: edge-1", "instance: edge-1\ntimeouts: { drain: 0s }",
      """
      2:20: error: `drain` must be from 100ms to 10m, not 0s [E206]
      """),
    Mistake(
      "instance: edge-1", "instance: edge-1\ntimeouts: { first-byte: 5s }",
      """
      2:13: error: unknown key `first-byte` in `timeouts` [E201]; did you mean `first_byte`?
      """),
    Mistake(
      "instance: edge-1", "instance: edge-1\ntimeouts: { connect: 100ms, connect_near: 200ms }",
      """
      2:43: error: `connect_near` (200ms) must not be longer than `connect` (100ms) [E410]
      """),
    Mistake(
      "instance: edge-1", "instance: edge-1\ntimeouts: { client_idle: 1d }",
      """
      2:26: error: `client_idle` has the unknown unit `d`; write a duration such as `5s` with \
      one of `ms`, `s`, `m`, `h` [E207]
      """),
    Mistake(
      "instance: edge-1", "instance: edge-1\ntimeouts: { connect: 999h }",
      """
      2:22: error: `connect` must be from 50ms to 30s, not 999h [E206]
      """),
    Mistake(
      "instance: edge-1", "instance: edge-1\nlimits: { header_size: 65536 }",
      """
      2:24: error: `header_size` has no unit; write a size such as `64KiB` with one of `B`, \
      `KiB`, `MiB`, `GiB` [E207]
      """),
    Mistake(
      "instance: edge-1", "instance: edge-1\nlimits: { streams: 0 }",
      """
      2:20: error: `streams` must be from 1 to 10000, not 0 [E206]
      """),
    Mistake(
      "instance: edge-1", "instance: edge-1\nlimits: { send_low_mark: 1MiB }",
      """
      2:26: error: `send_low_mark` (1MiB) must not be above `send_high_mark` (128KiB) [E410]
      """),
    Mistake(
      "instance: edge-1", "instance: edge-1\nlimits: { stream_window: 2MiB }",
      """
      2:26: error: `stream_window` (2MiB) must not be above `connection_window` (1MiB) [E410]
      """),
    Mistake(
      "instance: edge-1", "instance: edge-1\nlimits: { requests_in_fligth: 100 }",
      """
      2:11: error: unknown key `requests_in_fligth` in `limits` [E201]; did you mean \
      `requests_in_flight`?
      """),
    Mistake(
      "instance: edge-1", "instance: edge-1\nlimits:",
      """
      2:1: error: `limits` has no value [E204]
      """),
  ]
}

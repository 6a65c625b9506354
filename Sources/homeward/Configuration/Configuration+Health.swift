internal import StrictYAML

extension Configuration {
  /// How endpoints are probed. A dead endpoint is known after at most
  /// `interval` + 2 × `timeout`: 900 ms by default.
  struct Health: Sendable, Equatable {
    /// The path that tells an endpoint's role, epoch and lag.
    var path = "/health"
    /// Milliseconds from probe to probe of a healthy endpoint.
    var intervalMilliseconds = 400
    /// The same while an endpoint is new or suspect: a verdict is wanted.
    var suspectIntervalMilliseconds = 200
    /// The same while it is down: its return is seen within a second, it is left alone otherwise.
    var downIntervalMilliseconds = 500
    /// Milliseconds until a probe without answer has failed: three round trips across a continent.
    var timeoutMilliseconds = 250
    /// Milliseconds over which an endpoint that comes back takes its share of the load, a minute.
    var slowStartMilliseconds = 60_000
    /// How endpoints come back that were down.
    var recovery = Configuration.Recovery.automatic
  }
}

extension Configuration.Health {
  /// Reads `health`.
  init(_ reader: MappingReader) {
    path = reader.urlPath("path", default: path)
    intervalMilliseconds = reader.durationMilliseconds(
      "interval", in: 50...60_000, default: intervalMilliseconds)
    suspectIntervalMilliseconds = reader.durationMilliseconds(
      "suspect_interval", in: 20...60_000,
      default: min(suspectIntervalMilliseconds, intervalMilliseconds))
    downIntervalMilliseconds = reader.durationMilliseconds(
      "down_interval", in: 50...60_000, default: downIntervalMilliseconds)
    timeoutMilliseconds = reader.durationMilliseconds(
      "timeout", in: 20...10_000, default: timeoutMilliseconds)
    slowStartMilliseconds = reader.durationMilliseconds(
      "slow_start", in: 0...600_000, default: slowStartMilliseconds)
    recovery = reader.enumeration(
      "recovery", of: Configuration.Recovery.self, default: recovery)
    if suspectIntervalMilliseconds > intervalMilliseconds {
      reader.diagnostics.error(
        .combination, at: reader.mark(of: "suspect_interval"),
        "`suspect_interval` (\(durationText(milliseconds: suspectIntervalMilliseconds))) must not"
          + " be longer than `interval` (\(durationText(milliseconds: intervalMilliseconds)))")
    }
    reader.finish()
  }
}

extension Configuration {
  /// Whoever waits for an operator needs one who can let him in.
  func checkRecovery(_ reader: MappingReader) {
    let waits =
      health.recovery == .operator
      || regions.flatMap(\.endpoints).contains { $0.recovery == .operator }
    guard waits, operators == nil else { return }
    reader.diagnostics.error(
      .combination, at: reader.mark(of: health.recovery == .operator ? "health" : "regions"),
      "`recovery: operator` needs `operators`: nobody could let an endpoint in")
  }
}

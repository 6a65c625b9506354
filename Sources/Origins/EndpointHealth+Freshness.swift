internal import Base

// Freshness and role of one endpoint, by what its probes report.

extension EndpointHealth {
  mutating func measure(_ report: ProbeReport, askedAt: Instant) {
    let isPrimary = report.role == .primary
    status.role = isPrimary ? .primary(epoch: report.epoch) : .replica(epoch: report.epoch)
    status.isDraining = report.status == .draining
    status.position = report.position
    status.measuredAt = askedAt
    status.load.take(report.loadPermille, askedAt: askedAt, limits: limits)
    let lag = isPrimary ? 0 : report.lagMilliseconds
    status.reportedLagMilliseconds = lag
    status.homeLagsMilliseconds = regionNames.map { report.homeLagsMilliseconds[$0] }
    status.homePositions = regionNames.map { report.homePositions[$0] }
    status.homeClaims =
      report.homeClaims.isEmpty ? [] : regionNames.map { report.homeClaims[$0] ?? .unknown }
    guard let lag else { return setFreshness(.unmeasured) }
    switch status.freshness {
    case .unmeasured:
      setFreshness(lag > limits.lagMillisecondsMax ? .lagging : .fresh)
    case .fresh:
      turn(lag > limits.lagMillisecondsMax, after: limits.lagRiseCount, to: .lagging)
    case .lagging:
      turn(lag < limits.lagMillisecondsMax / 2, after: limits.lagFallCount, to: .fresh)
    }
  }

  private mutating func turn(_ speaksForIt: Bool, after count: UInt8, to freshness: Freshness) {
    turnCount = speaksForIt ? turnCount + 1 : 0
    if turnCount >= count { setFreshness(freshness) }
  }

  private mutating func setFreshness(_ freshness: Freshness) {
    status.freshness = freshness
    turnCount = 0
  }

  mutating func expireSample(at now: Instant) {
    status.load.expire(at: now)
    guard status.reportedLagMilliseconds != nil,
      now.milliseconds(since: status.measuredAt) > limits.sampleAgeMillisecondsMax
    else { return }
    status.reportedLagMilliseconds = nil
    setFreshness(.unmeasured)
  }
}

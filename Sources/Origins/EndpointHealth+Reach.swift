public import Base

// Whether one endpoint answers: what probes, requests and time do to its reach.

extension EndpointHealth {
  /// So many requests got responses that are no failure.
  public mutating func requestSucceeded(_ count: UInt64 = 1, at now: Instant) {
    failures.succeeded(count, at: now)
    status.ejectionHold = nil
    switch state {
    case .suspect(var suspect):
      suspect.hasRequestFailure = false
      state = .suspect(suspect)
    case .probing(var probing):
      probing.requestCount = UInt8(
        clamping: UInt64(probing.requestCount).addingReportingOverflow(count).partialValue)
      state = .probing(probing)
      if probing.requestCount >= limits.probationRequestCount { warm(at: now) }
    case .unknown, .healthy, .down, .ejected, .warming: break
    }
  }

  /// A request failed. With a `hold` it is not ejected for that, and its status says why.
  public mutating func requestFailed(
    _ failure: RequestFailure, hold: EjectionHold? = nil, at now: Instant,
    using random: inout SplitMix64
  ) {
    if failure == .slow { return probeSoon(at: now) }
    failures.failed(at: now)
    status.lastFailure = .request(failure)
    switch state {
    case .unknown, .down, .ejected:
      return
    case .probing(var probing):
      if ejects(hold, at: now, using: &random) { return }
      probing.requestCount = 0
      state = .probing(probing)
      probeNow(at: now)
    case .healthy, .warming:
      if failures.areTooMany(limits), ejects(hold, at: now, using: &random) { return }
      guard failure.isUnreached,
        failure != .reset || failures.inRowCount >= limits.resetSuspectCount
      else { return }
      enter(.suspect(Suspect(hasRequestFailure: true)), at: now)
      probeNow(at: now)
    case .suspect(var suspect):
      if failure.isUnreached { suspect.hasRequestFailure = true }
      if failures.areTooMany(limits), ejects(hold, at: now, using: &random) { return }
      judge(suspect, at: now)
    }
  }

  /// Whether one more failed request would eject it, if nothing held that back.
  var isNearEjection: Bool {
    switch state {
    case .probing: return true
    case .healthy, .warming, .suspect:
      // The count stays at its maximum: one more would not fit.
      return Int(failures.inRowCount) + 1 >= Int(limits.ejectionFailureCount)
        || failures.areTooMany(limits)
    case .unknown, .down, .ejected: return false
    }
  }

  /// What time alone changes.
  mutating func settle(at now: Instant) {
    if case .warming = state, now >= status.warmUntil { enter(.healthy, at: now) }
    if damping.release(at: now, limits: limits) { status.isSuppressed = false }
  }

  /// A probe succeeded.
  mutating func rise(at now: Instant) {
    switch state {
    case .unknown(var unknown):
      unknown.successCount += 1
      unknown.failureCount = 0
      enter(unknown.successCount >= limits.riseCount ? .healthy : .unknown(unknown), at: now)
    case .healthy, .warming:
      break
    case .suspect:
      enter(now < status.warmUntil ? .warming : .healthy, at: now)
    case .down(let count):
      guard count + 1 >= limits.riseCount else {
        return enter(.down(successCount: count + 1), at: now)
      }
      failures.forget()
      // It is seen to be back: who is configured so waits for a person.
      if endpoint.definition.waitsForOperator, !isExcused { status.isHeldOut = true }
      status.willBeHeldOut = false
      enter(now < failures.ejectedUntil ? .ejected(Ejected()) : .probing(Probing()), at: now)
    case .ejected(var ejected):
      ejected.failureCount = 0
      if now >= failures.ejectedUntil { ejected.successCount += 1 }
      guard ejected.successCount >= limits.riseCount else {
        return enter(.ejected(ejected), at: now)
      }
      failures.forget()
      enter(.probing(Probing()), at: now)
    case .probing(var probing):
      probing.failureCount = 0
      probing.probeCount = probing.probeCount == .max ? .max : probing.probeCount + 1
      state = .probing(probing)
      if !failures.owesProof, probing.probeCount >= limits.probationProbeCount { warm(at: now) }
    }
  }

  /// A probe failed.
  mutating func fall(at now: Instant) {
    switch state {
    case .unknown(var unknown):
      unknown.successCount = 0
      unknown.failureCount += 1
      if isDoubted, endpoint.definition.waitsForOperator { status.isHeldOut = true }
      let isDown = unknown.failureCount >= limits.fallCount
      enter(isDown ? .down(successCount: 0) : .unknown(unknown), at: now)
    case .healthy, .warming:
      judge(Suspect(probeFailureCount: 1, hasRequestFailure: false), at: now)
    case .suspect(var suspect):
      suspect.probeFailureCount += 1
      judge(suspect, at: now)
    case .down:
      enter(.down(successCount: 0), at: now)
    case .ejected(var ejected):
      ejected.successCount = 0
      ejected.failureCount += 1
      let isDown = ejected.failureCount >= limits.fallCount
      enter(isDown ? .down(successCount: 0) : .ejected(ejected), at: now)
    case .probing(var probing):
      probing.probeCount = 0
      probing.failureCount += 1
      let isDown = probing.failureCount >= limits.fallCount
      enter(isDown ? .down(successCount: 0) : .probing(probing), at: now)
    }
  }

  /// A probe failed in a way that leaves no doubt.
  mutating func fallAtOnce(at now: Instant) { enter(.down(successCount: 0), at: now) }

  /// It comes back by itself when it comes back: an operator lets it in, or nobody knows whether it
  /// fell at all, since the edge doubts itself.
  mutating func excuse(letsIn: Bool) {
    isExcused = true
    isDoubted = false
    status.willBeHeldOut = false
    if letsIn { status.isHeldOut = false }
  }

  /// What was kept of it before this process began; see `HoldOuts`.
  mutating func remember(isHeldOut: Bool, isKnown: Bool) {
    guard endpoint.definition.waitsForOperator else { return }
    status.isHeldOut = isHeldOut
    isDoubted = !isKnown
  }

  private mutating func enter(_ new: State, at now: Instant) {
    state = new
    guard status.reach != new.reach else { return }
    status.reach = new.reach
    status.reachSince = now
    guard new.reach == .down else { return }
    isExcused = false
    status.willBeHeldOut = endpoint.definition.waitsForOperator
    status.warmUntil = Instant(nanoseconds: 0)
    status.ejectionHold = nil
    damping.fell(at: now, limits: limits)
    status.isSuppressed = damping.isSuppressed
  }

  /// DOWN when two probes failed, or a probe and a request agree.
  private mutating func judge(_ suspect: Suspect, at now: Instant) {
    let isDown =
      suspect.probeFailureCount >= limits.fallCount
      || (suspect.probeFailureCount >= 1 && suspect.hasRequestFailure)
    enter(isDown ? .down(successCount: 0) : .suspect(suspect), at: now)
  }

  /// It is back: its share of the load grows from now on.
  private mutating func warm(at now: Instant) {
    failures.proved()
    guard limits.slowStartMilliseconds > 0 else { return enter(.healthy, at: now) }
    status.warmUntil = now.adding(milliseconds: limits.slowStartMilliseconds)
    enter(.warming, at: now)
  }

  /// Ejects it, or says why not; false when it stays.
  private mutating func ejects(
    _ hold: EjectionHold?, at now: Instant, using random: inout SplitMix64
  ) -> Bool {
    status.ejectionHold = hold
    guard hold == nil else { return false }
    failures.eject(at: now, limits: limits, using: &random)
    status.warmUntil = Instant(nanoseconds: 0)
    enter(.ejected(Ejected()), at: now)
    return true
  }
}

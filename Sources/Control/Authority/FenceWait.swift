public import Base

/// When whoever fences a domain may be sure that no edge starts a write there any more.
///
/// Either every registered edge has acknowledged, or no lease that was valid when FENCING was
/// committed can be valid still. The time is the waiter's own, on the clock that counts suspension;
/// no edge's clock is compared with it. Pure; owned by whoever waits.
public struct FenceWait: Sendable {
  /// What a look at the registrations says.
  public enum Verdict: Equatable, Sendable {
    /// All edges acknowledged: go on.
    case acknowledged
    /// These did not yet: look again soon.
    case waits(for: [String])
    /// Every lease is over: go on. The silent ones' files did not change in all that time.
    case leaseOver(silent: [String])
  }

  private let record: AuthorityRecord
  private let committedAt: Instant
  private var first: [String: EdgeRegistration] = [:]
  private var changed: Set<String> = []

  /// Begins to wait for the end of writes under `record`, which is FENCING and was committed not
  /// later than `committedAt`, on CLOCK_BOOTTIME of this machine. Whoever resumes a wait and does
  /// not know when it began begins it anew.
  public init(_ record: AuthorityRecord, committedAt: Instant) {
    self.record = record
    self.committedAt = committedAt
  }

  /// Judges the registrations that were read after `now` was.
  public mutating func look(_ registrations: [EdgeRegistration], at now: Instant) -> Verdict {
    for registration in registrations {
      if let before = first.updateValue(registration, forKey: registration.edge),
        before != registration
      {
        changed.insert(registration.edge)
      }
    }
    let missing = registrations.filter { !$0.acknowledges(record) }.map(\.edge)
    if missing.isEmpty { return .acknowledged }
    guard now.milliseconds(since: committedAt) >= Limits.fenceWaitMilliseconds else {
      return .waits(for: missing)
    }
    return .leaseOver(silent: missing.filter { !changed.contains($0) })
  }
}

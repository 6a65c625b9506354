import Base

/// What a log did not keep between two batches, and when.
///
/// A full log goes on: the next batch says how much is missing at that place. A log that failed
/// writes nothing any more; what is missing behind its end, its last heartbeat cannot say.
struct LogGap: Equatable, Sendable {
  /// What a record that was not kept would have told.
  enum Kind: Sendable {
    /// A decision, which was carried out all the same or answered with 503.
    case decision(isCarriedOut: Bool)
    case outcome
    case event
  }

  private var counters = AuditCounters()
  /// How many of the dropped ones are outcomes.
  private var outcomeCount: UInt64 = 0
  private var first = WallTime(microseconds: .max)
  private var last = WallTime(microseconds: 0)

  /// One more record is not kept. Loops append in turn, so times come in any order.
  mutating func add(_ kind: Kind, at time: WallTime) {
    switch kind {
    case .decision(let isCarriedOut):
      counters.decided += 1
      if isCarriedOut { counters.lost += 1 } else { counters.refused += 1 }
    case .outcome:
      counters.dropped += 1
      outcomeCount += 1
    case .event: counters.dropped += 1
    }
    first = min(first, time)
    last = max(last, time)
  }

  /// What the log says about it; nil when nothing is missing.
  var record: EventRecord? {
    guard counters != AuditCounters() else { return nil }
    var record = EventRecord(kind: .gap, time: last)
    record.since = first
    record.counters = counters
    record.detail = .text(
      "not kept since \(AuditText.timestamp(first)): \(counters.lost) decisions carried out,"
        + " \(counters.refused) refused, \(outcomeCount) outcomes,"
        + " \(counters.dropped - outcomeCount) events")
    return record
  }
}

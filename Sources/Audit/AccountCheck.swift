/// Recounts the decisions of a log between its heartbeats. Pure; one log, in order.
///
/// A heartbeat claims how many decisions the log took since its process started. Whoever recounts
/// them needs no trust in the process that wrote them, except that it counted what it decided.
public struct AccountCheck: Sendable {
  /// Decisions that came before this log in the same process.
  private var earlier: UInt64 = 0
  /// Decisions since the process or the log began.
  private var decisions: UInt64 = 0
  /// The last heartbeat's sums of the same process.
  private var last: AuditCounters?
  /// Decisions carried out without a record, as gaps tell since the process began.
  private var told: UInt64 = 0

  /// Starts before the first entry.
  public init() {}

  /// Takes one entry; says what is wrong with it, nil when nothing is.
  public mutating func take(_ entry: UnsafeRawBufferPointer) -> String? {
    guard let kind = unsafe Self.kind(of: entry) else { return "it is no record" }
    switch kind {
    case .decision:
      decisions += 1
      return unsafe Self.isWellFormed(entry) ? nil : "it is a damaged decision"
    case .outcome: return unsafe Self.isWellFormed(entry) ? nil : "it is a damaged outcome"
    case .start, .logOpen, .heartbeat, .gap:
      guard case .event(let event)? = try? unsafe AuditRecord(decoding: entry) else {
        return "it is a damaged event"
      }
      return take(event)
    default: return unsafe Self.isWellFormed(entry) ? nil : "it is a damaged event"
    }
  }

  private mutating func take(_ event: EventRecord) -> String? {
    let sums = event.counters
    if event.kind == .gap {
      told &+= sums.lost
      return nil
    }
    guard event.kind == .heartbeat else {
      // A process that starts counts from zero; a log that begins under a running one goes on.
      earlier = event.kind == .logOpen ? sums.committed : 0
      told = event.kind == .logOpen ? sums.lost : 0
      decisions = 0
      last = nil
      return nil
    }
    defer { last = sums }
    let parts = sums.committed &+ sums.refused &+ sums.lost &+ sums.pending
    if sums.decided != parts {
      return "decided \(sums.decided) is not committed \(sums.committed) + refused \(sums.refused)"
        + " + lost \(sums.lost) + pending \(sums.pending)"
    }
    // What is lost has no record, or stands behind the last heartbeat that a log can hold.
    let claimed = sums.committed &+ sums.pending &- earlier
    if claimed != decisions {
      return "it claims \(claimed) decisions since the start, but \(decisions) are there"
    }
    if let last {
      if sums.decided < last.decided || sums.refused < last.refused || sums.lost < last.lost {
        return "its sums are smaller than those of the heartbeat before"
      }
      // What was lost by then stands in a gap by now: the batch of a heartbeat tells it.
      if told < last.lost {
        return "\(last.lost) decisions had no record at the heartbeat before, but gaps tell of"
          + " \(told)"
      }
    }
    return nil
  }

  /// What an entry tells; nil when this program does not know.
  public static func kind(of entry: UnsafeRawBufferPointer) -> RecordKind? {
    guard entry.count >= 2, unsafe entry[0] == RecordReader.version else { return nil }
    return unsafe RecordKind(rawValue: entry[1])
  }

  /// Whether all fields can be told apart.
  private static func isWellFormed(_ entry: UnsafeRawBufferPointer) -> Bool {
    guard var reader = try? unsafe RecordReader(entry) else { return false }
    do throws(RecordFault) {
      while try reader.next() != nil {}
      return true
    } catch {
      return false
    }
  }
}

/// One thing that happened, as exports to other programs tell it: a decision with its outcome, or an
/// event of the edge.
public struct ExportedRecord: Equatable, Sendable {
  /// What happened.
  public enum Subject: Equatable, Sendable {
    /// A request was judged; its outcome is nil when the log does not hold it.
    case exchange(DecisionRecord, OutcomeRecord?)
    /// An outcome whose decision lies in a log that is not exported.
    case outcome(OutcomeRecord)
    /// Something happened to the edge or its log.
    case event(EventRecord)
  }

  /// The log and the index of its first entry in it: what `audit prove` takes.
  public var place: EntryPlace
  /// What happened.
  public var subject: Subject

  /// Makes a record.
  public init(place: EntryPlace, subject: Subject) {
    self.place = place
    self.subject = subject
  }
}

/// Where an entry stands.
public struct EntryPlace: Equatable, Sendable {
  /// The edge that wrote it.
  public var instance: String
  /// The log.
  public var origin: String
  /// The entry's index in it.
  public var index: UInt64

  /// Makes a place.
  public init(instance: String, origin: String, index: UInt64) {
    self.instance = instance
    self.origin = origin
    self.index = index
  }
}

/// Joins decisions to their outcomes, which follow some entries later. One class's logs, in order.
public struct RecordJoin {
  /// Decisions that wait for their outcome, by id.
  private var waiting: [AuditID: (place: EntryPlace, record: DecisionRecord)] = [:]
  /// Their ids in the order of the log, also of those that are gone.
  private var order: [AuditID] = []
  /// The first of `order` that may still wait.
  private var head = 0
  /// How many may wait: more than any edge serves at once.
  private let waitingCountMax: Int

  /// Starts without any.
  public init(waitingCountMax: Int = 65_536) {
    precondition(waitingCountMax > 0, "somebody must be able to wait")
    self.waitingCountMax = waitingCountMax
  }

  /// Takes the next entry; gives what is complete with it.
  public mutating func take(_ record: AuditRecord, at place: EntryPlace) -> [ExportedRecord] {
    switch record {
    case .decision(let decision):
      waiting[decision.id] = (place, decision)
      order.append(decision.id)
      return waiting.count > waitingCountMax ? oldest().map { [$0] } ?? [] : []
    case .outcome(let outcome):
      guard let decided = waiting.removeValue(forKey: outcome.id) else {
        return [ExportedRecord(place: place, subject: .outcome(outcome))]
      }
      if waiting.isEmpty { forget() }
      return [
        ExportedRecord(place: decided.place, subject: .exchange(decided.record, outcome))
      ]
    case .event(let event):
      // Whoever decided before a start is gone: those outcomes do not come any more.
      let lost = event.kind == .start ? finish() : []
      return lost + [ExportedRecord(place: place, subject: .event(event))]
    }
  }

  /// Gives what is left, whose outcomes are not known.
  public mutating func finish() -> [ExportedRecord] {
    var rest: [ExportedRecord] = []
    while let next = oldest() { rest.append(next) }
    forget()
    return rest
  }

  /// Gives up waiting for the oldest one; nil when none waits.
  private mutating func oldest() -> ExportedRecord? {
    while head < order.count {
      let id = order[head]
      head += 1
      guard let decided = waiting.removeValue(forKey: id) else { continue }
      if head > waitingCountMax {
        order.removeFirst(head)
        head = 0
      }
      return ExportedRecord(place: decided.place, subject: .exchange(decided.record, nil))
    }
    return nil
  }

  /// Nobody waits: the order of those who did is not needed.
  private mutating func forget() {
    order.removeAll(keepingCapacity: true)
    head = 0
  }
}

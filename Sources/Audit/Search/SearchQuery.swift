public import Base

/// What somebody looks for in a log; all that is given must hold.
///
/// A decision is compared with everything. An outcome says its decision, region and time only, so
/// it is found by those alone; but where a request ran that could not run where it was meant to,
/// its outcome alone knows, so a region is also looked for in the outcomes of decisions that answer
/// the rest.
public struct SearchQuery: Sendable {
  /// A patient's id, as the request named it.
  public var patient: String?
  /// A subject, as it was established.
  public var user: String?
  /// The organisation for which the user acted.
  public var tenant: String?
  /// A decision; its outcome is found too.
  public var decision: AuditID?
  /// The region that was chosen, or that answered.
  public var region: String?
  /// The data class.
  public var dataClass: DataClass?
  /// What kind of refusal.
  public var refusal: Refusal?
  /// The earliest instant.
  public var from: WallTime?
  /// The first instant that is too late.
  public var to: WallTime?

  /// A kind of refusal, or all of them.
  public enum Refusal: Equatable, Sendable {
    /// Anything but a permission.
    case any
    /// Refused or rejected in this way.
    case verdict(Verdict)

    /// Reads a stored word or `any`; nil for what is no refusal.
    public init?(word: String) {
      if word == "any" {
        self = .any
        return
      }
      guard let verdict = Verdict(word: word), verdict != .permit else { return nil }
      self = .verdict(verdict)
    }

    /// The words that can be looked for.
    public static var words: [String] {
      ["any", Verdict.reject.word] + RefusalKind.allCases.map(\.rawValue)
    }
  }

  /// A query that everything answers.
  public init() {}

  /// Whether everything answers it.
  public var isOpen: Bool {
    patient == nil && user == nil && tenant == nil && decision == nil && region == nil
      && dataClass == nil && refusal == nil && from == nil && to == nil
  }

  /// Whether a log's keys are needed to ask it.
  public var needsKeys: Bool { patient != nil || user != nil }

  /// The query as one log can answer it; nil when its keys are needed and missing.
  public func bound(to keys: inout LogKeys?) -> LogQuery? {
    var query = LogQuery(self)
    if let patient {
      guard let token = keys?.token(patient: patient) else { return nil }
      query.patient = token
      query.terms.append(SearchTerm(.patient, token))
    }
    if let user {
      guard let token = keys?.token(subject: user) else { return nil }
      query.subject = token
      query.terms.append(SearchTerm(.subject, token))
    }
    return query
  }
}

/// A query in the words of one log.
public struct LogQuery: Sendable {
  private let query: SearchQuery
  fileprivate(set) var patient: AuditID?
  fileprivate(set) var subject: AuditID?
  /// Whether an outcome may complete what a decision answers in part.
  private let isJoined: Bool
  /// What the index is asked: an entry that answers the query, outcomes aside, has all of these.
  public fileprivate(set) var terms: [SearchTerm] = []

  fileprivate init(_ query: SearchQuery) {
    self.query = query
    isJoined =
      query.region != nil
      && (query.needsKeys || query.tenant != nil || query.dataClass != nil || query.refusal != nil)
    if let decision = query.decision { terms.append(SearchTerm(.decision, decision)) }
    if let tenant = query.tenant { terms.append(SearchTerm(.tenant, tenant)) }
    if let region = query.region, !isJoined { terms.append(SearchTerm(.region, region)) }
    if let dataClass = query.dataClass {
      terms.append(SearchTerm(.dataClass, dataClass.rawValue))
    }
    switch query.refusal {
    case .any?: terms.append(SearchTerm(.refusal, ""))
    case .verdict(let verdict)?: terms.append(SearchTerm(.refusal, verdict.word))
    case nil: break
    }
  }

  /// Whether something at one of these times can answer it.
  public func concerns(_ times: ClosedRange<WallTime>) -> Bool {
    if let from = query.from, times.upperBound < from { return false }
    if let to = query.to, times.lowerBound >= to { return false }
    return true
  }

  /// When an entry was recorded, and whether it may answer the query by its terms.
  public func examine(
    _ entry: UnsafeRawBufferPointer
  ) -> (time: WallTime, mayMatch: Bool) {
    // A query has seven terms at most.
    var missing = UInt8(truncatingIfNeeded: 1 << terms.count - 1)
    let facts = unsafe SearchFacts(entry) { term in
      for (place, wanted) in terms.enumerated() where wanted == term {
        missing &= ~(1 << UInt8(truncatingIfNeeded: place))
      }
    }
    let mayMatch = facts.isFound && missing == 0 && concerns(facts.time...facts.time)
    return (facts.time, mayMatch)
  }

  /// How a record answers it.
  public enum Answer: Equatable, Sendable {
    case no
    case yes
    /// If this decision's outcome says so; see `isServed`.
    case byOutcome(AuditID)
  }

  /// Whether a record answers it.
  public func answer(_ record: AuditRecord) -> Answer {
    switch record {
    case .decision(let record):
      guard matches(record) else { return .no }
      if query.region == nil || isThere(record.region) { return .yes }
      return isJoined ? .byOutcome(record.id) : .no
    case .outcome(let record): return matches(record) ? .yes : .no
    case .event: return .no
    }
  }

  /// Whether an outcome completes the answer of its decision.
  public func isServed(_ record: OutcomeRecord) -> Bool { isThere(record.region) }

  private func isThere(_ region: Name) -> Bool {
    query.region.map { region == .text($0) } ?? false
  }

  /// Compares everything but the region.
  private func matches(_ record: DecisionRecord) -> Bool {
    guard concerns(record.time...record.time) else { return false }
    if let decision = query.decision, record.id != decision { return false }
    if query.patient != nil, record.patient == nil || record.patient != patient { return false }
    if query.user != nil, record.subjectToken == nil || record.subjectToken != subject {
      return false
    }
    if let tenant = query.tenant, record.conditions.tenant != .text(tenant) { return false }
    if let dataClass = query.dataClass, record.dataClass != dataClass { return false }
    switch query.refusal {
    case .any?: return record.verdict != .permit
    case .verdict(let verdict)?: return record.verdict == verdict
    case nil: return true
    }
  }

  private func matches(_ record: OutcomeRecord) -> Bool {
    if query.needsKeys || query.tenant != nil || query.dataClass != nil || query.refusal != nil {
      return false
    }
    if let decision = query.decision, record.id != decision { return false }
    if query.region != nil, !isThere(record.region) { return false }
    return concerns(record.time...record.time)
  }
}

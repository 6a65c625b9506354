import Audit
import Base
import Native
import Testing

@testable import Edge

/// A log of random decisions and outcomes among few people and places, and all that was written to
/// it in the clear: the slow referee of the search.
final class SearchedLog {
  let disk = FaultyDisk()
  var random: SplitMix64
  /// What stands in the log under way, by index.
  private(set) var written: [UInt64: AuditRecord] = [:]
  private(set) var size: UInt64 = 1
  private(set) var path: String
  let shape: SearchBlockShape
  private var log: LogWriter
  private var time = auditTime
  private var decisionCount: UInt64 = 0
  /// Decisions without an outcome.
  private var open: [AuditID] = []
  private var indexer: AuditIndexer

  static let regions = ["us-west", "us-east", "eu-north"]
  static let tenants = ["mercy", "st-mary", "county"]

  /// Blocks of so many entries, segments of so many bytes.
  init(seed: UInt64, blockEntryCount: Int = 16, segmentByteCountMax: Int = 12_000) throws {
    random = SplitMix64(seed: seed)
    var shape = SearchBlockShape()
    shape.entryCountMax = blockEntryCount
    shape.termPostingsMax = max(3, blockEntryCount / 4)
    self.shape = shape
    log = try LogWriter(disk, segmentByteCountMax: segmentByteCountMax)
    path = "audit/\(log.writer.state(of: 0).name.folder)"
    indexer = AuditIndexer(path, isThorough: true, disk: disk, shape: shape)
  }

  /// Appends a group of so many records; a checkpoint covers them if wanted.
  func append(_ count: Int, isSigned: Bool = true) throws {
    let records = (0..<count).map { _ in record() }
    for record in records {
      written[size] = record
      size += 1
    }
    #expect(try log.write(records) == size)
    if isSigned { try log.writer.publish() }
  }

  /// Begins the next month's log.
  func rotate() throws {
    let next = WallTime(microseconds: auditTime.microseconds + 20 * 86_400_000_000)
    try log.writer.rotate(at: next) { _ in AuditCounters() }
    path = "audit/\(log.writer.state(of: 0).name.folder)"
    indexer = AuditIndexer(path, isThorough: true, disk: disk, shape: shape)
    (written, size, time) = ([:], 1, next)
  }

  /// Makes blocks, all that are due or so many steps.
  func index(stepsMax: Int = .max, isClosed: Bool = false) throws {
    for _ in 0..<stepsMax where try indexer.step(isClosed: isClosed) == .caughtUp { return }
  }

  /// Makes blocks as another process would.
  func indexAnew(isClosed: Bool = false) throws -> AuditIndexer {
    indexer = AuditIndexer(path, isThorough: true, disk: disk, shape: shape)
    try index(isClosed: isClosed)
    return indexer
  }

  private func pick<T>(_ values: [T]) -> T {
    values[Int.random(in: 0..<values.count, using: &random)]
  }

  private func record() -> AuditRecord {
    // Clocks are set back now and then.
    let step = UInt64.random(in: 0...3_000_000, using: &random)
    let isBack = Int.random(in: 0..<10, using: &random) == 0
    time.microseconds = isBack ? time.microseconds - step : time.microseconds + step
    switch Int.random(in: 0..<10, using: &random) {
    case 0:
      return .event(EventRecord(kind: .operatorAction, time: time))
    case 1...3:
      var outcome = OutcomeRecord()
      // Of one that is open, if any, and never of one twice.
      let place = Int.random(in: 0...open.count, using: &random)
      outcome.id = place < open.count ? open.remove(at: place) : AuditID(high: 8, low: 0)
      outcome.time = time
      outcome.region = .text(pick(Self.regions + [""]))
      return .outcome(outcome)
    default:
      var decision = DecisionRecord()
      decisionCount += 1
      (decision.id, decision.time) = (AuditID(high: 7, low: decisionCount), time)
      open.append(decision.id)
      decision.patientID = patient() ?? PatientIdentifier()
      decision.subject = .text(pick(["", "ann", "bob", "carl"]))
      decision.conditions.tenant = .text(pick(Self.tenants + [""]))
      decision.dataClass = pick([.vitals, .notes, .imaging, .unknown])
      decision.region = .text(pick(Self.regions + [""]))
      let refusals = RefusalKind.allCases.map { Verdict.refuse($0) }
      decision.verdict = pick([.permit, .permit, .permit, .permit, .reject] + refusals)
      return .decision(decision)
    }
  }

  /// The id of a decision, or one that there is not yet.
  private func id() -> AuditID {
    AuditID(high: 7, low: UInt64.random(in: 0...(decisionCount + 1), using: &random))
  }

  private func patient() -> PatientIdentifier? {
    let text = Array(pick(["", "p1", "p2", "p3", "p4", "p5"]).utf8)
    return unsafe text.withUnsafeBytes { unsafe PatientIdentifier($0) }
  }

  /// A query of one to nine parts.
  func query() -> SearchQuery {
    var query = SearchQuery()
    func maybe() -> Bool { Int.random(in: 0..<4, using: &random) == 0 }
    repeat {
      if maybe() { query.patient = pick(["p1", "p2", "p3", "nobody"]) }
      if maybe() { query.user = pick(["ann", "bob", "dora"]) }
      if maybe() { query.tenant = pick(Self.tenants) }
      if maybe() { query.decision = id() }
      if maybe() { query.region = pick(Self.regions) }
      if maybe() { query.dataClass = pick([.vitals, .notes, .billing]) }
      if maybe() {
        query.refusal = pick([.any, .verdict(.reject), .verdict(.refuse(.forbidden))])
      }
      if maybe() { query.from = WallTime(microseconds: time.microseconds - 60_000_000) }
      if maybe() { query.to = WallTime(microseconds: time.microseconds - 20_000_000) }
    } while query.isOpen
    return query
  }

  /// The indexes that a query finds, by looking at everything that was written.
  func referee(_ query: SearchQuery) -> [UInt64] {
    written.keys.sorted().filter { index in
      switch written[index] {
      case .decision(let record): return answers(record, query)
      case .outcome(let record): return answers(record, query)
      default: return false
      }
    }
  }

  /// The outcome of a decision, or the decision of an outcome.
  private func other(_ id: AuditID, isOutcome: Bool) -> AuditRecord? {
    written.values.first { record in
      switch record {
      case .decision(let record): !isOutcome && record.id == id
      case .outcome(let record): isOutcome && record.id == id
      case .event: false
      }
    }
  }

  private func answers(_ record: DecisionRecord, _ query: SearchQuery) -> Bool {
    guard let region = query.region else { return answersWithoutRegion(record, query) }
    var isThere = record.region.string == region
    if case .outcome(let outcome)? = other(record.id, isOutcome: true), isJoined(query) {
      isThere = isThere || outcome.region.string == region
    }
    return isThere && answersWithoutRegion(record, query)
  }

  /// Whether the query asks for what decisions alone say, besides a region.
  private func isJoined(_ query: SearchQuery) -> Bool {
    query.region != nil
      && (query.patient != nil || query.user != nil || query.tenant != nil
        || query.dataClass != nil || query.refusal != nil)
  }

  private func answersWithoutRegion(_ record: DecisionRecord, _ query: SearchQuery) -> Bool {
    var answers = Self.isWithin(record.time, query)
    if let patient = query.patient { answers = answers && record.patientID.string == patient }
    if let user = query.user { answers = answers && record.subject.string == user }
    if let tenant = query.tenant {
      answers = answers && record.conditions.tenant.string == tenant
    }
    if let decision = query.decision { answers = answers && record.id == decision }
    if let dataClass = query.dataClass { answers = answers && record.dataClass == dataClass }
    switch query.refusal {
    case .any?: return answers && record.verdict != .permit
    case .verdict(let verdict)?: return answers && record.verdict == verdict
    case nil: return answers
    }
  }

  private func answers(_ record: OutcomeRecord, _ query: SearchQuery) -> Bool {
    if isJoined(query), case .decision(let decision)? = other(record.id, isOutcome: false) {
      // The evidence for a decision that was carried out elsewhere.
      return decision.region.string != query.region && record.region.string == query.region
        && answersWithoutRegion(decision, query)
    }
    var answers = Self.isWithin(record.time, query)
    answers = answers && query.patient == nil && query.user == nil && query.tenant == nil
    answers = answers && query.dataClass == nil && query.refusal == nil
    if let decision = query.decision { answers = answers && record.id == decision }
    if let region = query.region { answers = answers && record.region.string == region }
    return answers
  }

  private static func isWithin(_ time: WallTime, _ query: SearchQuery) -> Bool {
    if let from = query.from, time.microseconds < from.microseconds { return false }
    if let to = query.to, time.microseconds >= to.microseconds { return false }
    return true
  }

  /// What the search finds, and how far its answer goes.
  func search(
    _ query: SearchQuery, usesIndex: Bool = true
  ) throws -> (found: [UInt64], entries: [[UInt8]], coverage: AuditSearch.Coverage) {
    let folder = try AuditFolder(path, disk: disk)
    var keys = try folder.keys(operatorKey: [UInt8](repeating: 7, count: 32))
    var found: [UInt64] = []
    var entries: [[UInt8]] = []
    let coverage = try AuditSearch.run(query, in: folder, keys: &keys, usesIndex: usesIndex) {
      found.append($0.index)
      entries.append($0.entry)
      return true
    }
    return (found, entries, try #require(coverage))
  }

  /// Asks so many random queries and compares the answers with the referee's; says how many entries
  /// the index answered for.
  @discardableResult
  func expectRightAnswers(_ count: Int = 12) throws -> UInt64 {
    var indexed: UInt64 = 0
    for _ in 0..<count {
      let query = query()
      let (found, _, coverage) = try search(query)
      // A decision is told when its outcome is, if that decides.
      #expect(found.sorted() == referee(query), "\(query)")
      #expect(coverage.endIndex == size && coverage.hitCount == UInt64(found.count))
      #expect(coverage.indexedCount + coverage.scannedCount == size)
      indexed += coverage.indexedCount
    }
    return indexed
  }

  /// The files of the index.
  func blocks() throws -> [String: [UInt8]] {
    var blocks: [String: [UInt8]] = [:]
    for name in try disk.names(in: path) where name.hasSuffix(".index") {
      blocks[name] = disk.files["\(path)/\(name)"]?.current
    }
    return blocks
  }
}

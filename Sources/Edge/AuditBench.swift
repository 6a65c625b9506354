internal import Audit
internal import Base
internal import Native
internal import Reactor
internal import Synchronization

/// Measures the audit log alone: one loop appends decisions at a rate, the real committer writes
/// them to a real disk.
final class AuditBench: TimerTarget {
  /// What was measured.
  struct Result: Sendable {
    /// Records that were appended.
    var recordCount: UInt64 = 0
    /// Appends that the log refused because too much was waiting.
    var refusedCount: UInt64 = 0
    /// How long it took until all were durable, nanoseconds.
    var nanoseconds: UInt64 = 0
    /// Processor time in `append` on the loop's thread, nanoseconds in all.
    var appendNanoseconds: UInt64 = 0
    /// Processor time of the committer's thread, nanoseconds.
    var committerNanoseconds: UInt64 = 0
    /// Groups that were written.
    var groupCount: UInt64 = 0
    /// Bytes of the entries as stored.
    var byteCount: UInt64 = 0
    /// Entries that were in the search index when all were durable.
    var indexedCount: UInt64 = 0
    /// From an append to its durability, for the oldest record of each group, microseconds, sorted.
    var waitMicroseconds: [UInt64] = []
  }

  private let loop: EventLoop
  private let log: AuditLog
  private let rate: UInt64
  private let endAt: Instant
  private let startedAt: Instant
  private var record = DecisionRecord()
  private var result = Result()
  /// The first record behind each known group, and when it was appended.
  private var oldest: (sequence: UInt64, at: Instant)?
  private var next: (sequence: UInt64, at: Instant)?
  private var lastSequence: UInt64 = 0

  /// How often the loop appends: a turn of a busy loop.
  private static let turnMilliseconds: UInt64 = 1

  private init(loop: EventLoop, log: AuditLog, rate: UInt64, seconds: UInt64) {
    self.loop = loop
    self.log = log
    self.rate = rate
    startedAt = loop.now
    endAt = loop.now.adding(milliseconds: 1000 * seconds)
    Self.fill(&record)
  }

  /// Runs for `seconds` in a new log below `options.directory`, at `rate` records a second; 0 is as
  /// fast as the log takes them.
  static func run(
    _ options: AuditOptions, rate: UInt64, seconds: UInt64
  ) throws -> Result {
    let writer = try AuditWriter(options, at: Clock.wall())
    let log = try AuditLog(options)
    log.append(EventRecord(kind: .start, time: Clock.wall()))
    let mailbox: Mailbox<WorkerMessage> = try Mailbox()
    let edgeLog = EdgeLog.silent
    let bench = AuditBench(loop: try EventLoop(), log: log, rate: rate, seconds: seconds)
    try mailbox.attach(to: bench.loop) { [unowned bench] in bench.received($0) }
    let time = Shared()
    let thread = try Thread(name: "homeward-audit") {
      if let committer = try? AuditCommitter(
        log: log, writer: writer, options: options, workers: [mailbox], edgeLog: edgeLog)
      {
        try? committer.run()
      }
      time.value.store(Clock.threadNanoseconds(), ordering: .releasing)
    }
    let stopIndex = try Mailbox<AuditIndexThread.Stop>()
    let index = try AuditIndexThread.start(options.directory, stop: stopIndex, log: edgeLog)
    bench.loop.schedule(at: bench.loop.now, bench)
    bench.loop.run()
    log.inbox.post(.stop)
    thread.join()
    stopIndex.post(AuditIndexThread.Stop())
    index.join()
    var query = SearchQuery()
    var keys: LogKeys?
    query.decision = AuditID(high: 0, low: 0)
    let folder = try AuditFolder("\(options.directory)/\(writer.state(of: 0).name.folder)")
    let coverage = try AuditSearch.run(query, in: folder, keys: &keys) { _ in true }
    bench.result.indexedCount = coverage?.indexedCount ?? 0
    bench.result.committerNanoseconds = time.value.load(ordering: .acquiring)
    bench.result.byteCount = UInt64(writer.byteCount)
    bench.result.waitMicroseconds.sort()
    return bench.result
  }

  /// Carries a number from the committer's thread.
  private final class Shared: Sendable {
    let value = Atomic<UInt64>(0)
  }

  /// A decision of about 400 bytes as stored, the usual size.
  static func fill(_ record: inout DecisionRecord) {
    record.address = .v4(0x7F01_0001)
    record.subject = "CN=Dr Ann Lee, OU=Cardiology, O=Example Clinic"
    record.location = Place("US-AZ") ?? .unknown
    record.locationProvenance = .geoDatabase
    record.method = "GET"
    record.operation = .search
    record.resourceType = "Observation"
    let patient: StaticString = "az100200"
    unsafe record.patientID =
      PatientIdentifier(
        UnsafeRawBufferPointer(start: patient.utf8Start, count: patient.utf8CodeUnitCount))
      ?? PatientIdentifier()
    record.dataClass = .vitals
    record.sensitivity = .normal
    record.confidence = "exact"
    record.ambiguity = "none"
    record.home = "us-west"
    record.residency = record.location
    record.consent = .granted
    record.policyName = "clinical-routing"
    record.policyVersion = 12
    record.policyHash = .bytes([UInt8](repeating: 0xAB, count: 32))
    record.rule = "R-12"
    record.verdict = .permit
    record.region = "us-west"
    record.endpoint = "us-west-2"
    record.candidates = [
      RecordedCandidate(
        region: "us-west", tier: .replica, stalenessMilliseconds: 5_000, isMarked: false),
      RecordedCandidate(
        region: "us-west", tier: .primary, stalenessMilliseconds: nil, isMarked: false),
    ]
  }

  func timerFired(token: Int) {
    let now = Clock.monotonic()
    guard now < endAt else { return finish() }
    let elapsed = now.nanoseconds - startedAt.nanoseconds
    // What was refused is not tried again: it was due too.
    let done = result.recordCount + result.refusedCount
    let due = rate == 0 ? done + 4_096 : elapsed / 1_000 * rate / 1_000_000
    let wall = Clock.wall()
    let count = due > done ? due - done : 0
    let start = Clock.threadNanoseconds()
    append(count, at: wall, now)
    result.appendNanoseconds += Clock.threadNanoseconds() - start
    if count > 0 { log.requestCommit() }
    loop.schedule(at: loop.now.adding(milliseconds: Self.turnMilliseconds), self)
  }

  private func append(_ count: UInt64, at wall: WallTime, _ now: Instant) {
    record.time = wall
    for _ in 0..<count {
      record.id = AuditID(high: wall.microseconds, low: result.recordCount)
      guard case .accepted(let sequence) = log.append(record) else {
        result.refusedCount += 1
        continue
      }
      result.recordCount += 1
      lastSequence = sequence
      if oldest == nil { oldest = (sequence, now) } else if next == nil { next = (sequence, now) }
    }
  }

  private func received(_ message: WorkerMessage) {
    guard case .durable(let sequence) = message else {
      if case .auditFailed = message { loop.stop() }
      return
    }
    result.groupCount += 1
    if let first = oldest, first.sequence <= sequence {
      let waited = Clock.monotonic().nanoseconds - first.at.nanoseconds
      result.waitMicroseconds.append(waited / 1_000)
      oldest = next.flatMap { $0.sequence > sequence ? $0 : nil }
      next = nil
    }
    if isFinishing, sequence >= lastSequence { stop() }
  }

  private var isFinishing = false

  private func finish() {
    isFinishing = true
    log.requestCommit()
  }

  private func stop() {
    result.nanoseconds = Clock.monotonic().nanoseconds - startedAt.nanoseconds
    loop.stop()
  }
}

/// What a measurement of the audit log found.
public struct AuditFigures: Sendable {
  /// Records that were made durable.
  public let recordCount: UInt64
  /// Appends that the log refused because too much was waiting.
  public let refusedCount: UInt64
  /// Durable records a second.
  public let recordsPerSecond: Double
  /// Nanoseconds of processor time on the caller's thread for one append.
  public let appendNanoseconds: Double
  /// The committer's share of one processor, in per cent.
  public let committerPercent: Double
  /// Entries that were in the search index when the last one was durable: what the last second
  /// brought, and up to a block, is not.
  public let indexedCount: UInt64
  /// Bytes of one record as stored, frames included.
  public let recordByteCount: Double
  /// Records in one group: one write and one sync.
  public let recordsPerGroup: Double
  /// From the append of a group's oldest record to its durability, milliseconds: half of the groups
  /// took less, and 99 of 100.
  public let waitMilliseconds: (median: Double, p99: Double)

  /// Measures for `seconds` in a new log below `options.directory`, at `rate` records a second; 0
  /// is as fast as the log takes them. Blocks the calling thread.
  public static func measure(
    _ options: AuditOptions, rate: UInt64, seconds: UInt64
  ) throws -> AuditFigures {
    AuditFigures(try AuditBench.run(options, rate: rate, seconds: seconds))
  }

  private init(_ result: AuditBench.Result) {
    let count = Double(max(1, result.recordCount))
    let seconds = Double(max(1, result.nanoseconds)) / 1e9
    recordCount = result.recordCount
    refusedCount = result.refusedCount
    recordsPerSecond = Double(result.recordCount) / seconds
    appendNanoseconds =
      Double(result.appendNanoseconds) / Double(max(1, result.recordCount + result.refusedCount))
    committerPercent = Double(result.committerNanoseconds) / 1e7 / seconds
    indexedCount = result.indexedCount
    recordByteCount = Double(result.byteCount) / count
    recordsPerGroup = count / Double(max(1, result.groupCount))
    let waits = result.waitMicroseconds
    func wait(_ share: Double) -> Double {
      waits.isEmpty
        ? 0 : Double(waits[min(waits.count - 1, Int(Double(waits.count) * share))]) / 1_000
    }
    waitMilliseconds = (wait(0.5), wait(0.99))
  }
}

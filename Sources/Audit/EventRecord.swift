public import Base

/// The sums by which an outsider can tell that nothing is missing.
///
/// INVARIANT (whole account): `decided` = `committed` + `refused` + `lost` + `pending`.
public struct AuditCounters: Equatable, Sendable {
  /// Decisions that were handed to the log.
  public var decided: UInt64 = 0
  /// Decisions that are on disk.
  public var committed: UInt64 = 0
  /// Decisions that the log did not take; their requests were answered with 503.
  public var refused: UInt64 = 0
  /// Decisions without a record that were carried out all the same, since policy asks for no more
  /// than best effort; and those that the log took and could not put on disk.
  public var lost: UInt64 = 0
  /// Decisions on their way to the disk.
  public var pending: UInt64 = 0
  /// Outcomes and events that the log did not take or could not put on disk.
  public var dropped: UInt64 = 0

  /// Makes zeros.
  public init() {}

  /// Adds another account.
  static func += (left: inout AuditCounters, right: AuditCounters) {
    left.decided &+= right.decided
    left.committed &+= right.committed
    left.refused &+= right.refused
    left.lost &+= right.lost
    left.pending &+= right.pending
    left.dropped &+= right.dropped
  }
}

/// Something that happened to the edge or its log.
public struct EventRecord: Equatable, Sendable {
  /// What happened: any kind but a decision or an outcome.
  public var kind: RecordKind
  /// When.
  public var time: WallTime
  /// The loop; 0 when it concerns them all.
  public var loop: UInt16 = 0
  /// The log's counters at that time; in a gap, what it left out.
  public var counters = AuditCounters()
  /// In a gap: when the first record came that was not kept; `time` is when the last one came.
  public var since: WallTime?
  /// The sums over all logs of the edge, in the first one's heartbeats when there are several.
  public var total = AuditCounters()
  /// How many logs the sums are over; 0 without them.
  public var logCount: UInt8 = 0
  /// Bytes cut off by a recovery.
  public var bytesDropped: UInt64 = 0
  /// A name: of a policy, a version, an instance, an operator.
  public var subject = Name.empty
  /// More for people; no patient's data.
  public var detail = Name.empty
  /// The signed checkpoint with which the log before this one ended; empty in the first log.
  public var predecessor = Name.empty

  /// Who did it, of what an operator did to a log; why stands in `detail`.
  public var author = Name.empty
  /// Which logs a hold covers; see `LogScope`.
  public var scope = Name.empty
  /// Whether an expiry or shredding was brought to its end; it is told before it is begun, too.
  public var isDone = false
  /// For how many days after its month a log that begins is kept; 0 when nothing was said.
  public var keepDays: UInt32 = 0

  /// Makes a record of an event; a decision or an outcome has a type of its own.
  public init(kind: RecordKind, time: WallTime) {
    precondition(kind != .decision && kind != .outcome, "not an event")
    self.kind = kind
    self.time = time
  }
}

/// The fields of an event, by tag. Never reuse one.
private enum Tag {
  static let time: UInt8 = 2
  static let loop: UInt8 = 3
  static let decided: UInt8 = 4
  static let committed: UInt8 = 5
  static let refused: UInt8 = 6
  static let lost: UInt8 = 7
  static let pending: UInt8 = 8
  static let dropped: UInt8 = 9
  static let bytesDropped: UInt8 = 10
  static let subject: UInt8 = 11
  static let detail: UInt8 = 12
  static let predecessor: UInt8 = 13
  static let totalDecided: UInt8 = 14
  static let totalCommitted: UInt8 = 15
  static let totalRefused: UInt8 = 16
  static let totalLost: UInt8 = 17
  static let totalPending: UInt8 = 18
  static let totalDropped: UInt8 = 19
  static let logCount: UInt8 = 20
  static let keepDays: UInt8 = 21
  static let author: UInt8 = 22
  static let scope: UInt8 = 23
  static let isDone: UInt8 = 24
  static let since: UInt8 = 25
}

extension EventRecord: EncodableRecord {
  var byteCountMax: Int {
    384 + subject.byteCount + detail.byteCount + predecessor.byteCount + author.byteCount
      + scope.byteCount
  }

  func encode(to writer: inout RecordWriter) {
    writer.integer(Tag.time, time.microseconds)
    writer.integer(Tag.loop, UInt64(loop))
    writer.integer(Tag.decided, counters.decided)
    writer.integer(Tag.committed, counters.committed)
    writer.integer(Tag.refused, counters.refused)
    writer.integer(Tag.lost, counters.lost)
    writer.integer(Tag.pending, counters.pending)
    writer.integer(Tag.dropped, counters.dropped)
    writer.integer(Tag.bytesDropped, bytesDropped)
    writer.name(Tag.subject, subject)
    writer.name(Tag.detail, detail, byteCountMax: AuditLimits.subjectBytesMax)
    writer.name(Tag.predecessor, predecessor, byteCountMax: AuditLimits.noteBytesMax)
    writer.integer(Tag.totalDecided, total.decided)
    writer.integer(Tag.totalCommitted, total.committed)
    writer.integer(Tag.totalRefused, total.refused)
    writer.integer(Tag.totalLost, total.lost)
    writer.integer(Tag.totalPending, total.pending)
    writer.integer(Tag.totalDropped, total.dropped)
    writer.integer(Tag.logCount, UInt64(logCount))
    writer.integer(Tag.keepDays, UInt64(keepDays))
    writer.name(Tag.author, author)
    writer.name(Tag.scope, scope)
    writer.flag(Tag.isDone, isDone)
    writer.integer(Tag.since, since?.microseconds)
  }

  /// Reads the fields of an event; those that are not known are passed over.
  init(_ reader: inout RecordReader) throws(RecordFault) {
    self.init(kind: reader.kind, time: WallTime(microseconds: 0))
    while let field = try reader.next() {
      switch field.tag {
      case Tag.time: time = WallTime(microseconds: try field.integer())
      case Tag.loop: loop = try field.integer(as: UInt16.self)
      case Tag.decided: counters.decided = try field.integer()
      case Tag.committed: counters.committed = try field.integer()
      case Tag.refused: counters.refused = try field.integer()
      case Tag.lost: counters.lost = try field.integer()
      case Tag.pending: counters.pending = try field.integer()
      case Tag.dropped: counters.dropped = try field.integer()
      case Tag.bytesDropped: bytesDropped = try field.integer()
      case Tag.subject: subject = field.name
      case Tag.detail: detail = field.name
      case Tag.predecessor: predecessor = field.name
      case Tag.totalDecided: total.decided = try field.integer()
      case Tag.totalCommitted: total.committed = try field.integer()
      case Tag.totalRefused: total.refused = try field.integer()
      case Tag.totalLost: total.lost = try field.integer()
      case Tag.totalPending: total.pending = try field.integer()
      case Tag.totalDropped: total.dropped = try field.integer()
      case Tag.logCount: logCount = try field.integer(as: UInt8.self)
      case Tag.keepDays: keepDays = try field.integer(as: UInt32.self)
      case Tag.author: author = field.name
      case Tag.scope: scope = field.name
      case Tag.isDone: isDone = true
      case Tag.since: since = WallTime(microseconds: try field.integer())
      default: break
      }
    }
  }
}

public import Base

/// What came of one decision. Numbers that were not measured are nil.
public struct OutcomeRecord: Equatable, Sendable {
  /// The decision that this closes.
  public var id = AuditID(high: 0, low: 0)
  /// When the exchange ended.
  public var time = WallTime(microseconds: 0)
  /// The loop that served it.
  public var loop: UInt16 = 0
  /// The status that the client was sent; 0 when none was.
  public var status: UInt16 = 0
  /// The region that answered; empty when the edge did.
  public var region = Name.empty
  /// The endpoint that answered.
  public var endpoint = Name.empty
  /// The kind of server that answered.
  public var tier: Tier?
  /// The answer's lag behind the primary, milliseconds.
  public var lagMilliseconds: UInt64?
  /// The instant of which the answer is true.
  public var asOf: WallTime?
  /// Whether the answer was marked as stale.
  public var isMarked = false
  /// Bytes of the request's body.
  public var bytesIn: UInt64 = 0
  /// Bytes of the answer's body.
  public var bytesOut: UInt64 = 0
  /// Time to the decision, microseconds.
  public var decideMicroseconds: UInt64?
  /// Time to a connection, microseconds.
  public var connectMicroseconds: UInt64?
  /// Time to the answer's first byte, microseconds.
  public var firstByteMicroseconds: UInt64?
  /// Time to the end, microseconds.
  public var totalMicroseconds: UInt64?
  /// How many origins were tried.
  public var attempts: UInt16 = 0
  /// Whether a second origin was asked because the first one was slow; `endpoint` answered.
  public var isHedged = false
  /// How it ended.
  public var termination = Termination.completed
  /// The class that the answer's labels named beyond the request; nil when they did not, or when
  /// nothing depended on it.
  public var labelledClass: DataClass?
  /// The confidentiality that they named.
  public var labelledSensitivity: Sensitivity?
  /// What the cache had to do with it; nil when it was not asked.
  public var cache: CacheRecord?
  /// The error of RFC 9209 that the client was told; empty when none.
  public var proxyError = Name.empty

  /// Makes an empty record.
  public init() {}
}

/// The fields of an outcome, by tag. Never reuse one.
private enum Tag {
  static let id: UInt8 = 1
  static let time: UInt8 = 2
  static let loop: UInt8 = 3
  static let status: UInt8 = 4
  static let region: UInt8 = 5
  static let endpoint: UInt8 = 6
  static let tier: UInt8 = 7
  static let lag: UInt8 = 8
  static let asOf: UInt8 = 9
  static let isMarked: UInt8 = 10
  static let bytesIn: UInt8 = 11
  static let bytesOut: UInt8 = 12
  static let decide: UInt8 = 13
  static let connect: UInt8 = 14
  static let firstByte: UInt8 = 15
  static let total: UInt8 = 16
  static let attempts: UInt8 = 17
  static let termination: UInt8 = 18
  static let proxyError: UInt8 = 19
  static let labelledClass: UInt8 = 20
  static let labelledSensitivity: UInt8 = 21
  // 22 to 32 are `CacheRecord.tags`.
  static let isHedged: UInt8 = 33
}

extension OutcomeRecord: EncodableRecord {
  /// The tags of what is searched for.
  static var idTag: UInt8 { Tag.id }
  static var regionTag: UInt8 { Tag.region }

  var kind: RecordKind { .outcome }

  var byteCountMax: Int {
    512 + region.byteCount + endpoint.byteCount + proxyError.byteCount + (cache?.byteCountMax ?? 0)
  }

  func encode(to writer: inout RecordWriter) {
    writer.id(Tag.id, id)
    writer.integer(Tag.time, time.microseconds)
    writer.integer(Tag.loop, UInt64(loop))
    writer.integer(Tag.status, UInt64(status))
    writer.name(Tag.region, region)
    writer.name(Tag.endpoint, endpoint)
    if let tier { writer.word(Tag.tier, tier) }
    writer.integer(Tag.lag, lagMilliseconds)
    writer.integer(Tag.asOf, asOf?.microseconds)
    writer.flag(Tag.isMarked, isMarked)
    writer.integer(Tag.bytesIn, bytesIn)
    writer.integer(Tag.bytesOut, bytesOut)
    writer.integer(Tag.decide, decideMicroseconds)
    writer.integer(Tag.connect, connectMicroseconds)
    writer.integer(Tag.firstByte, firstByteMicroseconds)
    writer.integer(Tag.total, totalMicroseconds)
    writer.integer(Tag.attempts, UInt64(attempts))
    writer.word(Tag.termination, termination)
    writer.name(Tag.proxyError, proxyError)
    writer.flag(Tag.isHedged, isHedged)
    if let labelledClass { writer.word(Tag.labelledClass, labelledClass) }
    if let labelledSensitivity { writer.word(Tag.labelledSensitivity, labelledSensitivity) }
    cache?.encode(to: &writer)
  }

  /// Reads the fields of an outcome; those that are not known are passed over.
  init(_ reader: inout RecordReader) throws(RecordFault) {
    self.init()
    while let field = try reader.next() {
      switch field.tag {
      case Tag.id: id = try field.id()
      case Tag.time: time = WallTime(microseconds: try field.integer())
      case Tag.loop: loop = try field.integer(as: UInt16.self)
      case Tag.status: status = try field.integer(as: UInt16.self)
      case Tag.region: region = field.name
      case Tag.endpoint: endpoint = field.name
      case Tag.tier: tier = try field.word(as: Tier.self)
      case Tag.lag: lagMilliseconds = try field.integer()
      case Tag.asOf: asOf = WallTime(microseconds: try field.integer())
      case Tag.isMarked: isMarked = true
      case Tag.bytesIn: bytesIn = try field.integer()
      case Tag.bytesOut: bytesOut = try field.integer()
      case Tag.decide: decideMicroseconds = try field.integer()
      case Tag.connect: connectMicroseconds = try field.integer()
      case Tag.firstByte: firstByteMicroseconds = try field.integer()
      case Tag.total: totalMicroseconds = try field.integer()
      case Tag.attempts: attempts = try field.integer(as: UInt16.self)
      case Tag.termination: termination = try field.word(as: Termination.self)
      case Tag.proxyError: proxyError = field.name
      case Tag.isHedged: isHedged = true
      case Tag.labelledClass: labelledClass = try field.word(as: DataClass.self)
      case Tag.labelledSensitivity: labelledSensitivity = try field.word(as: Sensitivity.self)
      case CacheRecord.tags:
        var taken = cache ?? CacheRecord()
        try taken.take(field)
        cache = taken
      default: break
      }
    }
  }
}

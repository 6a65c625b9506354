public import Base

/// What a cache had to do with an answer, and why a stored one could be served: part of an outcome.
/// Holds no key and no identifier; numbers that mean nothing for the case are nil.
public struct CacheRecord: Equatable, Sendable {
  /// What happened: `hit`, `stale-hit`, `confirmed` (an origin said that it is still good),
  /// `stood-in` (no origin answered), `stored`, `passed` (an origin answered and nothing was
  /// stored), `refreshed` and `not-refreshed` (in place of a stale answer that a client had
  /// before: this one was sent to nobody).
  public var verdict = Name.empty
  /// Why nothing was stored, or why a stored answer was passed by; empty when neither was so.
  public var reason = Name.empty
  /// The row of the policy's matrix, from 1.
  public var row: UInt16 = 0
  /// The policy version that let the answer be stored, as a hash of 32 bytes; empty when it is the
  /// one that decided now.
  public var storedUnder = Name.empty
  /// The decision by which the answer was fetched.
  public var storedBy: AuditID?
  /// When it was stored.
  public var storedAt: WallTime?
  /// How old it was, milliseconds.
  public var ageMilliseconds: UInt64?
  /// How long it stayed fresh, milliseconds; nil when it was stale.
  public var freshMilliseconds: UInt64?
  /// The number of the data key that sealed it; nil when none did.
  public var dataKey: UInt64?
  /// What names the entry, under a key of the process: the same for the same entry's hits, and
  /// nothing to anybody else.
  public var entry: AuditID?
  /// The entity tag, without quotes.
  public var validator = Name.empty

  /// Nothing happened yet.
  public init() {}
}

/// The fields of it in an outcome, by tag. Never reuse one.
private enum Tag {
  static let verdict: UInt8 = 22
  static let reason: UInt8 = 23
  static let row: UInt8 = 24
  static let storedUnder: UInt8 = 25
  static let storedBy: UInt8 = 26
  static let storedAt: UInt8 = 27
  static let age: UInt8 = 28
  static let fresh: UInt8 = 29
  static let dataKey: UInt8 = 30
  static let entry: UInt8 = 31
  static let validator: UInt8 = 32
}

extension CacheRecord {
  /// The tags of an outcome that are its own.
  static let tags = Tag.verdict...Tag.validator

  /// Bytes that it takes at most.
  var byteCountMax: Int {
    128 + verdict.byteCount + reason.byteCount + storedUnder.byteCount + validator.byteCount
  }

  /// Writes the fields.
  func encode(to writer: inout RecordWriter) {
    writer.name(Tag.verdict, verdict)
    writer.name(Tag.reason, reason)
    writer.integer(Tag.row, UInt64(row))
    writer.name(Tag.storedUnder, storedUnder)
    if let storedBy { writer.id(Tag.storedBy, storedBy) }
    writer.integer(Tag.storedAt, storedAt?.microseconds)
    writer.integer(Tag.age, ageMilliseconds)
    writer.integer(Tag.fresh, freshMilliseconds)
    writer.integer(Tag.dataKey, dataKey)
    if let entry { writer.id(Tag.entry, entry) }
    writer.name(Tag.validator, validator)
  }

  /// Takes a field with one of `tags`.
  mutating func take(_ field: RecordField) throws(RecordFault) {
    switch field.tag {
    case Tag.verdict: verdict = field.name
    case Tag.reason: reason = field.name
    case Tag.row: row = try field.integer(as: UInt16.self)
    case Tag.storedUnder: storedUnder = field.name
    case Tag.storedBy: storedBy = try field.id()
    case Tag.storedAt: storedAt = WallTime(microseconds: try field.integer())
    case Tag.age: ageMilliseconds = try field.integer()
    case Tag.fresh: freshMilliseconds = try field.integer()
    case Tag.dataKey: dataKey = try field.integer()
    case Tag.entry: entry = try field.id()
    case Tag.validator: validator = field.name
    default: break
    }
  }
}

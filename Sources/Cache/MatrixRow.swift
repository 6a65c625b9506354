public import Base
public import Native

/// What two requests must share, beside the target, to share an entry. Tenant and region are always
/// in the key; naming the tenant demands that it is known.
public struct KeyParts: OptionSet, Hashable, Sendable {
  /// A bit for each member.
  public let rawValue: UInt16

  /// Makes a set from its bits.
  public init(rawValue: UInt16) { self.rawValue = rawValue }

  /// The user's organisation must be a named one.
  public static let tenant = KeyParts(rawValue: 1)
  /// The user's role.
  public static let role = KeyParts(rawValue: 4)
  /// The patient's consent.
  public static let consent = KeyParts(rawValue: 8)
  /// The user.
  public static let user = KeyParts(rawValue: 16)
  /// What the data is asked for.
  public static let purpose = KeyParts(rawValue: 32)
  /// The patient whom the request is about.
  public static let patient = KeyParts(rawValue: 64)
  /// The policy version.
  public static let policy = KeyParts(rawValue: 128)
  /// What the user's authorisation shows of a record.
  public static let view = KeyParts(rawValue: 256)
}

/// Under whose key an entry is sealed.
public enum SealScope: UInt8, Sendable, CaseIterable {
  case none, region, tenant, user
}

/// What makes an entry unusable before its time.
public struct Invalidations: OptionSet, Hashable, Sendable {
  /// A bit for each member.
  public let rawValue: UInt8

  /// Makes a set from its bits.
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// A write to the same resource.
  public static let write = Invalidations(rawValue: 1)
  /// A write to anything of the same patient.
  public static let patientWrite = Invalidations(rawValue: 2)
  /// A change of the patient's consent.
  public static let consent = Invalidations(rawValue: 4)
  /// Another policy version.
  public static let policy = Invalidations(rawValue: 8)
  /// Another region has become the authority.
  public static let failover = Invalidations(rawValue: 16)
}

/// A request field by which an origin may choose among representations.
public enum RepresentationField: UInt8, Sendable, CaseIterable {
  case accept, acceptEncoding, acceptLanguage, prefer, origin

  /// The field's name.
  public var name: StaticString {
    switch self {
    case .accept: "accept"
    case .acceptEncoding: "accept-encoding"
    case .acceptLanguage: "accept-language"
    case .prefer: "prefer"
    case .origin: "origin"
    }
  }
}

/// What a row makes of a request's query.
public enum QueryRule: Sendable, Hashable {
  /// Keyed as it stands.
  case verbatim
  /// Parameters may come in any order; those of one name keep theirs.
  case sorted
  /// The same, and a request with any other parameter passes the cache by.
  case listed([String])
}

/// Which response fields are stored.
public enum FieldRule: Sendable, Hashable {
  /// All but those that are never stored.
  case all
  /// These only, by their lower-case names.
  case listed([String])
}

/// Whether requests for an answer that is being fetched wait for it.
public enum CollapseRule: UInt8, Sendable {
  case never, withinView
}

/// How answers of some classes are stored: one row of the active policy's matrix.
///
/// The default stores nothing for anybody: a row says what it allows.
public struct RowRules: Sendable, Hashable {
  /// The classes of which answers are stored.
  public var dataClasses: [DataClass] = []
  /// Their sensitivities.
  public var sensitivities: [Sensitivity] = []
  /// What the key is made of beside target, tenant and region.
  public var keyParts: KeyParts = []
  /// What of the request's fields chooses the representation.
  public var representation: [RepresentationField] = [.accept, .acceptEncoding, .prefer]
  /// What is made of the query.
  public var query = QueryRule.verbatim
  /// How long an answer is fresh at most, in milliseconds.
  public var ttlMilliseconds: UInt32 = 0
  /// By how much of its time an answer's is shortened by chance, in percent.
  public var jitterPercent: UInt8 = 0
  /// What would be fresh for less is not stored, in milliseconds.
  public var lifetimeMillisecondsMin: UInt32 = 0
  /// How long it may be served stale while a new one is fetched, in milliseconds.
  public var staleWhileRevalidateMilliseconds: UInt32 = 0
  /// How long it may be served stale when no origin answers, in milliseconds.
  public var staleIfErrorMilliseconds: UInt32 = 0
  /// How long a 404 or 410 is remembered, in milliseconds; bounded by `CacheLimits`.
  public var negativeMilliseconds: UInt32 = 0
  /// Under whose key it is sealed.
  public var seal = SealScope.none
  /// Whether a sealed entry for which memory has no room may lie on disk.
  public var mayLieOnDisk = false
  /// The roles that may be served an entry; nil for all.
  public var readerRoles: [Role]?
  /// The purposes for which an entry may be served; nil for all.
  public var readerPurposes: [Purpose]?
  /// What ends an entry.
  public var invalidations: Invalidations = []
  /// Statuses that are stored beside the negative ones.
  public var statuses: [UInt16] = [200]
  /// Media types without parameters, in lower case; any when empty. Another type is a mistake of
  /// the origin or an attack, and is not stored.
  public var mediaTypes: [String] = []
  /// Response fields that are stored.
  public var fields = FieldRule.listed(RowRules.commonFields)
  /// Bytes of a body at most.
  public var bodyByteCountMax = 1 << 20
  /// Whether a client's `no-cache` makes the cache ask the origin.
  public var honoursNoCache = true
  /// Whether only what can be validated is stored.
  public var requiresValidator = false
  /// Whether requests wait for each other.
  public var collapse = CollapseRule.withinView

  /// Makes rules that store nothing.
  public init() {}

  /// What origins say about a representation and nothing else.
  public static let commonFields = [
    "access-control-allow-origin", "cache-control", "cdn-cache-control", "content-disposition",
    "content-encoding", "content-language", "content-location", "content-security-policy",
    "content-type", "date", "etag", "expires", "last-modified", "link", "referrer-policy",
    "strict-transport-security", "vary", "via", "x-content-type-options", "x-frame-options",
  ]
}

/// A row as the cache uses it: immutable, shared by all loops.
public final class MatrixRow: Sendable {
  /// The row's number in its policy, for records and people.
  public let number: UInt16
  /// What it says.
  public let rules: RowRules
  /// Names what it says: rows of two policy versions are the same when this is.
  public let fingerprint: SHA256Digest
  /// Whether its entries are one patient's.
  public let dependsOnPatient: Bool
  /// A bit for each class.
  let dataClassBits: UInt64
  /// A bit for each sensitivity.
  let sensitivityBits: UInt8
  /// A bit for each role that may be served.
  let readerRoleBits: UInt16
  /// A bit for each purpose for which an entry may be served.
  let readerPurposeBits: UInt16

  /// Makes the row; `number` counts from 1 as `policy explain` does.
  public init(number: UInt16, _ rules: RowRules) {
    self.number = number
    self.rules = rules
    dependsOnPatient =
      !rules.keyParts.isDisjoint(with: [.patient, .consent])
      || !rules.invalidations.isDisjoint(with: [.patientWrite, .consent])
    dataClassBits = rules.dataClasses.reduce(0) { $0 | 1 << UInt64(ordinal($1)) }
    sensitivityBits = rules.sensitivities.reduce(0) { $0 | 1 << ordinal($1) }
    readerRoleBits =
      rules.readerRoles.map { $0.reduce(0) { $0 | 1 << UInt16(ordinal($1)) } }
      ?? .max
    readerPurposeBits =
      rules.readerPurposes.map { $0.reduce(0) { $0 | 1 << UInt16(ordinal($1)) } } ?? .max
    fingerprint = Self.digest(of: rules)
  }

  /// The hash of the rules in one canonical form.
  private static func digest(of rules: RowRules) -> SHA256Digest {
    var text = KeyText()
    text.appendList(rules.dataClasses) { $0.append($1.rawValue) }
    text.appendList(rules.sensitivities) { $0.append($1.rawValue) }
    text.append(number: UInt64(rules.keyParts.rawValue))
    text.appendList(rules.representation) { $0.append(number: UInt64($1.rawValue)) }
    switch rules.query {
    case .verbatim: text.append(number: 0)
    case .sorted: text.append(number: 1)
    case .listed(let names):
      text.append(number: 2)
      text.appendList(names) { $0.append($1) }
    }
    for time in [
      rules.ttlMilliseconds, UInt32(rules.jitterPercent), rules.lifetimeMillisecondsMin,
      rules.staleWhileRevalidateMilliseconds, rules.staleIfErrorMilliseconds,
      rules.negativeMilliseconds, UInt32(rules.seal.rawValue),
      UInt32(rules.invalidations.rawValue), rules.honoursNoCache ? 1 : 0,
      rules.requiresValidator ? 1 : 0, UInt32(rules.collapse.rawValue),
      rules.mayLieOnDisk ? 1 : 0,
    ] { text.append(number: UInt64(time)) }
    text.append(number: rules.readerRoles == nil ? 0 : 1)
    text.appendList(rules.readerRoles ?? []) { $0.append($1.rawValue) }
    text.append(number: rules.readerPurposes == nil ? 0 : 1)
    text.appendList(rules.readerPurposes ?? []) { $0.append($1.rawValue) }
    text.appendList(rules.statuses) { $0.append(number: UInt64($1)) }
    text.appendList(rules.mediaTypes) { $0.append($1) }
    switch rules.fields {
    case .all: text.append(number: 0)
    case .listed(let names):
      text.append(number: 1)
      text.appendList(names) { $0.append($1) }
    }
    text.append(number: UInt64(rules.bodyByteCountMax))
    return SHA256.hash(text.bytes)
  }
}

/// The place of a word in its vocabulary: a small number that is stable in one build. The enums of
/// the glossary have no payloads, so that their one byte counts their cases (a test compares them).
@inline(__always)
func ordinal<Word: CaseIterable>(_ word: Word) -> UInt8 {
  precondition(MemoryLayout<Word>.size == 1, "a vocabulary of 2 to 256 words without payloads")
  return unsafe withUnsafeBytes(of: word) { unsafe $0[0] }
}

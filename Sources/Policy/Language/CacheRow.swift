public import Base
import StrictYAML

/// What makes two requests ask for one stored answer, beside the target.
public struct CacheKeyParts: OptionSet, Hashable, Sendable {
  /// A bit for each member.
  public let rawValue: UInt8

  /// Makes a set from its bits.
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// The user's organisation.
  public static let tenant = CacheKeyParts(rawValue: 1)
  /// The region that answered.
  public static let region = CacheKeyParts(rawValue: 2)
  /// The user's role.
  public static let role = CacheKeyParts(rawValue: 4)
  /// The patient's consent.
  public static let consent = CacheKeyParts(rawValue: 8)
  /// The user.
  public static let user = CacheKeyParts(rawValue: 16)
  /// What the data is asked for.
  public static let purpose = CacheKeyParts(rawValue: 32)

  /// The parts with their words, in the order of their bits.
  public static let vocabulary: [(word: String, part: CacheKeyParts)] = [
    ("tenant", .tenant), ("region", .region), ("role", .role), ("consent", .consent),
    ("user", .user), ("purpose", .purpose),
  ]
}

/// Under whose key a stored answer is encrypted.
public enum CacheSeal: String, CaseIterable, Sendable {
  case none, region, tenant, user
}

/// Whether a stored answer may also lie on disk.
public enum CacheDisk: String, CaseIterable, Sendable {
  /// It lies in memory only.
  case never
  /// What memory has no room for may lie on disk, encrypted.
  case sealed
}

/// What makes a stored answer unusable before its time.
public struct CacheInvalidations: OptionSet, Hashable, Sendable {
  /// A bit for each member.
  public let rawValue: UInt8

  /// Makes a set from its bits.
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// A write to the same resource.
  public static let write = CacheInvalidations(rawValue: 1)
  /// A write to anything of the same patient.
  public static let patientWrite = CacheInvalidations(rawValue: 2)
  /// A change of the patient's consent.
  public static let consent = CacheInvalidations(rawValue: 4)
  /// Another policy version.
  public static let policy = CacheInvalidations(rawValue: 8)
  /// Another region has become the authority.
  public static let failover = CacheInvalidations(rawValue: 16)

  /// The events with their words, in the order of their bits.
  public static let vocabulary: [(word: String, event: CacheInvalidations)] = [
    ("write", .write), ("patient-write", .patientWrite), ("consent", .consent),
    ("policy", .policy), ("failover", .failover),
  ]
}

/// How answers of some classes may be stored.
public struct CacheStorage: Sendable, Equatable {
  /// Whether edges of every region may store.
  public var isEverywhere = false
  /// Whether an edge in the patient's home region may store.
  public var isAtHome = false
  /// Further regions whose edges may store.
  public var regions: [RegionID] = []
  /// How long an answer is fresh at most, in milliseconds.
  public var ttlMilliseconds: UInt32 = 0
  /// By how much of it the time is shortened by chance, in percent.
  public var jitterPercent: UInt8 = 0
  /// What an entry's key is made of beside the target.
  public var key: CacheKeyParts = []
  /// Under whose key an entry is encrypted.
  public var seal = CacheSeal.none
  /// Whether an entry may also lie on disk.
  public var disk = CacheDisk.never
  /// The roles that may be served an entry; nil for all.
  public var readerRoles: [Role]?
  /// The purposes for which an entry may be served; nil for all.
  public var readerPurposes: [Purpose]?
  /// How long a stale entry may stand in when no origin answers, in milliseconds.
  public var staleIfErrorMilliseconds: UInt32 = 0
  /// How long a stale entry may be served while a new one is fetched, in milliseconds.
  public var staleWhileRevalidateMilliseconds: UInt32 = 0
  /// How long it is remembered that something does not exist (404, 410), in milliseconds.
  public var negativeMilliseconds: UInt32 = 0
  /// What ends an entry.
  public var invalidations: CacheInvalidations = []

  /// Whether an edge in `region` may store a record of a patient with this home.
  public func allows(region: RegionID, home: RegionID?) -> Bool {
    isEverywhere || (isAtHome && region == home) || regions.contains(region)
  }
}

/// One row of the cache matrix.
public struct CacheRow: Sendable {
  /// The data classes that the row is about.
  public let dataClasses: [DataClass]
  /// Which of their answers are stored.
  public let sensitivities: [Sensitivity]
  /// How; nil: never.
  public let store: CacheStorage?
  /// Where the row stands.
  let mark: Mark

  /// How many sensitivities there are.
  static let sensitivityCount = Sensitivity.allCases.count

  /// By data class × sensitivities + sensitivity: the index of the row by which such an answer may
  /// be stored, or -1.
  static func table(_ rows: [CacheRow]) -> [Int16] {
    var table = [Int16](repeating: -1, count: DataClass.allCases.count * sensitivityCount)
    for (index, row) in rows.enumerated() where row.store != nil {
      for dataClass in row.dataClasses {
        for sensitivity in row.sensitivities {
          table[dataClass.ordinal * sensitivityCount + sensitivity.ordinal] = Int16(index)
        }
      }
    }
    return table
  }
}

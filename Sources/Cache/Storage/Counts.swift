internal import Base

/// What happened to look-ups and answers of one class since the start.
public struct CacheCounts: Sendable, Equatable {
  /// Served fresh.
  public var hitCount: UInt64 = 0
  /// Served stale, in a window that the row allows.
  public var staleHitCount: UInt64 = 0
  /// Had to be validated with the origin.
  public var validationCount: UInt64 = 0
  /// Found nothing.
  public var missCount: UInt64 = 0
  /// Waited for another request's answer.
  public var collapsedCount: UInt64 = 0
  /// Found an entry that this request must not get.
  public var withheldCount: UInt64 = 0
  /// Found an entry that had ended.
  public var deadCount: UInt64 = 0
  /// Answers stored.
  public var storedCount: UInt64 = 0
  /// Entries that did not open though their key was there: somebody changed memory, or a mistake.
  public var brokenSealCount: UInt64 = 0
  /// Entries read back from disk.
  public var diskReadCount: UInt64 = 0

  /// Makes counts of nothing.
  public init() {}

  /// Adds up.
  mutating func add(_ other: CacheCounts) {
    hitCount += other.hitCount
    staleHitCount += other.staleHitCount
    validationCount += other.validationCount
    missCount += other.missCount
    collapsedCount += other.collapsedCount
    withheldCount += other.withheldCount
    deadCount += other.deadCount
    storedCount += other.storedCount
    brokenSealCount += other.brokenSealCount
    diskReadCount += other.diskReadCount
  }
}

/// The store at one moment, for `homeward cache stats`.
public struct CacheStatistics: Sendable {
  /// What one tenant takes.
  public struct Share: Sendable, Equatable {
    /// Entries.
    public var entryCount = 0
    /// Bytes, bookkeeping included.
    public var byteCount = 0
  }

  /// Per class, in the order of `DataClass.allCases`.
  public var classes: [CacheCounts] = Array(
    repeating: CacheCounts(), count: DataClass.allCases.count)
  /// Per tenant.
  public var tenants: [TenantNumber: Share] = [:]
  /// Entries in memory.
  public var entryCount = 0
  /// Bytes in memory, what is known of entries on disk included.
  public var byteCount = 0
  /// Entries on disk.
  public var diskEntryCount = 0
  /// Bytes of those, on disk.
  public var diskByteCount = 0
  /// Fills under way.
  public var fillCount = 0
  /// Entries that went to make room.
  public var evictedCount: UInt64 = 0
  /// Data keys in use.
  public var dataKeyCount = 0
}

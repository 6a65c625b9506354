/// Every bound of the store, with the reason for its value.
public struct CacheLimits: Sendable, Equatable {
  /// Bytes that all entries may take, heads, keys and bookkeeping included.
  public var byteCountMax = 256 << 20
  /// Bytes of one body: above what reference data needs; larger ones would push out many others.
  public var bodyByteCountMax = 8 << 20
  /// Bytes of one stored head.
  public var headByteCountMax = 16 << 10
  /// Shards: at least four for each core, so that loops seldom meet at a lock; a power of two.
  public var shardCount = 16
  /// By how many percent of the bytes one tenant may be served at most.
  public var tenantPercentMax = 50
  /// Bytes of bodies that are being received at once, over all fills.
  public var fillingByteCountMax = 64 << 20
  /// Fills at once in one shard.
  public var fillsPerShardMax = 1024
  /// Requests that wait for one fill; more go to the origin by themselves.
  public var waitersPerFillMax = 1024
  /// How long a fill may take before others stop waiting for it: an origin that stalls must not
  /// stall those who come later.
  public var fillPatienceMilliseconds: UInt64 = 5_000
  /// How long a key that turned out not to be storable makes nobody wait.
  public var uncacheableMilliseconds: UInt64 = 120_000
  /// Keys remembered as not storable, or as failing, in one shard; a power of two.
  public var markedKeysPerShard = 1024
  /// Counters of the tags of targets, resources, patients and groups, eight bytes each; a power of
  /// two. Tags that share one end together: one in a million for each of an entry's and a change's.
  public var generationCount = 1 << 20
  /// Tenants and regions that the store numbers.
  public var nameCountMax = 1024
  /// Data keys that can be opened with at once. Rows that seal for users have as many owners as
  /// users; whose keys were used least recently make room, with what they sealed.
  public var dataKeyCountMax = 4096

  /// Makes the default limits.
  public init() {}

  /// What bookkeeping an entry costs beside its own bytes.
  static let entryOverheadByteCount = 768
  /// Tags of one entry beside its groups: target, tenant, type, resource, patient, consent, a few.
  public static let tagCountMax = 12
  /// Groups of one entry: as many as RFC 9875 section 2 wants at least.
  static let groupCountMax = 32
  /// Names in one `Vary`: honest origins name up to four.
  static let varyNameCountMax = 16
  /// Seconds that a delta can name (RFC 9111 section 1.2.2).
  static let deltaSecondsMax: UInt64 = 1 << 31
  /// Members of a targeted field: a dictionary longer than this is not honest.
  static let dictionaryMemberCountMax = 64
  /// How long a missing resource is remembered at most.
  public static let negativeMillisecondsMax: UInt32 = 60_000
  /// Bytes of one part of a body: what is sealed, and sent, at once.
  public static let partByteCount = 64 << 10
  /// Recent purges by prefix that fills under way are held against.
  static let recentPurgeCount = 64
  /// What part of the memory may be taken by what is known of entries on disk: an eighth leaves
  /// the most to answers, and a thousand bytes each suffice for a hundred times their size there.
  static let diskShareOfMemory = 8
  /// Bytes of evicted entries that wait to be written; a disk that is slower gets fewer.
  static let offeredByteCountMax = 16 << 20
  /// Entries that wait to be read at once; who asks for more asks an origin.
  static let diskLoadCountMax = 1024
  /// How long one read or write may take before others ask an origin instead: a disk that stalls
  /// must not stall clients.
  static let diskPatienceMilliseconds: UInt64 = 500
  /// How long an origin that failed is not asked again for an answer that may stand in.
  static let failureMilliseconds: UInt64 = 1_000
}

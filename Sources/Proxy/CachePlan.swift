internal import Base
public import Cache
internal import HTTP
public import Native
internal import Origins
internal import Policy

/// What an edge needs to keep answers: the process's store, and where the edge stands.
public struct CacheSetting: Sendable {
  /// The store, shared by all loops and kept over reloads.
  public let store: CacheStore
  /// The region in which this edge stores and serves, by name.
  public let region: String

  /// Joins both.
  public init(store: CacheStore, region: String) {
    self.store = store
    self.region = region
  }
}

/// The matrix of one policy version as the cache of one edge uses it: rows, and the numbers of
/// names. Made once a snapshot; immutable.
public final class CachePlan: Sendable {
  /// One row that stores, and who may. Shared, so that a request that asks costs no copy.
  final class Row: Sendable {
    let row: MatrixRow
    let storage: CacheStorage

    init(_ row: MatrixRow, _ storage: CacheStorage) {
      self.row = row
      self.storage = storage
    }
  }

  /// The store.
  public let store: CacheStore
  /// By row of the policy; nil for `store: never`.
  let rows: [Row?]
  /// Where this edge stands, as the policy and as the store number it.
  let here: RegionID
  let region: RegionNumber
  /// By region of the policy.
  let regions: [RegionNumber]
  /// By tenant of the version that numbers facts; nil when the store can number no more.
  let tenants: [TenantNumber?]
  /// By region of the topology; nil when the store can number no more.
  private let places: [RegionNumber?]
  /// Names the version.
  let policy: SHA256Digest

  /// Makes the plan of a policy; nil when the policy stores nothing here, or knows no such region.
  /// `facts` are numbered by another version where this one is superseded.
  init?(
    _ setting: CacheSetting, _ policy: Policy, _ topology: Topology, numbering facts: Policy
  ) {
    guard let here = policy.region(named: setting.region) else { return nil }
    store = setting.store
    let limits = setting.store.limits
    rows = policy.cacheRows.enumerated().map { index, row in
      row.store.map {
        Row(MatrixRow(number: UInt16(index + 1), RowRules(row, $0, limits)), $0)
      }
    }
    guard rows.contains(where: { $0 != nil }) else { return nil }
    let names = setting.store.names
    var regions: [RegionNumber] = []
    for region in policy.regions {
      guard let number = names.region(region.name) else { return nil }
      regions.append(number)
    }
    self.here = here
    self.regions = regions
    region = regions[Int(here.index)]
    tenants = facts.tenants.map { names.tenant($0) }
    places = topology.regionNames.map { names.region($0) }
    self.policy = Self.digest(policy.contentHash)
  }

  /// What rows of this version say; entries of other rows are of no use.
  public var rowFingerprints: [SHA256Digest] { rows.compactMap { $0?.row.fingerprint } }

  /// Whether answers of a class may be kept.
  func keeps(_ dataClass: DataClass) -> Bool {
    rows.contains { $0?.row.rules.dataClasses.contains(dataClass) == true }
  }

  /// The topology's region that the store knows under this number.
  func place(of number: RegionNumber) -> RegionID? {
    places.firstIndex(of: number).map { RegionID(UInt8($0)) }
  }

  /// The store's number of a region of the topology.
  func number(of region: RegionID) -> RegionNumber? { places[Int(region.index)] }

  /// A version's content hash as a digest: its own digits, or the hash of any other text.
  private static func digest(_ text: String) -> SHA256Digest {
    let digits = Array(text.utf8.suffix(2 * SHA256Digest.byteCount))
    let values = digits.compactMap { digit in Int(String(UnicodeScalar(digit)), radix: 16) }
    guard values.count == 2 * SHA256Digest.byteCount else { return SHA256.hash(Array(text.utf8)) }
    let bytes = stride(from: 0, to: values.count, by: 2).map {
      UInt8(values[$0] << 4 | values[$0 + 1])
    }
    return unsafe bytes.withUnsafeBytes { unsafe SHA256Digest($0) } ?? .zero
  }
}

extension RowRules {
  /// A policy's row in the cache's words.
  init(_ row: CacheRow, _ storage: CacheStorage, _ limits: CacheLimits) {
    self.init()
    dataClasses = row.dataClasses
    sensitivities = row.sensitivities
    keyParts = KeyParts(storage.key)
    // Whatever origins may choose by, whether they say so or not.
    representation = [.accept, .acceptEncoding, .acceptLanguage, .prefer, .origin]
    // FHIR gives the order of parameters no meaning; a file's server may.
    query = row.dataClasses.contains(.asset) ? .verbatim : .sorted
    ttlMilliseconds = storage.ttlMilliseconds
    jitterPercent = storage.jitterPercent
    staleWhileRevalidateMilliseconds = storage.staleWhileRevalidateMilliseconds
    staleIfErrorMilliseconds = storage.staleIfErrorMilliseconds
    negativeMilliseconds = storage.negativeMilliseconds
    switch storage.seal {
    case .none: seal = .none
    case .region: seal = .region
    case .tenant: seal = .tenant
    case .user: seal = .user
    }
    mayLieOnDisk = storage.disk == .sealed
    readerRoles = storage.readerRoles
    readerPurposes = storage.readerPurposes
    invalidations = Invalidations(storage.invalidations)
    bodyByteCountMax = limits.bodyByteCountMax
  }
}

extension KeyParts {
  /// A policy's words for a key. The region is in every key; the consent is a patient's.
  fileprivate init(_ parts: CacheKeyParts) {
    self = []
    let pairs: [(CacheKeyParts, KeyParts)] = [
      (.tenant, .tenant), (.role, .role), (.consent, [.consent, .patient]), (.user, .user),
      (.purpose, .purpose),
    ]
    for (word, part) in pairs where parts.contains(word) { insert(part) }
  }
}

extension Invalidations {
  /// A policy's words for what ends an entry.
  fileprivate init(_ events: CacheInvalidations) {
    self = []
    let pairs: [(CacheInvalidations, Invalidations)] = [
      (.write, .write), (.patientWrite, .patientWrite), (.consent, .consent), (.policy, .policy),
      (.failover, .failover),
    ]
    for (word, event) in pairs where events.contains(word) { insert(event) }
  }
}

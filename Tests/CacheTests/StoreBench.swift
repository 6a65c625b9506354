import Base
import HTTP
import Native
import Testing

@testable import Cache

/// A store with regions, tenants and keys, and short words for what a driver does with it.
final class StoreBench {
  let store: CacheStore
  let west: RegionNumber
  let east: RegionNumber
  let north: TenantNumber
  let south: TenantNumber
  var builder = KeyBuilder()
  /// The time; tests move it.
  var now = second(0)
  /// The wall's time.
  var wall = noon
  /// The row of requests that do not name another.
  var row: MatrixRow

  init(
    _ rules: RowRules = publicRules(), limits: CacheLimits = StoreBench.smallLimits,
    hashMask: UInt64 = .max, keeper: (any KeyEncryption)? = nil, keyCountMax: Int = 4096,
    disk: DiskTier? = nil
  ) throws {
    let local = unsafe LocalKeyEncryption(
      name: "test", key: SecretBytes.random(count: 32), random: secureRandom)
    let keeper = try #require(keeper ?? local)
    var limits = limits
    limits.dataKeyCountMax = keyCountMax
    store = CacheStore(
      limits: limits, keys: DataKeyRing(keeper: keeper, instance: 7, limits: limits),
      tableKey: (1, 2), disk: disk, hashMask: hashMask)
    west = try #require(store.names.region("us-west"))
    east = try #require(store.names.region("us-east"))
    north = try #require(store.names.tenant("north"))
    south = try #require(store.names.tenant("south"))
    row = MatrixRow(number: 3, rules)
  }

  /// Limits with which a test runs out of room soon.
  static var smallLimits: CacheLimits {
    var limits = CacheLimits()
    limits.byteCountMax = 4 << 20
    limits.shardCount = 2
    limits.generationCount = 1 << 12
    return limits
  }

  /// What the policy says about a clinician's request for reference data.
  func ruling(_ change: (inout Ruling) -> Void = { _ in }) -> Ruling {
    var sources = RegionSet()
    sources.insert(west)
    sources.insert(east)
    var ruling = Ruling(
      row: row, policy: .zero, dataClass: .reference, sensitivity: .normal, region: west,
      sourceRegions: sources)
    ruling.tenant = north
    ruling.role = .clinician
    ruling.purpose = .treatment
    ruling.user = Array("u1".utf8)
    ruling.consent = .granted
    ruling.view = 1
    ruling.mayServe = true
    ruling.mayStore = true
    ruling.decision = 77
    change(&ruling)
    return ruling
  }

  func key(_ head: RequestHead, _ ruling: Ruling) throws -> CacheKey {
    let result = builder.key(head, RequestFacts(head, hasBody: false), ruling)
    guard case .key(let key) = result else {
      throw Missing(what: "a key: \(result)")
    }
    return key
  }

  struct Missing: Error {
    let what: String
  }

  /// Looks up.
  func lookUp(
    _ head: RequestHead = request(), _ ruling: Ruling? = nil, waiter: Waiter? = nil
  ) throws -> Lookup {
    let ruling = ruling ?? self.ruling()
    return store.lookUp(
      try key(head, ruling), RequestFacts(head, hasBody: false), ruling, waiter: waiter, at: now)
  }

  /// What a look-up comes to, in a word: the body of a hit, or the name of the case.
  func outcome(
    _ head: RequestHead = request(), _ ruling: Ruling? = nil, waiter: Waiter? = nil
  ) throws -> String {
    switch try lookUp(head, ruling, waiter: waiter) {
    case .hit(let hit): "hit " + (body(hit) ?? "broken")
    case .refresh(let hit, _): "refresh " + (body(hit) ?? "broken")
    case .validate: "validate"
    case .fill: "fill"
    case .wait: "wait"
    case .fetch(let reason): reason.map { "fetch " + $0.rawValue } ?? "fetch"
    case .unavailable: "unavailable"
    }
  }

  /// The permit that a look-up must give.
  func permit(_ head: RequestHead = request(), _ ruling: Ruling? = nil) throws -> FillPermit {
    switch try lookUp(head, ruling) {
    case .fill(let permit): return permit
    case .validate(let permit): return permit
    case .refresh(_, let permit): return permit
    default: throw Missing(what: "a permit")
    }
  }

  /// Fetches an answer and stores it; nil when it was stored.
  @discardableResult
  func fill(
    _ head: RequestHead = request(), _ ruling: Ruling? = nil, body: String = "body",
    _ lines: [String] = [], status: UInt16 = 200, source: RegionNumber? = nil,
    tags: [CacheTag] = [], hasTrailers: Bool = false, during: () -> Void = {}
  ) throws -> NotStored? {
    var permit = try permit(head, ruling)
    for tag in tags { permit.watch(tag) }
    permit.depart(head, at: now)
    during()
    switch permit.admit(response(status, lines), from: source ?? west, at: now, wall: wall) {
    case .refused(let reason): return reason
    case .storable(var storing):
      append(body, to: &storing)
      return storing.finish(hasTrailers: hasTrailers, at: now)
    }
  }

  func append(_ text: String, to storing: inout StorableResponse) {
    _ = unsafe Array(text.utf8).withUnsafeBytes { unsafe storing.append($0, at: now) }
  }

  /// The body of a hit; nil when it does not open to its end.
  func body(_ hit: ServableHit, _ answer: HitAnswer = .whole) -> String? {
    guard let opened = hit.open() else { return nil }
    var cursor = opened.body(answer)
    var bytes: [UInt8] = []
    while unsafe cursor.withNext(byteCountMax: 1000, { unsafe bytes.append(contentsOf: $0) }) {}
    return cursor.isTorn ? nil : String(decoding: bytes, as: UTF8.self)
  }

  /// The hit that a look-up must give.
  func hit(_ head: RequestHead = request(), _ ruling: Ruling? = nil) throws -> ServableHit {
    switch try lookUp(head, ruling) {
    case .hit(let hit): return hit
    case .refresh(let hit, _): return hit
    default: throw Missing(what: "a hit")
    }
  }
}

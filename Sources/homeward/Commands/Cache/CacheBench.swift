internal import ArgumentParser
internal import Base
internal import Cache
internal import HTTP
internal import Native
internal import Reactor

/// A store, and requests for it that a loop would make.
final class CacheBench {
  private let store: CacheStore
  private let ruling: Ruling
  private let region: RegionNumber
  private var builder = KeyBuilder()
  private var head = RequestHead()
  private var answer = ResponseHead()
  private let body: [UInt8]
  private let wall = WallTime(microseconds: 1_795_305_600_000_000)
  private let now = Instant(nanoseconds: 1_000_000_000_000)

  /// Makes a store for so many bytes.
  init(byteCount: Int, seal: SealScope, byteCountMax: Int) throws {
    let keeper = unsafe LocalKeyEncryption(
      name: "bench", key: SecretBytes.random(count: 32), random: secureRandom)
    guard let keeper else { throw ExitCode(1) }
    var limits = CacheLimits()
    limits.byteCountMax = byteCountMax
    limits.shardCount = 8
    store = CacheStore(
      limits: limits, keys: DataKeyRing(keeper: keeper, instance: 1), tableKey: (1, 2))
    guard let region = store.names.region("bench"), let tenant = store.names.tenant("bench") else {
      throw ExitCode(1)
    }
    self.region = region
    var rules = RowRules()
    rules.dataClasses = [.reference]
    rules.sensitivities = [.normal]
    rules.keyParts = [.tenant, .role]
    rules.ttlMilliseconds = 3_600_000
    rules.seal = seal
    var sources = RegionSet()
    sources.insert(region)
    var ruling = Ruling(
      row: MatrixRow(number: 1, rules), policy: .zero, dataClass: .reference, sensitivity: .normal,
      region: region, sourceRegions: sources)
    ruling.tenant = tenant
    ruling.role = .clinician
    ruling.view = 1
    ruling.mayServe = true
    ruling.mayStore = true
    self.ruling = ruling
    body = [UInt8](repeating: 0x61, count: byteCount)
    head.authority = Array("ehr.example".utf8)
    head.fields.append("accept", "application/fhir+json")
    head.fields.append("accept-encoding", "gzip, br")
    head.fields.append("authorization", "Bearer bench")
    head.fields.append("user-agent", "bench")
  }

  /// What an object of so many bytes takes in a store.
  static func cost(byteCount: Int) throws -> Int {
    let bench = try CacheBench(byteCount: byteCount, seal: .none, byteCountMax: 64 << 20)
    // A path of the usual length.
    _ = try bench.ask(path: 54_321)
    return bench.store.statistics().byteCount
  }

  /// Nanoseconds for a hit: the best of some rounds over so many paths.
  func nanosecondsPerHit(pathCount: Int) throws -> Int {
    for path in 0..<pathCount { _ = try ask(path: path) }
    var best = UInt64.max
    for _ in 0..<7 {
      let start = Clock.monotonic()
      for _ in 0..<20 {
        for path in 0..<pathCount where try !ask(path: path) { throw ExitCode(1) }
      }
      best = min(best, Clock.monotonic().nanoseconds - start.nanoseconds)
    }
    return Int(best) / (20 * pathCount)
  }

  /// Asks for a path: true for a hit, whose head and body are written; a miss is filled.
  func ask(path: Int) throws -> Bool {
    head.target.removeAll(keepingCapacity: true)
    head.target.append(byteCountMax: 48) { text in
      text.append("/fhir/Location/")
      text.append(decimal: UInt64(path))
    }
    head.pathCount = head.target.count
    let facts = RequestFacts(head, hasBody: false)
    guard case .key(let key) = builder.key(head, facts, ruling) else { throw ExitCode(1) }
    switch store.lookUp(key, facts, ruling, waiter: nil, at: now) {
    case .hit(let hit):
      let kind = hit.answer(to: facts, at: wall)
      guard let opened = hit.open() else { throw ExitCode(1) }
      opened.write(kind, to: &answer)
      hit.status.append(to: &answer.fields)
      var cursor = opened.body(kind)
      var byteCount = 0
      while unsafe cursor.withNext(byteCountMax: 1 << 16, { byteCount += $0.count }) {}
      guard byteCount == body.count else { throw ExitCode(1) }
      return true
    case .fill(let permit): fill(permit)
    default: throw ExitCode(1)
    }
    return false
  }

  /// Stores the answer that every request gets.
  private func fill(_ permit: consuming FillPermit) {
    var permit = permit
    permit.watch(CacheTag(.type, id: [1]))
    permit.watch(CacheTag(.resource, id: head.target))
    permit.depart(head, at: now)
    var response = ResponseHead(status: 200)
    response.fields.append("content-type", "application/fhir+json")
    response.fields.append("cache-control", "public, max-age=600")
    response.fields.append("etag", "W/\"1\"")
    guard
      case .storable(var storing) = permit.admit(response, from: region, at: now, wall: wall)
    else { return }
    _ = unsafe body.withUnsafeBytes { unsafe storing.append($0, at: now) }
    _ = storing.finish(hasTrailers: false, at: now)
  }
}

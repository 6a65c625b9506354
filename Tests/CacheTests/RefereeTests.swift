import Base
import HTTP
import Native
import Testing

@testable import Cache

/// For random rows, rulings, requests and events: nothing is served that the ruling does not allow.
///
/// The referee remembers everything that was ever fetched with all its attributes, and judges each
/// hit by comparing them one by one; it knows no keys, no counters and no queues.
@Suite struct RefereeTests {
  /// What was fetched.
  private struct Fetched {
    var ruling: Ruling
    var path: String
    var accept: String
    var source: RegionNumber
    /// How many events of each kind had happened when the request left.
    var events: [String: Int]
    var responseTime: Instant
    var maxAge: UInt64
    var shreds: Int
  }

  /// A fill under way.
  private final class Pending {
    var permit: FillPermit?
    let path: String
    let accept: String
    let ruling: Ruling
    let events: [String: Int]
    let shreds: Int

    init(
      _ permit: consuming FillPermit, _ path: String, _ accept: String, _ ruling: Ruling,
      _ events: [String: Int], _ shreds: Int
    ) {
      self.permit = consume permit
      self.path = path
      self.accept = accept
      self.ruling = ruling
      self.events = events
      self.shreds = shreds
    }
  }

  /// One random world.
  private final class World {
    let bench: StoreBench
    var random: SplitMix64
    var rows: [MatrixRow] = []
    var fetched: [Fetched] = []
    var pending: [Pending] = []
    var events: [String: Int] = [:]
    var shreds: [TenantNumber: Int] = [:]
    var policy = SHA256Digest.zero
    var hitCount = 0
    var nanoseconds = UInt64(2000) * 1_000_000_000

    init(seed: UInt64) throws {
      random = SplitMix64(seed: seed)
      var limits = StoreBench.smallLimits
      limits.byteCountMax = 200_000
      // Few counters and few bits of a hash, so that everything collides.
      limits.generationCount = 64
      bench = try StoreBench(limits: limits, hashMask: 0xFF)
      for number in 0..<3 { rows.append(MatrixRow(number: UInt16(number), rules())) }
    }

    func flip(_ percent: Int = 50) -> Bool { Int.random(in: 0..<100, using: &random) < percent }
    func pick<T>(_ list: [T]) -> T { list[Int.random(in: 0..<list.count, using: &random)] }

    func rules() -> RowRules {
      var rules = publicRules()
      rules.dataClasses = flip() ? [.reference, .vitals] : [.reference]
      rules.sensitivities = flip(30) ? [.normal, .restricted] : [.normal]
      // Each part in a third of the rows.
      for bit in 0..<9 where flip(33) {
        rules.keyParts.insert(KeyParts(rawValue: 1 << UInt16(bit)))
      }
      rules.representation = flip() ? [.accept] : [.accept, .acceptLanguage]
      rules.ttlMilliseconds = UInt32.random(in: 1...20, using: &random) * 1000
      rules.staleWhileRevalidateMilliseconds = UInt32.random(in: 0...5, using: &random) * 1000
      rules.jitterPercent = pick([0, 50])
      rules.seal = pick(SealScope.allCases)
      if flip(40) { rules.readerRoles = [pick([Role.clinician, .nurse])] }
      if flip(40) { rules.readerPurposes = [pick([Purpose.treatment, .payment])] }
      rules.invalidations = Invalidations(rawValue: UInt8.random(in: 0..<32, using: &random))
      return rules
    }

    func ruling() -> Ruling {
      bench.ruling {
        $0.row = pick(rows)
        $0.policy = policy
        // Mostly the same, so that what differs is met by what was stored for another.
        if flip(15) { $0.dataClass = .vitals }
        if flip(15) { $0.sensitivity = .restricted }
        if flip(25) { $0.tenant = pick([bench.south, .unnamed]) }
        if flip(15) { $0.region = bench.east }
        if flip(20) {
          $0.sourceRegions = RegionSet()
          $0.sourceRegions.insert(pick([bench.west, bench.east]))
        }
        if flip(25) { $0.role = pick([.nurse, .unknown]) }
        if flip(25) { $0.purpose = .payment }
        if flip(25) { $0.user = pick([[2], []]) }
        $0.patient = flip(75) ? [1] : [2]
        if flip(25) { $0.consent = pick([.withdrawn, .unknown]) }
        $0.consentFingerprint = UInt64(events["consent\($0.patient)", default: 0])
        if flip(25) { $0.view = pick([2, nil]) }
        if flip(20) { $0.stalenessMillisecondsMax = 3000 }
        $0.mayServe = flip(95)
        $0.mayStore = flip(95)
      }
    }

    /// The events that a request for `path` about `patient` depends on, under its row.
    func dependencies(_ ruling: Ruling, _ path: String, _ source: RegionNumber?) -> [String] {
      let row = ruling.row.rules.invalidations
      var names = ["tenant\(ruling.tenant.index)", "target\(path)", "all"]
      if row.contains(.write) { names.append("write\(path)") }
      if row.contains(.patientWrite) { names.append("patient\(ruling.patient)") }
      if row.contains(.consent) { names.append("consent\(ruling.patient)") }
      if row.contains(.failover), let source { names.append("failover\(source.index)") }
      return names
    }

    func head(_ path: String, _ accept: String) -> RequestHead {
      request(.get, path, authority: "ehr.example", ["Accept: \(accept)"])
    }

    /// One request.
    func ask() throws {
      let ruling = ruling()
      let path = pick(["/a", "/b"])
      let accept = pick(["x", "y"])
      let head = head(path, accept)
      let facts = RequestFacts(head, hasBody: false)
      guard case .key(let key) = bench.builder.key(head, facts, ruling) else { return }
      bench.now = Instant(nanoseconds: nanoseconds)
      switch bench.store.lookUp(key, facts, ruling, waiter: nil, at: bench.now) {
      case .hit(let hit): judge(hit, ruling, path, accept)
      case .refresh(let hit, let permit):
        judge(hit, ruling, path, accept)
        begin(permit, head, path, accept, ruling)
      case .fill(let permit): begin(permit, head, path, accept, ruling)
      case .validate(let permit): begin(permit, head, path, accept, ruling)
      default: break
      }
      if pending.count > 4 || flip(60) { finish() }
    }

    func begin(
      _ permit: consuming FillPermit, _ head: RequestHead, _ path: String, _ accept: String,
      _ ruling: Ruling
    ) {
      var permit = permit
      permit.watch(CacheTag(.resource, id: Array(path.utf8)))
      permit.watch(CacheTag(.patient, id: ruling.patient))
      permit.watch(CacheTag(.consent, id: ruling.patient))
      permit.depart(head, at: bench.now)
      pending.append(
        Pending(permit, path, accept, ruling, events, shreds[ruling.tenant, default: 0]))
    }

    /// An origin answers one of the requests under way; the body names what was fetched.
    func finish() {
      guard !pending.isEmpty else { return }
      let fill = pending.remove(at: Int.random(in: 0..<pending.count, using: &random))
      guard let permit = fill.permit.take() else { return }
      let source = pick([bench.west, bench.east])
      let maxAge = UInt64.random(in: 0...30, using: &random)
      let number = fetched.count
      fetched.append(
        Fetched(
          ruling: fill.ruling, path: fill.path, accept: fill.accept, source: source,
          events: fill.events, responseTime: bench.now, maxAge: maxAge, shreds: fill.shreds))
      let head = response(200, ["Cache-Control: public, max-age=\(maxAge)", "ETag: \"\(number)\""])
      guard
        case .storable(var storing) = permit.admit(
          head, from: source, at: bench.now, wall: noon)
      else { return }
      bench.append("\(number)", to: &storing)
      if flip(95) { _ = storing.finish(hasTrailers: false, at: bench.now) }
    }

    /// Something happens that ends entries.
    func happen() {
      func note(_ name: String) { events[name, default: 0] += 1 }
      switch Int.random(in: 0..<12, using: &random) {
      case 0...2:
        let path = pick(["/a", "/b"])
        bench.store.generations.bump(CacheTag(.resource, id: Array(path.utf8)))
        note("write\(path)")
      case 3, 4:
        let patient = pick([[UInt8(1)], [2]])
        bench.store.generations.bump(CacheTag(.patient, id: patient))
        note("patient\(patient)")
      case 5, 6:
        let patient = pick([[UInt8(1)], [2]])
        bench.store.generations.bump(CacheTag(.consent, id: patient))
        note("consent\(patient)")
      case 7:
        let region = pick([bench.west, bench.east])
        bench.store.generations.bumpFailover(region)
        note("failover\(region.index)")
      case 8:
        let tenant = pick([bench.north, bench.south])
        bench.store.purge(tenant: tenant)
        note("tenant\(tenant.index)")
        shreds[tenant, default: 0] += 1
      case 9:
        policy = SHA256.hash([UInt8.random(in: 0..<4, using: &random)])
        rows[Int.random(in: 0..<rows.count, using: &random)] = MatrixRow(number: 1, rules())
      case 10:
        let path = pick(["/a", "/b"])
        let head = head(path, "x")
        bench.store.purge(
          .target(AffectedTarget(head)))
        note("target\(path)")
      default:
        if flip(20) {
          bench.store.purgeAll()
          note("all")
        } else {
          bench.store.sweep(at: bench.now)
        }
      }
    }

    /// The referee.
    func judge(_ hit: ServableHit, _ ruling: Ruling, _ path: String, _ accept: String) {
      hitCount += 1
      guard let body = bench.body(hit), let number = Int(body), number < fetched.count else {
        Issue.record("a hit that nobody fetched")
        return
      }
      let entry = fetched[number]
      let (old, rules) = (entry.ruling, ruling.row.rules)
      #expect(entry.path == path && entry.accept == accept)
      #expect(old.row.rules == rules)
      #expect(rules.dataClasses.contains(ruling.dataClass))
      #expect(rules.sensitivities.contains(ruling.sensitivity))
      #expect(old.dataClass == ruling.dataClass && old.sensitivity == ruling.sensitivity)
      #expect(old.tenant == ruling.tenant && old.region == ruling.region)
      #expect(ruling.mayServe && old.mayStore)
      #expect(ruling.sourceRegions.contains(entry.source))
      #expect(rules.readerRoles.map { $0.contains(ruling.role) } ?? true)
      #expect(rules.readerPurposes.map { $0.contains(ruling.purpose) } ?? true)
      let parts = rules.keyParts
      if parts.contains(.tenant) { #expect(ruling.tenant != .unnamed) }
      if parts.contains(.role) { #expect(old.role == ruling.role) }
      if parts.contains(.purpose) { #expect(old.purpose == ruling.purpose) }
      if parts.contains(.user) || rules.seal == .user { #expect(old.user == ruling.user) }
      if parts.contains(.patient) { #expect(old.patient == ruling.patient) }
      if parts.contains(.consent) {
        #expect(old.consent == ruling.consent && old.patient == ruling.patient)
        #expect(old.consentFingerprint == ruling.consentFingerprint)
      }
      if parts.contains(.policy) || rules.invalidations.contains(.policy) {
        #expect(old.policy == ruling.policy)
      }
      if parts.contains(.view) { #expect(old.view == ruling.view) }
      for name in dependencies(old, entry.path, entry.source) {
        #expect(events[name, default: 0] == entry.events[name, default: 0], "\(name)")
      }
      if rules.seal == .tenant || rules.seal == .user {
        #expect(shreds[old.tenant, default: 0] == entry.shreds)
      }
      let age = bench.now.milliseconds(since: entry.responseTime)
      let window = UInt64(rules.staleWhileRevalidateMilliseconds)
      #expect(age <= min(UInt64(rules.ttlMilliseconds), entry.maxAge * 1000) + window)
      #expect(age <= ruling.stalenessMillisecondsMax)
    }
  }

  @Test(arguments: Array(1...12) as [UInt64])
  func nothingIsServedThatTheRulingDoesNotAllow(seed: UInt64) throws {
    let world = try World(seed: seed)
    for _ in 0..<4000 {
      try world.ask()
      if world.flip(1) { world.happen() }
      world.nanoseconds += UInt64.random(in: 0...40_000_000, using: &world.random)
    }
    // Rows and rulings that fit nobody are drawn too; a world without hits would show nothing.
    #expect(world.hitCount > 50, "seed \(seed): \(world.hitCount) hits")
  }
}

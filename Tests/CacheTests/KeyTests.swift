import Base
import HTTP
import Native
import Testing

@testable import Cache

/// What two requests must differ in to have different keys, and what they may differ in.
@Suite struct KeyTests {
  private let names = CacheNames(limits: CacheLimits())

  /// A ruling for reference data under `rules`.
  private func ruling(_ rules: RowRules) throws -> Ruling {
    let region = try #require(names.region("us-west"))
    var sources = RegionSet()
    sources.insert(region)
    var ruling = Ruling(
      row: MatrixRow(number: 1, rules), policy: .zero, dataClass: .reference, sensitivity: .normal,
      region: region, sourceRegions: sources)
    ruling.tenant = try #require(names.tenant("north"))
    ruling.role = .clinician
    ruling.purpose = .treatment
    ruling.user = Array("u1".utf8)
    ruling.patient = Array("p1".utf8)
    ruling.consent = .granted
    ruling.view = 7
    return ruling
  }

  /// The key, or why there is none.
  private func key(
    _ head: RequestHead, _ ruling: Ruling, hasBody: Bool = false
  ) -> KeyBuilder.Result {
    var builder = KeyBuilder()
    return builder.key(head, RequestFacts(head, hasBody: hasBody), ruling)
  }

  private func key(_ ruling: Ruling) -> KeyBuilder.Result { key(request(), ruling) }

  private func same(_ left: KeyBuilder.Result, _ right: KeyBuilder.Result) -> Bool {
    guard case .key(let left) = left, case .key(let right) = right else { return false }
    return left == right
  }

  private var allParts: RowRules {
    publicRules {
      $0.keyParts = [.tenant, .role, .purpose, .user, .patient, .consent, .policy, .view]
    }
  }

  /// One change at a time: each makes another key.
  @Test func everyPartCounts() throws {
    let base = try ruling(allParts)
    var changes: [Ruling] = []
    func change(_ body: (inout Ruling) -> Void) {
      var changed = base
      body(&changed)
      changes.append(changed)
    }
    let south = try #require(names.tenant("south"))
    let east = try #require(names.region("us-east"))
    change { $0.tenant = south }
    change { $0.region = east }
    change { $0.role = .nurse }
    change { $0.purpose = .payment }
    change { $0.user = Array("u2".utf8) }
    change { $0.patient = Array("p2".utf8) }
    change { $0.consent = .withdrawn }
    change { $0.consentFingerprint = 1 }
    change { $0.policy = SHA256.hash([1]) }
    change { $0.view = 8 }
    // The text between two parts moves: no length is lost.
    change {
      $0.user = Array("u1p".utf8)
      $0.patient = Array("1".utf8)
    }
    for changed in changes { #expect(!same(key(base), key(changed))) }
    for (index, left) in changes.enumerated() {
      for right in changes[(index + 1)...] { #expect(!same(key(left), key(right))) }
    }
    #expect(same(key(base), key(base)))
  }

  /// What the row does not ask for does not divide.
  @Test func onlyWhatTheRowAsksForCounts() throws {
    let base = try ruling(publicRules())
    var other = base
    other.role = .nurse
    other.user = []
    other.patient = []
    other.consent = .withdrawn
    other.view = nil
    other.decision = 9
    #expect(same(key(base), key(other)))
    var elsewhere = base
    elsewhere.tenant = .unnamed
    #expect(!same(key(base), key(elsewhere)))
  }

  @Test(
    arguments: [
      ("/a", "ehr.example", "/a", "ehr.example", true),
      ("/a", "ehr.example", "/a", "ehr2.example", false),
      ("/a", "e", "/b", "e", false), ("/a", "e", "/a?", "e", false),
      ("/a?", "e", "/a?x", "e", false),
      ("/a?x=1", "e", "/a?x=2", "e", false), ("/ab", "c", "/a", "bc", false),
      ("/a?utm_content=x", "e", "/a", "e", false), ("/a?a=1;b=2", "e", "/a?a=1&b=2", "e", false),
      ("/a?a=1&a=2", "e", "/a?a=2&a=1", "e", false), ("/a?a=+", "e", "/a?a=%20", "e", false),
      ("/a?a=%26b=1", "e", "/a?a=&b=1", "e", false), ("/a?a", "e", "/a?a=", "e", false),
      ("/victim::md5", "e", "/victim", "e", false), ("/a?b=1&a=2", "e", "/a?a=2&b=1", "e", false),
      ("/A", "e", "/a", "e", false), ("/a/", "e", "/a", "e", false),
      ("/a.css", "e", "/a", "e", false),
    ] as [(String, String, String, String, Bool)])
  func targets(
    left: String, leftAuthority: String, right: String, rightAuthority: String, isSame: Bool
  ) throws {
    let ruling = try ruling(publicRules())
    let leftKey = key(request(.get, left, authority: leftAuthority), ruling)
    let rightKey = key(request(.get, right, authority: rightAuthority), ruling)
    #expect(same(leftKey, rightKey) == isSame)
  }

  @Test(
    arguments: [
      ("?b=1&a=2", "?a=2&b=1", true), ("?a=1&a=2", "?a=2&a=1", false),
      ("?a=1&&b=2", "?a=1&b=2", false),
      ("?a=1&b=2&a=3", "?b=2&a=1&a=3", true), ("?a=1&b=2&a=3", "?a=3&b=2&a=1", false),
      ("?ab=1", "?a=b1", false), ("?a=1;b=2", "?b=2;a=1", false),
      // One name to an origin that decodes, ignores case, or splits at semicolons as well.
      ("?name=1&n%61me=2", "?n%61me=2&name=1", false), ("?B=1&b=2", "?b=2&B=1", false),
      ("?x=0;b=1&b=2", "?b=2&x=0;b=1", false), ("?B=1&a=2", "?a=2&B=1", true),
      ("?b=%41&a=%26", "?a=%26&b=%41", true),
    ] as [(String, String, Bool)])
  func sortedQueries(left: String, right: String, isSame: Bool) throws {
    let ruling = try ruling(publicRules { $0.query = .sorted })
    #expect(
      same(key(request(.get, "/a" + left), ruling), key(request(.get, "/a" + right), ruling))
        == isSame)
  }

  @Test(
    arguments: [
      ("/a", true), ("/a?url=x", true), ("/a?filter=x&url=y", true), ("/a?utm=x", false),
      ("/a?url=x&utm=y", false), ("/a?url:exact=x", false), ("/a?%75rl=x", false), ("/a?", false),
      ("/a?url=x&", false), ("/a?URL=x", false),
    ] as [(String, Bool)])
  func listedQueries(target: String, hasKey: Bool) throws {
    let ruling = try ruling(publicRules { $0.query = .listed(["url", "filter"]) })
    if case .key = key(request(.get, target), ruling) {
      #expect(hasKey)
    } else {
      #expect(!hasKey)
    }
  }

  @Test(
    arguments: [
      ([], [], true), (["Accept: a"], [], false), (["Accept: "], [], false),
      (["Accept: a, b"], ["Accept: a,b"], true),
      (["Accept: a", "Accept: b"], ["Accept: a ,\tb"], true),
      (["Accept: a,b"], ["Accept: b,a"], false),
      (["Accept: a;q=\"x, y\""], ["Accept: a;q=\"x,y\""], false),
      (["Accept-Encoding: gzip, br"], ["Accept-Encoding: BR,GZIP"], true),
      (["Accept-Encoding: gzip;q=0.5"], ["Accept-Encoding: gzip; q=0.5"], true),
      (["Accept-Encoding: gzip"], ["Accept-Encoding: br"], false),
      (["X-Other: 1"], ["X-Other: 2"], true),
      (["Accept: a"], ["Accept-Language: a"], false),
      (["Accept-Language: a b"], ["Accept-Language: ab"], false),
    ] as [([String], [String], Bool)])
  func representations(left: [String], right: [String], isSame: Bool) throws {
    let ruling = try ruling(publicRules())
    let leftKey = key(request(.get, "/a", authority: "e", left), ruling)
    #expect(same(leftKey, key(request(.get, "/a", authority: "e", right), ruling)) == isSame)
  }

  @Test(
    arguments: [
      (HTTP.Method.get, [], false, nil), (.head, [], false, nil), (.post, [], false, .method),
      (.other, [], false, .method), (.get, [], true, .requestBody),
      (.get, ["If-Match: \"a\""], false, .stateCondition),
      (.get, ["If-Unmodified-Since: \(noonDate)"], false, .stateCondition),
    ] as [(HTTP.Method, [String], Bool, CacheBypass?)])
  func requestsWithoutKey(
    method: HTTP.Method, lines: [String], hasBody: Bool, reason: CacheBypass?
  ) throws {
    let head = request(method, "/a", authority: "e", lines)
    expect(key(head, try ruling(publicRules()), hasBody: hasBody), reason)
  }

  /// What the row asks for and the request does not prove is no key.
  @Test func whatIsNotKnownHasNoKey() throws {
    func check(_ reason: CacheBypass?, _ change: (inout Ruling) -> Void) throws {
      var changed = try ruling(allParts)
      change(&changed)
      expect(key(changed), reason)
    }
    try check(nil) { _ in }
    try check(.tenantUnknown) { $0.tenant = .unnamed }
    try check(.roleUnknown) { $0.role = .unknown }
    try check(.purposeUnknown) { $0.purpose = .unknown }
    try check(.userUnknown) { $0.user = [] }
    try check(.patientUnknown) { $0.patient = [] }
    try check(.consentUnknown) { $0.consent = .unknown }
    try check(.viewUnknown) { $0.view = nil }
    try check(.classOfRow) { $0.dataClass = .notes }
    try check(.classOfRow) { $0.sensitivity = .restricted }
  }

  @Test func readersAndSeals() throws {
    var reader = try ruling(publicRules { $0.readerRoles = [.nurse] })
    expect(key(reader), .reader)
    reader.role = .nurse
    expect(key(reader), nil)
    var purpose = try ruling(publicRules { $0.readerPurposes = [.research] })
    expect(key(purpose), .reader)
    purpose.purpose = .research
    expect(key(purpose), nil)
    var sealed = try ruling(publicRules { $0.seal = .user })
    sealed.user = []
    expect(key(sealed), .userUnknown)
    var tenant = try ruling(publicRules { $0.seal = .tenant })
    tenant.tenant = .unnamed
    expect(key(tenant), .tenantUnknown)
  }

  /// Random requests: equal keys exactly for equal parts.
  @Test(arguments: [UInt64(1), 2, 3, 4])
  func keysAreEqualWhenAllPartsAre(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    let base = try ruling(allParts)
    let south = try #require(names.tenant("south"))
    // Few letters, so that parts collide and boundaries move.
    func word() -> [UInt8] {
      (0..<Int.random(in: 1...2, using: &random)).map { _ in
        UInt8.random(in: 0x61...0x62, using: &random)
      }
    }
    var seen: [CacheKey: String] = [:]
    var texts: Set<String> = []
    for _ in 0..<3000 {
      var ruling = base
      if Bool.random(using: &random) { ruling.tenant = south }
      ruling.user = word()
      ruling.patient = word()
      ruling.role = [.clinician, .nurse][Int.random(in: 0...1, using: &random)]
      let path = String(decoding: word(), as: UTF8.self)
      let query = Bool.random(using: &random) ? "?" + String(decoding: word(), as: UTF8.self) : ""
      let authority = String(decoding: word(), as: UTF8.self)
      let accept = String(decoding: word(), as: UTF8.self)
      let head = request(.get, "/" + path + query, authority: authority, ["Accept: \(accept)"])
      let parts =
        "\(ruling.tenant)|\(ruling.user)|\(ruling.patient)|\(ruling.role)|\(path)|"
        + "\(query)|\(authority)|\(accept)"
      guard case .key(let key) = key(head, ruling) else {
        Issue.record("no key")
        return
      }
      if let others = seen[key] { #expect(others == parts) }
      #expect((seen[key] != nil) == texts.contains(parts))
      seen[key] = parts
      texts.insert(parts)
    }
    #expect(texts.count > 1000 && texts.count < 3000)
  }

  @Test func vocabulariesAreCountedAsDeclared() {
    func check<Word: CaseIterable & Equatable>(_: Word.Type) {
      for (index, word) in Word.allCases.enumerated() { #expect(Int(ordinal(word)) == index) }
    }
    check(DataClass.self)
    check(Sensitivity.self)
    check(Role.self)
    check(Purpose.self)
    check(Consent.self)
    check(ForwardReason.self)
  }

  /// Everything that a row says is in its fingerprint, and its number is not.
  @Test func rowsAreTheSameWhenTheySayTheSame() {
    let base = publicRules()
    var changes: [RowRules] = []
    func change(_ body: (inout RowRules) -> Void) {
      var changed = base
      body(&changed)
      changes.append(changed)
    }
    change { $0.dataClasses = [.reference, .asset] }
    change { $0.sensitivities = [] }
    change { $0.keyParts = [.role] }
    change { $0.representation = [] }
    change { $0.query = .sorted }
    change { $0.query = .listed([]) }
    change { $0.ttlMilliseconds = 1 }
    change { $0.jitterPercent = 1 }
    change { $0.lifetimeMillisecondsMin = 1 }
    change { $0.staleWhileRevalidateMilliseconds = 1 }
    change { $0.staleIfErrorMilliseconds = 1 }
    change { $0.negativeMilliseconds = 1 }
    change { $0.seal = .region }
    change { $0.mayLieOnDisk = true }
    change { $0.readerRoles = [] }
    change { $0.readerPurposes = [] }
    change { $0.invalidations = [.write] }
    change { $0.statuses = [200] }
    change { $0.mediaTypes = ["a"] }
    change { $0.fields = .listed([]) }
    change { $0.bodyByteCountMax = 1 }
    change { $0.honoursNoCache = false }
    change { $0.requiresValidator = true }
    change { $0.collapse = .never }
    let prints = ([base] + changes).map { MatrixRow(number: 1, $0).fingerprint }
    #expect(Set(prints).count == prints.count)
    #expect(MatrixRow(number: 2, base).fingerprint == prints[0])
    #expect(
      Mirror(reflecting: base).children.count == 23, "a new rule belongs into the fingerprint")
  }

  private func expect(_ result: KeyBuilder.Result, _ reason: CacheBypass?) {
    switch result {
    case .key: #expect(reason == nil)
    case .bypass(let found): #expect(found == reason)
    }
  }
}

import Base
import HTTP
import Testing

@testable import Cache

/// What ends an entry, and that nothing older comes back: INVARIANT (fence).
@Suite struct InvalidationTests {
  private var resource: CacheTag { CacheTag(.resource, id: Array("Location/1".utf8)) }

  @Test func bumpedTagsEndEntries() throws {
    let bench = try StoreBench(publicRules { $0.invalidations = [.write] })
    try bench.fill(body: "A", tags: [resource])
    bench.store.generations.bump(CacheTag(.resource, id: Array("Location/2".utf8)))
    bench.store.generations.bump(CacheTag(.type, id: Array("Location/1".utf8)))
    bench.store.generations.bump(CacheTag(.tenant, tenant: bench.south))
    #expect(try bench.outcome() == "hit A")
    bench.store.generations.bump(resource)
    #expect(try bench.outcome() == "fill")
    try bench.fill(body: "B", tags: [resource])
    #expect(try bench.outcome() == "hit B")
    bench.store.generations.bump(CacheTag(.tenant, tenant: bench.north))
    #expect(try bench.outcome() == "fill")
  }

  /// Attack: a write, a purge, a consent or a failover during a fetch. What was fetched is not
  /// stored.
  @Test func nothingOlderComesBack() throws {
    let bench = try StoreBench(
      publicRules { $0.invalidations = [.write, .patientWrite, .consent, .failover] })
    let patient = CacheTag(.patient, id: [1])
    let consent = CacheTag(.consent, id: [1])
    let events: [() -> Void] = [
      { bench.store.generations.bump(self.resource) },
      { bench.store.generations.bump(patient) },
      { bench.store.generations.bump(consent) },
      { bench.store.generations.bump(CacheTag(.tenant, tenant: bench.north)) },
      {
        bench.store.generations.bump(
          .target(AffectedTarget(request())))
      },
      { bench.store.purgeAll() },
      { bench.store.purge(authority: Array("ehr.example".utf8), pathPrefix: Array("/".utf8)) },
    ]
    for event in events {
      let reason = try bench.fill(body: "old", tags: [resource, patient, consent], during: event)
      #expect(reason == .fenced)
      #expect(try bench.outcome() == "fill")
    }
    // A failover is seen at the hit: the region is known only with the answer.
    try bench.fill(body: "old", tags: [resource, patient, consent]) {
      bench.store.generations.bumpFailover(bench.west)
    }
    #expect(try bench.outcome() == "fill")
    try bench.fill(body: "new", source: bench.east, tags: [resource, patient, consent]) {
      bench.store.generations.bumpFailover(bench.west)
    }
    #expect(try bench.outcome() == "hit new")
  }

  /// The write's second bump, behind a fill that began between both, ends what that fill read.
  @Test func aWriteBumpsTwice() throws {
    let bench = try StoreBench(publicRules { $0.invalidations = [.write] })
    bench.store.generations.bump(resource)
    #expect(try bench.fill(body: "old", tags: [resource]) == nil)
    #expect(try bench.outcome() == "hit old")
    bench.store.generations.bump(resource)
    #expect(try bench.outcome() == "fill")
    // The next attempt of a request leaves later, and sees what was written.
    var permit = try bench.permit()
    permit.watch(resource)
    permit.depart(request(), at: bench.now)
    bench.store.generations.bump(resource)
    permit.depart(request(), at: bench.now)
    guard
      case .storable(let storing) = permit.admit(
        response(200), from: bench.west, at: bench.now, wall: noon)
    else { throw StoreBench.Missing(what: "storing") }
    #expect(storing.finish(hasTrailers: false, at: bench.now) == nil)
  }

  /// A row whose events have no tag stores nothing: what cannot be ended must not begin.
  @Test(
    arguments: [
      (Invalidations.write, [CacheTag.Kind.patient]), (.patientWrite, [.resource]),
      (.consent, [.patient]),
    ] as [(Invalidations, [CacheTag.Kind])])
  func eventsNeedTags(events: Invalidations, kinds: [CacheTag.Kind]) throws {
    let bench = try StoreBench(publicRules { $0.invalidations = events })
    #expect(try bench.fill() == .untagged)
    #expect(try bench.fill(tags: kinds.map { CacheTag($0, id: [1]) }) == .untagged)
  }

  /// RFC 9875: groups are an origin's own, and those that ended while an answer was on its way may
  /// have been meant.
  @Test func groupsEndTogether() throws {
    let bench = try StoreBench()
    func ended(_ text: String, by authority: String = "ehr.example") -> [CacheTag] {
      CacheGroups.ended(
        by: response(204, ["Cache-Group-Invalidation: \(text)"]),
        to: request(.post, "/b", authority: authority))
    }
    try bench.fill(body: "A", ["Cache-Groups: \"a\", \"b\""])
    for tags in [ended("\"c\""), ended("\"a"), ended("\"a\"", by: "other.example")] {
      for tag in tags { bench.store.generations.bump(tag) }
      #expect(try bench.outcome() == "hit A")
    }
    let meant = ended("\"b\"")
    #expect(meant.count == 1)
    for tag in meant { bench.store.generations.bump(tag) }
    #expect(try bench.outcome() == "fill")
    let refusal = try bench.fill(
      body: "D", ["Cache-Groups: \"d\""], during: { bench.store.generations.bump(meant[0]) })
    #expect(refusal == .fenced)
    // That is no reason against the next one.
    #expect(try bench.fill(body: "D", ["Cache-Groups: \"d\""]) == nil)
    let several = (0..<33).map { "\"\($0)\"" }.joined(separator: ", ")
    #expect(
      try bench.fill(
        request(.get, "/c", authority: "ehr.example"), body: "C", ["Cache-Groups: \(several)"])
        == .tooManyTags)
    // More than are told apart: whatever has a group.
    for tag in ended(several) { bench.store.generations.bump(tag) }
    #expect(try bench.outcome() == "fill")
  }

  @Test func tooManyTagsAreNotDropped() throws {
    let bench = try StoreBench()
    let tags = (0..<UInt8(10)).map { CacheTag(.named, id: [$0]) }
    #expect(try bench.fill(tags: tags) == nil)
    #expect(
      try bench.fill(request(.get, "/b"), tags: tags + [CacheTag(.named, id: [99])]) == .tooManyTags
    )
  }

  /// An unsafe request ends every variant of its target, whoever stored it.
  @Test func unsafeRequestsEndTheirTargets() throws {
    let bench = try StoreBench()
    let other = bench.ruling { $0.tenant = bench.south }
    try bench.fill(body: "A")
    try bench.fill(request(), other, body: "B")
    try bench.fill(request(.get, "/b"), body: "C")
    let targets = UnsafeEffect.targets(
      of: request(.put), answered: response(201, ["Location: /x"]))
    for target in targets { bench.store.purge(.target(target)) }
    #expect(try bench.outcome() == "fill")
    #expect(try bench.outcome(request(), other) == "fill")
    #expect(try bench.outcome(request(.get, "/b")) == "hit C")
  }

  @Test func prefixesEndWhatIsBelow() throws {
    let bench = try StoreBench()
    for path in ["/a/1", "/a/2", "/b"] { try bench.fill(request(.get, path), body: path) }
    try bench.fill(request(.get, "/a/1", authority: "other.example"), body: "other")
    let count = bench.store.purge(
      authority: Array("ehr.example".utf8), pathPrefix: Array("/a/".utf8))
    #expect(count == 2)
    #expect(try bench.outcome(request(.get, "/a/1")) == "fill")
    #expect(try bench.outcome(request(.get, "/b")) == "hit /b")
    #expect(try bench.outcome(request(.get, "/a/1", authority: "other.example")) == "hit other")
    try bench.fill(request(.get, "/a/1"), body: "new")
    #expect(try bench.outcome(request(.get, "/a/1")) == "hit new")
  }

  /// The port that a scheme implies names no other origin: what asks, changes and purges with it
  /// means the same.
  @Test func aDefaultPortIsNoOtherOrigin() throws {
    let bench = try StoreBench()
    func head(_ method: HTTP.Method, port: String, secure: Bool) -> RequestHead {
      var head = request(method, "/a", authority: "ehr.example" + port)
      head.isSecure = secure
      return head
    }
    for (secure, own, other) in [(true, ":443", ":80"), (false, ":80", ":443")] {
      let plain = head(.get, port: "", secure: secure)
      let same = head(.get, port: own, secure: secure)
      for foreign in [other, ":8443", ":1443"] {
        let different = head(.get, port: foreign, secure: secure)
        #expect(try bench.key(plain, bench.ruling()) != bench.key(different, bench.ruling()))
      }
      #expect(try bench.key(plain, bench.ruling()) == bench.key(same, bench.ruling()))
      for (kept, changing) in [(plain, same), (same, plain)] {
        let change = {
          var head = changing
          head.method = .put
          return head
        }()
        try bench.fill(kept, body: "A")
        #expect(try bench.outcome(changing) == "hit A")
        for target in UnsafeEffect.targets(of: change, answered: response(200)) {
          bench.store.purge(.target(target))
        }
        #expect(try bench.outcome(kept) == "fill")
        try bench.fill(kept, body: "B", ["Cache-Groups: \"g\""])
        let groups = CacheGroups.ended(
          by: response(200, ["Cache-Group-Invalidation: \"g\""]), to: change)
        for tag in groups { bench.store.generations.bump(tag) }
        #expect(try bench.outcome(kept) == "fill")
        try bench.fill(kept, body: "C")
        let path = Array("/a".utf8)
        #expect(bench.store.purge(authority: Array("ehr.example:1".utf8), pathPrefix: path) == 0)
        #expect(bench.store.purge(authority: changing.authority, pathPrefix: path) == 1)
      }
    }
  }

  /// More purges than are remembered: what began before the forgotten ones is not stored.
  @Test func forgottenPurgesCountForAll() throws {
    let bench = try StoreBench()
    let reason = try bench.fill(during: {
      for index in 0..<70 {
        bench.store.purge(authority: Array("x".utf8), pathPrefix: Array("/\(index)".utf8))
      }
    })
    #expect(reason == .fenced)
    #expect(try bench.fill() == nil)
  }

  /// What a server had when it was looked at counts, however late it is asked.
  @Test func aCopyIsAsNewAsWhenItWasSeen() {
    let clock = ChangeClock()
    #expect(!clock.mayLackChange(lagMilliseconds: nil, seen: second(1)))
    clock.changed(at: second(10))
    #expect(clock.mayLackChange(lagMilliseconds: 0, seen: second(9)))
    #expect(clock.mayLackChange(lagMilliseconds: 0, seen: second(10)))
    #expect(!clock.mayLackChange(lagMilliseconds: 0, seen: second(10.1)))
    #expect(clock.mayLackChange(lagMilliseconds: 100, seen: second(10.1)))
    #expect(clock.mayLackChange(lagMilliseconds: nil, seen: second(99)))
  }

  /// Tags that nobody watches cost no one his entry; those that share a counter end together.
  @Test(arguments: [UInt64(1), 2])
  func countersAreNeverLate(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    var limits = CacheLimits()
    limits.generationCount = 64
    let generations = Generations(limits: limits, key: (seed, 9))
    var watched: [(place: UInt32, tag: UInt8, since: UInt64)] = []
    var bumped: [UInt8: UInt64] = [:]
    for _ in 0..<5000 {
      let tag = UInt8.random(in: 0..<100, using: &random)
      if Bool.random(using: &random) {
        let place = generations.watch(CacheTag(.resource, id: [tag]))
        watched.append((place, tag, generations.now))
      } else {
        generations.bump(CacheTag(.resource, id: [tag]))
        bumped[tag] = generations.now
      }
      let sample = watched.randomElement(using: &random)
      if let sample, let last = bumped[sample.tag], last > sample.since {
        #expect(!generations.isCurrent(sample.place, since: sample.since))
      }
      if let newest = watched.last, newest.since == generations.now {
        #expect(generations.isCurrent(newest.place, since: newest.since))
      }
    }
  }

  /// Attack: so many targets that all counters are shared. What changes there still ends nothing
  /// by its type or tenant.
  @Test func aFloodOfTargetsSharesNothingWithTypes() {
    var limits = CacheLimits()
    limits.generationCount = 64
    let generations = Generations(limits: limits, key: (1, 2))
    let closed = ["ValueSet", "CodeSystem", "reference", "*"].map {
      generations.watch(CacheTag(.type, id: Array($0.utf8)))
    }
    let tenant = generations.watch(CacheTag(.tenant, tenant: TenantNumber(1)))
    let since = generations.now
    for round in 0..<2 {
      for number in 0..<2000 {
        let id = Array("/fhir/ValueSet?x=\(number)".utf8)
        for kind in [CacheTag.Kind.target, .resource, .patient, .consent, .group] {
          let tag = CacheTag(kind, id: id)
          if round == 0 { _ = generations.watch(tag) } else { generations.bump(tag) }
        }
      }
    }
    for place in closed + [tenant] { #expect(generations.isCurrent(place, since: since)) }
    generations.bump(CacheTag(.type, id: Array("ValueSet".utf8)))
    #expect(!generations.isCurrent(closed[0], since: since))
  }

  @Test func tagsThatNobodyWatchesEndNothing() {
    var limits = CacheLimits()
    limits.generationCount = 1
    let generations = Generations(limits: limits, key: (1, 2))
    let place = generations.watch(CacheTag(.resource, id: [1]))
    let since = generations.now
    // One counter for all: only the tag that is watched writes it.
    for id in UInt8(2)..<200 { generations.bump(CacheTag(.resource, id: [id])) }
    #expect(generations.isCurrent(place, since: since))
    generations.bump(CacheTag(.resource, id: [1]))
    #expect(!generations.isCurrent(place, since: since))
  }
}

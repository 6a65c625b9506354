import Base
import HTTP
import Native
import Testing

@testable import Cache

/// The life of entries: stored whole or not at all, served to whom the ruling allows, ended by
/// events.
@Suite struct StoreTests {
  @Test func aMissIsFilledAndHit() throws {
    let bench = try StoreBench()
    #expect(try bench.outcome() == "fill")
    #expect(try bench.fill(body: "hello", ["ETag: \"a\"", "Content-Type: text/plain"]) == nil)
    #expect(try bench.outcome() == "hit hello")
    #expect(try bench.outcome(request(.head)) == "hit hello")
    #expect(try bench.outcome(request(.get, "/b")) == "fill")
    bench.now = second(10)
    let hit = try bench.hit()
    var head = ResponseHead()
    hit.open()?.write(.whole, to: &head)
    #expect(text(head.fields) == ["etag: \"a\"", "content-type: text/plain", "age: 10"])
    #expect(head.contentLength == 5 && head.status == 200)
    #expect(hit.status == .hit(ttlMilliseconds: 3_590_000))
    let evidence = hit.evidence
    #expect(evidence.rowNumber == 3 && evidence.storedByDecision == 77)
    #expect(evidence.dataKeyNumber == nil && evidence.ageMilliseconds == 10_000)
    #expect(evidence.validator == EntityTag(isWeak: false, opaque: [0x61]))
  }

  @Test func conditionsAndRangesAreAnsweredFromTheWhole() throws {
    let bench = try StoreBench()
    try bench.fill(body: "0123456789", ["ETag: \"a\"", "Content-Type: t"])
    let hit = try bench.hit()
    func answer(_ lines: [String]) -> HitAnswer { hit.answer(to: asking(lines), at: noon) }
    #expect(answer([]) == .whole)
    #expect(answer(["If-None-Match: \"a\""]) == .notModified)
    #expect(answer(["Range: bytes=2-4"]) == .part(2..<5))
    #expect(answer(["Range: bytes=20-"]) == .unsatisfiable)
    // The condition outranks the range (RFC 9110 section 13.2.2).
    #expect(answer(["Range: bytes=2-4", "If-None-Match: \"a\""]) == .notModified)
    #expect(bench.body(hit, .part(2..<5)) == "234")
    #expect(bench.body(hit, .notModified) == "")
    let opened = try #require(hit.open())
    var head = ResponseHead()
    opened.write(.part(2..<5), to: &head)
    #expect(head.status == 206 && head.contentLength == 3)
    #expect(text(head.fields).contains("content-range: bytes 2-4/10"))
    #expect(text(head.fields).contains("etag: \"a\""))
    opened.write(.notModified, to: &head)
    #expect(head.status == 304 && text(head.fields) == ["etag: \"a\"", "age: 0"])
    opened.write(.unsatisfiable, to: &head)
    #expect(head.status == 416 && text(head.fields) == ["content-range: bytes */10", "age: 0"])
  }

  @Test func bodiesOfManyPartsAreWhole() throws {
    let bench = try StoreBench()
    let body = String(repeating: "0123456789abcdef", count: 20_000)
    #expect(try bench.fill(body: body) == nil)
    let hit = try bench.hit()
    #expect(bench.body(hit) == body)
    #expect(bench.body(hit, .part(65_530..<65_540)) == String(body.dropFirst(65_530).prefix(10)))
  }

  /// Attack: what broke off, or is not what was announced, is nowhere.
  @Test(
    arguments: [
      (["Content-Length: 5"], "1234", false, .lengthMismatch),
      (["Content-Length: 3"], "1234", false, .lengthMismatch), ([], "1234", true, .trailers),
      (["Content-Length: 4"], "1234", false, nil), (["Content-Length: 0"], "", false, nil),
    ] as [([String], String, Bool, NotStored?)])
  func bodies(lines: [String], body: String, hasTrailers: Bool, reason: NotStored?) throws {
    let bench = try StoreBench()
    #expect(try bench.fill(body: body, lines, hasTrailers: hasTrailers) == reason)
    #expect(try bench.outcome() == (reason == nil ? "hit " + body : "fill"))
  }

  @Test func whatBreaksOffIsNowhere() throws {
    let bench = try StoreBench()
    do {
      var permit = try bench.permit()
      permit.depart(request(), at: bench.now)
      guard
        case .storable(var storing) = permit.admit(
          response(200), from: bench.west, at: bench.now, wall: noon)
      else { throw StoreBench.Missing(what: "storing") }
      bench.append("half", to: &storing)
      #expect(try bench.outcome() == "fetch")
      _ = consume storing
    }
    #expect(try bench.outcome() == "fill")
    #expect(bench.store.statistics().fillCount == 0)
  }

  @Test func tooLargeBodiesAreLetGoOf() throws {
    let bench = try StoreBench(publicRules { $0.bodyByteCountMax = 10 })
    #expect(try bench.fill(body: "0123456789") == nil)
    #expect(try bench.fill(request(.get, "/b"), body: "0123456789a") == .tooLarge)
    #expect(try bench.fill(request(.get, "/c"), body: "", ["Content-Length: 11"]) == .tooLarge)
    var limits = StoreBench.smallLimits
    limits.fillingByteCountMax = 8
    let narrow = try StoreBench(limits: limits)
    #expect(try narrow.fill(body: "0123456789") == .overCapacity)
    // What was taken for it was given back.
    #expect(try narrow.fill(request(.get, "/b"), body: "01234567") == nil)
    #expect(try narrow.fill(request(.get, "/c"), body: "01234567") == nil)
  }

  @Test func rulingsThatDoNotFitGetNothing() throws {
    let bench = try StoreBench(publicRules { $0.readerRoles = [.clinician, .nurse] })
    try bench.fill(body: "A")
    #expect(try bench.outcome(request(), bench.ruling { $0.mayServe = false }) == "fetch region")
    #expect(
      try bench.outcome(
        request(),
        bench.ruling {
          $0.mayServe = false
          $0.mayStore = false
        }) == "fetch region")
    #expect(try bench.outcome(request(), bench.ruling { $0.role = .nurse }) == "hit A")
    #expect(try bench.outcome(request(), bench.ruling { $0.tenant = bench.south }) == "fill")
    #expect(try bench.outcome(request(), bench.ruling { $0.region = bench.east }) == "fill")
    let onlyEast = bench.ruling {
      $0.sourceRegions = RegionSet()
      $0.sourceRegions.insert(bench.east)
    }
    #expect(try bench.outcome(request(), onlyEast) == "fetch source-region")
    // Nothing that an answer may not come from is stored either.
    #expect(try bench.fill(request(.get, "/b"), onlyEast, source: bench.west) == .region)
  }

  /// What is too old for one plan is fetched anew for all, not passed by until it expires.
  @Test(arguments: [([], "fill"), (["ETag: \"a\""], "validate")] as [([String], String)])
  func whatIsTooOldForAPlanIsFetchedAnew(lines: [String], expected: String) throws {
    let bench = try StoreBench()
    try bench.fill(body: "A", lines)
    bench.now = second(5)
    let strict = bench.ruling { $0.stalenessMillisecondsMax = 4000 }
    #expect(try bench.outcome(request(), strict) == expected)
    #expect(try bench.outcome() == "hit A")
    // It stands in for nothing, either.
    var permit = try bench.permit(request(), strict)
    permit.depart(request(), at: bench.now)
    #expect(permit.standIn(at: bench.now) == nil)
    _ = consume permit
    #expect(try bench.fill(request(), strict, body: "B", lines) == nil)
    #expect(try bench.outcome(request(), strict) == "hit B")
    #expect(try bench.outcome() == "hit B")
  }

  /// A changed row ends what it stored; an unchanged one of another version does not.
  @Test func policiesChange() throws {
    let bench = try StoreBench(publicRules { $0.invalidations = [] })
    try bench.fill(body: "A")
    let next = SHA256.hash([1])
    let sameRow = bench.ruling {
      $0.policy = next
      $0.row = MatrixRow(number: 9, bench.row.rules)
    }
    #expect(try bench.outcome(request(), sameRow) == "hit A")
    #expect(try bench.hit(request(), sameRow).evidence.policyAtHit == next)
    #expect(try bench.hit(request(), sameRow).evidence.policyAtStore == .zero)
    let changed = bench.ruling {
      var rules = bench.row.rules
      rules.ttlMilliseconds -= 1
      $0.row = MatrixRow(number: 3, rules)
    }
    #expect(try bench.outcome(request(), changed) == "fill")

    let tied = try StoreBench(publicRules { $0.invalidations = [.policy] })
    try tied.fill(body: "A")
    #expect(try tied.outcome() == "hit A")
    #expect(try tied.outcome(request(), tied.ruling { $0.policy = next }) == "fill")
  }

  @Test func staleAnswersStandInWithinTheirWindows() throws {
    let bench = try StoreBench()
    try bench.fill(body: "A", ["Cache-Control: max-age=60", "ETag: \"a\""])
    bench.now = second(60)
    #expect(try bench.outcome() == "refresh A")
    bench.now = second(121)
    let permit = try bench.permit()
    let isValidation = permit.isValidation
    #expect(isValidation)
    // The origin fails: the old answer stands in, for others too, for a moment.
    let standIn = permit.standIn(at: bench.now)
    let hit = try #require(standIn)
    #expect(bench.body(hit) == "A" && hit.remainingMilliseconds == -61_000)
    #expect(try bench.outcome() == "hit A")
    #expect(
      try bench.outcome(request(.get, "/a", authority: "ehr.example", ["Cache-Control: no-cache"]))
        == "fetch age")
    bench.now = second(122.5)
    _ = consume permit
    #expect(try bench.outcome() == "validate")
    bench.now = second(661)
    let late = try bench.permit()
    let nothing = late.standIn(at: bench.now)
    #expect(nothing == nil)
  }

  @Test func aConfirmedAnswerIsFreshAgain() throws {
    let bench = try StoreBench()
    try bench.fill(body: "A", ["Cache-Control: max-age=60", "ETag: \"a\"", "X-Old: 1"])
    bench.now = second(200)
    var permit = try bench.permit()
    var toOrigin = fields(["If-None-Match: \"z\"", "Range: bytes=0-1", "Accept: x"])
    permit.addConditions(to: &toOrigin)
    #expect(text(toOrigin) == ["accept: x", "if-none-match: \"a\""])
    permit.depart(request(), at: bench.now)
    let update = response(304, ["ETag: \"a\"", "Cache-Control: max-age=90", "X-New: 2", "Age: 5"])
    guard
      case .updated(let hit) = permit.validated(
        by: update, from: bench.west, at: bench.now, wall: noon)
    else { throw StoreBench.Missing(what: "an update") }
    #expect(bench.body(hit) == "A" && hit.ageMilliseconds == 5000)
    var head = ResponseHead()
    hit.open()?.write(.whole, to: &head)
    #expect(
      text(head.fields)
        == ["x-old: 1", "etag: \"a\"", "cache-control: max-age=90", "x-new: 2", "age: 5"])
    bench.now = second(280)
    #expect(try bench.outcome() == "hit A")
  }

  /// Attack: a poisoned 304 changes nothing and ends what it is about.
  @Test(arguments: [
    ["ETag: \"b\""], ["ETag: \"a\"", "Set-Cookie: s=1"],
    ["ETag: \"a\"", "Cache-Control: no-store"],
    ["ETag: \"a\"", "Vary: Authorization"], ["ETag: \"a\"", "Clear-Site-Data: \"*\""],
    ["ETag: \"a\"", "Cache-Control: private"],
  ])
  func poisonedUpdates(lines: [String]) throws {
    let bench = try StoreBench()
    try bench.fill(body: "A", ["Cache-Control: max-age=60", "ETag: \"a\""])
    bench.now = second(200)
    var permit = try bench.permit()
    permit.depart(request(), at: bench.now)
    guard
      case .askAgain = permit.validated(
        by: response(304, lines), from: bench.west, at: bench.now, wall: noon)
    else {
      Issue.record("a poisoned update was believed")
      return
    }
    #expect(try bench.outcome() == "fill")
  }

  /// What an origin answers instead of a 304 ends the old answer, but for errors of the moment.
  @Test(
    arguments: [
      (200, ["Cache-Control: no-store"], "fill"), (404, [], "fill"), (410, [], "fill"),
      (403, [], "fill"), (500, [], "validate"), (503, [], "validate"),
    ] as [(UInt16, [String], String)])
  func otherAnswersEndTheOldOne(status: UInt16, lines: [String], expected: String) throws {
    let bench = try StoreBench()
    try bench.fill(body: "A", ["Cache-Control: max-age=60", "ETag: \"a\""])
    bench.now = second(200)
    #expect(try bench.fill(body: "B", lines, status: status) != nil)
    #expect(try bench.outcome() == expected)
  }

  @Test func requestsAreAnsweredFromTheCacheOnlyIfTheySaySo() throws {
    let bench = try StoreBench()
    let only = request(.get, "/a", authority: "ehr.example", ["Cache-Control: only-if-cached"])
    #expect(try bench.outcome(only) == "unavailable")
    try bench.fill(body: "A")
    #expect(try bench.outcome(only) == "hit A")
    // What is there for others only is no reason to ask an origin.
    for change in [
      { $0.sourceRegions = RegionSet() },
      {
        $0.mayServe = false
        $0.mayStore = false
      },
    ] as [(inout Ruling) -> Void] {
      #expect(try bench.outcome(request(), bench.ruling(change)).starts(with: "fetch"))
      #expect(try bench.outcome(only, bench.ruling(change)) == "unavailable")
    }
  }

  /// What is no whole answer is never asked for in order to be stored.
  @Test(arguments: [
    ["Range: bytes=0-1"], ["If-None-Match: \"x\""], ["If-Modified-Since: \(noonDate)"],
    ["Cache-Control: no-store"],
  ])
  func partialRequestsDoNotFill(lines: [String]) throws {
    let bench = try StoreBench()
    #expect(try bench.outcome(request(.get, "/a", authority: "ehr.example", lines)) == "fetch")
    #expect(try bench.outcome(request(.head)) == "fetch")
    #expect(bench.store.statistics().fillCount == 0)
  }

  /// Attack: keys whose hashes collide are told apart by their whole text.
  @Test func collidingHashesAreMisses() throws {
    let bench = try StoreBench(hashMask: 3)
    for index in 0..<40 { try bench.fill(request(.get, "/\(index)"), body: "\(index)") }
    for index in 0..<40 { #expect(try bench.outcome(request(.get, "/\(index)")) == "hit \(index)") }
    #expect(try bench.outcome(request(.get, "/40")) == "fill")
  }

  @Test func whatWasLookedAtOutlivesItsEviction() throws {
    let bench = try StoreBench()
    try bench.fill(body: "A")
    let hit = try bench.hit()
    bench.store.purgeAll()
    #expect(bench.body(hit) == "A")
    #expect(try bench.outcome() == "fill")
  }

  /// Attack: a flood of keys stays within the limit, and a tenant within his share.
  @Test func floodsStayWithinTheirBounds() throws {
    let bench = try StoreBench()
    let body = String(repeating: "x", count: 2000)
    for index in 0..<100 {
      try bench.fill(
        request(.get, "/keep/\(index)"), bench.ruling { $0.tenant = bench.south }, body: body)
    }
    for _ in 0..<3 {
      for index in 0..<100 {
        _ = try bench.outcome(
          request(.get, "/keep/\(index)"), bench.ruling { $0.tenant = bench.south })
      }
    }
    for index in 0..<5000 { try bench.fill(request(.get, "/flood/\(index)"), body: body) }
    let statistics = bench.store.statistics()
    #expect(statistics.byteCount <= 4 << 20)
    #expect(statistics.tenants[bench.north]?.byteCount ?? 0 <= 2 << 20)
    #expect(statistics.tenants[bench.south]?.entryCount == 100)
    #expect(statistics.evictedCount > 3000)
    #expect(statistics.classes[0].storedCount == 5100)
  }

  @Test func sweepingFreesWhatIsOver() throws {
    let bench = try StoreBench()
    for index in 0..<50 { try bench.fill(request(.get, "/\(index)"), body: "x") }
    bench.store.sweep(at: bench.now)
    #expect(bench.store.statistics().entryCount == 50)
    bench.now = second(5000)
    bench.store.sweep(at: bench.now)
    #expect(bench.store.statistics().entryCount == 0)
    #expect(bench.store.statistics().byteCount == 0)
  }

  @Test func explainingLeavesNoTrace() throws {
    let bench = try StoreBench()
    let key = try bench.key(request(), bench.ruling())
    func explain(_ ruling: Ruling) -> CacheExplanation {
      bench.store.explain(key, asking(), ruling, at: bench.now)
    }
    #expect(explain(bench.ruling()) == .miss)
    try bench.fill(body: "A", ["Cache-Control: max-age=60", "ETag: \"a\""])
    let before = bench.store.statistics().classes
    guard case .hit(let evidence) = explain(bench.ruling()) else {
      Issue.record("no hit")
      return
    }
    #expect(evidence.rowNumber == 3)
    #expect(explain(bench.ruling { $0.stalenessMillisecondsMax = 0 }) != .miss)
    bench.now = second(70)
    if case .staleHit = explain(bench.ruling()) {} else { Issue.record("not stale") }
    bench.now = second(200)
    if case .validate = explain(bench.ruling()) {} else { Issue.record("no validation") }
    bench.store.generations.bump(CacheTag(.tenant, tenant: bench.north))
    #expect(explain(bench.ruling()) == .dead(.invalidated))
    #expect(bench.store.statistics().classes == before)
  }

  /// An origin that has too much to do says nothing of what is stored: when it fails next, that
  /// stands in as before.
  @Test(arguments: [408, 425, 429, 500, 503] as [UInt16])
  func whoeverWantsToBeAskedAgainEndsNothing(status: UInt16) throws {
    let bench = try StoreBench()
    try bench.fill(body: "old", ["ETag: \"a\"", "Cache-Control: max-age=60"])
    bench.now = second(200)
    #expect(try bench.fill(status: status) == .status)
    let permit = try bench.permit()
    #expect(permit.standIn(at: bench.now).flatMap { bench.body($0) } == "old")
  }
}

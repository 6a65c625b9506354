import Base
import HTTP
import Native
import Synchronization
import Testing

@testable import Cache

/// Sealed entries: opened by their key at their place only, and gone with it.
@Suite struct SealTests {
  private var sealed: RowRules { publicRules { $0.seal = .tenant } }

  @Test(arguments: [SealScope.region, .tenant, .user])
  func sealedEntriesOpen(scope: SealScope) throws {
    let bench = try StoreBench(publicRules { $0.seal = scope })
    let body = String(repeating: "canary ", count: 20_000)
    #expect(try bench.fill(body: body, ["ETag: \"a\"", "X-A: 1"]) == nil)
    let hit = try bench.hit()
    #expect(bench.body(hit) == body)
    #expect(bench.body(hit, .part(65_530..<65_550)) == String(body.dropFirst(65_530).prefix(20)))
    var head = ResponseHead()
    hit.open()?.write(.whole, to: &head)
    #expect(text(head.fields) == ["etag: \"a\"", "x-a: 1", "age: 0"])
    #expect(hit.evidence.dataKeyNumber == 1)
    // Nothing of it lies in memory as it came.
    guard case .sealed(_, let sealedHead, let parts) = hit.entry.answer else {
      Issue.record("not sealed")
      return
    }
    let canary = Array("canary".utf8)
    for bytes in parts.map(\.bytes) + [sealedHead.bytes] {
      #expect(!bytes.indices.dropLast(6).contains { Array(bytes[$0..<$0 + 6]) == canary })
    }
  }

  /// Attack: bits flip, parts swap, entries move. None of it opens.
  @Test func changedEntriesDoNotOpen() throws {
    let bench = try StoreBench(sealed)
    let body = String(repeating: "x", count: 150_000)
    try bench.fill(body: body, ["ETag: \"a\""])
    let entry = try bench.hit().entry
    guard case .sealed(let key, let head, let parts) = entry.answer else { return }
    func opens(_ facts: EntryFacts, _ head: SealedPart, _ parts: [SealedPart]) -> Bool {
      Entry(facts, .sealed(key, head: head, parts: parts)).openWhole(at: bench.now) != nil
    }
    let facts = entry.facts
    #expect(opens(facts, head, parts))
    var random = SplitMix64(seed: 1)
    for _ in 0..<200 {
      var broken = parts
      let part = Int.random(in: 0..<parts.count, using: &random)
      let byte = Int.random(in: 0..<broken[part].bytes.count, using: &random)
      broken[part].bytes[byte] ^= 1 << UInt8.random(in: 0..<8, using: &random)
      #expect(!opens(facts, head, broken))
    }
    var counter = head
    counter.counter += 1
    #expect(!opens(facts, counter, parts))
    #expect(!opens(facts, head, [parts[1], parts[0]]))
    #expect(!opens(facts, head, Array(parts.dropLast())))
    #expect(!opens(facts, head, parts + [parts[0]]))
    #expect(!opens(facts, parts[0], parts))
    func moved(_ change: (inout EntryFacts) -> Void) -> Bool {
      var changed = facts
      change(&changed)
      return opens(changed, head, parts)
    }
    let otherKey = try bench.key(request(.get, "/b"), bench.ruling())
    #expect(!moved { $0.key = otherKey })
    #expect(!moved { $0.tenant = bench.south })
    #expect(!moved { $0.region = bench.east })
    #expect(!moved { $0.sourceRegion = bench.east })
    #expect(!moved { $0.dataClass = .notes })
    #expect(!moved { $0.sensitivity = .restricted })
    #expect(!moved { $0.policy = SHA256.hash([1]) })
    #expect(!moved { $0.row = MatrixRow(number: 3, publicRules()) })
    #expect(!moved { $0.number += 1 })
    #expect(!moved { $0.status = 404 })
    #expect(!moved { $0.bodyByteCount += 1 })
    #expect(moved { $0.decision = 0 })
  }

  /// Of a large answer, a hit opens its beginning; each part when it is reached, and no other.
  @Test func partsAreOpenedWhenTheyAreReached() throws {
    let bench = try StoreBench(sealed)
    let body = String(repeating: "0123456789", count: 20_000)
    try bench.fill(body: body, ["ETag: \"a\""])
    let whole = try bench.hit()
    guard case .sealed(let key, let head, var parts) = whole.entry.answer else { return }
    #expect(parts.count == 3)
    parts[1].bytes[0] ^= 1
    let entry = Entry(whole.entry.facts, .sealed(key, head: head, parts: parts))
    let hit = try #require(bench.store.authorise(entry, bench.ruling(), at: bench.now))
    let part = 65_536
    // The head, and what does not touch the second later part, is there.
    #expect(bench.body(hit, .notModified) == "")
    let open = [0..<1, 0..<part * 2, part..<part * 2, part * 2 - 1..<part * 2, part * 3..<200_000]
    for range in open {
      let wanted = body.dropFirst(range.lowerBound).prefix(range.count)
      let got = bench.body(hit, .part(UInt64(range.lowerBound)..<UInt64(range.upperBound)))
      #expect(got == String(wanted))
    }
    let torn = [part * 2..<part * 2 + 1, part * 3 - 1..<part * 3, part - 1..<part * 2 + 1]
    for range in torn {
      #expect(bench.body(hit, .part(UInt64(range.lowerBound)..<UInt64(range.upperBound))) == nil)
    }
    // It tells that what it gave is not the whole, and gives nothing more.
    var cursor = try #require(hit.open()).body(.whole)
    var count = 0
    while unsafe cursor.withNext(byteCountMax: .max, { count += $0.count }) {}
    #expect(cursor.isTorn && count == part * 2 && cursor.remainingByteCount == 200_000 - count)
    #expect(bench.store.reject(hit))
    #expect(bench.store.statistics().classes[0].brokenSealCount == 1)
    // A key that is dropped while an answer is being sent ends it where it is.
    var other = try #require(whole.open()).body(.whole)
    key.drop()
    count = 0
    while unsafe other.withNext(byteCountMax: 1000, { count += $0.count }) {}
    #expect(other.isTorn && count == part)
  }

  @Test func aBrokenEntryIsAMissAndAnEvent() throws {
    let bench = try StoreBench(sealed)
    try bench.fill(body: "A")
    let hit = try bench.hit()
    #expect(bench.store.reject(hit))
    #expect(bench.store.statistics().classes[0].brokenSealCount == 1)
    #expect(try bench.outcome() == "fill")
    // Rejecting twice, or an entry that was replaced, takes nothing else out.
    try bench.fill(body: "B")
    bench.store.reject(hit)
    #expect(try bench.outcome() == "hit B")
  }

  /// Dropping a tenant's keys empties him, and nobody else; who reads on cannot open any more.
  @Test func droppingKeysShreds() throws {
    let bench = try StoreBench(sealed)
    let other = bench.ruling { $0.tenant = bench.south }
    for index in 0..<20 {
      try bench.fill(request(.get, "/\(index)"), body: "A")
      try bench.fill(request(.get, "/\(index)"), other, body: "B")
    }
    let hit = try bench.hit(request(.get, "/0"))
    #expect(bench.store.statistics().dataKeyCount == 2)
    bench.store.purge(tenant: bench.north)
    #expect(bench.body(hit) == nil)
    #expect(!bench.store.reject(hit))
    for index in 0..<20 {
      #expect(try bench.outcome(request(.get, "/\(index)")) == "fill")
      #expect(try bench.outcome(request(.get, "/\(index)"), other) == "hit B")
    }
    #expect(bench.store.statistics().dataKeyCount == 1)
    // He may begin anew, under a new key.
    try bench.fill(request(.get, "/0"), body: "C")
    #expect(try bench.hit(request(.get, "/0")).evidence.dataKeyNumber == 3)
    bench.store.keys?.drop(region: bench.west)
    #expect(bench.body(try bench.hit(request(.get, "/0"))) == nil)
    bench.store.sweep(at: bench.now)
    #expect(bench.store.statistics().entryCount == 0)
  }

  /// A key that is dropped while its entry is made leaves nothing.
  @Test func keysDroppedDuringAFillStoreNothing() throws {
    let bench = try StoreBench(sealed)
    try bench.fill(request(.get, "/b"), body: "A")
    let hit = try bench.hit(request(.get, "/b"))
    guard case .sealed(let key, _, _) = hit.entry.answer else { return }
    key.drop()
    let entry = Entry(hit.entry.facts, hit.entry.answer)
    #expect(bench.store.publish(entry) == .shredded)
  }

  @Test func keysGetSuccessors() throws {
    let keeper = try keeper()
    var rotation = KeyRotation()
    rotation.milliseconds = 1000
    rotation.sealCount = 10
    rotation.byteCount = 1000
    let ring = DataKeyRing(keeper: keeper, instance: 1, rotation: rotation)
    let owner = try owner()
    let first = try #require(ring.key(for: owner, at: second(0)))
    #expect(ring.key(for: owner, at: second(0.9)) === first)
    let second = try #require(ring.key(for: owner, at: later(1)))
    #expect(second !== first)
    for _ in 0..<10 { _ = second.seal([1], [], at: later(1)) }
    let third = try #require(ring.key(for: owner, at: later(1)))
    #expect(third !== second)
    _ = third.seal(Array(repeating: 0, count: 1000), [], at: later(1))
    #expect(ring.key(for: owner, at: later(1)) !== third)
    // The old ones still open what they sealed, until they are dropped.
    let part = try #require(first.seal([1, 2, 3], [9], at: later(2)))
    #expect(first.open(part, [9], at: later(2)) == [1, 2, 3])
    #expect(first.open(part, [8], at: later(2)) == nil)
    #expect(second.open(part, [9], at: later(2)) == nil)
    ring.dropAll()
    #expect(first.open(part, [9], at: later(2)) == nil)
    #expect(first.seal([1], [], at: later(2)) == nil)
    #expect(ring.count == 0)
  }

  private func ring(countMax: Int, rotation: KeyRotation = KeyRotation()) throws -> DataKeyRing {
    var limits = CacheLimits()
    limits.dataKeyCountMax = countMax
    return DataKeyRing(keeper: try keeper(), instance: 1, rotation: rotation, limits: limits)
  }

  /// A user of rows that seal for each.
  private func user(_ number: Int) throws -> KeyOwner {
    let bench = try StoreBench(publicRules { $0.seal = .user })
    return try #require(KeyOwner(bench.ruling { $0.user = Array("u\(number)".utf8) }))
  }

  /// As many users as come: there is always a key, and who was there least recently has none left.
  @Test func theLeastRecentlyUsedKeysMakeRoom() throws {
    let ring = try ring(countMax: 64)
    let busy = try #require(try ring.key(for: user(0), at: later(0)))
    let part = try #require(busy.seal([1], [], at: later(0)))
    var keys: [DataKey] = []
    for number in 1...500 {
      let time = later(Double(number))
      keys.append(try #require(try ring.key(for: user(number), at: time)))
      #expect(busy.open(part, [], at: time) == [1])
      #expect(ring.count <= 64)
    }
    #expect(ring.count >= 64 - 64 / 8)
    #expect(keys.prefix(400).allSatisfy { $0.isDropped })
    #expect(keys.suffix(50).allSatisfy { !$0.isDropped })
    #expect(try ring.key(for: user(0), at: later(501)) === busy)
    #expect(try ring.key(for: user(500), at: later(501)) === keys.last)
  }

  /// Owners who store nothing any more take no place; what is sealed keeps its key.
  @Test func ownersAreLetGo() throws {
    let ring = try ring(countMax: 64)
    var kept = ring.key(for: try user(0), at: later(0))
    let part = try #require(kept?.seal([1], [], at: later(0)))
    for number in 1..<40 { _ = ring.key(for: try user(number), at: later(0)) }
    #expect(ring.count == 40)
    ring.rest(at: later(599))
    #expect(ring.count == 40)
    ring.rest(at: later(601))
    #expect(ring.count == 1)
    #expect(kept?.open(part, [], at: later(601)) == [1])
    // Dropping a tenant's keys still finds it.
    #expect(try ring.drop(tenant: user(0).tenant) == 1)
    #expect(kept?.open(part, [], at: later(602)) == nil)
    kept = nil
    ring.rest(at: later(700))
    #expect(ring.count == 0)
    // A key past its rotation is no better than none.
    let old = try #require(try ring.key(for: user(1), at: later(700)))
    _ = old.seal([1], [], at: later(4299))
    ring.rest(at: later(4301))
    #expect(try ring.key(for: user(1), at: later(4301)) !== old)
  }

  /// Many users at once, each with an entry: the last is served from it like the first was.
  @Test func nobodyIsTheLastWhoIsKept() throws {
    let bench = try StoreBench(publicRules { $0.seal = .user }, keyCountMax: 32)
    for number in 0..<100 {
      let ruling = bench.ruling { $0.user = Array("u\(number)".utf8) }
      bench.now = second(Double(number) / 100)
      #expect(try bench.fill(request(), ruling, body: "\(number)") == nil)
      #expect(try bench.outcome(request(), ruling) == "hit \(number)")
    }
    #expect(bench.store.statistics().dataKeyCount <= 32)
  }

  /// What cannot be sealed, or is longer than is kept, is said not to be stored by its head.
  @Test func whatIsNotStoredIsSaidAtOnce() throws {
    let keeper = FickleKeeper(try keeper())
    let bench = try StoreBench(sealed, keeper: keeper)
    func refusal(_ lines: [String]) throws -> NotStored? {
      var permit = try bench.permit()
      permit.depart(request(), at: bench.now)
      switch permit.admit(response(200, lines), from: bench.west, at: bench.now, wall: noon) {
      case .refused(let reason): return reason
      case .storable: return nil
      }
    }
    #expect(try refusal([]) == nil)
    #expect(try refusal(["Content-Length: 8388609"]) == .tooLarge)
    keeper.isThere.store(false, ordering: .relaxed)
    bench.store.keys?.dropAll()
    #expect(try refusal([]) == .noKey)
    keeper.isThere.store(true, ordering: .relaxed)
    #expect(try refusal([]) == nil)
  }

  private func later(_ value: Double) -> Instant { second(value) }

  /// INVARIANT (fresh nonce): a counter never comes twice, also not after a rest.
  @Test func noncesNeverRepeat() throws {
    let ring = DataKeyRing(keeper: try keeper(), instance: 1)
    let key = try #require(ring.key(for: try owner(), at: second(0)))
    var counters: Set<UInt64> = []
    var first: SealedPart?
    for round in 0..<5 {
      for _ in 0..<100 {
        let part = try #require(key.seal([1], [], at: second(Double(round))))
        #expect(counters.insert(part.counter).inserted)
        first = first ?? part
      }
      ring.rest(at: second(Double(round) + 3000))
    }
    #expect(key.open(try #require(first), [], at: second(5)) == [1])
  }

  /// A key that rested needs its keeper: who takes the key-encryption key away takes the entries.
  @Test func restingKeysNeedTheirKeeper() throws {
    let keeper = FickleKeeper(try keeper())
    let ring = DataKeyRing(keeper: keeper, instance: 1)
    let key = try #require(ring.key(for: try owner(), at: second(0)))
    let part = try #require(key.seal([1], [], at: second(0)))
    keeper.isThere.store(false, ordering: .relaxed)
    #expect(key.open(part, [], at: second(1)) == [1])
    ring.rest(at: second(3000))
    #expect(key.open(part, [], at: second(3000)) == nil)
    keeper.isThere.store(true, ordering: .relaxed)
    #expect(key.open(part, [], at: second(3000)) == [1])
    keeper.isThere.store(false, ordering: .relaxed)
    let bench = try StoreBench(sealed, keeper: keeper)
    #expect(try bench.fill(body: "A") == .noKey)
  }

  @Test func theKeeperBindsToTheContext() throws {
    let keeper = try keeper()
    guard let made = keeper.makeKey(context: [1]) else {
      Issue.record("no key")
      return
    }
    let wrapped = made.wrapped
    let secret = bytes(made.secret)
    #expect(wrapped.count == 12 + 32 + 16)
    func bytes(_ secret: borrowing SecretBytes) -> [UInt8] {
      unsafe secret.withBytes { unsafe [UInt8]($0) }
    }
    func opened(_ wrapped: [UInt8], _ context: [UInt8], _ keeper: LocalKeyEncryption) -> [UInt8]? {
      guard let secret = keeper.unwrap(wrapped, context: context) else { return nil }
      return bytes(secret)
    }
    #expect(opened(wrapped, [1], keeper) == secret)
    #expect(opened(wrapped, [2], keeper) == nil)
    #expect(opened(wrapped, [1], try self.keeper()) == nil)
    #expect(opened(Array(wrapped.dropLast()), [1], keeper) == nil)
    #expect(opened([], [1], keeper) == nil)
    let short = unsafe LocalKeyEncryption(
      name: "k", key: SecretBytes.random(count: 31), random: secureRandom)
    #expect(short == nil)
  }

  /// Heads are written and read without loss, and what is no head is none.
  @Test(arguments: [UInt64(1), 2])
  func headsSurvive(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    let head = fields(["A: 1", "Content-Type: text/plain", "ETag: \"x\"", "B: "])
    let written = SealedHead.text(head)
    // The body's beginning may follow.
    let read = try #require(OpenAnswer(opened: written + [1, 2, 3]))
    #expect(text(read.fields) == text(head))
    #expect(read.bodyOffset == written.count)
    for end in written.indices { #expect(OpenAnswer(opened: Array(written[..<end])) == nil) }
    for _ in 0..<1000 {
      var broken = written
      broken[Int.random(in: 0..<4, using: &random)] ^= UInt8.random(in: 1...255, using: &random)
      #expect(OpenAnswer(opened: broken)?.bodyOffset != written.count)
    }
  }

  private func keeper() throws -> LocalKeyEncryption {
    let keeper = unsafe LocalKeyEncryption(
      name: "local", key: SecretBytes.random(count: 32), random: secureRandom)
    return try #require(keeper)
  }

  private func owner() throws -> KeyOwner {
    let bench = try StoreBench(sealed)
    return try #require(KeyOwner(bench.ruling()))
  }
}

import Base
import Dispatch
import HTTP
import Native
import Synchronization
import Testing

@testable import Cache

/// Loops and the disk's thread at one store.
@Suite struct DiskThreadTests {
  private static let count = 96

  /// Resources that are written while others read them through a store most of which lies on disk.
  /// Nobody who begins behind a write is given what was there before it, and everybody who waits is
  /// released.
  @Test func aWriteIsNeverFollowedByAnOlderRead() throws {
    let desk = try DiskBench(byteCountMax: 512 << 10, diskByteCount: 2 << 20, shardCount: 2)
    let (store, ruling, west) = (desk.store, desk.bench.ruling(), desk.bench.west)
    let heads = (0..<Self.count).map { desk.request($0) }
    let keys = try heads.map { try desk.bench.key($0, ruling) }
    let tags = (0..<Self.count).map { CacheTag(.resource, id: [UInt8($0)]) }
    let resources = Mutex(Array(repeating: 0, count: Self.count))
    let written = Mutex(Array(repeating: 0, count: Self.count))
    let stale = Atomic<Int>(0)
    let hits = Atomic<Int>(0)
    let waits = Atomic<Int>(0)
    let released = Mutex(Set<Waiter>())
    let ended = Atomic<Int>(0)
    // The bench is used by one thread from here on: the one that works for the disk.
    nonisolated(unsafe) let worker = desk.worker
    DispatchQueue.concurrentPerform(iterations: 4) { thread in
      // The first of all, since no more may run at once than there are processors.
      if thread == 0 {
        while true {
          let isLast = ended.load(ordering: .acquiring) == 3
          if case .idle = unsafe worker.step(at: second(1)), isLast { break }
          let releases = store.takeReleases()
          if !releases.isEmpty { released.withLock { $0.formUnion(releases.map(\.waiter)) } }
        }
        let releases = store.takeReleases()
        released.withLock { $0.formUnion(releases.map(\.waiter)) }
        return
      }
      defer { ended.add(1, ordering: .releasing) }
      var random = SplitMix64(seed: UInt64(thread))
      for turn in 0..<3000 {
        let place = Int.random(in: 0..<Self.count, using: &random)
        if turn % 16 == 0 {
          store.generations.bump(tags[place])
          let value = resources.withLock { resources in
            resources[place] += 1
            return resources[place]
          }
          store.generations.bump(tags[place])
          written.withLock { $0[place] = max($0[place], value) }
          continue
        }
        let seen = written.withLock { $0[place] }
        let waiter = Waiter(loop: UInt32(thread), token: UInt64(turn))
        let asked = RequestFacts(heads[place], hasBody: false)
        switch store.lookUp(keys[place], asked, ruling, waiter: waiter, at: second(1)) {
        case .hit(let hit):
          hits.add(1, ordering: .relaxed)
          let text = hit.open().map { Self.text($0) } ?? ""
          if Int(text.prefix { $0 != " " }).map({ $0 < seen }) ?? true {
            stale.add(1, ordering: .relaxed)
          }
        case .wait: waits.add(1, ordering: .relaxed)
        case .fill(var permit):
          permit.watch(tags[place])
          permit.depart(heads[place], at: second(1))
          let value = resources.withLock { $0[place] }
          if case .storable(var storing) = permit.admit(
            response(200), from: west, at: second(1), wall: noon)
          {
            let body = Array("\(value) \(String(repeating: "x", count: 9000))".utf8)
            _ = unsafe body.withUnsafeBytes { unsafe storing.append($0, at: second(1)) }
            _ = storing.finish(hasTrailers: false, at: second(1))
          }
        default: break
        }
      }
    }
    #expect(stale.load(ordering: .relaxed) == 0)
    #expect(hits.load(ordering: .relaxed) > 100)
    #expect(waits.load(ordering: .relaxed) > 0)
    #expect(released.withLock { $0.count } == waits.load(ordering: .relaxed))
    #expect(desk.readCount > 0)
    #expect(desk.statistics.fillCount == 0)
    #expect(desk.statistics.classes[0].brokenSealCount == 0)
  }

  private static func text(_ hit: OpenedHit) -> String {
    var cursor = hit.body(.whole)
    var bytes: [UInt8] = []
    while unsafe cursor.withNext(byteCountMax: 1000, { unsafe bytes.append(contentsOf: $0) }) {}
    return String(decoding: bytes, as: UTF8.self)
  }
}

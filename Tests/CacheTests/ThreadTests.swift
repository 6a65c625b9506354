import Base
import Dispatch
import HTTP
import Native
import Synchronization
import Testing

@testable import Cache

/// Several loops at one store.
@Suite struct ThreadTests {
  /// A resource that is written while others read it through the store. A write bumps before and
  /// after; no reader who begins behind a write is given what was there before it.
  @Test(arguments: [SealScope.none, .tenant])
  func aWriteIsNeverFollowedByAnOlderRead(seal: SealScope) throws {
    let bench = try StoreBench(publicRules { $0.seal = seal })
    let (store, ruling, west) = (bench.store, bench.ruling(), bench.west)
    let key = try bench.key(request(), ruling)
    let tag = CacheTag(.resource, id: [1])
    let resource = Atomic<Int>(0)
    let written = Atomic<Int>(0)
    let stale = Atomic<Int>(0)
    let hits = Atomic<Int>(0)
    DispatchQueue.concurrentPerform(iterations: 4) { thread in
      for _ in 0..<3000 {
        if thread == 0 {
          store.generations.bump(tag)
          let value = resource.add(1, ordering: .sequentiallyConsistent).newValue
          store.generations.bump(tag)
          written.store(value, ordering: .sequentiallyConsistent)
          continue
        }
        let seen = written.load(ordering: .sequentiallyConsistent)
        switch store.lookUp(key, asking(), ruling, waiter: nil, at: second(1)) {
        case .hit(let hit):
          hits.add(1, ordering: .relaxed)
          if let bytes = hit.open().map({ Self.bytes($0) }), let value = Int(bytes), value < seen {
            stale.add(1, ordering: .relaxed)
          }
        case .fill(var permit):
          permit.watch(tag)
          permit.depart(request(), at: second(1))
          let value = resource.load(ordering: .sequentiallyConsistent)
          if case .storable(var storing) = permit.admit(
            response(200), from: west, at: second(1), wall: noon)
          {
            _ = unsafe Array("\(value)".utf8).withUnsafeBytes {
              unsafe storing.append($0, at: second(1))
            }
            _ = storing.finish(hasTrailers: false, at: second(1))
          }
        default: break
        }
      }
    }
    #expect(stale.load(ordering: .relaxed) == 0)
    #expect(hits.load(ordering: .relaxed) > 100)
  }

  /// Everybody who waits is released, whoever gives up.
  @Test func everyWaiterIsReleased() throws {
    let bench = try StoreBench()
    let (store, ruling, west) = (bench.store, bench.ruling(), bench.west)
    let keys = try (0..<4).map { try bench.key(request(.get, "/\($0)"), ruling) }
    let waiting = Atomic<Int>(0)
    let released = Atomic<Int>(0)
    DispatchQueue.concurrentPerform(iterations: 4) { thread in
      var random = SplitMix64(seed: UInt64(thread))
      for step in 0..<3000 {
        let waiter = Waiter(loop: UInt32(thread), token: UInt64(step))
        let key = keys[Int.random(in: 0..<4, using: &random)]
        switch store.lookUp(key, asking(), ruling, waiter: waiter, at: second(1)) {
        case .wait: waiting.add(1, ordering: .relaxed)
        case .fill(var permit):
          guard Bool.random(using: &random) else { continue }
          permit.depart(request(), at: second(1))
          if case .storable(let storing) = permit.admit(
            response(200), from: west, at: second(1), wall: noon), Bool.random(using: &random)
          {
            _ = storing.finish(hasTrailers: false, at: second(1))
          }
        case .hit: if step % 7 == 0 { store.purgeAll() }
        default: break
        }
        released.add(store.takeReleases().count, ordering: .relaxed)
      }
    }
    released.add(store.takeReleases().count, ordering: .relaxed)
    #expect(released.load(ordering: .relaxed) == waiting.load(ordering: .relaxed))
    #expect(store.statistics().fillCount == 0)
  }

  private static func bytes(_ opened: OpenedHit) -> String {
    var cursor = opened.body(.whole)
    var bytes: [UInt8] = []
    while unsafe cursor.withNext(byteCountMax: 100, { unsafe bytes.append(contentsOf: $0) }) {}
    return String(decoding: bytes, as: UTF8.self)
  }
}

import Base
import HTTP
import Synchronization
import Testing

@testable import Cache

/// A file in memory, which can be made to fail, and changed behind the worker's back.
final class MemoryFile: DiskStorage {
  /// What a failing file says.
  struct Broken: Error {}

  var bytes: [UInt8]
  /// The calls that are left before it fails; nil: it does not.
  var callsLeft: Int?
  /// Called between the bytes' coming and their use.
  var onRead: () -> Void = {}
  var onWrite: () -> Void = {}
  private(set) var writeCount = 0

  init(byteCount: Int) { bytes = Array(repeating: 0, count: byteCount) }

  var byteCount: Int { bytes.count }

  func write(_ part: [UInt8], at offset: Int) throws(Broken) {
    try count()
    writeCount += 1
    bytes.replaceSubrange(offset..<offset + part.count, with: part)
    onWrite()
  }

  func read(byteCount: Int, at offset: Int) throws(Broken) -> [UInt8] {
    try count()
    defer { onRead() }
    return Array(bytes[offset..<offset + byteCount])
  }

  private func count() throws(Broken) {
    guard let left = callsLeft else { return }
    guard left > 0 else { throw Broken() }
    callsLeft = left - 1
  }
}

/// A store with little memory and a disk, driven step by step.
final class DiskBench {
  let bench: StoreBench
  let tier: DiskTier
  let file: MemoryFile
  let worker: DiskWorker<MemoryFile>
  private var tokens: UInt64 = 0

  init(
    _ rules: RowRules = DiskBench.rules(), byteCountMax: Int = 256 << 10,
    diskByteCount: Int = 4 << 20, shardCount: Int = 1
  ) throws {
    var limits = StoreBench.smallLimits
    limits.byteCountMax = byteCountMax
    limits.shardCount = shardCount
    tier = DiskTier(byteCountMax: diskByteCount)
    bench = try StoreBench(rules, limits: limits, disk: tier)
    file = MemoryFile(byteCount: diskByteCount)
    worker = DiskWorker(bench.store, tier, file)
  }

  /// Rules under which entries may lie on disk.
  static func rules(_ change: (inout RowRules) -> Void = { _ in }) -> RowRules {
    publicRules {
      $0.seal = .tenant
      $0.mayLieOnDisk = true
      change(&$0)
    }
  }

  var store: CacheStore { bench.store }
  var statistics: CacheStatistics { store.statistics() }
  /// Entries read back.
  var readCount: UInt64 { statistics.classes.reduce(0) { $0 + $1.diskReadCount } }

  /// The request for a number's answer.
  func request(_ number: Int) -> RequestHead { CacheTests.request(.get, "/\(number)") }

  /// A body of its own for each number, of several parts for some.
  func body(_ number: Int, byteCount: Int = 9_000) -> String {
    String(String(repeating: "secret-\(number) ", count: byteCount / 8).prefix(byteCount))
  }

  /// Stores the answers of some numbers.
  func fill(_ numbers: Range<Int>, byteCount: Int = 9_000, tags: [CacheTag] = []) throws {
    for number in numbers {
      let reason = try bench.fill(
        request(number), body: body(number, byteCount: byteCount), ["ETag: \"\(number)\""],
        tags: tags)
      #expect(reason == nil)
    }
  }

  /// Lets the worker work until it rests; how it ended.
  @discardableResult
  func work() -> Bool {
    while true {
      switch worker.step(at: bench.now) {
      case .worked: break
      case .idle: return true
      case .failed: return false
      }
    }
  }

  /// What a request comes to that waits as long as it takes; `read` when it waited for the disk.
  func ask(_ number: Int, _ ruling: Ruling? = nil) throws -> String {
    tokens += 1
    let waiter = Waiter(loop: 0, token: tokens)
    var before = ""
    while true {
      let outcome = try bench.outcome(request(number), ruling, waiter: waiter)
      guard outcome == "wait" else { return before + outcome }
      work()
      let releases = store.takeReleases()
      guard releases.contains(where: { $0.waiter == waiter }) else { return "forgotten" }
      if releases.contains(where: { $0.next == .fetch }) { return "fetch" }
      before = "read "
    }
  }

  /// Numbers in a range whose entries lie on disk.
  func onDisk(_ numbers: Range<Int>) throws -> [Int] {
    try numbers.filter { try entry($0)?.isOnDisk == true }
  }

  /// What stands in the table for a number.
  func entry(_ number: Int) throws -> Entry? {
    let key = try bench.key(request(number), bench.ruling())
    return store.cell(key).state.withLock { shard in
      shard.find(key).flatMap { shard.entries[$0] }
    }
  }
}

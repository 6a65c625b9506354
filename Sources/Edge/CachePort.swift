internal import Base
internal import Cache
internal import Origins
internal import Proxy
internal import Reactor

/// One loop's way to the store: makes keys, and tells exchanges when they wait no longer.
///
/// Confined to its loop.
final class CachePort {
  let store: CacheStore
  private let loop: UInt32
  /// The mailboxes of all loops, by their numbers.
  private let loops: [Mailbox<WorkerMessage>]
  private var builder = KeyBuilder()
  /// Exchanges that wait for the answer that another one fetches.
  private var waiting: [UInt64: Exchange] = [:]
  private var tokens: UInt64 = 0

  /// How long a request waits for answers that others fetch before it asks by itself.
  static let patienceMilliseconds: UInt64 = 5_000
  /// Answers that are fetched in place of stale ones.
  var refreshCount = 0
  /// As many at once: clients do not wait for them, and must not be kept waiting by them.
  private static let refreshCountMax = 32

  init(store: CacheStore, loop: Int, loops: [Mailbox<WorkerMessage>]) {
    self.store = store
    self.loop = UInt32(loop)
    self.loops = loops
  }

  /// Whether one more may be fetched.
  var mayRefresh: Bool { refreshCount < Self.refreshCountMax }

  /// Begins with a request.
  func begin(
    _ request: borrowing JudgedRequest, _ ruling: consuming Ruling, hasBody: Bool
  ) -> CacheUse {
    CacheUse(request, ruling, hasBody: hasBody, &builder)
  }

  /// The loop knows of these authorities from now on. What it decided before may come from those
  /// before: `CacheKeeper` ended what was stored when the news came, and this ends what was asked
  /// for while it was on its way here.
  func sees(_ health: HealthSnapshot, after old: HealthSnapshot) {
    guard health.epochs != old.epochs || health.topology !== old.topology else { return }
    for (index, epoch) in health.epochs.enumerated() {
      let name = health.topology.regionNames[index]
      guard let epoch, let place = old.topology.regionNames.firstIndex(of: name),
        let before = old.epochs[place], before != epoch, let region = store.names.region(name)
      else { continue }
      store.generations.bumpFailover(region)
    }
  }

  // MARK: Waiting

  /// A name by which a request may wait.
  func makeWaiter() -> Waiter {
    tokens += 1
    return Waiter(loop: loop, token: tokens)
  }

  /// The exchange waits under this name.
  func wait(_ waiter: Waiter, _ exchange: Exchange) { waiting[waiter.token] = exchange }

  /// The exchange waits no longer.
  func leave(_ waiter: Waiter, _ key: CacheKey?) {
    waiting[waiter.token] = nil
    if let key { store.leave(key, waiter) }
  }

  /// Tells those who wait no longer: the loop's own exchanges at once, others by message. True when
  /// one of the loop's own goes on.
  func turnEnded() -> Bool {
    var hasOwn = false
    for release in store.takeReleases() {
      if release.waiter.loop == loop {
        received(release)
        hasOwn = true
      } else {
        loops[Int(release.waiter.loop)].post(.released(release))
      }
    }
    return hasOwn
  }

  /// An exchange of this loop waits no longer, unless it left by itself meanwhile.
  func received(_ release: Release) {
    waiting.removeValue(forKey: release.waiter.token)?.cacheReleased(release.next)
  }
}

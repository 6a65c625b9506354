public import Base
internal import Native
internal import Synchronization

/// When a data key gets a successor, each far below what AES-256-GCM bears.
public struct KeyRotation: Sendable {
  /// Milliseconds: an hour, so that what a lost key could open is an hour's.
  public var milliseconds: UInt64 = 3_600_000
  /// Seals: NIST SP 800-38D bears 2^32 for drawn nonces; counted ones bear more.
  public var sealCount: UInt64 = 1 << 30
  /// Bytes: under 350 GB, where the bound on one key's plaintext becomes worth a thought.
  public var byteCount: UInt64 = 64 << 30
  /// Milliseconds without use after which a key is wiped from memory and only its wrapped form
  /// kept.
  public var restMilliseconds: UInt64 = 600_000

  /// Makes the default rotation.
  public init() {}
}

/// The data keys of the process, by whose entries they seal. Any thread.
///
/// An entry holds its key; the ring knows all that are left, so that it can drop them. Owners are
/// let go of when they store nothing for a while (`rest`): there are as many as users. When there
/// are too many keys all the same, those that were used least recently are dropped, and what they
/// sealed ends, as entries do that make room for others.
public final class DataKeyRing: Sendable {
  private struct Held {
    weak var key: DataKey?
  }

  private struct State {
    var current: [KeyOwner: DataKey] = [:]
    var all: [Held] = []
    var numberOfKeys: UInt64 = 0
  }

  private let state = Mutex(State())
  private let keeper: any KeyEncryption
  private let instance: UInt32
  private let rotation: KeyRotation
  private let countMax: Int

  /// Makes an empty ring. `instance` is random, drawn at the process's start.
  public init(
    keeper: any KeyEncryption, instance: UInt32, rotation: KeyRotation = KeyRotation(),
    limits: CacheLimits = CacheLimits()
  ) {
    self.keeper = keeper
    self.instance = instance
    self.rotation = rotation
    countMax = limits.dataKeyCountMax
  }

  /// The name of the key that wraps.
  public var keeperName: String { keeper.name }

  /// The key that seals for `owner` now; nil when its keeper wraps none.
  func key(for owner: KeyOwner, at now: Instant) -> DataKey? {
    state.withLock { state in
      if let key = state.current[owner], !key.isDue(at: now, rotation) { return key }
      if state.all.count >= countMax { makeRoom(in: &state) }
      state.numberOfKeys += 1
      guard
        let key = DataKey(
          number: state.numberOfKeys, owner: owner, keeper: keeper, instance: instance, at: now)
      else { return nil }
      // The one before lives as long as an entry needs it.
      state.current[owner] = key
      state.all.append(Held(key: key))
      return key
    }
  }

  /// Drops every key of a tenant: what it sealed is gone, at a cost that does not depend on how
  /// much that was. Gives how many keys there were.
  @discardableResult
  public func drop(tenant: TenantNumber) -> Int { drop { $0.tenant == tenant } }

  /// Drops every key of a region.
  @discardableResult
  public func drop(region: RegionNumber) -> Int { drop { $0.region == region } }

  /// Drops every key.
  @discardableResult
  public func dropAll() -> Int { drop { _ in true } }

  /// How many keys can still open something.
  public var count: Int { state.withLock { $0.all.count { $0.key?.isDropped == false } } }

  /// Wipes keys that nothing used for a while, and lets go of owners who need none; call now and
  /// then.
  public func rest(at now: Instant) {
    let span = rotation.restMilliseconds * 1_000_000
    guard now.nanoseconds > span else { return }
    let since = Instant(nanoseconds: now.nanoseconds - span)
    let held = state.withLock { state in
      // An entry keeps its key; without one, the owner gets another when he needs it.
      state.current = state.current.filter {
        $0.value.usedAt >= since && !$0.value.isDue(at: now, rotation)
      }
      state.all.removeAll { $0.key == nil }
      return state.all
    }
    for held in held { held.key?.rest(unusedSince: since) }
  }

  /// Drops the eighth of all keys that was used least recently: so many at once that the look at
  /// all of them is paid by many who need a new one.
  private func makeRoom(in state: inout State) {
    state.all.removeAll { $0.key == nil }
    guard state.all.count >= countMax else { return }
    let keys = state.all.compactMap(\.key).map { (key: $0, usedAt: $0.usedAt) }
      .sorted { $0.usedAt < $1.usedAt }
    for entry in keys.prefix(max(countMax / 8, 1)) {
      entry.key.drop()
      if state.current[entry.key.owner] === entry.key { state.current[entry.key.owner] = nil }
    }
    state.all.removeAll { $0.key?.isDropped ?? true }
  }

  private func drop(where isMeant: (KeyOwner) -> Bool) -> Int {
    state.withLock { state in
      var count = 0
      for held in state.all {
        guard let key = held.key, isMeant(key.owner), !key.isDropped else { continue }
        key.drop()
        count += 1
      }
      state.current = state.current.filter { !isMeant($0.key) }
      state.all.removeAll { $0.key?.isDropped ?? true }
      return count
    }
  }
}

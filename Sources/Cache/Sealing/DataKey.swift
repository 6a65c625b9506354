internal import Base
internal import Native
internal import Synchronization

/// Whose entries a data key seals.
struct KeyOwner: Hashable, Sendable {
  var scope: SealScope
  var tenant: TenantNumber
  var region: RegionNumber
  var dataClass: UInt8
  /// The user's hash; zero unless keys are a user's.
  var user: SHA256Digest

  /// Whose key seals what is stored by `ruling`; nil when its row does not seal.
  init?(_ ruling: Ruling) {
    scope = ruling.row.rules.seal
    switch scope {
    case .none: return nil
    case .region: tenant = .unnamed
    case .tenant, .user: tenant = ruling.tenant
    }
    region = ruling.region
    dataClass = ordinal(ruling.dataClass)
    user = scope == .user ? SHA256.hash(ruling.user) : .zero
  }

  /// What a wrapped key is bound to.
  func context(number: UInt64) -> [UInt8] {
    var text = KeyText()
    text.append("homeward cache data key v1")
    text.append(byte: scope.rawValue)
    text.append(number: UInt64(tenant.index))
    text.append(byte: region.index)
    text.append(byte: dataClass)
    unsafe user.withBytes { unsafe text.bytes.append(contentsOf: $0) }
    text.append(number: number)
    return text.bytes
  }
}

/// Some sealed bytes and the number of their nonce.
struct SealedPart: Sendable {
  var counter: UInt64
  var bytes: [UInt8]
}

/// A key that seals entries: AES-256-GCM.
///
/// INVARIANT (fresh nonce) holds: a nonce is the instance's number and a counter that only rises;
/// keys are drawn anew at each start and never written down. Its bytes are known to OpenSSL's
/// contexts only, which are wiped when it is dropped or rests; what rests is wrapped. Any thread; a
/// short lock.
final class DataKey: Sendable {
  /// The key's number in the process.
  let number: UInt64
  /// Whose entries it seals.
  let owner: KeyOwner
  /// When it was made.
  let madeAt: Instant
  private let instance: UInt32
  private let keeper: any KeyEncryption
  private let state: Mutex<State>

  private struct State: ~Copyable {
    var key: AEADKey?
    /// The wrapped form; nil once the key was dropped.
    var wrapped: [UInt8]?
    var counter: UInt64 = 0
    var sealedByteCount: UInt64 = 0
    var usedAt: Instant
  }

  /// Has a key made; nil when its keeper makes none.
  init?(
    number: UInt64, owner: KeyOwner, keeper: any KeyEncryption, instance: UInt32, at now: Instant
  ) {
    guard let made = keeper.makeKey(context: owner.context(number: number)),
      let key = unsafe made.secret.withBytes({ unsafe try? AEADKey(key: $0) })
    else { return nil }
    self.number = number
    self.owner = owner
    self.keeper = keeper
    self.instance = instance
    madeAt = now
    state = Mutex(State(key: key, wrapped: made.wrapped, usedAt: now))
  }

  /// Seals bytes; nil when the key was dropped.
  func seal(
    _ plain: [UInt8], _ associatedData: [UInt8], at now: Instant
  ) -> SealedPart? {
    state.withLock { state in
      guard wake(&state, at: now) else { return nil }
      state.counter += 1
      state.sealedByteCount += UInt64(plain.count)
      var sealed = ByteQueue()
      let nonce = AEADNonce(prefix: instance, counter: state.counter)
      unsafe plain.withUnsafeBytes { plain in
        unsafe associatedData.withUnsafeBytes { data in
          unsafe state.key?.seal(plain, nonce: nonce, associatedData: data, into: &sealed)
        }
      }
      return SealedPart(counter: state.counter, bytes: sealed.copyToArray())
    }
  }

  /// Opens a part; nil when the key was dropped, or when the bytes or what they are bound to are
  /// other ones than were sealed.
  func open(_ part: SealedPart, _ associatedData: [UInt8], at now: Instant) -> [UInt8]? {
    state.withLock { state in
      guard wake(&state, at: now) else { return nil }
      let nonce = AEADNonce(prefix: instance, counter: part.counter)
      return unsafe part.bytes.withUnsafeBytes { sealed in
        unsafe associatedData.withUnsafeBytes { data in
          unsafe state.key?.open(sealed, nonce: nonce, associatedData: data)
        }
      }
    }
  }

  /// Whether another key should take its place: too old, or used for too much.
  func isDue(at now: Instant, _ rotation: KeyRotation) -> Bool {
    state.withLock { state in
      state.wrapped == nil || now.milliseconds(since: madeAt) >= rotation.milliseconds
        || state.counter >= rotation.sealCount || state.sealedByteCount >= rotation.byteCount
    }
  }

  /// When it sealed or opened something last.
  var usedAt: Instant { state.withLock { $0.usedAt } }

  /// Whether it was dropped.
  var isDropped: Bool { state.withLock { $0.wrapped == nil } }

  /// Forgets the key for good: nothing that it sealed can be opened.
  func drop() {
    state.withLock { state in
      state.key = nil
      state.wrapped = nil
    }
  }

  /// Wipes the key from memory if nothing used it since; its keeper gives it back.
  func rest(unusedSince time: Instant) {
    state.withLock { state in
      if state.usedAt < time { state.key = nil }
    }
  }

  /// Makes sure that the key is in memory.
  private func wake(_ state: inout State, at now: Instant) -> Bool {
    state.usedAt = max(state.usedAt, now)
    if state.key != nil { return true }
    guard let wrapped = state.wrapped,
      let secret = keeper.unwrap(wrapped, context: owner.context(number: number))
    else { return false }
    state.key = unsafe secret.withBytes { unsafe try? AEADKey(key: $0) }
    return state.key != nil
  }
}

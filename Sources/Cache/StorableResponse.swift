public import Base
internal import HTTP
internal import Native

/// An answer that may be stored, while its body comes. Only admission makes one; until `finish` it
/// is seen by nobody, and dropping it leaves nothing behind.
public struct StorableResponse: ~Copyable {
  private let claim: FillClaim
  private var facts: EntryFacts
  private let fields: Fields
  private let ruling: Ruling
  private let groups: [UInt32]
  private let declaredByteCount: UInt64?
  private var body: FillingBody
  /// Why it will not be stored after all; nil as long as it may.
  public private(set) var refusal: NotStored?

  /// Admitted.
  init(
    _ claim: FillClaim, _ facts: EntryFacts, _ fields: Fields, _ ruling: Ruling,
    groups: [UInt32], declaredByteCount: UInt64?
  ) {
    self.claim = claim
    self.facts = facts
    self.fields = fields
    self.ruling = ruling
    self.groups = groups
    self.declaredByteCount = declaredByteCount
    body = FillingBody(claim.store, declaredByteCount: declaredByteCount)
  }

  /// Adds bytes of the body as they pass; a copy is kept. What is too large is let go of at once,
  /// and those who wait are released; false from then on.
  @discardableResult
  public mutating func append(_ bytes: UnsafeRawBufferPointer, at now: Instant) -> Bool {
    guard refusal == nil else { return false }
    let total = body.byteCount + bytes.count
    let limit = min(ruling.row.rules.bodyByteCountMax, claim.store.limits.bodyByteCountMax)
    if total > limit {
      refusal = .tooLarge
    } else if let declaredByteCount, UInt64(total) > declaredByteCount {
      refusal = .lengthMismatch
    } else if unsafe !body.append(bytes) {
      refusal = .overCapacity
    }
    guard refusal != nil else { return true }
    body.removeAll()
    claim.refuse(at: now, isLasting: refusal == .tooLarge)
    return false
  }

  /// The origin's message is complete: publishes the entry, or says why not.
  public consuming func finish(hasTrailers: Bool, at now: Instant) -> NotStored? {
    if let refusal { return refusal }
    if hasTrailers {
      claim.refuse(at: now, isLasting: true)
      return .trailers
    }
    if let declaredByteCount, declaredByteCount != UInt64(body.byteCount) {
      claim.refuse(at: now, isLasting: false)
      return .lengthMismatch
    }
    facts.bodyByteCount = UInt64(body.byteCount)
    let parts = body.takeParts()
    guard
      let entry = claim.store.seal(facts, fields, parts, ruling, groups: groups, at: now)
    else {
      claim.refuse(at: now, isLasting: false)
      return .noKey
    }
    let reason = claim.store.publish(entry)
    // Those who waited find it, or one of them fetches anew.
    claim.settle(reason == nil || reason == .fenced ? .lookUp : .fetch)
    return reason
  }
}

/// The parts of a body that is being received, and the room that they take of all fills'.
private struct FillingBody: ~Copyable {
  private let store: CacheStore
  private var parts: [[UInt8]] = []
  private var last: [UInt8] = []
  /// Bytes so far.
  private(set) var byteCount = 0

  /// Expects as many bytes as the origin declared, within one part.
  init(_ store: CacheStore, declaredByteCount: UInt64?) {
    self.store = store
    last.reserveCapacity(Int(min(declaredByteCount ?? 0, UInt64(CacheLimits.partByteCount))))
  }

  deinit { store.unreserve(byteCount) }

  /// Adds bytes; false when all fills together take too much.
  mutating func append(_ bytes: UnsafeRawBufferPointer) -> Bool {
    guard store.reserve(bytes.count) else { return false }
    byteCount += bytes.count
    var offset = 0
    while offset < bytes.count {
      let count = min(bytes.count - offset, CacheLimits.partByteCount - last.count)
      unsafe last.append(
        contentsOf: UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + count]))
      offset += count
      if last.count == CacheLimits.partByteCount {
        parts.append(last)
        last = []
      }
    }
    return true
  }

  /// Forgets all bytes.
  mutating func removeAll() {
    store.unreserve(byteCount)
    byteCount = 0
    parts = []
    last = []
  }

  /// The parts, without spare room.
  mutating func takeParts() -> [[UInt8]] {
    defer {
      parts = []
      last = []
    }
    guard !last.isEmpty else { return parts }
    // What is stored for hours has no spare room to speak of.
    if last.capacity > last.count + last.count / 8 + 64 {
      var exact: [UInt8] = []
      exact.reserveCapacity(last.count)
      exact.append(contentsOf: last)
      last = exact
    }
    return parts + [last]
  }
}

extension CacheStore {
  /// Whether an answer that is stored by `ruling` could be sealed, if it must be.
  func canSeal(_ ruling: Ruling, at now: Instant) -> Bool {
    guard let owner = KeyOwner(ruling) else { return true }
    return keys?.key(for: owner, at: now) != nil
  }

  /// Makes the entry of an answer, sealed if its row says so; nil when no key can be had.
  func seal(
    _ facts: EntryFacts, _ fields: Fields, _ parts: [[UInt8]], _ ruling: Ruling,
    groups: [UInt32], at now: Instant
  ) -> Entry? {
    guard let owner = KeyOwner(ruling) else {
      return Entry(facts, .plain(fields, parts), groups: groups)
    }
    guard let key = keys?.key(for: owner, at: now) else { return nil }
    let binding = facts.binding(key.number)
    // One piece for head and beginning: most answers are opened in one go.
    let head = SealedHead.text(fields) + (parts.first ?? [])
    let rest = parts.dropFirst()
    guard let sealedHead = key.seal(head, SealedHead.binding(binding, rest.count), at: now) else {
      return nil
    }
    var sealed: [SealedPart] = []
    for (index, part) in rest.enumerated() {
      guard let piece = key.seal(part, SealedHead.binding(binding, part: index), at: now) else {
        return nil
      }
      sealed.append(piece)
    }
    return Entry(facts, .sealed(key, head: sealedHead, parts: sealed), groups: groups)
  }
}

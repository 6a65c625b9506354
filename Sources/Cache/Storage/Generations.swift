internal import Base
internal import Synchronization

/// What a stored answer depends on: when one of its tags is bumped, it ends.
public struct CacheTag: Sendable {
  /// What kind of thing the tag names.
  public enum Kind: UInt8, Sendable {
    case tenant = 1
    /// A target on an authority, whatever else is in the key.
    case target
    /// A FHIR type: a new resource may match a search that no member's tag covers.
    case type
    case resource, patient, consent
    /// Operators' own.
    case named
    /// An origin's group of answers (RFC 9875).
    case group
  }

  /// Whose it is; `unnamed` for what no tenant owns.
  public var tenant: TenantNumber
  /// What it names.
  public var kind: Kind
  /// Which one.
  public var id: [UInt8]

  /// Makes a tag.
  public init(_ kind: Kind, tenant: TenantNumber = .unnamed, id: [UInt8] = []) {
    self.kind = kind
    self.tenant = tenant
    self.id = id
  }

  /// The tag of everything of a target. Scheme and port are part of the authority's text.
  public static func target(_ target: AffectedTarget) -> CacheTag {
    var text = KeyText()
    text.append(target.authority)
    text.append(target.target)
    return CacheTag(.target, id: text.bytes)
  }
}

/// When each tag was bumped last: counters by hash, so that a bump costs the same whatever is
/// stored.
///
/// INVARIANT (fence): an entry holds the number of the newest bump at the time when its request
/// left; it is dead when one of its tags was bumped later. So a fill that began before a write was
/// answered is never served after it, on any loop. Tags that share a counter end together, never
/// too late.
///
/// A counter also says which tag is watched: bumping one that no entry ever had costs nobody
/// anything. Where several were, it says so for good. Tenants and types, of which there are so many
/// as FHIR and the policy name, have counters of their own: whatever clients ask for, no target of
/// theirs shares one with all of a type. Any thread; a bump is two atomic operations.
@safe
public final class Generations: Sendable {
  /// 16 bits of the tag's hash (0: nobody watches, all ones: several do), 48 bits of a bump's
  /// number.
  nonisolated(unsafe) private let words: UnsafeMutablePointer<Atomic<UInt64>>
  private let mask: Int
  /// Counters of tags that clients cannot make up, behind all others; a power of two, some times as
  /// many as there are such tags.
  private static let closedCount = 1 << 12
  /// The newest bump's number.
  private let newest = Atomic<UInt64>(1)
  /// The newest bump of everything.
  private let floorNumber = Atomic<UInt64>(0)
  /// The newest bump of any group: which groups an answer has is known only when it comes.
  private let groupNumber = Atomic<UInt64>(0)
  /// The newest failover of any region: who decided before it may ask who lost the authority.
  private let failoverNumber = Atomic<UInt64>(0)
  /// The newest bump of each region's failover.
  nonisolated(unsafe) private let failovers: UnsafeMutablePointer<Atomic<UInt64>>
  private let hash: SipHash24

  private static let numberBits: UInt64 = 48
  private static let several: UInt64 = 0xFFFF
  private static let regionCount = 64

  /// Makes counters; the key keeps clients from choosing tags that share one.
  init(limits: CacheLimits, key: (UInt64, UInt64)) {
    let count = limits.generationCount
    precondition(count > 0 && count & (count - 1) == 0, "a power of two")
    let wordCount = count + Self.closedCount
    unsafe words = .allocate(capacity: wordCount)
    for index in 0..<wordCount { unsafe (words + index).initialize(to: Atomic(0)) }
    unsafe failovers = .allocate(capacity: Self.regionCount)
    for index in 0..<Self.regionCount { unsafe (failovers + index).initialize(to: Atomic(0)) }
    mask = count - 1
    hash = SipHash24(key0: key.0, key1: key.1)
  }

  deinit {
    unsafe words.deallocate()
    unsafe failovers.deallocate()
  }

  /// The number of the newest bump: what a request that leaves now has seen.
  @inline(__always)
  var now: UInt64 { newest.load(ordering: .sequentiallyConsistent) }

  /// Watches a tag from now on and gives its counter's place.
  func watch(_ tag: CacheTag) -> UInt32 {
    let (place, mark) = locate(tag)
    while true {
      let word = unsafe words[place].load(ordering: .sequentiallyConsistent)
      let found = word >> Self.numberBits
      if found == mark || found == Self.several { return UInt32(place) }
      let marked = (found == 0 ? mark : Self.several) << Self.numberBits | (word & Self.numberMask)
      let (isDone, _) = unsafe words[place].compareExchange(
        expected: word, desired: marked, ordering: .sequentiallyConsistent)
      if isDone { return UInt32(place) }
    }
  }

  /// Ends every entry that has the tag and whose request left before now.
  public func bump(_ tag: CacheTag) {
    let (place, mark) = locate(tag)
    // The number is taken before the counter is looked at: a request that begins to watch in
    // between leaves after this and sees the number.
    let number = takeNumber()
    if tag.kind == .group {
      _ = groupNumber.max(number, ordering: .sequentiallyConsistent)
    }
    while true {
      let word = unsafe words[place].load(ordering: .sequentiallyConsistent)
      let found = word >> Self.numberBits
      guard found == mark || found == Self.several, word & Self.numberMask < number else { return }
      let (isDone, _) = unsafe words[place].compareExchange(
        expected: word, desired: found << Self.numberBits | number,
        ordering: .sequentiallyConsistent)
      if isDone { return }
    }
  }

  /// Ends every entry that came from `region` before now, in rows that failover ends.
  public func bumpFailover(_ region: RegionNumber) {
    let number = takeNumber()
    _ = unsafe failovers[Int(region.index)].max(number, ordering: .sequentiallyConsistent)
    _ = failoverNumber.max(number, ordering: .sequentiallyConsistent)
  }

  /// The number of the newest failover of any region: what a decision that is taken now has seen.
  @inline(__always)
  public var newestFailover: UInt64 { failoverNumber.load(ordering: .sequentiallyConsistent) }

  /// Ends every entry whose request left before now.
  public func bumpAll() {
    let number = takeNumber()
    _ = floorNumber.max(number, ordering: .sequentiallyConsistent)
  }

  /// Whether some group ended after `number`. Ask after the groups are watched.
  func hasGroupEnded(since number: UInt64) -> Bool {
    groupNumber.load(ordering: .sequentiallyConsistent) > number
  }

  /// Entries whose request left before this bump are dead.
  @inline(__always)
  var floor: UInt64 { floorNumber.load(ordering: .acquiring) }

  /// Whether the counter at `place` was not bumped after `number`.
  @inline(__always)
  func isCurrent(_ place: UInt32, since number: UInt64) -> Bool {
    unsafe words[Int(place)].load(ordering: .acquiring) & Self.numberMask <= number
  }

  /// Whether `region` did not fail over after `number`.
  @inline(__always)
  func isCurrent(_ region: RegionNumber, since number: UInt64) -> Bool {
    unsafe failovers[Int(region.index)].load(ordering: .acquiring) <= number
  }

  private static let numberMask: UInt64 = (1 << numberBits) - 1

  /// A number of its own for a bump; 48 bits last for years at a million a second.
  private func takeNumber() -> UInt64 {
    newest.add(1, ordering: .sequentiallyConsistent).newValue
  }

  /// The tag's counter and its mark, which is neither 0 nor `several`.
  private func locate(_ tag: CacheTag) -> (place: Int, mark: UInt64) {
    var text = KeyText()
    text.append(byte: tag.kind.rawValue)
    text.append(number: UInt64(tag.tenant.index))
    text.append(tag.id)
    let (low, high) = unsafe text.bytes.withUnsafeBytes { unsafe hash.hash128($0) }
    let mark = high % (Self.several - 1) + 1
    let index = Int(truncatingIfNeeded: low)
    switch tag.kind {
    case .tenant, .type: return (mask + 1 + index & (Self.closedCount - 1), mark)
    case .target, .resource, .patient, .consent, .named, .group: return (index & mask, mark)
    }
  }
}

/// The tags of one entry and what was seen of them; a value without memory of its own.
struct WatchedTags: Sendable {
  private var places = InlineArray<12, UInt32>(repeating: 0)
  private(set) var count = 0
  /// The kinds that are watched, as bits.
  private(set) var kinds: UInt16 = 0
  /// Whether a tag found no room: such an answer is not stored.
  private(set) var hasOverflowed = false
  /// The newest bump when the request left.
  var number: UInt64 = 0

  /// Adds a counter's place.
  mutating func add(_ place: UInt32, _ kind: CacheTag.Kind) {
    guard count < CacheLimits.tagCountMax else {
      hasOverflowed = true
      return
    }
    places[count] = place
    count += 1
    kinds |= 1 << UInt16(kind.rawValue)
  }

  /// Whether a tag of this kind is watched.
  func contains(_ kind: CacheTag.Kind) -> Bool { kinds >> UInt16(kind.rawValue) & 1 == 1 }

  /// Whether none of the tags was bumped since.
  @inline(__always)
  func areCurrent(in generations: borrowing Generations) -> Bool {
    for index in 0..<count where !generations.isCurrent(places[index], since: number) {
      return false
    }
    return true
  }
}

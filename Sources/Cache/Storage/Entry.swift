internal import Base
internal import HTTP
internal import Native

/// What an entry's answer consists of.
enum StoredAnswer: Sendable {
  /// Fields and the parts of the body.
  case plain(Fields, [[UInt8]])
  /// The same under a data key.
  case sealed(DataKey, head: SealedPart, parts: [SealedPart])
}

/// What is known of an entry beside its answer; never sealed, since look-ups need it.
struct EntryFacts: Sendable {
  /// The key under which it stands.
  var key: CacheKey
  /// The entry's number in the process.
  var number: UInt64
  /// The status.
  var status: UInt16
  /// How old and how long usable it is.
  var freshness: Freshness
  /// The entity tag.
  var etag: EntityTag?
  /// The modification date, in seconds since 1970.
  var lastModifiedSeconds: UInt64?
  /// When the origin made it, in seconds since 1970.
  var dateSeconds: UInt64?
  /// Bytes of the body.
  var bodyByteCount: UInt64
  /// What it depends on.
  var tags: WatchedTags
  /// The row by which it was stored.
  var row: MatrixRow
  /// The policy version that let it be stored.
  var policy: SHA256Digest
  /// What kind of data it is.
  var dataClass: DataClass
  /// How confidential it is.
  var sensitivity: Sensitivity
  /// Whose it is.
  var tenant: TenantNumber
  /// Where it is stored.
  var region: RegionNumber
  /// Where it comes from.
  var sourceRegion: RegionNumber
  /// The decision by which it was fetched.
  var decision: UInt128
  /// When it was stored.
  var storedAt: Instant
  /// The same on the wall.
  var storedWall: WallTime

  /// What every sealed part of the entry is bound to: where it belongs, and by which rules it came.
  /// An entry that is moved to another key, tenant, region, class or row does not open.
  func binding(_ keyNumber: UInt64) -> KeyText {
    var text = KeyText()
    text.append("homeward cache entry v1")
    unsafe key.digest.withBytes { unsafe text.bytes.append(contentsOf: $0) }
    unsafe row.fingerprint.withBytes { unsafe text.bytes.append(contentsOf: $0) }
    unsafe policy.withBytes { unsafe text.bytes.append(contentsOf: $0) }
    text.append(number: UInt64(tenant.index))
    text.append(byte: region.index)
    text.append(byte: sourceRegion.index)
    text.append(byte: ordinal(dataClass))
    text.append(byte: ordinal(sensitivity))
    text.append(number: number)
    text.append(number: keyNumber)
    text.append(number: UInt64(status))
    text.append(number: bodyByteCount)
    return text
  }
}

/// One stored answer. Immutable, and kept alive by whoever is sending it: what is evicted meanwhile
/// is still whole for him.
final class Entry: Sendable {
  /// What is known of it.
  let facts: EntryFacts
  /// What it is.
  let answer: StoredAnswer
  /// What it costs, in bytes.
  let cost: Int
  /// What its sealed parts are bound to; empty for a plain one.
  private let binding: KeyText

  /// Keeps an answer.
  init(_ facts: EntryFacts, _ answer: StoredAnswer) {
    self.facts = facts
    self.answer = answer
    if case .sealed(let key, _, _) = answer {
      binding = facts.binding(key.number)
    } else {
      binding = KeyText()
    }
    var cost = CacheLimits.entryOverheadByteCount + binding.bytes.count + facts.key.text.count
    switch answer {
    case .plain(let fields, let parts):
      cost += fields.bytes.count + fields.lines.count * 20
      cost += parts.reduce(0) { $0 + $1.count + 32 }
    case .sealed(_, let head, let parts):
      cost += head.bytes.count + parts.reduce(0) { $0 + $1.bytes.count + 48 }
    }
    self.cost = cost
  }

  /// Whether the key that sealed it was dropped.
  var isShredded: Bool {
    if case .sealed(let key, _, _) = answer { return key.isDropped }
    return false
  }

  /// Fields and parts; nil when they cannot be opened.
  func open(at now: Instant) -> (Fields, [[UInt8]])? {
    switch answer {
    case .plain(let fields, let parts): return (fields, parts)
    case .sealed(let key, let head, let sealed):
      guard let text = key.open(head, SealedHead.binding(binding, sealed.count), at: now),
        let fields = SealedHead.fields(text)
      else { return nil }
      var parts: [[UInt8]] = []
      for (index, part) in sealed.enumerated() {
        guard let bytes = key.open(part, SealedHead.binding(binding, part: index), at: now)
        else { return nil }
        parts.append(bytes)
      }
      return (fields, parts)
    }
  }
}

/// How a head is written when it is sealed, and what sealed parts are bound to beside their entry.
enum SealedHead {
  /// The head: knows how many parts follow.
  static func binding(_ entry: KeyText, _ partCount: Int) -> [UInt8] {
    var text = entry
    text.append(byte: 0)
    text.append(number: UInt64(partCount))
    return text.bytes
  }

  /// A part of the body: knows its place.
  static func binding(_ entry: KeyText, part index: Int) -> [UInt8] {
    var text = entry
    text.append(byte: 1)
    text.append(number: UInt64(index))
    return text.bytes
  }

  /// The fields as one text.
  static func text(_ fields: Fields) -> [UInt8] {
    var text = KeyText()
    text.append(length: fields.lines.count)
    for line in fields.lines {
      unsafe fields.withName(line) { unsafe text.append(Array($0)) }
      unsafe fields.withValue(line) { unsafe text.append(Array($0)) }
    }
    return text.bytes
  }

  /// The fields of such a text; nil when it is none.
  static func fields(_ text: [UInt8]) -> Fields? {
    var offset = 0
    func length() -> Int? {
      guard offset + 4 <= text.count else { return nil }
      defer { offset += 4 }
      return text[offset..<offset + 4].reduce(0) { $0 << 8 | Int($1) }
    }
    func part() -> Range<Int>? {
      guard let count = length(), offset + count <= text.count else { return nil }
      defer { offset += count }
      return offset..<offset + count
    }
    guard let lineCount = length(), lineCount <= text.count else { return nil }
    var fields = Fields()
    fields.reserveCapacity(byteCount: text.count, lineCount: lineCount)
    for _ in 0..<lineCount {
      guard let name = part(), let value = part() else { return nil }
      unsafe text.withUnsafeBytes { bytes in
        unsafe fields.append(
          name: UnsafeRawBufferPointer(rebasing: bytes[name]),
          value: UnsafeRawBufferPointer(rebasing: bytes[value]))
      }
    }
    return offset == text.count ? fields : nil
  }
}

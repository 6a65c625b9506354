internal import Base
internal import HTTP
internal import Native

/// What an entry's answer consists of.
enum StoredAnswer: Sendable {
  /// Fields and the parts of the body.
  case plain(Fields, [[UInt8]])
  /// The same under a data key: the fields with the body's first part, and the parts after it.
  case sealed(DataKey, head: SealedPart, parts: [SealedPart])
  /// The same, lying on disk.
  case onDisk(DataKey, DiskExtent)
}

/// The beginning of an answer in the clear: its fields, and its body's first part.
struct OpenAnswer: Sendable {
  /// The fields; nil when they stand before the body.
  private let plainFields: Fields?
  /// The body's first part, behind the fields if those were sealed with it.
  let first: [UInt8]
  /// Where the body begins in it.
  let bodyOffset: Int

  /// An answer that was stored in the clear.
  init(fields: Fields, first: [UInt8]) {
    plainFields = fields
    self.first = first
    bodyOffset = 0
  }

  /// An answer that was opened, `first` beginning with its fields; nil when it does not.
  init?(opened first: [UInt8]) {
    guard let offset = unsafe SealedHead.read(first, line: { _, _ in }) else { return nil }
    plainFields = nil
    self.first = first
    bodyOffset = offset
  }

  /// The fields.
  var fields: Fields {
    var fields = Fields()
    write(to: &fields)
    return fields
  }

  /// Writes the fields to `fields`, which keep their memory.
  func write(to fields: inout Fields) {
    if let plainFields { return fields.replace(with: plainFields) }
    fields.removeAll()
    unsafe SealedHead.read(first) { unsafe fields.append(name: $0, value: $1) }
  }
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
  /// The counters of its groups. Here, since copies of what is known are made for each hit, and few
  /// entries have groups.
  let groups: [UInt32]
  /// What it costs, in bytes.
  let cost: Int
  /// Whether its answer lies on disk, so that it must be read before it is served.
  let isOnDisk: Bool
  /// Where its answer lies on disk, or lay before it was read back.
  let extent: DiskExtent?
  /// What its sealed parts are bound to; empty for a plain one.
  private let binding: KeyText
  /// The same for its head.
  private let headBinding: [UInt8]

  /// Keeps an answer.
  init(
    _ facts: EntryFacts, _ answer: StoredAnswer, groups: [UInt32] = [],
    extent: DiskExtent? = nil
  ) {
    self.facts = facts
    self.answer = answer
    self.groups = groups
    if case .sealed(let key, _, let parts) = answer {
      binding = facts.binding(key.number)
      headBinding = SealedHead.binding(binding, parts.count)
    } else {
      binding = KeyText()
      headBinding = []
    }
    var cost = CacheLimits.entryOverheadByteCount + facts.key.text.count + groups.count * 4
    cost += binding.bytes.count + headBinding.count
    switch answer {
    case .plain(let fields, let parts):
      cost += fields.bytes.count + fields.lines.count * 20
      cost += parts.reduce(0) { $0 + $1.count + 32 }
    case .sealed(_, let head, let parts):
      cost += head.bytes.count + parts.reduce(0) { $0 + $1.bytes.count + 48 }
    case .onDisk: break
    }
    if case .onDisk(_, let own) = answer { self.extent = own } else { self.extent = extent }
    if case .onDisk = answer { isOnDisk = true } else { isOnDisk = false }
    cost += self.extent.map { 64 + $0.parts.count * MemoryLayout<DiskExtent.Part>.stride } ?? 0
    self.cost = cost
  }

  /// The same answer, on disk.
  convenience init(_ entry: Entry, onDisk extent: DiskExtent, _ key: DataKey) {
    self.init(entry.facts, .onDisk(key, extent), groups: entry.groups)
  }

  /// The same answer, read back from where it still lies.
  convenience init(_ entry: Entry, readBack answer: StoredAnswer, from extent: DiskExtent) {
    self.init(entry.facts, answer, groups: entry.groups, extent: extent)
  }

  /// Whether nothing that it depends on was ended since its request left.
  @inline(__always)
  func isCurrent(in generations: Generations) -> Bool {
    guard facts.tags.areCurrent(in: generations) else { return false }
    for place in groups where !generations.isCurrent(place, since: facts.tags.number) {
      return false
    }
    return true
  }

  /// The key that sealed it; nil for a plain one.
  var dataKey: DataKey? {
    switch answer {
    case .plain: nil
    case .sealed(let key, _, _), .onDisk(let key, _): key
    }
  }

  /// Whether the key that sealed it was dropped.
  var isShredded: Bool { dataKey?.isDropped ?? false }

  /// The answer's beginning in the clear; nil when it cannot be opened. What follows is opened when
  /// it is wanted (`openLaterPart`): a body of many parts is never held as a whole to be sent.
  func open(at now: Instant) -> OpenAnswer? {
    switch answer {
    case .plain(let fields, let parts):
      return OpenAnswer(fields: fields, first: parts.first ?? [])
    case .sealed(let key, let head, _):
      guard let text = key.open(head, headBinding, at: now) else { return nil }
      return OpenAnswer(opened: text)
    case .onDisk: return nil
    }
  }

  /// How many parts the body has behind its first.
  var laterPartCount: Int {
    switch answer {
    case .plain(_, let parts): max(parts.count - 1, 0)
    case .sealed(_, _, let parts): parts.count
    case .onDisk: 0
    }
  }

  /// How many bytes a later part has in the clear; the first of them is part 0.
  func byteCount(ofLaterPart index: Int) -> Int {
    switch answer {
    case .plain(_, let parts): parts[index + 1].count
    case .sealed(_, _, let parts): parts[index].bytes.count - AEADKey.tagByteCount
    case .onDisk: 0
    }
  }

  /// A later part in the clear; nil when it cannot be opened.
  func openLaterPart(_ index: Int, at now: Instant) -> [UInt8]? {
    switch answer {
    case .plain(_, let parts): parts[index + 1]
    case .sealed(let key, _, let parts):
      key.open(parts[index], SealedHead.binding(binding, part: index), at: now)
    case .onDisk: nil
    }
  }

  /// The whole answer in the clear, to be sealed anew; nil when it cannot be opened.
  func openWhole(at now: Instant) -> (fields: Fields, parts: [[UInt8]])? {
    guard let answer = open(at: now) else { return nil }
    let first = Array(answer.first[answer.bodyOffset...])
    var parts = first.isEmpty ? [] : [first]
    for index in 0..<laterPartCount {
      guard let part = openLaterPart(index, at: now) else { return nil }
      parts.append(part)
    }
    return (answer.fields, parts)
  }
}

/// How a head is written when it is sealed, and what sealed parts are bound to beside their entry.
enum SealedHead {
  /// The head with the first part: knows how many follow.
  static func binding(_ entry: KeyText, _ partCount: Int) -> [UInt8] {
    var text = entry
    text.append(byte: 0)
    text.append(number: UInt64(partCount))
    return text.bytes
  }

  /// A later part of the body: knows its place.
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

  /// Hands name and value of each line of such a text to `line`, and tells where it ends; nil when
  /// it is none.
  @discardableResult
  @inline(__always)
  static func read(
    _ text: [UInt8], line: (UnsafeRawBufferPointer, UnsafeRawBufferPointer) -> Void
  ) -> Int? {
    unsafe text.withUnsafeBytes { bytes in
      guard bytes.count >= 4 else { return nil }
      let lineCount = unsafe length(bytes, at: 0)
      var offset = 4
      for _ in 0..<lineCount {
        guard let name = unsafe part(bytes, at: &offset),
          let value = unsafe part(bytes, at: &offset)
        else { return nil }
        unsafe line(name, value)
      }
      return offset
    }
  }

  /// The length that stands at `offset`, where four bytes are.
  @inline(__always)
  private static func length(_ bytes: UnsafeRawBufferPointer, at offset: Int) -> Int {
    unsafe Int(bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self).bigEndian)
  }

  /// The bytes behind the length at `offset`, which moves behind them; nil when they are not all
  /// there.
  @inline(__always)
  private static func part(
    _ bytes: UnsafeRawBufferPointer, at offset: inout Int
  ) -> UnsafeRawBufferPointer? {
    let start = offset + 4
    guard start <= bytes.count else { return nil }
    let end = unsafe start + length(bytes, at: offset)
    guard end <= bytes.count else { return nil }
    offset = end
    return unsafe UnsafeRawBufferPointer(rebasing: bytes[start..<end])
  }
}

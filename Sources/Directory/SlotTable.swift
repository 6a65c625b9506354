/// Bytes that stay where they are, unchanged, as long as this object lives. Any thread may read.
@safe
public final class DirectoryBytes: Sendable {
  /// The bytes.
  nonisolated(unsafe) let raw: UnsafeRawBufferPointer
  /// Who keeps them: a mapped file, or memory of this process.
  private let owner: any AnyObject & Sendable

  /// Views `raw`, which must stay and not change while `owner` lives, aligned to eight bytes.
  public init(_ raw: UnsafeRawBufferPointer, keeping owner: any AnyObject & Sendable) {
    unsafe self.raw = raw
    self.owner = owner
  }

  /// How many bytes there are.
  public var count: Int { unsafe raw.count }

  /// Hands the bytes to `body`; the pointer is valid inside `body` only.
  public func withBytes<R, E: Error>(
    _ body: (UnsafeRawBufferPointer) throws(E) -> R
  ) throws(E) -> R {
    try unsafe body(raw)
  }

  /// A copy of `bytes` in memory of its own.
  public convenience init(copying bytes: borrowing [UInt8]) {
    let memory = WordMemory(count: (bytes.count + 7) / 8)
    let target = unsafe UnsafeMutableRawBufferPointer(
      start: memory.words.baseAddress, count: bytes.count)
    unsafe bytes.withUnsafeBytes { unsafe target.copyMemory(from: $0) }
    unsafe self.init(UnsafeRawBufferPointer(target), keeping: memory)
  }
}

/// Words of memory that are freed with the object. Who makes it fills it; then it is only read.
@safe
final class WordMemory: Sendable {
  /// The words, zero at first.
  nonisolated(unsafe) let words: UnsafeMutableBufferPointer<UInt64>

  /// Allocates `count` zeros.
  init(count: Int) {
    unsafe words = .allocate(capacity: count)
    unsafe words.initialize(repeating: 0)
  }

  deinit { unsafe words.deallocate() }
}

/// The slots of a snapshot: patients sorted by key, each as near to its place as the order allows.
///
/// A key's place is its high word, scaled to `placeCount`. INVARIANT (sorted slots): the patient
/// with the next higher key stands behind, and every slot between a key's place and its slot is
/// taken. So a search goes forward from the place and ends at a higher key or an empty slot.
@safe
struct SlotTable: Sendable {
  /// Three words a slot: key, key, entry.
  nonisolated(unsafe) let words: UnsafePointer<UInt64>
  /// How many slots there are: the places, and those that the last patients needed beyond.
  let slotCount: Int
  /// How many places keys are scaled to.
  let placeCount: Int
  /// No patient stands further from its place than this many slots.
  let distanceMax: Int

  /// Words of a slot.
  static let wordCount = 3
  /// Bytes of a slot.
  static let byteCount = 24

  /// Places for `count` patients: four fifths are taken, which makes 30 bytes a patient.
  static func placeCount(for count: Int) -> Int { max(8, count + count / 4) }

  /// The place of a key.
  @inline(__always)
  static func place(of key: PatientKey, among placeCount: Int) -> Int {
    Int(key.high.multipliedFullWidth(by: UInt64(placeCount)).high)
  }

  /// The slot of the patient with this key. Looks at no more than `distanceMax` + 1 slots.
  @inline(__always)
  func find(_ key: PatientKey) -> Int? {
    let place = Self.place(of: key, among: placeCount)
    let end = min(slotCount, place + distanceMax + 1)
    var index = place
    while index < end {
      // In bounds: `index` is below `slotCount`, and the words are three times as many.
      let slot = unsafe words + index * Self.wordCount
      if unsafe slot[2] == 0 { return nil }
      let high = unsafe slot[0]
      if unsafe high == key.high && slot[1] == key.low { return index }
      if unsafe high > key.high || (high == key.high && slot[1] > key.low) { return nil }
      index += 1
    }
    return nil
  }

  /// The key in slot `index`.
  @inline(__always)
  func key(at index: Int) -> PatientKey {
    precondition(index >= 0 && index < slotCount, "slot outside the table")
    let slot = unsafe words + index * Self.wordCount
    return unsafe PatientKey(high: slot[0], low: slot[1])
  }

  /// The entry in slot `index`.
  @inline(__always)
  func word(at index: Int) -> EntryWord {
    precondition(index >= 0 && index < slotCount, "slot outside the table")
    return unsafe EntryWord(bits: words[index * Self.wordCount + 2])
  }
}

public import Base

/// What the directory knows about one patient.
public struct PatientEntry: Equatable, Sendable {
  /// Index of the home region in `PatientDirectory.homeNames`.
  public var homeIndex: UInt8
  /// Where the patient lives, for residency rules; `Place.unknown` when it is not known.
  public var residency: Place
  /// The patient's consent to disclosure.
  public var consent: Consent
  /// Marks that policy may ask for.
  public var flags: PatientFlags

  /// Makes an entry.
  public init(homeIndex: UInt8, residency: Place, consent: Consent, flags: PatientFlags) {
    self.homeIndex = homeIndex
    self.residency = residency
    self.consent = consent
    self.flags = flags
  }
}

/// Marks of one patient.
public struct PatientFlags: OptionSet, Hashable, Sendable {
  /// The bits.
  public let rawValue: UInt8

  /// Makes the set with these bits.
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// Records of a programme under 42 CFR Part 2 exist.
  public static let part2 = PatientFlags(rawValue: 1)
  /// A person whose record attracts the curious.
  public static let vip = PatientFlags(rawValue: 2)
  /// Works for the organisation.
  public static let employee = PatientFlags(rawValue: 4)
  /// Has died.
  public static let deceased = PatientFlags(rawValue: 8)
  /// Was merged into another record; this id must not be written.
  public static let merged = PatientFlags(rawValue: 16)

  /// The words that files use, in the order of the bits.
  public static let words: [(StaticString, PatientFlags)] = [
    ("part2", .part2), ("vip", .vip), ("employee", .employee), ("deceased", .deceased),
    ("merged", .merged),
  ]
}

/// Patients with home region, residency, consent and marks, in memory.
///
/// Immutable after it was read; any thread. Open addressing over a keyed hash, at most half full;
/// the whole id is compared, so that a collision never returns another patient.
public final class PatientDirectory: Sendable {
  /// The home regions that `PatientEntry.homeIndex` counts.
  public let homeNames: [String]
  /// How many patients are known.
  public let count: Int
  /// The hash that places ids.
  private let hash: SipHash24
  /// The table; its size is a power of two.
  private let slots: [DirectorySlot]
  /// All ids, end to end.
  private let ids: [UInt8]

  /// Takes what a `DirectoryReader` built.
  init(homeNames: [String], table: DirectoryTable) {
    self.homeNames = homeNames
    count = table.count
    hash = table.hash
    slots = table.slots
    ids = table.ids
  }

  /// The entry of the patient with this id; nil when the directory does not know it.
  ///
  /// Allocates nothing. A hostile id costs one hash and one probe run.
  public func lookup(_ id: UnsafeRawBufferPointer) -> PatientEntry? {
    guard id.count >= 1, id.count <= ClinicalLimits.idBytesMax else { return nil }
    let wanted = unsafe hash.hash(id)
    let view = unsafe ByteView(id)
    let mask = slots.count - 1
    var index = Int(truncatingIfNeeded: wanted) & mask
    while true {
      let slot = slots[index]
      if slot.idCount == 0 { return nil }
      if slot.hash == wanted, slot.holds(view, in: ids) { return slot.entry }
      index = (index + 1) & mask
    }
  }
}

/// One place of the table; `idCount` zero marks it empty.
struct DirectorySlot: Sendable {
  /// The keyed hash of the id.
  var hash: UInt64 = 0
  /// Where the id starts.
  var idStart: UInt32 = 0
  /// Bytes of the id.
  var idCount: UInt8 = 0
  /// The patient's facts.
  var entry = PatientEntry(homeIndex: 0, residency: .unknown, consent: .unknown, flags: [])

  /// Whether the slot's id is `id`.
  func holds(_ id: ByteView, in ids: [UInt8]) -> Bool {
    guard Int(idCount) == id.count else { return false }
    for index in 0..<id.count where ids[Int(idStart) + index] != id[index] { return false }
    return true
  }
}

/// The table while it is filled.
struct DirectoryTable {
  /// The hash that places ids.
  let hash: SipHash24
  /// The places.
  private(set) var slots = [DirectorySlot](repeating: DirectorySlot(), count: 16)
  /// All ids, end to end.
  private(set) var ids: [UInt8] = []
  /// How many places are taken.
  private(set) var count = 0

  /// Makes an empty table.
  init(hash: SipHash24) { self.hash = hash }

  /// Adds a patient; false when the id is there already.
  mutating func insert(_ id: ByteView, _ entry: PatientEntry) -> Bool {
    if (count + 1) * 2 > slots.count { grow() }
    let wanted = unsafe hash.hash(id.raw)
    let mask = slots.count - 1
    var index = Int(truncatingIfNeeded: wanted) & mask
    while slots[index].idCount != 0 {
      if slots[index].hash == wanted, slots[index].holds(id, in: ids) { return false }
      index = (index + 1) & mask
    }
    slots[index] = DirectorySlot(
      hash: wanted, idStart: UInt32(ids.count), idCount: UInt8(id.count), entry: entry)
    for position in 0..<id.count { ids.append(id[position]) }
    count += 1
    return true
  }

  /// Doubles the table.
  private mutating func grow() {
    let old = slots
    slots = [DirectorySlot](repeating: DirectorySlot(), count: old.count * 2)
    let mask = slots.count - 1
    for slot in old where slot.idCount != 0 {
      var index = Int(truncatingIfNeeded: slot.hash) & mask
      while slots[index].idCount != 0 { index = (index + 1) & mask }
      slots[index] = slot
    }
  }
}

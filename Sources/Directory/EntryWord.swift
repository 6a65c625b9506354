internal import Base

/// What a slot says of a patient, in one word that is read and written whole.
///
/// Bits 0 and 1: the kind. A patient: consent in bits 2 and 3, home in 4 to 11, marks in 12 to 27,
/// residency in 28 to 62 (five ASCII letters of seven bits). A merged one: the survivor's slot in
/// bits 32 to 63. Any 64 bits can be decoded: what has no meaning is unknown.
struct EntryWord: Equatable, Sendable {
  /// The bits.
  let bits: UInt64

  /// What a slot is.
  enum Kind: UInt64 {
    /// No patient; ends a search.
    case empty
    /// A patient.
    case patient
    /// An id whose person has another one now.
    case merged
    /// Somebody who was removed; a snapshot keeps such a slot only when ids were merged into it.
    case removed
  }

  /// Takes bits from a table.
  @inline(__always)
  init(bits: UInt64) { self.bits = bits }

  /// The slot of nobody.
  static let empty = EntryWord(bits: 0)
  /// The slot of somebody who was removed.
  static let removed = EntryWord(bits: Kind.removed.rawValue)

  /// Encodes a patient.
  init(_ entry: PatientEntry) {
    let consent: UInt64 =
      switch entry.consent {
      case .unknown: 0
      case .granted: 1
      case .withdrawn: 2
      }
    bits =
      Kind.patient.rawValue | consent << 2 | UInt64(entry.homeIndex) << 4
      | UInt64(entry.flags.rawValue) << 12 | Self.letters(of: entry.residency) << 28
  }

  /// Encodes a merge into the patient in slot `index`.
  init(mergedInto index: Int) {
    bits = Kind.merged.rawValue | UInt64(UInt32(index)) << 32
  }

  /// What the slot is.
  @inline(__always)
  var kind: Kind { Kind(rawValue: bits & 3) ?? .empty }

  /// The survivor's slot.
  @inline(__always)
  var link: Int { Int(bits >> 32) }

  /// The patient, with the home's number as it was encoded.
  @inline(__always)
  var entry: PatientEntry {
    let consent: Consent =
      switch bits >> 2 & 3 {
      case 1: .granted
      case 0: .unknown
      // What has no meaning takes the careful one.
      default: .withdrawn
      }
    return PatientEntry(
      homeIndex: UInt8(truncatingIfNeeded: bits >> 4), residency: residency, consent: consent,
      flags: PatientFlags(rawValue: UInt16(truncatingIfNeeded: bits >> 12)))
  }

  /// Whether the word is one that this program writes, in a snapshot of `slotCount` slots.
  func isWellFormed(homeCount: Int, slotCount: Int) -> Bool {
    switch kind {
    case .empty: bits == 0
    case .patient:
      self == EntryWord(entry) && PatientFlags.known.isSuperset(of: entry.flags)
        && (Int(entry.homeIndex) < homeCount || entry.homeIndex == PatientEntry.homeUnknown)
    case .merged: self == EntryWord(mergedInto: link) && link < slotCount
    case .removed: self == .removed
    }
  }

  /// The letters of a place without its hyphen, seven bits each.
  private static func letters(of place: Place) -> UInt64 {
    let text = place.packed
    return text & 0x7F | (text >> 8 & 0x7F) << 7 | (text >> 24 & 0x7F) << 14
      | (text >> 32 & 0x7F) << 21 | (text >> 40 & 0x7F) << 28
  }

  /// The place; unknown for letters that no place has.
  @inline(__always)
  private var residency: Place {
    let letters = bits >> 28 & 0x7_FFFF_FFFF
    guard letters != 0 else { return .unknown }
    var text = letters & 0x7F | (letters >> 7 & 0x7F) << 8
    let rest = letters >> 14
    if rest != 0 {
      text |= 0x2D << 16 | (rest & 0x7F) << 24 | (rest >> 7 & 0x7F) << 32 | (rest >> 14) << 40
    }
    return Place(restoring: text) ?? .unknown
  }
}

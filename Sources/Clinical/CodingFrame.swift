import Base

/// What one open object of a JSON document says by its members `system` and `code`.
struct CodingFrame: Sendable {
  /// What is known of a member.
  enum Part: Sendable, Equatable {
    /// It has not come.
    case missing
    /// It has come, and the catalogue does not know it.
    case other
    /// The catalogue's number for it.
    case known(UInt16)
  }

  /// The system.
  var system = Part.missing
  /// The code; the index of a row.
  var code = Part.missing
  /// Whether the code is a confidentiality below `restricted`: U, L, M or N.
  var isOrdinary = false

  /// Takes the text of a member `system`.
  mutating func setSystem(_ text: JSONText, _ tables: ClassifierTables) {
    let known = text.isWhole ? tables.system(text.bytes) : nil
    system = known.map { .known($0.rawValue) } ?? .other
  }

  /// Takes the text of a member `code`.
  mutating func setCode(_ text: JSONText, _ tables: ClassifierTables) {
    isOrdinary = false
    code = .other
    guard text.isWhole else { return }
    if let index = tables.rowIndex(of: text.bytes) {
      code = .known(UInt16(index))
    } else if text.bytes.count == 1 {
      switch text.bytes[0] {
      case 0x55, 0x4C, 0x4D, 0x4E: isOrdinary = true
      default: break
      }
    }
  }

  /// The row that an object in `meta.security` names: any system counts.
  func label(_ tables: ClassifierTables) -> TokenRow? {
    guard case .known(let index) = code else { return nil }
    let row = tables.row(at: Int(index))
    return row.isSpecial ? row : nil
  }

  /// The row that a coding elsewhere names. Codes of medicine count without a system, or with one
  /// that is not known; labels count with theirs only, for their words are other systems' as well.
  func row(_ tables: ClassifierTables) -> TokenRow? {
    guard case .known(let index) = code else { return nil }
    let row = tables.row(at: Int(index))
    if case .known(let raw) = system { return raw == row.system.rawValue ? row : nil }
    switch row.system {
    case .actCode, .confidentiality: return nil
    default: return row
    }
  }
}

extension Sensitivity {
  /// Order of protection; what is unknown stands above `normal` only.
  var rank: Int {
    switch self {
    case .normal: 0
    case .unknown: 1
    case .restricted: 2
    case .veryRestricted: 3
    }
  }
}

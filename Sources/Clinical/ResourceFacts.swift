import Base

/// What was read of one resource (or patch, or an operation's parameters) in a body.
struct ResourceFacts {
  /// Whether there was an object to read.
  var exists = false
  /// The type it says it has; nil while it has said nothing.
  var type: ResourceType?
  /// The id it says it has.
  var id: PatientText?
  /// Whether it has an id that is none.
  var hasBadID = false
  /// The patients where the subject stands.
  var subjects: UInt64 = 0
  /// The patients mentioned anywhere.
  var mentions: UInt64 = 0
  /// Why the subject is not an id of this server; nil when it is, or when there is none.
  var openSubject: Ambiguity?
  /// Why a reference elsewhere may mean another patient.
  var openMention: Ambiguity?
  /// Whether the subject is a resource that this Bundle makes.
  var hasNewSubject = false
  /// Whether a label is not known.
  var hasUnknownLabel = false
  /// Special categories so far.
  private(set) var narrowing = Narrowing()
  /// Ordinary codes, in whose light the resource may be narrowed once its type is known.
  private var codings = InlineArray<8, (row: UInt16, kind: ParameterKind)>(
    repeating: (0, .neutral))
  private var codingCount = 0
  /// Whether one of the parameters has a code that is not known, or too many.
  private var isOpen = (category: false, code: false, type: false)

  /// Takes a specially protected code or label into account.
  mutating func add(special row: TokenRow) { narrowing.add(special: row) }

  /// Takes a coding of `category`, `code` or `type` into account; nil is an unknown one.
  mutating func add(row: UInt16?, in kind: ParameterKind) {
    if let row, codingCount < ClinicalLimits.bodyCodingsMax {
      codings[codingCount] = (row, kind)
      codingCount += 1
      return
    }
    switch kind {
    case .category: isOpen.category = true
    case .code: isOpen.code = true
    default: isOpen.type = true
    }
  }

  /// What the codes say about a resource of `type`.
  func narrowed(_ type: ResourceType, _ tables: ClassifierTables) -> Narrowing {
    var result = narrowing
    for (kind, isOpen) in [
      (ParameterKind.category, isOpen.category), (.code, isOpen.code), (.type, isOpen.type),
    ] {
      var alternatives = Narrowing.Alternatives()
      alternatives.isOpen = isOpen
      for index in 0..<codingCount where codings[index].kind == kind {
        let row = tables.row(at: Int(codings[index].row))
        if row.type == type, row.parameter == kind {
          alternatives.add(row)
        } else {
          alternatives.isOpen = true
        }
      }
      result.add(alternatives)
    }
    return result
  }
}

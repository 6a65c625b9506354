import Base

/// The catalogues as look-up tables; one copy is shared by all classifiers' copies.
final class ClassifierTables: Sendable {
  /// Resource type names to `ResourceType`'s raw values.
  private let types: NameTable
  /// Search parameter names to `ParameterKind`'s raw values.
  let parameters: NameTable
  /// `Source:parameter` joins that add shared resources only.
  let harmlessJoins: NameTable
  /// Code systems' URIs to `CodeSystem`'s raw values.
  private let systems: NameTable
  /// Codes to indices of `tokenRows`.
  private let tokens: NameTable
  /// What the codes mean.
  private let tokenRows: [TokenRow]
  /// Named operations to `NamedOperation`'s raw values.
  private let operations: NameTable

  /// Builds the tables.
  init() {
    types = NameTable(
      ResourceType.allCases.filter { $0 != .none && $0 != .unknown }
        .map { ($0.name, UInt16($0.rawValue)) })
    parameters = ParameterCatalogue.table()
    harmlessJoins = ParameterCatalogue.harmlessJoinTable()
    systems = CodeSystem.table()
    tokenRows = TokenCatalogue.rows.map { $0.1 }
    tokens = NameTable(
      TokenCatalogue.rows.enumerated().map { ($0.element.0, UInt16($0.offset)) })
    operations = NamedOperation.table()
  }

  /// The type called `name`, exactly as FHIR spells it.
  func type(_ name: ByteView) -> ResourceType? {
    types[name].flatMap { ResourceType(rawValue: UInt8(truncatingIfNeeded: $0)) }
  }

  /// The operation called `name`, without its dollar sign.
  func operation(_ name: ByteView) -> NamedOperation {
    operations[name].flatMap(NamedOperation.init(rawValue:)) ?? .other
  }

  /// What the token `code` or `system|code` means in a search of `type`; nil when nothing is sure.
  ///
  /// A special code counts with any system: a mistaken one makes the answer more careful.
  func token(_ text: ByteView, type: ResourceType, in parameter: ParameterKind) -> TokenRow? {
    let bar = text.index(of: 0x7C)
    let hasSystem = bar < text.count
    let code = hasSystem ? text[(bar + 1)..<text.count] : text
    if code.starts(with: "F11"), code.count == 3 || code[3] == 0x2E {
      return TokenRow(
        dataClass: .substanceUse, sensitivity: .restricted, mayContainRestricted: true,
        system: .icd10, type: nil)
    }
    guard let index = tokens[code] else { return nil }
    let row = tokenRows[Int(index)]
    if row.isSpecial {
      // `R` and `V` are confidentiality only where labels stand.
      return row.system == .confidentiality && parameter != .security ? nil : row
    }
    guard row.parameter == parameter, row.type == type else { return nil }
    return !hasSystem || systems[text[0..<bar]] == row.system.rawValue ? row : nil
  }
}

/// The named operations that are judged apart from others.
enum NamedOperation: UInt16, Sendable {
  /// `$everything`: all that belongs to the instance.
  case everything
  /// `$export` and the polls of its jobs.
  case export
  /// Terminology look-ups: reads, by POST as well.
  case terminology
  /// Any other.
  case other

  /// The operations by name.
  static func table() -> NameTable {
    let rows: [(StaticString, NamedOperation)] = [
      ("everything", .everything), ("export", .export), ("export-poll-status", .export),
      ("expand", .terminology), ("lookup", .terminology), ("validate-code", .terminology),
      ("translate", .terminology), ("subsumes", .terminology),
    ]
    return NameTable(rows.map { ($0.0, $0.1.rawValue) })
  }
}

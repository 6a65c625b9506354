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

  /// The release that the server speaks.
  let release: FHIRRelease
  /// The server's own base URLs, each with a closing slash: references below them are local.
  private let serverURLs: [[UInt8]]

  /// Builds the tables.
  init(release: FHIRRelease, serverURLs: [String]) {
    self.release = release
    self.serverURLs = serverURLs.map { Array(($0.hasSuffix("/") ? $0 : $0 + "/").utf8) }
    types = NameTable(
      ResourceType.allCases.filter { $0.exists(in: release) }
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

  /// The reference or URL without the server's own base, when it lies below it.
  func local(_ text: ByteView) -> ByteView {
    for url in serverURLs where text.count > url.count && text.starts(with: url) {
      return text[url.count..<text.count]
    }
    return text
  }

  /// The operation called `name`, without its dollar sign.
  func operation(_ name: ByteView) -> NamedOperation {
    operations[name].flatMap(NamedOperation.init(rawValue:)) ?? .other
  }

  /// The row of a code without its system; a code of ICD-10 is covered by its category's row.
  func row(of code: ByteView) -> TokenRow? { rowIndex(of: code).map { tokenRows[$0] } }

  /// The index of that row.
  func rowIndex(of code: ByteView) -> Int? {
    if let index = tokens[code] { return Int(index) }
    guard code.count > 4, code.count < 10, code[0] == 0x46, code[3] == 0x2E else { return nil }
    return tokens[code[0..<3]].map(Int.init)
  }

  /// The row at an index that `rowIndex` gave.
  func row(at index: Int) -> TokenRow { tokenRows[index] }

  /// The code system with this URI.
  func system(_ uri: ByteView) -> CodeSystem? { systems[uri].flatMap(CodeSystem.init(rawValue:)) }

  /// What the token `code` or `system|code` means in a search of `type`; nil when nothing is sure.
  ///
  /// A special code counts with any system: a mistaken one makes the answer more careful.
  func token(_ text: ByteView, type: ResourceType, in parameter: ParameterKind) -> TokenRow? {
    let bar = text.index(of: 0x7C)
    let hasSystem = bar < text.count
    let code = hasSystem ? text[(bar + 1)..<text.count] : text
    guard let row = row(of: code) else { return nil }
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
  /// `$validate`: stores nothing, but its body is a resource.
  case validate
  /// `$graphql`: a query language of its own.
  case graphQL
  /// `$includes`: the next page of what a search brought along.
  case includes
  /// `$lastn`, `$docref`: searches under another name; their parameters say whose the answer is.
  case selection
  /// Any other.
  case other

  /// The operations by name.
  static func table() -> NameTable {
    let rows: [(StaticString, NamedOperation)] = [
      ("everything", .everything), ("export", .export), ("export-poll-status", .export),
      ("expand", .terminology), ("lookup", .terminology), ("validate-code", .terminology),
      ("translate", .terminology), ("subsumes", .terminology), ("validate", .validate),
      ("graphql", .graphQL), ("includes", .includes), ("closure", .terminology),
      ("find-matches", .terminology), ("lastn", .selection), ("docref", .selection),
    ]
    return NameTable(rows.map { ($0.0, $0.1.rawValue) })
  }
}

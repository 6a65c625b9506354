import Base
import StrictYAML

/// Turns a document into a `PolicyText`, checking every word against the vocabulary.
///
/// Lives while one file is read; complaints go into `diagnostics`.
final class PolicyReader {
  let diagnostics: Diagnostics
  /// The regions in the order of the file.
  var regions: [Region] = []
  /// The tenants in the order of the file.
  var tenants: [String] = []
  var sets: [String: NamedSet] = [:]
  private var usedSets: Set<String> = []
  private(set) var identifiers: [String: Mark] = [:]

  /// A named group of values.
  struct NamedSet {
    let kind: Attribute.Kind
    let values: Values
    let mark: Mark
  }

  /// When a test takes place if neither it nor the version says so: 2026-01-01T00:00:00Z.
  static let testTime = WallTime(microseconds: 1_767_225_600_000_000)

  /// Reads for the file behind `diagnostics`.
  init(_ diagnostics: Diagnostics) { self.diagnostics = diagnostics }

  /// Reads the whole document.
  func read(_ root: Node?) -> PolicyText {
    var text = PolicyText()
    let reader = MappingReader(root, "the policy", diagnostics)
    text.name = reader.string("policy")
    if let scalar = reader.scalar("policy", isRequired: false) { checkIdentifier(scalar) }
    text.version = reader.integer("version", in: 1...1_000_000)
    text.ticket = reader.optionalString("ticket")
    text.author = reader.optionalString("author")
    text.say = reader.optionalString("say")
    text.supersedes = readSupersedes(reader, version: text.version)
    if let scalar = reader.scalar("coverage", isRequired: false) {
      text.requiresFullCoverage = diagnostics.word(scalar, "coverage", among: ["full"]) != nil
    }
    (text.effectiveFrom, text.effectiveUntil) = effective(reader)
    readRegions(reader)
    readTenants(reader)
    readSets(reader)
    text.never = readRules(reader, .never)
    text.deny = readRules(reader, .deny)
    text.routes = readRules(reader, .route)
    text.guarantees = readGuarantees(reader)
    text.phases = readPhases(reader, version: text.version)
    let rows = readCache(reader)
    text.cacheRows = rows ?? []
    // After the rules: tests name them.
    text.tests = readTests(reader, start: text.effectiveFrom ?? Self.testTime)
    reader.finish()
    if let rows, !diagnostics.hasErrors {
      CacheLint(
        rows: rows, routes: text.routes, mark: reader.mark(of: "cache"), diagnostics: diagnostics
      ).check()
    }
    for route in text.routes where rows == nil {
      guard route.serve.contains(where: { $0.tier == .cache }) else { continue }
      diagnostics.warning(
        Code.cacheWithoutMatrix.rawValue, at: route.mark,
        "`\(route.id)` asks a cache, but without `cache` nothing is ever stored")
      break
    }
    text.regions = regions
    text.tenants = tenants
    text.groups = sets.filter { usedSets.contains($0.key) }.sorted { $0.key < $1.key }.map {
      NamedGroup(
        name: $0.key, kind: $0.value.kind, values: $0.value.values.words.map(\.text),
        ranges: $0.value.values.ranges)
    }
    for (name, set) in sets.sorted(by: { $0.key < $1.key }) where !usedSets.contains(name) {
      diagnostics.warning(
        Code.unusedSet.rawValue, at: set.mark, "no rule uses the set `\(name)`")
    }
    return text
  }

  /// Reports an error of this target.
  func error(_ code: Code, at mark: Mark, _ message: String, suggestion: String? = nil) {
    diagnostics.error(code.rawValue, at: mark, message, suggestion: suggestion)
  }

  /// Checks the form of a name: letters, digits, `-`, `.` and `_`, a letter first.
  @discardableResult
  func checkIdentifier(_ scalar: Node.Scalar) -> Bool {
    let bytes = scalar.text.utf8
    let isWord = bytes.allSatisfy {
      switch $0 {
      case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F: true
      default: false
      }
    }
    let startsWithLetter = bytes.first.map { ($0 | 0x20) >= 0x61 && ($0 | 0x20) <= 0x7A } ?? false
    if isWord, startsWithLetter, bytes.count <= Limits.identifierByteCountMax { return true }
    error(
      .identifier, at: scalar.mark,
      "`\(scalar.text)` is no name: a letter, then letters, digits, `-`, `.` or `_`,"
        + " at most \(Limits.identifierByteCountMax)")
    return false
  }

  /// Reads and claims a rule's identifier.
  func identifier(_ reader: MappingReader) -> String {
    guard let scalar = reader.scalar("id") else { return "" }
    guard checkIdentifier(scalar) else { return scalar.text }
    if let first = identifiers[scalar.text] {
      error(
        .identifier, at: scalar.mark,
        "the id `\(scalar.text)` is taken by the rule in line \(first.line)")
    } else {
      identifiers[scalar.text] = scalar.mark
    }
    return scalar.text
  }

  /// The region of this name, or nil after a complaint.
  func region(_ scalar: Node.Scalar, alsoWords words: [String] = []) -> RegionID? {
    if let index = regions.firstIndex(where: { $0.name == scalar.text }) {
      return RegionID(UInt8(index))
    }
    error(
      .unknownRegion, at: scalar.mark, "no region is called `\(scalar.text)`",
      suggestion: Spelling.nearest(to: scalar.text, among: regions.map(\.name) + words))
    return nil
  }

  /// The place of this code, or nil after a complaint.
  func place(_ scalar: Node.Scalar) -> Place? {
    if let place = Geography.place(scalar.text) { return place }
    error(
      .notAPlace, at: scalar.mark,
      "`\(scalar.text)` is no place; write an ISO 3166 code such as `US` or `US-AZ`",
      suggestion: Geography.suggestion(for: scalar.text))
    return nil
  }

  /// The scalars under a node that is one value or a list of values.
  func scalars(_ node: Node, _ name: String) -> [Node.Scalar] {
    switch node {
    case .scalar(let scalar): return [scalar]
    case .sequence(let elements, let mark):
      if elements.isEmpty {
        error(.emptyList, at: mark, "`\(name)` is an empty list, which matches nothing")
      }
      return elements.compactMap { element in
        if case .scalar(let scalar) = element { return scalar.isRefused ? nil : scalar }
        diagnostics.error(
          "E203", at: element.mark, "an item of `\(name)` must be a word, not \(element.shape)")
        return nil
      }
    case .mapping:
      diagnostics.error(
        "E203", at: node.mark, "`\(name)` must be a word or a list of words, not a mapping")
      return []
    }
  }

  /// The set that `$name` refers to, or nil after a complaint.
  func namedSet(_ scalar: Node.Scalar) -> NamedSet? {
    let name = String(scalar.text.dropFirst())
    usedSets.insert(name)
    if let set = sets[name] { return set }
    error(
      .unknownSet, at: scalar.mark, "no set is called `\(name)`",
      suggestion: Spelling.nearest(to: name, among: sets.keys.sorted()).map { "$\($0)" })
    return nil
  }
}

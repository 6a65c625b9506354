import Base
import StrictYAML

extension PolicyReader {
  /// The values of one attribute as a file lists them, checked.
  struct Values {
    /// Words, names and places; of a number at most `unknown`.
    var words: [Node.Scalar] = []
    /// Ranges of a number.
    var ranges: [NumberRange] = []

    /// Whether nothing is listed.
    var isEmpty: Bool { words.isEmpty && ranges.isEmpty }
  }

  /// Reads the values of one attribute of this kind, sets expanded.
  func values(_ node: Node, _ name: String, _ kind: Attribute.Kind) -> Values {
    var values = Values()
    for element in elements(node, name, allowsMappings: kind.isNumber) {
      switch element {
      case .scalar(let scalar) where scalar.text.hasPrefix("$"):
        guard let set = namedSet(scalar) else { continue }
        guard set.kind == kind else {
          error(
            .setOfOtherAttribute, at: scalar.mark,
            "the set `\(scalar.text.dropFirst())` does not hold values of `\(name)`")
          continue
        }
        for word in set.values.words { add(word, to: &values) }
        values.ranges += set.values.ranges
      case .scalar(let scalar):
        if isValue(scalar, name, kind) { add(scalar, to: &values) }
      case .mapping:
        guard case .numbers(let quantity) = kind else { continue }
        if let range = range(element, name, quantity) { values.ranges.append(range) }
      case .sequence: preconditionFailure("`elements` leaves lists out")
      }
    }
    return values
  }

  private func add(_ scalar: Node.Scalar, to values: inout Values) {
    if !values.words.contains(where: { $0.text == scalar.text }) { values.words.append(scalar) }
  }

  /// What stands under a node that is one value or a list of values.
  private func elements(_ node: Node, _ name: String, allowsMappings: Bool) -> [Node] {
    guard allowsMappings else { return scalars(node, name).map { .scalar($0) } }
    switch node {
    case .scalar, .mapping: return [node]
    case .sequence(let elements, let mark):
      if elements.isEmpty {
        error(.emptyList, at: mark, "`\(name)` is an empty list, which matches nothing")
      }
      return elements.filter { element in
        switch element {
        case .scalar(let scalar): return !scalar.isRefused
        case .mapping: return true
        case .sequence(_, let mark):
          diagnostics.error(
            "E203", at: mark, "an item of `\(name)` must be a range or `unknown`, not a list")
          return false
        }
      }
    }
  }

  /// Reads `{ at_least: 10m, below: 1h }`; nil after a complaint.
  private func range(
    _ node: Node, _ name: String, _ quantity: Attribute.Quantity
  ) -> NumberRange? {
    let reader = MappingReader(node, "a range of `\(name)`", diagnostics)
    func bound(_ key: String, _ range: ClosedRange<Int>) -> (isThere: Bool, value: Int?) {
      guard let scalar = reader.scalar(key, isRequired: false) else { return (false, nil) }
      switch quantity {
      case .age: return (true, diagnostics.seconds(scalar, key, in: range))
      case .hourOfDay: return (true, diagnostics.integer(scalar, key, in: range))
      }
    }
    let lower = bound("at_least", 0...quantity.greatest)
    let upper = bound("below", 1...quantity.belowMax)
    reader.finish()
    guard case .mapping(let entries, _) = node else { return nil }
    if entries.isEmpty {
      error(
        .numberRange, at: node.mark,
        "a range of `\(name)` needs `at_least`, `below` or both")
    }
    guard lower.isThere || upper.isThere, lower.isThere == (lower.value != nil),
      upper.isThere == (upper.value != nil)
    else { return nil }
    if let low = lower.value, let high = upper.value, low >= high {
      error(
        .numberRange, at: reader.mark(of: "below"),
        "the range is empty: `below` must be more than `at_least`")
      return nil
    }
    // No value lies above the greatest.
    let high = upper.value.map { $0 > quantity.greatest ? UInt64.max : UInt64($0) }
    return NumberRange(lower: UInt64(lower.value ?? 0), upper: high ?? .max)
  }

  /// Whether `scalar` is a value of this kind; complains otherwise.
  func isValue(_ scalar: Node.Scalar, _ name: String, _ kind: Attribute.Kind) -> Bool {
    if scalar.text == "unknown" { return true }
    switch kind {
    case .words(let words): return diagnostics.word(scalar, name, among: words) != nil
    case .regions: return region(scalar) != nil
    case .places: return place(scalar) != nil
    case .names: return scalar.text == "other" || tenant(scalar) != nil
    case .numbers(let quantity):
      error(
        .numberRange, at: scalar.mark,
        "`\(name)` takes ranges such as `{ at_least: \(quantity.example) }`, or `unknown`")
      return false
    case .time: preconditionFailure("no condition names a time")
    }
  }

  /// The tenant of this name, or nil after a complaint.
  private func tenant(_ scalar: Node.Scalar) -> UInt8? {
    if let index = tenants.firstIndex(of: scalar.text) { return UInt8(index) }
    error(
      .unknownTenant, at: scalar.mark, "`tenants` does not name `\(scalar.text)`",
      suggestion: Spelling.nearest(to: scalar.text, among: tenants + ["other", "unknown"]))
    return nil
  }

  /// Reads `sets`: each is a mapping of one attribute (or `places`, `regions`) to values.
  func readSets(_ reader: MappingReader) {
    for (name, set) in reader.namedMappings("sets", "set", isRequired: false) {
      checkIdentifier(name)
      let kinds: [(key: String, kind: Attribute.Kind)] =
        Attribute.inConditions.map { ($0.key, $0.kind) }
        + [("places", .places), ("regions", .regions)]
      let present = kinds.filter { set.contains($0.key) }
      if let first = present.first, let node = set.node(first.key) {
        sets[name.text] = NamedSet(
          kind: first.kind, values: setValues(node, first.key, first.kind), mark: name.mark)
      }
      set.finish()
      if present.count != 1 {
        error(
          .setOfOtherAttribute, at: set.mark,
          "the set `\(name.text)` must list the values of exactly one attribute,"
            + " such as `data_class`, `places` or `regions`")
      }
    }
  }

  /// The values of a set, which holds no sets.
  private func setValues(_ node: Node, _ name: String, _ kind: Attribute.Kind) -> Values {
    var values = Values()
    for element in elements(node, name, allowsMappings: kind.isNumber) {
      if case .scalar(let scalar) = element, scalar.text.hasPrefix("$") {
        error(
          .setOfOtherAttribute, at: scalar.mark,
          "a set holds no sets; write the values of `\(scalar.text.dropFirst())` out")
        continue
      }
      let own = self.values(element, name, kind)
      for word in own.words { add(word, to: &values) }
      values.ranges += own.ranges
    }
    return values
  }
}

extension Attribute {
  /// What `when`, `unless` and sets may name; the time has a key of its own in a rule.
  static let inConditions = allCases.filter { $0.kind != .time }
}

extension Attribute.Kind {
  /// Whether the values are ranges.
  var isNumber: Bool {
    if case .numbers = self { true } else { false }
  }
}

extension Attribute.Quantity {
  /// The greatest threshold that `below` may name: an hour below 24 is any hour.
  var belowMax: Int {
    switch self {
    case .age: greatest
    case .hourOfDay: 24
    }
  }

  /// A threshold for messages.
  var example: String {
    switch self {
    case .age: "10m"
    case .hourOfDay: "7"
    }
  }
}

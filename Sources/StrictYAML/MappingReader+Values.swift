extension MappingReader {
  /// Text; numbers and booleans must stand in quotes to be text.
  public func string(_ key: String, default fallback: String? = nil) -> String {
    scalar(key, isRequired: fallback == nil).flatMap { diagnostics.string($0, key) }
      ?? fallback ?? ""
  }

  /// Text, or nil when the key is absent.
  public func optionalString(_ key: String) -> String? {
    scalar(key, isRequired: false).flatMap { diagnostics.string($0, key) }
  }

  /// A whole number within `range`.
  public func integer(
    _ key: String, in range: ClosedRange<Int>, default fallback: Int? = nil
  ) -> Int {
    scalar(key, isRequired: fallback == nil).flatMap { diagnostics.integer($0, key, in: range) }
      ?? fallback ?? range.lowerBound
  }

  /// `true` or `false`.
  public func boolean(_ key: String, default fallback: Bool? = nil) -> Bool {
    scalar(key, isRequired: fallback == nil).flatMap { diagnostics.boolean($0, key) }
      ?? fallback ?? false
  }

  /// Milliseconds of a duration such as `250ms`, `5s`, `2m`, `1h`; `range` is in milliseconds.
  public func durationMilliseconds(
    _ key: String, in range: ClosedRange<Int>, default fallback: Int? = nil
  ) -> Int {
    scalar(key, isRequired: fallback == nil)
      .flatMap { diagnostics.duration($0, key, milliseconds: range) }
      ?? fallback ?? range.lowerBound
  }

  /// Bytes of a size such as `64KiB` or `1MiB`; `range` is in bytes.
  public func byteSize(
    _ key: String, in range: ClosedRange<Int>, default fallback: Int? = nil
  ) -> Int {
    scalar(key, isRequired: fallback == nil).flatMap { diagnostics.byteSize($0, key, in: range) }
      ?? fallback ?? range.lowerBound
  }

  /// One word of a closed vocabulary.
  public func enumeration<Word: CaseIterable & RawRepresentable<String>>(
    _ key: String, of vocabulary: Word.Type, default fallback: Word? = nil
  ) -> Word {
    if let scalar = scalar(key, isRequired: fallback == nil),
      let word = diagnostics.word(scalar, key, among: vocabulary.allCases.map(\.rawValue)),
      let value = Word(rawValue: word)
    {
      return value
    }
    if let fallback { return fallback }
    guard let placeholder = vocabulary.allCases.first else {
      preconditionFailure("a vocabulary has words")
    }
    return placeholder
  }

  /// A list of texts, without repetitions; absent and not required gives an empty one.
  public func strings(_ key: String, isRequired: Bool = true) -> [String] {
    var seen: Set<String> = []
    return list(key, isRequired: isRequired).compactMap { node in
      guard case .scalar(let scalar) = node else {
        diagnostics.error(
          .shape, at: node.mark, "an item of `\(key)` must be a single value, not \(node.shape)")
        return nil
      }
      guard let text = diagnostics.string(scalar, key) else { return nil }
      guard seen.insert(text).inserted else {
        diagnostics.error(.duplicateItem, at: scalar.mark, "`\(text)` stands twice in `\(key)`")
        return nil
      }
      return text
    }
  }

  /// The mapping under a required key; finish it like this one.
  public func mapping(_ key: String, _ what: String) -> MappingReader {
    MappingReader(node(key), what, diagnostics)
  }

  /// The mapping under an optional key, or nil when it is absent.
  public func optionalMapping(_ key: String, _ what: String) -> MappingReader? {
    node(key, isRequired: false).map { MappingReader($0, what, diagnostics) }
  }

  /// A list of mappings; finish each like this one.
  public func mappings(
    _ key: String, _ what: String, isRequired: Bool = true
  ) -> [MappingReader] {
    list(key, isRequired: isRequired).map { MappingReader($0, what, diagnostics) }
  }

  /// The entries of a mapping whose keys are names the author chose.
  public func namedNodes(
    _ key: String, isRequired: Bool = true
  ) -> [(name: Node.Scalar, value: Node)] {
    guard let node = node(key, isRequired: isRequired) else { return [] }
    guard case .mapping(let entries, _) = node else {
      diagnostics.error(
        .shape, at: node.mark, "`\(key)` must be a mapping of names, not \(node.shape)")
      return []
    }
    return entries.map { ($0.key, $0.value) }
  }

  /// The mappings of a mapping whose keys are names the author chose; finish each like this one.
  public func namedMappings(
    _ key: String, _ what: String, isRequired: Bool = true
  ) -> [(name: Node.Scalar, reader: MappingReader)] {
    namedNodes(key, isRequired: isRequired).map { name, value in
      (name, MappingReader(value, "\(what) `\(name.text)`", diagnostics))
    }
  }
}

extension Diagnostics {
  /// A word among `words`; nil after a complaint with a suggestion.
  public func word(_ scalar: Node.Scalar, _ name: String, among words: [String]) -> String? {
    if words.contains(scalar.text) { return scalar.text }
    let shown = words.count <= 12 ? ": one of \(words.joined(separator: ", "))" : ""
    error(
      .unknownWord, at: scalar.mark, "unknown word `\(scalar.text)` for `\(name)`\(shown)",
      suggestion: Spelling.nearest(to: scalar.text, among: words))
    return nil
  }
}

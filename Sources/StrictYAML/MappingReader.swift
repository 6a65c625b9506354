/// Takes the keys of one mapping, checks their values, and at the end reports what is left.
///
/// Every method reports its own complaint and returns a placeholder, so that reading goes on and
/// one pass shows everything; use the results only if `Diagnostics.hasErrors` stays false. A key
/// without `default` is required. Call `finish` last, once.
///
///     let reader = MappingReader(node, "a listener", diagnostics)
///     let port = reader.integer("port", in: 1...65535)
///     let idle = reader.durationMilliseconds("idle_timeout", in: 1...600_000, default: 60_000)
///     reader.finish()
public final class MappingReader {
  /// What the mapping is, with its article, for messages: `a listener`.
  public let what: String
  /// Where the mapping starts.
  public let mark: Mark
  /// Where complaints go.
  public let diagnostics: Diagnostics
  /// The mapping; nil when something else stood here, which was reported: then nothing else is.
  private let entries: [Node.Entry]?
  private var askedKeys: [String] = []
  private var missingKeys: [String] = []

  /// Reads `node`, which is `what`; nil stands for a document that could not be parsed.
  public init(_ node: Node?, _ what: String, _ diagnostics: Diagnostics) {
    self.what = what
    self.mark = node?.mark ?? .start
    self.diagnostics = diagnostics
    switch node {
    case .mapping(let entries, _): self.entries = entries
    case .scalar(let scalar) where scalar.isRefused: self.entries = nil
    case .some(let other):
      self.entries = nil
      diagnostics.error(
        .shape, at: other.mark, "\(what) must be a mapping of keys, not \(other.shape)")
    case nil: self.entries = nil
    }
  }

  /// Reports unknown and missing keys.
  public func finish() {
    guard let entries else { return }
    let present = Set(entries.map(\.key.text))
    let absent = askedKeys.filter { !present.contains($0) }
    for entry in entries where !askedKeys.contains(entry.key.text) {
      let name = entry.key.text
      let suggestion = Spelling.nearest(to: name, among: absent)
      missingKeys.removeAll { $0 == suggestion }
      diagnostics.error(
        .unknownKey, at: entry.key.mark, "unknown key `\(name)` in \(what)",
        suggestion: suggestion)
    }
    for key in missingKeys {
      diagnostics.error(.missingKey, at: mark, "\(what) needs the key `\(key)`")
    }
  }

  /// Whether the key is there.
  public func contains(_ key: String) -> Bool { node(key, isRequired: false) != nil }

  /// Where the key's value stands, or the mapping when there is none.
  public func mark(of key: String) -> Mark {
    entries?.first { $0.key.text == key }?.value.mark ?? mark
  }

  /// The key's value, unchecked.
  public func node(_ key: String, isRequired: Bool = true) -> Node? {
    let isFirst = !askedKeys.contains(key)
    if isFirst { askedKeys.append(key) }
    guard let entries else { return nil }
    guard let entry = entries.first(where: { $0.key.text == key }) else {
      if isRequired, !missingKeys.contains(key) { missingKeys.append(key) }
      return nil
    }
    if case .scalar(let scalar) = entry.value, scalar.isAbsent {
      if isFirst, !scalar.isRefused {
        diagnostics.error(.noValue, at: entry.key.mark, "`\(key)` has no value")
      }
      return nil
    }
    return entry.value
  }

  /// The key's single value, unchecked; nil when absent, or after a complaint.
  public func scalar(_ key: String, isRequired: Bool = true) -> Node.Scalar? {
    guard let node = node(key, isRequired: isRequired) else { return nil }
    if case .scalar(let scalar) = node { return scalar }
    diagnostics.error(
      .shape, at: node.mark, "`\(key)` must be a single value, not \(node.shape)")
    return nil
  }

  /// The key's list, unchecked; a key that is absent and not required gives an empty one.
  public func list(_ key: String, isRequired: Bool = true) -> [Node] {
    guard let node = node(key, isRequired: isRequired) else { return [] }
    guard case .sequence(let elements, _) = node else {
      diagnostics.error(.shape, at: node.mark, "`\(key)` must be a list, not \(node.shape)")
      return []
    }
    return elements.filter { element in
      guard case .scalar(let scalar) = element, scalar.isAbsent else { return true }
      if scalar.isRefused { return false }
      diagnostics.error(.noValue, at: scalar.mark, "an item of `\(key)` has no value")
      return false
    }
  }
}

public import Base
public import Native
internal import Policy
public import StrictYAML

/// One who may approve policy versions.
public struct Officer: Sendable, Equatable {
  /// The name in approvals and in the history.
  public let name: String
  /// What the officer's signatures are checked with.
  public let key: VerifyingKey
  /// When the key was given up, as the file writes it; nil while it is in use.
  public let retired: String?
  /// The same as an instant.
  public let retiredAt: WallTime?

  /// Makes an officer.
  public init(name: String, key: VerifyingKey, retired: String? = nil) {
    self.name = name
    self.key = key
    self.retired = retired
    retiredAt = retired.flatMap { parseTimestamp($0) }
  }

  /// Whether the key no longer counts at `time`.
  public func isRetired(at time: WallTime) -> Bool { retiredAt.map { $0 <= time } ?? false }
}

/// Who may approve, and how many of them must.
public struct ApprovalRule: Sendable, Equatable {
  /// How many different officers a version needs; at least one.
  public let required: Int
  /// The officers, those with retired keys included: what they signed in time stays in force.
  public let officers: [Officer]

  /// Makes the rule that `required` of `officers` must sign.
  public init(required: Int, officers: [Officer]) {
    precondition(required >= 1, "an activation without approval is none")
    self.required = required
    self.officers = officers
  }
}

/// The stable codes of complaints about an officers file.
public enum OfficersCode: String, CaseIterable, Sendable {
  /// Not an Ed25519 public key.
  case key = "E501"
  /// An officer or a key that stands twice.
  case duplicate = "E502"
  /// A name that approvals cannot carry.
  case name = "E503"
  /// Not a time.
  case time = "E504"
  /// More or fewer officers than a rule can have.
  case count = "E505"
}

extension Officer {
  /// Reads the `officers` of a strict YAML file; complaints go into `diagnostics`, which holds it.
  ///
  ///     officers:
  ///       - { name: amina.diallo, key: MCowBQYDK2VwAyEA... }
  ///       - { name: j.smith, key: ..., retired: 2026-11-01T00:00:00Z }
  public static func read(_ diagnostics: Diagnostics) -> [Officer] {
    let root = Document.parse(diagnostics)
    let reader = MappingReader(root, "the officers file", diagnostics)
    let items = reader.mappings("officers", "an officer")
    var officers: [Officer] = []
    for item in items {
      if let officer = read(item, among: officers) { officers.append(officer) }
    }
    reader.finish()
    if items.count > Limits.officerCountMax || items.isEmpty && !diagnostics.hasErrors {
      diagnostics.error(
        OfficersCode.count.rawValue, at: reader.mark(of: "officers"),
        "there must be 1 to \(Limits.officerCountMax) officers, not \(items.count)")
    }
    return officers
  }

  /// Reads one officer; nil after a complaint.
  private static func read(_ reader: MappingReader, among others: [Officer]) -> Officer? {
    let name = reader.scalar("name").flatMap { scalar -> String? in
      guard let text = reader.diagnostics.string(scalar, "name") else { return nil }
      if isName(text) { return text }
      reader.diagnostics.error(
        OfficersCode.name.rawValue, at: scalar.mark,
        "an officer's name is 1 to 64 letters, digits, `-`, `_`, `.` or `@`, not `\(text)`")
      return nil
    }
    let key = reader.scalar("key").flatMap { scalar -> VerifyingKey? in
      if let key = VerifyingKey(text: scalar.text) { return key }
      reader.diagnostics.error(
        OfficersCode.key.rawValue, at: scalar.mark,
        "this is no Ed25519 public key; `homeward policy keys show` prints the line of a key file")
      return nil
    }
    let retired = reader.scalar("retired", isRequired: false).flatMap { scalar -> String? in
      if parseTimestamp(scalar.text) != nil { return scalar.text }
      reader.diagnostics.error(
        OfficersCode.time.rawValue, at: scalar.mark,
        "`retired` must be a time such as `2026-11-01T00:00:00Z`, not `\(scalar.text)`")
      return nil
    }
    reader.finish()
    guard let name, let key else { return nil }
    // A name may come again with a new key, after the old one was retired; a key never.
    if let other = others.first(where: { $0.key == key || $0.name == name && $0.retired == nil }) {
      reader.diagnostics.error(
        OfficersCode.duplicate.rawValue, at: reader.mark,
        other.key == key
          ? "`\(name)` has the key of `\(other.name)`; every officer needs a key of their own"
          : "officer `\(name)` stands twice; say when the first key was `retired`")
      return nil
    }
    return Officer(name: name, key: key, retired: retired)
  }

  /// Whether approvals can carry the name.
  public static func isName(_ text: String) -> Bool {
    (1...64).contains(text.utf8.count)
      && text.utf8.allSatisfy {
        switch $0 {
        case 0x30...0x39, 0x40...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F: true
        default: false
        }
      }
  }
}

extension VerifyingKey {
  /// The twelve bytes before the key in a SubjectPublicKeyInfo of Ed25519 (RFC 8410 section 4).
  private static let prefix: [UInt8] = [
    0x30, 0x2A, 0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70, 0x03, 0x21, 0x00,
  ]

  /// Reads the key's 32 bytes or its SubjectPublicKeyInfo in base64, with or without PEM's lines.
  public init?(text: String) {
    let lines = text.split(separator: "\n").filter { !$0.hasPrefix("-----") }
    guard var bytes = Base64.decode(lines.joined()) else { return nil }
    if bytes.starts(with: Self.prefix) { bytes.removeFirst(Self.prefix.count) }
    self.init(bytes)
  }

  /// The key's 32 bytes in base64, as an officers file writes it.
  public var text: String { Base64.encode(rawBytes) }
}

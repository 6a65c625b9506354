internal import Base
internal import Identity
internal import Native
internal import StrictYAML

extension Configuration {
  /// Who may ask, and what proves it.
  struct Identity: Sendable, Equatable {
    /// The rules; mappings are read from their files by then.
    var rules = IdentityRules()
    /// The files of key sets, for checks.
    var keysPaths: [String] { rules.issuers.filter { $0.keyEndpoint == nil }.map(\.keysPath) }
    /// The files of the authorities of those that are fetched, for checks.
    var authoritiesPaths: [String] { rules.issuers.compactMap { $0.keyEndpoint?.authoritiesPath } }
  }
}

extension Configuration.Identity {
  /// Rules about certificates: one for each kind of machine.
  static let certificateRuleCountMax = 256

  /// Reads `identity`.
  init(_ reader: MappingReader, _ paths: ConfigurationPaths) {
    rules.isRequired = reader.boolean("required", default: true)
    rules.skewMilliseconds = UInt64(
      reader.durationMilliseconds("skew", in: 0...300_000, default: 30_000))
    rules.graceMilliseconds = UInt64(
      reader.durationMilliseconds("grace", in: 1_000...86_400_000, default: 3_600_000))
    rules.revocationsPath = paths.optionalFile("revocations", in: reader)
    let issuers = reader.mappings("issuers", "an issuer", isRequired: false)
    reader.requireItems("issuers", issuers.count, max: IdentityLimits.issuerCountMax)
    var names = Uniqueness()
    var urls = Uniqueness()
    for issuer in issuers {
      let rule = IssuerRules(issuer, paths)
      names.note(rule.name, at: issuer.mark(of: "name"), "name", issuer.diagnostics)
      urls.note(rule.issuer, at: issuer.mark(of: "issuer"), "issuer", issuer.diagnostics)
      rules.issuers.append(rule)
    }
    let certificates = reader.mappings(
      "certificates", "a rule about certificates", isRequired: false)
    reader.requireItems("certificates", certificates.count, max: Self.certificateRuleCountMax)
    rules.certificates = certificates.compactMap { CertificateRule($0) }
    if issuers.isEmpty, certificates.isEmpty {
      reader.diagnostics.error(
        .combination, at: reader.mark,
        "`identity` needs `issuers` or `certificates`; without either nobody could prove anything")
    }
    reader.finish()
  }
}

extension IssuerRules {
  /// Reads one issuer.
  fileprivate init(_ reader: MappingReader, _ paths: ConfigurationPaths) {
    self.init(
      name: reader.name("name"), issuer: reader.string("issuer"),
      audiences: reader.strings("audiences"),
      algorithms: Set(Self.algorithms(reader)), mapping: ClaimMapping(),
      tenants: reader.strings("tenants", isRequired: false))
    keyEndpoint = reader.optionalMapping("jwks", "`jwks`").flatMap { KeyEndpoint($0, paths) }
    if !reader.contains("jwks") {
      keysPath = paths.file("keys", in: reader)
    } else if reader.contains("keys") {
      reader.diagnostics.error(
        .combination, at: reader.mark(of: "jwks"), "`jwks` has no effect beside `keys`; remove one")
    }
    if reader.contains("audiences"), audiences.isEmpty {
      reader.diagnostics.error(
        .nothingThere, at: reader.mark(of: "audiences"), "`audiences` needs at least one entry")
    }
    mapping = Self.mapping(reader, paths)
    reader.finish()
  }

  /// The algorithms of an issuer; by default those that need no shared secret and are common.
  private static func algorithms(_ reader: MappingReader) -> [SigningAlgorithm] {
    guard reader.contains("algorithms") else { return [.rs256, .es256] }
    let words = SigningAlgorithm.allCases.map(\.rawValue)
    let found = reader.strings("algorithms").compactMap { text -> SigningAlgorithm? in
      if let algorithm = SigningAlgorithm(rawValue: text) { return algorithm }
      reader.diagnostics.error(
        Code.unknownWord.rawValue, at: reader.mark(of: "algorithms"),
        "`\(text)` cannot be allowed: one of \(words.joined(separator: ", "))",
        suggestion: Spelling.nearest(to: text, among: words))
      return nil
    }
    return found
  }

  /// A mapping that comes along, or one from a file.
  private static func mapping(
    _ reader: MappingReader, _ paths: ConfigurationPaths
  ) -> ClaimMapping {
    let presets = ClaimMapping.presets
    guard let scalar = reader.scalar("mapping", isRequired: false) else { return .smart }
    if let preset = presets.first(where: { $0.name == scalar.text }) { return preset.mapping }
    guard scalar.text.hasSuffix(".yaml") else {
      let names = presets.map(\.name)
      reader.diagnostics.error(
        Code.unknownWord.rawValue, at: scalar.mark,
        "`mapping` must be \(names.joined(separator: ", ")) or a file that ends in `.yaml`",
        suggestion: Spelling.nearest(to: scalar.text, among: names))
      return ClaimMapping()
    }
    let path = paths.file("mapping", in: reader)
    guard paths.isUsable(path) else { return ClaimMapping() }
    var complaints: [Diagnostic] = []
    let mapping = ClaimMapping.load(path, paths.files, &complaints)
    for complaint in complaints { paths.note(complaint) }
    return mapping
  }
}

extension CertificateRule {
  /// Reads one rule about certificates; nil after a complaint.
  fileprivate init?(_ reader: MappingReader) {
    let kinds = Kind.allCases.filter { reader.contains($0.rawValue) }
    guard let kind = kinds.first, kinds.count == 1 else {
      reader.diagnostics.error(
        .combination, at: reader.mark,
        "a rule about certificates needs exactly one of `uri`, `dns`, `email` and `subject`")
      return nil
    }
    self.init(
      kind, reader.string(kind.rawValue), role: reader.enumeration("role", of: Role.self),
      tenant: reader.optionalString("tenant"),
      purpose: reader.optionalString("purpose").flatMap { text in
        reader.diagnostics.purpose(text, at: reader.mark(of: "purpose"))
      },
      assurance: reader.enumeration("assurance", of: Assurance.self, default: .unknown))
    reader.finish()
  }
}

extension Diagnostics {
  /// A purpose by its HL7 code; nil after a complaint.
  func purpose(_ text: String, at mark: Mark) -> PurposeOfUse? {
    if let purpose = PurposeOfUse(rawValue: text) { return purpose }
    let words = PurposeOfUse.allCases.map(\.rawValue)
    error(
      Code.unknownWord.rawValue, at: mark,
      "`\(text)` is not a purpose of use: one of \(words.joined(separator: ", "))",
      suggestion: Spelling.nearest(to: text, among: words))
    return nil
  }
}

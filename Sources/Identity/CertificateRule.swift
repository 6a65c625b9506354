public import Base
public import Native

/// What a verified client certificate proves, by one of its names.
public struct CertificateRule: Sendable, Equatable {
  /// The kind of name that is compared.
  public typealias Kind = CertificateNameKind

  /// The kind of name.
  public var kind: Kind
  /// The name.
  public var name: String
  /// The role.
  public var role: Role
  /// The organisation.
  public var tenant: String?
  /// Why such clients ask.
  public var purpose: PurposeOfUse?
  /// How surely the client is who it says it is.
  public var assurance: Assurance

  /// Makes a rule.
  public init(
    _ kind: Kind, _ name: String, role: Role, tenant: String? = nil, purpose: PurposeOfUse? = nil,
    assurance: Assurance = .unknown
  ) {
    self.kind = kind
    self.name = name
    self.role = role
    self.tenant = tenant
    self.purpose = purpose
    self.assurance = assurance
  }
}

extension IdentityRules {
  /// What a verified client certificate proves: the first rule about one of its names says so. Nil
  /// when no rule is about it.
  public func subject(of certificate: PeerCertificate) -> Subject? {
    for rule in certificates {
      guard let name = certificate.name(rule.kind, like: rule.name) else { continue }
      return Subject(
        certifiedBy: rule, name: name, serial: certificate.serial, until: certificate.notAfter)
    }
    return nil
  }
}

extension Subject {
  /// What a certificate proves by a rule about one of its names.
  public convenience init(
    certifiedBy rule: CertificateRule, name: String? = nil, serial: String? = nil,
    until end: WallTime
  ) {
    var facts = SubjectFacts()
    facts.role = rule.role
    facts.tenant = rule.tenant
    facts.purposes = rule.purpose.map { [$0] } ?? []
    facts.assurance = rule.assurance
    self.init(
      source: .certificate, issuerName: "certificate", name: name ?? rule.name, tokenID: serial,
      facts: facts, expiresAt: end)
  }
}

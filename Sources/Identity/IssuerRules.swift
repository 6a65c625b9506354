/// One issuer of tokens, and how far it is believed.
public struct IssuerRules: Sendable, Equatable {
  /// Its name in records and revocations.
  public var name: String
  /// What its tokens say in `iss`, compared exactly.
  public var issuer: String
  /// For whom its tokens may be; one of them must stand in `aud`.
  public var audiences: [String]
  /// The algorithms that it may use.
  public var algorithms: Set<SigningAlgorithm>
  /// Where its tokens say what.
  public var mapping: ClaimMapping
  /// The organisations that it may speak for; empty for any.
  public var tenants: [String]
  /// The file of its key set; empty when that is fetched.
  public var keysPath: String
  /// Where its key set is fetched; nil for a file.
  public var keyEndpoint: KeyEndpoint?

  /// Describes an issuer.
  public init(
    name: String, issuer: String, audiences: [String], algorithms: Set<SigningAlgorithm>,
    mapping: ClaimMapping, tenants: [String] = [], keysPath: String = "",
    keyEndpoint: KeyEndpoint? = nil
  ) {
    self.name = name
    self.issuer = issuer
    self.audiences = audiences
    self.algorithms = algorithms
    self.mapping = mapping
    self.tenants = tenants
    self.keysPath = keysPath
    self.keyEndpoint = keyEndpoint
  }
}

/// What an edge's configuration says about who may ask. Immutable; any thread may use it.
public struct IdentityRules: Sendable, Equatable {
  /// Who issues tokens.
  public var issuers: [IssuerRules] = []
  /// What client certificates prove.
  public var certificates: [CertificateRule] = []
  /// Whether a request needs a proof; the server's description and files of applications never do.
  public var isRequired = true
  /// By how much clocks may differ.
  public var skewMilliseconds: UInt64 = 30_000
  /// How long keys and revocations that can no longer be read stay good.
  public var graceMilliseconds: UInt64 = 3_600_000
  /// The file of revoked tokens and subjects.
  public var revocationsPath: String?

  /// Makes rules without issuers.
  public init() {}
}

/// A certificate chain and the private key of its first certificate, both in PEM files.
public struct CertificatePair: Sendable, Equatable {
  /// The leaf first, then the authorities between it and a root.
  public var chainPath: String
  /// The leaf's private key, not encrypted.
  public var keyPath: String

  /// Makes a pair of paths.
  public init(chainPath: String, keyPath: String) {
    self.chainPath = chainPath
    self.keyPath = keyPath
  }
}

/// A protocol version.
public enum TLSVersion: String, Sendable, CaseIterable {
  case tls12 = "1.2"
  case tls13 = "1.3"
}

/// Whether a server asks clients for certificates.
public enum ClientAuthentication: String, Sendable, CaseIterable {
  /// Never asks.
  case none
  /// Asks; a client without a certificate is served, one with a wrong certificate is not.
  case request
  /// Serves nobody without a verified certificate.
  case require
}

/// What a server context is made from.
public struct ServerTLSOptions: Sendable {
  /// Chosen by the client's server name; the first serves everyone else. Two pairs for the same
  /// names with different kinds of key (RSA, ECDSA) serve together.
  public var certificates: [CertificatePair]
  /// The lowest version accepted.
  public var versionMin = TLSVersion.tls13
  /// Application protocols, best first; a client that offers only others is refused.
  public var alpn: [ALPN] = [.http2, .http1]
  /// Whether clients show certificates.
  public var clientAuthentication = ClientAuthentication.none
  /// PEM file of the authorities that sign client certificates.
  public var clientAuthoritiesPath: String?
  /// PEM file of revocation lists, one for each authority that signs client certificates; with it,
  /// a certificate whose authority has no current list is refused. Nil checks nothing.
  public var clientRevocationsPath: String?
  /// How long sessions may be resumed by ticket; zero turns resumption off.
  public var resumptionSeconds = TLSLimits.resumptionSecondsDefault
  /// Whether a server name that no certificate covers is refused instead of served by the first.
  public var refusesUnknownServerNames = false

  /// Makes options with the defaults above.
  public init(certificates: [CertificatePair]) { self.certificates = certificates }
}

/// What a client context is made from. Verification cannot be turned off.
public struct ClientTLSOptions: Sendable {
  /// PEM file of the authorities to trust; nil trusts the system's.
  public var authoritiesPath: String?
  /// The certificate to show when the server asks (mutual TLS).
  public var certificate: CertificatePair?
  /// The lowest version accepted.
  public var versionMin = TLSVersion.tls12
  /// The highest version offered; lower it only for an origin whose TLS 1.3 is broken.
  public var versionMax = TLSVersion.tls13
  /// Application protocols to offer, best first; empty offers none.
  public var alpn: [ALPN] = [.http2, .http1]
  /// Whether sessions are remembered and resumed, by server name.
  public var resumesSessions = true

  /// Makes options with the defaults above.
  public init() {}
}

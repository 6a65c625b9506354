internal import Reactor
internal import StrictYAML

extension Configuration {
  /// One place where clients connect.
  struct Listener: Sendable, Equatable {
    /// Address and port; port 0 lets the kernel pick. Nil only while a file with errors is read.
    var address: SocketAddress?
    /// How the connection is protected; nil is clear text.
    var tls: ServerTLS?
    /// Whether connections begin with a PROXY header, from one of `trust.proxies`.
    var requiresProxyHeader = false
  }

  /// TLS towards clients.
  struct ServerTLS: Sendable, Equatable {
    /// At least one; the client's server name picks, the first is the default.
    var certificates: [CertificateFiles] = []
    /// The oldest version spoken; TLS 1.3 unless older clients must be served.
    var minimum = TLSVersion.tls13
    /// The protocols offered, preferred first.
    var alpn: [ApplicationProtocol] = [.h2, .http11]
    /// What is asked of clients.
    var clientCertificates = ClientCertificates.none
    /// PEM file of the authorities that sign client certificates; set if any are asked for.
    var clientAuthorities: String?
    /// The revocation lists of those authorities; nil: nothing is revoked.
    var clientRevocations: String?
  }

  /// A certificate and its key, both PEM.
  struct CertificateFiles: Sendable, Equatable {
    /// The leaf, then the intermediates.
    var chain: String
    /// The leaf's private key.
    var key: String
  }

  /// The TLS versions there are.
  enum TLSVersion: String, CaseIterable, Sendable {
    case tls12 = "TLSv1.2"
    case tls13 = "TLSv1.3"
  }

  /// The protocols that ALPN can name (RFC 7301).
  enum ApplicationProtocol: String, CaseIterable, Sendable {
    case h2
    case http11 = "http/1.1"
  }

  /// What is asked of a client.
  enum ClientCertificates: String, CaseIterable, Sendable {
    /// No certificate.
    case none
    /// A certificate if the client has one; a bad one ends the connection.
    case request
    /// A certificate, or no connection.
    case require
  }
}

/// The word that permits clear text where others can listen.
enum CleartextConsent: String, CaseIterable, Sendable { case allowed }

/// What a listener says about PROXY headers. There is no "perhaps": who may leave the header out
/// could write one himself.
enum ProxyProtocolUse: String, CaseIterable, Sendable {
  case off
  case require
}

extension Configuration.Listener {
  /// Reads one item of `listeners`.
  init(_ reader: MappingReader, _ paths: ConfigurationPaths) {
    address = reader.address("address")
    tls = reader.optionalMapping("tls", "`tls` of a listener")
      .map { Configuration.ServerTLS($0, paths) }
    reader.checkCleartext(address, hasTLS: tls != nil)
    requiresProxyHeader =
      reader.enumeration("proxy_protocol", of: ProxyProtocolUse.self, default: .off) == .require
    reader.finish()
  }
}

extension MappingReader {
  /// Reads `cleartext` and refuses clear text that leaves the machine without it.
  func checkCleartext(_ address: SocketAddress?, hasTLS: Bool) {
    let isAllowed = contains("cleartext")
    if isAllowed { _ = enumeration("cleartext", of: CleartextConsent.self) }
    if hasTLS, isAllowed {
      diagnostics.error(
        .combination, at: mark(of: "cleartext"),
        "`cleartext` has no effect beside `tls`; remove one")
    } else if !hasTLS, !isAllowed, let address, !address.address.isLoopback {
      diagnostics.error(
        .cleartext, at: mark(of: "address"),
        "`\(address)` without `tls` would send patient data in clear text;"
          + " add `tls`, or say `cleartext: allowed`")
    }
  }
}

extension Configuration.ServerTLS {
  /// Certificates of one listener: a name each for more domains than an EHR has.
  static let certificateCountMax = 64

  /// Reads `tls` of a listener.
  init(_ reader: MappingReader, _ paths: ConfigurationPaths) {
    let items = reader.mappings("certificates", "a certificate")
    reader.requireItems("certificates", items.count, max: Self.certificateCountMax)
    certificates = items.map { item in
      let files = Configuration.CertificateFiles(
        chain: paths.file("chain", in: item), key: paths.file("key", in: item))
      item.finish()
      return files
    }
    minimum = reader.enumeration(
      "minimum", of: Configuration.TLSVersion.self, default: minimum)
    if reader.contains("alpn") { readProtocols(reader) }
    clientCertificates = reader.enumeration(
      "client_certificates", of: Configuration.ClientCertificates.self,
      default: clientCertificates)
    clientAuthorities = paths.optionalFile("client_authorities", in: reader)
    clientRevocations = paths.optionalFile("client_revocations", in: reader)
    checkClientCertificates(reader)
    reader.finish()
  }

  /// Reads `alpn`, in the order of the file.
  private mutating func readProtocols(_ reader: MappingReader) {
    let words = Configuration.ApplicationProtocol.allCases.map(\.rawValue)
    var seen = Uniqueness()
    alpn = reader.list("alpn").compactMap { node in
      guard case .scalar(let scalar) = node else {
        reader.diagnostics.error(
          Code.shape.rawValue, at: node.mark,
          "an item of `alpn` must be a single value, not \(node.shape)")
        return nil
      }
      guard let word = reader.diagnostics.word(scalar, "alpn", among: words) else { return nil }
      seen.note(word, at: scalar.mark, "protocol", reader.diagnostics)
      return Configuration.ApplicationProtocol(rawValue: word)
    }
    reader.requireItems("alpn", alpn.count, max: words.count)
  }

  /// Client certificates and the authorities that sign them need each other.
  private func checkClientCertificates(_ reader: MappingReader) {
    if clientCertificates != .none, !reader.contains("client_authorities") {
      reader.diagnostics.error(
        .combination, at: reader.mark(of: "client_certificates"),
        "`client_certificates: \(clientCertificates)` needs `client_authorities`,"
          + " the authorities to believe")
    }
    let asked = reader.scalar("client_certificates", isRequired: false)?.text ?? "none"
    if asked == "none", reader.contains("client_authorities") {
      reader.diagnostics.error(
        .combination, at: reader.mark(of: "client_authorities"),
        "`client_authorities` has no effect without"
          + " `client_certificates: request` or `require`")
    }
    if clientRevocations != nil, !reader.contains("client_authorities") {
      reader.diagnostics.error(
        .combination, at: reader.mark(of: "client_revocations"),
        "`client_revocations` has no effect without `client_authorities`")
    }
  }
}

internal import Admin
internal import Native
internal import Reactor
internal import StrictYAML

extension Configuration {
  /// The admin API: where it listens, and who may call.
  struct Admin: Sendable, Equatable {
    /// Address and port; port 0 lets the kernel pick. Nil only while a file with errors is read.
    var address: SocketAddress?
    /// How connections are protected; TLS 1.3.
    var tls = ServerTLS()
    /// Who may call.
    var rules = CallerRules()
    /// How commands on this machine ask.
    var client = AdminProfile()
  }
}

extension Configuration.Admin {
  /// Reads `admin`.
  init(_ reader: MappingReader, _ paths: ConfigurationPaths) {
    address = reader.address("address")
    let tlsReader = reader.mapping("tls", "`tls` of `admin`")
    tls = Configuration.ServerTLS(tlsReader, paths)
    if tls.minimum != .tls13 {
      reader.diagnostics.error(
        .combination, at: tlsReader.mark(of: "minimum"), "the admin API speaks TLS 1.3 only")
    }
    readCallers(reader)
    readTokens(reader, paths)
    client =
      reader.optionalMapping("client", "`client` of `admin`").map {
        AdminProfile($0, paths, hasURL: false)
      } ?? AdminProfile()
    checkCallers(reader)
    reader.finish()
  }

  private mutating func readCallers(_ reader: MappingReader) {
    let items = reader.mappings("callers", "a caller", isRequired: false)
    reader.requireItems("callers", items.count, max: AdminLimits.callerCountMax)
    rules.certificates = items.compactMap { item in
      let kinds = CertificateNameKind.allCases.filter { item.contains($0.rawValue) }
      guard let kind = kinds.first, kinds.count == 1 else {
        item.diagnostics.error(
          .combination, at: item.mark,
          "a caller needs exactly one of `uri`, `dns`, `email` and `subject`")
        return nil
      }
      let name = item.string("name")
      if !name.isEmpty, !isCallerName(name) {
        item.diagnostics.error(
          .name, at: item.mark(of: "name"),
          "`name` must be 1 to 64 letters, digits, `-`, `_`, `.` or `@`")
      }
      let rule = CallerRules.Certificate(
        kind, item.string(kind.rawValue), name: name, roles: Self.roles(item))
      item.finish()
      return rule
    }
  }

  private static func roles(_ reader: MappingReader) -> Set<AdminRole> {
    let words = AdminRole.allCases.map(\.rawValue)
    return Set(
      reader.strings("roles").compactMap { text in
        if let role = AdminRole(rawValue: text) { return role }
        reader.diagnostics.error(
          Code.unknownWord.rawValue, at: reader.mark(of: "roles"),
          "`\(text)` is no role: one of \(words.joined(separator: ", "))",
          suggestion: Spelling.nearest(to: text, among: words))
        return nil
      })
  }

  private mutating func readTokens(_ reader: MappingReader, _ paths: ConfigurationPaths) {
    guard let path = paths.optionalFile("tokens", in: reader), paths.isUsable(path) else { return }
    func complain(_ message: String) {
      reader.diagnostics.error(.material, at: reader.mark(of: "tokens"), "`\(path)`\(message)")
    }
    let bytes: [UInt8]
    do throws(SystemError) {
      bytes = try paths.files.read(path, byteCountMax: AdminLimits.tokensByteCountMax)
    } catch {
      return complain(" cannot be read: \(error)")
    }
    do throws(TokensFault) {
      rules.tokens = try AdminTokens(String(decoding: bytes, as: UTF8.self))
    } catch {
      complain(":\(error.line): \(error.message)")
    }
  }

  /// Somebody can call, and by what is asked for.
  private func checkCallers(_ reader: MappingReader) {
    if !reader.contains("callers"), !reader.contains("tokens") {
      reader.diagnostics.error(
        .combination, at: reader.mark,
        "`admin` needs `callers` or `tokens`; without either nobody could call")
    }
    if reader.contains("callers"), tls.clientCertificates == .none {
      reader.diagnostics.error(
        .combination, at: reader.mark(of: "callers"),
        "`callers` needs `client_certificates: request` or `require` in `tls`; otherwise no"
          + " certificate is asked for")
    }
  }
}

extension Configuration {
  /// The admin API listens where nobody else does.
  func checkAdminAddress(_ reader: MappingReader) {
    guard let address = admin?.address, address.port != 0,
      listeners.contains(where: { $0.address == address })
    else { return }
    reader.diagnostics.error(
      .combination, at: reader.mark(of: "admin"),
      "`admin` needs an address of its own; a listener has `\(address)`")
  }
}

/// How a command asks an edge: where, and by which proof. Paths need not be readable by the edge.
struct AdminProfile: Sendable, Equatable {
  /// Where: `https://127.0.0.1:8444`.
  var url: String?
  /// The name in the edge's certificate; by default the URL's address.
  var serverName: String?
  /// Who signs the edge's certificate, PEM; by default the system's authorities.
  var authorities: String?
  /// A certificate and its key, PEM.
  var certificate: String?
  var key: String?
  /// A file that holds a bearer token.
  var token: String?

  /// Says nothing.
  init() {}

  /// Reads `admin.client`, or a profile.
  init(_ reader: MappingReader, _ paths: ConfigurationPaths, hasURL: Bool) {
    if hasURL { url = reader.string("url") }
    serverName = reader.optionalString("server_name")
    authorities = paths.optionalLaxPath("authorities", in: reader)
    certificate = paths.optionalLaxPath("certificate", in: reader)
    key = paths.optionalLaxPath("key", in: reader)
    token = paths.optionalLaxPath("token", in: reader)
    if (certificate == nil) != (key == nil) {
      reader.diagnostics.error(
        .combination, at: reader.mark, "`certificate` and `key` need each other")
    }
    reader.finish()
  }
}

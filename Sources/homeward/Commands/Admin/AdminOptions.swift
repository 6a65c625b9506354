internal import Admin
internal import ArgumentParser
internal import Base
internal import Edge
internal import Native
internal import Reactor
internal import StrictYAML

/// Which edge a command asks, and how it proves who asks.
struct AdminOptions: ParsableArguments {
  @Option(
    name: .long,
    help: ArgumentHelp(
      "The edge's configuration file: its section `admin` says where and how to ask.",
      valueName: "file"))
  var config: String?

  @Option(
    name: .long,
    help: ArgumentHelp(
      """
      A file that says the same of an edge elsewhere: `url`, `server_name`, `authorities`, \
      `certificate`, `key`, `token`. When no edge is named, ~/.config/homeward/admin.yaml.
      """, valueName: "file"))
  var profile: String?

  @Option(
    name: .long,
    help: ArgumentHelp("The admin API, such as https://127.0.0.1:8444.", valueName: "url"))
  var admin: String?

  @Option(
    name: .long,
    help: ArgumentHelp("The name in the edge's certificate, if not its address.", valueName: "name")
  )
  var serverName: String?

  @Option(
    name: .long,
    help: ArgumentHelp("Who signs the edge's certificate, PEM.", valueName: "file"))
  var ca: String?

  @Option(name: .long, help: ArgumentHelp("Your certificate, PEM.", valueName: "file"))
  var cert: String?

  @Option(name: .long, help: ArgumentHelp("Its private key, PEM.", valueName: "file"))
  var key: String?

  @Option(name: .long, help: ArgumentHelp("A file with your bearer token.", valueName: "file"))
  var tokenFile: String?

  func validate() throws {
    guard (cert == nil) == (key == nil) else {
      throw ValidationError("`--cert` and `--key` need each other")
    }
  }

  /// Where and how to ask: options first, then the configuration's section, then a profile. Ends
  /// with 2 after it was said what is missing.
  func client() throws -> RemoteEdge {
    var complaints: [Diagnostic] = []
    var found = AdminProfile()
    if let config {
      found = Self.section(of: config, isNeeded: admin == nil, &complaints)
    } else if let path = profile ?? (admin == nil ? Self.usualProfile : nil) {
      found = Self.profile(path, &complaints)
    }
    StandardStream.error.write(complaints.map { "\($0)\n" }.joined())
    if complaints.contains(where: { $0.severity == .error }) { throw ExitCode(2) }
    guard let url = admin ?? found.url else {
      throw Self.usage("which edge? give `--config`, `--profile` or `--admin`")
    }
    guard let address = SocketAddress(url: url) else {
      throw Self.usage(
        "`\(url)` is no URL such as https://127.0.0.1:8444: https, an IP address and a port")
    }
    var tls = ClientTLSOptions()
    tls.authoritiesPath = ca ?? found.authorities
    let certificate = cert.map { ($0, key) } ?? (found.certificate.map { ($0, found.key) })
    if tokenFile == nil || cert != nil, let (chain, key) = certificate, let key {
      tls.certificate = CertificatePair(chainPath: chain, keyPath: key)
    }
    var options = AdminClient.Options(
      address: address, serverName: serverName ?? found.serverName ?? "\(address.address)",
      tls: tls)
    // A certificate of the command line counts before a token of a file.
    if let path = tokenFile ?? (cert == nil ? found.token : nil) {
      options.token = try Self.token(path)
    }
    return RemoteEdge(client: AdminClient(options), url: url, config: config)
  }

  /// Says what is wrong with the command's words, and ends with 2.
  static func usage(_ message: String) -> ExitCode {
    StandardStream.error.write("homeward: \(message)\n")
    return ExitCode(2)
  }

  /// The first line of a file of a token.
  private static func token(_ path: String) throws -> String {
    do throws(SystemError) {
      let bytes = try FileSystem.read(path, byteCountMax: AdminLimits.tokenByteCountMax + 2)
      let token = String(decoding: bytes.prefix { $0 > 0x20 && $0 < 0x7F }, as: UTF8.self)
      if !token.isEmpty { return token }
    } catch {
      throw usage("`\(path)`: \(error)")
    }
    throw usage("`\(path)` holds no token")
  }

  // MARK: Files

  /// What the section `admin` of an edge's configuration says; nothing else of it is looked at, so
  /// that who asks need not be able to read what it names.
  private static func section(
    of path: String, isNeeded: Bool, _ complaints: inout [Diagnostic]
  ) -> AdminProfile {
    var found = AdminProfile()
    read(path, "the configuration", &complaints) { root, diagnostics, paths in
      let reader = MappingReader(root, "the configuration", diagnostics)
      guard let admin = reader.optionalMapping("admin", "`admin`") else {
        if isNeeded, root != nil {
          diagnostics.error(
            .combination, at: .start,
            "this edge has no admin API; give its configuration `admin`, as deploy/README.md"
              + " says, or act on its folder with `--offline`")
        }
        return
      }
      let address = admin.address("address")
      found =
        admin.optionalMapping("client", "`client` of `admin`")
        .map { AdminProfile($0, paths, hasURL: false) } ?? AdminProfile()
      found.url = address.map { "https://\($0.reachable)" }
    }
    return found
  }

  private static func profile(
    _ path: String, _ complaints: inout [Diagnostic]
  ) -> AdminProfile {
    var found = AdminProfile()
    read(path, "the profile", &complaints) { root, diagnostics, paths in
      found = AdminProfile(MappingReader(root, "the profile", diagnostics), paths, hasURL: true)
    }
    return found
  }

  private static func read(
    _ path: String, _ what: String, _ complaints: inout [Diagnostic],
    _ body: (Node?, Diagnostics, ConfigurationPaths) -> Void
  ) {
    let files = SystemFiles()
    guard let diagnostics = TextFile.open(path, what, files, &complaints) else { return }
    let paths = ConfigurationPaths(folder: FileSystem.directory(of: path), files: files)
    body(Document.parse(diagnostics), diagnostics, paths)
    complaints += diagnostics.sorted()
  }

  /// The profile of this user, if there is one.
  private static var usualProfile: String? {
    guard let home = homeFolder() else { return nil }
    let path = home + "/.config/homeward/admin.yaml"
    return FileSystem.exists(path) ? path : nil
  }
}

extension SocketAddress {
  /// Reads `https://192.0.2.1:8444`, with an IP address or `localhost`; nil for anything else.
  init?(url: String) {
    guard url.hasPrefix("https://") else { return nil }
    var rest = url.dropFirst("https://".count)
    if rest.hasSuffix("/") { rest = rest.dropLast() }
    if rest.hasPrefix("localhost:") { rest = "127.0.0.1:" + rest.dropFirst("localhost:".count) }
    self.init(text: String(rest))
  }

  /// The same, or this machine for an address that stands for all of it.
  fileprivate var reachable: SocketAddress {
    guard address.bits == 0, let local = IPAddress(address.isIPv4 ? "127.0.0.1" : "::1") else {
      return self
    }
    return SocketAddress(local, port: port)
  }
}

internal import Reactor
internal import StrictYAML

extension Configuration {
  /// The servers of one region.
  struct Region: Sendable, Equatable {
    /// The region's name, as the policy lists it.
    var name: String
    /// At least one, at most one of them primary; names are unique in the whole file.
    var endpoints: [Endpoint]
  }

  /// One server of a region.
  struct Endpoint: Sendable, Equatable {
    /// Unique name; the server's health report repeats it.
    var name = ""
    /// What it may answer.
    var tier = EndpointTier.replica
    /// Where it is; never port 0. Nil only while a file with errors is read.
    var address: SocketAddress?
    /// What is spoken to it, HTTP/1.1 by default.
    var `protocol` = OriginProtocol.http1
    /// How the connection is protected; nil is clear text.
    var tls: OriginTLS?
    /// Share of load among its region and tier, 1 to 1000; 100 by default.
    var weight = 100
    /// Connections of one loop at most, 64 by default.
    var connectionCountMax = 64
    /// Requests at once on one HTTP/2 connection, 100 by default; HTTP/1.1 always has one.
    var requestsPerConnection = 100
    /// Whether it carries out once what comes twice with one `Idempotency-Key`; nobody by default.
    var honoursKeys = false
    /// How it comes back after it was down; nil: as `health` says.
    var recovery: Recovery?
  }

  /// How an endpoint comes back that was down.
  enum Recovery: String, CaseIterable, Sendable {
    /// When it answers again.
    case automatic
    /// When an operator lets it in.
    case `operator`
  }

  /// What an endpoint may answer.
  enum EndpointTier: String, CaseIterable, Sendable {
    /// Reads, as fresh as its lag.
    case replica
    /// Reads and writes.
    case primary
  }

  /// What is spoken to an endpoint.
  enum OriginProtocol: String, CaseIterable, Sendable {
    /// HTTP/1.1: one request at a time on a connection.
    case http1
    /// HTTP/2: many at once.
    case http2
  }

  /// TLS towards an endpoint.
  struct OriginTLS: Sendable, Equatable {
    /// The name that the certificate must bear; also sent as SNI.
    var serverName = ""
    /// PEM file of the authorities believed; nil: the system's.
    var authorities: String?
    /// The certificate by which this edge shows who it is; nil: none.
    var certificate: CertificateFiles?
  }
}

/// The regions that a policy lists.
struct PolicyRegions {
  /// The policy's name, for complaints.
  var policyName: String
  /// Its regions in its order.
  var names: [String]
}

extension Configuration.Region {
  /// Regions of one edge: as many as a decision can number.
  static let regionCountMax = 256
  /// Endpoints of one region.
  static let endpointCountMax = 256

  /// Compares the regions with those of the policy, each of which needs endpoints here. Gives the
  /// regions that the policy does not name, unless they look like one that is missing: they get no
  /// requests until a version names them.
  static func check(
    _ root: Node?, _ policy: PolicyRegions, _ diagnostics: Diagnostics
  ) -> [String] {
    // The document was read once already: what is wrong with its form has been said.
    let silent = Diagnostics(file: diagnostics.file, text: diagnostics.text)
    let reader = MappingReader(root, "the configuration", silent)
    let names = reader.namedNodes("regions", isRequired: false).map(\.name)
    let present = Set(names.map(\.text))
    var absent = policy.names.filter { !present.contains($0) }
    var idle: [String] = []
    for name in names where !policy.names.contains(name.text) {
      guard let suggestion = Spelling.nearest(to: name.text, among: absent) else {
        idle.append(name.text)
        continue
      }
      absent.removeAll { $0 == suggestion }
      diagnostics.error(
        .unknownRegion, at: name.mark,
        "policy `\(policy.policyName)` has no region `\(name.text)`;"
          + " it has \(policy.names.joined(separator: ", "))",
        suggestion: suggestion)
    }
    guard reader.contains("regions") else { return idle }
    for name in absent {
      diagnostics.error(
        .nothingThere, at: reader.mark(of: "regions"),
        "region `\(name)` of policy `\(policy.policyName)` has no endpoints here")
    }
    return idle
  }

  /// Reads `regions`.
  static func all(
    _ reader: MappingReader, _ paths: ConfigurationPaths
  ) -> [Configuration.Region] {
    let items = reader.namedMappings("regions", "region")
    reader.requireItems("regions", items.count, max: regionCountMax)
    var names = Uniqueness()
    var addresses = Uniqueness()
    return items.map { name, region in
      let endpoints = region.mappings("endpoints", "an endpoint").map { item in
        let endpoint = Configuration.Endpoint(item, paths)
        if !endpoint.name.isEmpty {
          names.note(endpoint.name, at: item.mark(of: "name"), "endpoint", item.diagnostics)
        }
        if let address = endpoint.address {
          addresses.note("\(address)", at: item.mark(of: "address"), "address", item.diagnostics)
        }
        return (endpoint, item)
      }
      region.requireItems("endpoints", endpoints.count, max: endpointCountMax)
      region.finish()
      checkPrimary(name, endpoints, region.diagnostics)
      return Configuration.Region(name: name.text, endpoints: endpoints.map(\.0))
    }
  }

  /// A region has one primary, or takes no writes.
  private static func checkPrimary(
    _ name: Node.Scalar, _ endpoints: [(Configuration.Endpoint, MappingReader)],
    _ diagnostics: Diagnostics
  ) {
    let primaries = endpoints.filter { $0.0.tier == .primary }
    if let first = primaries.first {
      for (endpoint, reader) in primaries.dropFirst() {
        diagnostics.error(
          .secondPrimary, at: reader.mark(of: "tier"),
          "`\(endpoint.name)` is a second primary of `\(name.text)` beside `\(first.0.name)`;"
            + " make one a replica")
      }
    } else if !endpoints.isEmpty,
      endpoints.allSatisfy({ $0.1.scalar("tier", isRequired: false)?.text == "replica" })
    {
      diagnostics.warning(
        .noPrimary, at: name.mark,
        "region `\(name.text)` has no primary: it takes no writes")
    }
  }
}

extension Configuration.Endpoint {
  /// Reads one item of `endpoints`.
  init(_ reader: MappingReader, _ paths: ConfigurationPaths) {
    name = reader.name("name")
    tier = reader.enumeration("tier", of: Configuration.EndpointTier.self)
    address = reader.address("address")
    `protocol` = reader.enumeration(
      "protocol", of: Configuration.OriginProtocol.self, default: `protocol`)
    tls = reader.optionalMapping("tls", "`tls` of an endpoint")
      .map { Configuration.OriginTLS($0, paths) }
    reader.checkCleartext(address, hasTLS: tls != nil)
    weight = reader.integer("weight", in: 1...1_000, default: weight)
    connectionCountMax = reader.integer("connections", in: 1...1_024, default: connectionCountMax)
    requestsPerConnection = reader.integer(
      "requests_per_connection", in: 1...1_024, default: requestsPerConnection)
    honoursKeys = reader.boolean("idempotency_keys", default: honoursKeys)
    if reader.contains("recovery") {
      recovery = reader.enumeration("recovery", of: Configuration.Recovery.self)
    }
    if address?.port == 0 {
      reader.diagnostics.error(
        .address, at: reader.mark(of: "address"), "an endpoint needs a port from 1 to 65535")
    }
    if `protocol` == .http1 {
      if reader.contains("requests_per_connection") {
        reader.diagnostics.error(
          .combination, at: reader.mark(of: "requests_per_connection"),
          "`requests_per_connection` has no effect with `protocol: http1`, which has one at a time;"
            + " remove it")
      }
      requestsPerConnection = 1
    }
    reader.finish()
  }
}

extension Configuration.OriginTLS {
  /// Reads `tls` of an endpoint.
  init(_ reader: MappingReader, _ paths: ConfigurationPaths) {
    serverName = reader.serverName("server_name")
    authorities = paths.optionalFile("authorities", in: reader)
    let chain = paths.optionalFile("certificate", in: reader)
    let key = paths.optionalFile("key", in: reader)
    if let chain, let key {
      certificate = Configuration.CertificateFiles(chain: chain, key: key)
    }
    for (given, missing) in [("certificate", "key"), ("key", "certificate")]
    where reader.contains(given) && !reader.contains(missing) {
      reader.diagnostics.error(
        .combination, at: reader.mark(of: given),
        "`\(given)` needs `\(missing)` beside it")
    }
    reader.finish()
  }
}

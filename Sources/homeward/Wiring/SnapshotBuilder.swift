internal import Base
internal import Cache
internal import Clinical
internal import Edge
internal import HTTP
internal import Identity
internal import Native
internal import Origins
internal import Policy
internal import Proxy
internal import Reactor

/// Turns a checked configuration into the snapshot that the edge runs on.
///
/// Used once at the start and once for each reload, by the main thread. TLS contexts are made anew
/// each time, so that renewed certificates come into force; ports that the kernel picked are kept.
final class SnapshotBuilder {
  private var reservations: [(isAdmin: Bool, port: Listener.Reservation)] = []
  private var loopCount: Int
  /// Where answers are kept, for the life of the process; nil until a configuration says so.
  private var cache: CacheStore?
  /// Whether the store was to be made already: a reload neither makes nor drops one.
  private var hasBuilt = false

  init(loopCount: Int) { self.loopCount = loopCount }

  /// Builds the snapshot of a configuration without errors.
  func build(_ load: ConfigurationLoad) throws -> Snapshot {
    guard let configuration = load.configuration, let policy = load.policy else {
      preconditionFailure("a configuration with errors cannot be run")
    }
    let topology = try Topology.make(
      regionNames: policy.regions.map(\.name),
      definitions: configuration.regions.flatMap { region in
        region.endpoints.map { $0.definition(in: region, configuration.health.recovery) }
      }, locality: configuration.locality)
    let setting = try cacheSetting(configuration.cache)
    return Snapshot(
      policy: policy, superseded: load.superseded, successor: load.successor, topology: topology,
      classifier: Classifier(configuration),
      directory: load.directory,
      locations: try configuration.location.map { try Locator($0) },
      trustedProxies: configuration.trust.proxies,
      listeners: try configuration.listeners.map(listener),
      originContexts: try contexts(configuration),
      healthTarget: configuration.health.path,
      limits: configuration.proxyLimits(loopCount: loopCount),
      timeouts: configuration.proxyTimeouts,
      identity: configuration.identity?.rules, cache: setting,
      sessionKeys: try sessionKeys(configuration.sessions))
  }

  /// The keys of session tokens.
  private func sessionKeys(_ settings: Configuration.Sessions?) throws -> SessionKeys? {
    guard let settings else { return nil }
    let secrets = try settings.keyPaths.map { path in
      let bytes = try FileSystem.read(path, byteCountMax: PseudonymKey.fileByteCountMax)
      guard let key = PseudonymKey.key(from: bytes) else {
        preconditionFailure("a checked key is long enough")
      }
      return key
    }
    return SessionKeys(secrets, lifetimeSeconds: UInt64(settings.lifetimeMilliseconds) / 1_000)
  }

  /// The store, which is made once, and where the edge stands. Sizes and keys of a reload count
  /// from the next start on.
  private func cacheSetting(_ settings: Configuration.Cache?) throws -> CacheSetting? {
    defer { hasBuilt = true }
    guard let settings else { return nil }
    if cache == nil, !hasBuilt { cache = try CacheStore(settings) }
    return cache.map { CacheSetting(store: $0, region: settings.region) }
  }

  /// The admin API's listener and callers; nil without one.
  func admin(_ load: ConfigurationLoad) throws -> AdminService.Definition? {
    guard let admin = load.configuration?.admin, let address = admin.address else { return nil }
    return AdminService.Definition(
      listener: ListenerDefinition(
        address: address.address, port: try port(for: address, isAdmin: true),
        tls: try TLSContext.server(ServerTLSOptions(admin.tls))),
      rules: admin.rules)
  }

  private func listener(_ listener: Configuration.Listener) throws -> ListenerDefinition {
    guard let address = listener.address else {
      preconditionFailure("a checked listener has an address")
    }
    return ListenerDefinition(
      address: address.address, port: try port(for: address),
      tls: try listener.tls.map { try TLSContext.server(ServerTLSOptions($0)) },
      requiresProxyHeader: listener.requiresProxyHeader)
  }

  /// The port of an address; one that the kernel picks is reserved once and kept for reloads.
  private func port(for address: SocketAddress, isAdmin: Bool = false) throws -> UInt16 {
    guard address.port == 0 else { return address.port }
    if let kept = reservations.first(where: {
      $0.isAdmin == isAdmin && $0.port.address.address == address.address
    }) {
      return kept.port.address.port
    }
    let reservation = try Listener.Reservation(address)
    reservations.append((isAdmin, reservation))
    return reservation.address.port
  }

  /// The TLS context of each endpoint; endpoints with the same files share one.
  private func contexts(_ configuration: Configuration) throws -> [TLSContext?] {
    var made: [(tls: Configuration.OriginTLS, protocol: Configuration.OriginProtocol, TLSContext)] =
      []
    return try configuration.regions.flatMap(\.endpoints).map { endpoint in
      guard let tls = endpoint.tls else { return nil }
      if let known = made.first(where: { $0.tls == tls && $0.protocol == endpoint.protocol }) {
        return known.2
      }
      var options = ClientTLSOptions()
      options.authoritiesPath = tls.authorities
      options.certificate = tls.certificate.map { CertificatePair($0) }
      options.alpn = endpoint.protocol == .http2 ? [.http2] : [.http1]
      let context = try TLSContext.client(options)
      made.append((tls, endpoint.protocol, context))
      return context
    }
  }
}

extension Locator {
  /// Opens the databases of a checked configuration.
  init(_ location: Configuration.Location) throws(GeoError) {
    self.init(
      database: try GeoDatabase(path: location.database),
      anonymizers: try location.anonymizers.map { path throws(GeoError) in
        try GeoDatabase(path: path)
      },
      facilities: location.facilities)
  }
}

extension ServerTLSOptions {
  /// What a listener's `tls` says.
  init(_ tls: Configuration.ServerTLS) {
    self.init(certificates: tls.certificates.map { CertificatePair($0) })
    versionMin = tls.minimum == .tls12 ? .tls12 : .tls13
    alpn = tls.alpn.map { $0 == .h2 ? .http2 : .http1 }
    clientAuthoritiesPath = tls.clientAuthorities
    clientRevocationsPath = tls.clientRevocations
    switch tls.clientCertificates {
    case .none: clientAuthentication = .none
    case .request: clientAuthentication = .request
    case .require: clientAuthentication = .require
    }
  }
}

extension Configuration.Endpoint {
  /// The endpoint as the origins' machines know it.
  func definition(
    in region: Configuration.Region, _ recovery: Configuration.Recovery
  ) -> EndpointDefinition {
    guard let address else { preconditionFailure("a checked endpoint has an address") }
    return EndpointDefinition(
      name: name, regionName: region.name, tier: tier == .primary ? .primary : .replica,
      host: "\(address.address)", port: address.port,
      security: tls.map { .tls(serverName: $0.serverName, profile: $0.profile) } ?? .cleartext,
      protocol: self.protocol == .http2 ? .http2 : .http1,
      connectionCountMax: connectionCountMax, requestCountMax: requestsPerConnection,
      weight: UInt16(weight), honoursKeys: honoursKeys,
      waitsForOperator: (self.recovery ?? recovery) == .operator)
  }
}

extension Configuration.OriginTLS {
  /// What distinguishes connections made with these files from others.
  var profile: String {
    [authorities, certificate?.chain, certificate?.key].map { $0 ?? "" }.joined(separator: "\n")
  }
}

extension Classifier {
  /// The classifier of a checked configuration.
  init(_ configuration: Configuration) {
    let fhir = configuration.fhir
    do throws(PathPatternFault) {
      self.init(
        fhirBasePath: fhir.base == "/" ? "" : fhir.base,
        patientIDSeparator: fhir.patientIDSeparator.rawValue.utf8.first,
        patterns: try PathPatterns(configuration.paths.map { ($0.path, $0.dataClass) }),
        release: fhir.release, serverURLs: fhir.urls)
    } catch {
      preconditionFailure("a checked configuration has good patterns")
    }
  }
}

extension AuditOptions {
  /// What the configuration says about the audit log; the key's file was checked before.
  init(_ configuration: Configuration) throws {
    let audit = configuration.audit
    let bytes = try FileSystem.read(
      audit.pseudonymKey, byteCountMax: PseudonymKey.fileByteCountMax)
    guard let key = PseudonymKey.key(from: bytes) else {
      preconditionFailure("a checked key is long enough")
    }
    self.init(
      directory: audit.directory, intervalMilliseconds: UInt64(audit.intervalMilliseconds),
      segmentByteCountMax: audit.segmentBytes, pseudonymKey: key, signingKeyPath: audit.signingKey,
      instance: configuration.instance,
      pendingByteCountMax: audit.pendingRecordCountMax * Self.recordByteCount)
    retention = audit.retention
    retiringSigningKeyPath = audit.retiringSigningKey
  }

  /// Bytes of a usual record, by which a bound on records becomes one on bytes.
  private static let recordByteCount = 512
}

extension Configuration {
  /// The bounds of one loop: the process's share, and no less than one.
  func proxyLimits(loopCount: Int) -> ProxyLimits {
    var bounds = ProxyLimits()
    bounds.http = limits.http
    bounds.clientConnectionsMax = max(1, limits.clientConnectionCountMax / loopCount)
    bounds.exchangesMax = max(1, limits.requestCountMax / loopCount)
    // A loop's share holds at least two of the longest.
    bounds.heldBytesMax = max(16 << 20, limits.heldBytesMax / loopCount)
    bounds.labelBytesMax = limits.labelBytesMax
    bounds.heldWritesMax = limits.heldWriteCountMax
    bounds.origins.waiterCountMax = limits.originWaiterCountMax
    bounds.origins.idleMilliseconds = UInt64(timeouts.originIdleMilliseconds)
    bounds.origins.probeIntervalHealthyMilliseconds = UInt64(health.intervalMilliseconds)
    bounds.origins.probeIntervalSuspectMilliseconds = UInt64(health.suspectIntervalMilliseconds)
    bounds.origins.probeIntervalDownMilliseconds = UInt64(health.downIntervalMilliseconds)
    bounds.origins.probeTimeoutMilliseconds = UInt64(health.timeoutMilliseconds)
    bounds.origins.slowStartMilliseconds = UInt64(health.slowStartMilliseconds)
    return bounds
  }

  /// How long to wait for what.
  var proxyTimeouts: Proxy.Timeouts {
    var patience = Proxy.Timeouts()
    patience.handshakeMilliseconds = UInt64(timeouts.tlsHandshakeMilliseconds)
    patience.clientHeaderMilliseconds = UInt64(timeouts.clientHeaderMilliseconds)
    patience.clientIdleMilliseconds = UInt64(timeouts.clientIdleMilliseconds)
    patience.clientStallMilliseconds = UInt64(timeouts.clientStallMilliseconds)
    patience.bodyMilliseconds = UInt64(timeouts.bodyMilliseconds)
    patience.connectMilliseconds = UInt64(timeouts.connectMilliseconds)
    patience.connectNearMilliseconds = UInt64(timeouts.connectNearMilliseconds)
    patience.alarmTryMilliseconds = UInt64(timeouts.alarmTryMilliseconds)
    patience.interactiveTryMilliseconds = UInt64(timeouts.interactiveTryMilliseconds)
    patience.chartTryMilliseconds = UInt64(timeouts.chartTryMilliseconds)
    patience.acquireMilliseconds = 2 * UInt64(timeouts.connectMilliseconds)
    patience.firstByteMilliseconds = UInt64(timeouts.firstByteMilliseconds)
    patience.originStallMilliseconds = UInt64(timeouts.originStallMilliseconds)
    patience.authorityMilliseconds = UInt64(timeouts.authorityMilliseconds)
    patience.drainMilliseconds = UInt64(timeouts.drainMilliseconds)
    return patience
  }
}

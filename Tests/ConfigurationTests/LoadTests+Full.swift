import Admin
import Base
import HTTP
import Identity
import Native
import Reactor

@testable import homeward

extension LoadTests {
  /// What `full` says of the admin API.
  static var fullAdmin: Configuration.Admin {
    var admin = Configuration.Admin()
    admin.address = SocketAddress(text: "127.0.0.1:8444")
    admin.tls.certificates = [.init(chain: "conf/edge.pem", key: "conf/edge.key")]
    admin.tls.clientCertificates = .request
    admin.tls.clientAuthorities = "conf/edge.pem"
    admin.rules.certificates = [
      .init(.uri, "urn:ward:*", name: "ana", roles: [.sre, .officer]),
      .init(.subject, "CN=otto", name: "otto", roles: [.auditor]),
    ]
    let line = "tia sre \(String(repeating: "0a", count: 32))"
    admin.rules.tokens = (try? AdminTokens(line)) ?? AdminTokens()
    admin.client.serverName = "edge"
    admin.client.authorities = "conf/ca.pem"
    admin.client.certificate = "conf/a.pem"
    admin.client.key = "conf/a.key"
    admin.client.token = "conf/t"
    return admin
  }

  /// The folder of the package, from this file's place in it.
  static let packageFolder = #filePath.split(separator: "/", omittingEmptySubsequences: false)
    .dropLast(3).joined(separator: "/")

  /// Every key there is, each with a value that is not its default.
  static let full = """
    instance: edge-1
    loops: 3
    listeners:
      - address: "[::1]:0"
        tls:
          certificates: [{ chain: edge.pem, key: edge.key }]
          minimum: TLSv1.2
          alpn: [http/1.1]
          client_certificates: require
          client_authorities: edge.pem
          client_revocations: edge.pem
      - address: 0.0.0.0:8080
        cleartext: allowed
    trust: { proxies: [10.0.0.0/8, "2001:db8::/32"] }
    identity:
      required: false
      skew: 5s
      grace: 10m
      revocations: revoked.txt
      issuers:
        - name: ward
          issuer: https://idp.ward.test
          audiences: [https://edge.test/fhir]
          keys: keys.json
          algorithms: [EdDSA]
          mapping: mapping.yaml
          tenants: [west-clinic]
        - name: city
          issuer: https://idp.city.test
          audiences: [https://edge.test/fhir]
          jwks:
            uri: https://idp.city.test:8443/realm/keys?v=1
            address: "[2001:db8::5]:8443"
            refresh: 5m
      certificates:
        - uri: "spiffe://ward.test/*"
          role: system
          tenant: west-clinic
          purpose: HOPERAT
          assurance: single-factor
        - { dns: lab.test, role: system }
        - { email: desk@ward.test, role: support }
        - { subject: CN=gateway, role: system }
    fhir:
      base: /r4/fhir
      patient_id_separator: "-"
      release: r5
      urls: [https://ehr.example/r4/fhir]
    paths:
      - { path: "/portal/*", class: asset }
      - { path: "*.js", class: asset }
      - { path: "/r4/fhir/jobs/*", class: bulk }
    location:
      database: geo.mmdb
      anonymizers: vpn.mmdb
      facilities: [{ network: 10.20.0.0/16, place: US-AZ }]
    directory: { file: patients.csv }
    policy: { file: policy.yaml }
    operators: { directory: operators, copy: orders.copy }
    sessions: { key: pseudonym.key, other_key: pseudonym.key, lifetime: 2h }
    cache:
      region: us-west
      size: 1GiB
      body_size: 1MiB
      sealing_key: sealing.key
      disk: { directory: log/cached, size: 4GiB }
    admin:
      address: 127.0.0.1:8444
      tls:
        certificates: [{ chain: edge.pem, key: edge.key }]
        client_certificates: request
        client_authorities: edge.pem
      callers:
        - { uri: "urn:ward:*", name: ana, roles: [sre, officer] }
        - { subject: CN=otto, name: otto, roles: [auditor] }
      tokens: admin.tokens
      client: { server_name: edge, authorities: ca.pem, certificate: a.pem, key: a.key, token: t }
    audit:
      directory: log
      interval: 5ms
      pseudonym_key: pseudonym.key
      signing_key: signing.key
      retiring_signing_key: signing.key
      segment_size: 1GiB
      pending_records: 2048
      retention:
        clinical: { keep: 2190d }
        part2: { keep: 3650d, data_classes: [substance-use], kinds: [key-event] }
    locality:
      default: [us-west]
      US-AZ: [us-west]
    regions:
      us-west:
        endpoints:
          - name: west-1
            tier: primary
            address: 192.0.2.1:443
            protocol: http2
            tls:
              server_name: west.ehr.example
              authorities: edge.pem
              certificate: edge.pem
              key: edge.key
            weight: 7
            connections: 8
            requests_per_connection: 9
            idempotency_keys: true
            recovery: automatic
          - { name: west-2, tier: replica, address: 192.0.2.2:80, cleartext: allowed }
    health:
      path: /ready
      interval: 1s
      suspect_interval: 101ms
      down_interval: 102ms
      timeout: 103ms
      slow_start: 104ms
      recovery: operator
    timeouts:
      client_header: 1001ms
      client_idle: 1002ms
      client_stall: 1003ms
      body: 1010ms
      tls_handshake: 1004ms
      connect: 1005ms
      connect_near: 1000ms
      first_byte: 1006ms
      try_alarm: 101ms
      try_interactive: 102ms
      try_chart: 103ms
      origin_idle: 1007ms
      origin_stall: 1008ms
      authority: 1010ms
      drain: 1009ms
    limits:
      client_connections: 101
      requests_in_flight: 102
      origin_waiters: 103
      held_bodies: 64MiB
      held_answer: 128KiB
      held_writes: 77
      header_fields: 104
      header_size: 32KiB
      target_size: 8KiB
      chunk_line_size: 128B
      streams: 105
      stream_window: 128KiB
      connection_window: 2MiB
      send_high_mark: 256KiB
      send_low_mark: 64KiB
      receive_high_mark: 96KiB
      reset_burst: 106
      resets_per_second: 107
      continuations: 8
      settings_entries: 32
      waiting_acknowledgements: 108
      waiting_frames: 109

    """

  /// The identity rules of `full`.
  static var fullIdentity: IdentityRules {
    var mapping = ClaimMapping()
    mapping.rolePaths = [["roles"], ["ext", "role"]]
    mapping.roleWords = [ClaimMapping.Word("doc*", .clinician)]
    mapping.roleWithoutUser = .system
    mapping.purposeDefault = .treatment
    mapping.amrWords = [ClaimMapping.Word("otp", .multiFactor)]
    var rules = IdentityRules()
    rules.isRequired = false
    rules.skewMilliseconds = 5_000
    rules.graceMilliseconds = 600_000
    rules.revocationsPath = "conf/revoked.txt"
    rules.issuers = [
      IssuerRules(
        name: "ward", issuer: "https://idp.ward.test", audiences: ["https://edge.test/fhir"],
        algorithms: [.edDSA], mapping: mapping, tenants: ["west-clinic"],
        keysPath: "conf/keys.json"),
      IssuerRules(
        name: "city", issuer: "https://idp.city.test", audiences: ["https://edge.test/fhir"],
        algorithms: [.rs256, .es256], mapping: .smart,
        keyEndpoint: KeyEndpoint(
          authority: "idp.city.test:8443", serverName: "idp.city.test",
          target: "/realm/keys?v=1",
          address: IPAddress(ipv6: 0x2001_0DB8_0000_0000_0000_0000_0000_0005), port: 8443,
          authoritiesPath: nil, refreshMilliseconds: 300_000)),
    ]
    rules.certificates = [
      CertificateRule(
        .uri, "spiffe://ward.test/*", role: .system, tenant: "west-clinic", purpose: .operations,
        assurance: .singleFactor),
      CertificateRule(.dns, "lab.test", role: .system),
      CertificateRule(.email, "desk@ward.test", role: .support),
      CertificateRule(.subject, "CN=gateway", role: .system),
    ]
    return rules
  }

  /// The timeouts of `full`.
  static let fullTimeouts = Configuration.Timeouts(
    clientHeaderMilliseconds: 1_001, clientIdleMilliseconds: 1_002, clientStallMilliseconds: 1_003,
    bodyMilliseconds: 1_010, tlsHandshakeMilliseconds: 1_004, connectMilliseconds: 1_005,
    connectNearMilliseconds: 1_000, firstByteMilliseconds: 1_006, alarmTryMilliseconds: 101,
    interactiveTryMilliseconds: 102, chartTryMilliseconds: 103,
    originIdleMilliseconds: 1_007, originStallMilliseconds: 1_008, authorityMilliseconds: 1_010,
    drainMilliseconds: 1_009)

  /// The limits of `full`.
  static let fullLimits: Configuration.Limits = {
    var limits = Configuration.Limits()
    limits.clientConnectionCountMax = 101
    limits.requestCountMax = 102
    limits.originWaiterCountMax = 103
    limits.http.fieldCountMax = 104
    limits.http.fieldBytesMax = 32 << 10
    limits.http.targetBytesMax = 8 << 10
    limits.heldBytesMax = 64 << 20
    limits.labelBytesMax = 128 << 10
    limits.heldWriteCountMax = 77
    limits.http.chunkLineBytesMax = 128
    limits.http.concurrentStreamsMax = 105
    limits.http.streamWindowBytes = 128 << 10
    limits.http.connectionWindowBytes = 2 << 20
    limits.http.sendHighMarkBytes = 256 << 10
    limits.http.sendLowMarkBytes = 64 << 10
    limits.http.receiveHighMarkBytes = 96 << 10
    limits.http.resetBurst = 106
    limits.http.resetRatePerSecond = 107
    limits.http.continuationsMax = 8
    limits.http.settingsEntriesMax = 32
    limits.http.outboundAcksMax = 108
    limits.http.outboundFramesMax = 109
    return limits
  }()
}

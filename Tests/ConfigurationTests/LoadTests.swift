import Audit
import Base
import Clinical
import Directory
import HTTP
import Identity
import Origins
import Policy
import Proxy
import Reactor
import StrictYAML
import Testing

@testable import homeward

/// Whole files: defaults, the demo's file, several files at once, unreadable ones.
@Suite struct LoadTests {
  @Test func theSmallestFileGetsEveryDefault() throws {
    let load = TestFiles.load(TestFiles.minimal)
    #expect(load.diagnostics.isEmpty)
    #expect(load.notes.count == 2)
    #expect(load.policy?.name == "small")
    #expect(load.directory?.count == 0)
    var expected = Configuration()
    expected.instance = "edge-1"
    expected.directory.file = "conf/patients.csv"
    expected.policy.file = "conf/policy.yaml"
    expected.audit.directory = "conf/log"
    expected.audit.pseudonymKey = "conf/pseudonym.key"
    expected.audit.signingKey = "conf/signing.key"
    let loopback = try #require(IPAddress("127.0.0.1"))
    expected.listeners = [
      Configuration.Listener(
        address: SocketAddress(loopback, port: 8443),
        tls: Configuration.ServerTLS(
          certificates: [
            Configuration.CertificateFiles(chain: "conf/edge.pem", key: "conf/edge.key")
          ]))
    ]
    expected.regions = [
      Configuration.Region(
        name: "us-west",
        endpoints: [
          Configuration.Endpoint(
            name: "west-1", tier: .primary, address: SocketAddress(loopback, port: 9101),
            requestsPerConnection: 1)
        ])
    ]
    #expect(load.configuration == expected)
    #expect(expected.limits.http == HTTPLimits())
    #expect(expected.listeners[0].tls?.minimum == .tls13)
  }

  @Test func everyKeyIsRead() throws {
    let load = TestFiles.load(Self.full)
    #expect(load.diagnostics.map(\.description) == [])
    #expect(load.notes == ["`cache`: the policy stores nothing, so nothing is kept"])
    let configuration = try #require(load.configuration)
    let cache = try #require(configuration.cache)
    #expect(cache.region == "us-west" && cache.sealingKey == "conf/sealing.key")
    #expect(cache.byteCountMax == 1 << 30 && cache.bodyByteCountMax == 1 << 20)
    #expect(cache.disk == .init(directory: "conf/log/cached", byteCount: 4 << 30))
    #expect(configuration.loopCount == 3)
    let listener = configuration.listeners[0]
    #expect(listener.address?.description == "[::1]:0")
    #expect(listener.tls?.minimum == .tls12)
    #expect(listener.tls?.alpn == [.http11])
    #expect(listener.tls?.clientCertificates == .require)
    #expect(listener.tls?.clientAuthorities == "conf/edge.pem")
    #expect(listener.tls?.clientRevocations == "conf/edge.pem")
    #expect(configuration.identity?.rules == Self.fullIdentity)
    #expect(configuration.listeners[1].tls == nil)
    #expect(configuration.admin == Self.fullAdmin)
    #expect(configuration.trust.proxies.map(\.description) == ["10.0.0.0/8", "2001:db8::/32"])
    #expect(
      configuration.fhir
        == .init(
          base: "/r4/fhir", patientIDSeparator: .hyphen, release: .r5,
          urls: ["https://ehr.example/r4/fhir"]))
    #expect(configuration.paths.map(\.path) == ["/portal/*", "*.js", "/r4/fhir/jobs/*"])
    #expect(configuration.paths.map(\.dataClass) == [.asset, .asset, .bulk])
    #expect(configuration.location?.database == "conf/geo.mmdb")
    #expect(configuration.location?.anonymizers == "conf/vpn.mmdb")
    let facility = Locator.Facility(
      network: try #require(CIDR("10.20.0.0/16")), place: try #require(Place("US-AZ")))
    #expect(configuration.location?.facilities == [facility])
    let near = LocalityTable.Row(facility.place, ["us-west"])
    #expect(configuration.locality == LocalityTable(fallback: ["us-west"], rows: [near]))
    #expect(configuration.audit.intervalMilliseconds == 5)
    #expect(configuration.audit.segmentBytes == 1 << 30)
    #expect(configuration.audit.pendingRecordCountMax == 2_048)
    #expect(configuration.audit.retention.classes.map(\.name) == ["clinical", "part2"])
    #expect(configuration.audit.retention.classes.map(\.keepDays) == [2_190, 3_650])
    #expect(configuration.audit.retention.index(of: .substanceUse) == 1)
    #expect(configuration.audit.retention.index(of: .keyEvent) == 1)
    let endpoint = configuration.regions[0].endpoints[0]
    #expect(endpoint.protocol == .http2)
    #expect(endpoint.address?.description == "192.0.2.1:443")
    #expect(endpoint.tls?.serverName == "west.ehr.example")
    #expect(endpoint.tls?.authorities == "conf/edge.pem")
    #expect(endpoint.tls?.certificate?.key == "conf/edge.key")
    #expect(endpoint.weight == 7)
    #expect(endpoint.connectionCountMax == 8)
    #expect(endpoint.requestsPerConnection == 9)
    #expect(endpoint.honoursKeys && endpoint.recovery == .automatic)
    #expect(configuration.regions[0].endpoints[1].address?.description == "192.0.2.2:80")
    #expect(
      configuration.health
        == .init(
          path: "/ready", intervalMilliseconds: 1_000, suspectIntervalMilliseconds: 101,
          downIntervalMilliseconds: 102, timeoutMilliseconds: 103, slowStartMilliseconds: 104,
          recovery: .operator))
    #expect(configuration.timeouts == Self.fullTimeouts)
    #expect(configuration.limits == Self.fullLimits)
  }

  @Test func theDemoFileIsGood() throws {
    let folder = Self.packageFolder + "/deploy"
    let text = try FileSystem.read(folder + "/homeward.yaml")
    var files = TestFiles()
    files.folders = ["deploy", "deploy/run"]
    for name in ["certificates/server.pem", "certificates/server.key", "certificates/ca.pem"] {
      files.contents["deploy/run/" + name] = []
    }
    files.contents["deploy/run/geo.mmdb"] = []
    for name in ["patients.snapshot", "patients.deltas", "signer.pem"] {
      files.contents["deploy/run/directory/" + name] = []
    }
    files.contents["deploy/run/directory/directory.key"] = files.contents["conf/pseudonym.key"]
    files.contents["deploy/run/admin/tokens"] = []
    files.contents["deploy/run/identity/keys.json"] = files.contents["conf/keys.json"]
    files.contents["deploy/run/pseudonym.key"] = files.contents["conf/pseudonym.key"]
    files.contents["deploy/run/signing.key"] = []
    files.contents["deploy/homeward.yaml"] = text
    let fresh = ConfigurationLoad.load("deploy/homeward.yaml", files: files, opensMaterial: false)
    // Before the demo ran: nobody to approve, and nothing in force.
    #expect(fresh.diagnostics.map(\.code) == ["E415", "E403"])
    #expect(fresh.diagnostics.first?.message.contains("`homeward policy activate") == true)
    let policy = "policies/clinical-routing/0002.yaml"
    files.contents["deploy/../" + policy] = try FileSystem.read(Self.packageFolder + "/" + policy)
    files.contents["deploy/homeward.yaml"] = try withSingleFile(text, "../" + policy)
    let load = ConfigurationLoad.load("deploy/homeward.yaml", files: files, opensMaterial: false)
    #expect(load.diagnostics.map(\.description) == [])
    let regions = try #require(load.configuration).regions
    #expect(regions.map(\.name) == ["us-west", "us-central", "us-east"])
    for region in regions {
      #expect(region.endpoints.map(\.tier) == [.primary, .replica, .replica])
    }
  }

  /// The configuration with a single policy file in place of versions.
  private func withSingleFile(_ text: [UInt8], _ path: String) throws -> [UInt8] {
    let lines = String(decoding: text, as: UTF8.self).split(
      separator: "\n", omittingEmptySubsequences: false)
    let start = try #require(lines.firstIndex(of: "policy:"))
    let end = try #require(lines[start...].firstIndex(of: ""))
    let changed = lines[...start] + ["  file: \(path)"] + lines[end...]
    return Array(changed.joined(separator: "\n").utf8)
  }

  @Test func aComplaintShowsLineCaretAndSuggestion() {
    let text = TestFiles.minimal + "timeouts:\n  drian: 5s\n"
    #expect(
      TestFiles.load(text).diagnostics.map(\.description) == [
        """
        conf/edge.yaml:12:3: error: unknown key `drian` in `timeouts` [E201]
              drian: 5s
              ^
            did you mean `drain`?
        """
      ])
  }

  @Test func manyMistakesAreShownAtOnceInOrder() {
    let text = """
      instance: edge 1
      loops: many
      listeners:
        - address: localhost:8443
          tls:
            certificates:
              - { chain: egde.pem, key: edge.key }
            minimum: TLSv1.1
        - address: 0.0.0.0:80
      directory: { file: patients.csv }
      policy: { file: policy.yaml }
      audit: { directory: log, pseudonym_key: short.key, interval: 10, signing_key: signing.key }
      regions:
        us-wets:
          endpoints: []
      timeouts: { drain: 10sec, conect: 5s, client_idle: 0s }

      """
    let diagnostics = TestFiles.load(text).diagnostics
    #expect(
      diagnostics.map { "\($0.line):\($0.column) \($0.code)" } == [
        "1:11 E411", "2:8 E205", "4:14 E401", "7:20 E403", "8:16 E208", "9:14 E409", "12:41 E413",
        "12:62 E207", "14:3 E406", "15:16 E407", "16:20 E207", "16:27 E201", "16:52 E206",
      ])
  }

  @Test func mistakesOfThePolicyFollowThoseOfTheConfiguration() {
    var files = TestFiles()
    files.contents["conf/policy.yaml"] = Array("policy: small\nversion: one\n".utf8)
    let text = TestFiles.minimal.split(separator: "edge-1").joined(separator: "edge 1")
    let found = TestFiles.load(text, files: files).diagnostics.map { ($0.file, $0.line) }
    #expect(found.first?.0 == "conf/edge.yaml")
    #expect(found.count > 2)
    #expect(found.dropFirst().allSatisfy { $0.0 == "conf/policy.yaml" })
  }

  @Test func mistakesOfTheDirectoryComeLastAndRepeatNoPatient() {
    var files = TestFiles()
    files.contents["conf/patients.csv"] = Array(
      """
      patient,home,residency,consent,flags
      secret-1,us-west,US-CA,granted,
      secret-2,us-wets,US-CA,granted,
      secret-3,us-west,California,perhaps,

      """.utf8)
    let diagnostics = TestFiles.load(TestFiles.minimal, files: files).diagnostics
    #expect(
      diagnostics.map { "\($0.file):\($0.line):\($0.column) \($0.code)" } == [
        "conf/patients.csv:3:10 E414", "conf/patients.csv:4:18 E414", "conf/patients.csv:4:29 E414",
      ])
    #expect(!diagnostics.map(\.description).joined().contains("secret"))
  }

  @Test func everyRegionOfThePolicyNeedsEndpoints() {
    var files = TestFiles()
    files.contents["conf/policy.yaml"] = Array(TestFiles.policy(["us-west", "us-east"]).utf8)
    #expect(
      TestFiles.load(TestFiles.minimal, files: files).diagnostics.map(short) == [
        "9:3: error: region `us-east` of policy `small` has no endpoints here [E407]"
      ])
    // A name that was probably meant for the missing region is one mistake, not two.
    let text =
      TestFiles.minimal + """
          us-eats:
            endpoints: [{ name: east-1, tier: primary, address: 127.0.0.1:9301 }]

        """
    #expect(
      TestFiles.load(text, files: files).diagnostics.map(short) == [
        "11:3: error: policy `small` has no region `us-eats`; it has us-west, us-east [E406];"
          + " did you mean `us-east`?"
      ])
  }

  @Test func aRegionThatNoVersionNamesYetIsNoted() throws {
    let text =
      TestFiles.minimal + """
          us-north:
            endpoints: [{ name: north-1, tier: primary, address: 127.0.0.1:9301 }]

        """
    var files = TestFiles()
    // Patients may be at home there already; to the policy their home is unknown.
    files.contents["conf/patients.csv"] = Array(
      "patient,home,residency,consent,flags\np-1,us-north,US-CA,granted,\n".utf8)
    let load = TestFiles.load(text, files: files)
    #expect(load.diagnostics.map(short) == [])
    #expect(load.configuration?.regions.map(\.name) == ["us-west", "us-north"])
    #expect(load.directory?.homeNames == ["us-west", "us-north"])
    #expect(
      load.notes.first
        == "region `us-north`: the policy does not name it, so it gets no requests until a version"
        + " does")
  }

  @Test func aPolicyFileIsProvedAndTestedLikeAVersion() {
    var files = TestFiles()
    let never = """
      never:
        - id: N-1
          say: Nothing is read from the West
          when: { operation: [read] }
          serve: { region_in: [us-west] }

      """
    let tests = """
      tests:
        - say: Nobody reads
          given: { operation: read, home: us-west }
          expect: { decision: forbidden, rule: R-1 }

      """
    for (section, complaint) in [
      (never, "`N-1` is violated: `R-1`"), (tests, "test `Nobody reads`: decision is permit"),
    ] {
      files.contents["conf/policy.yaml"] = Array(
        (TestFiles.policy(["us-west"]) + section).utf8)
      let load = TestFiles.load(TestFiles.minimal, files: files)
      #expect(load.configuration == nil)
      let found = load.diagnostics.map { "\($0)" }
      #expect(found.count == 1)
      #expect(found[0].hasPrefix("conf/policy.yaml:") && found[0].contains(complaint), "\(found)")
    }
    files.contents["conf/policy.yaml"] = Array((TestFiles.policy(["us-west"]) + never).utf8)
    #expect(
      TestFiles.load(TestFiles.minimal, files: files).diagnostics.contains {
        "\($0)".contains("example: {\"operation\":\"read\"")
      })
  }

  @Test func filesThatCannotBeReadAreNamed() {
    var files = TestFiles()
    files.forbidden = ["conf/edge.key", "conf/log"]
    #expect(
      TestFiles.load(TestFiles.minimal, files: files).diagnostics.map(short) == [
        "4:51: error: `conf/edge.key` cannot be read by this user [E404]",
        "7:21: error: folder `conf/log` cannot be written by this user [E404]",
      ])
    let missing = ConfigurationLoad.load("conf/none.yaml", files: TestFiles())
    #expect(missing.configuration == nil)
    #expect(missing.diagnostics.map { "\($0.file) \($0.code)" } == ["conf/none.yaml E403"])
  }

  @Test func bytesThatAreNotTextAreRefused() {
    let load = TestFiles.load(Array("instance: a\nloops: ".utf8) + [0xFF, 0x0A])
    #expect(
      load.diagnostics.map(short) == ["2:1: error: this line is not UTF-8 text [E107]"])
    #expect(TestFiles.load("").configuration == nil)
  }

  @Test func materialThatTheLibrariesRefuseIsReportedWhereItIsNamed() {
    // The files are in memory only, so that neither library can open them.
    let tls = "tls: { server_name: west.example, authorities: edge.pem }"
    let text =
      TestFiles.minimal.split(separator: ":9101").joined(separator: ":9101, \(tls)")
      + "location: { database: geo.mmdb }\n"
    let diagnostics = TestFiles.load(text, opensMaterial: true).diagnostics
    #expect(diagnostics.map(\.code) == ["E413", "E413", "E413", "E413"])
    #expect(diagnostics.map(\.line) == [4, 4, 7, 11])
    #expect(diagnostics.last?.message.contains("`conf/geo.mmdb`") == true)
    #expect(TestFiles.load(text).diagnostics.isEmpty)
  }

  @Test func openSecretsAreWarnedOf() {
    var files = TestFiles()
    files.permissions = ["conf/edge.key": 0o644, "conf/pseudonym.key": 0o640]
    let load = TestFiles.load(TestFiles.minimal, files: files)
    #expect(load.configuration != nil)
    #expect(
      load.diagnostics.map(short) == [
        "4:51: warning: the private key `conf/edge.key` is open to others (mode 644);"
          + " `chmod 600 conf/edge.key` closes it [W401]",
        "7:41: warning: the pseudonym key `conf/pseudonym.key` is open to others (mode 640);"
          + " `chmod 600 conf/pseudonym.key` closes it [W401]",
      ])
  }

  @Test(
    "a pseudonym key is 32 bytes, or hexadecimal digits for as many",
    arguments: [
      ([UInt8](repeating: 0, count: 31), nil), ([UInt8](repeating: 7, count: 32), 32),
      ([UInt8](repeating: 0xAB, count: 100), 100), ([UInt8](repeating: 0x61, count: 63), nil),
      ([UInt8](repeating: 0x46, count: 64), 32), ([UInt8](repeating: 0x30, count: 65), nil),
      ([UInt8](repeating: 0x30, count: 128) + [0x0D, 0x0A], 64), ([], nil), ([0x0A], nil),
      ([UInt8](repeating: 0x61, count: 40), nil),
    ] as [([UInt8], Int?)])
  func pseudonymKey(_ bytes: [UInt8], _ count: Int?) {
    #expect(PseudonymKey.key(from: bytes)?.count == count)
  }

  @Test func hexadecimalKeysAreDecoded() {
    let text = "00fF" + String(repeating: "10", count: 30) + "\n"
    let key = PseudonymKey.key(from: Array(text.utf8))
    #expect(key == [0x00, 0xFF] + [UInt8](repeating: 0x10, count: 30))
  }
}

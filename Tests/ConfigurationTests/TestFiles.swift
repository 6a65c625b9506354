import Reactor

@testable import homeward

/// A small file system in memory: `conf/` with what the smallest configuration names.
struct TestFiles: FileView {
  /// Contents by path.
  var contents: [String: [UInt8]] = [
    "conf/edge.pem": [], "conf/edge.key": [], "conf/geo.mmdb": [], "conf/vpn.mmdb": [],
    "conf/patients.csv": Array("patient,home,residency,consent,flags\n".utf8),
    "conf/policy.yaml": Array(TestFiles.policy(["us-west"]).utf8),
    "conf/pseudonym.key": [UInt8](repeating: 0x61, count: 64),
    "conf/sealing.key": [UInt8](repeating: 0x7A, count: 32),
    "conf/short.key": Array("abc\n".utf8), "conf/signing.key": [],
    "conf/admin.tokens": Array("tia sre \(String(repeating: "0a", count: 32))\n".utf8),
    "conf/revoked.txt": Array("# nobody\ntoken 1\n".utf8),
    "conf/keys.json": Array(
      (#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"1","#
        + #""x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#).utf8),
    "conf/mapping.yaml": Array(
      """
      role: { claims: [roles, [ext, role]], values: { "doc*": clinician }, without_user: system }
      purpose: { claims: [], default: TREAT }
      assurance: { amr: { otp: multi-factor } }
      """.utf8),
  ]
  /// The folders there are.
  var folders: Set<String> = ["conf", "conf/log"]
  /// Permission bits that differ from 0600.
  var permissions: [String: UInt16] = [:]
  /// What this process may not read or write.
  var forbidden: Set<String> = []

  /// Good, with a default for everything that has one.
  static let minimal = """
    instance: edge-1
    listeners:
      - address: 127.0.0.1:8443
        tls: { certificates: [{ chain: edge.pem, key: edge.key }] }
    directory: { file: patients.csv }
    policy: { file: policy.yaml }
    audit: { directory: log, pseudonym_key: pseudonym.key, signing_key: signing.key }
    regions:
      us-west:
        endpoints: [{ name: west-1, tier: primary, address: 127.0.0.1:9101 }]

    """

  /// A policy with these regions.
  static func policy(_ regions: [String]) -> String {
    """
    policy: small
    version: 1
    regions:
    \(regions.map { "  \($0): { near: [], jurisdiction: US }" }.joined(separator: "\n"))
    routes:
      - id: R-1
        say: Everything is served at home
        when: { operation: [read, unknown] }
        serve: [{ region: home, tier: primary }]

    """
  }

  /// What reading `text` as `conf/edge.yaml` gives.
  static func load(
    _ text: String, files: TestFiles = TestFiles(), opensMaterial: Bool = false
  ) -> ConfigurationLoad {
    load(Array(text.utf8), files: files, opensMaterial: opensMaterial)
  }

  /// What reading `bytes` as `conf/edge.yaml` gives.
  static func load(
    _ bytes: [UInt8], files: TestFiles = TestFiles(), opensMaterial: Bool = false
  ) -> ConfigurationLoad {
    var files = files
    files.contents["conf/edge.yaml"] = bytes
    return ConfigurationLoad.load("conf/edge.yaml", files: files, opensMaterial: opensMaterial)
  }

  func status(of path: String) throws(SystemError) -> FileStatus {
    if folders.contains(path) {
      return FileStatus(kind: .directory, permissions: 0o700, byteCount: 0)
    }
    guard let bytes = contents[path] else { throw SystemError(code: 2, call: "stat") }
    return FileStatus(
      kind: .file, permissions: permissions[path] ?? 0o600, byteCount: bytes.count)
  }

  func isReadable(_ path: String) -> Bool { !forbidden.contains(path) }

  func isWritable(_ path: String) -> Bool { !forbidden.contains(path) }

  func read(_ path: String, byteCountMax: Int) throws(SystemError) -> [UInt8] {
    guard let bytes = contents[path] else { throw SystemError(code: 2, call: "open") }
    guard bytes.count <= byteCountMax else { throw SystemError(code: 27, call: "read") }
    return bytes
  }

  func names(in path: String) -> [String] {
    contents.keys.filter { $0.hasPrefix(path + "/") }.map { String($0.dropFirst(path.count + 1)) }
      .sorted()
  }
}

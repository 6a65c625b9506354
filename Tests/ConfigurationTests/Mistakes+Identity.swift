import Identity
import StrictYAML
import Testing

@testable import homeward

/// Mistakes in `identity`, and what is said about them.
extension Mistake {
  /// The smallest section, with `change` in its issuer.
  private static func issuer(_ change: String, _ complaints: String) -> Mistake {
    Mistake(
      "instance: edge-1",
      """
      instance: edge-1
      identity:
        issuers:
          - name: ward
            audiences: [a]
      \(change.split(separator: "\n").map { "      \($0)" }.joined(separator: "\n"))
      """, complaints)
  }

  static let identity: [Mistake] = [
    Mistake(
      "instance: edge-1", "instance: edge-1\nidentity: { required: true }",
      """
      2:11: error: `identity` needs `issuers` or `certificates`; without either nobody could prove \
      anything [E410]
      """),
    issuer("issuer: i\nkeys: keys.json\nmapping: smart", ""),
    issuer(
      "issuer: i\nkeys: keys.jsn",
      """
      7:13: error: file `conf/keys.jsn` for `keys` does not exist [E403]; did you mean `keys.json`?
      """),
    issuer(
      "issuer: i\nkeys: revoked.txt",
      """
      7:13: error: `conf/revoked.txt`: this is not a JWK Set: a JSON object with a list `keys`, no \
      name twice [E413]
      """),
    issuer(
      "issuer: i\njwks: { uri: \"https://i.example/keys\", address: \"192.0.2.1:443\" }", ""),
    issuer(
      "issuer: i\nkeys: keys.json\n"
        + "jwks: { uri: \"https://i.example/keys\", address: \"192.0.2.1:443\" }",
      """
      8:13: error: `jwks` has no effect beside `keys`; remove one [E410]
      """),
    issuer(
      "issuer: i\njwks: { uri: \"http://i.example/keys\", address: \"192.0.2.1:443\" }",
      """
      7:20: error: `uri` must be `https://`, a host, a port unless it is 443, and a path, as in \
      `https://idp.example/keys`, not `http://i.example/keys` [E401]
      """),
    issuer(
      "issuer: i\njwks: { uri: \"https://u@i.example/keys\", address: \"192.0.2.1:443\" }",
      """
      7:20: error: `uri` must be `https://`, a host, a port unless it is 443, and a path, as in \
      `https://idp.example/keys`, not `https://u@i.example/keys` [E401]
      """),
    issuer(
      "issuer: i\njwks: { uri: \"https://i.example/keys\", address: i.example }",
      """
      7:55: error: `address` must be an IP address and a port such as `127.0.0.1:8443` or \
      `[::1]:8443`, not `i.example` [E401]
      """),
    issuer(
      "issuer: i\nkeys: keys.json\nalgorithms: [HS256]",
      """
      8:19: error: `HS256` cannot be allowed: one of RS256, RS384, PS256, ES256, ES384, EdDSA \
      [E208]; did you mean `RS256`?
      """),
    issuer(
      "issuer: i\nkeys: keys.json\nmapping: smrt",
      """
      8:16: error: `mapping` must be smart, udap, iua or a file that ends in `.yaml` [E208]; did \
      you mean `smart`?
      """),
    Mistake(
      "instance: edge-1",
      "instance: edge-1\nidentity: { certificates: [{ uri: a, dns: b, role: system }] }",
      """
      2:28: error: a rule about certificates needs exactly one of `uri`, `dns`, `email` and \
      `subject` [E410]
      """),
    Mistake(
      "instance: edge-1",
      "instance: edge-1\nidentity: { revocations: keys.json, "
        + "certificates: [{ dns: b, role: system }] }",
      """
      2:26: error: `conf/keys.json`: line 1: a line must be `token JTI` or `subject ISSUER-NAME \
      SUBJECT` [E413]
      """),
  ]
}

@Suite struct MappingFileTests {
  @Test(arguments: ClaimMapping.presets.map(\.name))
  func shippedMappingsAreThePresets(_ name: String) throws {
    var complaints: [Diagnostic] = []
    let path = LoadTests.packageFolder + "/deploy/identity/\(name).yaml"
    let mapping = ClaimMapping.load(path, SystemFiles(), &complaints)
    #expect(complaints.map(\.description) == [])
    let preset = try #require(ClaimMapping.presets.first { $0.name == name })
    #expect(mapping == preset.mapping)
  }

  @Test func mistakesInAMappingAreShownInItsFile() {
    var files = TestFiles()
    files.contents["conf/bad.yaml"] = Array("role: { claims: [a], values: { x: docter } }".utf8)
    var complaints: [Diagnostic] = []
    _ = ClaimMapping.load("conf/bad.yaml", files, &complaints)
    #expect(
      complaints.map(\.description).joined().contains(
        "conf/bad.yaml:1:35: error: `x` must mean a word that policies know"))
  }
}

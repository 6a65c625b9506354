import StrictYAML
import Testing

@testable import homeward

/// Mistakes in `admin`, and what is said about them.
extension Mistake {
  /// A section with `lines` behind address and certificates, and `tls` within `tls`.
  private static func admin(_ lines: String, tls: String = "", _ complaints: String) -> Mistake {
    Mistake(
      "instance: edge-1",
      """
      instance: edge-1
      admin:
        address: 127.0.0.1:8444
        tls: { certificates: [{ chain: edge.pem, key: edge.key }]\(tls) }
      \(lines.split(separator: "\n").map { "  \($0)" }.joined(separator: "\n"))
      """, complaints)
  }

  private static let asks = ", client_certificates: request, client_authorities: edge.pem"

  static let admin: [Mistake] = [
    admin("tokens: admin.tokens", ""),
    admin(
      "client: { token: t }",
      """
      3:3: error: `admin` needs `callers` or `tokens`; without either nobody could call [E410]
      """),
    admin(
      "callers: [{ uri: a, name: ana, roles: [sre] }]",
      """
      5:12: error: `callers` needs `client_certificates: request` or `require` in `tls`; otherwise \
      no certificate is asked for [E410]
      """),
    admin(
      "callers: [{ uri: a, dns: b, name: ana, roles: [sre] }]", tls: asks,
      """
      5:13: error: a caller needs exactly one of `uri`, `dns`, `email` and `subject` [E410]
      """),
    admin(
      "callers: [{ uri: a, name: an/a, roles: [sree] }]", tls: asks,
      """
      5:29: error: `name` must be 1 to 64 letters, digits, `-`, `_`, `.` or `@` [E411]
      5:42: error: `sree` is no role: one of officer, sre, auditor [E208]; did you mean `sre`?
      """),
    admin(
      "tokens: revoked.txt",
      """
      5:11: error: `conf/revoked.txt`:2: needs a name, roles and a SHA-256, in this order [E413]
      """),
    admin(
      "tokens: admin.tokens", tls: ", minimum: TLSv1.2",
      """
      4:71: error: the admin API speaks TLS 1.3 only [E410]
      """),
    admin(
      "tokens: admin.tokens\nclient: { certificate: a.pem }",
      """
      6:11: error: `certificate` and `key` need each other [E410]
      """),
    Mistake(
      "instance: edge-1",
      """
      instance: edge-1
      admin:
        address: 127.0.0.1:8443
        tls: { certificates: [{ chain: edge.pem, key: edge.key }] }
        tokens: admin.tokens
      """,
      """
      3:3: error: `admin` needs an address of its own; a listener has `127.0.0.1:8443` [E410]
      """),
  ]
}

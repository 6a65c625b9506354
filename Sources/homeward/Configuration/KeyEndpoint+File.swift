internal import Base
internal import Identity
internal import Reactor
internal import StrictYAML

extension KeyEndpoint {
  /// Reads `jwks` of an issuer; nil after a complaint.
  init?(_ reader: MappingReader, _ paths: ConfigurationPaths) {
    let uri = reader.scalar("uri")
    let address = reader.address("address")
    let authorities = paths.optionalFile("authorities", in: reader)
    let refresh = reader.durationMilliseconds(
      "refresh", in: 1_000...86_400_000, default: Self.refreshMillisecondsDefault)
    reader.finish()
    guard let uri, let address else { return nil }
    guard let parts = Parts(uri.text) else {
      reader.diagnostics.error(
        .address, at: uri.mark,
        "`uri` must be `https://`, a host, a port unless it is 443, and a path, as in"
          + " `https://idp.example/keys`, not `\(uri.text)`")
      return nil
    }
    if address.port == 0 {
      reader.diagnostics.error(
        .address, at: reader.mark(of: "address"), "a key server needs a port from 1 to 65535")
    }
    self.init(
      authority: parts.authority, serverName: parts.host, target: parts.target,
      address: address.address, port: address.port, authoritiesPath: authorities,
      refreshMilliseconds: UInt64(refresh))
  }

  /// Ten minutes: issuers announce a key some hours before they sign with it.
  static let refreshMillisecondsDefault = 600_000

  /// A URL taken apart.
  private struct Parts {
    let authority: String
    let host: String
    let target: String

    /// Takes `https://host[:port]/path[?query]` apart; nil for anything else.
    init?(_ text: String) {
      let scheme = "https://"
      guard text.hasPrefix(scheme), text.utf8.count <= 2_048 else { return nil }
      let rest = text.dropFirst(scheme.count)
      guard let slash = rest.firstIndex(of: "/") else { return nil }
      authority = String(rest[..<slash])
      target = String(rest[slash...])
      let isPlain = target.utf8.allSatisfy { (0x21...0x7E).contains($0) && $0 != 0x23 }
      let pair = authority.split(separator: ":", omittingEmptySubsequences: false)
      guard isPlain, let first = pair.first, pair.count <= 2 else { return nil }
      if pair.count == 2 {
        guard let port = UInt16(pair[1]), port > 0, String(port) == pair[1] else { return nil }
      }
      host = String(first)
      let isHost = host.utf8.allSatisfy { byte in
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "."): true
        default: false
        }
      }
      guard isHost, (1...253).contains(host.utf8.count) else { return nil }
    }
  }
}

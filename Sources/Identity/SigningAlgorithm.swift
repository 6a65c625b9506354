/// The signatures that can be allowed (RFC 7518 section 3.1, RFC 8037).
///
/// There is no `none` and no `HS*`: with a shared secret, who checks a token could also make one.
public enum SigningAlgorithm: String, CaseIterable, Sendable {
  case rs256 = "RS256"
  case rs384 = "RS384"
  case ps256 = "PS256"
  case es256 = "ES256"
  case es384 = "ES384"
  case edDSA = "EdDSA"
}

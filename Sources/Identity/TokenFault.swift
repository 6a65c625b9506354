/// Why a token proves nothing. Never holds a part of the token.
public enum TokenFault: String, Error, CaseIterable, Sendable {
  /// Not three parts of base64url, or not JSON where JSON is due.
  case malformed
  /// Longer than `IdentityLimits.tokenByteCountMax`.
  case tooLarge = "too-large"
  /// A header parameter or a claim stands twice.
  case duplicate = "duplicate-member"
  /// The header asks for what is not done: `crit`, or keys that the token brings along.
  case header = "unsupported-header"
  /// `typ` says that it is something else.
  case type = "wrong-type"
  /// The algorithm is not one that this edge, or this issuer, may use.
  case algorithm = "algorithm-not-allowed"
  /// The issuer is not configured.
  case issuer = "unknown-issuer"
  /// The issuer has no such key, or the token does not name one.
  case key = "unknown-key"
  /// The signature is not the key's.
  case signature = "wrong-signature"
  /// The token is for somebody else.
  case audience = "wrong-audience"
  /// A claim that must be there is missing, or is not what it must be.
  case claims = "wrong-claims"
  /// Its time is over.
  case expired
  /// Its time has not come, or it was issued in the future.
  case notYetValid = "not-yet-valid"
  /// The token or its subject was revoked.
  case revoked
  /// The issuer spoke for an organisation that is not its own.
  case tenant = "foreign-tenant"
  /// More than one token came with the request.
  case several = "several-tokens"
  /// The issuer's keys or the revocations could not be read for longer than the grace period.
  case stale = "keys-stale"
  /// Too many tokens wait to be verified.
  case busy

  /// Whether the fault is ours: the same token may be good later.
  public var isOurs: Bool { self == .stale || self == .busy }

  /// One sentence for people, without a full stop.
  public var sentence: StaticString {
    switch self {
    case .malformed: "the token cannot be read"
    case .tooLarge: "the token is too large"
    case .duplicate: "the token says something twice"
    case .header: "the token's header asks for what the edge does not do"
    case .type: "the token is not an access token"
    case .algorithm: "the token's algorithm is not allowed"
    case .issuer: "the token's issuer is not known"
    case .key: "the token's key is not known"
    case .signature: "the token's signature is wrong"
    case .audience: "the token is for another audience"
    case .claims: "a claim is missing or is not what it must be"
    case .expired: "the token has expired"
    case .notYetValid: "the token is not valid yet"
    case .revoked: "the token was revoked"
    case .tenant: "the issuer may not speak for this organisation"
    case .several: "the request carries several tokens"
    case .stale: "the issuer's keys are too old to be trusted"
    case .busy: "too many tokens are being verified"
    }
  }
}

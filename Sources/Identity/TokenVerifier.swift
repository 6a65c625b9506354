public import Base

/// Verifies tokens with one state of rules, keys and revocations. Immutable; any thread may use it.
public final class TokenVerifier: Sendable {
  /// What the configuration says.
  public let rules: IdentityRules
  /// By issuer; nil when the keys are too old to be used.
  private let keySets: [KeySet?]
  /// Nil when the list is too old to be used: then nothing is believed.
  private let revocations: Revocations?

  /// Joins rules, the issuers' keys in the rules' order, and the revocations.
  public init(rules: IdentityRules, keySets: [KeySet?], revocations: Revocations?) {
    precondition(keySets.count == rules.issuers.count, "one key set per issuer")
    self.rules = rules
    self.keySets = keySets
    self.revocations = revocations
  }

  /// What `token` proves at `now`.
  ///
  /// What is cheap comes first, so that only a token that looks right costs a signature; nothing is
  /// believed before that is checked.
  public func verify(_ token: [UInt8], at now: WallTime) throws(TokenFault) -> Subject {
    let parts = try TokenParts(token)
    guard let name = parts.claims["iss"]?.text,
      let index = rules.issuers.firstIndex(where: { $0.issuer == name })
    else { throw .issuer }
    let issuer = rules.issuers[index]
    guard issuer.algorithms.contains(parts.algorithm) else { throw .algorithm }
    guard let keySet = keySets[index], let revocations else { throw .stale }
    guard let key = keySet.key(parts.keyID, parts.algorithm) else { throw .key }
    let reader = ClaimReader(claims: parts.claims, mapping: issuer.mapping)
    let expiresAt = try checkTimes(reader, at: now)
    try checkAudience(parts.claims, issuer)
    guard key.verifies(parts.signature, over: parts.signed) else { throw .signature }

    guard let subject = identifier(parts.claims["sub"]) else { throw .claims }
    var tokenID: String?
    if let claim = parts.claims["jti"] {
      guard let text = identifier(claim) else { throw .claims }
      tokenID = text
    }
    guard !revocations.revoke(subject, tokenID: tokenID, issuerName: issuer.name) else {
      throw .revoked
    }
    let facts = try reader.facts()
    if let tenant = facts.tenant, !issuer.tenants.isEmpty, !issuer.tenants.contains(tenant) {
      throw .tenant
    }
    return Subject(
      source: .token(
        issuerIndex: index, keyID: parts.keyID, algorithm: parts.algorithm, key: key.thumbprint),
      issuerName: issuer.name, name: subject, tokenID: tokenID, facts: facts, expiresAt: expiresAt)
  }

  /// The issuer that a token names, before anything is verified; nil when it names none of ours.
  public func issuerIndex(of token: [UInt8]) -> Int? {
    guard let parts = try? TokenParts(token), let name = parts.claims["iss"]?.text else {
      return nil
    }
    return rules.issuers.firstIndex { $0.issuer == name }
  }

  /// Whether what another state of this verifier proved would be proved by this one too: its issuer
  /// still has the key, and nothing was revoked. Times are not looked at.
  public func stillVouches(for subject: Subject) -> Bool {
    guard case .token(let index, let keyID, let algorithm, let thumbprint) = subject.source else {
      return true
    }
    guard index < keySets.count, let revocations, let keySet = keySets[index] else { return false }
    return keySet.key(keyID, algorithm)?.thumbprint == thumbprint
      && !revocations.revoke(
        subject.name, tokenID: subject.tokenID, issuerName: rules.issuers[index].name)
  }

  /// RFC 7519 sections 4.1.4 to 4.1.6: `exp` must be there; `nbf` and `iat` may. Gives the time at
  /// which the token ends, tolerance included.
  private func checkTimes(_ reader: ClaimReader, at now: WallTime) throws(TokenFault) -> WallTime {
    let skew = rules.skewMilliseconds * 1_000
    guard let expiry = try reader.time("exp") else { throw .claims }
    let end = WallTime(microseconds: expiry.microseconds + skew)
    guard now < end else { throw .expired }
    for name in ["nbf", "iat"] {
      if let start = try reader.time(name), start.microseconds > now.microseconds + skew {
        throw .notYetValid
      }
    }
    return end
  }

  /// RFC 7519 section 4.1.3: a text or a list, of which one must be ours.
  private func checkAudience(_ claims: JSONValue, _ issuer: IssuerRules) throws(TokenFault) {
    var named: [JSONValue] = []
    switch claims["aud"] {
    case .list(let items)?: named = items
    case let value?: named = [value]
    case nil: break
    }
    guard issuer.audiences.contains(where: { named.contains(.text($0)) }) else {
      throw .audience
    }
  }

  /// A text that names somebody or something, fit for records.
  private func identifier(_ claim: JSONValue?) -> String? {
    guard let text = claim?.text, (1...IdentityLimits.claimByteCountMax).contains(text.utf8.count),
      isPrintable(text)
    else { return nil }
    return text
  }
}

internal import JWTKit
internal import Native

/// One key of an issuer, bound to one algorithm, so that no token can choose another for it.
///
/// Immutable; any thread may use it. jwt-kit holds the key and checks signatures.
struct VerificationKey: Sendable {
  /// Hash of what makes the key: the same `kid` with other numbers is another key.
  let thumbprint: SHA256Digest
  private let algorithm: any JWTAlgorithm

  /// Makes the key; nil when its numbers are none of a key.
  init?(_ jwk: JWK, _ algorithm: SigningAlgorithm, thumbprint: SHA256Digest) {
    let made = OwnThreadExecutor.run { await Self.algorithm(of: jwk, algorithm) }
    guard let made, made.name == algorithm.rawValue else { return nil }
    self.algorithm = made
    self.thumbprint = thumbprint
  }

  /// Whether `signature` is this key's over `bytes`.
  func verifies(_ signature: [UInt8], over bytes: [UInt8]) -> Bool {
    (try? algorithm.verify(signature, signs: bytes)) ?? false
  }

  /// jwt-kit's key for the algorithm, by way of a collection that holds nothing else.
  private static func algorithm(
    of jwk: JWK, _ algorithm: SigningAlgorithm
  ) async -> (any JWTAlgorithm)? {
    let collection = JWTKeyCollection()
    guard (try? await collection.add(jwk: jwk)) != nil else { return nil }
    return try? await collection.getKey(for: jwk.keyIdentifier, alg: algorithm.rawValue)
  }
}

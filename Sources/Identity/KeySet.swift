internal import Base
internal import JWTKit
internal import Native

/// What is wrong with a key set, for people; never quotes key material.
public struct KeySetFault: Error, Equatable, Sendable, CustomStringConvertible {
  /// What is wrong, in lower case and without a full stop.
  public let description: String
}

/// The public keys of one issuer, from a JWK Set (RFC 7517). Immutable; any thread may use it.
public struct KeySet: Sendable {
  /// What picks a key: the token's `kid` and its algorithm.
  private struct Name: Hashable, Sendable {
    let keyID: String
    let algorithm: SigningAlgorithm
  }

  private var keys: [Name: VerificationKey] = [:]
  /// How many keys of the set can verify signatures.
  public private(set) var count = 0

  /// Reads a set. Keys for other purposes are passed over; a set without any usable key, with two
  /// of one name, or with a private or shared key is refused.
  public init(_ bytes: [UInt8]) throws(KeySetFault) {
    guard bytes.count <= IdentityLimits.keySetByteCountMax else {
      throw KeySetFault(
        description: "the key set is longer than \(IdentityLimits.keySetByteCountMax) bytes")
    }
    guard let set = try? JSONReader.read(bytes, depthMax: IdentityLimits.depthMax),
      case .list(let items)? = set["keys"]
    else {
      throw KeySetFault(
        description: "this is not a JWK Set: a JSON object with a list `keys`, no name twice")
    }
    guard items.count <= IdentityLimits.keyCountMax else {
      throw KeySetFault(
        description: "the key set has \(items.count) keys; at most \(IdentityLimits.keyCountMax)"
          + " are possible")
    }
    for (index, item) in items.enumerated() { try add(item, number: index + 1) }
    guard count > 0 else {
      throw KeySetFault(description: "the key set has no key that can verify signatures")
    }
  }

  /// The key of this name for this algorithm.
  func key(_ keyID: String, _ algorithm: SigningAlgorithm) -> VerificationKey? {
    keys[Name(keyID: keyID, algorithm: algorithm)]
  }

  private mutating func add(_ item: JSONValue, number: Int) throws(KeySetFault) {
    let place = "key \(number) of the key set"
    for secret in ["d", "p", "q", "k"] where item[secret] != nil {
      throw KeySetFault(
        description: "\(place) is secret (`\(secret)`); publish the public half only")
    }
    if let use = item["use"], use != .text("sig") { return }
    if case .list(let operations)? = item["key_ops"], !operations.contains(.text("verify")) {
      return
    }
    guard let keyID = item["kid"]?.text, !keyID.isEmpty else {
      throw KeySetFault(description: "\(place) has no `kid`; tokens name their key by it")
    }
    let algorithms = Self.algorithms(of: item)
    guard !algorithms.isEmpty else { return }
    for algorithm in algorithms {
      let name = Name(keyID: keyID, algorithm: algorithm)
      guard keys[name] == nil else {
        throw KeySetFault(description: "\(place) has a `kid` that another key has already")
      }
      guard let key = try Self.key(item, keyID, algorithm, place) else {
        throw KeySetFault(description: "\(place) is not a valid \(algorithm.rawValue) key")
      }
      keys[name] = key
    }
    count += 1
  }

  /// The algorithms that the key's kind is for, or the one of them that it names itself.
  private static func algorithms(of item: JSONValue) -> [SigningAlgorithm] {
    let possible: [SigningAlgorithm] =
      switch (item["kty"]?.text, item["crv"]?.text) {
      case ("RSA", _): [.rs256, .rs384, .ps256]
      case ("EC", "P-256"): [.es256]
      case ("EC", "P-384"): [.es384]
      case ("OKP", "Ed25519"): [.edDSA]
      default: []
      }
    guard let named = item["alg"] else { return possible }
    return possible.filter { named == .text($0.rawValue) }
  }

  private static func key(
    _ item: JSONValue, _ keyID: String, _ algorithm: SigningAlgorithm, _ place: String
  ) throws(KeySetFault) -> VerificationKey? {
    let identifier = JWKIdentifier(string: keyID)
    // Canonical base64url only: the numbers have one spelling, and so have their hashes.
    func number(_ name: String) -> String? {
      guard let text = item[name]?.text, let bytes = Base64URL.decode(ArraySlice(text.utf8)),
        !bytes.isEmpty
      else { return nil }
      return text
    }
    let jwk: JWK
    let numbers: [String]
    switch algorithm {
    case .rs256, .rs384, .ps256:
      guard let modulus = number("n"), let exponent = number("e") else { return nil }
      let bitCount = Self.bitCount(modulus)
      guard IdentityLimits.rsaBitCounts.contains(bitCount) else {
        throw KeySetFault(
          description: "\(place) has \(bitCount) bits; RSA keys need"
            + " \(IdentityLimits.rsaBitCounts.lowerBound) to"
            + " \(IdentityLimits.rsaBitCounts.upperBound)")
      }
      jwk = .rsa(nil, identifier: identifier, modulus: modulus, exponent: exponent)
      numbers = [modulus, exponent]
    case .es256, .es384:
      guard let x = number("x"), let y = number("y") else { return nil }
      let curve: ECDSACurve = algorithm == .es256 ? .p256 : .p384
      jwk = .ecdsa(nil, identifier: identifier, x: x, y: y, curve: curve)
      numbers = [x, y]
    case .edDSA:
      guard let x = number("x") else { return nil }
      jwk = .octetKeyPair(nil, identifier: identifier, x: x, y: nil, curve: .ed25519)
      numbers = [x]
    }
    let text = ([algorithm.rawValue] + numbers).joined(separator: ".")
    return VerificationKey(jwk, algorithm, thumbprint: SHA256.hash(Array(text.utf8)))
  }

  /// Bits of a number in base64url.
  private static func bitCount(_ number: String) -> Int {
    let bytes = Base64URL.decode(ArraySlice(number.utf8)) ?? []
    let significant = bytes.drop { $0 == 0 }
    guard let first = significant.first else { return 0 }
    return significant.count * 8 - first.leadingZeroBitCount
  }
}

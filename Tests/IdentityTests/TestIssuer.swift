import Base
import Foundation
import JWTKit

@testable import Identity

/// An issuer with a key of each kind, made once, whose tokens can be wrong in any way.
enum TestIssuer {
  static let url = "https://idp.ward.test"
  static let audience = "https://edge.ward.test/fhir"
  /// The time of all tests: 2026-12-01T12:00:00Z.
  static let now: UInt64 = 1_796_126_400
  static var time: WallTime { WallTime(microseconds: now * 1_000_000) }

  static let rsa = rsaKey()
  static let ec = ES256PrivateKey()
  static let ec384 = ES384PrivateKey()
  static let ed = edKey()

  /// The signer of an algorithm.
  static func signer(_ name: String) -> any JWTAlgorithm {
    let made = OwnThreadExecutor.run { () -> (any JWTAlgorithm)? in
      let keys = JWTKeyCollection()
      switch name {
      case "RS256": await keys.add(rsa: rsa, digestAlgorithm: .sha256)
      case "RS384": await keys.add(rsa: rsa, digestAlgorithm: .sha384)
      case "PS256": await keys.add(pss: rsa, digestAlgorithm: .sha256)
      case "ES256": await keys.add(ecdsa: ec)
      case "ES384": await keys.add(ecdsa: ec384)
      case "EdDSA": await keys.add(eddsa: ed)
      default: return nil
      }
      return try? await keys.getKey()
    }
    guard let made else { preconditionFailure("no signer \(name)") }
    return made
  }

  /// The public keys, under the names `rsa`, `ec`, `ec384` and `ed`, with a suffix for rotation.
  static func keySet(suffix: String = "") -> String {
    guard let rsaNumbers = try? rsa.publicKey.getKeyPrimitives(),
      let p256 = ec.publicKey.parameters, let p384 = ec384.publicKey.parameters
    else { preconditionFailure("no numbers") }
    let edPoint = ed.publicKey.rawRepresentation
    return """
      {"keys": [
        {"kty": "RSA", "kid": "rsa\(suffix)", "use": "sig", "n": "\(encode(rsaNumbers.modulus))",
          "e": "\(encode(rsaNumbers.publicExponent))"},
        {"kty": "EC", "kid": "ec\(suffix)", "crv": "P-256", "alg": "ES256",
          "x": "\(unpadded(p256.x))", "y": "\(unpadded(p256.y))"},
        {"kty": "EC", "kid": "ec384\(suffix)", "crv": "P-384",
          "x": "\(unpadded(p384.x))", "y": "\(unpadded(p384.y))"},
        {"kty": "OKP", "kid": "ed\(suffix)", "crv": "Ed25519", "x": "\(encode(edPoint))"},
        {"kty": "oct", "kid": "other", "use": "enc"}
      ]}
      """
  }

  /// What a good token says.
  static var goodClaims: [String: Any] {
    [
      "iss": url, "aud": audience, "sub": "alice", "exp": now + 300, "iat": now, "nbf": now,
      "jti": "token-1", "scope": "openid user/*.rs patient/Observation.cruds",
    ]
  }

  /// A token whose header and claims are the good ones with `header` and `claims` over them; NSNull
  /// takes a member out.
  static func token(
    _ algorithm: String = "ES256", kid: String? = nil, header: [String: Any] = [:],
    claims: [String: Any] = [:]
  ) -> [UInt8] {
    let names = [
      "RS256": "rsa", "RS384": "rsa", "PS256": "rsa", "ES256": "ec", "ES384": "ec384",
      "EdDSA": "ed",
    ]
    let kid: Any = kid ?? names[algorithm] ?? "ec"
    let head = ["alg": algorithm, "typ": "JWT", "kid": kid].merging(header) { $1 }
    let payload = goodClaims.merging(claims) { $1 }
    return signed(json(head), json(payload), by: algorithm)
  }

  /// A token of these very texts, signed.
  static func signed(_ header: String, _ payload: String, by algorithm: String) -> [UInt8] {
    let text = encode(Data(header.utf8)) + "." + encode(Data(payload.utf8))
    guard let signature = try? signer(algorithm).sign(Array(text.utf8)) else {
      preconditionFailure("cannot sign")
    }
    return Array((text + "." + encode(Data(signature))).utf8)
  }

  /// A verifier of this issuer.
  static func verifier(
    algorithms: Set<SigningAlgorithm> = Set(SigningAlgorithm.allCases), keys: String? = keySet(),
    revocations: String = "", tenants: [String] = [], mapping: ClaimMapping = .smart
  ) throws -> TokenVerifier {
    var rules = IdentityRules()
    rules.issuers = [
      IssuerRules(
        name: "ward", issuer: url, audiences: [audience, "edge"], algorithms: algorithms,
        mapping: mapping, tenants: tenants)
    ]
    return TokenVerifier(
      rules: rules, keySets: [try keys.map { try KeySet(Array($0.utf8)) }],
      revocations: try Revocations(Array(revocations.utf8)))
  }

  static func json(_ object: [String: Any]) -> String {
    let kept = object.filter { !($0.value is NSNull) }
    guard let data = try? JSONSerialization.data(withJSONObject: kept, options: .sortedKeys) else {
      preconditionFailure("no JSON")
    }
    return String(decoding: data, as: UTF8.self)
  }

  /// Base64url without padding.
  static func encode(_ data: Data) -> String { unpadded(data.base64EncodedString()) }

  private static func unpadded(_ base64: String) -> String {
    base64.replacingOccurrences(of: "+", with: "-").replacingOccurrences(of: "/", with: "_")
      .replacingOccurrences(of: "=", with: "")
  }

  private static func edKey() -> EdDSA.PrivateKey {
    guard let key = try? EdDSA.PrivateKey(curve: .ed25519) else { preconditionFailure("no key") }
    return key
  }

  private static func rsaKey() -> Insecure.RSA.PrivateKey {
    let openssl = Process()
    openssl.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    openssl.arguments = ["openssl", "genrsa", "2048"]
    let output = Pipe()
    openssl.standardOutput = output
    openssl.standardError = FileHandle.nullDevice
    guard (try? openssl.run()) != nil else { preconditionFailure("openssl does not run") }
    let pem = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    openssl.waitUntilExit()
    guard let key = try? Insecure.RSA.PrivateKey(pem: pem) else { preconditionFailure("no key") }
    return key
  }
}

extension TokenVerifier {
  /// The fault of a token, or nil when it is good.
  func fault(_ token: [UInt8], at time: WallTime = TestIssuer.time) -> TokenFault? {
    do throws(TokenFault) {
      _ = try verify(token, at: time)
      return nil
    } catch {
      return error
    }
  }
}

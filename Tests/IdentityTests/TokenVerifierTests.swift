import Base
import Foundation
import Testing

@testable import Identity

@Suite struct TokenVerifierTests {
  @Test(arguments: SigningAlgorithm.allCases)
  func everyAlgorithmIsVerified(_ algorithm: SigningAlgorithm) throws {
    let verifier = try TestIssuer.verifier()
    let token = TestIssuer.token(algorithm.rawValue)
    let subject = try verifier.verify(token, at: TestIssuer.time)
    #expect(subject.name == "alice")
    #expect(subject.tokenID == "token-1")
    #expect(subject.expiresAt.microseconds == (TestIssuer.now + 330) * 1_000_000)
    #expect(String(decoding: subject.recordName, as: UTF8.self).hasPrefix("ward|alice|"))
    #expect(subject.recordName.count == "ward|alice|".utf8.count + 32)

    let others = Set(SigningAlgorithm.allCases).subtracting([algorithm])
    #expect(try TestIssuer.verifier(algorithms: others).fault(token) == .algorithm)
  }

  /// A header that is wrong, and why it is refused. The rest of the token is good.
  static var headers: [(header: [String: Any], fault: TokenFault)] {
    [
      (["alg": "none"], .algorithm), (["alg": "None"], .algorithm), (["alg": "NONE"], .algorithm),
      (["alg": "nOnE"], .algorithm), (["alg": ""], .algorithm), (["alg": NSNull()], .algorithm),
      (["alg": 1], .algorithm), (["alg": ["ES256"]], .algorithm), (["alg": "HS256"], .algorithm),
      (["alg": "HS512"], .algorithm), (["alg": "RS512"], .algorithm),
      (["alg": "es256"], .algorithm),
      (["alg": "ES256K"], .algorithm), (["alg": "ES256 "], .algorithm),
      (["alg": "ES384"], .key), (["alg": "RS256"], .key), (["alg": "PS256"], .key),
      (["alg": "EdDSA"], .key), (["alg": "RS256", "kid": "rsa"], .signature),
      (["kid": "other"], .key), (["kid": ""], .key), (["kid": NSNull()], .key), (["kid": 7], .key),
      (["kid": "../../../dev/null"], .key), (["kid": "ec' OR '1'='1"], .key),
      (["kid": "ec\u{0}"], .key), (["kid": "EC"], .key), (["kid": "rsa"], .key),
      (["kid": "http://evil.test/key"], .key),
      (["jku": "https://evil.test/keys"], .header), (["x5u": "https://evil.test/c"], .header),
      (["jwk": ["kty": "EC"]], .header), (["x5c": ["MII"]], .header), (["crit": ["exp"]], .header),
      (["crit": [String]()], .header), (["b64": false], .header), (["enc": "A256GCM"], .header),
      (["zip": "DEF"], .header),
      (["typ": "dpop+jwt"], .type), (["typ": "logout+jwt"], .type), (["typ": 1], .type),
    ]
  }

  @Test(arguments: headers.indices)
  func wrongHeadersAreRefused(_ index: Int) throws {
    let (header, fault) = Self.headers[index]
    #expect(try TestIssuer.verifier().fault(TestIssuer.token(header: header)) == fault)
  }

  @Test(arguments: ["JWT", "jwt", "at+jwt", "AT+JWT", "application/at+jwt"])
  func typesOfAccessTokensAreTaken(_ type: String) throws {
    #expect(try TestIssuer.verifier().fault(TestIssuer.token(header: ["typ": type])) == nil)
  }

  /// Claims that are wrong, and why they are refused. Header and signature are good.
  static var claims: [(claims: [String: Any], fault: TokenFault?)] {
    [
      (["iss": "https://evil.test"], .issuer), (["iss": NSNull()], .issuer), (["iss": 1], .issuer),
      (["iss": "https://idp.ward.test/"], .issuer), (["iss": "HTTPS://IDP.WARD.TEST"], .issuer),
      (["iss": ["https://idp.ward.test"]], .issuer),
      (["aud": "https://other.test"], .audience), (["aud": NSNull()], .audience),
      (["aud": ["a", "b"]], .audience), (["aud": [String]()], .audience), (["aud": 1], .audience),
      (["aud": "https://edge.ward.test/fhir/"], .audience), (["aud": ["edge"]], nil),
      (["aud": ["x", "https://edge.ward.test/fhir"]], nil),
      (["exp": NSNull()], .claims), (["exp": "9999999999"], .claims), (["exp": -1], .claims),
      (["exp": 1e300], .claims), (["exp": true], .claims), (["exp": 0], .expired),
      (["exp": TestIssuer.now - 31], .expired), (["exp": TestIssuer.now - 30], .expired),
      (["exp": TestIssuer.now - 29], nil), (["exp": Double(TestIssuer.now) + 0.5], nil),
      (["nbf": TestIssuer.now + 31], .notYetValid), (["nbf": TestIssuer.now + 30], nil),
      (["nbf": "now"], .claims), (["iat": TestIssuer.now + 3600], .notYetValid),
      (["iat": NSNull(), "nbf": NSNull(), "jti": NSNull()], nil),
      (["sub": NSNull()], .claims), (["sub": ""], .claims), (["sub": 7], .claims),
      (["sub": "a\nb"], .claims), (["sub": "a\u{0}"], .claims), (["sub": "żółć"], nil),
      (["sub": String(repeating: "a", count: 257)], .claims), (["jti": 1], .claims),
      (["jti": ""], .claims), (["scope": 1], .claims), (["scope": ["user/*.rs", 1]], .claims),
      (["acr": ["a": 1]], .claims), (["amr": "mfa"], nil), (["amr": [1]], .claims),
      (["patient": ["p1"]], .claims), (["roles": [["x": 1]]], .claims),
      (["tenant": "st-elsewhere"], .tenant), (["tenant": "ward"], nil), (["tenant": 1], .claims),
      (["auth_time": "yesterday"], .claims),
    ]
  }

  @Test(arguments: claims.indices)
  func wrongClaimsAreRefused(_ index: Int) throws {
    let (claims, fault) = Self.claims[index]
    let verifier = try TestIssuer.verifier(tenants: ["ward"])
    #expect(verifier.fault(TestIssuer.token(claims: claims)) == fault)
  }

  @Test func aMemberThatStandsTwiceIsRefused() throws {
    let verifier = try TestIssuer.verifier()
    let good = TestIssuer.json(TestIssuer.goodClaims)
    let head = #"{"alg":"ES256","kid":"ec"}"#
    #expect(verifier.fault(TestIssuer.signed(head, good, by: "ES256")) == nil)
    for twice in [#""sub":"mallory""#, #""\u0073ub":"mallory""#, #""aud":"edge""#] {
      let claims = good.dropLast() + ",\(twice)}"
      #expect(verifier.fault(TestIssuer.signed(head, String(claims), by: "ES256")) == .duplicate)
    }
    for twice in [#""alg":"none""#, #""kid":"rsa""#] {
      let header = head.dropLast() + ",\(twice)}"
      #expect(verifier.fault(TestIssuer.signed(String(header), good, by: "ES256")) == .duplicate)
    }
    let nested = good.dropLast() + #","extensions":{"a":1,"a":2}}"#
    #expect(verifier.fault(TestIssuer.signed(head, String(nested), by: "ES256")) == .duplicate)
  }

  /// RS/HS confusion: a MAC under the public key's text, which everybody knows.
  @Test func aSharedSecretIsNoSignature() throws {
    let verifier = try TestIssuer.verifier()
    for kid in ["rsa", "ec"] {
      let token = TestIssuer.token(header: ["alg": "HS256", "kid": kid])
      #expect(verifier.fault(token) == .algorithm)
    }
  }

  @Test func theSignatureIsOverEveryByte() throws {
    let verifier = try TestIssuer.verifier()
    let token = TestIssuer.token()
    var refusedCount = 0
    for index in stride(from: 0, to: token.count, by: 7) {
      var changed = token
      changed[index] = changed[index] == 0x41 ? 0x42 : 0x41
      guard changed != token else { continue }
      #expect(verifier.fault(changed) != nil, "byte \(index)")
      refusedCount += 1
    }
    #expect(refusedCount > 20)
    for cut in stride(from: 0, to: token.count, by: 5) {
      #expect(verifier.fault(Array(token[..<cut])) != nil, "cut at \(cut)")
    }
    #expect(verifier.fault(token + [0x41]) != nil)
    #expect(verifier.fault(token + Array(".".utf8)) == .malformed)
    #expect(verifier.fault([0x20] + token) == .malformed)
    #expect(verifier.fault(token + [0x3D]) == .malformed)
  }

  @Test func signaturesOfOtherShapesAreRefused() throws {
    let verifier = try TestIssuer.verifier()
    let token = String(decoding: TestIssuer.token(), as: UTF8.self)
    let signed = token[..<(token.lastIndex(of: ".") ?? token.endIndex)]
    let zero = TestIssuer.encode(Data(count: 64))
    #expect(verifier.fault(Array("\(signed).\(zero)".utf8)) == .signature)
    #expect(verifier.fault(Array("\(signed).".utf8)) == .malformed)
    #expect(verifier.fault(Array("\(signed).AA".utf8)) == .signature)
  }

  @Test func sizesAreBounded() throws {
    let verifier = try TestIssuer.verifier()
    let large = TestIssuer.token(claims: ["pad": String(repeating: "x", count: 9_000)])
    #expect(verifier.fault(large) == .tooLarge)
    let groups = TestIssuer.token(claims: ["roles": Array(repeating: "x", count: 65)])
    #expect(verifier.fault(groups) == .claims)
    let deep = String(repeating: "[", count: 100) + String(repeating: "]", count: 100)
    let claims = TestIssuer.json(TestIssuer.goodClaims).dropLast() + #","x":\#(deep)}"#
    let token = TestIssuer.signed(#"{"alg":"ES256","kid":"ec"}"#, String(claims), by: "ES256")
    #expect(verifier.fault(token) == .malformed)
  }

  @Test(arguments: 0..<200 as Range<UInt64>)
  func noiseIsRefused(_ seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    let verifier = try TestIssuer.verifier()
    let good = TestIssuer.token()
    var token = good
    for _ in 0..<1 + Int(random.next() % 8) {
      let index = Int(random.next() % UInt64(token.count))
      switch random.next() % 3 {
      case 0: token[index] = UInt8(truncatingIfNeeded: random.next())
      case 1: token.remove(at: index)
      default: token.insert(UInt8(truncatingIfNeeded: random.next()), at: index)
      }
    }
    if token != good { #expect(verifier.fault(token) != nil) }
  }

  @Test func revokedTokensAndSubjectsAreRefused() throws {
    let token = TestIssuer.token()
    #expect(try TestIssuer.verifier(revocations: "# none\n\n").fault(token) == nil)
    for list in ["token token-1", "subject ward alice\r\n", "token x\ntoken token-1\n"] {
      #expect(try TestIssuer.verifier(revocations: list).fault(token) == .revoked)
    }
    for list in ["token token-10", "subject ward alic", "subject other alice"] {
      #expect(try TestIssuer.verifier(revocations: list).fault(token) == nil)
    }
    for list in ["tokens x", "token", "token  x y", "subject ward", "alice"] {
      #expect(throws: RevocationFault.self) { try Revocations(Array(list.utf8)) }
    }
  }

  @Test func keysThatAreTooOldProveNothing() throws {
    #expect(try TestIssuer.verifier(keys: nil).fault(TestIssuer.token()) == .stale)
  }
}

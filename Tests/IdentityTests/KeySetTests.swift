import Base
import Testing

@testable import Identity

@Suite struct KeySetTests {
  @Test func everyUsableKeyIsRead() throws {
    let set = try KeySet(Array(TestIssuer.keySet().utf8))
    #expect(set.count == 4)
    #expect(set.key("rsa", .ps256) != nil)
    #expect(set.key("ec", .es256) != nil)
    #expect(set.key("ec", .es384) == nil)
    #expect(set.key("other", .rs256) == nil)
  }

  /// A key set that is wrong, and a part of what is said about it.
  static let mistakes: [(text: String, says: String)] = [
    ("", "not a JWK Set"), ("[]", "not a JWK Set"), (#"{"keys": 1}"#, "not a JWK Set"),
    (#"{"keys": [], "keys": []}"#, "not a JWK Set"), (#"{"keys": []}"#, "no key"),
    (#"{"keys": [{"kty": "RSA", "kid": "a", "n": "AQAB", "e": "AQAB"}]}"#, "17 bits"),
    (
      #"{"keys": [{"kty": "EC", "crv": "P-256", "kid": "a", "x": "AQ", "y": "AQ"}]}"#, "not a valid"
    ),
    (#"{"keys": [{"kty": "EC", "crv": "P-256", "kid": "a"}]}"#, "not a valid"),
    (#"{"keys": [{"kty": "EC", "crv": "P-256"}]}"#, "no `kid`"),
    (#"{"keys": [{"kty": "oct", "kid": "a", "k": "c2VjcmV0"}]}"#, "is secret"),
    (#"{"keys": [{"kty": "RSA", "kid": "a", "d": "AQAB"}]}"#, "is secret"),
    (#"{"keys": [{"kty": "EC", "crv": "secp256k1", "kid": "a"}]}"#, "no key"),
    (#"{"keys": [{"kty": "RSA", "use": "enc", "kid": "a"}]}"#, "no key"),
  ]

  @Test(arguments: mistakes.indices)
  func mistakesAreExplained(_ index: Int) {
    let (text, says) = Self.mistakes[index]
    let fault = #expect(throws: KeySetFault.self) { try KeySet(Array(text.utf8)) }
    #expect(fault?.description.contains(says) == true, "\(fault?.description ?? "none")")
  }

  @Test func aNameBelongsToOneKey() throws {
    let keys = TestIssuer.keySet()
    let twice = String(keys.dropLast(2)) + "," + String(keys.dropFirst(10))
    #expect(throws: KeySetFault.self) { try KeySet(Array(twice.utf8)) }
  }

  @Test func keysOutliveTheirSourceForAWhile() {
    var ring = KeyRing(1, at: Instant(nanoseconds: 0))
    func at(_ milliseconds: UInt64) -> Instant { Instant(nanoseconds: milliseconds * 1_000_000) }
    #expect(!ring.isStale(at: at(1_000_000), graceMilliseconds: 1_000))
    ring.confirmed(at: at(5_000))
    let first = ring.failed()
    let second = ring.failed()
    #expect(first)
    #expect(!second)
    #expect(!ring.isStale(at: at(5_999), graceMilliseconds: 1_000))
    #expect(ring.isStale(at: at(6_000), graceMilliseconds: 1_000))
    ring.read(2, at: at(7_000))
    #expect(!ring.isStale(at: at(60_000), graceMilliseconds: 1_000))
    #expect(ring.value == 2)
  }
}

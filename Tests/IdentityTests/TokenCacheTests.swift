import Base
import Testing

@testable import Identity

@Suite struct TokenCacheTests {
  private func subject(_ name: String, expiresIn seconds: UInt64 = 300) throws -> Subject {
    let token = TestIssuer.token(claims: ["sub": name, "exp": TestIssuer.now + seconds])
    return try TestIssuer.verifier().verify(token, at: TestIssuer.time)
  }

  /// What the cache holds for a token.
  private func find(
    _ token: String, _ cache: inout TokenCache, at time: WallTime = TestIssuer.time
  ) -> Subject? {
    unsafe Array(token.utf8).withUnsafeBytes { unsafe cache.subject(of: $0, at: time) }
  }

  private func remember(_ subject: Subject, _ token: String, _ cache: inout TokenCache) {
    cache.insert(subject, for: Array(token.utf8))
  }

  @Test func whatWasProvedIsRememberedUntilItEnds() throws {
    var cache = TokenCache(count: 16)
    let alice = try subject("alice")
    let token = "head.claims.signature"
    #expect(find(token, &cache) == nil)
    remember(alice, token, &cache)
    #expect(find(token, &cache) === alice)
    let lastMoment = WallTime(microseconds: alice.expiresAt.microseconds - 1)
    #expect(find(token, &cache, at: lastMoment) === alice)
    #expect(find(token, &cache, at: alice.expiresAt) == nil)
    #expect(cache.count == 0)
  }

  /// A token that ends like another one, which is where it is looked for, is another one.
  @Test func everyByteCounts() throws {
    var cache = TokenCache(count: 16)
    let token = Array("head.claims.signature".utf8)
    cache.insert(try subject("alice"), for: token)
    for index in token.indices {
      var other = token
      other[index] ^= 1
      #expect(find(String(decoding: other, as: UTF8.self), &cache) == nil, "\(index)")
    }
    for other in ["", "e", "signature", "x" + "head.claims.signature", "ead.claims.signature"] {
      #expect(find(other, &cache) == nil, "\(other)")
    }
    // Tokens that end alike stand beside each other, up to four.
    let bob = try subject("bob")
    for number in 1...4 { remember(bob, "\(number).claims.signature", &cache) }
    #expect(cache.count == 4 && find("head.claims.signature", &cache) == nil)
    #expect(find("4.claims.signature", &cache) === bob)
  }

  @Test func theCacheIsBoundedAndForgetsWhatIsNotUsed() throws {
    var cache = TokenCache(count: 4)
    let alice = try subject("alice")
    remember(alice, "hot.hot.hot", &cache)
    for number in 0..<100 {
      remember(alice, "a.b.\(number)", &cache)
      #expect(find("hot.hot.hot", &cache) === alice)
    }
    #expect(cache.count == 4)
    cache.removeAll()
    #expect(cache.count == 0)
  }

  @Test func aConnectionKnowsItsLastToken() throws {
    let alice = try subject("alice")
    var recent = RecentToken()
    func find(_ token: String, epoch: UInt64 = 1, at time: WallTime = TestIssuer.time) -> Subject? {
      unsafe Array(token.utf8).withUnsafeBytes {
        unsafe recent.subject(of: $0, epoch: epoch, at: time)
      }
    }
    #expect(find("") == nil)
    unsafe Array("a.b.c".utf8).withUnsafeBytes {
      unsafe recent.remember(alice, for: $0, epoch: 1)
    }
    #expect(find("a.b.c") === alice)
    for other in ["a.b.d", "A.b.c", "a.b", "a.b.c.", ""] { #expect(find(other) == nil) }
    #expect(find("a.b.c", epoch: 2) == nil)
    #expect(find("a.b.c", at: alice.expiresAt) == nil)
  }

  @Test func whatAVerifierNoLongerVouchesForIsForgotten() throws {
    let alice = try subject("alice")
    func remains(_ verifier: TokenVerifier) -> Bool {
      var cache = TokenCache(count: 16)
      remember(alice, "a.b.c", &cache)
      cache.keep(by: verifier)
      return find("a.b.c", &cache) != nil
    }
    #expect(remains(try TestIssuer.verifier()))
    #expect(remains(try TestIssuer.verifier(revocations: "token another")))
    #expect(!remains(try TestIssuer.verifier(revocations: "token token-1")))
    #expect(!remains(try TestIssuer.verifier(revocations: "subject ward alice")))
    #expect(!remains(try TestIssuer.verifier(keys: nil)))
    #expect(!remains(try TestIssuer.verifier(keys: TestIssuer.keySet(suffix: "-new"))))
    let ed = #""kid": "ed""#
    let swapped = TestIssuer.keySet().replacing(#""kid": "ec""#, with: #""kid": "old""#)
      .replacing(ed, with: #""kid": "ec""#)
    #expect(!remains(try TestIssuer.verifier(keys: swapped)))
  }
}

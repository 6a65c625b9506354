import Base
import Native
import Testing

@testable import Identity

@Suite struct TokenCacheTests {
  private func subject(_ name: String, expiresIn seconds: UInt64 = 300) throws -> Subject {
    let token = TestIssuer.token(claims: ["sub": name, "exp": TestIssuer.now + seconds])
    return try TestIssuer.verifier().verify(token, at: TestIssuer.time)
  }

  private func digest(_ text: String, _ cache: inout TokenCache) -> DigestBox {
    DigestBox(unsafe Array(text.utf8).withUnsafeBytes { unsafe cache.digest(of: $0) })
  }

  @Test func whatWasProvedIsRememberedUntilItEnds() throws {
    var cache = TokenCache(count: 16)
    let alice = try subject("alice")
    let key = digest("a", &cache)
    #expect(cache.subject(key.digest, at: TestIssuer.time) == nil)
    cache.insert(alice, for: key.digest)
    #expect(cache.subject(key.digest, at: TestIssuer.time) === alice)
    let other = digest("b", &cache)
    #expect(cache.subject(other.digest, at: TestIssuer.time) == nil)
    let lastMoment = WallTime(microseconds: alice.expiresAt.microseconds - 1)
    #expect(cache.subject(key.digest, at: lastMoment) === alice)
    #expect(cache.subject(key.digest, at: alice.expiresAt) == nil)
    #expect(cache.count == 0)
  }

  @Test func theCacheIsBoundedAndForgetsWhatIsNotUsed() throws {
    var cache = TokenCache(count: 4)
    let alice = try subject("alice")
    let hot = digest("hot", &cache)
    cache.insert(alice, for: hot.digest)
    for number in 0..<100 {
      let key = digest("\(number)", &cache)
      cache.insert(alice, for: key.digest)
      #expect(cache.subject(hot.digest, at: TestIssuer.time) === alice)
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
      let key = digest("a", &cache)
      cache.insert(alice, for: key.digest)
      cache.keep(by: verifier)
      return cache.subject(key.digest, at: TestIssuer.time) != nil
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

/// A digest, in a form that a test may hand on.
private struct DigestBox {
  let digest: SHA256Digest
  init(_ digest: SHA256Digest) { self.digest = digest }
}

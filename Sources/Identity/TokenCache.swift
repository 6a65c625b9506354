public import Base
public import Native

/// What one loop remembers of verified tokens, by the token's SHA-256: bounded, without allocation
/// after it is made.
///
/// Sets of four places; a new token takes the place of its set that was used longest ago. Only
/// verified tokens come in, so nobody fills it with guesses.
public struct TokenCache: ~Copyable {
  private struct Place {
    var digest: SHA256Digest
    var subject: Subject
    var usedAt: UInt32
  }

  private static let placesPerSet = 4

  private var places: [Place?]
  private let setMask: Int
  private var clock: UInt32 = 0
  private var hash = SHA256()

  /// Makes an empty cache for about `count` tokens.
  public init(count: Int = IdentityLimits.cachedTokenCount) {
    precondition(count >= Self.placesPerSet, "a cache holds something")
    var setCount = 1
    while setCount * Self.placesPerSet < count { setCount *= 2 }
    setMask = setCount - 1
    places = Array(repeating: nil, count: setCount * Self.placesPerSet)
  }

  /// How many tokens are remembered.
  public var count: Int { places.count { $0 != nil } }

  /// The digest under which a token is remembered.
  public mutating func digest(of token: UnsafeRawBufferPointer) -> SHA256Digest {
    unsafe hash.update(token)
    return hash.finish()
  }

  /// What the token of this digest proved, if that still holds at `now`.
  public mutating func subject(_ digest: SHA256Digest, at now: WallTime) -> Subject? {
    let start = firstPlace(of: digest)
    for index in start..<start + Self.placesPerSet where places[index]?.digest == digest {
      guard let subject = places[index]?.subject else { continue }
      guard subject.isCurrent(at: now) else {
        places[index] = nil
        return nil
      }
      clock &+= 1
      places[index]?.usedAt = clock
      return subject
    }
    return nil
  }

  /// Remembers what a token proved.
  public mutating func insert(_ subject: Subject, for digest: SHA256Digest) {
    let start = firstPlace(of: digest)
    clock &+= 1
    var victim = start
    var victimAge: UInt32 = 0
    for index in start..<start + Self.placesPerSet {
      guard let place = places[index], place.digest != digest else {
        victim = index
        break
      }
      let age = clock &- place.usedAt
      if age > victimAge {
        victim = index
        victimAge = age
      }
    }
    places[victim] = Place(digest: digest, subject: subject, usedAt: clock)
  }

  /// Forgets every token for which `verifier` no longer vouches.
  public mutating func keep(by verifier: TokenVerifier) {
    for index in places.indices {
      if let subject = places[index]?.subject, !verifier.stillVouches(for: subject) {
        places[index] = nil
      }
    }
  }

  /// Forgets everything.
  public mutating func removeAll() {
    for index in places.indices { places[index] = nil }
  }

  private func firstPlace(of digest: SHA256Digest) -> Int {
    let word = unsafe digest.withBytes { unsafe $0.loadUnaligned(as: UInt64.self) }
    return (Int(truncatingIfNeeded: word) & setMask) * Self.placesPerSet
  }
}

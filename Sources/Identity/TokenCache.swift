public import Base
public import Native

/// What one loop remembers of verified tokens, by their bytes: bounded in number and size.
///
/// Sets of four places, found by the token's last bytes, which belong to its signature; a new token
/// takes the place of its set that was used longest ago. Only verified tokens come in, so nobody
/// fills it with guesses, or one set with tokens that end alike. The whole token is compared, in
/// time that does not tell where two differ: hashing it would cost ten times as much.
public struct TokenCache: ~Copyable {
  private struct Place {
    let token: [UInt8]
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

  /// The digest under which a token waits to be verified.
  public mutating func digest(of token: UnsafeRawBufferPointer) -> SHA256Digest {
    unsafe hash.update(token)
    return hash.finish()
  }

  /// What a token proved, if that still holds at `now`.
  public mutating func subject(of token: UnsafeRawBufferPointer, at now: WallTime) -> Subject? {
    let start = unsafe firstPlace(of: token)
    for index in start..<start + Self.placesPerSet where unsafe holds(token, at: index) {
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
  public mutating func insert(_ subject: Subject, for token: [UInt8]) {
    let start = unsafe token.withUnsafeBytes { unsafe firstPlace(of: $0) }
    clock &+= 1
    var victim = start
    var victimAge: UInt32 = 0
    for index in start..<start + Self.placesPerSet {
      guard let place = places[index], place.token != token else {
        victim = index
        break
      }
      let age = clock &- place.usedAt
      if age > victimAge {
        victim = index
        victimAge = age
      }
    }
    places[victim] = Place(token: token, subject: subject, usedAt: clock)
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

  private func holds(_ token: UnsafeRawBufferPointer, at index: Int) -> Bool {
    guard let known = places[index]?.token else { return false }
    return unsafe isSame(known, token)
  }

  /// The first place of the set for a token: its last eight bytes, spread by Fibonacci hashing.
  private func firstPlace(of token: UnsafeRawBufferPointer) -> Int {
    guard token.count >= 8 else { return 0 }
    let word = unsafe token.loadUnaligned(fromByteOffset: token.count - 8, as: UInt64.self)
    let spread = (word &* 0x9E37_79B9_7F4A_7C15) >> 32
    return (Int(truncatingIfNeeded: spread) & setMask) * Self.placesPerSet
  }
}

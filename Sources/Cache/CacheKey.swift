public import Native

/// What an entry is found by: one canonical text and its hash. Made by `KeyBuilder` only.
///
/// INVARIANT (full key): two texts are equal only when all their parts are, and look-ups compare
/// the whole text: a collision of hashes is a miss.
public struct CacheKey: Sendable, Hashable {
  /// The canonical text; see `KeyBuilder`.
  let text: [UInt8]
  /// Its SHA-256.
  public let digest: SHA256Digest

  /// Takes what the builder made.
  fileprivate init(text: [UInt8], digest: SHA256Digest) {
    self.text = text
    self.digest = digest
  }

  /// The first word of the hash, by which tables are indexed.
  @inline(__always)
  var word: UInt64 { unsafe digest.withBytes { unsafe $0.loadUnaligned(as: UInt64.self) } }

  /// Feeds the hash.
  public func hash(into hasher: inout Hasher) { hasher.combine(word) }

  /// Whether both are the same; compares the hashes first.
  @inline(__always)
  public static func == (left: CacheKey, right: CacheKey) -> Bool {
    left.digest == right.digest && left.text == right.text
  }
}

extension KeyBuilder {
  /// Hashes the text that was built. The only place where keys are made.
  @inline(__always)
  mutating func finishKey() -> CacheKey {
    hash.update(text.bytes)
    return CacheKey(text: text.bytes, digest: hash.finish())
  }
}

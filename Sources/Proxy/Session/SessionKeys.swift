internal import Base
internal import Native

/// The keys under which session tokens are sealed: the first seals, all open. Immutable; every edge
/// that serves the same clients has the same.
public final class SessionKeys: Sendable {
  /// What is derived from one configured key.
  struct Key: Sendable {
    /// Tells which key sealed a token; says nothing about the key.
    let id: UInt32
    /// For AES-256-GCM.
    let sealing: [UInt8]
    /// Hides patients and domains from whoever opens a token with this key and no other.
    let pseudonyms: SipHash24
  }

  /// The key that seals, then the others.
  let keys: [Key]
  /// Seconds after which a token says nothing any more.
  let lifetimeSeconds: UInt64

  /// Derives from configured keys of at least 32 bytes each.
  public init(_ secrets: [[UInt8]], lifetimeSeconds: UInt64) {
    precondition(!secrets.isEmpty, "sessions need a key")
    keys = secrets.map { secret in
      let id = Self.derive("id", secret)
      let names = Self.derive("pseudonyms", secret)
      return Key(
        id: UInt32(truncatingIfNeeded: Self.word(id, 0)), sealing: Self.derive("sealing", secret),
        pseudonyms: SipHash24(key0: Self.word(names, 0), key1: Self.word(names, 1)))
    }
    self.lifetimeSeconds = lifetimeSeconds
  }

  private static func derive(_ purpose: String, _ secret: [UInt8]) -> [UInt8] {
    var digest: [UInt8] = []
    let hash = SHA256.hash(Array("homeward session \(purpose)\n".utf8) + secret)
    unsafe hash.withBytes { unsafe digest.append(contentsOf: $0) }
    return digest
  }

  private static func word(_ bytes: [UInt8], _ index: Int) -> UInt64 {
    bytes[8 * index..<8 * index + 8].reduce(0) { $0 << 8 | UInt64($1) }
  }
}

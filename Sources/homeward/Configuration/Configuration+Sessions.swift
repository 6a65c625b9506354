internal import StrictYAML

extension Configuration {
  /// Session tokens, by which clients read what they wrote.
  struct Sessions: Sendable, Equatable {
    /// The file of the key that seals tokens: at least 32 bytes, or at least 64 hexadecimal digits.
    /// The same for all edges that serve the same clients.
    var key = ""
    /// The file of a key of which tokens are still taken, or soon will be; nil without one.
    var otherKey: String?
    /// How long a token counts, an hour by default: copies that are an hour behind are not used.
    var lifetimeMilliseconds = 3_600_000

    /// The files of all keys, the one that seals first.
    var keyPaths: [String] { [key] + (otherKey.map { [$0] } ?? []) }
  }
}

extension Configuration.Sessions {
  /// Reads `sessions`.
  init(_ reader: MappingReader, _ paths: ConfigurationPaths) {
    key = paths.file("key", in: reader)
    otherKey = paths.optionalFile("other_key", in: reader)
    lifetimeMilliseconds = reader.durationMilliseconds(
      "lifetime", in: 60_000...86_400_000, default: lifetimeMilliseconds)
    reader.finish()
  }
}

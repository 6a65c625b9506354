/// The bounds of what is read of tokens, keys and lists.
public enum IdentityLimits {
  /// Bytes of one token: real ones have about one kilobyte, those with many groups four.
  public static let tokenByteCountMax = 8_192
  /// Bytes of a key set: a key has half a kilobyte, and issuers publish a handful.
  public static let keySetByteCountMax = 262_144
  /// Milliseconds between two fetches of one issuer's keys, whoever asks for them: an answer's
  /// `max-age` and tokens with made-up key names cause no more.
  public static let keyFetchMillisecondsMin: UInt64 = 5_000
  /// Milliseconds between two fetches while they fail, at most.
  public static let keyRetryMillisecondsMax: UInt64 = 60_000
  /// Milliseconds that a fetch may take.
  public static let keyFetchMillisecondsMax: UInt64 = 5_000
  /// Tokens that wait for an issuer's keys, of all loops.
  public static let heldCountMax = 1_024
  /// Keys of one issuer.
  public static let keyCountMax = 64
  /// Bits of an RSA key: below, signatures can be forged; above, one check takes milliseconds.
  public static let rsaBitCounts = 2_048...4_096
  /// Bytes of a revocation list: a hundred thousand entries and more.
  public static let revocationsByteCountMax = 16 << 20
  /// Bytes of a claim that becomes a fact or part of a record.
  public static let claimByteCountMax = 256
  /// Values read of one claim that is a list.
  public static let claimValueCountMax = 64
  /// SMART scopes kept of one token.
  public static let scopeCountMax = 128
  /// Parameters of a granular scope's query; real ones have one.
  public static let scopeParameterCountMax = 8
  /// Objects and lists inside each other, in tokens and key sets.
  public static let depthMax = 8
  /// Verified tokens that one loop remembers; a hospital's shift has some thousands.
  public static let cachedTokenCount = 4_096
  /// Tokens of one loop that wait to be verified: some tens of milliseconds of work.
  public static let pendingCountMax = 512
  /// Issuers of one edge.
  public static let issuerCountMax = 32
  /// Bytes of a reason for breaking the glass, least and most.
  public static let reasonByteCounts = 8...256
}

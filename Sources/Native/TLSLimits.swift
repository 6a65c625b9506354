/// The bounds of the TLS layer, each with the reason for its value.
public enum TLSLimits {
  /// Certificates in one chain file: real chains have two to four.
  public static let chainCertificateCountMax = 10
  /// Certificates in one authorities file: the system's bundle has about 150.
  public static let authorityCountMax = 2_000
  /// Revocation lists in one file: one for each authority.
  public static let revocationListCountMax = 64
  /// Alternative names read from one peer certificate; more are ignored.
  public static let alternativeNameCountMax = 64
  /// Bytes of one alternative name; SPIFFE allows 2,048 for an identifier.
  public static let alternativeNameByteCountMax = 2_048
  /// Levels above the leaf when a peer's chain is verified.
  public static let verifyDepthMax: Int32 = 8
  /// Ciphertext kept when the owner stops reading: four full reads of a socket. An owner that
  /// respects backpressure never has more than one.
  public static let pendingByteCountMax = 256 * 1024
  /// KeyUpdate messages that a peer may send before it has sent any data. A real peer sends one in
  /// 2^24 records; each one costs us a key derivation.
  public static let keyUpdateCountMax: UInt64 = 16
  /// Plaintext bytes that earn a peer one more KeyUpdate.
  public static let byteCountPerKeyUpdate: UInt64 = 1024 * 1024
  /// How long a session may be resumed when the options do not say: short, because a resumed
  /// session does not look at the client certificate's chain again.
  public static let resumptionSecondsDefault = 300
  /// Sessions that a client context remembers, one for each server name.
  public static let clientSessionCountMax = 256
  /// Days before expiry from which on a certificate is worth a notice.
  public static let expiryNoticeDays = 14
}

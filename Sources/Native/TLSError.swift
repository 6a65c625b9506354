/// Why a context, session or key could not be made. The text names the file and what to do.
public enum TLSError: Error, Equatable, Sendable {
  /// The file cannot be opened; the reason is `no such file`, `permission denied`, ….
  case unreadable(path: String, reason: String)
  /// No PEM certificate is in the file.
  case noCertificate(path: String)
  /// No PEM revocation list is in the file.
  case noRevocationList(path: String)
  /// A PEM block of the file cannot be read, or the file holds more than the limit.
  case malformed(path: String)
  /// The certificate is too weak or otherwise refused by OpenSSL.
  case unusable(path: String, reason: String)
  /// No PEM private key is in the file, or it is encrypted.
  case noPrivateKey(path: String)
  /// The key belongs to another certificate.
  case keyMismatch(keyPath: String, chainPath: String)
  /// A server context was asked for without any certificate.
  case noCertificates
  /// Client certificates are asked for and nobody can have signed them.
  case noClientAuthorities
  /// Neither a DNS name nor an IP address.
  case invalidServerName(String)
  /// The file cannot be written.
  case unwritable(path: String, reason: String)
  /// Key material of the wrong kind or length.
  case invalidKey
  /// OpenSSL could not allocate, or lacks an algorithm that every build has.
  case outOfMemory
}

extension TLSError: CustomStringConvertible {
  /// One line for people, lower case, with the path in backticks.
  public var description: String {
    switch self {
    case .unreadable(let path, let reason): "`\(path)`: \(reason)"
    case .noCertificate(let path):
      "`\(path)`: no certificate found; expected PEM (BEGIN CERTIFICATE)"
    case .noRevocationList(let path):
      "`\(path)`: no revocation list found; expected PEM (BEGIN X509 CRL)"
    case .malformed(let path): "`\(path)`: a PEM block is malformed, or there are too many"
    case .unusable(let path, let reason): "`\(path)`: certificate cannot be used: \(reason)"
    case .noPrivateKey(let path):
      "`\(path)`: no private key found; expected PEM (BEGIN PRIVATE KEY) without a passphrase"
    case .keyMismatch(let keyPath, let chainPath):
      "`\(keyPath)`: key does not match the certificate; the first in `\(chainPath)` must be its"
    case .noCertificates: "no certificate is configured; name a chain file and a key file"
    case .noClientAuthorities:
      "client certificates are asked for without authorities; name their PEM file"
    case .invalidServerName(let name): "`\(name)`: neither a host name nor an IP address"
    case .unwritable(let path, let reason): "`\(path)`: cannot be written: \(reason)"
    case .invalidKey: "the key is of the wrong kind or length"
    case .outOfMemory: "out of memory in OpenSSL"
    }
  }
}

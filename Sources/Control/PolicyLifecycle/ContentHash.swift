public import Native

/// The SHA-256 of a file's bytes, written `sha256:` and 64 hexadecimal digits: the identity of a
/// policy version.
public struct ContentHash: Hashable, Sendable, CustomStringConvertible {
  /// The 64 lower-case hexadecimal digits.
  public let hexadecimal: String

  /// The hash of `bytes`.
  public init(of bytes: borrowing [UInt8]) { hexadecimal = "\(SHA256.hash(bytes))" }

  /// Reads `sha256:<64 digits>`, or the digits alone; nil for anything else.
  public init?(_ text: some StringProtocol) {
    let digits = text.hasPrefix(Self.prefix) ? String(text.dropFirst(7)) : String(text)
    guard digits.utf8.count == 64, digits.utf8.allSatisfy(Self.isDigit) else { return nil }
    hexadecimal = digits
  }

  private static let prefix = "sha256:"

  private static func isDigit(_ byte: UInt8) -> Bool {
    (0x30...0x39).contains(byte) || (0x61...0x66).contains(byte)
  }

  /// `sha256:` and the digits.
  public var description: String { Self.prefix + hexadecimal }

  /// `sha256:` and the first twelve digits, for people.
  public var short: String { Self.prefix + hexadecimal.prefix(12) }
}

extension VerifyingKey {
  /// The key's name in approvals and listings: `ed25519:` and the start of its SHA-256.
  public var fingerprint: String { "ed25519:" + "\(SHA256.hash(rawBytes))".prefix(16) }
}

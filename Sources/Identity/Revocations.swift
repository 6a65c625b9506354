/// What is wrong with a revocation list.
public struct RevocationFault: Error, Equatable, Sendable {
  /// The line, from 1.
  public let line: Int
  /// What is wrong, for people; never quotes the line.
  public let message: String
}

/// Tokens and subjects that were revoked before their time. Immutable; any thread may use it.
///
/// A text file, one entry a line: `token JTI` or `subject ISSUER-NAME SUBJECT`; blank lines and
/// those that begin with `#` are left out. A file with any mistake is refused whole: half of a list
/// would let the other half in.
public struct Revocations: Sendable, Equatable {
  private var tokens: Set<String> = []
  private var subjects: Set<String> = []

  /// Makes an empty list.
  public init() {}

  /// How many entries there are.
  public var count: Int { tokens.count + subjects.count }

  /// Reads a list.
  public init(_ bytes: [UInt8]) throws(RevocationFault) {
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw RevocationFault(line: 1, message: "the list of revocations is not UTF-8 text")
    }
    // By bytes: as a character, CR LF is one and no LF.
    let lines = text.utf8.split(separator: 0x0A, omittingEmptySubsequences: false)
    for (index, line) in lines.enumerated() {
      let content = Substring(line.last == 0x0D ? line.dropLast() : line)
      if content.isEmpty || content.first == "#" { continue }
      let parts = content.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false)
      switch (parts.first, parts.count) {
      case ("token", 2) where !parts[1].isEmpty: tokens.insert(String(parts[1]))
      case ("subject", 3) where !parts[1].isEmpty && !parts[2].isEmpty:
        subjects.insert(Self.subject(String(parts[2]), of: String(parts[1])))
      default:
        throw RevocationFault(
          line: index + 1,
          message: "a line must be `token JTI` or `subject ISSUER-NAME SUBJECT`")
      }
    }
  }

  /// Whether the subject, or the token by which he proved himself, was revoked.
  func revoke(_ name: String, tokenID: String?, issuerName: String) -> Bool {
    if let tokenID, tokens.contains(tokenID) { return true }
    return subjects.contains(Self.subject(name, of: issuerName))
  }

  private static func subject(_ name: String, of issuer: String) -> String { "\(issuer) \(name)" }
}

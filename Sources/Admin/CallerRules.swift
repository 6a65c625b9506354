public import Native

/// Who may call, by certificate or by token.
public struct CallerRules: Sendable, Equatable {
  /// Who a verified client certificate with this name belongs to.
  public struct Certificate: Sendable, Equatable {
    /// The kind of name.
    public let kind: CertificateNameKind
    /// The name in the certificate.
    public let pattern: String
    /// The caller's name.
    public let name: String
    /// What the caller may do.
    public let roles: Set<AdminRole>

    /// Makes a rule.
    public init(
      _ kind: CertificateNameKind, _ pattern: String, name: String, roles: Set<AdminRole>
    ) {
      self.kind = kind
      self.pattern = pattern
      self.name = name
      self.roles = roles
    }
  }

  /// Rules about certificates; the first that fits counts.
  public var certificates: [Certificate]
  /// The tokens.
  public var tokens: AdminTokens

  /// Makes rules.
  public init(certificates: [Certificate] = [], tokens: AdminTokens = AdminTokens()) {
    self.certificates = certificates
    self.tokens = tokens
  }

  /// Who calls with these credentials. A token counts before a certificate, and a wrong one proves
  /// nothing even beside a good certificate.
  public func caller(_ credentials: Credentials) throws(CallerFault) -> Caller {
    if let authorization = credentials.authorization {
      let words = authorization.split(separator: " ", maxSplits: 1)
      guard words.count == 2, words[0].lowercased() == "bearer" else { throw .scheme }
      guard let caller = tokens.caller(String(words[1])) else { throw .token }
      return caller
    }
    guard let certificate = credentials.certificate else { throw .nothing }
    let rule = certificates.first { certificate.name($0.kind, like: $0.pattern) != nil }
    guard let rule else { throw .certificate }
    return Caller(rule.name, rule.roles, .certificate)
  }
}

/// What a client shows.
public struct Credentials: Sendable {
  /// Its verified certificate.
  public var certificate: PeerCertificate?
  /// The value of its field `Authorization`.
  public var authorization: String?

  /// Makes credentials.
  public init(certificate: PeerCertificate?, authorization: String?) {
    self.certificate = certificate
    self.authorization = authorization
  }
}

/// Why credentials prove nothing.
public enum CallerFault: String, Error, CaseIterable, Sendable {
  /// There are none.
  case nothing = "no-credentials"
  /// `Authorization` has another scheme than `Bearer`.
  case scheme = "unknown-scheme"
  /// No such token.
  case token = "unknown-token"
  /// Nobody has a certificate with such names.
  case certificate = "unknown-certificate"

  /// What to do about it.
  var detail: String {
    switch self {
    case .nothing: "show a client certificate or a bearer token"
    case .scheme: "only `Authorization: Bearer` is known here"
    case .token: "no caller has this token"
    case .certificate: "no caller has this certificate; see `admin.callers` of the configuration"
    }
  }
}

/// The tokens of an edge, of which it knows digests only.
public struct AdminTokens: Sendable, Equatable {
  private var entries: [(digest: SHA256Digest, caller: Caller)] = []

  /// No tokens.
  public init() {}

  /// Whether there is none.
  public var isEmpty: Bool { entries.isEmpty }

  /// Reads the file's text: on each line a name, roles between commas, and the token's SHA-256 in
  /// hexadecimal digits. `#` begins a comment.
  public init(_ text: String) throws(TokensFault) {
    for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
    {
      let words = line.prefix { $0 != "#" }.split { $0 == " " || $0 == "\t" }.map(String.init)
      if words.isEmpty { continue }
      func fault(_ message: String) -> TokensFault {
        TokensFault(line: index + 1, message: message)
      }
      guard words.count == 3 else {
        throw fault("needs a name, roles and a SHA-256, in this order")
      }
      guard isCallerName(words[0]) else { throw fault("`\(words[0])` is no caller's name") }
      var roles: Set<AdminRole> = []
      for word in words[1].split(separator: ",") {
        guard let role = AdminRole(rawValue: String(word)) else {
          throw fault("`\(word)` is no role: one of officer, sre, auditor")
        }
        roles.insert(role)
      }
      guard let digest = SHA256Digest(hexadecimal: words[2]) else {
        throw fault("the third word must be the 64 hexadecimal digits of a SHA-256")
      }
      guard !entries.contains(where: { $0.digest == digest }) else {
        throw fault("this token stands in the file already")
      }
      entries.append((digest, Caller(words[0], roles, .token)))
      guard entries.count <= AdminLimits.callerCountMax else {
        throw fault("more than \(AdminLimits.callerCountMax) tokens")
      }
    }
  }

  /// Whose token this is. Takes as long whichever it is, or none.
  func caller(_ token: String) -> Caller? {
    guard token.utf8.count <= AdminLimits.tokenByteCountMax else { return nil }
    let digest = SHA256.hash(Array(token.utf8))
    var found: Caller?
    for entry in entries where entry.digest.equalsInConstantTime(digest) { found = entry.caller }
    return found
  }

  /// Compares lists.
  public static func == (left: AdminTokens, right: AdminTokens) -> Bool {
    left.entries.count == right.entries.count
      && zip(left.entries, right.entries).allSatisfy { $0 == $1 }
  }
}

/// What is wrong in a file of tokens.
public struct TokensFault: Error, Equatable, Sendable {
  /// The line, from 1.
  public let line: Int
  /// What; nothing of a token is repeated.
  public let message: String
}

/// Whether `text` can be a caller's name: 1 to 64 letters, digits, `-`, `_`, `.` and `@`. Nothing
/// that could pass for what the edge itself writes beside it.
public func isCallerName(_ text: String) -> Bool {
  (1...64).contains(text.utf8.count)
    && text.utf8.allSatisfy { byte in
      switch byte {
      case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x40, 0x5F: true
      default: false
      }
    }
}

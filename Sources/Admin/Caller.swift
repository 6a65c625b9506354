/// What somebody may do with an edge.
public enum AdminRole: String, CaseIterable, Sendable, Comparable {
  /// Answers for the law: sees everything, decides about data.
  case officer
  /// Runs the edge: sees everything, gives orders about servers.
  case sre
  /// Sees everything and changes nothing.
  case auditor

  /// Orders by the vocabulary.
  public static func < (left: AdminRole, right: AdminRole) -> Bool {
    left.rawValue < right.rawValue
  }
}

/// Who calls, as it was proved; never what a request says of itself.
public struct Caller: Hashable, Sendable {
  /// What proved it.
  public enum Proof: String, Sendable {
    /// A client certificate.
    case certificate
    /// A bearer token.
    case token
    /// The operating system: a command on this machine with the edge's files at hand.
    case local
  }

  /// The name in every record of what the caller does.
  public let name: String
  /// What the caller may do.
  public let roles: Set<AdminRole>
  /// What proved it.
  public let proof: Proof

  /// Makes a caller.
  public init(_ name: String, _ roles: Set<AdminRole>, _ proof: Proof) {
    self.name = name
    self.roles = roles
    self.proof = proof
  }
}

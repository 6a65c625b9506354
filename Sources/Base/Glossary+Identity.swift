// Words about who asks, with what, and under which conditions an answer may be given.

/// How surely the user is who he says he is (OpenID Connect `acr` and `amr`).
public enum Assurance: String, CaseIterable, Sendable {
  /// A password, or something as weak.
  case singleFactor = "single-factor"
  case multiFactor = "multi-factor"
  /// A second factor that a false site cannot ask for: a passkey, a smart card.
  case phishingResistant = "phishing-resistant"
  case unknown
}

/// Whether the user's organisation looks after the device.
public enum Device: String, CaseIterable, Sendable {
  case managed, unmanaged, unknown
}

/// Whether the token's SMART scopes cover the operation on this type.
public enum TokenScope: String, CaseIterable, Sendable {
  case granted, missing, unknown
}

/// The organisation for which the user acts, as the active policy numbers it.
public enum Tenant: Hashable, Sendable {
  /// Index into the active policy's tenants.
  case named(UInt8)
  /// Established, and none that the policy declares.
  case other
  case unknown
}

/// What must be done besides serving: a request that cannot meet them all is refused.
public struct Obligations: OptionSet, Hashable, Sendable {
  /// A bit for each member.
  public let rawValue: UInt8

  /// Makes a set from its bits.
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// The request must carry an `EHR-Reason`.
  public static let requireReason = Obligations(rawValue: 1)
  /// The user must have proved himself with two factors.
  public static let stepUpMultiFactor = Obligations(rawValue: 2)
  /// The user must have proved himself with a factor that resists phishing.
  public static let stepUpPhishingResistant = Obligations(rawValue: 4)
  /// The origin is asked for a summary (FHIR `_summary=true`).
  public static let summarize = Obligations(rawValue: 8)
  /// What the answer labels as restricted is replaced by tokens.
  public static let tokenizeRestricted = Obligations(rawValue: 16)
  /// What the answer labels as restricted is left out.
  public static let redactRestricted = Obligations(rawValue: 32)

  /// The obligations with their words, in the order of their bits.
  public static let vocabulary: [(word: String, obligation: Obligations)] = [
    ("require-reason", .requireReason), ("step-up-multi-factor", .stepUpMultiFactor),
    ("step-up-phishing-resistant", .stepUpPhishingResistant), ("summarize", .summarize),
    ("tokenize-restricted", .tokenizeRestricted), ("redact-restricted", .redactRestricted),
  ]

  /// The words of the set's members, in the order of their bits.
  public var words: [String] {
    Self.vocabulary.filter { contains($0.obligation) }.map(\.word)
  }
}

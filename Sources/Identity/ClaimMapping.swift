public import Base

/// Where one issuer's tokens say what a policy asks, and in which words.
///
/// A path leads through objects to a claim; several paths are tried in their order. Words are
/// compared exactly; one that ends in `*` stands for all that begin so. Of several words the one
/// that comes first in the mapping wins: its author says which role weighs more.
public struct ClaimMapping: Sendable, Equatable {
  /// The names that lead from the payload to a claim.
  public typealias Path = [String]

  /// A word of tokens, and what it means here.
  public struct Word<Meaning: Sendable & Equatable>: Sendable, Equatable {
    /// The word; a `*` at its end stands for any rest.
    public let text: String
    /// What it means.
    public let meaning: Meaning

    /// Makes a word.
    public init(_ text: String, _ meaning: Meaning) {
      self.text = text
      self.meaning = meaning
    }

    /// Whether `value` is the word.
    func matches(_ value: String) -> Bool {
      text.last == "*" ? value.hasPrefix(text.dropLast()) : value == text
    }
  }

  /// Where roles stand.
  public var rolePaths: [Path] = []
  /// What roles mean.
  public var roleWords: [Word<Role>] = []
  /// The role of a user without such a word, by the resource type of `fhirUser`.
  public var userRoles: [Word<Role>] = []
  /// The role of a token that names no user, such as one for client credentials.
  public var roleWithoutUser = Role.unknown
  /// Where the organisation's name stands.
  public var tenantPaths: [Path] = []
  /// Where the purposes of use stand: codes, or FHIR Codings.
  public var purposePaths: [Path] = []
  /// What other words than HL7's codes mean.
  public var purposeWords: [Word<PurposeOfUse>] = []
  /// The purpose of a token that says none.
  public var purposeDefault: PurposeOfUse?
  /// Where the launch's patient stands.
  public var patientPaths: [Path] = []
  /// Where the user's FHIR resource stands.
  public var userPaths: [Path] = []
  /// Where the scopes stand.
  public var scopePaths: [Path] = []
  /// What values of `acr` mean.
  public var acrWords: [Word<Assurance>] = []
  /// What values of `amr` mean; the strongest counts.
  public var amrWords: [Word<Assurance>] = []
  /// Where the device's state stands.
  public var devicePaths: [Path] = []
  /// What states of devices mean.
  public var deviceWords: [Word<Device>] = []

  /// Makes a mapping that proves nothing beyond the subject's name.
  public init() {}

  /// The mappings that come along, by the name that a configuration uses.
  public static let presets: [(name: String, mapping: ClaimMapping)] = [
    ("smart", .smart), ("udap", .udap), ("iua", .iua),
  ]
}

/// Whether the user breaks the glass: asks for what he is not usually given, in an emergency.
///
/// Three things together: the token was given for BTG, the user says why, and two factors prove who
/// he is. It is a fact for the policy and grants nothing by itself; in particular it widens no
/// residency.
public enum BreakGlass: Equatable, Sendable {
  /// Nobody asks for it.
  case notAsked
  /// All three are there.
  case broken
  /// The token was not given for it.
  case notEntitled
  /// The user must prove himself with two factors.
  case needsStepUp
  /// The request must say why.
  case needsReason

  /// Judges a request: `asked` is the purpose that it uses.
  public static func judge(
    _ facts: SubjectFacts, asked: PurposeOfUse?, hasReason: Bool
  ) -> BreakGlass {
    guard asked == .breakTheGlass else { return .notAsked }
    guard facts.purposes.contains(.breakTheGlass) else { return .notEntitled }
    guard facts.isMultiFactor else { return .needsStepUp }
    return hasReason ? .broken : .needsReason
  }

  /// Whether `text` is a reason: printable, neither empty phrase nor novel.
  public static func isReason(_ text: UnsafeRawBufferPointer) -> Bool {
    guard IdentityLimits.reasonByteCounts.contains(text.count) else { return false }
    guard let string = unsafe String(validating: text, as: UTF8.self) else { return false }
    return isPrintable(string)
  }
}

extension SubjectFacts {
  /// The purpose that a request uses: the one it names, or the token's first that is not BTG. A
  /// token that was given for BTG alone is used for that.
  public func purpose(named name: PurposeOfUse?) -> PurposeOfUse? {
    name ?? purposes.first { $0 != .breakTheGlass } ?? purposes.first
  }
}

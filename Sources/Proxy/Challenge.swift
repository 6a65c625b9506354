internal import Base
internal import Identity
internal import Policy

extension Decision {
  /// What `WWW-Authenticate` says beside a refusal (RFC 6750 section 3, RFC 9470 section 3); nil
  /// when another sign-in would not help. Repeats nothing that the client sent.
  func challenge(_ refusal: Refusal, _ snapshot: Snapshot) -> String? {
    let realm = #"Bearer realm="homeward""#
    switch refusal {
    case .unauthenticated:
      guard let fault = identification.fault else { return realm }
      return #"\#(realm), error="invalid_token", error_description="\#(fault.sentence)""#
    case .stepUpRequired:
      return #"\#(realm), error="insufficient_user_authentication", "#
        + #"error_description="a stronger sign-in is needed", acr_values="\#(acrValues(snapshot))""#
    case .forbidden, .noRule:
      guard facts.scope == .missing else { return nil }
      return #"\#(realm), error="insufficient_scope""#
    default: return nil
    }
  }

  /// The words by which the subject's issuer calls what is needed, weakest first; OpenID's words
  /// when it has none.
  private func acrValues(_ snapshot: Snapshot) -> String {
    let needed = neededAssurance ?? .multiFactor
    var words: [String] = []
    if case .token(let index, _, _, _)? = identification.subject?.source,
      let rules = snapshot.identity, index < rules.issuers.count
    {
      let known = rules.issuers[index].mapping.acrWords.filter { isQuotable($0.text) }
      words = known.filter { $0.meaning == needed }.map(\.text)
      if needed == .multiFactor {
        words += known.filter { $0.meaning == .phishingResistant }.map(\.text)
      }
    }
    if !words.isEmpty { return words.joined(separator: " ") }
    return needed == .phishingResistant ? "phr" : "mfa phr"
  }

  /// Whether a word can stand between quotes in a field, and is a whole word.
  private func isQuotable(_ text: String) -> Bool {
    text.utf8.allSatisfy { (0x21...0x7E).contains($0) && $0 != 0x22 && $0 != 0x5C && $0 != 0x2A }
  }
}

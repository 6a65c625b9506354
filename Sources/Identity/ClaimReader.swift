internal import Base

/// Reads the facts of one payload by an issuer's mapping.
///
/// What is there and not what it must be makes the token useless: a fact that is left out because
/// it was misspelt could only be the one that would have said no.
struct ClaimReader {
  let claims: JSONValue
  let mapping: ClaimMapping

  /// The facts of a payload whose signature was verified.
  func facts() throws(TokenFault) -> SubjectFacts {
    var facts = SubjectFacts()
    facts.fhirUser = try text(mapping.userPaths).flatMap(FHIRUser.init)
    facts.role = role(try words(mapping.rolePaths), facts.fhirUser)
    facts.tenant = try text(mapping.tenantPaths)
    facts.purposes = purposes(try words(mapping.purposePaths))
    facts.launchPatient = try text(mapping.patientPaths).map(patientID)
    facts.scopes = try scopes()
    facts.assurance = try assurance()
    facts.device = meaning(try words(mapping.devicePaths), mapping.deviceWords) ?? .unknown
    facts.authenticatedAt = try time("auth_time")
    return facts
  }

  /// A time in whole or broken seconds since 1970 (RFC 7519 section 2); nil when it is not there.
  func time(_ name: String) throws(TokenFault) -> WallTime? {
    let seconds: Double
    switch claims[name] {
    case nil: return nil
    case .number(let value)?: seconds = Double(value)
    case .fraction(let value)?: seconds = value
    default: throw .claims
    }
    // Past the year 9999 lies a mistake, or an attempt to overflow.
    guard (0..<253_402_300_800).contains(seconds) else { throw .claims }
    return WallTime(microseconds: UInt64(seconds * 1_000_000))
  }

  /// The claim at the first path that leads to one.
  private func claim(_ paths: [ClaimMapping.Path]) -> JSONValue? {
    for path in paths {
      var value: JSONValue? = claims
      for name in path { value = value?[name] }
      if let value, value != .null { return value }
    }
    return nil
  }

  /// A claim that must be one text.
  private func text(_ paths: [ClaimMapping.Path]) throws(TokenFault) -> String? {
    guard let claim = claim(paths) else { return nil }
    guard let text = claim.text, isFit(text) else { throw .claims }
    return text
  }

  /// The words of a claim: a text, a list of them, or FHIR Codings.
  private func words(_ paths: [ClaimMapping.Path]) throws(TokenFault) -> [String] {
    guard let claim = claim(paths) else { return [] }
    var items = [claim]
    if case .list(let list) = claim { items = list }
    guard items.count <= IdentityLimits.claimValueCountMax else { throw .claims }
    var words: [String] = []
    for item in items {
      guard let word = item.text ?? item["code"]?.text, isFit(word) else { throw .claims }
      words.append(word)
    }
    return words
  }

  private func isFit(_ text: String) -> Bool {
    text.utf8.count <= IdentityLimits.claimByteCountMax && isPrintable(text)
  }

  /// The meaning of the first word of the mapping that is among `words`.
  private func meaning<Meaning>(
    _ words: [String], _ vocabulary: [ClaimMapping.Word<Meaning>]
  ) -> Meaning? {
    vocabulary.first { word in words.contains { word.matches($0) } }?.meaning
  }

  private func role(_ words: [String], _ user: FHIRUser?) -> Role {
    if let role = meaning(words, mapping.roleWords) { return role }
    // A role that the mapping does not know must not become the usual one.
    guard words.isEmpty else { return .unknown }
    guard let user else { return mapping.roleWithoutUser }
    return meaning([user.type], mapping.userRoles) ?? .unknown
  }

  private func purposes(_ words: [String]) -> [PurposeOfUse] {
    if words.isEmpty { return mapping.purposeDefault.map { [$0] } ?? [] }
    return words.compactMap { word in
      PurposeOfUse(rawValue: word) ?? meaning([word], mapping.purposeWords)
    }
  }

  /// `Patient/123` and `123` name the same patient.
  private func patientID(_ text: String) -> [UInt8] {
    let prefix = "Patient/"
    return Array((text.hasPrefix(prefix) ? text.dropFirst(prefix.count) : text[...]).utf8)
  }

  private func scopes() throws(TokenFault) -> SMARTScopes? {
    switch claim(mapping.scopePaths) {
    case nil: return nil
    case .text(let text)?:
      return SMARTScopes(words: text.split(separator: " "))
    case .list(let items)?:
      let words = items.compactMap(\.text)
      guard words.count == items.count else { throw .claims }
      return SMARTScopes(words: words.map { $0[...] })
    default: throw .claims
    }
  }

  /// The strongest of what `acr` and `amr` mean. Two different factors are two, and each counts for
  /// what it is: a password and a code from an application are two factors.
  private func assurance() throws(TokenFault) -> Assurance {
    let levels = try words([["acr"]]).compactMap { meaning([$0], mapping.acrWords) }
    let methods = try words([["amr"]])
    var factors = methods.compactMap { meaning([$0], mapping.amrWords) }
    let singleCount = Set(methods.filter { meaning([$0], mapping.amrWords) == .singleFactor }).count
    if singleCount >= 2 { factors.append(.multiFactor) }
    let all = levels + factors
    return [.phishingResistant, .multiFactor, .singleFactor].first(where: all.contains) ?? .unknown
  }
}

/// Whether a text can stand in records and messages: no control bytes.
func isPrintable(_ text: String) -> Bool {
  text.unicodeScalars.allSatisfy { $0.value >= 0x20 && !(0x7F...0x9F).contains($0.value) }
}

internal import Base
internal import HTTP

/// Why an answer is not stored. The raw value is the `detail` of `Cache-Status` and the word in
/// records; it names rules, never contents.
public enum NotStored: String, CaseIterable, Sendable {
  // The request.
  case method
  case requestBody = "request-body"
  case requestNoStore = "request-no-store"
  case authenticated
  case cookie
  // The response.
  case status
  case noStore = "no-store"
  case isPrivate = "private"
  case setsCookie = "set-cookie"
  case clearsSiteData = "clear-site-data"
  case oneOrigin = "one-origin"
  case partial
  case vary = "vary-undeclared"
  case varyUnmatchable = "vary-unmatchable"
  case mediaType = "media-type"
  case noLifetime = "no-lifetime"
  case noValidator = "no-validator"
  case tooLarge = "too-large"
  case headTooLarge = "head-too-large"
  case tooManyTags = "too-many-tags"
  case mustUnderstand = "must-understand"
  // The body.
  case truncated
  case lengthMismatch = "length-mismatch"
  case trailers
  // The store.
  case fenced
  case shredded
  case overCapacity = "over-capacity"
  case noKey = "no-key"
  case untagged
  case region
  /// The server that answered may lack a change of which the edge knows.
  case lagging
}

/// Decides whether an answer may be stored: RFC 9111 section 3, and what the row asks beyond it.
public enum Storability {
  /// Statuses of which this cache knows what they mean for caching.
  private static let understood: Set<UInt16> = [
    200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501,
  ]

  /// Statuses that may be remembered for a moment.
  static let negative: Set<UInt16> = [404, 410]

  /// Why the answer is not stored; nil when its head is no reason against it.
  public static func judge(
    _ request: borrowing RequestFacts, _ response: borrowing ResponseFacts, _ rules: RowRules
  ) -> NotStored? {
    requestReason(request, response)
      ?? statusReason(response, rules)
      ?? directiveReason(response)
      ?? fieldReason(response, rules)
      ?? sizeReason(response, rules)
  }

  /// Whether the answer is a record where a file was asked for: a path that was dressed up as a
  /// file, or a mistake of the origin. Either way it is nobody else's.
  static func isMisplaced(
    _ response: borrowing ResponseFacts, in dataClass: DataClass
  ) -> Bool {
    guard dataClass == .asset else { return false }
    return clinicalTypes.contains { response.mediaType.elementsEqual($0.utf8) }
  }

  /// The media types of FHIR, of all releases.
  private static let clinicalTypes = [
    "application/fhir+json", "application/fhir+xml", "application/fhir+turtle",
    "application/fhir+ndjson", "application/json+fhir", "application/xml+fhir",
    "application/json+fhir+ndjson",
  ]

  /// What the request says against storing.
  private static func requestReason(
    _ request: borrowing RequestFacts, _ response: borrowing ResponseFacts
  ) -> NotStored? {
    guard request.method == .get else { return .method }
    if request.hasBody { return .requestBody }
    if request.directives.noStore { return .requestNoStore }
    // Section 3.5; necessary, and never sufficient: the row and the decision stand above it.
    let directives = response.directives
    let mayShare =
      directives.isPublic || directives.sharedMaxAge != nil || directives.mustRevalidate
    if request.isAuthenticated && !mayShare { return .authenticated }
    // Stricter than the RFC: nothing of a cookie is in the key, and an origin may show it.
    if request.hasCookie { return .cookie }
    return nil
  }

  /// What the status says.
  private static func statusReason(
    _ response: borrowing ResponseFacts, _ rules: RowRules
  ) -> NotStored? {
    if response.isPartial { return .partial }
    guard response.status >= 200 else { return .status }
    if response.directives.mustUnderstand && !understood.contains(response.status) {
      return .mustUnderstand
    }
    if negative.contains(response.status) {
      return rules.negativeMilliseconds > 0 ? nil : .status
    }
    return rules.statuses.contains(response.status) && understood.contains(response.status)
      ? nil : .status
  }

  /// What the directives say. A `no-store` beats a targeted field that allows storing;
  /// `must-understand` beats a `no-store` beside it (RFC 9111 section 5.2.2.3).
  private static func directiveReason(_ response: borrowing ResponseFacts) -> NotStored? {
    let directives = response.directives
    let isOverridden = directives.mustUnderstand && understood.contains(response.status)
    if (directives.noStore || response.forbidsStoring) && !isOverridden { return .noStore }
    return directives.isPrivate ? .isPrivate : nil
  }

  /// What other fields say.
  private static func fieldReason(
    _ response: borrowing ResponseFacts, _ rules: RowRules
  ) -> NotStored? {
    if response.setsCookie { return .setsCookie }
    if response.clearsSiteData { return .clearsSiteData }
    if response.allowsOneOrigin && !rules.representation.contains(.origin) { return .oneOrigin }
    if response.vary.isUnmatchable { return .varyUnmatchable }
    for name in response.vary.names
    where !rules.representation.contains(where: { name.spells($0.name) }) { return .vary }
    if !rules.mediaTypes.isEmpty && response.status == 200 {
      let type = String(decoding: response.mediaType, as: UTF8.self)
      if !rules.mediaTypes.contains(type) { return .mediaType }
    }
    if rules.requiresValidator && !response.hasValidator { return .noValidator }
    return nil
  }

  /// What the declared length says.
  private static func sizeReason(
    _ response: borrowing ResponseFacts, _ rules: RowRules
  ) -> NotStored? {
    guard let length = response.contentLength else { return nil }
    return length > UInt64(rules.bodyByteCountMax) ? .tooLarge : nil
  }
}

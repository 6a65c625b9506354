import Base

/// Whether a request's body must be seen before the request can be judged, and how.
public enum BodyNeed: Equatable, Sendable {
  /// Method and target say all: forward the body unread.
  case none
  /// Search parameters in a form of at most so many bytes.
  case form(byteCountMax: Int)
  /// JSON of at most so many bytes.
  case json(byteCountMax: Int)
  /// The body would decide and cannot be judged; take `Classification.withoutBody` with the reason.
  case unjudged(Ambiguity)

  /// The most bytes to hold back; zero when none are needed.
  public var byteCountMax: Int {
    switch self {
    case .form(let most), .json(let most): most
    case .none, .unjudged: 0
    }
  }
}

extension Classification {
  /// What the body is needed for, from the head alone.
  ///
  /// - `contentType`: the field's value; nil when there is none.
  /// - `isEncoded`: whether a `Content-Encoding` other than `identity` is named.
  /// - `byteCount`: the body's length where the head tells it. A body of unknown length that turns
  ///   out longer than the bound gives `largeBody` from the scan.
  public func bodyNeed(
    contentType: UnsafeRawBufferPointer?, isEncoded: Bool, byteCount: UInt64?
  ) -> BodyNeed {
    guard bodyUse != .none, refusal == nil else { return .none }
    if bodyUse == .search, byteCount == 0 {
      return .form(byteCountMax: ClinicalLimits.formBytesMax)
    }
    guard !isEncoded, let contentType = unsafe contentType,
      let format = unsafe BodyFormat(ByteView(contentType))
    else { return .unjudged(.unreadableBody) }
    let need: BodyNeed
    switch (bodyUse, format) {
    case (.search, .form): need = .form(byteCountMax: ClinicalLimits.formBytesMax)
    case (.bundle, .json): need = .json(byteCountMax: ClinicalLimits.bundleBytesMax)
    case (.resource, .json), (.parameters, .json), (.patch, .json), (.patch, .patch):
      need = .json(byteCountMax: ClinicalLimits.resourceBytesMax)
    default: return .unjudged(.unreadableBody)
    }
    if let byteCount, byteCount > UInt64(need.byteCountMax) { return .unjudged(.largeBody) }
    return need
  }

  /// The safe default where the body decides and is not judged: no patient beyond what the target
  /// says exactly, the highest class, the primary.
  public func withoutBody(_ reason: Ambiguity) -> Classification {
    var result = self
    result.note(reason)
    guard bodyUse != .none else { return result }
    // A path that names the patient itself stays true, whatever else is not known.
    let isExact =
      if case .one(let range) = patient {
        confidence == .exact || range == resourceID
      } else {
        false
      }
    result.lower(to: .unknown)
    result.canUseReplica = false
    let isShared = resourceType != .none && !resourceType.row.concernsPatient
    if isShared, patient == .none, bodyUse == .resource || bodyUse == .patch { return result }
    if !isExact { result.patient = .unknown }
    result.mayContainRestricted = true
    if result.sensitivity == .normal { result.sensitivity = .unknown }
    return result
  }
}

/// What a content type announces.
enum BodyFormat {
  case form, json
  /// A JSON value on each line (NDJSON).
  case lines
  /// A list of changes (RFC 6902) or a partial resource (RFC 7396).
  case patch

  /// Reads a content type; nil for all that is not judged: XML, multipart, other charsets.
  init?(_ text: ByteView) {
    let end = text.index(of: 0x3B)
    guard Self.isUTF8(text[end..<text.count]) else { return nil }
    let type = Self.trimmed(text[0..<end])
    if Self.matches(type, "application/fhir+json") || Self.matches(type, "application/json")
      || Self.matches(type, "application/json+fhir")
    {
      self = .json
    } else if Self.matches(type, "application/x-www-form-urlencoded") {
      self = .form
    } else if Self.matches(type, "application/json-patch+json")
      || Self.matches(type, "application/merge-patch+json")
    {
      self = .patch
    } else if Self.matches(type, "application/fhir+ndjson")
      || Self.matches(type, "application/ndjson")
    {
      self = .lines
    } else {
      return nil
    }
  }

  /// Whether no parameter names another charset; a quoted value is not read, so not believed.
  private static func isUTF8(_ parameters: ByteView) -> Bool {
    var start = 0
    while start < parameters.count {
      let end = parameters.index(of: 0x3B, from: start + 1)
      let parameter = trimmed(parameters[(start + 1)..<end])
      let equals = parameter.index(of: 0x3D)
      if matches(trimmed(parameter[0..<equals]), "charset") {
        guard equals < parameter.count,
          matches(parameter[(equals + 1)..<parameter.count], "utf-8")
        else { return false }
      }
      start = end
    }
    return true
  }

  /// Without spaces and tabs at both ends.
  private static func trimmed(_ text: ByteView) -> ByteView {
    var (start, end) = (0, text.count)
    while start < end, text[start] == 0x20 || text[start] == 0x09 { start += 1 }
    while end > start, text[end - 1] == 0x20 || text[end - 1] == 0x09 { end -= 1 }
    return text[start..<end]
  }

  /// Whether the text is `word`, which is in lower case, in any case.
  private static func matches(_ text: ByteView, _ word: StaticString) -> Bool {
    guard text.count == word.utf8CodeUnitCount else { return false }
    for index in 0..<text.count {
      var byte = text[index]
      if byte >= 0x41, byte <= 0x5A { byte |= 0x20 }
      // In bounds: a StaticString has `utf8CodeUnitCount` bytes at `utf8Start`.
      if unsafe byte != word.utf8Start[index] { return false }
    }
    return true
  }
}

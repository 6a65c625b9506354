internal import Clinical
internal import StrictYAML

extension Configuration {
  /// How requests name patients and resources.
  struct FHIR: Sendable, Equatable {
    /// The path under which the FHIR service lies, `/fhir` by default.
    /// It starts with `/` and does not end with one, unless it is `/` alone.
    var base = "/fhir"
    /// The character between a region's or organisation's prefix and the rest of a patient id; one
    /// of the two that a FHIR id may contain beside letters and digits.
    var patientIDSeparator = Separator.dot
    /// The release that the servers speak.
    var release = FHIRRelease.r4
    /// The URLs under which clients know the base: references below them are local.
    var urls: [String] = []
  }

  /// The separators that a FHIR id can hold.
  enum Separator: String, CaseIterable, Sendable {
    case dot = "."
    case hyphen = "-"
  }
}

extension Configuration.FHIR {
  /// Reads `fhir`.
  init(_ reader: MappingReader) {
    base = reader.urlPath("base", default: base)
    patientIDSeparator = reader.enumeration(
      "patient_id_separator", of: Configuration.Separator.self, default: patientIDSeparator)
    release = reader.enumeration("release", of: FHIRRelease.self, default: release)
    urls = reader.strings("urls", isRequired: false)
    reader.requireItems("urls", urls.count, max: Self.urlCountMax)
    for url in urls where !Self.isURL(url) {
      reader.diagnostics.error(
        .path, at: reader.mark(of: "urls"),
        "`\(url)` is no URL of a FHIR base such as `https://ehr.example/fhir`: a scheme, a host"
          + " in lower case, a path without a `/` at the end")
    }
    reader.finish()
  }

  /// Names of one edge: each reference in a body is compared with all of them.
  static let urlCountMax = 16

  /// Whether the text is an absolute URL that a reference can begin with.
  private static func isURL(_ text: String) -> Bool {
    let rest = text.hasPrefix("https://") ? text.dropFirst(8) : text.dropFirst(7)
    guard text.hasPrefix("https://") || text.hasPrefix("http://"), let host = rest.first,
      host != "/", !text.hasSuffix("/"), text.utf8.count <= 256
    else { return false }
    let authority = rest.prefix { $0 != "/" }
    return rest.utf8.allSatisfy { isPlainPathByte($0) || $0 == 0x2F || $0 == 0x3A }
      && authority == authority.lowercased()
  }
}

extension MappingReader {
  /// An absolute URL path in its canonical form: plain characters, no empty or dot segments.
  func urlPath(_ key: String, default fallback: String) -> String {
    guard let scalar = scalar(key, isRequired: false),
      let text = diagnostics.string(scalar, key)
    else { return fallback }
    if text == "/" { return text }
    let segments = text.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
    let isCanonical = segments.allSatisfy { segment in
      !segment.isEmpty && segment != "." && segment != ".."
        && segment.utf8.allSatisfy(isPlainPathByte)
    }
    if text.hasPrefix("/"), isCanonical { return text }
    let trimmed = text.split(separator: "/").joined(separator: "/")
    let isMeant = !trimmed.isEmpty && trimmed.utf8.allSatisfy { isPlainPathByte($0) || $0 == 0x2F }
    diagnostics.error(
      .path, at: scalar.mark,
      "`\(key)` must be a path such as `\(fallback)`: from `/`, without a `/` at the end,"
        + " of letters, digits, `-`, `_`, `.` and `~`",
      suggestion: isMeant && !trimmed.contains("..") ? "/\(trimmed)" : nil)
    return fallback
  }
}

/// Whether RFC 3986 calls the byte unreserved: it never needs escaping.
private func isPlainPathByte(_ byte: UInt8) -> Bool {
  switch byte {
  case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E: true
  default: false
  }
}

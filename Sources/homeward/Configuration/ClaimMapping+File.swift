internal import Base
internal import Identity
internal import StrictYAML

extension ClaimMapping {
  /// Reads a mapping's file; use it only without complaints.
  static func load(
    _ path: String, _ files: any FileView, _ complaints: inout [Diagnostic]
  ) -> ClaimMapping {
    guard let diagnostics = TextFile.open(path, "the claim mapping", files, &complaints) else {
      return ClaimMapping()
    }
    let root = Document.parse(diagnostics)
    var mapping = ClaimMapping()
    if root != nil { mapping = ClaimMapping(MappingReader(root, "the mapping", diagnostics)) }
    complaints += diagnostics.sorted()
    return mapping
  }

  /// Reads a mapping.
  private init(_ reader: MappingReader) {
    self.init()
    read("role", reader) { section in
      rolePaths = section.claims()
      roleWords = section.words("values") { Role(rawValue: $0) }
      userRoles = section.words("fhir_user") { Role(rawValue: $0) }
      roleWithoutUser = section.enumeration("without_user", of: Role.self, default: .unknown)
    }
    read("tenant", reader) { tenantPaths = $0.claims() }
    read("purpose", reader) { section in
      purposePaths = section.claims()
      purposeWords = section.words("values") { PurposeOfUse(rawValue: $0) }
      purposeDefault = section.optionalString("default").flatMap {
        section.diagnostics.purpose($0, at: section.mark(of: "default"))
      }
    }
    read("patient", reader) { patientPaths = $0.claims() }
    read("fhir_user", reader) { userPaths = $0.claims() }
    read("scopes", reader) { scopePaths = $0.claims() }
    read("assurance", reader) { section in
      acrWords = section.words("acr") { Assurance(rawValue: $0) }
      amrWords = section.words("amr") { Assurance(rawValue: $0) }
    }
    read("device", reader) { section in
      devicePaths = section.claims()
      deviceWords = section.words("values") { Device(rawValue: $0) }
    }
    reader.finish()
  }

  /// Reads one section, if it is there.
  private func read(
    _ key: String, _ reader: MappingReader, _ body: (MappingReader) -> Void
  ) {
    guard let section = reader.optionalMapping(key, "`\(key)`") else { return }
    body(section)
    section.finish()
  }
}

extension MappingReader {
  /// The paths under `claims`: each a name, or a list of names that lead through objects.
  fileprivate func claims() -> [ClaimMapping.Path] {
    list("claims").compactMap { node in
      switch node {
      case .scalar(let scalar): return diagnostics.string(scalar, "claims").map { [$0] }
      case .sequence(let items, _):
        return items.compactMap { item in
          guard case .scalar(let scalar) = item else {
            diagnostics.error(
              Code.shape.rawValue, at: item.mark, "a path's parts must be names, not \(item.shape)")
            return nil
          }
          return diagnostics.string(scalar, "claims")
        }
      case .mapping:
        diagnostics.error(
          Code.shape.rawValue, at: node.mark, "a claim must be a name or a list of names")
        return nil
      }
    }
  }

  /// The words under `key`, in their order, each with what it means.
  fileprivate func words<Meaning>(
    _ key: String, _ parse: (String) -> Meaning?
  ) -> [ClaimMapping.Word<Meaning>] {
    namedNodes(key, isRequired: false).compactMap { name, value in
      guard case .scalar(let scalar) = value, let meaning = parse(scalar.text) else {
        diagnostics.error(
          Code.unknownWord.rawValue, at: value.mark,
          "`\(name.text)` must mean a word that policies know")
        return nil
      }
      return ClaimMapping.Word(name.text, meaning)
    }
  }
}

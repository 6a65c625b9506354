internal import StrictYAML

extension Configuration {
  /// Where users are.
  struct Location: Sendable, Equatable {
    /// A MaxMind database with countries and subdivisions; reopened on reload.
    var database = ""
  }

  /// Where patients belong.
  struct Directory: Sendable, Equatable {
    /// The patient directory, CSV.
    var file = ""
  }
}

extension Configuration.Location {
  /// Reads `location`.
  init(_ reader: MappingReader, _ paths: ConfigurationPaths) {
    database = paths.file("database", in: reader)
    reader.finish()
  }
}

extension Configuration.Directory {
  /// Reads `directory`.
  init(_ reader: MappingReader, _ paths: ConfigurationPaths) {
    file = paths.file("file", in: reader)
    reader.finish()
  }
}

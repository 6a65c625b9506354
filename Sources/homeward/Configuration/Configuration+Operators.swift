internal import StrictYAML

extension Configuration {
  /// Where operators' orders about regions are kept.
  struct Operators: Sendable, Equatable {
    /// The folder; made by the first act.
    var directory: String
    /// Where this edge keeps what it read there last, for a start without the folder; nil: nowhere.
    var copy: String?
  }
}

extension Configuration.Operators {
  /// Reads `operators`.
  init(_ reader: MappingReader, _ paths: ConfigurationPaths) {
    directory = paths.writableFolder("directory", in: reader)
    copy = paths.optionalLaxPath("copy", in: reader)
    reader.finish()
  }
}

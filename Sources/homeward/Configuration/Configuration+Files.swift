internal import StrictYAML

extension Configuration {
  /// Where users are.
  struct Location: Sendable, Equatable {
    /// A MaxMind database with countries and subdivisions; reopened on reload.
    var database = ""
  }

  /// Where patients belong.
  struct Directory: Sendable, Equatable {
    /// A plain list, CSV, for tests and demos; empty when `signed` is there.
    var file = ""
    /// What `homeward directory` made.
    var signed: SignedDirectory?
  }

  /// A signed snapshot and what follows it.
  struct SignedDirectory: Sendable, Equatable {
    /// The snapshot.
    var snapshot = ""
    /// The log of changes; nil when none is followed.
    var deltas: String?
    /// The key that turns patients' ids into what the files hold.
    var key = ""
    /// The signer's public key, PEM.
    var signer = ""
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
    let keys = ["snapshot", "deltas", "key", "signer"]
    if let first = keys.first(where: { reader.contains($0) }) {
      if reader.contains("file") {
        _ = paths.optionalFile("file", in: reader)
        reader.diagnostics.error(
          .combination, at: reader.mark(of: first),
          "`\(first)` belongs to a signed directory and `file` is a plain one; keep one of them")
      }
      signed = Configuration.SignedDirectory(
        snapshot: paths.file("snapshot", in: reader),
        deltas: paths.optionalFile("deltas", in: reader),
        key: paths.file("key", in: reader), signer: paths.file("signer", in: reader))
    } else {
      file = paths.file("file", in: reader)
    }
    reader.finish()
  }
}

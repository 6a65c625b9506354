internal import StrictYAML

extension Configuration {
  /// Where the rules come from: a file, or the versions that officers approve.
  struct PolicySource: Sendable, Equatable {
    /// The policy file, YAML; empty with `lifecycle`.
    var file = ""
    /// Approved versions; nil for a single file.
    var lifecycle: PolicyLifecycle?
  }

  /// Versions that come into force by `homeward policy activate`.
  struct PolicyLifecycle: Sendable, Equatable {
    /// Where officers put versions and approvals. An edge runs without it.
    var directory = ""
    /// Where this edge keeps what is in force, and the history.
    var state = ""
    /// How many officers must approve a version.
    var requiredCount = 0
    /// The officers' public keys.
    var officers = ""
  }
}

extension Configuration.PolicySource {
  /// The keys of a policy with versions.
  private static let lifecycleKeys = ["directory", "state", "approvals"]

  /// Reads `policy`.
  init(_ reader: MappingReader, _ paths: ConfigurationPaths) {
    let present = Self.lifecycleKeys.filter { reader.contains($0) }
    if reader.contains("file"), let key = present.first {
      reader.diagnostics.error(
        .combination, at: reader.mark(of: key),
        "`\(key)` has no meaning beside `file`: a policy is one file, or has versions in a"
          + " `directory`")
    }
    if present.isEmpty || reader.contains("file") {
      file = paths.file("file", in: reader)
    } else {
      lifecycle = Configuration.PolicyLifecycle(reader, paths)
    }
    reader.finish()
  }
}

extension Configuration.PolicyLifecycle {
  /// More officers than this agree on nothing.
  static let requiredCountMax = 20

  /// Reads the keys of a policy with versions.
  init(_ reader: MappingReader, _ paths: ConfigurationPaths) {
    directory = paths.laxFolder("directory", in: reader)
    state = paths.writableFolder("state", in: reader)
    let approvals = reader.mapping("approvals", "`approvals`")
    requiredCount = approvals.integer("required", in: 1...Self.requiredCountMax)
    officers = paths.file("officers", in: approvals)
    approvals.finish()
  }
}

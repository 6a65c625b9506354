internal import ArgumentParser
internal import Control
internal import Reactor
internal import StrictYAML

/// What the lifecycle's commands need of an edge's configuration, and no more: they work while a
/// certificate is missing, too.
struct LifecycleSettings {
  /// The folder of the versions.
  let folder: VersionFolder
  /// Where the edge keeps what is in force.
  let state: PolicyState
  /// Who must approve.
  let rule: ApprovalRule
  /// The configured regions.
  let regionNames: [String]

  /// Reads the configuration at `path`; complaints are the second part, and without settings there
  /// is an error among them.
  static func load(
    _ path: String, files: any FileView = SystemFiles()
  ) -> (LifecycleSettings?, [Diagnostic]) {
    var complaints: [Diagnostic] = []
    guard let diagnostics = TextFile.open(path, "the configuration", files, &complaints) else {
      return (nil, complaints)
    }
    let paths = ConfigurationPaths(folder: FileSystem.directory(of: path), files: files)
    let reader = MappingReader(Document.parse(diagnostics), "the configuration", diagnostics)
    let policy = reader.mapping("policy", "`policy`")
    let source = Configuration.PolicySource(policy, paths)
    let regions = reader.namedNodes("regions").map(\.name.text)
    var rule: ApprovalRule?
    if let lifecycle = source.lifecycle {
      rule = ConfigurationLoad.approvalRule(lifecycle, paths, diagnostics, &complaints)
    } else if !diagnostics.hasErrors {
      diagnostics.error(
        .combination, at: policy.mark,
        "this edge runs a single policy file, which has no versions to approve or activate; give"
          + " `policy` a `directory`, a `state` and `approvals`")
    }
    let all = diagnostics.sorted() + complaints
    guard !all.contains(where: { $0.severity == .error }), let rule,
      let lifecycle = source.lifecycle
    else { return (nil, all) }
    return (
      LifecycleSettings(
        folder: VersionFolder(lifecycle.directory), state: PolicyState(lifecycle.state),
        rule: rule, regionNames: regions), all
    )
  }

  /// The settings for a command: prints the complaints, and ends with 2 when there are errors.
  static func required(_ path: String) throws -> LifecycleSettings {
    let (settings, complaints) = load(path)
    let text = complaints.map { "\($0)\n" }.joined()
    if !text.isEmpty { StandardStream.error.write(text) }
    guard let settings else { throw ExitCode(2) }
    return settings
  }

  /// Takes the writers' lock and goes on with what was interrupted.
  func begin() throws(LifecycleError) -> PolicyLifecycle {
    try PolicyLifecycle(
      state, rule: rule, checks: .standard(regionNames: regionNames), storage: SystemStorage(),
      at: Clock.wall())
  }
}

internal import Admin
internal import ArgumentParser
internal import Base
internal import Control
internal import Policy
internal import Reactor
internal import StrictYAML

/// What `--offline` needs of an edge.
struct RegionSettings {
  /// The operators' folder.
  let folder: OperatorFolder
  /// The whole configuration.
  let configuration: Configuration
  /// The configured regions, and what the policy in force allows.
  let outline: RegionOutline

  /// Reads the configuration at `path`; prints complaints, and ends with 2 when there are errors.
  static func required(_ path: String) throws -> RegionSettings {
    let load = ConfigurationLoad.load(path)
    let errors = load.diagnostics.filter { $0.severity == .error }
    StandardStream.error.write(errors.map { "\($0)\n" }.joined())
    guard let configuration = load.configuration, let policy = load.policy else {
      throw ExitCode(2)
    }
    guard let operators = configuration.operators else {
      StandardStream.error.write(
        "\(path):1:1: error: this edge has no folder for operators' orders; give it"
          + " `operators: { directory: ... }` and restart it [E410]\n")
      throw ExitCode(2)
    }
    let regions = configuration.regions.map { region in
      RegionOutline.Region(
        region.name,
        region.endpoints.map { .init($0.name, $0.tier == .primary ? .primary : .replica) })
    }
    return RegionSettings(
      folder: OperatorFolder(operators.directory), configuration: configuration,
      outline: RegionOutline(regions, policy))
  }
}

extension OperatorFolder {
  /// What the edges see that wrote a report lately, joined; nil when none did: then nothing is
  /// known of health.
  func report(at now: WallTime) -> RegionReport? {
    RegionReport(joining: EdgeReports(self).recent(at: now))
  }
}

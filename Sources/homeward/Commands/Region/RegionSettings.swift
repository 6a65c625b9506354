internal import ArgumentParser
internal import Base
internal import Control
internal import Policy
internal import Reactor
internal import StrictYAML

/// What the commands about regions need of an edge.
struct RegionSettings {
  /// The operators' folder.
  let folder: OperatorFolder
  /// The configured regions, those of the policy first, in its order.
  let regions: [Configuration.Region]
  /// The policy in force.
  let policy: Policy
  /// The whole configuration.
  let configuration: Configuration

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
    let names = policy.regions.map(\.name)
    let inPolicy = names.compactMap { name in
      configuration.regions.first { $0.name == name }
    }
    return RegionSettings(
      folder: OperatorFolder(operators.directory),
      regions: inPolicy + configuration.regions.filter { !names.contains($0.name) },
      policy: policy, configuration: configuration)
  }

  /// The edge's report; nil when none was written lately: then nothing is known of health.
  func report(at now: WallTime) -> RegionReport? {
    guard
      let bytes = try? FileSystem.read(
        folder.reportPath, byteCountMax: RegionReport.byteCountMax),
      let report = RegionReport(bytes),
      now.microseconds < report.time.microseconds + Self.reportAgeMicrosecondsMax
    else { return nil }
    return report
  }

  /// Five times the edge's interval.
  private static let reportAgeMicrosecondsMax: UInt64 = 10_000_000

  /// What is there to serve: everything that is configured, but what the edge sees failing. Who is
  /// the primary of a region whose write authority is recorded, the record says. `rows` is what the
  /// policy allows.
  func world(
    _ report: RegionReport?, _ state: OperatorState, _ rows: [ServiceRow]?
  ) -> ServingWorld {
    ServingWorld(
      regions.map { region in
        let servers = region.endpoints.map { endpoint in
          server(
            endpoint, report?.servers.first { $0.name == endpoint.name }, report != nil,
            state.authority(region.name)?.endpoint)
        }
        return ServingWorld.Region(region.name, servers: servers)
      }, rows: rows)
  }

  /// One server, as the report has it.
  private func server(
    _ endpoint: Configuration.Endpoint, _ seen: RegionReport.Server?, _ isReported: Bool,
    _ holder: String?
  ) -> ServingWorld.Server {
    let isPrimary = holder.map { $0 == endpoint.name } ?? (endpoint.tier == .primary)
    let tier: Tier = isPrimary ? .primary : .replica
    guard isReported else { return ServingWorld.Server(endpoint.name, tier) }
    return ServingWorld.Server(
      endpoint.name, tier, isFit: seen?.isFit(as: tier) ?? false,
      isPossible: seen.map { !$0.isDown } ?? true,
      copiedHomes: Set(seen?.copies ?? []))
  }
}

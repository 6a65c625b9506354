internal import Admin
internal import ArgumentParser
internal import Base
internal import Control
internal import Reactor
internal import StrictYAML

/// A plan's file as commands read it, and the copies that runs keep.
struct PlanFile {
  /// The plan.
  let plan: FailoverPlan
  /// The bytes by whose hash it is known.
  let bytes: [UInt8]
  /// What its author wrote.
  private let source: [UInt8]

  /// Joins a plan and its bytes.
  init(plan: FailoverPlan, bytes: [UInt8], source: [UInt8] = []) {
    self.plan = plan
    self.bytes = bytes
    self.source = source
  }

  /// What a request's body says of it.
  var members: [(String, JSONValue)] {
    [
      ("text", .text(String(decoding: source, as: UTF8.self))), ("back", .boolean(plan.isBack)),
    ]
  }

  /// Bytes of a file; more is no plan.
  private static let byteCountMax = 512 << 10

  /// Reads a file, or its way back; prints complaints, and ends with 2 when it cannot be used.
  static func required(_ path: String, isBack: Bool = false) throws -> PlanFile {
    var bytes: [UInt8]
    do throws(SystemError) {
      bytes = try FileSystem.read(path, byteCountMax: byteCountMax)
    } catch {
      StandardStream.error.write("\(path):1:1: error: \(error) [E404]\n")
      throw ExitCode(2)
    }
    // Complaints are about what the author wrote.
    let (checked, diagnostics) = FailoverPlan.load(bytes, file: path)
    StandardStream.error.write(diagnostics.map { "\($0)\n" }.joined())
    guard let checked else { throw ExitCode(2) }
    let source = bytes
    guard isBack else { return PlanFile(plan: checked, bytes: bytes, source: source) }
    bytes = FailoverPlan.back(bytes)
    guard let back = FailoverPlan.load(bytes, file: path).0 else { throw ExitCode(2) }
    return PlanFile(plan: back, bytes: bytes, source: source)
  }

  /// What complaints about strangers are known by.
  static let strangerCode = "E611"

  /// Complains about places that the configuration does not have.
  static func strangers(_ plan: FailoverPlan, _ outline: RegionOutline) -> [String] {
    let regions = outline.regions.map(\.name)
    let servers = outline.regions.flatMap(\.servers).map(\.name)
    func line(_ word: String, _ name: String, _ known: [String]) -> String {
      let suggestion = Spelling.nearest(to: name, among: known).map { "; did you mean `\($0)`" }
      return "there is no \(word) `\(name)` in the configuration"
        + "\(suggestion ?? ""); it has \(known.joined(separator: ", "))"
    }
    var lines = plan.claims.filter { !regions.contains($0) }.map { line("region", $0, regions) }
    let named =
      [plan.move?.from, plan.move?.to].compactMap { $0 } + plan.hooks.keys.sorted()
      + plan.steps.compactMap { $0.work.scope?.endpoint }
    for name in named where !servers.contains(name) {
      let complaint = line("server", name, servers)
      if !lines.contains(complaint) { lines.append(complaint) }
    }
    return lines
  }

  /// Keeps the file where every process finds it that goes on with a run.
  func keep(in folder: OperatorFolder) throws(SystemError) {
    let directory = folder.directory + "/plans"
    if !FileSystem.exists(folder.directory) { try FileSystem.makeDirectory(folder.directory) }
    if !FileSystem.exists(directory) { try FileSystem.makeDirectory(directory) }
    let path = "\(directory)/\(plan.name.hash).yaml"
    if !FileSystem.exists(path) { try SystemStorage().replace(path, bytes) }
  }

  /// The plan of a run, as it was when the run began.
  static func kept(_ name: PlanName, in folder: OperatorFolder) throws -> FailoverPlan {
    let path = "\(folder.directory)/plans/\(name.hash).yaml"
    let bytes = try FileSystem.read(path, byteCountMax: byteCountMax)
    guard let plan = FailoverPlan.load(bytes, file: path).0, plan.name.hash == name.hash else {
      throw ValidationError("`\(path)` is not the plan that the run began with; put it back")
    }
    return plan
  }
}

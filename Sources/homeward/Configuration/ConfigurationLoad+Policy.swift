internal import Control
internal import Native
internal import Policy
internal import Reactor
internal import StrictYAML

/// The lifecycle's view of the files that the configuration's reader may see.
struct ViewedFiles: StateFiles {
  let files: any FileView

  func read(_ path: String, byteCountMax: Int) throws(SystemError) -> [UInt8] {
    try files.read(path, byteCountMax: byteCountMax)
  }
}

extension ConfigurationLoad {
  /// Finds the version in force in the edge's state. The folder of the officers is not looked at:
  /// an edge starts without it.
  mutating func takeActivePolicy(
    _ source: Configuration.PolicyLifecycle, _ paths: ConfigurationPaths,
    _ diagnostics: Diagnostics, _ complaints: inout [Diagnostic]
  ) {
    let rule = Self.approvalRule(source, paths, diagnostics, &complaints)
    guard !source.state.isEmpty else { return }
    let (state, files) = (PolicyState(source.state), ViewedFiles(files: paths.files))
    do throws(StateFault) {
      // Also said when the officers are missing, too: who sets up an edge sees all that is to do.
      guard try state.pointer(files) != nil else {
        diagnostics.error(
          .noActivePolicy, at: paths.mark(of: source.state),
          "no version of the policy is in force yet; `homeward policy activate --config"
            + " \(diagnostics.file)` puts one into force")
        return
      }
      guard let rule, let found = try ActivePolicy.read(state, files, rule) else { return }
      active = found.version
      approvalRule = rule
      policy = found.policy
      superseded = found.superseded
      successor = found.successor
      if let fault = found.shadowFault {
        diagnostics.warning(.policyDoubt, at: paths.mark(of: source.state), "\(fault)")
      }
      for warning in found.version.warnings {
        diagnostics.warning(.policyDoubt, at: paths.mark(of: source.state), "\(warning)")
      }
    } catch {
      diagnostics.error(.policyState, at: paths.mark(of: source.state), "\(error)")
    }
  }

  /// Who must approve; nil after complaints.
  static func approvalRule(
    _ source: Configuration.PolicyLifecycle, _ paths: ConfigurationPaths,
    _ diagnostics: Diagnostics, _ complaints: inout [Diagnostic]
  ) -> ApprovalRule? {
    guard source.requiredCount > 0, paths.isUsable(source.officers),
      let file = TextFile.open(source.officers, "the officers file", paths.files, &complaints)
    else { return nil }
    let officers = Officer.read(file)
    complaints += file.sorted()
    guard !file.hasErrors else { return nil }
    let signers = Set(officers.filter { $0.retired == nil }.map(\.name))
    if signers.count < source.requiredCount {
      diagnostics.warning(
        .policyDoubt, at: paths.mark(of: source.officers),
        "\(source.requiredCount) approvals are required, but only"
          + " \(plural(signers.count, "officer")) can sign; no version can be activated")
    }
    return ApprovalRule(required: source.requiredCount, officers: officers)
  }
}

/// The version in force, read from an edge's state and loaded, with what its phases need and what
/// is shadowed.
struct ActivePolicy {
  /// What the state says.
  let version: ActiveVersion
  /// The policy.
  let policy: Policy
  /// The version before, when a phase asks for it.
  let superseded: Policy?
  /// The version that is evaluated beside them; nil when there is none, or it is in force itself.
  let successor: Policy?
  /// Why nothing is shadowed though something was to be.
  let shadowFault: StateFault?

  /// The versions as the edge decides by them.
  var pair: PolicyPair {
    PolicyPair(active: policy, superseded: superseded, successor: successor)
  }

  /// Reads and loads it; nil before the first activation.
  static func read(
    _ state: PolicyState, _ files: any StateFiles, _ rule: ApprovalRule
  ) throws(StateFault) -> ActivePolicy? {
    var policy: Policy?
    let version = try ActiveVersion(state, files, rule: rule) { identify($0, state, &policy) }
    guard let version, let policy else { return nil }
    var superseded: Policy?
    if policy.needsPredecessor, let hash = policy.supersedes.flatMap({ ContentHash($0) }) {
      _ = try SignedVersion(hash, state, files, rule: rule) { identify($0, state, &superseded) }
    }
    var (successor, shadowFault): (Policy?, StateFault?)
    do throws(StateFault) {
      if let hash = try state.shadow(files), hash != version.pointer.hash {
        successor = try state.shadowed(hash, files)
      }
    } catch {
      // It decides nothing, so that its faults keep nothing from coming into force.
      shadowFault = error
    }
    return ActivePolicy(
      version: version, policy: policy, superseded: superseded, successor: successor,
      shadowFault: shadowFault)
  }

  /// Loads the policy in `bytes` and tells what it is called.
  private static func identify(
    _ bytes: [UInt8], _ state: PolicyState, _ policy: inout Policy?
  ) -> (name: String, version: Int)? {
    policy = VersionFile.load(bytes, file: state.pointerPath).0
    return policy.map { ($0.name, $0.version) }
  }
}

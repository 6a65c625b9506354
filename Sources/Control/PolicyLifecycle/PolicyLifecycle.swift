public import Base
internal import Policy
internal import Reactor

/// Why a command of the lifecycle did not do what it was asked.
public enum LifecycleError: Error, Equatable, Sendable {
  /// The version does not come into force; the one before stays.
  case refused(ActivationRefusal)
  /// The state is damaged, busy, or cannot be written.
  case fault(StateFault)
  /// The disk failed in the middle; the next command goes on from there.
  case interrupted(StateFault, version: Int)
}

extension LifecycleError: CustomStringConvertible {
  /// What is wrong, and what to do.
  public var description: String {
    switch self {
    case .refused(let refusal): refusal.description
    case .fault(let fault): fault.description
    case .interrupted(let fault, let version):
      "\(fault)\nbringing version \(version) into force was interrupted; `homeward policy status`"
        + " tells what is in force, and the next command that changes it goes on"
    }
  }

  /// A stable word for programs.
  public var code: String {
    switch self {
    case .refused(let refusal): refusal.code
    case .fault(let fault): fault.code
    case .interrupted: "interrupted"
    }
  }
}

/// Brings versions into force, and back.
///
/// One value is one command: it takes the writers' lock when it is made and lets it go at its end.
/// Every method first brings to its end what a crash of an earlier command had interrupted.
public struct PolicyLifecycle {
  /// Where the edge keeps what is in force.
  public let state: PolicyState
  /// Who must approve.
  public let rule: ApprovalRule
  /// What a version must pass besides.
  let checks: VersionChecks
  let storage: any Storage
  let time: WallTime
  /// Held until the value is gone.
  private let lock: AnyObject
  /// The history as it is on disk.
  var history: History
  /// What is in force.
  public internal(set) var pointer: ActivePointer?
  /// The operation that had been interrupted and was brought to its end; nil when there was none.
  public internal(set) var resumed: HistoryEntry?

  /// What a command did.
  public enum Outcome: Equatable, Sendable {
    /// The version is in force since this entry.
    case inForce(HistoryEntry)
    /// It was in force already.
    case unchanged(HistoryEntry)
  }

  /// Takes the lock, reads the state, and goes on with what was interrupted. `time` is now.
  public init(
    _ state: PolicyState, rule: ApprovalRule, checks: VersionChecks, storage: any Storage,
    at time: WallTime
  ) throws(LifecycleError) {
    self.state = state
    self.rule = rule
    self.checks = checks
    self.storage = storage
    self.time = time
    let taken: AnyObject?
    do throws(SystemError) {
      try storage.makeDirectory(state.directory)
      taken = try storage.lock(state.lockPath)
    } catch {
      throw .fault(.storage(path: state.directory, error))
    }
    guard let taken else { throw .fault(.busy(path: state.lockPath)) }
    lock = taken
    do throws(StateFault) {
      (history, pointer) = try state.books(storage)
    } catch {
      throw .fault(error)
    }
    try resume()
    forgetShadowInForce()
  }
}

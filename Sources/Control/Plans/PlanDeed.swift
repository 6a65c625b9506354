internal import Base

/// A plan as acts name it: its identifier and version for people, its hash for certainty.
public struct PlanName: Hashable, Sendable {
  /// The identifier that its file gives.
  public let id: String
  /// The version that its file gives.
  public let version: Int
  /// The SHA-256 of its file, in hexadecimal digits.
  public let hash: String

  /// Names a plan.
  public init(id: String, version: Int, hash: String) {
    self.id = id
    self.version = version
    self.hash = hash
  }

  /// `id@version@hash`.
  var text: String { "\(id)@\(version)@\(hash)" }

  /// Reads what `text` writes; nil for anything else.
  init?(_ text: String) {
    let parts = text.split(separator: "@", omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 3, let version = Int(parts[1]), parts[2].utf8.count == 64 else {
      return nil
    }
    self.init(id: parts[0], version: version, hash: parts[2])
  }
}

/// What a run needs to know of its plan for as long as it lasts, beside the plan's file.
public struct PlanTerms: Hashable, Sendable {
  /// How many steps there are.
  public let stepCount: Int
  /// How many people beside the one who runs it must agree.
  public let approvalCount: Int
  /// What they may be; empty for anybody.
  public let roles: [String]
  /// What it is about, so that no other plan is: domains and regions, by name.
  public let claims: [String]
  /// What whoever runs it accepts by name, such as `S3` or `data-loss`.
  public let accepts: [String]

  /// Makes terms.
  public init(
    stepCount: Int, approvalCount: Int = 0, roles: [String] = [], claims: [String],
    accepts: [String] = []
  ) {
    self.stepCount = stepCount
    self.approvalCount = approvalCount
    self.roles = roles
    self.claims = claims
    self.accepts = accepts
  }

  /// `steps;approvals;roles;accepts`.
  fileprivate var numbers: String {
    [
      "\(stepCount)", "\(approvalCount)", roles.joined(separator: "+"),
      accepts.joined(separator: "+"),
    ].joined(separator: ";")
  }

  fileprivate init?(numbers: String, claims: String) {
    let parts = numbers.split(separator: ";", omittingEmptySubsequences: false)
    guard parts.count == 4, let steps = Chain.count(parts[0], from: 1),
      steps <= Limits.planStepCountMax, let approvals = Chain.count(parts[1])
    else { return nil }
    self.init(
      stepCount: steps, approvalCount: approvals,
      roles: parts[2].split(separator: "+").map(String.init),
      claims: claims.split(separator: ",").map(String.init),
      accepts: parts[3].split(separator: "+").map(String.init))
  }
}

/// What becomes of a run's step.
public enum StepChange: String, CaseIterable, Sendable {
  /// It is being done; a crash leaves it here, and it is done again.
  case begun
  /// The same, and from now on there is no way back.
  case begunForGood = "begun-for-good"
  /// It is done; the next one may begin.
  case done
  /// It failed, and the plan goes on without it.
  case passedOver = "passed-over"
  /// It failed, and a person must look.
  case failed
  /// It was undone on the way back.
  case undone

  /// Whether a run of many marks takes it, too: by these it stops, or ends.
  var isAlwaysTaken: Bool { self == .failed || self == .undone }
}

/// What happens to plans: the acts of people who run them, and the steps of the runs.
public enum PlanDeed: Hashable, Sendable {
  /// Somebody agrees to a plan, as one of this role.
  case approve(PlanName, role: String)
  /// A run begins.
  case begin(PlanName, PlanTerms)
  /// A step of a run changes; the words are for people.
  case step(run: Int, index: Int, StepChange, String)
  /// A run waits until somebody resumes it.
  case pause(run: Int)
  /// A run goes on.
  case resume(run: Int)
  /// A run turns back.
  case abort(run: Int)
  /// A run that can go neither on nor back is closed where it stands.
  case abandon(run: Int)
  /// A run is over.
  case end(run: Int, PlanStatus, String)

  /// The act's word and three fields in a history.
  var fields: [String] {
    switch self {
    case .approve(let plan, let role): ["plan-approve", plan.text, role, ""]
    case .begin(let plan, let terms):
      ["plan-begin", plan.text, terms.numbers, terms.claims.joined(separator: ",")]
    case .step(let run, let index, let change, let words):
      ["plan-step", "\(run)", "\(index) \(change.rawValue)", words]
    case .pause(let run): ["plan-pause", "\(run)", "", ""]
    case .resume(let run): ["plan-resume", "\(run)", "", ""]
    case .abort(let run): ["plan-abort", "\(run)", "", ""]
    case .abandon(let run): ["plan-abandon", "\(run)", "", ""]
    case .end(let run, let status, let words):
      ["plan-end", "\(run)", status.rawValue, words]
    }
  }

  /// The same with words that fit into a line.
  var asLine: PlanDeed {
    switch self {
    case .approve(let plan, let role): .approve(plan, role: Chain.clean(role))
    case .step(let run, let index, let change, let words):
      .step(run: run, index: index, change, Chain.clean(words))
    case .end(let run, let status, let words):
      .end(run: run, status, Chain.clean(words))
    case .begin, .pause, .resume, .abort, .abandon: self
    }
  }

  /// Reads what `fields` writes; nil for anything else.
  init?(_ fields: some Collection<String>) {
    let fields = Array(fields)
    guard fields.count == 4 else { return nil }
    switch fields[0] {
    case "plan-approve":
      guard let plan = PlanName(fields[1]) else { return nil }
      self = .approve(plan, role: fields[2])
    case "plan-begin":
      guard let plan = PlanName(fields[1]),
        let terms = PlanTerms(numbers: fields[2], claims: fields[3])
      else { return nil }
      self = .begin(plan, terms)
    case "plan-step":
      let parts = fields[2].split(separator: " ").map(String.init)
      guard parts.count == 2, let run = Int(fields[1]), let index = Int(parts[0]),
        let change = StepChange(rawValue: parts[1])
      else { return nil }
      self = .step(run: run, index: index, change, fields[3])
    case "plan-end":
      guard let run = Int(fields[1]), let status = PlanStatus(rawValue: fields[2]) else {
        return nil
      }
      self = .end(run: run, status, fields[3])
    default:
      guard let run = Int(fields[1]) else { return nil }
      switch fields[0] {
      case "plan-pause": self = .pause(run: run)
      case "plan-resume": self = .resume(run: run)
      case "plan-abort": self = .abort(run: run)
      case "plan-abandon": self = .abandon(run: run)
      default: return nil
      }
    }
  }
}

public import Base

/// Where a run stands.
public enum PlanStatus: String, CaseIterable, Sendable {
  /// It waits until enough people agree.
  case pendingApproval = "pending-approval"
  /// Its steps are being done, or undone.
  case inProgress = "in-progress"
  /// A step failed; a person resumes or aborts.
  case pausedByFailedStep = "paused-by-failed-step"
  /// A person paused it.
  case pausedByOperator = "paused-by-operator"
  /// Every step is done.
  case completed
  /// It reached its end, but some step was passed over.
  case completedWithExceptions = "completed-with-exceptions"
  /// It turned back, and everything is as before.
  case canceled
  /// It took too long.
  case timedOut = "timed-out"
  /// It was refused before it changed anything.
  case failed

  /// Whether more will happen.
  public var isActive: Bool {
    switch self {
    case .pendingApproval, .inProgress, .pausedByFailedStep, .pausedByOperator: true
    case .completed, .completedWithExceptions, .canceled, .timedOut, .failed: false
    }
  }
}

/// One run of a plan, as the acts so far make it: a value that everybody who reads the history has
/// alike.
///
/// INVARIANT (one step): steps are done one after the other; `stepIndex` is the one at work or the
/// next, and no act about another one is taken.
public struct PlanRun: Hashable, Sendable {
  /// What became of a step, and when.
  public struct Mark: Hashable, Sendable {
    /// The step.
    public let index: Int
    /// What.
    public let change: StepChange
    /// When.
    public let time: WallTime
    /// For people.
    public let words: String
  }

  /// How the step at `stepIndex` stands.
  public enum Phase: String, Sendable {
    /// Nothing of it was done.
    case waiting
    /// Nobody knows how much of it was done.
    case begun
    /// The same, and it went wrong.
    case failed
  }

  /// The number of the act that began it: `R-12` for people.
  public let number: Int
  /// The plan.
  public let plan: PlanName
  /// What holds for the whole run.
  public let terms: PlanTerms
  /// Who began it.
  public let warrant: Warrant
  /// When.
  public let startedAt: WallTime
  /// Where it stands.
  public internal(set) var status: PlanStatus
  /// The step at work or the next; on the way back the one to be undone, -1 when none is left.
  public internal(set) var stepIndex = 0
  /// How that step stands.
  public internal(set) var phase = Phase.waiting
  /// Whether it turned back.
  public internal(set) var isTurnedBack = false
  /// Whether a step began after which there is no way back.
  public internal(set) var isForGood = false
  /// When it changed last.
  public internal(set) var changedAt: WallTime
  /// Why it stands or ended; for people.
  public internal(set) var words = ""
  /// What became of its steps, oldest first.
  public internal(set) var marks: [Mark] = []

  /// The identifier for people.
  public var id: String { "R-\(number)" }

  /// Since when its steps may be done: its wait for approval takes nothing of its time.
  var workedSince: WallTime { marks.first?.time ?? changedAt }

  /// When a step last changed so; nil when it never did.
  public func time(_ index: Int, _ change: StepChange) -> WallTime? {
    marks.last { $0.index == index && $0.change == change }?.time
  }

  /// Takes a step's change; false when it cannot follow.
  mutating func take(
    _ index: Int, _ change: StepChange, _ words: String, at time: WallTime
  ) -> Bool {
    guard status == .inProgress, index == stepIndex, (0..<terms.stepCount).contains(index),
      marks.count < Limits.planMarkCountMax || change.isAlwaysTaken
    else { return false }
    switch change {
    case .begun, .begunForGood:
      guard phase == .waiting, !isTurnedBack || change == .begun else { return false }
      phase = .begun
      if change == .begunForGood { isForGood = true }
    case .done, .passedOver:
      guard phase == .begun, !isTurnedBack else { return false }
      phase = .waiting
      stepIndex += 1
    case .failed:
      phase = .failed
      status = .pausedByFailedStep
      self.words = words
    case .undone:
      guard isTurnedBack else { return false }
      phase = .waiting
      stepIndex -= 1
    }
    marks.append(Mark(index: index, change: change, time: time, words: words))
    changedAt = time
    return true
  }

  /// Turns back: what was begun is undone next, then what was done before.
  mutating func turnBack(_ words: String, at time: WallTime) -> Bool {
    guard status.isActive, !isForGood, !isTurnedBack else { return false }
    isTurnedBack = true
    self.words = words
    changedAt = time
    if phase == .waiting { stepIndex -= 1 }
    phase = .waiting
    status = status == .pendingApproval || stepIndex < 0 ? .canceled : .inProgress
    return true
  }

  /// Ends; false when its steps do not allow that end.
  mutating func end(_ status: PlanStatus, _ words: String, at time: WallTime) -> Bool {
    guard self.status.isActive, !status.isActive else { return false }
    let isThrough = !isTurnedBack && stepIndex == terms.stepCount
    let hasExceptions = marks.contains { $0.change == .passedOver }
    let isFit =
      switch status {
      case .completed: isThrough && !hasExceptions
      case .completedWithExceptions: isThrough
      case .canceled: isTurnedBack && stepIndex < 0
      // Only what changed nothing may end without its way back.
      case .failed, .timedOut: stepIndex <= 0 && phase == .waiting
      case .pendingApproval, .inProgress, .pausedByFailedStep, .pausedByOperator: false
      }
    guard isFit else { return false }
    self.status = status
    self.words = words
    changedAt = time
    return true
  }
}

public import Base
internal import Clinical
public import HTTP
internal import Origins
internal import Policy

/// What an answer turned out to hold, beyond what the request told.
public struct LabelFinding: Equatable, Sendable {
  /// The class to ask policy with.
  public let dataClass: DataClass
  /// The confidentiality to ask policy with.
  public let sensitivity: Sensitivity
  /// Whether the answer was read; one that cannot be may hold any category.
  public let isReadable: Bool
}

/// Reads an answer for its labels and says when it may go to the client.
///
/// Sans I/O: the driver keeps the bytes while they are held back. Up to `byteCountMax` nothing is
/// let go before the answer is complete; a longer one goes on in pieces, each read before it goes.
/// INVARIANT (read first): no byte goes to the client that was not read, nor any behind a finding
/// that policy does not permit. One owner.
public final class LabelGate {
  /// What the driver does next.
  public enum Step: Equatable, Sendable {
    /// Keep what came; the origin may send as much again.
    case hold
    /// What was held and what just came may go to the client.
    case pass
    /// Nothing more may go: policy does not permit what was found.
    case stop
  }

  private var labels: ResponseLabels?
  private let assumed: Classification
  private let byteCountMax: Int
  private var byteCount = 0
  private var isHolding = true
  /// What was found last, permitted or not; nil while it is what was assumed.
  public private(set) var finding: LabelFinding?

  /// Begins with an answer; `labels` is nil when it cannot be read.
  init(_ labels: ResponseLabels?, assumed: Classification, byteCountMax: Int) {
    self.labels = labels
    self.assumed = assumed
    self.byteCountMax = byteCountMax
  }

  /// The next piece came; `permits` asks the policy about a finding.
  public func received(
    _ bytes: UnsafeRawBufferPointer, permits: (LabelFinding) -> Bool
  ) -> Step {
    guard unsafe !bytes.isEmpty else { return isHolding ? .hold : .pass }
    byteCount += bytes.count
    unsafe labels?.feed(bytes)
    guard asks(permits) else { return .stop }
    if byteCount > byteCountMax || labels == nil { isHolding = false }
    return isHolding ? .hold : .pass
  }

  /// The answer is complete.
  public func ended(permits: (LabelFinding) -> Bool) -> Step {
    isHolding = false
    guard byteCount > 0 else { return .pass }
    labels?.finish()
    return asks(permits) ? .pass : .stop
  }

  /// The held bytes are needed elsewhere: lets go of what was read.
  public func release() { isHolding = false }

  /// Whether nothing new was found, or policy permits it.
  private func asks(_ permits: (LabelFinding) -> Bool) -> Bool {
    let next = current
    guard next != finding, let next else { return true }
    finding = next
    return permits(next)
  }

  /// What is known so far; nil while it is what was assumed.
  private var current: LabelFinding? {
    guard let labels, labels.fault == nil else { return unreadable }
    guard let higher = labels.summary.escalation(over: assumed) else { return nil }
    return LabelFinding(
      dataClass: higher.dataClass, sensitivity: higher.sensitivity, isReadable: true)
  }

  /// What is assumed of an answer that cannot be read: any category, unless that was assumed, and
  /// whatever was found before.
  private var unreadable: LabelFinding? {
    let found = labels?.summary.escalation(over: assumed)
    let next = LabelFinding(
      dataClass: (found?.dataClass ?? assumed.dataClass).unread,
      sensitivity: (found?.sensitivity ?? assumed.sensitivity).unread, isReadable: false)
    let isSame =
      next.dataClass == assumed.dataClass && next.sensitivity == assumed.sensitivity
    return isSame ? nil : next
  }
}

extension DataClass {
  /// The class of an answer of this one that cannot be read.
  fileprivate var unread: DataClass {
    switch self {
    case .behavioralHealth, .substanceUse, .reproductiveHealth, .bulk, .unknown: self
    default: .mixed
    }
  }
}

extension Sensitivity {
  /// The sensitivity of an answer of this one that cannot be read.
  fileprivate var unread: Sensitivity { self == .normal ? .unknown : self }
}

extension Decision {
  /// Takes what the answer's labels say for what is asked for.
  mutating func take(_ finding: LabelFinding) {
    facts.dataClass = finding.dataClass
    facts.sensitivity = finding.sensitivity
    classification.mayContainRestricted = true
    classification.ambiguity = finding.isReadable ? .labelled : .unreadableAnswer
    plan = nil
    narrowed.removeAll()
    refusal = nil
    neededAssurance = nil
    judgesAnswer = false
  }

  /// Whether the policy, asked with a finding, would let the choice at `index` answer as it does:
  /// from there, that old, recorded as durably, under no further obligation.
  func permits(_ finding: LabelFinding, choice index: Int, _ snapshot: Snapshot) -> Bool {
    guard let plan, index < narrowed.choices.count else { return false }
    var asked = facts
    asked.dataClass = finding.dataClass
    asked.sensitivity = finding.sensitivity
    let decided = snapshot.policies.decide(asked)
    guard case .permit = decided.plan.verdict,
      decided.plan.obligations.isSubset(of: plan.obligations),
      plan.durability.covers(decided.plan.durability)
    else { return false }
    return serves(narrowed.choices[index], by: decided.plan, of: decided.source, snapshot)
  }

  /// Whether a plan lets a choice answer as it does: from there, that old.
  private func serves(
    _ choice: NarrowedPlan.Choice, by plan: Plan, of source: PolicyPair.Source,
    _ snapshot: Snapshot
  ) -> Bool {
    let region = snapshot.topology.region(of: choice.endpoint)
    let tier = snapshot.topology.tier(of: choice.endpoint)
    let view = source == .superseded ? snapshot.policies.superseded : nil
    for candidate in plan.candidates where candidate.tier == tier {
      let known = view.map { $0.region(candidate.region) } ?? candidate.region
      guard known == region, !candidate.isMarkedStale || choice.isMarkedStale else { continue }
      guard let bound = candidate.stalenessMillisecondsMax else { return true }
      if let lag = choice.lagMilliseconds, lag <= UInt64(bound) { return true }
    }
    return false
  }
}

extension JudgedRequest {
  /// Finds out whether the answer must be read for its labels: whether there is anything that it
  /// could be found to hold, for which the policy would not permit one of the choices. If so, asks
  /// origins for an answer that can be read. Done once a decision, before `prepareRequest`; costs
  /// nothing where the request tells that nothing restricted can come.
  public mutating func planLabels(_ snapshot: Snapshot) {
    let classification = decision.classification
    guard classification.mayContainRestricted, classification.isFHIR, decision.refusal == nil,
      decision.facts.dataClass != .bulk
    else { return }
    decision.judgesAnswer = decision.couldEscalate(snapshot)
    guard decision.judgesAnswer else { return }
    askForPlainAnswer()
    // What the labels say may ask for a reason, which origins are not told.
    Decider.takeReason(head, into: &decision)
  }

  /// What reads the answer whose head is `answer`; nil when it may go to the client as it comes.
  public func labelGate(_ answer: borrowing ResponseHead, _ snapshot: Snapshot) -> LabelGate? {
    guard decision.judgesAnswer, (200..<300).contains(answer.status),
      answer.contentLength != 0
    else { return nil }
    var assumed = decision.classification
    assumed.dataClass = decision.facts.dataClass
    assumed.sensitivity = decision.facts.sensitivity
    return LabelGate(
      reader(answer, snapshot), assumed: assumed, byteCountMax: snapshot.limits.labelBytesMax)
  }

  /// Whether the policy permits what the answer of a choice was found to hold.
  public func permits(_ finding: LabelFinding, choice: Int, _ snapshot: Snapshot) -> Bool {
    decision.permits(finding, choice: choice, snapshot)
  }

  /// What reads an answer; nil when nothing can.
  private func reader(
    _ answer: borrowing ResponseHead, _ snapshot: Snapshot
  ) -> ResponseLabels? {
    let types = answer.fields.lines(named: "content-type")
    let isEncoded = answer.fields.lines(named: "content-encoding").contains { line in
      unsafe answer.fields.withValue(line) { unsafe !$0.equalsFolded("identity") }
    }
    guard types.count == 1, !isEncoded else { return nil }
    return unsafe answer.fields.withValue(types[0]) {
      unsafe ResponseLabels(snapshot.classifier, contentType: $0)
    }
  }
}

extension Decision {
  /// What labels may name beyond the request's own class.
  private static let labelledClasses: [DataClass] = [
    .mixed, .behavioralHealth, .substanceUse, .reproductiveHealth,
  ]
  private static let labelledSensitivities: [Sensitivity] = [
    .unknown, .restricted, .veryRestricted,
  ]

  /// Whether an answer could be found to hold what the policy treats otherwise.
  fileprivate func couldEscalate(_ snapshot: Snapshot) -> Bool {
    guard let plan else { return false }
    if source == .active,
      snapshot.policies.isIndifferent(
        facts, classes: Self.labelledClasses, sensitivities: Self.labelledSensitivities)
    {
      return !narrowed.choices.allSatisfy { serves($0, by: plan, of: .active, snapshot) }
    }
    return isRefused(facts.dataClass, snapshot)
      || Self.labelledClasses.contains { isRefused($0, snapshot) }
  }

  /// Whether some choice might not answer with data of this class.
  private func isRefused(_ dataClass: DataClass, _ snapshot: Snapshot) -> Bool {
    Self.labelledSensitivities.contains { sensitivity in
      let finding = LabelFinding(dataClass: dataClass, sensitivity: sensitivity, isReadable: true)
      return narrowed.choices.indices.contains { !permits(finding, choice: $0, snapshot) }
    }
  }
}

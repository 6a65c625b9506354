public import Base
internal import Cache
internal import Clinical
internal import Directory
public import HTTP
public import Origins
internal import Policy

/// Turns request heads into decisions: facts, plan, narrowed plan. Owned by one loop.
public struct Decider: ~Copyable {
  private var random: SplitMix64
  private var steps: [Step] = []
  private var differences = PolicyDifferences()

  /// Opens session tokens; nil where there are none.
  public var sessions: SessionSealer?

  /// Makes a decider whose identifiers and random choices follow `seed`.
  public init(seed: UInt64) { random = SplitMix64(seed: seed) }

  /// Decides one request. Reads nothing but its arguments.
  public mutating func decide(
    _ head: borrowing RequestHead, snapshot: Snapshot, health: HealthSnapshot,
    loads: EndpointLoads, now: Instant, time: WallTime, into decision: inout Decision
  ) {
    decision.id = DecisionID(at: time, random: &random)
    decision.time = time
    gather(head, snapshot, into: &decision)
    readSession(head, snapshot, into: &decision)
    if decision.refusal == nil { identify(head, snapshot, into: &decision) }
    if decision.refusal != nil { return }
    judge(head, snapshot: snapshot, health: health, loads: loads, now: now, into: &decision)
  }

  /// Asks the policy with the facts at hand, and narrows its plan.
  private mutating func judge(
    _ head: borrowing RequestHead, snapshot: Snapshot, health: HealthSnapshot,
    loads: EndpointLoads, now: Instant, into decision: inout Decision
  ) {
    let decided = snapshot.policies.decide(decision.facts)
    let plan = decided.plan
    decision.plan = plan
    decision.source = decided.source
    decision.other = decided.other
    if let other = decided.other {
      differences.phases.add(DifferenceTable.Key(decided, decision.facts.dataClass, other))
    }
    if snapshot.policies.successor != nil {
      differences.comparedCount &+= 1
      if let other = snapshot.policies.successorDifference(decision.facts, from: decided) {
        differences.shadow.add(DifferenceTable.Key(decided, decision.facts.dataClass, other))
      }
    }
    if case .refuse(let kind) = plan.verdict {
      decision.refusal = refusal(kind)
      return
    }
    demand(plan.obligations, head, into: &decision)
    if decision.refusal != nil { return }
    steps.removeAll(keepingCapacity: true)
    let view = decided.source == .superseded ? snapshot.policies.superseded : nil
    for candidate in plan.candidates {
      steps.append(
        Step(
          // The pair keeps only candidates whose regions the active version has, too.
          region: view?.region(candidate.region) ?? candidate.region, tier: candidate.tier,
          stalenessMillisecondsMax: candidate.stalenessMillisecondsMax,
          isMarkedStale: candidate.isMarkedStale, orderGroup: candidate.orderGroup))
    }
    decision.narrowedAt = now
    decision.failoverSeen = snapshot.cacheSetting?.store.generations.newestFailover ?? 0
    Narrowing.narrow(
      steps, intent: decision.facts.operation.isSafe ? .read : .write,
      home: decision.facts.home, place: decision.facts.location,
      allowsReplicas: decision.classification.canUseReplica,
      snapshot: health, loads: loads,
      at: now, using: &random,
      into: &decision.narrowed)
    decision.cacheStep = decision.findCacheStep(head.method, snapshot)
    if decision.session.mark != nil { keepSession(health, into: &decision) }
    if decision.refusal != nil { return }
    // A stored answer may do where nobody else can.
    if decision.narrowed.choices.isEmpty, decision.cacheStep == nil {
      switch decision.narrowed.authorityWait {
      case .none: decision.refusal = .unavailable
      case .moving: decision.refusal = .authorityMoving
      case .stopped: decision.refusal = .authorityStopped
      }
    }
  }

  /// Decides once more, since what is known of the endpoints changed: the same facts at another
  /// time.
  public mutating func decideAgain(
    _ head: borrowing RequestHead, snapshot: Snapshot, health: HealthSnapshot,
    loads: EndpointLoads, now: Instant, time: WallTime, into decision: inout Decision
  ) {
    decision.id = DecisionID(at: time, random: &random)
    decision.time = time
    decision.facts.time = time
    decision.refusal = nil
    judge(head, snapshot: snapshot, health: health, loads: loads, now: now, into: &decision)
  }

  /// Decides once more, since the answer's labels say more than the request: the same facts but
  /// for class and sensitivity. Unless origins may be asked again, the answer is kept back.
  public mutating func reconsider(
    _ head: borrowing RequestHead, _ finding: LabelFinding, mayAskAgain: Bool, snapshot: Snapshot,
    health: HealthSnapshot, loads: EndpointLoads, now: Instant, time: WallTime,
    into decision: inout Decision
  ) {
    decision.id = DecisionID(at: time, random: &random)
    decision.time = time
    decision.take(finding)
    judge(head, snapshot: snapshot, health: health, loads: loads, now: now, into: &decision)
    // Whoever changed something must not take this for the refusal of the change.
    let isRead = decision.machineRequest(head).method.isSafe
    if !isRead || (!mayAskAgain && decision.refusal == nil) { decision.refusal = .answerWithheld }
  }

  /// The differences between policy versions since the last call; nil when none were looked for.
  public mutating func takeDifferences() -> PolicyDifferences? {
    guard !differences.isEmpty else { return nil }
    defer { differences = PolicyDifferences() }
    return differences
  }

  /// Decides a request that a codec could not hand on: it gets an identifier and its refusal, and
  /// no fact is guessed from what could not be read.
  public mutating func refuse(
    _ fault: RequestFault, time: WallTime, into decision: inout Decision
  ) {
    decision.id = DecisionID(at: time, random: &random)
    decision.time = time
    decision.facts.location = decision.client.place
    decision.isUnread = true
    decision.refusal = Refusal(fault)
  }

  /// Facts from the target, the directory and the connection; a refusal when they contradict.
  private func gather(
    _ head: borrowing RequestHead, _ snapshot: Snapshot, into decision: inout Decision
  ) {
    decision.facts.location = decision.client.place
    decision.facts.time = decision.time
    decision.facts.hour = UInt8(decision.time.microseconds / 3_600_000_000 % 24)
    decision.facts.directoryAgeSeconds = snapshot.directory?.ageSeconds(at: decision.time)
      .map { UInt32(clamping: $0) }
    let classification = decision.body?.classification ?? Self.classify(head, snapshot)
    decision.classification = classification
    decision.facts.operation = classification.operation
    decision.facts.dataClass = classification.dataClass
    decision.facts.sensitivity = classification.sensitivity
    if let directory = snapshot.directory,
      let patient = unsafe decision.withPatient(head, { unsafe directory.lookup($0) }) ?? nil
    {
      decision.facts.home = snapshot.home(of: patient)
      decision.facts.residency = patient.residency
      decision.facts.consent = patient.consent
      decision.protect(patient.flags)
    } else if let patients = decision.body?.patients {
      decision.facts.home = patients.home
      decision.facts.residency = patients.residency
      decision.facts.consent = patients.consent
      decision.protect(patients.flags)
    }
    if head.method == .trace || head.method == .connect { decision.refusal = .methodRefused }
    switch decision.classification.refusal {
    case nil: break
    case .twoPatients: decision.refusal = .severalPatients
    case .malformedPath, .malformedQuery, .malformedID, .tooManyParameters, .malformedBody,
      .duplicateKey, .bodyContradicts:
      decision.refusal = .invalid
    }
    if let reason = decision.body?.refusal { decision.refusal = reason }
  }

  /// What method and target say, with two ids of one person taken for one.
  static func classify(_ head: borrowing RequestHead, _ snapshot: Snapshot) -> Classification {
    let method = ClinicalMethod(head.method)
    let pathCount = head.pathCount
    return unsafe head.target.withUnsafeBytes { target in
      var classification = unsafe snapshot.classifier.classify(
        method: method, target: target, pathCount: pathCount)
      if let directory = snapshot.directory {
        unsafe join(&classification, target, directory)
      }
      return classification
    }
  }

  /// Two ids of one person are one patient: the directory knows which record was merged into which.
  private static func join(
    _ classification: inout Classification, _ target: UnsafeRawBufferPointer,
    _ directory: PatientDirectory
  ) {
    guard classification.refusal == .twoPatients, let pair = classification.pair,
      unsafe directory.isSamePerson(
        UnsafeRawBufferPointer(rebasing: target[pair.first]),
        UnsafeRawBufferPointer(rebasing: target[pair.second]))
    else { return }
    classification.refusal = nil
    classification.patient = .one(pair.first)
  }

  private func refusal(_ kind: RefusalKind) -> Refusal {
    switch kind {
    case .forbidden: .forbidden
    case .unauthenticated: .unauthenticated
    case .noRule: .noRule
    case .unavailable: .homeUnknown
    }
  }
}

extension ClinicalMethod {
  /// The method as the classifier sees it.
  init(_ method: Method) {
    switch method {
    case .get: self = .get
    case .head: self = .head
    case .post: self = .post
    case .put: self = .put
    case .patch: self = .patch
    case .delete: self = .delete
    case .options, .trace, .connect, .other: self = .other
    }
  }
}

public import Audit
public import Base
internal import Cache
internal import Clinical
public import HTTP
internal import Identity
internal import Origins
internal import Policy

extension Decision {
  /// Writes the decision to `record`, whose memory is reused. The patient's id is the caller's to
  /// add: it lies in the request's target.
  public func fill(
    _ record: inout DecisionRecord, loop: UInt16, method: HTTP.Method, snapshot: Snapshot
  ) {
    record.reset()
    record.id = AuditID(high: id.high, low: id.low)
    record.time = time
    record.loop = loop
    fillClient(&record)
    record.method = .text(method.rawValue)
    record.operation = facts.operation
    record.resourceType = .literal(classification.resourceType.name)
    record.dataClass = facts.dataClass
    record.sensitivity = facts.sensitivity
    record.mayContainRestricted = classification.mayContainRestricted
    record.confidence = .text(classification.confidence.rawValue)
    record.ambiguity = .literal(classification.ambiguity.word)
    record.home = homeName(snapshot)
    record.residency = facts.residency
    record.consent = facts.consent
    record.role = facts.role
    record.purpose = facts.purpose
    fillConditions(&record, snapshot)
    fillPlan(&record, snapshot)
  }

  /// The home as the version that decided was asked: by that version's name, and none when it does
  /// not know the region. A replay under that version then asks the same.
  private func homeName(_ snapshot: Snapshot) -> Name {
    guard let home = facts.home else { return .empty }
    guard source == .superseded, let view = snapshot.policies.superseded else {
      return .bytes(snapshot.names.regions[Int(home.index)])
    }
    guard let region = view.own(home) else { return .empty }
    return .bytes(snapshot.names(of: self).regions[Int(region.index)])
  }

  private func fillConditions(_ record: inout DecisionRecord, _ snapshot: Snapshot) {
    record.conditions.breakGlass = facts.breakGlass
    record.conditions.assurance = facts.assurance
    record.conditions.device = facts.device
    record.conditions.ownRecord = facts.ownRecord
    record.conditions.scope = facts.scope
    switch facts.tenant {
    case .named(let index):
      record.conditions.tenant = .bytes(snapshot.names(of: self).tenants[Int(index)])
    case .other: record.conditions.isTenantOther = true
    case .unknown: break
    }
    record.conditions.directoryAgeSeconds = facts.directoryAgeSeconds
    record.conditions.authenticationAgeSeconds = facts.authenticationAgeSeconds
    record.conditions.hour = facts.hour
    record.conditions.identityProvenance = provenance
    record.conditions.patientProvenance = facts.home == nil ? .none : .directory
  }

  /// What role, purpose and the like were taken from: a token weighs more than a certificate.
  private var provenance: IdentityProvenance {
    if case .token? = identification.subject?.source { return .token }
    return client.subject == nil ? .none : .certificate
  }

  private func fillClient(_ record: inout DecisionRecord) {
    if !statedReason.isEmpty { record.statedReason = .bytes(statedReason) }
    let address = client.address.address
    record.address =
      address.isIPv4
      ? .v4(UInt32(truncatingIfNeeded: address.bits))
      : .v6(
        high: UInt64(truncatingIfNeeded: address.bits >> 64),
        low: UInt64(truncatingIfNeeded: address.bits))
    record.addressProvenance =
      client.address.provenance == .connection ? .connection : .trustedProxy
    record.location = client.place
    record.locationProvenance = client.place == .unknown ? .unknown : client.placeProvenance
    // Who proved himself by a token weighs more than the machine that he uses.
    if let subject = identification.subject {
      record.subject = .bytes(subject.recordName)
    } else if let subject = client.subject {
      record.subject = .text(subject)
    }
  }

  private func fillPlan(_ record: inout DecisionRecord, _ snapshot: Snapshot) {
    let names = snapshot.names
    let words = snapshot.names(of: self)
    record.policyName = .bytes(words.policyName)
    record.policyVersion = UInt64(snapshot.policy(of: self).version)
    record.policyHash = .bytes(words.policyHash)
    guard let plan else {
      record.verdict = refusal == .unauthenticated ? .refuse(.unauthenticated) : .reject
      if let refusal { record.reason = .text(refusal.rawValue) }
      return
    }
    record.phase = snapshot.policies.phase(of: facts.dataClass).name
    record.cacheVerdict =
      plan.cacheRow == nil ? "none" : cacheStep == nil ? "bypass" : "asked"
    if let index = plan.ruleIndex { record.rule = .bytes(words.rules[index]) }
    switch plan.verdict {
    case .refuse(let kind): record.verdict = .refuse(kind)
    case .permit: record.verdict = refusal.map { .refuse($0.kind) } ?? .permit
    }
    if let refusal { record.reason = .text(refusal.rawValue) }
    record.durability = plan.durability
    record.obligations = plan.obligations
    for candidate in plan.candidates {
      record.candidates.append(
        RecordedCandidate(
          region: .bytes(words.regions[Int(candidate.region.index)]), tier: candidate.tier,
          stalenessMilliseconds: candidate.stalenessMillisecondsMax,
          isMarked: candidate.isMarkedStale))
    }
    for removed in narrowed.removed {
      record.removals.append(
        RecordedRemoval(
          candidateIndex: removed.step,
          endpoint: removed.endpoint.map { .bytes(names.endpoints[Int($0.index)]) } ?? .empty,
          reason: RemovalReason(removed.reason)))
    }
    if let first = narrowed.choices.first {
      let region = snapshot.topology.region(of: first.endpoint)
      record.region = .bytes(names.regions[Int(region.index)])
      record.endpoint = .bytes(names.endpoints[Int(first.endpoint.index)])
    }
  }
}

extension JudgedRequest {
  /// The data class that was decided on, by which records go to their log.
  public var dataClass: DataClass { decision.facts.dataClass }
}

extension Refusal {
  /// What stands in a record when the policy permits and the edge refuses nevertheless.
  fileprivate var kind: RefusalKind {
    switch self {
    case .unauthenticated, .stepUpRequired: .unauthenticated
    case .reasonRequired, .purposeNotGranted, .obligationUnmet: .forbidden
    default: .unavailable
    }
  }
}

extension Phase {
  /// The stored word, made without memory.
  fileprivate var name: Name {
    switch self {
    case .enforce: "enforce"
    case .observe: "observe"
    case .shadow: "shadow"
    }
  }
}

extension RemovalReason {
  /// The audit log's word for a removal.
  init(_ removal: Removal) {
    switch removal {
    case .down, .ejected, .suppressed, .overloaded, .saturated: self = .unhealthy
    case .draining: self = .drained
    case .lagging, .behindSession: self = .stale
    case .unmeasured: self = .lagUnknown
    case .notPrimary, .conflict, .oldEpoch, .authorityElsewhere, .authorityMoving,
      .authorityStopped:
      self = .notAuthority
    case .noEndpoint: self = .noEndpoint
    case .replicaUnfit: self = .replicaNotAllowed
    case .drained: self = .drained
    case .evacuated, .heldOut, .ramping: self = .overridden
    }
  }
}

extension Outcome {
  /// Writes the outcome of `decision` to `record`, which is new.
  public func fill(
    _ record: inout OutcomeRecord, of decision: borrowing Decision, loop: UInt16,
    snapshot: Snapshot
  ) {
    record.id = AuditID(high: decision.id.high, low: decision.id.low)
    let total = endedAt.microseconds(since: startedAt)
    record.time = WallTime(microseconds: decision.time.microseconds + total)
    record.loop = loop
    record.status = status
    record.bytesIn = requestBytes
    record.bytesOut = responseBytes
    record.connectMicroseconds = connectedAt?.microseconds(since: startedAt)
    record.firstByteMicroseconds = answeredAt?.microseconds(since: startedAt)
    record.totalMicroseconds = total
    record.attempts = UInt16(attemptCount)
    record.isHedged = isHedged
    record.termination = termination
    record.labelledClass = finding?.dataClass
    record.labelledSensitivity = finding?.sensitivity
    if let error = refusal?.proxyError { record.proxyError = .literal(error) }
    if let cache { record.cache = CacheRecord(cache, of: decision, snapshot) }
    if let hit = cache?.hit, refusal == nil {
      return fillHit(&record, hit, of: decision, snapshot)
    }
    guard refusal == nil, let endpoint else { return }
    let region = snapshot.topology.region(of: endpoint)
    record.region = .bytes(snapshot.names.regions[Int(region.index)])
    record.endpoint = .bytes(snapshot.names.endpoints[Int(endpoint.index)])
    record.tier = snapshot.topology.tier(of: endpoint)
    if let choice = decision.narrowed.choices.first(where: { $0.endpoint == endpoint }) {
      record.lagMilliseconds = choice.lagMilliseconds
      record.isMarked = choice.isMarkedStale
    }
  }

  /// Writes where a stored answer came from, and how old it was.
  private func fillHit(
    _ record: inout OutcomeRecord, _ hit: ServableHit, of decision: borrowing Decision,
    _ snapshot: Snapshot
  ) {
    if let name = snapshot.regionName(of: hit, decision) { record.region = .bytes(name) }
    record.tier = .cache
    record.lagMilliseconds = hit.ageMilliseconds
    record.isMarked = decision.isMarkedStale(hit)
  }

  private var termination: Termination {
    switch (end, refusal) {
    case (.complete, _): .completed
    case (.clientAborted, _): .clientAborted
    case (.originAborted, _): .originFault
    case (.withheld, _): .withheld
    case (.refused, .auditUnavailable): .auditUnavailable
    case (.refused, .originConnect): .originUnreachable
    case (.refused, .originTimeout): .originTimeout
    case (.refused, .originReset), (.refused, .originMalformed): .originFault
    case (.refused, _): .answered
    }
  }
}

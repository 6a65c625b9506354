public import Base
public import Cache
internal import Clinical
internal import HTTP
internal import Identity
public import Origins
internal import Policy

/// What would happen to a request in this edge's cache, and why; for people.
public struct CacheAdvice: Sendable {
  /// `refused`, `bypass`, `miss`, `filling`, `hit`, `stale-hit`, `validate`, `ended` or `withheld`.
  public var verdict: String
  /// Why, in a word of the policy, the cache or the edge; nil when there is nothing to add.
  public var reason: String?
  /// The policy's name and version, and the rule that decided.
  public var policy: String
  /// What kind of data is asked for.
  public var dataClass: DataClass
  /// How confidential it is.
  public var sensitivity: Sensitivity
  /// The row of the matrix, from 1; nil when the request has none.
  public var row: Int?
  /// What the key is made of, by name; empty for a request that has none.
  public var keyParts: [String] = []
  /// What ends an entry of the row early, by name.
  public var endings: [String] = []
  /// Whether an origin's answer may be kept, if it says so itself.
  public var stores = false
  /// How old a stored answer may be, milliseconds.
  public var stalenessMillisecondsMax: UInt64?
  /// What is stored; nil when nothing is, or nothing that this request may be given.
  public var evidence: HitEvidence?
}

extension Snapshot {
  /// What would become of a request. Leaves no trace: nothing is recorded, counted or begun.
  public func cacheAdvice(
    _ request: inout JudgedRequest, by decider: inout Decider, health: HealthSnapshot,
    loads: EndpointLoads, now: Instant, time: WallTime
  ) -> CacheAdvice {
    request.decide(
      by: &decider, snapshot: self, health: health, loads: loads, now: now, time: time)
    let decision = request.decision
    let rule = names(of: decision).policy(decision.plan?.ruleIndex)
    var advice = CacheAdvice(
      verdict: "bypass", policy: String(decoding: rule, as: UTF8.self),
      dataClass: decision.facts.dataClass, sensitivity: decision.facts.sensitivity,
      row: decision.plan?.cacheRow.map { $0 + 1 })
    let fault = decision.identification.fault.map { " (\($0.rawValue))" } ?? ""
    let peer = decision.client.address.address
    if let refusal = decision.refusal
      ?? request.prepareRequest(
        peer: peer, isPeerTrusted: false, received: .http2, limits: limits.http)
    {
      advice.verdict = "refused"
      advice.reason = refusal.rawValue + fault
      return advice
    }
    guard let step = decision.cacheStep, let ruling = request.cacheRuling(self) else {
      advice.reason = bypassReason(decision)
      return advice
    }
    advice.keyParts = ruling.row.rules.keyNames
    advice.endings = ruling.row.rules.invalidations.names
    advice.stalenessMillisecondsMax = decision.plan?.candidates[Int(step)].stalenessMillisecondsMax
      .map { UInt64($0) }
    var builder = KeyBuilder()
    let use = CacheUse(request, ruling, hasBody: false, &builder)
    guard let key = use.key, let store = cacheSetting?.store else {
      advice.reason = use.status.bypass?.rawValue
      return advice
    }
    advice.stores = ruling.mayStore && request.mayBeFilled && use.facts.mayBeStored
    switch store.explain(key, use.facts, ruling, at: now) {
    case .miss: advice.verdict = "miss"
    case .filling: advice.verdict = "filling"
    case .bypass(let reason):
      advice.verdict = "withheld"
      advice.reason = reason.rawValue
    case .dead(let reason):
      advice.verdict = "ended"
      advice.reason = reason.rawValue
    case .hit(let evidence): (advice.verdict, advice.evidence) = ("hit", evidence)
    case .staleHit(let evidence): (advice.verdict, advice.evidence) = ("stale-hit", evidence)
    case .validate(let evidence): (advice.verdict, advice.evidence) = ("validate", evidence)
    }
    return advice
  }

  /// Why the cache is not asked for a permitted request.
  private func bypassReason(_ decision: borrowing Decision) -> String {
    guard let plan = decision.plan, plan.cacheRow != nil else { return "never-stored" }
    guard let cache = cachePlan(of: decision) else { return "no-cache-here" }
    guard plan.candidates.contains(where: { $0.tier == .cache && $0.region == cache.here }) else {
      return "no-cache-in-plan"
    }
    if decision.classification.mayContainRestricted { return "may-hold-protected" }
    return "request-not-kept"
  }
}

extension JudgedRequest {
  /// Whether the request asks for a whole answer, as a fill does.
  fileprivate var mayBeFilled: Bool { head.method == .get }
}

extension RowRules {
  /// What keys of the row are made of, by the names that policies and HTTP use.
  fileprivate var keyNames: [String] {
    var names = ["target", "region", "tenant", "class", "sensitivity"]
    let parts: [(KeyParts, String)] = [
      (.role, "role"), (.purpose, "purpose"), (.user, "user"), (.patient, "patient"),
      (.consent, "consent"), (.policy, "policy"), (.view, "view"),
    ]
    for (part, name) in parts where keyParts.contains(part) { names.append(name) }
    if seal == .user, !keyParts.contains(.user) { names.append("user") }
    return names + representation.map { "\($0.name)" }
  }
}

extension Invalidations {
  /// The policy's words.
  fileprivate var names: [String] {
    let events: [(Invalidations, String)] = [
      (.write, "write"), (.patientWrite, "patient-write"), (.consent, "consent"),
      (.policy, "policy"), (.failover, "failover"),
    ]
    return events.filter { contains($0.0) }.map(\.1)
  }
}

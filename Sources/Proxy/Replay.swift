public import Audit
internal import Base
public import Policy

/// What deciding a recorded request once more gave.
public enum ReplayVerdict: Equatable, Sendable {
  /// The same plan for the same reason.
  case agrees
  /// The request was refused before the policy was asked.
  case notAsked
  /// Something else; says what.
  case differs(String)
}

extension DecisionRecord {
  /// What the policy was asked; nil when the record names a region that the policy does not have.
  public func facts(under policy: Policy) -> Facts? {
    var facts = Facts(
      operation: operation, dataClass: dataClass, sensitivity: sensitivity, residency: residency,
      location: location, role: role, purpose: purpose, consent: consent,
      breakGlass: conditions.breakGlass)
    if home != .empty {
      guard let region = policy.region(named: home.string) else { return nil }
      facts.home = region
    }
    facts.assurance = conditions.assurance
    facts.device = conditions.device
    facts.ownRecord = conditions.ownRecord
    facts.scope = conditions.scope
    if conditions.isTenantOther { facts.tenant = .other }
    if conditions.tenant != .empty { facts.tenant = policy.tenant(named: conditions.tenant.string) }
    facts.directoryAgeSeconds = conditions.directoryAgeSeconds
    facts.authenticationAgeSeconds = conditions.authenticationAgeSeconds
    facts.hour = conditions.hour
    facts.time = time
    return facts
  }

  /// Whether a policy was asked at all: who proved nothing, or sent what could not be read, was
  /// refused before.
  public var wasAsked: Bool {
    verdict != .reject && !(verdict == .refuse(.unauthenticated) && candidates.isEmpty)
  }

  /// Decides once more under `policy`, from the recorded facts alone, and compares the plan. What
  /// health and lag made of the plan is not compared: that was so at that moment only.
  public func replay(under policy: Policy) -> ReplayVerdict {
    guard wasAsked else { return .notAsked }
    guard let facts = facts(under: policy) else {
      return .differs("the policy has no region `\(home.string)`")
    }
    let plan = policy.plan(for: facts)
    switch (plan.verdict, verdict) {
    case (.permit, .permit): break
    // The plan was lawful: nothing healthy and fresh enough was left of it, or the request did not
    // meet its obligations. A policy that refuses names no candidates.
    case (.permit, .refuse(.unavailable)) where !candidates.isEmpty: break
    case (.permit, .refuse(.unauthenticated)) where !candidates.isEmpty: break
    case (.permit, .refuse(.forbidden)) where !candidates.isEmpty && !obligations.isEmpty: break
    case (.refuse(let now), .refuse(let then)) where now == then: break
    case (.refuse(let now), _):
      return .differs("verdict \(now.rawValue) instead of \(verdict.word)")
    case (.permit, _): return .differs("verdict permit instead of \(verdict.word)")
    }
    let newRule = plan.ruleIndex.map { policy.rules[$0].id } ?? ""
    if newRule != rule.string {
      return .differs("rule \(newRule.isEmpty ? "none" : newRule) instead of \(rule.string)")
    }
    if plan.durability != durability {
      return .differs("durability \(plan.durability.rawValue) instead of \(durability.rawValue)")
    }
    if plan.obligations != obligations { return .differs("other obligations") }
    let isSamePlan =
      isTruncated
      || plan.candidates.elementsEqual(candidates) { now, then in
        policy.regionName(now.region) == then.region.string && now.tier == then.tier
          && now.stalenessMillisecondsMax == then.stalenessMilliseconds
          && now.isMarkedStale == then.isMarked
      }
    return isSamePlan ? .agrees : .differs("other candidates")
  }
}

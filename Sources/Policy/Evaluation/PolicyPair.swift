public import Base

/// The version in force and the one that it supersedes, joined by the phases of the former; beside
/// them perhaps a candidate to succeed, which decides nothing.
///
/// Immutable; any thread. In the phase `enforce` it costs one look at a table.
public struct PolicyPair: Sendable {
  /// Which of the two decided.
  public enum Source: Sendable {
    case active, superseded
  }

  /// What the two say about one request.
  public struct Decision: Sendable {
    /// The plan that counts; its rule and its regions are those of `source`.
    public let plan: Plan
    /// The version that decided: the one that answers and records name.
    public let source: Source
    /// What the other one would have said, when both were asked and differ: its rule and verdict.
    public let other: Other?
  }

  /// The plan that does not count.
  public struct Other: Hashable, Sendable {
    /// The rule that decided it, by its own version's numbers.
    public let ruleIndex: Int?
    /// Its verdict.
    public let verdict: Verdict
  }

  /// The version in force.
  public let active: Policy
  /// The one before; nil when no phase asks for it.
  public let superseded: PolicyView?
  /// A version that is asked beside the others to see what it would change; nil without one.
  public let successor: PolicyView?

  /// Joins the versions. Without the one before, everything is enforced.
  public init(active: Policy, superseded: Policy?, successor: Policy? = nil) {
    self.active = active
    self.superseded = superseded.map { PolicyView(of: $0, from: active) }
    self.successor = successor.map { PolicyView(of: $0, from: active) }
  }

  /// How far the version in force decides for the class. Without the one before it does alone.
  public func phase(of dataClass: DataClass) -> Phase {
    superseded == nil ? .enforce : active.phase(of: dataClass)
  }

  /// What the successor would say where it differs from `decision`; nil where it does not, and
  /// without one. Its own `phases` are passed over: it is asked as if all of it were enforced.
  public func successorDifference(
    _ facts: borrowing Facts, from decision: borrowing Decision
  ) -> Other? {
    guard let successor else { return nil }
    let plan = successor.plan(for: facts)
    let view = decision.source == .superseded ? superseded : nil
    if successor.isSame(plan, as: decision.plan, through: view) { return nil }
    return Other(ruleIndex: plan.ruleIndex, verdict: plan.verdict)
  }

  /// What counts for a request.
  public func decide(_ facts: borrowing Facts) -> Decision {
    let plan = active.plan(for: facts)
    let phase = active.phase(of: facts.dataClass)
    guard phase != .enforce, let superseded else {
      return Decision(plan: plan, source: .active, other: nil)
    }
    // The earlier plan under this version's `never` rules, which hold in every phase.
    let (old, isRefusedByNever) = active.compiled.restrict(
      superseded.plan(for: facts), facts, region: superseded.region)
    if isRefusedByNever { return Decision(plan: old, source: .active, other: nil) }
    let isOldDeciding =
      switch phase {
      case .shadow: true
      case .observe: old.verdict == .permit && isSoftRefusal(plan)
      case .enforce: false
      }
    let isSame = superseded.isSame(old, as: plan)
    return isOldDeciding
      ? Decision(
        plan: old, source: .superseded,
        other: isSame ? nil : Other(ruleIndex: plan.ruleIndex, verdict: plan.verdict))
      : Decision(
        plan: plan, source: .active,
        other: isSame ? nil : Other(ruleIndex: old.ruleIndex, verdict: old.verdict))
  }

  /// Whether what counts for a request is the same plan, but for its row of the cache matrix, of
  /// whichever of these sensitivities its answer turns out to be, and of its own class or one of
  /// these. False where that would take asking for each.
  public func isIndifferent(
    _ facts: borrowing Facts, classes: [DataClass], sensitivities: [Sensitivity]
  ) -> Bool {
    if superseded != nil {
      guard active.phase(of: facts.dataClass) == .enforce,
        classes.allSatisfy({ active.phase(of: $0) == .enforce })
      else { return false }
    }
    return active.compiled.isIndifferent(facts, classes, sensitivities)
  }

  /// Whether a `deny` rule or the lack of a route refuses, which `observe` only observes.
  private func isSoftRefusal(_ plan: borrowing Plan) -> Bool {
    guard case .refuse = plan.verdict else { return false }
    guard let index = plan.ruleIndex else { return true }
    return active.rules[index].layer == .deny
  }
}

extension CompiledPolicy {
  /// What this policy's `never` rules leave of another version's plan, whose regions `region`
  /// translates: that plan with fewer candidates, or the refusal of one of these rules.
  ///
  /// A region that this policy does not have cannot serve. Allocates nothing.
  func restrict(
    _ plan: Plan, _ facts: borrowing Facts, region: (RegionID) -> RegionID?
  ) -> (plan: Plan, isRefused: Bool) {
    let codes = domains.codes(facts)
    var list = plan.candidates.removing { region($0.region) == nil }
    var (blamed, refusing) = (Int?.none, Int?.none)
    forEachProhibition(codes) { rule, ban in
      if ban.isRefusal {
        refusing = rule
        return false
      }
      guard blamed == nil, !list.isEmpty else { return true }
      list = list.removing { candidate in
        region(candidate.region).map { ban.covers($0, candidate.tier) } ?? false
      }
      if list.isEmpty { blamed = rule }
      return true
    }
    if let refusing { return (refusal(.forbidden, refusing), true) }
    guard case .permit = plan.verdict else { return (plan, false) }
    if let blamed { return (refusal(.forbidden, blamed), true) }
    if list.isEmpty {
      // Only regions that are gone.
      return (
        Plan(
          verdict: .refuse(.unavailable), ruleIndex: plan.ruleIndex, candidates: list,
          durability: plan.durability, obligations: [], cacheRow: nil), false
      )
    }
    return (
      Plan(
        verdict: .permit, ruleIndex: plan.ruleIndex, candidates: list,
        durability: plan.durability, obligations: plan.obligations, cacheRow: plan.cacheRow), false
    )
  }
}

public import Base

/// A policy asked with the facts of another one, whose regions and tenants have other numbers.
///
/// Immutable; any thread. Asking allocates nothing.
public struct PolicyView: Sendable {
  /// The policy that is asked.
  public let policy: Policy
  /// By region of the other policy: the same region here.
  private let inward: [RegionID?]
  /// By region of this policy: the same region of the other.
  private let outward: [RegionID?]
  /// By tenant of the other policy: the same tenant here.
  private let tenants: [Tenant]

  /// Looks at `policy` from `other`: the one that numbers the facts.
  public init(of policy: Policy, from other: Policy) {
    self.policy = policy
    inward = other.regions.map { policy.region(named: $0.name) }
    outward = policy.regions.map { other.region(named: $0.name) }
    tenants = other.tenants.map { policy.tenant(named: $0) }
  }

  /// The other policy's number of a region of this one; nil when it has no such region.
  public func region(_ region: RegionID) -> RegionID? { outward[Int(region.index)] }

  /// This policy's number of a region of the other one; nil when it has no such region.
  public func own(_ region: RegionID) -> RegionID? { inward[Int(region.index)] }

  /// What this policy says; its plan names regions by its own numbers.
  public func plan(for facts: borrowing Facts) -> Plan {
    var translated = copy facts
    translated.home = facts.home.flatMap { own($0) }
    if case .named(let index) = facts.tenant { translated.tenant = tenants[Int(index)] }
    return policy.plan(for: translated)
  }

  /// Whether a plan of this policy and one of the other let the same be done. `view` translates the
  /// regions of the second plan when it is a third policy's.
  func isSame(
    _ mine: borrowing Plan, as other: borrowing Plan, through view: PolicyView? = nil
  ) -> Bool {
    guard mine.verdict == other.verdict, mine.durability == other.durability,
      mine.obligations == other.obligations, mine.candidates.count == other.candidates.count
    else { return false }
    for position in mine.candidates.indices {
      let (left, right) = (mine.candidates[position], other.candidates[position])
      let known = view.map { $0.region(right.region) } ?? right.region
      guard region(left.region) == known, left.tier == right.tier,
        left.stalenessMillisecondsMax == right.stalenessMillisecondsMax,
        left.isMarkedStale == right.isMarkedStale
      else { return false }
    }
    return true
  }
}

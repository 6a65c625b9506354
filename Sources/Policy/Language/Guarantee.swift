public import Base
import StrictYAML

/// A promise of availability, written under `always`: what the plans of its requests must offer,
/// whatever region is lost. Proved when the file is checked; no plan depends on it.
public struct Guarantee: Sendable {
  /// The identifier, unique among rules and guarantees.
  public let id: String
  /// The officer's sentence.
  public let say: String
  /// How many different regions must hold a candidate that counts.
  public let regionCountMin: Int
  /// The tiers that count.
  public let tiers: [Tier]
  /// The greatest staleness bound that counts, in milliseconds; nil for any. A primary has zero.
  public let stalenessMillisecondsMax: UInt32?
  /// Which requests it is about.
  let when: Condition
  /// Which of them it leaves out: those for which this certainly holds.
  let unless: Condition?
  /// Where it stands.
  let mark: Mark

  /// The clauses of `when` and `unless`.
  var clauses: [Clause] { when.clauses + (unless?.clauses ?? []) }

  /// Whether `candidate` counts.
  public func counts(_ candidate: Candidate) -> Bool {
    guard tiers.contains(candidate.tier) else { return false }
    guard let bound = stalenessMillisecondsMax else { return true }
    return candidate.stalenessMillisecondsMax ?? 0 <= bound
  }

  /// Whether `plan` keeps the promise.
  public func isKept(by plan: Plan) -> Bool {
    guard plan.verdict == .permit else { return false }
    var regions: UInt64 = 0
    for candidate in plan.candidates where counts(candidate) {
      regions |= 1 << UInt64(candidate.region.index)
    }
    return regions.nonzeroBitCount >= regionCountMin
  }
}

/// How far a version is in force for a data class.
public enum Phase: String, CaseIterable, Sendable {
  /// This version decides.
  case enforce
  /// This version decides, but what it would newly refuse is left to the superseded one.
  case observe
  /// The superseded version decides; this one is evaluated beside it.
  case shadow
}

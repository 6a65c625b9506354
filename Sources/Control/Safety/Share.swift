public import Base

/// A part of the reads for servers that come back: one step of a ramp. The rest of the reads goes
/// to these servers only when nothing else is left of a plan.
public struct Share: Hashable, Sendable {
  /// The number of the act that gave it.
  public let number: Int
  /// Which servers.
  public let scope: OverrideScope
  /// Of a hundred reads so many.
  public let percent: Int
  /// By whom, and why.
  public let warrant: Warrant
  /// Until when; then all reads come.
  public let until: WallTime
}

extension OperatorState {
  /// The part of the reads, of a hundred, that a server of this tier and name may have.
  public func percent(_ region: String, _ tier: Tier, _ server: String? = nil) -> Int {
    shares.filter { $0.scope.region == region && $0.scope.contains(tier, server) }
      .map(\.percent).min() ?? 100
  }

  /// Puts one share in the place of those on the same scope; a hundred ends them.
  mutating func divide(
    _ scope: OverrideScope, _ percent: Int, until: WallTime, _ warrant: Warrant
  ) throws(OperatorRefusal) {
    let latest = time.microseconds + UInt64(Limits.overrideMillisecondsMax) * 1_000
    guard until > time, until.microseconds <= latest, (1...100).contains(percent) else {
      throw .duration
    }
    let others = shares.filter { $0.scope != scope }
    guard others.count < Limits.overrideCountMax else { throw .tooMany }
    shares = others
    if percent < 100 {
      shares.append(
        Share(number: actCount, scope: scope, percent: percent, warrant: warrant, until: until))
    }
  }
}

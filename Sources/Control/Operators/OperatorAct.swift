public import Base

/// What an operator asks for.
public enum OperatorDeed: Hashable, Sendable {
  /// A new order, until then.
  case order(OverrideKind, OverrideScope, until: WallTime)
  /// The order of this number ends.
  case release(Int)
  /// So many of a hundred reads go to servers that come back, until then.
  case share(OverrideScope, percent: Int, until: WallTime)
  /// Safety rules are to be set aside until then, once another person agrees.
  case waive([SafetyRule], until: WallTime)
  /// Somebody agrees to the waiver of this number.
  case agree(Int)
  /// Something happens to a plan or to one of its runs.
  case plan(PlanDeed)
  /// The write authority over the data of a home region changes.
  case authority(String, AuthorityChange)
}

/// A deed with who, why and for which state of things.
public struct OperatorAct: Hashable, Sendable {
  /// What.
  public let deed: OperatorDeed
  /// Who and why.
  public let warrant: Warrant
  /// The revision that its author saw; nil when it does not matter.
  public let expected: Int?

  /// Makes an act.
  public init(_ deed: OperatorDeed, _ warrant: Warrant, expected: Int? = nil) {
    self.deed = deed
    self.warrant = warrant
    self.expected = expected
  }
}

/// Why an act is not done; nothing has changed.
public enum OperatorRefusal: Error, Equatable, Sendable {
  /// An order of the same level stands on the scope.
  case taken(by: Override)
  /// The scope is frozen.
  case frozen(by: Override)
  /// The state has changed since its author looked.
  case changed(expected: Int, present: Int)
  /// No such region.
  case unknownRegion(String, known: [String])
  /// No such server in the region.
  case unknownEndpoint(String, region: String, known: [String])
  /// No such order is in force.
  case noSuchOrder(Int)
  /// The order would last no time, or too long.
  case duration
  /// Author or reason say nothing, or too much.
  case warrant
  /// Too many orders.
  case tooMany
  /// A waiver would last no time, or longer than an hour.
  case waiverDuration
  /// No such waiver waits for a second person.
  case noSuchWaiver(Int)
  /// Nobody agrees to what they asked for themselves.
  case sameAuthor
  /// The rule is none that people set aside.
  case firmRule(SafetyRule)
  /// An act about plans does not fit.
  case plan(PlanRefusal)
  /// The write authority is in another state.
  case authority(AuthorityRefusal)
  /// The result would break a safety rule.
  case rule(SafetyRule, String, wayOut: String)
}

extension OperatorState {
  /// The state after `act`, whose form, place and moment are checked here; the safety rules judge
  /// the result in `Safety`. Settle first.
  public func applying(
    _ act: OperatorAct, at now: WallTime
  ) throws(OperatorRefusal) -> OperatorState {
    var next = settled(at: now)
    if let expected = act.expected, expected != next.revision {
      throw .changed(expected: expected, present: next.revision)
    }
    guard act.warrant.isComplete else { throw .warrant }
    next.actCount += 1
    next.revision += 1
    switch act.deed.asLine {
    case .order(let kind, let scope, let until):
      try next.checkPlace(kind, scope)
      let latest = next.time.microseconds + UInt64(Limits.overrideMillisecondsMax) * 1_000
      guard until > next.time, until.microseconds <= latest else { throw .duration }
      guard next.overrides.count < Limits.overrideCountMax else { throw .tooMany }
      next.overrides.append(
        Override(
          number: next.actCount, kind: kind, scope: scope, warrant: act.warrant, since: next.time,
          until: until))
    case .release(let number):
      guard let index = next.overrides.firstIndex(where: { $0.number == number }) else {
        throw .noSuchOrder(number)
      }
      let ended = next.overrides.remove(at: index)
      if let freeze = next.freeze(on: ended.scope), ended.kind.level < .hard {
        throw .frozen(by: freeze)
      }
    case .share(let scope, let percent, let until):
      if let freeze = next.freeze(on: scope) { throw .frozen(by: freeze) }
      try next.divide(scope, percent, until: until, act.warrant)
    case .waive(let rules, let until): try next.ask(rules, until: until, act.warrant)
    case .agree(let number): try next.agree(to: number, act.warrant)
    case .plan(let deed):
      if case .abandon(let run) = deed { try next.checkAuthorities(heldBy: run) }
      try next.plans.take(deed, number: next.actCount, act.warrant, at: next.time)
    case .authority(let domain, let change):
      try next.change(domain, change, act.warrant)
    }
    if next.moved(from: self) { next.switchedAt = next.time }
    return next
  }

  /// Changes the record of a domain.
  private mutating func change(
    _ domain: String, _ change: AuthorityChange, _ warrant: Warrant
  ) throws(OperatorRefusal) {
    let index = authorities.firstIndex { $0.domain == domain }
    guard index != nil || authorities.count < Limits.authorityCountMax else { throw .tooMany }
    do throws(AuthorityRefusal) {
      let record = try AuthorityRecord.applying(
        change, of: domain, to: index.map { authorities[$0] }, by: warrant, at: time,
        number: actCount)
      if let index { authorities[index] = record } else { authorities.append(record) }
    } catch {
      throw .authority(error)
    }
  }

  /// Refuses to close a run while a write authority is under way by it.
  private func checkAuthorities(heldBy run: Int) throws(OperatorRefusal) {
    let held = authorities.first { $0.state.isMoving && $0.plan == plans.run(run)?.id }
    if let held { throw .plan(.holdsAuthority(run: run, held)) }
  }

  /// Refuses an order of a level that the scope has, and a soft one where everything is frozen.
  private func checkPlace(
    _ kind: OverrideKind, _ scope: OverrideScope
  ) throws(OperatorRefusal) {
    let rival = overrides.first {
      $0.kind.level == kind.level && $0.scope.intersects(scope)
    }
    if let rival { throw .taken(by: rival) }
    if kind.level < .hard, let freeze = freeze(on: scope) { throw .frozen(by: freeze) }
  }

  /// The freeze on some server of the scope.
  private func freeze(on scope: OverrideScope) -> Override? {
    overrides.first { $0.kind == .freeze && $0.scope.intersects(scope) }
  }

  /// Whether other servers are out of service, or forced into it, than in `earlier`.
  func moved(from earlier: OperatorState) -> Bool {
    let places = Set((overrides + earlier.overrides).map { [$0.scope.region, $0.scope.endpoint] })
    return places.contains { place in
      guard let region = place[0] else { return false }
      return [Tier.replica, .primary].contains { tier in
        let (after, before) = (
          effect(region, tier, place[1]), earlier.effect(region, tier, place[1])
        )
        return (after.out == nil) != (before.out == nil) || after.isForcedIn != before.isForcedIn
      }
    }
  }
}

import Base

/// Answers the analysis' questions by cutting boxes out of boxes: slow, obvious, and without a line
/// shared with the diagram, so that each can referee the other.
///
/// Costs grow with the product of the rules' clauses; it is for small policies and for tests.
struct BoxChecker {
  /// Value codes by level of `RuleSpace.order`.
  typealias LevelBox = [ValueSet]

  private let policy: Policy
  /// By rule: the requests that it matches, as boxes; they may share points.
  private let matched: [[LevelBox]]
  private let plans: TerminalPlans

  /// Cuts out each rule's exceptions.
  init(_ policy: Policy) {
    self.policy = policy
    plans = TerminalPlans(policy.regions, policy.rules)
    matched = policy.boxes.map { boxes in
      let unlesses = boxes.unless.map { RuleSpace.boxes($0, policy.domains) } ?? []
      return Self.subtract(unlesses, from: RuleSpace.boxes(boxes.when, policy.domains))
    }
  }

  /// How many requests are in a box.
  static func pointCount(_ box: LevelBox) -> UInt128 { box.reduce(1) { $0 * UInt128($1.count) } }

  /// What is left of boxes without others; the pieces of one box share no points.
  static func subtract(_ others: [LevelBox], from boxes: [LevelBox]) -> [LevelBox] {
    others.reduce(boxes) { pieces, other in
      pieces.flatMap { subtract(other, from: $0) }
    }
  }

  private static func subtract(_ other: LevelBox, from box: LevelBox) -> [LevelBox] {
    if zip(box, other).contains(where: { !$0.intersects($1) }) { return [box] }
    var (pieces, rest) = ([LevelBox](), box)
    for level in box.indices {
      let outside = rest[level].subtracting(other[level])
      if !outside.isEmpty {
        var piece = rest
        piece[level] = outside
        pieces.append(piece)
      }
      rest[level] = rest[level].intersection(other[level])
    }
    return pieces
  }

  /// What is in both.
  private static func intersect(_ one: [LevelBox], _ other: [LevelBox]) -> [LevelBox] {
    one.flatMap { box in
      other.map { zip(box, $0).map { $0.intersection($1) } }.filter {
        !$0.contains(where: \.isEmpty)
      }
    }
  }

  /// The requests that a rule matches.
  func points(of rule: Int) -> [LevelBox] { matched[rule] }

  /// The requests that a `deny` rule or a route decides: those that it matches and no refusing
  /// `never` rule, no `deny` rule and no route before it does.
  func decidedPoints(of rule: Int) -> [LevelBox] {
    (0..<rule).filter(decides).reduce(matched[rule]) { Self.subtract(matched[$1], from: $0) }
  }

  /// The requests that no rule covers.
  func gaps() -> [LevelBox] {
    let everything = RuleSpace.order.map {
      ValueSet(count: policy.domains.count($0), isFull: true)
    }
    return policy.rules.indices.filter(decides).reduce([everything]) {
      Self.subtract(matched[$1], from: $0)
    }
  }

  /// Whether a request matches both rules.
  func overlap(_ one: Int, _ other: Int) -> Bool {
    !Self.intersect(matched[one], matched[other]).isEmpty
  }

  /// The routes that alone, with `deny` rules, would do what a `never` rule forbids.
  func routesViolating(_ never: Int) -> [Int] {
    policy.rules.indices.filter { route in
      guard policy.rules[route].layer == .route else { return false }
      let before = (0..<route).filter { policy.rules[$0].layer != .never }
      let decided = before.reduce(matched[route]) { Self.subtract(matched[$1], from: $0) }
      return Self.intersect(decided, matched[never]).contains { box in
        box[RuleSpace.homeLevel].values.contains { home in
          box[RuleSpace.locationLevel].values.contains { place in
            plans.violates(
              route, never: never, home: home,
              nearest: policy.domains.nearest(placeCode: place, homeCode: home))
          }
        }
      }
    }
  }

  /// Whether a matching rule ends the search for a decision.
  private func decides(_ rule: Int) -> Bool {
    policy.rules[rule].layer != .never || policy.rules[rule].forbidden == nil
  }
}

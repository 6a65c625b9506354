import Base

/// What the terminals of a rules diagram mean in surroundings, before `never` rules and after.
///
/// Routes with the same `serve` share their lists, and everything is worked out once.
final class TerminalPlans {
  private let regions: [Region]
  private let rules: [Rule]
  /// By rule: which `serve` it has; -1 for rules that are no routes.
  private let serves: [Int]
  private var lists: [Key: [Candidate]] = [:]
  private var forbidden: [Key: Bool] = [:]

  private struct Key: Hashable {
    let serve: Int
    let never: Int
    let home: Int
    let nearest: Int
  }

  /// For a policy's ordered rules.
  init(_ regions: [Region], _ rules: [Rule]) {
    self.regions = regions
    self.rules = rules
    var numbers: [[Step]: Int] = [:]
    serves = rules.map { rule in
      guard rule.layer == .route else { return -1 }
      let number = numbers[rule.serve] ?? numbers.count
      numbers[rule.serve] = number
      return number
    }
  }

  /// The regions around a request with these codes.
  func surroundings(_ home: Int, _ nearest: Int) -> Surroundings {
    Surroundings(
      regions: regions, home: home < regions.count ? RegionID(UInt8(home)) : nil,
      nearest: nearest < regions.count ? RegionID(UInt8(nearest)) : nil)
  }

  /// The candidates of `route` before any `never` rule.
  func candidates(_ route: Int, home: Int, nearest: Int) -> [Candidate] {
    let key = Key(serve: serves[route], never: -1, home: home, nearest: nearest)
    if let known = lists[key] { return known }
    let list = surroundings(home, nearest).candidates(rules[route].serve)
    lists[key] = list
    return list
  }

  /// Whether `route` alone would do what `never` forbids.
  func violates(_ route: Int, never: Int, home: Int, nearest: Int) -> Bool {
    let key = Key(serve: serves[route], never: never, home: home, nearest: nearest)
    if let known = forbidden[key] { return known }
    let candidates = candidates(route, home: home, nearest: nearest)
    let result =
      rules[never].forbidden.map { forbidden in
        let place = surroundings(home, nearest)
        return candidates.contains { place.isForbidden($0, by: forbidden) }
      } ?? !candidates.isEmpty
    forbidden[key] = result
    return result
  }

  /// Whether `route` would do what `never` forbids somewhere.
  func mayViolate(_ route: Int, never: Int) -> Bool {
    (0...regions.count).contains { home in
      (0...regions.count).contains { violates(route, never: never, home: home, nearest: $0) }
    }
  }

  /// The verdict and the candidates that are left of a terminal.
  func plan(
    _ terminal: DiagramTerminal, home: Int, nearest: Int
  ) -> (verdict: Verdict, rule: Int?, candidates: [Candidate]) {
    if let refusing = terminal.collected.first(where: { rules[$0].forbidden == nil }) {
      return (.refuse(.forbidden), refusing, [])
    }
    guard let decider = terminal.decider else { return (.refuse(.noRule), nil, []) }
    guard rules[decider].layer == .route else { return (.refuse(.forbidden), decider, []) }
    var left = candidates(decider, home: home, nearest: nearest)
    if left.isEmpty { return (.refuse(.unavailable), decider, []) }
    let place = surroundings(home, nearest)
    for never in terminal.collected {
      guard violates(decider, never: never, home: home, nearest: nearest),
        let forbidden = rules[never].forbidden
      else { continue }
      left.removeAll { place.isForbidden($0, by: forbidden) }
      if left.isEmpty { return (.refuse(.forbidden), never, []) }
    }
    return (.permit, decider, left)
  }
}

import Base
import StrictYAML

/// Checks a policy as a whole: what only shows when rules are seen together.
struct Checker {
  let text: PolicyText
  let domains: Domains
  let diagnostics: Diagnostics

  /// The rules in the order of evaluation; complaints go into `diagnostics`.
  func orderedRules() -> [Rule] {
    let routes = orderedRoutes()
    checkCandidateCounts()
    return text.never.sorted { $0.id < $1.id } + text.deny.sorted { $0.id < $1.id } + routes
  }

  /// The routes, each behind those that override it, by id between equals: the order of the file
  /// means nothing.
  private func orderedRoutes() -> [Rule] {
    let byID = Dictionary(text.routes.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
    var waitingFor: [String: Int] = [:]
    for route in text.routes {
      for target in route.overrides {
        guard byID[target] != nil else {
          error(
            .unknownOverride, route, "`\(route.id)` overrides `\(target)`, which is no route",
            suggestion: Spelling.nearest(
              to: target, among: byID.keys.filter { $0 != route.id }.sorted()))
          continue
        }
        waitingFor[target, default: 0] += 1
      }
    }
    var ready = byID.keys.filter { waitingFor[$0] == nil }.sorted(by: >)
    var ordered: [Rule] = []
    while let id = ready.popLast() {
      guard let route = byID[id] else { continue }
      ordered.append(route)
      for target in route.overrides {
        guard let count = waitingFor[target] else { continue }
        waitingFor[target] = count - 1
        if count == 1 { ready.append(target) }
      }
      ready.sort(by: >)
    }
    if ordered.count < byID.count {
      let done = Set(ordered.map(\.id))
      for route in text.routes where !done.contains(route.id) {
        error(.overrideCycle, route, "`\(route.id)` stands in a circle of `overrides`")
        break
      }
    }
    return ordered
  }

  /// INVARIANT (unique hit): of two routes that match one request, both have one outcome or one
  /// overrides the other. So the first match in the order of evaluation decides.
  func checkOverlaps(_ routes: [Rule], _ boxes: [(when: Box, unless: Box?)]) {
    let overlaps = Overlaps(routes, boxes, domains)
    for conflict in overlaps.conflicts(countMax: Limits.conflictCountMax) {
      let (route, other) = (routes[conflict.later], routes[conflict.earlier])
      error(
        .overlap, route,
        "`\(route.id)` and `\(other.id)` (line \(other.mark.line)) both match"
          + " \(describe(conflict.example, route, other)) and say different things;"
          + " narrow one, or let one say `overrides: [...]`")
    }
    for (high, low) in overlaps.emptyOverrides() {
      diagnostics.warning(
        Code.unusedOverride.rawValue, at: routes[high].mark,
        "`\(routes[high].id)` overrides `\(routes[low].id)`, but no request matches both")
    }
  }

  /// A plan must fit into one word of bits, whatever the home and the nearest region are.
  private func checkCandidateCounts() {
    for route in text.routes {
      let count = route.serve.reduce(0) { sum, step in
        sum
          + step.destinations.reduce(0) { $0 + ($1.isEvery ? text.regions.count : 1) }
      }
      if count > Limits.candidateCountMax {
        error(
          .tooMany, route,
          "`\(route.id)` may give \(count) candidates; at most \(Limits.candidateCountMax)")
      }
    }
  }

  /// The example request, in the attributes that either rule asks about.
  private func describe(_ example: [Int], _ rules: Rule...) -> String {
    let asked = Set(
      rules.flatMap { $0.when.clauses + ($0.unless?.clauses ?? []) }.map(\.attribute))
    let parts = Attribute.allCases.filter { asked.contains($0) }
      .map { "\($0.key) `\(domains.word($0, example[$0.rawValue]))`" }
    return parts.isEmpty ? "every request" : parts.joined(separator: ", ")
  }

  private func error(_ code: Code, _ rule: Rule, _ message: String, suggestion: String? = nil) {
    diagnostics.error(code.rawValue, at: rule.mark, message, suggestion: suggestion)
  }
}

import Base
import StrictYAML

/// Requests that no rule covers.
extension Analysis {
  /// Reports them as a few boxes, in the officer's own sets where possible.
  mutating func findGaps() throws(DiagramError) {
    let isGap = rules.terminals.map { terminal in
      terminal.decider == nil
        && !terminal.collected.contains { policy.rules[$0].forbidden == nil }
    }
    let gaps = try rules.diagram.mapped { isGap[$0] ? 1 : 0 }
    let cover = try BoxCover(gaps, countMax: Limits.gapCountMax)
    let text = SpaceText(domains: policy.domains, groups: policy.groups)
    for box in cover.boxes {
      let path = rules.space.point(in: box)
      assert(policy.interpreter.decide(facts(path)).verdict == .refuse(.noRule), "not confirmed")
      let values = zip(rules.space.classes, box).map { $0.values(of: $1) }
      report(
        .gap, ("", .start), "no rule covers the requests with \(text.describe(values))", path: path)
    }
    if !cover.isComplete {
      report(.gap, ("", .start), "no rule covers more kinds of requests than are listed")
    }
  }
}

internal import Base
internal import Control

/// What an act would change, and which rules would hold.
struct RegionPreview {
  private let refusal: OperatorRefusal?
  private let rules: [(rule: SafetyRule, complaint: String?)]
  private let changes: [String]

  /// Tries `act` on `before`; nothing is written.
  init(
    _ act: OperatorAct, _ before: OperatorState, _ safety: Safety, _ settings: RegionSettings,
    at now: WallTime
  ) {
    do throws(OperatorRefusal) {
      let after = try safety.result(of: act, on: before, at: now)
      rules = SafetyRule.ofOrders.map { ($0, safety.complaint($0, after, before)) }
      changes = settings.regions.flatMap { Self.changes($0, before, after) }
      var refused: OperatorRefusal?
      do throws(OperatorRefusal) { _ = try safety.judge(act, on: before, at: now) } catch {
        refused = error
      }
      refusal = refused
    } catch {
      (refusal, rules, changes) = (error, [], [])
    }
  }

  /// What changes about a region: tier by tier, and server by server where they differ.
  private static func changes(
    _ region: Configuration.Region, _ before: OperatorState, _ after: OperatorState
  ) -> [String] {
    [Tier.replica, .primary].flatMap { tier -> [String] in
      let names = region.endpoints.filter { ($0.tier == .primary) == (tier == .primary) }
        .map(\.name)
      let lines = names.compactMap { name -> String? in
        let old = before.effect(region.name, tier, name).words
        let new = after.effect(region.name, tier, name).words
        return old == new ? nil : ": \(old) -> \(new)"
      }
      if lines.count == names.count, Set(lines).count == 1 {
        return ["\(region.name) \(tier.rawValue)\(lines[0])"]
      }
      return names.flatMap { name -> [String] in
        let old = before.effect(region.name, tier, name).words
        let new = after.effect(region.name, tier, name).words
        return old == new ? [] : ["\(name): \(old) -> \(new)"]
      }
    }
  }

  /// Whether the act would be done.
  var isAllowed: Bool { refusal == nil }

  /// For people.
  var text: String {
    var lines = changes.isEmpty && refusal == nil ? ["nothing would move"] : changes
    lines += rules.map {
      "\($0.rule.rawValue) \($0.complaint == nil ? "holds" : "BROKEN"): "
        + ($0.complaint ?? $0.rule.text)
    }
    lines.append(refusal.map { "would be refused: \($0) [\($0.code)]" } ?? "would be done")
    return lines.map { $0 + "\n" }.joined()
  }

  /// For programs.
  var json: JSONValue {
    .object([
      ("ok", .boolean(isAllowed)), ("dry_run", .boolean(true)),
      ("changes", .list(changes.map { .text($0) })),
      (
        "rules",
        .list(
          rules.map {
            .object([
              ("rule", .text($0.rule.rawValue)), ("holds", .boolean($0.complaint == nil)),
              ("complaint", .optional($0.complaint)),
            ])
          })
      ),
      ("code", .optional(refusal?.code)), ("message", .optional(refusal.map { "\($0)" })),
    ])
  }
}

extension OverrideEffect {
  /// A few words: `auto`, `drain`, `force-in, prefer`.
  var words: String {
    let words =
      [
        out?.kind.rawValue, isForcedIn ? "force-in" : nil, isFrozen ? "freeze" : nil,
        isPreferred ? "prefer" : nil,
      ].compactMap { $0 }
    return words.isEmpty ? "auto" : words.joined(separator: ", ")
  }
}

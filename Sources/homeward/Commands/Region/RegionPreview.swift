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
      rules = SafetyRule.allCases.map { ($0, safety.complaint($0, after, before)) }
      changes = settings.regions.flatMap { region in
        [Tier.replica, .primary].compactMap { tier -> String? in
          let (old, new) = (before.effect(region.name, tier), after.effect(region.name, tier))
          return old == new ? nil : "\(region.name) \(tier.rawValue): \(old.words) -> \(new.words)"
        }
      }
      var refused: OperatorRefusal?
      do throws(OperatorRefusal) { _ = try safety.judge(act, on: before, at: now) } catch {
        refused = error
      }
      refusal = refused
    } catch {
      (refusal, rules, changes) = (error, [], [])
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

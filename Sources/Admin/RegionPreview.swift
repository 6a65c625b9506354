public import Base
public import Control

/// What an act would change, and which rules would hold.
public struct RegionPreview {
  private let refusal: OperatorRefusal?
  private let rules: [(rule: SafetyRule, complaint: String?)]
  private let changes: [String]

  /// Tries `act` on `before`; nothing is written.
  public init(
    _ act: OperatorAct, _ before: OperatorState, _ safety: Safety, _ outline: RegionOutline,
    at now: WallTime
  ) {
    do throws(OperatorRefusal) {
      let after = try safety.result(of: act, on: before, at: now)
      rules = SafetyRule.ofOrders.map { ($0, safety.complaint($0, after, before, at: now)) }
      changes = outline.regions.flatMap { Self.changes($0, before, after) }
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
    _ region: RegionOutline.Region, _ before: OperatorState, _ after: OperatorState
  ) -> [String] {
    [Tier.replica, .primary].flatMap { tier -> [String] in
      let names = region.servers.filter { $0.tier == tier }
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

  /// What `json` holds.
  static let schema = Schema.object([
    Schema.Field("ok", .boolean, "whether the act would be done"),
    Schema.Field("dry_run", .boolean),
    Schema.Field("changes", .list(.text), "for each region and tier, what was and what would be"),
    Schema.Field(
      "rules",
      .list(
        .object([
          Schema.Field("rule", .text), Schema.Field("says", .text),
          Schema.Field("holds", .boolean), Schema.Field("complaint", .optional(.text)),
        ])), "the safety rules, on the state after the act"),
    Schema.Field("code", .optional(.text), "why it would be refused"),
    Schema.Field("message", .optional(.text)),
  ])

  /// Whether the act would be done.
  public var isAllowed: Bool { refusal == nil }

  /// For programs.
  public var json: JSONValue {
    .object([
      ("ok", .boolean(refusal == nil)), ("dry_run", .boolean(true)),
      ("changes", .list(changes.map { .text($0) })),
      (
        "rules",
        .list(
          rules.map {
            .object([
              ("rule", .text($0.rule.rawValue)), ("says", .text($0.rule.text)),
              ("holds", .boolean($0.complaint == nil)), ("complaint", .optional($0.complaint)),
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

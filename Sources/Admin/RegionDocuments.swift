internal import Base
internal import Control

extension Override {
  /// What `json` holds.
  static let schema = Schema.object([
    Schema.Field("id", .text, "such as O-7"),
    Schema.Field("kind", .word(OverrideKind.allCases.map(\.rawValue))),
    Schema.Field("region", .text), Schema.Field("tier", tierSchema),
    Schema.Field("endpoint", .optional(.text), "the one server that it is about"),
    Schema.Field("author", .text, "who gave it, as it was proved"),
    Schema.Field("reason", .text), Schema.Field("ticket", .text),
    Schema.Field("since", .time),
    Schema.Field("until", .optional(.time), "null: until a person releases it"),
  ])

  /// Which servers of a region.
  static let tierSchema = Schema.word(OverrideTiers.allCases.map(\.rawValue))

  /// The order for programs.
  var json: JSONValue {
    .object([
      ("id", .text(id)), ("kind", .text(kind.rawValue)), ("region", .text(scope.region)),
      ("tier", .text(scope.tiers.rawValue)), ("endpoint", .optional(scope.endpoint)),
      ("author", .text(warrant.author)),
      ("reason", .text(warrant.reason)), ("ticket", .text(warrant.ticket)),
      ("since", .text(since.text)), ("until", .optional(until?.text)),
    ])
  }
}

/// One server at one moment: what is configured, what the edge sees, what operators ordered.
struct ServerDocument {
  let region: String
  let server: RegionOutline.Server
  let seen: RegionReport.Server?
  let effect: OverrideEffect
  /// How much of the reads that it would get goes there.
  let percent: Int

  /// What `json` holds.
  static let schema = Schema.object([
    Schema.Field("name", .text), Schema.Field("region", .text),
    Schema.Field("tier", .word([Tier.replica.rawValue, Tier.primary.rawValue])),
    Schema.Field("reach", .optional(.text), "whether it answers; null: the edge has not said"),
    Schema.Field("reach_seconds", .optional(.integer), "since when, in seconds"),
    Schema.Field("role", .optional(.text), "what it says it is"),
    Schema.Field("freshness", .optional(.text)),
    Schema.Field("lag_milliseconds", .optional(.integer), "null: unmeasured"),
    Schema.Field("load", .optional(.number), "how busy it says it is, 1: saturated; null: no word"),
    Schema.Field("saturated", .boolean, "reads go elsewhere for that while anything else is left"),
    Schema.Field("failure", .optional(.text), "what was last held against it"),
    Schema.Field("requests_per_second", .optional(.number), "over the last five seconds"),
    Schema.Field("under_way", .optional(.integer), "requests that have no answer yet"),
    Schema.Field("failures", .optional(.integer), "requests that failed in the last ten seconds"),
    Schema.Field("percent", .integer, "of the reads that it would get, while a plan ramps"),
    Schema.Field("state", .text, "what orders come to; without any `auto`"),
    Schema.Field("out_by", .optional(.text), "the order that keeps requests away"),
  ])

  /// The server for programs.
  var json: JSONValue {
    let traffic = seen?.traffic
    return .object([
      ("name", .text(server.name)), ("region", .text(region)),
      ("tier", .text(server.tier.rawValue)), ("reach", .optional(seen?.reach)),
      ("reach_seconds", .optional(seen?.seconds)), ("role", .optional(seen?.role)),
      ("freshness", .optional(seen?.freshness)), ("lag_milliseconds", .optional(seen?.lag)),
      ("load", seen?.load.map { .fraction(Double($0) / 1_000) } ?? .null),
      ("saturated", .boolean(seen?.isSaturated ?? false)),
      ("failure", .optional(seen?.failure.isEmpty == false ? seen?.failure : nil)),
      (
        "requests_per_second",
        traffic.map { .fraction(Double($0.tenthsPerSecond) / 10) } ?? .null
      ),
      ("under_way", .optional(traffic?.underWayCount)),
      ("failures", .optional(traffic?.failureCount)),
      ("percent", .number(percent)), ("state", .text(effect.words)),
      ("out_by", .optional(effect.out?.id)),
    ])
  }
}

extension Waiver {
  /// What `json` holds.
  static let schema = Schema.object([
    Schema.Field("id", .text, "such as B-7"), Schema.Field("rules", .text),
    Schema.Field("until", .time), Schema.Field("author", .text),
    Schema.Field("second", .optional(.text), "who agreed; null: nobody yet"),
    Schema.Field("reason", .text),
  ])

  /// The waiver for programs.
  var json: JSONValue {
    .object([
      ("id", .text(id)), ("rules", .text(words)), ("until", .text(until.text)),
      ("author", .text(warrant.author)), ("second", .optional(second)),
      ("reason", .text(warrant.reason)),
    ])
  }
}

extension PlanRun {
  /// What `summary` holds.
  static let summarySchema = Schema.object([
    Schema.Field("id", .text, "such as R-12"), Schema.Field("plan", .text),
    Schema.Field("status", .text),
  ])

  /// The run for programs, in a line.
  var summary: JSONValue {
    .object([
      ("id", .text(id)), ("plan", .text(plan.id)), ("status", .text(status.rawValue)),
    ])
  }
}

internal import ArgumentParser

/// `homeward region`: the operator's hand on regions.
struct RegionCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "region",
    abstract: "See regions; drain, evacuate, prefer, force, freeze or hold them out.",
    discussion: """
      Asks a running edge through its admin API. Each order has an author, who is proved by a \
      certificate or token, a reason, a ticket and an end, and stands in the edge's audit log. An \
      order never makes a route lawful; one that would leave requests without a lawful server is \
      refused, with a way out. deploy/regions.md is the runbook.

      Examples:
        homeward region status --config deploy/homeward.yaml
        homeward region drain us-west --tier replica --config deploy/homeward.yaml --for 30m \\
          --reason "kernel update" --ticket OPS-12 --dry-run
      """,
    subcommands: [
      RegionStatusCommand.self,
      RegionOrderCommand<OrderVerbs.Drain>.self,
      RegionOrderCommand<OrderVerbs.Evacuate>.self,
      RegionOrderCommand<OrderVerbs.Prefer>.self,
      RegionOrderCommand<OrderVerbs.ForceIn>.self,
      RegionOrderCommand<OrderVerbs.Freeze>.self,
      RegionOrderCommand<OrderVerbs.HoldOut>.self,
      RegionReleaseCommand.self,
      RegionFailoverCommand.self, RegionFailbackCommand.self,
      RegionBreakGlassCommand.self, RegionAgreeCommand.self,
    ])
}

/// `homeward region release`.
struct RegionReleaseCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "release", abstract: "End an order before its time.",
    discussion: """
      Names the order, as `status` lists it: O-7.

      Exit status: 0 done, 1 refused, 2 wrong usage or configuration.
      """)

  @OptionGroup var act: ActOptions

  @Argument(
    help: "The order, such as O-7.",
    transform: { text in
      guard text.hasPrefix("O-"), let number = Int(text.dropFirst(2)), number > 0 else {
        throw ValidationError("`\(text)` is no order; `homeward region status` lists them")
      }
      return text
    })
  var order: String

  /// Ends it.
  func run() throws {
    try act.act("DELETE", "/v1/orders/\(order)", query: [("reason", act.reason)])
  }
}

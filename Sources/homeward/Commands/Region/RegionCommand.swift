internal import ArgumentParser
internal import Control

/// `homeward region`: the operator's hand on regions.
struct RegionCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "region",
    abstract: "See regions; drain, evacuate, prefer, force, freeze or hold them out.",
    discussion: """
      Each order has an author, a reason, a ticket and an end, and stands in the audit log of the \
      edge that follows it. An order never makes a route lawful; one that would leave requests \
      without a lawful server is refused, with a way out. deploy/regions.md is the runbook.

      Examples:
        homeward region status --config deploy/homeward.yaml
        homeward region drain us-west --tier replica --config deploy/homeward.yaml --for 30m \\
          --author "A. Ito" --reason "kernel update" --ticket OPS-12 --dry-run
      """,
    subcommands: [
      RegionStatusCommand.self,
      RegionDrainCommand.self,
      RegionEvacuateCommand.self,
      RegionPreferCommand.self,
      RegionForceInCommand.self,
      RegionFreezeCommand.self,
      RegionHoldOutCommand.self,
      RegionReleaseCommand.self, RegionFailoverCommand.self, RegionFailbackCommand.self,
      RegionBreakGlassCommand.self, RegionAgreeCommand.self,
    ])
}

/// `homeward region drain`.
struct RegionDrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "drain", abstract: "Send no new requests to a region; those under way finish.",
    discussion: """
      Its end brings the region back by itself.

      Exit status: 0 done, 1 refused, 2 wrong usage or configuration.
      """)

  @OptionGroup var order: RegionOrderOptions

  /// Gives the order.
  func run() throws { try order.give(.drain) }
}

/// `homeward region evacuate`.
struct RegionEvacuateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evacuate",
    abstract: "Keep every request away from a region, by the strongest order.",
    discussion: """
      When its time is over the region stays out, in hold-out, until somebody releases it.

      Exit status: 0 done, 1 refused, 2 wrong usage or configuration.
      """)

  @OptionGroup var order: RegionOrderOptions

  /// Gives the order.
  func run() throws { try order.give(.evacuate) }
}

/// `homeward region prefer`.
struct RegionPreferCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "prefer", abstract: "Let a region come first among equals.",
    discussion: """
      Reorders inside one step of a plan only, behind health.

      Exit status: 0 done, 1 refused, 2 wrong usage or configuration.
      """)

  @OptionGroup var order: RegionOrderOptions

  /// Gives the order.
  func run() throws { try order.give(.prefer) }
}

/// `homeward region force-in`.
struct RegionForceInCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "force-in", abstract: "Use a region whatever health says.",
    discussion: """
      Law, role, epoch and staleness still count: no force makes a route lawful.

      Exit status: 0 done, 1 refused, 2 wrong usage or configuration.
      """)

  @OptionGroup var order: RegionOrderOptions

  /// Gives the order.
  func run() throws { try order.give(.forceIn) }
}

/// `homeward region freeze`.
struct RegionFreezeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "freeze", abstract: "Let nothing automatic change a region.",
    discussion: """
      Passive ejection does not count, and softer orders about it are refused. What is down \
      stays out.

      Exit status: 0 done, 1 refused, 2 wrong usage or configuration.
      """)

  @OptionGroup var order: RegionOrderOptions

  /// Gives the order.
  func run() throws { try order.give(.freeze) }
}

/// `homeward region hold-out`.
struct RegionHoldOutCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "hold-out", abstract: "Keep a recovered region out.",
    discussion: """
      As `drain`; the word says that the region waits for a person.

      Exit status: 0 done, 1 refused, 2 wrong usage or configuration.
      """)

  @OptionGroup var order: RegionOrderOptions

  /// Gives the order.
  func run() throws { try order.give(.holdOut) }
}

/// `homeward region release`.
struct RegionReleaseCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "release", abstract: "End an order before its time.",
    discussion: """
      Names the order, as `status` lists it: O-7.

      Exit status: 0 done, 1 refused, 2 wrong usage or configuration.
      """)

  @OptionGroup var act: RegionActOptions

  @Argument(
    help: "The order, such as O-7.",
    transform: { text in
      guard text.hasPrefix("O-"), let number = Int(text.dropFirst(2)), number > 0 else {
        throw ValidationError("`\(text)` is no order; `homeward region status` lists them")
      }
      return number
    })
  var order: Int

  /// Ends it.
  func run() throws { try act.act { _ in .release(order) } }
}

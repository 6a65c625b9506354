internal import ArgumentParser
internal import Base
internal import Control

/// `homeward region drain`, `evacuate`, `prefer`, `force-in`, `freeze`, `hold-out`: one command
/// over the kinds of orders.
struct RegionOrderCommand<Verb: OrderVerb>: ParsableCommand {
  static var configuration: CommandConfiguration {
    let help = Verb.kind.help
    return CommandConfiguration(
      commandName: Verb.kind.rawValue, abstract: help.abstract,
      discussion: """
        \(help.discussion)

        Exit status: 0 done, 1 refused, 2 wrong usage or configuration.
        """)
  }

  @OptionGroup var act: ActOptions

  @Argument(help: "The region's name.")
  var region: String

  @Option(name: .long, help: ArgumentHelp("The ticket of the change.", valueName: "id"))
  var ticket: String

  @Option(
    name: .customLong("for"),
    help: ArgumentHelp(
      "How long: seconds, minutes, hours or days, such as 90s, 30m, 4h; seven days at most.",
      valueName: "time"),
    transform: { text in
      guard let seconds = orderSeconds(text) else {
        throw ValidationError("`\(text)` is no time such as 90s, 30m, 4h or 2d")
      }
      guard seconds <= 604_800 else {
        throw ValidationError("`\(text)` is too long: an order stands seven days at most")
      }
      return seconds
    })
  var duration: Int

  @Option(
    name: .long,
    help: ArgumentHelp("Which of its servers: all, replica or primary.", valueName: "tier"),
    transform: { text in
      guard let tiers = OverrideTiers(rawValue: text) else {
        throw ValidationError("`\(text)` is none of all, replica, primary")
      }
      return tiers
    })
  var tier: OverrideTiers = .all

  @Option(name: .long, help: ArgumentHelp("One of its servers only.", valueName: "name"))
  var endpoint: String?

  /// One way to narrow an order.
  func validate() throws {
    if endpoint != nil, tier != .all {
      throw ValidationError("--tier and --endpoint exclude each other")
    }
  }

  /// Gives the order.
  func run() throws {
    let place: (String, JSONValue) =
      endpoint.map { ("endpoint", .text($0)) } ?? ("tier", .text(tier.rawValue))
    try act.act(
      "POST", "/v1/orders",
      body: .object([
        ("kind", .text(Verb.kind.rawValue)), ("region", .text(region)), place,
        ("seconds", .number(duration)), ("reason", .text(act.reason)), ("ticket", .text(ticket)),
      ]))
  }
}

/// Which order a command gives; the parser knows commands by their types.
protocol OrderVerb { static var kind: OverrideKind { get } }

/// The verbs.
enum OrderVerbs {
  enum Drain: OrderVerb { static let kind = OverrideKind.drain }
  enum Evacuate: OrderVerb { static let kind = OverrideKind.evacuate }
  enum Prefer: OrderVerb { static let kind = OverrideKind.prefer }
  enum ForceIn: OrderVerb { static let kind = OverrideKind.forceIn }
  enum Freeze: OrderVerb { static let kind = OverrideKind.freeze }
  enum HoldOut: OrderVerb { static let kind = OverrideKind.holdOut }
}

extension OverrideKind {
  /// What help says of the order.
  fileprivate var help: (abstract: String, discussion: String) {
    switch self {
    case .drain:
      (
        "Send no new requests to a region; those under way finish.",
        "Its end brings the region back by itself."
      )
    case .evacuate:
      (
        "Keep every request away from a region, by the strongest order.",
        "When its time is over the region stays out, in hold-out, until somebody releases it."
      )
    case .prefer:
      (
        "Let a region come first among equals.",
        "Reorders inside one step of a plan only, behind health."
      )
    case .forceIn:
      (
        "Use a region whatever health says.",
        "Law, role, epoch and staleness still count: no force makes a route lawful."
      )
    case .freeze:
      (
        "Let nothing automatic change a region.",
        "Passive ejection does not count, and softer orders about it are refused. What is down"
          + " stays out."
      )
    case .holdOut:
      (
        "Keep a recovered region out.",
        "As `drain`; the word says that the region waits for a person."
      )
    }
  }
}

/// Reads `90s`, `30m`, `4h` or `2d`, in seconds; nil for anything else, and for what is too long.
func orderSeconds(_ text: String) -> Int? {
  let units: [Character: Int] = ["s": 1, "m": 60, "h": 3_600, "d": 86_400]
  guard let unit = text.last.flatMap({ units[$0] }), (2...8).contains(text.utf8.count),
    text.dropLast().utf8.allSatisfy({ (0x30...0x39).contains($0) }),
    let number = Int(text.dropLast()), number > 0
  else { return nil }
  return number * unit
}

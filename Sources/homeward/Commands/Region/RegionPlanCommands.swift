internal import ArgumentParser
internal import Base
internal import Control
internal import Reactor

/// `homeward region failover`.
struct RegionFailoverCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "failover", abstract: "Run the plan that moves a region away.",
    discussion: """
      As `homeward plan run`.

      Exit status: 0 completed, canceled or waiting for approval, 1 refused, paused or with \
      exceptions, 2 wrong usage or configuration.
      """)

  @OptionGroup var plan: PlanRunOptions

  /// Runs it.
  func run() throws { try plan.run(isBack: false) }
}

/// `homeward region failback`.
struct RegionFailbackCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "failback", abstract: "Run a plan's way back, with a ramp.",
    discussion: """
      The same plan with its servers swapped: write authority moves back, what was taken out comes \
      back with 1, 5, 25, 50 and 100 of a hundred reads, or as the plan's `ramp` says. An abort \
      condition or `homeward plan abort` takes it out again.

      Exit status: 0 completed, canceled or waiting for approval, 1 refused, paused or with \
      exceptions, 2 wrong usage or configuration.
      """)

  @OptionGroup var plan: PlanRunOptions

  /// Runs it.
  func run() throws { try plan.run(isBack: true) }
}

/// `homeward region break-glass`.
struct RegionBreakGlassCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "break-glass",
    abstract: "Ask to set safety rules aside for an hour at most; another person agrees.",
    discussion: """
      For S1, S3, S5, S6, S8 and S12. The law is no safety rule: no order makes an unlawful route, \
      and rules that keep data from harm stand.

      Exit status: 0 done, 1 refused, 2 wrong usage or configuration.
      """)

  @Option(
    name: .long,
    help: ArgumentHelp("The rules, such as S1 or S1+S6.", valueName: "rules"),
    transform: { text in
      guard let rules = Waiver.rules(text) else {
        throw ValidationError("`\(text)` names no rules such as S1+S6, each once and in order")
      }
      return rules.map(\.rawValue).joined(separator: "+")
    })
  var rules: String

  @Option(
    name: .customLong("for"),
    help: ArgumentHelp("How long, such as 30m; an hour at most.", valueName: "time"),
    transform: { text in
      guard let seconds = orderSeconds(text) else {
        throw ValidationError("`\(text)` is no time such as 90s or 30m")
      }
      guard seconds <= 3_600 else {
        throw ValidationError("`\(text)` is too long: rules are set aside for an hour at most")
      }
      return seconds
    })
  var duration: Int

  @OptionGroup var act: ActOptions

  /// Asks.
  func run() throws {
    try act.act(
      "POST", "/v1/waivers",
      body: .object([
        ("rules", .text(rules)), ("seconds", .number(duration)), ("reason", .text(act.reason)),
      ]))
  }
}

/// `homeward region agree`.
struct RegionAgreeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "agree", abstract: "Agree to set rules aside that somebody else asked for.",
    discussion: """
      Exit status: 0 done, 1 refused, 2 wrong usage or configuration.
      """)

  @OptionGroup var act: ActOptions

  @Argument(
    help: "What was asked for, such as B-7.",
    transform: { text in
      guard text.hasPrefix("B-"), let number = Int(text.dropFirst(2)), number > 0 else {
        throw ValidationError("`\(text)` is none; `homeward region status` lists them")
      }
      return text
    })
  var waiver: String

  /// Agrees.
  func run() throws {
    try act.act(
      "POST", "/v1/waivers/\(waiver)/agreement", body: .object([("reason", .text(act.reason))]))
  }
}

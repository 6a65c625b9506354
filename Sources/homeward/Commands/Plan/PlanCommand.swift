internal import ArgumentParser
internal import Base
internal import Control
internal import Reactor

/// `homeward plan`: failover and failback as reviewed plans.
struct PlanCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plan",
    abstract: "Check, approve, run and follow failover plans.",
    discussion: """
      A plan moves write authority or takes servers out of service, in steps that are recorded one \
      by one: when the edge that carries it ends, any other one goes on. Law and safety rules \
      judge the result before anything changes. deploy/failover.md is the runbook.

      Examples:
        homeward plan check deploy/plans/us-west-switchover.yaml
        homeward plan show deploy/plans/us-west-switchover.yaml --config deploy/homeward.yaml
        homeward plan run deploy/plans/us-west-switchover.yaml --config deploy/homeward.yaml \\
          --reason "kernel update"
      """,
    subcommands: [
      PlanCheckCommand.self, PlanShowCommand.self, PlanApproveCommand.self, PlanRunCommand.self,
      PlanStatusCommand.self, PlanPauseCommand.self, PlanResumeCommand.self,
      PlanAbortCommand.self, PlanAbandonCommand.self,
    ])
}

/// `homeward plan check`.
struct PlanCheckCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check", abstract: "Look for mistakes in a plan's file.",
    discussion: """
      With --config, also for regions and servers that the edge does not have.

      Exit status: 0 no mistakes, 1 names that the configuration does not have, 2 wrong usage or a \
      file that cannot be used.
      """)

  @Argument(help: ArgumentHelp("The plan's file.", valueName: "file"))
  var file: String

  @Option(name: .long, help: ArgumentHelp("The edge's configuration file.", valueName: "file"))
  var config: String?

  /// Checks it.
  func run() throws {
    let plan = try PlanFile.required(file).plan
    if let config {
      let complaints = PlanFile.strangers(plan, try RegionSettings.required(config).outline)
      StandardStream.error.write(
        complaints.map { "\(file):1:1: error: \($0) [\(PlanFile.strangerCode)]\n" }.joined())
      if !complaints.isEmpty { throw ExitCode(1) }
    }
    StandardStream.output.write(
      "\(file): plan `\(plan.name.id)` version \(plan.name.version), \(plan.steps.count) steps\n"
        + "  \(plan.name.hash)\n")
  }
}

/// Which edge acts on a plan, and why.
struct PlanActOptions: ParsableArguments {
  @OptionGroup var edge: AskOptions

  @Option(
    name: .long,
    help: ArgumentHelp("Why; stands in the record. No patient's data.", valueName: "text"))
  var reason: String

  @Option(name: .long, help: ArgumentHelp("The ticket of the change.", valueName: "id"))
  var ticket = ""

  /// The members that every act's body has, and more.
  func body(_ members: [(String, JSONValue)] = []) -> JSONValue {
    .object([("reason", .text(reason)), ("ticket", .text(ticket))] + members)
  }

  /// Asks for an act; ends with 1 when it is refused, with 2 when the plan does not fit the edge.
  func ask(_ connection: any EdgeConnection, _ path: String, _ body: JSONValue) throws -> JSONValue
  {
    let reply = try connection.ask("POST", path, body: body, ifRevision: nil)
    guard reply.isDone else {
      if reply.code == PlanFile.strangerCode {
        throw AdminOptions.usage("\(reply.detail) [\(reply.code)]")
      }
      try edge.fail(reply)
    }
    return reply.json
  }

  /// Does something with a run, tells what happens, and ends with 1 unless it went well.
  func following(_ path: String, _ body: JSONValue) throws {
    let began = Clock.monotonic()
    let run = try follow(path, body) { run, words in
      guard !edge.json else { return }
      let tenths = Clock.monotonic().milliseconds(since: began) / 100
      StandardStream.output.write("\(tenths / 10).\(tenths % 10) s  \(run)  \(words)\n")
    }
    let report = PlanReport(run)
    StandardStream.output.write(edge.json ? "\(report.json)\n" : report.text)
    if !report.isGood { throw ExitCode(1) }
  }

  /// Does something with a run, and follows it; the run as it stands then.
  func follow(
    _ path: String, _ body: JSONValue, _ says: (String, String) -> Void
  ) throws -> JSONValue {
    let connection = try edge.connection(acts: true)
    let begun = try ask(connection, path, body)
    let id = begun["run"]?["id"]?.text ?? ""
    // A run that another process turns back is not followed from here.
    if begun["run"]?["carried"]?.boolean == true {
      let after = begun["after"]?.text ?? ""
      let fault = try connection.follow(run: id, after: after) { says(id, $0) }
      if let fault { try edge.fail(fault.words, fault.code) }
    }
    let reply = try connection.get("/v1/plans/\(id)")
    guard reply.isDone else { try edge.fail(reply) }
    return reply.json
  }
}

/// Reads `R-12`.
func runName(_ text: String) throws -> String {
  guard text.hasPrefix("R-"), let number = Int(text.dropFirst(2)), number > 0 else {
    throw ValidationError("`\(text)` is no run; `homeward plan status` lists them")
  }
  return text
}

/// `homeward plan approve`.
struct PlanApproveCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "approve", abstract: "Agree to a plan that somebody else runs.",
    discussion: """
      Counts for one day, for this very file: a changed one needs new agreement. Who runs a plan \
      does not approve it.

      Exit status: 0 done, 1 refused, 2 wrong usage or configuration.
      """)

  @Argument(help: ArgumentHelp("The plan's file.", valueName: "file"))
  var file: String

  @Option(
    name: .long, help: ArgumentHelp("As what: a role that the plan asks for.", valueName: "role"))
  var role = ""

  @Flag(name: .long, help: "Agree to the plan's way back instead.")
  var back = false

  @OptionGroup var act: PlanActOptions

  /// Agrees.
  func run() throws {
    let plan = try PlanFile.required(file, isBack: back).plan
    if !plan.roles.isEmpty, !plan.roles.contains(role) {
      try act.edge.fail("\(PlanRefusal.role(role, wanted: plan.roles))", "approver-role")
    }
    let answer = try act.ask(
      try act.edge.connection(acts: true), "/v1/plans/approvals",
      act.body([
        ("plan", .text(plan.name.id)), ("version", .number(plan.name.version)),
        ("sha256", .text(plan.name.hash)), ("role", .text(role)),
      ]))
    let names = answer["approvals"]?.items.compactMap { $0["author"]?.text } ?? []
    let result = JSONValue.object([
      ("ok", .boolean(true)), ("approvals", .list(names.map { .text($0) })),
    ])
    StandardStream.output.write(
      act.edge.json
        ? "\(result)\n"
        : "agreed: \(names.joined(separator: ", ")); the plan asks for \(plan.approvalCount)\n")
  }
}

/// `homeward plan run`.
struct PlanRunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run", abstract: "Run a plan, and follow it until it waits or is over.",
    discussion: """
      Nothing changes before law, safety rules and prechecks have agreed. The edge carries the \
      run, whether or not this command goes on following it; with --offline this process does. \
      When that ends early, `homeward plan resume` goes on where the record says. A plan whose \
      mode is dry-run is only shown.

      Exit status: 0 completed, canceled or waiting for approval, 1 refused, paused or with \
      exceptions, 2 wrong usage or configuration.
      """)

  @OptionGroup var plan: PlanRunOptions

  /// Runs it.
  func run() throws { try plan.run(isBack: false) }
}

/// A plan to run, who asks, and what he accepts.
struct PlanRunOptions: ParsableArguments {
  @Argument(help: ArgumentHelp("The plan's file.", valueName: "file"))
  var file: String

  @OptionGroup var act: PlanActOptions
  @OptionGroup var accept: PlanAcceptOptions

  /// Runs the plan, or its way back.
  func run(isBack: Bool) throws {
    let file = try PlanFile.required(file, isBack: isBack)
    if accept.dryRun || file.plan.mode == .dryRun {
      return try PlanShow(file, accept.names, act.edge).print()
    }
    try act.following("/v1/plans", accept.body(file, act))
  }
}

/// What whoever runs a plan accepts.
struct PlanAcceptOptions: ParsableArguments {
  @Option(
    name: .long,
    help: ArgumentHelp(
      "A rule whose answer nobody knows and that you accept, such as S3.",
      valueName: "rule"))
  var accept: [String] = []

  @Flag(name: .long, help: "Accept that acknowledged writes are lost; needs a second person.")
  var acceptDataLoss = false

  @Flag(name: .long, help: "Change nothing; show the rules and what would move.")
  var dryRun = false

  /// The names of what is accepted.
  var names: [String] { accept + (acceptDataLoss ? [PlanRules.dataLossWord] : []) }

  func validate() throws {
    if let word = accept.first(where: { SafetyRule(rawValue: $0) == nil }) {
      throw ValidationError("`\(word)` is no rule; there are S1 to S12")
    }
  }

  /// The body that asks for a run.
  func body(_ file: PlanFile, _ act: PlanActOptions) -> JSONValue {
    act.body(file.members + [("accepts", .list(names.map { .text($0) }))])
  }
}

/// `homeward plan pause`.
struct PlanPauseCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "pause", abstract: "Let a run wait before its next act.",
    discussion: """
      Nobody carries it until then. Writes that are held stay held: pause no longer than they may.

      Exit status: 0 done, 1 refused, 2 wrong usage or configuration.
      """)

  @Argument(help: "The run, such as R-12.", transform: runName)
  var name: String

  @OptionGroup var act: PlanActOptions

  /// Pauses it.
  func run() throws {
    _ = try act.ask(
      try act.edge.connection(acts: true), "/v1/plans/\(name)/pause", act.body())
    StandardStream.output.write(
      act.edge.json ? "{\"ok\": true}\n" : "\(name) waits; `homeward plan resume \(name)`\n")
  }
}

/// `homeward plan resume`.
struct PlanResumeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "resume",
    abstract: "Go on with a run that waits, or that nobody carries any more.",
    discussion: """
      Goes on with the step that the record names; what was done is seen and not done again.

      Exit status: 0 completed or canceled, 1 refused, paused or with exceptions, 2 wrong usage or \
      configuration.
      """)

  @Argument(help: "The run, such as R-12.", transform: runName)
  var name: String

  @Flag(name: .long, help: "What the step asks a person to do is done.")
  var confirm = false

  @OptionGroup var act: PlanActOptions

  /// Goes on.
  func run() throws {
    try act.following("/v1/plans/\(name)/resume", act.body([("confirm", .boolean(confirm))]))
  }
}

/// `homeward plan abort`.
struct PlanAbortCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "abort", abstract: "Turn a run back, step by step.",
    discussion: """
      Refused once a promotion has begun: then the plan's way back leads home (`homeward region \
      failback`). A run that cannot be turned back, either, is closed by `homeward plan abandon`.

      Exit status: 0 canceled, 1 refused or paused, 2 wrong usage or configuration.
      """)

  @Argument(help: "The run, such as R-12.", transform: runName)
  var name: String

  @OptionGroup var act: PlanActOptions

  /// Turns it back.
  func run() throws {
    try act.following("/v1/plans/\(name)/abort", act.body())
  }
}

/// `homeward plan abandon`.
struct PlanAbandonCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "abandon",
    abstract: "Close a run that can go neither on nor back, where it stands.",
    discussion: """
      Nothing is undone: its orders stay, and servers stay as its hooks left them. Refused while \
      somebody carries the run, and while it has a write authority under way: settle that first, \
      by `homeward authority change`. The run's status is `failed` then, and other plans may \
      work there. Needs no file of the plan.

      Exit status: 0 done, 1 refused, 2 wrong usage or configuration.
      """)

  @Argument(help: "The run, such as R-12.", transform: runName)
  var name: String

  @OptionGroup var act: PlanActOptions

  /// Closes it.
  func run() throws {
    _ = try act.ask(
      try act.edge.connection(acts: true), "/v1/plans/\(name)/abandon", act.body())
    StandardStream.output.write(
      act.edge.json
        ? "{\"ok\": true}\n"
        : "\(name) is over where it stood; look at `homeward authority show` and `homeward region"
          + " status` for what it left\n")
  }
}

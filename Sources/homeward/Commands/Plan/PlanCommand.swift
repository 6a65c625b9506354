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
      by one: when the process that runs it ends, another one goes on. Law and safety rules judge \
      the result before anything changes. deploy/failover.md is the runbook.

      Examples:
        homeward plan check deploy/plans/us-west-switchover.yaml
        homeward plan show deploy/plans/us-west-switchover.yaml --config deploy/homeward.yaml
        homeward plan run deploy/plans/us-west-switchover.yaml --config deploy/homeward.yaml \\
          --author "A. Ito" --reason "kernel update"
      """,
    subcommands: [
      PlanCheckCommand.self, PlanShowCommand.self, PlanApproveCommand.self, PlanRunCommand.self,
      PlanStatusCommand.self, PlanPauseCommand.self, PlanResumeCommand.self,
      PlanAbortCommand.self,
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
      let complaints = PlanFile.check(plan, try RegionSettings.required(config), file: file)
      StandardStream.error.write(complaints.map { $0 + "\n" }.joined())
      if !complaints.isEmpty { throw ExitCode(1) }
    }
    StandardStream.output.write(
      "\(file): plan `\(plan.name.id)` version \(plan.name.version), \(plan.steps.count) steps\n"
        + "  \(plan.name.hash)\n")
  }
}

/// Who acts on a plan, and why.
struct PlanActOptions: ParsableArguments {
  @Option(name: .long, help: ArgumentHelp("The edge's configuration file.", valueName: "file"))
  var config: String

  @Option(name: .long, help: ArgumentHelp("Who acts; stands in the record.", valueName: "name"))
  var author: String

  @Option(
    name: .long,
    help: ArgumentHelp("Why; stands in the record. No patient's data.", valueName: "text"))
  var reason: String

  @Option(name: .long, help: ArgumentHelp("The ticket of the change.", valueName: "id"))
  var ticket = ""

  @Flag(name: .long, help: "Print the result as JSON.")
  var json = false

  /// Who and why.
  var warrant: Warrant { Warrant(author: author, reason: reason, ticket: ticket) }

  /// Does something with a run, tells what happens, and ends with 1 unless it went well.
  func following(_ body: (PlanOffice, @escaping (PlanRun, String) -> Void) throws -> PlanRun) throws
  {
    let office = PlanOffice(try RegionSettings.required(config))
    let began = Clock.monotonic()
    let isQuiet = json
    let run: PlanRun
    do {
      run = try body(office) { run, words in
        guard !isQuiet else { return }
        let tenths = Clock.monotonic().milliseconds(since: began) / 100
        StandardStream.output.write("\(tenths / 10).\(tenths % 10) s  \(run.id)  \(words)\n")
      }
    } catch let fault as PlanFault {
      try PlanReport.fail("\(fault)", fault.code, json: json)
    } catch let refusal as OperatorRefusal {
      try PlanReport.fail("\(refusal)", refusal.code, json: json)
    } catch let fault as StateFault {
      try PlanReport.fail("\(fault)", fault.code, json: json)
    }
    let plan = try? PlanFile.kept(run.plan, in: office.settings.folder)
    let report = PlanReport(run, plan)
    StandardStream.output.write(json ? "\(report.json)\n" : report.text)
    switch run.status {
    case .completed, .pendingApproval, .canceled: break
    // Another process takes it back.
    case .inProgress where run.isTurnedBack: break
    case .inProgress, .pausedByFailedStep, .pausedByOperator, .completedWithExceptions, .timedOut,
      .failed:
      throw ExitCode(1)
    }
  }
}

/// Reads `R-12`.
func runNumber(_ text: String) throws -> Int {
  guard text.hasPrefix("R-"), let number = Int(text.dropFirst(2)), number > 0 else {
    throw ValidationError("`\(text)` is no run; `homeward plan status` lists them")
  }
  return number
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
    let office = PlanOffice(try RegionSettings.required(act.config))
    if !plan.roles.isEmpty, !plan.roles.contains(role) {
      try PlanReport.fail(
        "\(PlanRefusal.role(role, wanted: plan.roles))", "approver-role", json: act.json)
    }
    let state: OperatorState
    do { state = try office.act(.approve(plan.name, role: role), act.warrant) } catch {
      try PlanReport.fail(error, json: act.json)
    }
    let names = state.plans.approvals.filter { $0.plan.hash == plan.name.hash }.map(\.author)
    let result = JSONValue.object([
      ("ok", .boolean(true)), ("approvals", .list(names.map { .text($0) })),
    ])
    StandardStream.output.write(
      act.json
        ? "\(result)\n"
        : "agreed: \(names.joined(separator: ", ")); the plan asks for \(plan.approvalCount)\n")
  }
}

/// `homeward plan run`.
struct PlanRunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run", abstract: "Run a plan, and follow it until it waits or is over.",
    discussion: """
      Nothing changes before law, safety rules and prechecks have agreed. When this process ends \
      early, `homeward plan resume` goes on where the record says. A plan whose mode is dry-run is \
      only shown.

      Exit status: 0 completed, canceled or waiting for approval, 1 refused, paused or with \
      exceptions, 2 wrong usage or configuration.
      """)

  @Argument(help: ArgumentHelp("The plan's file.", valueName: "file"))
  var file: String

  @OptionGroup var act: PlanActOptions
  @OptionGroup var accept: PlanAcceptOptions

  /// Runs it.
  func run() throws { try accept.run(file, isBack: false, act) }
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

  /// Runs a file's plan, or its way back.
  func run(_ file: String, isBack: Bool, _ act: PlanActOptions) throws {
    if let word = accept.first(where: { SafetyRule(rawValue: $0) == nil }) {
      throw ValidationError("`\(word)` is no rule; there are S1 to S12")
    }
    let file = try PlanFile.required(file, isBack: isBack)
    if dryRun || file.plan.mode == .dryRun {
      return try PlanShow(file.plan, act.config, names, json: act.json).print()
    }
    if acceptDataLoss, file.plan.approvalCount == 0 {
      try PlanReport.fail(
        "S4: losing acknowledged writes needs a second person; let the plan ask for one:"
          + " `approvals: { required: 1 }`", "rule-s4", json: act.json)
    }
    try act.following { office, says in
      let complaints = PlanFile.check(file.plan, office.settings, file: "the plan")
      if let first = complaints.first { throw ValidationError(first) }
      let peaks =
        file.plan.capacities.isEmpty
        ? nil : PastTraffic.peak(office.settings.configuration.audit.directory)
      return try office.run(file, act.warrant, accepts: names, peaks: peaks, says: says)
    }
  }
}

/// `homeward plan pause`.
struct PlanPauseCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "pause", abstract: "Let a run wait before its next act.",
    discussion: """
      The process that runs it ends. Writes that are held stay held: pause no longer than they may.

      Exit status: 0 done, 1 refused, 2 wrong usage or configuration.
      """)

  @Argument(help: "The run, such as R-12.", transform: runNumber)
  var number: Int

  @OptionGroup var act: PlanActOptions

  /// Pauses it.
  func run() throws {
    let office = PlanOffice(try RegionSettings.required(act.config))
    do { _ = try office.act(.pause(run: number), act.warrant) } catch {
      try PlanReport.fail(error, json: act.json)
    }
    StandardStream.output.write(
      act.json ? "{\"ok\": true}\n" : "R-\(number) waits; `homeward plan resume R-\(number)`\n")
  }
}

/// `homeward plan resume`.
struct PlanResumeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "resume", abstract: "Go on with a run that waits, or whose process ended.",
    discussion: """
      Goes on with the step that the record names; what was done is seen and not done again.

      Exit status: 0 completed or canceled, 1 refused, paused or with exceptions, 2 wrong usage or \
      configuration.
      """)

  @Argument(help: "The run, such as R-12.", transform: runNumber)
  var number: Int

  @Flag(name: .long, help: "What the step asks a person to do is done.")
  var confirm = false

  @OptionGroup var act: PlanActOptions

  /// Goes on.
  func run() throws {
    try act.following { office, says in
      try office.resume(number, act.warrant, isConfirmed: confirm, says: says)
    }
  }
}

/// `homeward plan abort`.
struct PlanAbortCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "abort", abstract: "Turn a run back, step by step.",
    discussion: """
      Refused once a promotion has begun: then the plan's way back leads home (`homeward region \
      failback`).

      Exit status: 0 canceled, 1 refused or paused, 2 wrong usage or configuration.
      """)

  @Argument(help: "The run, such as R-12.", transform: runNumber)
  var number: Int

  @OptionGroup var act: PlanActOptions

  /// Turns it back.
  func run() throws {
    try act.following { office, says in try office.abort(number, act.warrant, says: says) }
  }
}

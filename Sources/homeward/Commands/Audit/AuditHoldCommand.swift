internal import ArgumentParser
internal import Audit
internal import Base
internal import Edge
internal import Reactor

/// What commands need that write the control log.
struct AuditControlOptions: ParsableArguments {
  @Argument(help: ArgumentHelp("The folder of the logs (`audit.directory`).", valueName: "dir"))
  var directory: String

  @Option(
    name: .long,
    help: ArgumentHelp(
      "The key of `audit.signing_key`, which also signs the control log.", valueName: "file"))
  var signingKey: String

  @Option(
    name: .long,
    help: ArgumentHelp(
      "The key of `audit.retiring_signing_key`, while keys change.", valueName: "file"))
  var retiringSigningKey: String?

  @Option(
    name: .long,
    help: ArgumentHelp(
      "The edge whose logs these are, where a folder holds several.", valueName: "name"))
  var instance: String?

  @Option(
    name: .long,
    help: ArgumentHelp("Who does it; stands in the control log.", valueName: "name"))
  var author: String

  @Option(
    name: .long,
    help: ArgumentHelp("Why; stands in the control log. No patient's data.", valueName: "text"))
  var reason: String

  /// Who and why; both must say something and fit a record.
  func warrant() throws -> AuditWarrant {
    for (name, text) in [("--author", author), ("--reason", reason)] {
      guard (1...AuditLimits.nameBytesMax).contains(text.utf8.count),
        text.contains(where: { !$0.isWhitespace })
      else { throw ValidationError("\(name) needs 1 to \(AuditLimits.nameBytesMax) bytes") }
    }
    return AuditWarrant(author: author, reason: reason)
  }

  /// Opens the control log, does something, and closes it.
  func act(_ body: (AuditLife) throws -> Void) throws {
    do {
      try readingAudit {
        let name = try instance ?? onlyInstance()
        let life = try AuditLife(
          directory: directory, instance: name, signingKeyPath: signingKey,
          retiringKeyPath: retiringSigningKey, at: Clock.wall())
        try body(life)
        try life.close()
      }
    } catch let error where !(error is ExitCode) && !(error is ValidationError) {
      StandardStream.error.write("homeward: \(error)\n")
      throw ExitCode(1)
    }
  }

  private func onlyInstance() throws -> String {
    let chains = try AuditFolder.chains(try AuditFolder.logs(in: directory))
    let names = Set(chains.map { $0[0].name.instance })
    guard let name = names.first, names.count == 1 else {
      throw ValidationError(
        "`\(directory)` holds logs of \(names.sorted().joined(separator: ", ")); name one with"
          + " --instance")
    }
    return name
  }
}

/// The classes and months that a hold covers.
struct AuditScopeOptions: ParsableArguments {
  @Option(
    name: .customLong("class"),
    help: ArgumentHelp("Only this retention class; otherwise all.", valueName: "name"))
  var retention: String?

  @Option(
    name: .long,
    help: ArgumentHelp(
      "From this month on, such as 2026-01; otherwise all before.", valueName: "month"))
  var from: String?

  @Option(
    name: .long,
    help: ArgumentHelp("Up to this month; otherwise all that come.", valueName: "month"))
  var to: String?

  /// The scope.
  func scope() throws -> LogScope {
    if let retention, !RetentionClass.isName(retention) || retention == "all" {
      throw ValidationError("`\(retention)` is no retention class")
    }
    func month(_ text: String?) throws -> String? {
      guard let text else { return nil }
      guard let month = LogScope.month(text) else {
        throw ValidationError("`\(text)` is no month; write it as 2026-01")
      }
      return month
    }
    let scope = LogScope(retention: retention, first: try month(from), last: try month(to))
    if let first = scope.first, let last = scope.last, last < first {
      throw ValidationError("--to lies before --from")
    }
    return scope
  }
}

/// Says which of these classes no log of the folder has: a word mistyped protects nothing, but logs
/// of a class may also be still to come.
func warnOfUnknown(_ classes: [String], in directory: String) {
  let logs = (try? AuditFolder.logs(in: directory)) ?? []
  let known = Set(logs.compactMap { (try? $0.name())?.retention }).subtracting([LogName.control])
  for word in classes where !known.contains(word) {
    StandardStream.error.write(
      "homeward: warning: no log here has the class `\(word)`; there are"
        + " \(known.sorted().joined(separator: ", "))\n")
  }
}

/// `homeward audit hold`: logs that nothing may be removed from.
struct AuditHoldCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "hold",
    abstract: "Place, list and lift legal holds on audit logs.",
    discussion: """
      A hold covers whole logs by retention class and month, also those to come: they neither \
      expire nor are shredded until it is lifted. It names no patient. Holds stand, signed, in the \
      control log of the folder and nowhere else; `audit show` prints it.

      Examples:
        homeward audit hold place run/audit --signing-key run/signing.key --class part2 \\
          --from 2026-01 --to 2026-06 --author "J. Doe, counsel" --reason "case 26-114"
        homeward audit hold list run/audit
        homeward audit hold lift run/audit H-1 --signing-key run/signing.key \\
          --author "J. Doe, counsel" --reason "case closed"
      """,
    subcommands: [PlaceCommand.self, ListCommand.self, LiftCommand.self])

  /// `place`.
  struct PlaceCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "place", abstract: "Place a hold; prints its id.",
      discussion: "Exit status: 0 done, 1 the log could not be written, 2 wrong usage.")

    @OptionGroup var control: AuditControlOptions
    @OptionGroup var scope: AuditScopeOptions

    /// Places it.
    func run() throws {
      let (scope, warrant) = (try scope.scope(), try control.warrant())
      if let retention = scope.retention { warnOfUnknown([retention], in: control.directory) }
      try control.act { life in
        StandardStream.output.write("\(try life.place(scope, warrant))\n")
      }
    }
  }

  /// `list`.
  struct ListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "list", abstract: "List the holds in force.",
      discussion: "Exit status: 0 done, 1 the control log is damaged, 2 wrong usage.")

    @Argument(help: ArgumentHelp("The folder of the logs.", valueName: "dir"))
    var directory: String

    @Flag(name: .long, help: "Those that were lifted too.")
    var all = false

    @Flag(name: .long, help: "JSON, a list with one object a hold.")
    var json = false

    /// Prints them.
    func run() throws {
      try readingAudit {
        let ledger = try AuditLedger.read(try AuditFolder.logs(in: directory))
        let holds = ledger.holds.filter { all || $0.lifted == nil }
        if json {
          StandardStream.output.write("\(JSONValue.list(holds.map(value)))\n")
        } else {
          for hold in holds { StandardStream.output.write(text(hold)) }
        }
      }
    }

    private func text(_ hold: AuditLedger.Hold) -> String {
      let lifted = hold.lifted.map {
        "\n  lifted \(AuditText.timestamp($0.time)) by \($0.author): \($0.reason)"
      }
      return "\(hold.id) \(hold.scope)\n  placed \(AuditText.timestamp(hold.time)) by"
        + " \(hold.author): \(hold.reason)\(lifted ?? "")\n"
    }

    private func value(_ hold: AuditLedger.Hold) -> JSONValue {
      .object([
        ("id", .text(hold.id)), ("class", .optional(hold.scope.retention)),
        ("from", .optional(hold.scope.first)), ("to", .optional(hold.scope.last)),
        ("author", .text(hold.author)), ("reason", .text(hold.reason)),
        ("placed", .text(AuditText.timestamp(hold.time))),
        ("lifted", .optional(hold.lifted.map { AuditText.timestamp($0.time) })),
      ])
    }
  }

  /// `lift`.
  struct LiftCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "lift", abstract: "Lift a hold.",
      discussion: "Exit status: 0 done, 1 there is no such hold, 2 wrong usage.")

    @OptionGroup var control: AuditControlOptions

    @Argument(help: ArgumentHelp("The hold, such as H-1.", valueName: "id"))
    var id: String

    /// Lifts it.
    func run() throws {
      let warrant = try control.warrant()
      try control.act { try $0.lift(id, warrant) }
    }
  }
}

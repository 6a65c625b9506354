internal import ArgumentParser
internal import Base
internal import Control
internal import Reactor

/// The options of every command that works on an edge's state.
struct EdgeOptions: ParsableArguments {
  @Option(
    name: .long, help: ArgumentHelp("The edge's configuration file.", valueName: "file"))
  var config: String

  @Flag(name: .long, help: "Print the result as JSON.")
  var json = false

  /// Runs a command that changes what is in force, and says what it did; ends with 1 after an
  /// error.
  func change(
    _ body: (inout PolicyLifecycle, LifecycleSettings) throws(LifecycleError)
      -> PolicyLifecycle.Outcome
  ) throws {
    let settings = try LifecycleSettings.required(config)
    var resumed: HistoryEntry?
    do throws(LifecycleError) {
      var lifecycle = try settings.begin()
      resumed = lifecycle.resumed
      if let resumed, !json {
        StandardStream.error.write(
          "note: the interrupted command that put version \(resumed.version) into force was"
            + " brought to its end\n")
      }
      report(try body(&lifecycle, settings), resumed)
    } catch {
      try fail(error)
    }
  }

  /// Says why nothing, or not all, was done.
  func fail(_ error: LifecycleError) throws -> Never {
    if json {
      let result = JSONValue.object([
        ("ok", .boolean(false)), ("code", .text(error.code)), ("message", .text("\(error)")),
      ])
      StandardStream.output.write("\(result)\n")
    } else {
      StandardStream.error.write("homeward: \(error) [\(error.code)]\n")
    }
    throw ExitCode(1)
  }

  private func report(_ outcome: PolicyLifecycle.Outcome, _ resumed: HistoryEntry?) {
    let (entry, isNew) =
      switch outcome {
      case .inForce(let entry): (entry, true)
      case .unchanged(let entry): (entry, false)
      }
    if json {
      let result = JSONValue.object([
        ("ok", .boolean(true)), ("changed", .boolean(isNew)),
        ("resumed", resumed?.json ?? .null), ("entry", entry.json),
      ])
      StandardStream.output.write("\(result)\n")
    } else {
      StandardStream.output.write(
        isNew
          ? "version \(entry.version) (\(entry.hash.short)) is in force; a running edge adopts it"
            + " within a second\n"
          : "version \(entry.version) (\(entry.hash.short)) is in force already, since"
            + " \(entry.time)\n")
    }
  }
}

extension HistoryEntry {
  /// The entry for programs.
  var json: JSONValue {
    .object([
      ("number", .number(number)), ("time", .text(time)), ("event", .text(event.rawValue)),
      ("version", .number(version)), ("hash", .text("\(hash)")), ("detail", .text(detail)),
    ])
  }
}

/// `homeward policy activate`: a version comes into force.
struct PolicyActivateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "activate",
    abstract: "Put a version of the policy into force on an edge.",
    discussion: """
      Checks the version (rules, proofs, its tests, approvals, dates, what it supersedes, the \
      edge's regions), archives it in the edge's state and makes it the active one. All or \
      nothing: whatever is wrong, the version before stays. After a crash the next command goes \
      on. A running edge swaps within a second and drops nothing.

      Examples:
        homeward policy activate --config deploy/homeward.yaml
        homeward policy activate --config deploy/homeward.yaml 12

      Exit status: 0 it is in force, 1 it was refused, 2 wrong usage or configuration.
      """)

  @OptionGroup var edge: EdgeOptions

  @Argument(help: "The version's number; without it, the newest of the folder.")
  var version: Int?

  /// Finds the version and activates it.
  func run() throws {
    try edge.change { lifecycle, settings throws(LifecycleError) in
      let file: VersionFile
      do throws(StateFault) {
        let number: Int? =
          if let version { version } else {
            try settings.folder.versions(SystemStorage()).last
          }
        guard let number, FileSystem.exists(settings.folder.path(number)) else {
          throw StateFault.archiveMissing(path: settings.folder.path(version ?? 1))
        }
        file = try VersionFile(settings.folder.path(number), SystemStorage())
      } catch {
        if case .archiveMissing(let path) = error {
          throw .refused(.noSuchVersion(path: path))
        }
        throw .fault(error)
      }
      return try lifecycle.activate(file)
    }
  }
}

/// `homeward policy rollback`: a version comes into force again.
struct PolicyRollbackCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rollback",
    abstract: "Go back to a version that was in force before.",
    discussion: """
      Without `--to`, back to the version before the present one. The version is taken from the \
      edge's archive with the approvals recorded there, so this works without the policy folder. A \
      version whose effective time is over does not come back.

      Examples:
        homeward policy rollback --config deploy/homeward.yaml
        homeward policy rollback --config deploy/homeward.yaml --to 11

      Exit status: 0 it is in force, 1 it was refused, 2 wrong usage or configuration.
      """)

  @OptionGroup var edge: EdgeOptions

  @Option(
    name: .long,
    help: ArgumentHelp("The version's number or content hash.", valueName: "version"),
    transform: { text in
      if let hash = ContentHash(text) { return .hash(hash) }
      guard let number = Int(text), number > 0 else {
        throw ValidationError("`\(text)` is neither a version's number nor a content hash")
      }
      return .version(number)
    })
  var to: RollbackTarget = .previous

  /// Rolls back.
  func run() throws {
    try edge.change { lifecycle, _ throws(LifecycleError) in try lifecycle.rollback(to: to) }
  }
}

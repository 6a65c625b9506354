internal import ArgumentParser
internal import Reactor

/// The command line. Subcommands do the work; each says in its help for whom it is.
@main struct Homeward: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "homeward",
    abstract: "A policy-aware edge proxy for electronic health records.",
    discussion: """
      Homeward brings each clinical request to the region and server that may lawfully answer it, \
      and records what it decided and why.

      Example:
        homeward check --config deploy/homeward.yaml

      Exit status: 0 done, 1 a check failed, 2 wrong usage or a wrong configuration.
      """,
    version: "homeward 0.1.0",
    subcommands: [
      RunCommand.self, CheckCommand.self, PolicyCommand.self, DirectoryCommand.self,
      FactsCommand.self, AuditCommand.self, CacheCommand.self, RegionCommand.self,
      AuthorityCommand.self, PlanCommand.self, DrillCommand.self,
      AdminCommand.self,
    ])

  /// Parses the arguments and runs what they name.
  static func main() {
    do {
      var command = try parseAsRoot()
      try command.run()
    } catch let fault as ValidationError {
      // Found while the command ran: its usage was right, and would bury what is wrong.
      StandardStream.error.write("homeward: \(fault.message)\n")
      exit(withError: ExitCode(2))
    } catch {
      let code = exitStatus(for: error)
      let text = fullMessage(for: error)
      let stream: StandardStream = code == 0 ? .output : .error
      if !text.isEmpty { stream.write(text.hasSuffix("\n") ? text : text + "\n") }
      exit(withError: ExitCode(code))
    }
  }

  /// The process's status for an error: 2 for wrong usage, where the parser's own habit is 64.
  static func exitStatus(for error: any Error) -> Int32 {
    let code = exitCode(for: error)
    return code == .validationFailure ? 2 : code.rawValue
  }
}

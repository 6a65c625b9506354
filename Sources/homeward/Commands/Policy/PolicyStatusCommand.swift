internal import ArgumentParser
internal import Base
internal import Control
internal import Reactor

/// `homeward policy history`: what happened.
struct PolicyHistoryCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "history",
    abstract: "Show what happened to the policy of an edge.",
    discussion: """
      Every activation, rollback and refusal, oldest first. The lines are chained by hashes: a \
      history that was changed is not shown.

      Example:
        homeward policy history --config deploy/homeward.yaml

      Exit status: 0 shown, 1 the history is damaged, 2 wrong usage or configuration.
      """)

  @OptionGroup var edge: EdgeOptions

  /// Prints the entries.
  func run() throws {
    let settings = try LifecycleSettings.required(edge.config)
    let history: History
    do throws(StateFault) { history = try settings.state.history(SystemStorage()) } catch {
      try edge.fail(.fault(error))
    }
    if edge.json {
      StandardStream.output.write("\(JSONValue.list(history.entries.map(\.json)))\n")
    } else {
      let rows = history.entries.map {
        ["\($0.number)", $0.time, $0.event.rawValue, "\($0.version)", $0.hash.short, $0.detail]
      }
      StandardStream.output.write(Table(rows: rows).lines.map { $0 + "\n" }.joined())
    }
  }
}

/// `homeward policy status`: what is in force.
struct PolicyStatusCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status",
    abstract: "Show which version of the policy is in force on an edge.",
    discussion: """
      Also whether its files are whole, who approved it, what the running edge decides by, and \
      what waits in the policy folder.

      Example:
        homeward policy status --config deploy/homeward.yaml

      Exit status: 0 all is well, 1 nothing is in force, or something is wrong, 2 wrong usage or \
      configuration.
      """)

  @OptionGroup var edge: EdgeOptions

  /// Reads and prints; changes nothing.
  func run() throws {
    let settings = try LifecycleSettings.required(edge.config)
    let status = PolicyStatus(settings)
    if edge.json {
      StandardStream.output.write("\(status.json)\n")
    } else {
      StandardStream.output.write(Table(rows: status.rows).lines.map { $0 + "\n" }.joined())
      for fault in status.faults { StandardStream.error.write("homeward: \(fault)\n") }
    }
    if !status.isGood { throw ExitCode(1) }
  }
}

internal import ArgumentParser
internal import Reactor

/// `homeward check`: everything that can be wrong before a start, in one pass.
struct CheckCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check",
    abstract: "Check a configuration, its policy and its directory without starting anything.",
    discussion: """
      Prints every mistake as file:line:column with what was probably meant. Nothing is opened for \
      good, no port is taken. Run it before a reload, and in the pipeline that ships the files.

      Example:
        homeward check --config deploy/homeward.yaml

      Exit status: 0 the files may be used (warnings are possible), 2 they may not.
      """)

  @Option(
    name: .long, help: ArgumentHelp("The configuration file.", valueName: "file"))
  var config: String

  @Flag(name: .long, help: "Print the result as JSON, complaints included.")
  var json = false

  /// Loads, reports, and exits with 2 when something is wrong.
  func run() throws {
    let load = ConfigurationLoad.load(config)
    let report = CheckReport(file: config, load: load)
    if json {
      StandardStream.output.write("\(report.json)\n")
    } else {
      let complaints = load.diagnostics.map { "\($0)\n" }.joined()
      StandardStream.error.write(complaints + report.verdict)
      StandardStream.output.write(report.summary)
    }
    if load.hasErrors { throw ExitCode(2) }
  }
}

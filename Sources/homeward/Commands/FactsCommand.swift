internal import ArgumentParser

/// `homeward facts`: what the edge sees in a request.
struct FactsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "facts",
    abstract: "See a request as the edge sees it.",
    subcommands: [FactsTokenCommand.self])
}

internal import ArgumentParser

/// `homeward cache`: what the store of answers does.
struct CacheCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cache",
    abstract: "Look at the store of answers.",
    subcommands: [CacheBenchCommand.self])
}

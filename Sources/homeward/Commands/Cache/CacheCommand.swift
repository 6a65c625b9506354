internal import ArgumentParser

/// `homeward cache`: what the store of answers does.
struct CacheCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cache",
    abstract: "Look at the store of answers; end what it holds.",
    discussion: """
      Asks a running edge through its admin API. `purge` needs the role sre or officer, `shred` \
      officer; who acts and why stands in the audit log.

      Examples:
        homeward cache stats --config deploy/homeward.yaml
        homeward cache explain /fhir/ValueSet/1 --config deploy/homeward.yaml
        homeward cache purge --tag ValueSet --reason "new release" --config deploy/homeward.yaml
      """,
    subcommands: [
      CacheStatsCommand.self, CacheExplainCommand.self, CachePurgeCommand.self,
      CacheShredCommand.self, CacheBenchCommand.self,
    ])
}

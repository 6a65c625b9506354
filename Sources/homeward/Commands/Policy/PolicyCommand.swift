internal import ArgumentParser

/// `homeward policy`: for the officers who write, check and try routing policies.
struct PolicyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "policy",
    abstract: "Check, test and question routing policies.",
    discussion: """
      The language is explained in policies/README.md. These commands read the files they are \
      given and nothing else; no edge is needed.

      Example:
        homeward policy check policies/clinical-routing/0001.yaml
      """,
    subcommands: [
      PolicyCheckCommand.self, PolicyTestCommand.self, PolicyExplainCommand.self,
      PolicyEvalCommand.self, PolicyRenderCommand.self,
    ])
}

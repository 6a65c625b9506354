internal import ArgumentParser

/// `homeward policy`: for the officers who write, check, approve and activate routing policies.
struct PolicyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "policy",
    abstract: "Check, test, question and compare routing policies; put versions into force.",
    discussion: """
      The language is explained in policies/README.md. Commands about a file read what they are \
      given and nothing else; no edge is needed. An officer signs a version with `approve`; \
      enough officers having signed, `activate` puts it into force on an edge, which goes on \
      without dropping a request, and `rollback` goes back. `shadow` shows beforehand what a \
      version would change. deploy/policy-lifecycle.md walks through it.

      Examples:
        homeward policy check policies/clinical-routing/0001.yaml
        homeward policy activate --config deploy/homeward.yaml
      """,
    groupedSubcommands: [
      CommandGroup(
        name: "About a file",
        subcommands: [
          PolicyCheckCommand.self, PolicyTestCommand.self, PolicyExplainCommand.self,
          PolicyEvalCommand.self, PolicyRenderCommand.self, PolicyDiffCommand.self,
          PolicyGenerateTestsCommand.self, PolicyBenchCommand.self,
        ]),
      CommandGroup(
        name: "Approval",
        subcommands: [PolicyApproveCommand.self, PolicyKeysCommand.self]),
      CommandGroup(
        name: "On an edge",
        subcommands: [
          PolicyActivateCommand.self, PolicyRollbackCommand.self, PolicyShadowCommand.self,
          PolicyStatusCommand.self, PolicyHistoryCommand.self,
        ]),
    ])
}

internal import ArgumentParser

/// `homeward policy`: for officers, what a policy says and which version is in force.
struct PolicyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "policy",
    abstract: "Approve policy versions, put them into force, and go back.",
    discussion: """
      An officer writes a version and signs it with `approve`; enough officers having signed, \
      `activate` puts it into force on an edge, which goes on without dropping a request. \
      `rollback` goes back. deploy/policy-lifecycle.md walks through it.

      Exit status: 0 done, 1 a check failed or a version was refused, 2 wrong usage or a wrong \
      configuration.
      """,
    subcommands: [
      PolicyApproveCommand.self, PolicyActivateCommand.self, PolicyRollbackCommand.self,
      PolicyStatusCommand.self, PolicyHistoryCommand.self, PolicyKeysCommand.self,
    ])
}

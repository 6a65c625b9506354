internal import ArgumentParser
internal import Policy
internal import Reactor

/// `homeward policy explain`: why a request is decided as it is.
struct PolicyExplainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "explain",
    abstract: "Explain the decision about one request, rule by rule.",
    discussion: """
      Prints the facts, every rule and why it matched or not, which candidate was taken away by \
      which `never` rule, and the decision. The request is a JSON object of facts; what is left \
      out is unknown. policies/README.md lists the keys.

      Example:
        homeward policy explain policies/clinical-routing/0001.yaml \\
          --request '{"operation": "read", "data_class": "vitals", "home": "us-west"}'

      Exit status: 0 done, 2 wrong usage, a request that cannot be read, or a policy that cannot \
      be used.
      """)

  @Argument(help: ArgumentHelp("The policy file.", valueName: "file"))
  var file: String

  @Option(name: .long, help: ArgumentHelp("The request's facts.", valueName: "json"))
  var request: String

  /// Prints the explanation.
  func run() throws {
    let (policy, _) = try PolicyFile.usable(file)
    do throws(RequestTextFault) {
      let facts = try RequestText.facts(request, for: policy)
      StandardStream.output.write(policy.explain(facts).map { "\($0)\n" }.joined())
    } catch {
      throw ValidationError("--request, column \(error.column): \(error)")
    }
  }
}

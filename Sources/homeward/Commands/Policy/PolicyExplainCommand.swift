internal import ArgumentParser
internal import Base
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

  @Flag(name: .long, help: "Print the explanation as JSON, the decision as `policy eval` does.")
  var json = false

  /// Prints the explanation.
  func run() throws {
    let (policy, _) = try PolicyFile.usable(file)
    do throws(RequestTextFault) {
      let facts = try RequestText.facts(request, for: policy)
      let explanation = policy.explain(facts)
      StandardStream.output.write(
        json
          ? "\(explanation.json(decision: policy.decisionJSON(facts)))\n"
          : explanation.lines.map { "\($0)\n" }.joined())
    } catch {
      throw ValidationError("--request, column \(error.column): \(error)")
    }
  }
}

extension Explanation {
  /// The explanation for programs; `decision` is JSON already.
  func json(decision: String) -> JSONValue {
    .object([
      ("facts", .object(facts.map { ($0.key, .text($0.word)) })),
      (
        "rules",
        .list(
          rules.map { rule in
            .object([
              ("layer", .text("\(rule.layer)")), ("rule", .text(rule.rule)),
              ("matches", .boolean(rule.matches)), ("why", .text(rule.why)),
            ])
          })
      ),
      (
        "removed",
        .list(
          removals.map { removal in
            .object([
              ("candidate", .text(removal.candidate)), ("rule", .text(removal.rule)),
            ])
          })
      ),
      ("decision", .raw(decision)),
    ])
  }
}

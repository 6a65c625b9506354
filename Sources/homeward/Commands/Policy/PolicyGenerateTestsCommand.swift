internal import ArgumentParser
internal import Base
internal import Policy
internal import Reactor

/// `homeward policy generate-tests`: a first set of tests for a policy.
struct PolicyGenerateTestsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "generate-tests",
    abstract: "Write tests for every rule: a request that matches, and near misses.",
    discussion: """
      Prints a tests section with the answers that the policy gives today. They are what it says, \
      not what it should say: read each, keep what is meant, and correct the rules where it is not.

      Example:
        homeward policy generate-tests policies/clinical-routing/0001.yaml

      Exit status: 0 done, 2 wrong usage or a policy that cannot be used.
      """)

  @Argument(help: ArgumentHelp("The policy file.", valueName: "file"))
  var file: String

  @Flag(name: .long, help: "Print the tests as JSON instead of YAML.")
  var json = false

  /// Prints the tests.
  func run() throws {
    let (policy, _) = try PolicyFile.usable(file)
    do throws(DiagramError) {
      if json {
        let tests = try TestWriter.tests(for: policy)
        StandardStream.output.write("\(JSONValue.list(tests.map(\.json)))\n")
      } else {
        StandardStream.output.write(try TestWriter.yaml(for: policy))
      }
    } catch {
      throw ValidationError("`\(file)`: \(error)")
    }
  }
}

extension TestWriter.Test {
  /// The test for programs; `given` is a request as `policy eval` reads it.
  fileprivate var json: JSONValue {
    var expect: [(String, JSONValue)] = [
      ("decision", .text(decision.word)), ("rule", .optional(rule)),
    ]
    if let durability {
      expect += [
        ("candidates", .list(candidates.map { .text($0) })),
        ("obligations", .list(obligations.map { .text($0) })),
        ("audit", .text(durability.rawValue)),
      ]
    }
    return .object([
      ("say", .text(say)), ("given", .object(given.map { ($0.key, .text($0.word)) })),
      ("expect", .object(expect)),
    ])
  }
}

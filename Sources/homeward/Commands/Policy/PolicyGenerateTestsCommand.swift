internal import ArgumentParser
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

  /// Prints the tests.
  func run() throws {
    let (policy, _) = try PolicyFile.usable(file)
    do throws(DiagramError) {
      StandardStream.output.write(try TestWriter.yaml(for: policy))
    } catch {
      throw ValidationError("`\(file)`: \(error)")
    }
  }
}

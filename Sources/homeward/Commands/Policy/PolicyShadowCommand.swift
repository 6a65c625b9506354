internal import ArgumentParser
internal import Base
internal import Control
internal import Policy
internal import Reactor

/// `homeward policy shadow`: a version is tried on live traffic and decides nothing.
struct PolicyShadowCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "shadow",
    abstract: "Try a version on an edge's live traffic without using its plans.",
    discussion: """
      A running edge evaluates the version beside the one in force, within a second, and counts \
      where they differ; `homeward policy status` shows that. It decides nothing, so it needs no \
      approvals, and its `supersedes`, its dates and its `phases` do not matter: it is asked as if \
      all of it were enforced. Another version takes its place; `--off` ends it.

      Examples:
        homeward policy shadow policies/clinical-routing/0003.yaml --config deploy/homeward.yaml
        homeward policy shadow --off --config deploy/homeward.yaml

      Exit status: 0 done, 1 the version was refused, 2 wrong usage or configuration.
      """)

  @Argument(help: "The version's policy file.")
  var file: String?

  @Flag(name: .long, help: "Shadow nothing any more.")
  var off = false

  @OptionGroup var edge: EdgeOptions

  /// One of the two.
  func validate() throws {
    if (file == nil) != off {
      throw ValidationError("name a policy file, or end the shadowing with --off")
    }
  }

  /// Checks the version and puts it into the state, or removes it.
  func run() throws {
    let settings = try LifecycleSettings.required(edge.config)
    do throws(LifecycleError) {
      let lifecycle = try settings.begin()
      if let file {
        report(try lifecycle.shadow(try read(file)))
      } else {
        report(isChanged: try lifecycle.endShadow())
      }
    } catch {
      try edge.fail(error)
    }
  }

  private func read(_ path: String) throws(LifecycleError) -> VersionFile {
    do throws(StateFault) { return try VersionFile(path, SystemStorage()) } catch {
      throw .fault(error)
    }
  }

  /// Says what is shadowed now.
  private func report(_ policy: Policy) {
    let hash = "sha256:\(policy.contentHash)"
    if edge.json {
      let result = JSONValue.object([
        ("ok", .boolean(true)), ("policy", .text(policy.name)),
        ("version", .number(policy.version)), ("hash", .text(hash)),
      ])
      StandardStream.output.write("\(result)\n")
    } else {
      StandardStream.output.write(
        "version \(policy.version) (\(hash.prefix(19))) is shadowed and decides nothing;"
          + " `homeward policy status` shows what it would change\n")
    }
  }

  /// Says that nothing is shadowed now.
  private func report(isChanged: Bool) {
    if edge.json {
      let result = JSONValue.object([("ok", .boolean(true)), ("changed", .boolean(isChanged))])
      StandardStream.output.write("\(result)\n")
    } else {
      StandardStream.output.write(
        isChanged ? "no version is shadowed any more\n" : "no version was shadowed\n")
    }
  }
}

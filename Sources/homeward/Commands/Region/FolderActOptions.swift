internal import Admin
internal import ArgumentParser
internal import Base
internal import Control
internal import Policy
internal import Reactor

/// Who acts, why, and how: for acts that the command itself writes to the operators' folder.
struct FolderActOptions: ParsableArguments {
  @Option(name: .long, help: ArgumentHelp("The edge's configuration file.", valueName: "file"))
  var config: String

  @Option(name: .long, help: ArgumentHelp("Who acts; stands in the record.", valueName: "name"))
  var author: String

  @Option(
    name: .long,
    help: ArgumentHelp("Why; stands in the record. No patient's data.", valueName: "text"))
  var reason: String

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Act only if `status` shows this revision still.", valueName: "number"))
  var ifRevision: Int?

  @Flag(name: .long, help: "Change nothing; say what would change and which rules hold.")
  var dryRun = false

  @Flag(name: .long, help: "Print the result as JSON.")
  var json = false

  /// How often an act is judged again because another one came first.
  private static let attemptCountMax = 5

  /// Judges what `makeDeed` wants and does it, or says why not; ends with 1 then.
  func act(
    ticket: String = "", _ makeDeed: (OperatorState) throws -> OperatorDeed
  ) throws {
    let settings = try RegionSettings.required(config)
    let store = FileControlStore(settings.folder, SystemStorage())
    do {
      for _ in 0..<Self.attemptCountMax {
        let now = Clock.wall()
        let stored = try store.read()
        if let warning = stored.warning {
          StandardStream.error.write("homeward: warning: \(warning)\n")
        }
        let before = stored.books.state.settled(at: now)
        let act = OperatorAct(
          try makeDeed(before), Warrant(author: author, reason: reason, ticket: ticket),
          expected: ifRevision)
        let safety = Safety(
          settings.world(settings.report(at: now), before, settings.policy.serviceRows()))
        if dryRun {
          let preview = RegionPreview(act, before, safety, settings.outline, at: now)
          let lines = RegionActOptions.previewLines(preview.json).map { $0 + "\n" }.joined()
          StandardStream.output.write(json ? "\(preview.json)\n" : lines)
          if !preview.isAllowed { throw ExitCode(1) }
          return
        }
        let after = try safety.judge(act, on: before, at: now)
        guard try store.append(act, at: now, to: stored) != nil else { continue }
        return report(after, before)
      }
      throw StateFault.busy(path: settings.folder.directory)
    } catch let refusal as OperatorRefusal {
      try fail("\(refusal)", refusal.code)
    } catch let fault as StateFault {
      try fail("\(fault); `homeward region status` tells what is in force", fault.code)
    }
  }

  /// Says what is new.
  private func report(_ after: OperatorState, _ before: OperatorState) {
    let moved = after.authorities.filter { !before.authorities.contains($0) }
    if json {
      let result = JSONValue.object([
        ("ok", .boolean(true)), ("revision", .number(after.revision)),
        ("authorities", .list(moved.map(\.json))),
      ])
      StandardStream.output.write("\(result)\n")
      return
    }
    let waivers = after.waivers.filter { !before.waivers.contains($0) }.map { waiver in
      "\(waiver.id): \(waiver.words) "
        + (waiver.second.map { "set aside until \(waiver.until.text), agreed by \($0)" }
          ?? "wait for a second person: homeward region agree \(waiver.id)")
    }
    let lines =
      waivers + moved.map(\.words)
    StandardStream.output.write(
      lines.map { $0 + "\n" }.joined()
        + "revision \(after.revision); in force on a running edge within 50 ms\n")
  }

  /// Says why nothing was done.
  private func fail(_ message: String, _ code: String) throws -> Never {
    if json {
      let result = JSONValue.object([
        ("ok", .boolean(false)), ("code", .text(code)), ("message", .text(message)),
      ])
      StandardStream.output.write("\(result)\n")
    } else {
      StandardStream.error.write("homeward: \(message) [\(code)]\n")
    }
    throw ExitCode(1)
  }
}
